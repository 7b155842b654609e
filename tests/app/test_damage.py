#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shop over a file of SQLite that is damaged, or none: test_damage.py SHOP"""
import json
import os
import sqlite3
import subprocess
import sys
import time
import unittest

from shop import PATIENCE, Problem, Shop, wait_until, waiting
from stores import Sqlite

PROGRAM = None
PAGE = 4096


class Test(unittest.TestCase):
    def setUp(self):
        self.store = Sqlite()
        self.addCleanup(self.store.close)
        self.file = f'{self.store.data}/shop.db'

    def start(self, *arguments, **options):
        shop = Shop(PROGRAM, self.store, *arguments, **options)
        self.addCleanup(shop.close)
        return shop

    def scribble(self, path, at=0):
        with open(path, 'r+b' if os.path.exists(path) else 'wb') as file:
            file.seek(at)
            file.write(b'\xa5' * PAGE)

    def scribble_over(self, kind, table):
        """The pages that the table, or each index of it, begins with, when all is out of the log; what
        is committed after that takes them out of all caches."""
        connection = sqlite3.connect(self.file, timeout=240)
        roots = connection.execute('select rootpage from sqlite_schema where type = ? and'
                                   ' tbl_name = ?', [kind, table]).fetchall()
        self.assertTrue(roots)
        connection.execute('pragma wal_checkpoint(truncate)')
        for root, in roots:
            self.scribble(self.file, (root - 1) * PAGE)
        connection.execute("insert into \"ashlar_schedule.tick\" values ('test', 0)")
        connection.commit()
        connection.close()

    def is_refused(self, words):
        for verb in (['run', '--listen', '127.0.0.1:0'], ['migrate'], ['dead-letters', 'list']):
            result = subprocess.run([PROGRAM, *verb, *self.store.arguments], capture_output=True,
                                    text=True, timeout=PATIENCE, check=False)
            self.assertEqual(result.returncode, 1, result)
            self.assertIn(words, result.stderr)
            self.assertIn('restore a backup', result.stderr)


class AtTheStart(Test):
    def test_what_is_no_database_is_refused(self):
        self.scribble(self.file)
        self.is_refused(f'the database {self.file} is damaged (file is not a database)')
        self.is_refused(f'sqlite3 {self.file} .recover')

    def test_a_page_that_was_overwritten_is_refused(self):
        shop = self.start()
        shop.place()
        self.assertEqual(shop.end(), 0)
        self.scribble_over('table', 'orders.placed')
        self.is_refused(f'the database {self.file} is damaged (')

    def test_a_log_of_garbage_is_refused(self):
        shop = self.start()
        shop.place()
        shop.kill()
        self.scribble(f'{self.file}-wal')
        self.is_refused(f'the log {self.file}-wal is damaged')


class WhileItRuns(Test):
    def start_and_place(self, *arguments):
        """An order with all its effects, so that nobody writes."""
        self.shop = self.start(*arguments)
        self.shop.place()
        wait_until(lambda: not waiting(self.store))

    def problem(self, *question):
        with self.assertRaises(Problem) as caught:
            self.shop.ask(*question)
        return caught.exception.document

    def lines(self, words):
        told = (json.loads(line) for line in self.shop.told().splitlines() if line[:1] == '{')
        return [line['message'] for line in told if words in line['message']]

    def ask_until_it_is_told(self):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                self.shop.place(patience=PATIENCE)
            except Problem as problem:
                return problem.document
            time.sleep(0.01)
        self.fail('nobody meets the damage')

    def check_that_it_is_quiet(self):
        """Each worker says so once in 30 s, the heartbeat at each third of a lease; some may only begin."""
        before = len(self.lines('is damaged ('))
        time.sleep(5)
        after = len(self.lines('is damaged ('))
        self.assertLess(after - before, 50, self.shop.told()[-3000:])

    def test_a_statement_tells_it_and_nothing_more_is_written(self):
        self.start_and_place()
        self.assertEqual(self.shop.ask('/readyz'), {'status': 'ok'})
        self.scribble_over('table', 'orders.placed')
        told = self.ask_until_it_is_told()
        self.assertIn(f'the database {self.file} is damaged (', told['detail'])
        self.assertIn(f'sqlite3 {self.file} .recover', self.problem('/readyz')['detail'])
        self.assertEqual(self.shop.ask('/healthz'), {'status': 'ok'})
        self.assertIn('is damaged (', self.problem('/stock/tea', {'quantity': 1})['detail'])
        self.assertTrue(self.shop.ask('/stock')['products'])  # what is whole can be read
        self.check_that_it_is_quiet()
        self.assertEqual(self.shop.end(), 0)

    def test_workers_do_not_try_for_ever(self):
        self.start_and_place()
        self.scribble_over('index', 'ashlar_event.delivery')
        wait_until(lambda: self.lines('taking events: the database'))
        self.assertIn('is damaged (', self.problem('/readyz')['detail'])
        self.check_that_it_is_quiet()
        self.assertEqual(self.shop.end(), 0)

    def test_an_event_whose_handler_meets_it_is_not_tried_for_ever(self):
        self.start_and_place('--lease', '3')
        self.scribble_over('table', 'inventory.product')
        self.ask_until_it_is_told()
        self.assertIn('is damaged (', self.problem('/readyz')['detail'])
        self.check_that_it_is_quiet()
        self.assertEqual(self.shop.end(), 0)


if __name__ == '__main__':
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
