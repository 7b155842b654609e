#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, or fails, or on which a process dies: test_disk.py SHOP LIBRARY [--rounds N]

Several processes over SQLite under load. Each round the disk below the database (LIBRARY is
tests/faults/fail_disk.c) is full for a while, or fails every so often, or a process dies before one
write or sync; then it is well again. Nobody starts anything anew but what has died. In the end all
holds that must hold.
"""
import argparse
import os
import random
import signal
import sys
import time

import cluster
from disk import DIES, FAILS, FULL, WELL, Disk
from stores import Sqlite


def die(nodes, disk, chance):
    """One dies before a write; whether one did."""
    disk.becomes(DIES, count=chance.randint(1, 40))
    until = time.monotonic() + 60
    died = None
    while died is None and time.monotonic() < until:
        time.sleep(0.005)
        died = next((i for i, node in enumerate(nodes.nodes)
                     if node.process.poll() == -signal.SIGKILL), None)
    disk.becomes(WELL)
    if died is not None:
        nodes.points[died] = 'write'
        nodes.restart(died)
        nodes.wait_for_address(died)
    return died is not None


def ail(disk, chance):
    """It is full, or fails, for a while."""
    disk.becomes(chance.choice((FULL, FAILS)), share=chance.choice((4, 30, 256)))
    time.sleep(chance.uniform(0.05, 0.5))
    disk.becomes(WELL)
    time.sleep(chance.uniform(0.05, 0.2))


def run(options, store):
    chance = random.Random(options.seed)
    disk = Disk(store.data, options.library, '/shop.db')
    nodes = cluster.Cluster(options.program, store, environment=disk.environment)
    load = cluster.Load(nodes, options.seed)
    started, deaths, ills = time.monotonic(), 0, 0
    try:
        for number in range(1, options.rounds + 1):
            if number % 3 == 0:
                deaths += die(nodes, disk, chance)
            else:
                ail(disk, chance)
                ills += 1
            behind = cluster.pace(nodes, load)
            cluster.say_how_far(number, options.rounds, started, load, behind)
        load.await_first()
        load.end()
        found, counts = cluster.check(nodes, load, 120 + options.rounds)
        nodes.end()
        if nodes.odd:
            found['ends of processes'] = nodes.odd
    finally:
        load.stopping = True
        nodes.close()
    cluster.keep(options.keep, {
        'store': store.name, 'seed': options.seed, 'rounds': options.rounds,
        'times the disk was ill': ills, 'deaths before a write': deaths, **counts,
        'seconds': round(time.monotonic() - started), 'wrong': found})
    cluster.tell(found)
    return 1 if found or not counts['orders'] or not deaths or not ills else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program', type=os.path.abspath)
    parser.add_argument('library', type=os.path.abspath)
    parser.add_argument('--rounds', type=int, default=24)
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 30))
    parser.add_argument('--keep', help='file for the summary')
    options = parser.parse_args()
    print(f'seed {options.seed}', flush=True)
    store = Sqlite()
    try:
        return run(options, store)
    finally:
        store.close()


if __name__ == '__main__':
    sys.exit(main())
