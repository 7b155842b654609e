#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A database that goes away: test_server.py SHOP LIBRARY [--rounds N] [--seed S]

Several processes over PostgreSQL under load, by way of a proxy. Each round connections are cut, at
random or right before or after a commit was sent; or nothing comes through for a while; or the
server's disk is full (LIBRARY is tests/faults/fail_disk.c); or the server ends at once and is started
again. Nobody starts a process of the shop anew. In the end all holds that must hold.
"""
import argparse
import os
import random
import shutil
import sys
import time

import cluster
from disk import FULL, WELL, Disk
from proxy import Proxy
from stores import Postgresql, run_on_server


class Troubles:
    """What happens to the server and the way to it; `happened` counts."""

    def __init__(self, store, library, chance):
        self.store, self.chance = store, chance
        kept = os.path.join(store.server, 'fail_disk.so')  # where the server's owner can read it
        shutil.copy(library, kept)
        self.disk = Disk(store.server, kept, '/data/base/')
        self.restart()  # with the library in it
        self.proxy = Proxy(store.data, os.path.join(store.server, 'socket', '.s.PGSQL.5432'),
                           chance)
        self.kinds = (self.cut_some, self.cut_all, self.lose_commits, self.lose_commits,
                      self.stall, self.fill, self.end_server)
        self.happened = {}

    def restart(self):
        self.store.server_does('restart', environment=self.disk.environment)

    def end_server(self):
        self.restart()

    def cut_some(self):
        for _ in range(5):
            self.proxy.cut(0.3)
            time.sleep(0.03)

    def cut_all(self):
        self.proxy.cut(1)

    def lose_commits(self):
        """Before and after in turn, for a while and until one was cut."""
        when = ('before', 'after')[self.happened['lose_commits'] % 2]
        lost, until = self.proxy.lost[when], time.monotonic() + 60
        self.proxy.commits = when
        time.sleep(self.chance.uniform(0.05, 0.5))
        while self.proxy.lost[when] == lost and time.monotonic() < until:
            time.sleep(0.05)
        self.proxy.commits = None

    def stall(self):
        self.proxy.stall(self.chance.choice((0.2, 0.5, 3)))

    def fill(self):
        self.disk.becomes(FULL, share=self.chance.choice((30, 256)))
        time.sleep(self.chance.uniform(0.1, 0.7))
        self.disk.becomes(WELL)

    def one(self, number):
        kind = self.kinds[number % len(self.kinds)]
        name = kind.__name__
        self.happened[name] = self.happened.get(name, 0) + 1
        kind()
        time.sleep(self.chance.uniform(0.05, 0.3))


def run(options, store):
    chance = random.Random(options.seed)
    started = time.monotonic()
    troubles = Troubles(store, options.library, chance)
    store.arguments = ['--data', store.data, '--store',
                       f'postgresql://app@/{store.database}?host={store.data}&port=5432']
    nodes = load = None
    try:
        nodes = cluster.Cluster(options.program, store)
        load = cluster.Load(nodes, options.seed)
        for number in range(1, options.rounds + 1):
            troubles.one(number)
            behind = cluster.pace(nodes, load)
            cluster.say_how_far(number, options.rounds, started, load, behind)
        load.await_first()
        load.end()
        found, counts = cluster.check(nodes, load, 120 + options.rounds)
        nodes.end()
        if nodes.odd:
            found['ends of processes'] = nodes.odd
    finally:
        if load:
            load.stopping = True
        if nodes:
            nodes.close()
        troubles.proxy.close()
    lost = troubles.proxy.lost
    cluster.keep(options.keep, {
        'store': store.name, 'seed': options.seed, 'rounds': options.rounds, **troubles.happened,
        'connections cut before a commit': lost['before'],
        'connections cut after a commit': lost['after'],
        'connections cut at random': lost['at random'], **counts,
        'seconds': round(time.monotonic() - started), 'wrong': found})
    cluster.tell(found)
    return 1 if found or not counts['orders'] or not all(lost.values()) else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program', type=os.path.abspath)
    parser.add_argument('library', type=os.path.abspath)
    parser.add_argument('--rounds', type=int, default=14)
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 30))
    parser.add_argument('--keep', help='file for the summary')
    options = parser.parse_args()
    run_on_server('postgresql', durable=True)
    print(f'seed {options.seed}', flush=True)
    store = Postgresql()
    try:
        return run(options, store)
    finally:
        store.close()


if __name__ == '__main__':
    sys.exit(main())
