#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing lost, nothing twice: test_kills.py SHOP [--store sqlite|postgresql] [--rounds N] [--seed S]

Several processes of the shop (HTTP, workers, both) over one store, under load. Each round kills one
at random (SIGKILL), or lets it die at a fault point, or stops it for longer than its lease lasts; and
starts it anew. In the end each order that was answered is there, each that is there has each effect
once, what has an order of its own has kept it, and the dead letters are the poison.
"""
import argparse
import os
import random
import signal
import sys
import time

import cluster
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
        for number in range(1, self.options.rounds + 1):
            self.one()
            if number % 25 == 0:
                cluster.say_how_far(number, self.options.rounds, self.started, self.load,
                                    cluster.pace(self.nodes, self.load))


def run(options, store):
    nodes = cluster.Cluster(options.program, store)
    load = cluster.Load(nodes, options.seed)
    rounds = Rounds(options, nodes, load)
    try:
        rounds.run()
        load.end()
        for i in range(len(nodes.nodes)):  # none that is to die
            nodes.restart(i)
        quiet = time.monotonic()
        found, counts = cluster.check(nodes, load, 120 + options.rounds)
        quiet = time.monotonic() - quiet
        nodes.end()
        if nodes.odd:
            found['ends of processes'] = nodes.odd
    finally:
        load.stopping = True
        nodes.close()
    summary = {'store': store.name, 'seed': options.seed, 'rounds': options.rounds,
               'kills': rounds.kills, 'stops': rounds.stops,
               'deaths at fault points': sum(nodes.died_at.values()), **counts,
               'seconds': round(time.monotonic() - rounds.started),
               'seconds until quiet': round(quiet, 1), 'wrong': found}
    cluster.keep(options.keep, {**summary, 'died at': dict(sorted(nodes.died_at.items()))})
    cluster.tell(found)
    return 1 if found or not counts['orders'] or not counts['dead'] else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program', type=os.path.abspath)
    parser.add_argument('--store', choices=STORES, default='sqlite')
    parser.add_argument('--rounds', type=int, default=60)
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 30))
    parser.add_argument('--stops', type=float, default=0.01, help='share of rounds that stop one')
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
