#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a process of the shop asks of PostgreSQL while nobody asks anything of it, and for one order, counted
in the server's log; and how often its threads wake on SQLite.

    test_idle.py SHOP
"""
import os
import re
import sys
import time
import unittest

from placed import Placed, example
from shop import Shop, settle, wait_until, waiting
from stores import Postgresql, Sqlite, run_on_server

# An end of a transaction, or a statement that is one by itself, but for those of the questions here.
ENDED = re.compile(r'^(?!.*\bpsql\b).*LOG: +(execute \S+: (commit|rollback)|statement: (notify|listen)\b)')

ORDERS = 10

# Looks at what is quiet after a while: a machine that let a process stand still has it busy for longer.
LOOKS = 5


def wakes(process):
    """How often its threads have waited."""
    total, tasks = 0, f'/proc/{process.pid}/task'
    for task in os.listdir(tasks):
        with open(f'{tasks}/{task}/status', encoding='utf-8') as file:
            total += int(re.search(r'^voluntary_ctxt_switches:\s*(\d+)', file.read(), re.M)[1])
    return total


class OnSqlite(unittest.TestCase):
    def wakes_a_second(self, shop):
        before, begun = wakes(shop.process), time.monotonic()
        time.sleep(4)
        return (wakes(shop.process) - before) / (time.monotonic() - begun)

    def test_threads_sleep_while_nothing_happens(self):
        store = Sqlite()
        self.addCleanup(store.close)
        shop = Shop(PROGRAM, store)
        self.addCleanup(shop.close)
        shop.place()
        self.assertEqual(settle(store), {})
        self.assertLess(min(self.wakes_a_second(shop) for _ in range(LOOKS)), 60)
        shop.place()
        self.assertEqual(settle(store), {})
        self.assertEqual(shop.end(), 0)


class OnPostgresql(unittest.TestCase):
    def setUp(self):
        self.store = Postgresql()
        self.addCleanup(self.store.close)
        self.admin = self.store.url_of('ASHLAR_STORE_ADMIN')
        self.log = os.path.join(self.store.server, 'data', 'server.log')

    def tell_all(self):
        """From here on the log has each statement, with who sends it."""
        for setting in ("log_statement = 'all'", "log_line_prefix = '%a '"):
            self.store.psql(f'alter system set {setting}', self.admin)
        self.store.psql('select pg_reload_conf()', self.admin)

    def ended(self, since):
        with open(self.log, encoding='utf-8', errors='replace') as log:
            log.seek(since)
            return sum(bool(ENDED.match(line)) for line in log)

    def count(self, what):
        """How many transactions end while `what` is done, and how long that takes."""
        since, begun = os.path.getsize(self.log), time.monotonic()
        what()
        passed = time.monotonic() - begun
        return self.ended(since), passed

    def bell_lines(self):
        return int(self.store.psql(
            'select count(*) from pg_stat_activity where datname = current_database()'
            " and application_name = 'ashlar bell'", self.admin))

    def warm_up(self, front):
        """Until all that is learned at the start is known, and nobody is as busy as after an event."""
        for _ in range(5):
            front.place()
        self.settle()
        self.tell_all()
        time.sleep(5)

    def settle(self):
        wait_until(lambda: not waiting(self.store))

    def place_some(self, front):
        for _ in range(ORDERS):
            front.place()
            self.settle()

    def check(self, front, processes, idle, order, busy):
        """At most `idle` transactions a second while nothing happens; `order` an order, and `busy` a second
        besides, as a process looks more often for a while after it had something to do."""
        self.warm_up(front)
        wait_until(lambda: self.bell_lines() == processes, lambda: f'{self.bell_lines()} bells')
        looks = [self.count(lambda: time.sleep(5)) for _ in range(LOOKS)]
        self.assertLess(min(ended / passed for ended, passed in looks), idle)
        self.assertGreater(max(ended for ended, _ in looks), 0)
        ended, passed = self.count(lambda: self.place_some(front))
        self.assertLess(ended, order * ORDERS + busy * passed)
        self.assertGreater(ended, 10 * ORDERS)
        self.assertEqual(settle(self.store), {})

    def test_one_process(self):
        shop = Shop(PROGRAM, self.store)
        self.addCleanup(shop.close)
        self.check(shop, processes=1, idle=7, order=16, busy=20)
        self.assertEqual(shop.end(), 0)

    def test_five_processes(self):
        placed = Placed(PROGRAM, self.store, example('five'))
        self.addCleanup(placed.close)
        self.check(placed.front, processes=5, idle=30, order=24, busy=60)
        self.assertEqual(set(placed.end().values()), {0})


if __name__ == '__main__':
    run_on_server('postgresql')
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
