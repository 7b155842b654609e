#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing lost, nothing twice: test_kills.py SHOP [--store sqlite|postgresql] [--rounds N] [--seed S]
[--placement three|five --wire PROGRAM [--delay US] [--cuts PER_MILLION]] [--orders N]

Several processes of the shop (HTTP, workers, both) over one store, under load; or the processes of a
placement, with a way between them that takes its time and breaks in the middle of an answer. Each
round kills one at random (SIGKILL), or lets it die at a fault point, or stops it for longer than its
lease lasts; and starts it anew. In the end each order that was answered is there, each that is there has
each effect once, what has an order of its own has kept it, and the dead letters are the poison.
"""
import argparse
import os
import random
import signal
import sys
import time

import cluster
from placed import Deployment, example
from stores import STORES, run_on_server


class Rounds:
    def __init__(self, options, nodes, load):
        self.options, self.nodes, self.load = options, nodes, load
        self.chance = random.Random(options.seed)
        self.points = cluster.fault_points(options.program)
        self.kills = self.stops = 0
        self.started = time.monotonic()

    def stop_for_a_while(self, i):
        """As a machine does that swaps, or moves: it goes on when others have its work."""
        process = self.nodes.nodes[i].process
        process.send_signal(signal.SIGSTOP)
        time.sleep(3)
        process.send_signal(signal.SIGCONT)
        self.stops += 1

    def one(self):
        i = self.chance.randrange(len(self.nodes.nodes))
        if self.chance.random() < self.options.stops:
            self.stop_for_a_while(i)
            return
        time.sleep(self.chance.uniform(0.01, 0.15))
        point = None
        if self.points and self.chance.random() < 0.5:
            point = f'{self.chance.choice(self.points)}:{self.chance.randint(1, 30)}'
        self.nodes.restart(i, point)
        self.kills += 1

    def run(self):
        number = 0
        while number < self.options.rounds or len(self.load.answered) < self.options.orders:
            number += 1
            self.one()
            if number % 25 == 0:
                cluster.say_how_far(number, max(number, self.options.rounds), self.started,
                                    self.load, cluster.pace(self.nodes, self.load))
        return number


def deploy(options, store):
    """The placement that is asked for, or None."""
    way = (options.wire, options.delay, options.cuts) if options.wire else None
    return Deployment(store.data, example(options.placement), way) if options.placement else None


def run(options, store):
    deployment, broken = deploy(options, store), 0
    nodes = cluster.Cluster(options.program, store, deployment=deployment)
    load = cluster.Load(nodes, options.seed)
    rounds = Rounds(options, nodes, load)
    try:
        number = rounds.run()
        for i in range(len(nodes.nodes)):  # none that is to die
            nodes.restart(i)
        load.await_first()
        load.end()
        quiet = time.monotonic()
        found, counts = cluster.check(nodes, load, 120 + options.rounds)
        quiet = time.monotonic() - quiet
        nodes.end()
        if nodes.odd:
            found['ends of processes'] = nodes.odd
    finally:
        load.stopping = True
        nodes.close()
        if deployment and deployment.way:
            broken = deployment.way.end()
    summary = {'store': store.name, 'placement': options.placement or 'one', 'seed': options.seed,
               'rounds': number, 'kills': rounds.kills, 'stops': rounds.stops,
               'connections broken': broken,
               'deaths at fault points': sum(nodes.died_at.values()), **counts,
               'seconds': round(time.monotonic() - rounds.started),
               'seconds until quiet': round(quiet, 1), 'wrong': found}
    cluster.keep(options.keep, {**summary, 'died at': dict(sorted(nodes.died_at.items()))})
    cluster.tell(found)
    if found:
        print(f'what the store has is kept in {store.save()}')
    return 1 if found or not counts['orders'] or not counts['dead'] else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program', type=os.path.abspath)
    parser.add_argument('--store', choices=STORES, default='sqlite')
    parser.add_argument('--rounds', type=int, default=60)
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 30))
    parser.add_argument('--stops', type=float, default=0.01, help='share of rounds that stop one')
    parser.add_argument('--orders', type=int, default=0, help='answered at least')
    parser.add_argument('--placement', choices=('three', 'five'))
    parser.add_argument('--wire', type=os.path.abspath, help='the program of tests/wire')
    parser.add_argument('--delay', type=int, default=500, help='each way, in us')
    parser.add_argument('--cuts', type=int, default=20000, help='of a million pieces')
    parser.add_argument('--keep', help='file for the summary')
    options = parser.parse_args()
    run_on_server(options.store)
    print(f'seed {options.seed}', flush=True)
    store = STORES[options.store]()
    try:
        return run(options, store)
    finally:
        store.close()


if __name__ == '__main__':
    sys.exit(main())
