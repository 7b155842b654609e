#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A death between every two steps: test_fault_points.py SHOP [--store STORE] [--times K] [--only WORD]

For each fault point that the program has (src/base/fault_point.h) and each n up to K, a process under
load dies when it passes the point for the nth time, while another goes on. A point that is never
passed is a mistake of this test, or of the program. In the end all holds that must hold.
"""
import argparse
import os
import random
import signal
import subprocess
import sys
import time

import cluster
from shop import settle, wrong
from stores import STORES, run_on_server

# Seconds until a point must have been passed, on a machine that is busy with other tests.
PATIENCE = 120

# Points that a process passes once an hour, the first time when it starts.
ONCE = ('sweep.',)

# Passed only where there is a saga that ended long ago.
OF_OLD_SAGAS = ('sweep.steps', 'sweep.sagas')

# Deliveries share a transaction on SQLite only.
GROUPS = ('group.', 'part.')


class Points:
    def __init__(self, options):
        self.options = options
        every = cluster.fault_points(options.program)
        self.names = [name for name in every if options.only in name
                      and not (name.startswith('postgresql.') and options.store == 'sqlite')
                      and not (name.startswith(GROUPS) and options.store == 'postgresql')]
        self.died = 0
        self.missed = []
        self.started = time.monotonic()
        self.done = 0

    def times(self, name):
        return range(1, 2 if name.startswith(ONCE) else self.options.times + 1)

    def named(self, *beginnings):
        return [(name, n) for name in self.names if name.startswith(beginnings)
                for n in self.times(name)]

    def others(self, *beginnings):
        return [(name, n) for name in self.names if not name.startswith(beginnings)
                for n in self.times(name)]

    def note(self, name, n, died):
        self.died += died
        self.done += 1
        if not died:
            self.missed.append(f'{name}:{n}')
        if self.done % 20 == 0:
            count = sum(len(self.times(each)) for each in self.names)
            left = (time.monotonic() - self.started) / self.done * (count - self.done)
            print(f'{self.done} of {count} deaths, at {name}; {left:.0f} s left', flush=True)

    def command(self, store, name, n, *words):
        """A command of the shop that dies at a point. Whether it did."""
        result = subprocess.run([self.options.program, *words, *store.arguments],
                                env={**os.environ, 'ASHLAR_FAULT_POINT': f'{name}:{n}'},
                                capture_output=True, timeout=PATIENCE, check=False)
        return result.returncode == -signal.SIGKILL


def migrate(points):
    """Migrations: each death in a new store, and then it is brought up to date."""
    found = {}
    for name, n in points.named('migrate.'):
        store = STORES[points.options.store]()
        try:
            points.note(name, n, points.command(store, name, n, 'migrate'))
            subprocess.run([points.options.program, 'migrate', *store.arguments], check=True,
                           stdout=subprocess.DEVNULL, timeout=PATIENCE)
            found.update(wrong(store, points.options.program))
        finally:
            store.close()
    return found


def make_old(store):
    """Makes the sagas that have ended old enough to be swept, which a node does when it starts; waits
    until there is one."""
    moment = '1577836800000000' if store.name == 'sqlite' else "timestamptz '2020-01-01'"
    until = time.monotonic() + PATIENCE
    while (store.ask(['select count(*) from ashlar_saga.saga where state >= 2'])[0][0][0] == 0
           and time.monotonic() < until):
        time.sleep(0.05)
    store.ask([f'update ashlar_saga.saga set ended_at = {moment} where state >= 2'], write=True)


def died(node, patience):
    """Whether it dies, by itself, within so many seconds."""
    until = time.monotonic() + patience
    while node.process.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    return node.process.poll() == -signal.SIGKILL


def die_at(points, nodes, name, n):
    """The first node dies at the point. What is old may be swept by the other node, which also begins
    with it: then there is more to be made old."""
    patience, tries = (PATIENCE / 3, 6) if name in OF_OLD_SAGAS else (PATIENCE, 1)
    for _ in range(tries):
        if name in OF_OLD_SAGAS:
            make_old(nodes.store)
        nodes.restart(0, f'{name}:{n}')
        if died(nodes.nodes[0], patience):
            points.note(name, n, True)
            return
    points.note(name, n, False)
    nodes.points[0] = None
    print(f'{name}:{n} was not passed; the log ends in:\n{nodes.nodes[0].told()[-2000:]}')


def die_under_load(points, nodes, load):
    """The first node dies at one point after the other; the second goes on."""
    order = points.others('migrate.', 'letters.')
    random.Random(points.options.seed).shuffle(order)
    for name, n in order:
        die_at(points, nodes, name, n)
        cluster.pace(nodes, load)
    nodes.restart(0)


def die_over_letters(points, store):
    """Commands over dead letters: one that dies has changed nothing; one that does not gives them
    back, and they die again."""
    found = {}
    for name, n in points.named('letters.'):
        if n > 1:
            continue  # a command passes it once
        for verb in ('discard', 'requeue'):
            before = store.ask(['select count(*) from ashlar_event.delivery where state = 2'])
            points.note(name, n, points.command(store, name, n, 'dead-letters', verb, '--all'))
            after = store.ask(['select count(*) from ashlar_event.delivery where state = 2'])
            if before != after or not before[0][0][0]:
                found[f'dead letters before and after a {verb} that died'] = [before, after]
        subprocess.run([points.options.program, 'dead-letters', 'requeue', '--all',
                        *store.arguments], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
        found.update(settle(store, points.options.program))
    return found


def run(points, store):
    nodes = cluster.Cluster(points.options.program, store, roles=('all', 'worker'))
    load = cluster.Load(nodes, points.options.seed)
    try:
        die_under_load(points, nodes, load)
        load.await_first()
        load.end()
        found, counts = cluster.check(nodes, load, 300)
        found.update(die_over_letters(points, store))
        nodes.end()
        if nodes.odd:
            found['ends of processes'] = nodes.odd
    finally:
        load.stopping = True
        nodes.close()
    return found, counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program', type=os.path.abspath)
    parser.add_argument('--store', choices=STORES, default='sqlite')
    parser.add_argument('--times', type=int, default=1)
    parser.add_argument('--only', default='', help='points whose name has this')
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 30))
    parser.add_argument('--keep', help='file for the summary')
    options = parser.parse_args()
    run_on_server(options.store)
    print(f'seed {options.seed}', flush=True)
    points = Points(options)
    found = migrate(points)
    store = STORES[options.store]()
    try:
        more, counts = run(points, store)
    finally:
        store.close()
    found.update(more)
    if points.missed:
        found['points that were never passed'] = points.missed
    summary = {'store': options.store, 'seed': options.seed, 'points': len(points.names),
               'times': options.times, 'deaths': points.died, **counts,
               'seconds': round(time.monotonic() - points.started), 'wrong': found}
    cluster.keep(options.keep, summary)
    cluster.tell(found)
    return 1 if found or not points.died or not counts['orders'] else 0


if __name__ == '__main__':
    sys.exit(main())
