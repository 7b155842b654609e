#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shop where open files are scarce, or its disk is full: test_limits.py SHOP LIBRARY"""
import json
import os
import socket
import sys
import tempfile
import time
import unittest
from urllib.parse import urlsplit

from disk import FULL, WELL, Disk
from shop import PATIENCE, Problem, Shop, settle, wait_until
from stores import Sqlite

PROGRAM = LIBRARY = None
ORDER = json.dumps({'customer': 'Ada', 'sku': 'tea', 'quantity': 1, 'card': '4242'})


class Test(unittest.TestCase):
    def setUp(self):
        self.store = Sqlite()
        self.addCleanup(self.store.close)

    def start(self, program, *arguments, **options):
        shop = Shop(program, self.store, *arguments, **options)
        self.addCleanup(shop.close)
        return shop

    def lines(self, shop, words):
        return [line for line in shop.told().splitlines() if words in line]

    def check_often(self, shop, words, began):
        """What may happen all the time is told once in 10 s."""
        told = len(self.lines(shop, words))
        self.assertLessEqual(told, 1 + (time.monotonic() - began) // 10, shop.told())


def ask(connection, head, body=''):
    """Sends a request; its status, or None where the connection is closed instead."""
    text = f'{head} HTTP/1.1\r\nHost: shop\r\n'
    if body:
        text += f'Content-Type: application/json\r\nContent-Length: {len(body)}\r\n'
    got = b''
    try:
        connection.sendall((text + '\r\n' + body).encode())
        while b'\r\n' not in got:
            more = connection.recv(4096)
            if not more:
                return None
            got += more
    except ConnectionError:
        return None
    return int(got.split()[1])


class FewFiles(Test):
    def limited(self, *limits):
        """The program behind `ulimit`."""
        folder = tempfile.TemporaryDirectory(prefix='ashlar-limits-')
        self.addCleanup(folder.cleanup)
        path = f'{folder.name}/shop'
        with open(path, 'w', encoding='utf-8') as file:
            commands = ''.join(f'ulimit {limit}\n' for limit in limits)
            file.write(f'#!/bin/sh -e\n{commands}exec "{PROGRAM}" "$@"\n')
        os.chmod(path, 0o700)
        return path

    def enter(self, shop):
        """A connection, which may not say nothing for more than 10 s."""
        address = urlsplit(shop.address)
        one = socket.create_connection((address.hostname, address.port), timeout=PATIENCE)
        self.addCleanup(one.close)
        return one

    def test_the_soft_limit_is_no_limit(self):
        shop = self.start(self.limited('-Sn 100', '-Hn 1200'))
        with open(f'/proc/{shop.process.pid}/limits', encoding='utf-8') as file:
            limit = next(line.split() for line in file if line.startswith('Max open files'))
        self.assertEqual(limit[3:5], ['1200', '1200'])
        crowd = []
        for _ in range(300):
            crowd.append(self.enter(shop))
            self.assertEqual(ask(crowd[-1], 'GET /healthz'), 200)
        self.assertEqual({ask(one, 'POST /orders', ORDER) for one in crowd[::8]}, {200})
        self.assertEqual(ask(self.enter(shop), 'GET /healthz'), 200)
        self.assertEqual(self.lines(shop, 'turned away'), [])
        self.assertEqual(settle(self.store, PROGRAM), {})
        self.assertEqual(shop.end(), 0)

    def check_count(self, shop):
        text = wait_until(lambda: shop.ask('/metrics', raw=True)[0])
        name = 'ashlar_http_connections_turned_away_total '
        counts = [line[len(name):] for line in text.splitlines() if line.startswith(name)]
        self.assertEqual(len(counts), 1, text)
        self.assertGreater(int(counts[0]), 10)

    def check_crowd(self, files, least):
        shop = self.start(self.limited(f'-n {files}'))
        self.assertIn(f'only {files} files may be open', shop.told())
        began, crowd, inside = time.monotonic(), [], []
        for _ in range(files + 30):
            crowd.append(one := self.enter(shop))
            status = ask(one, 'POST /orders', ORDER)
            self.assertIn(status, (200, 503, None))
            if status == 200:
                inside.append(one)
        self.assertGreaterEqual(len(inside), least)
        self.assertLess(len(inside), files)
        more = [self.enter(shop) for _ in range(20)]  # all at once
        self.assertLessEqual({ask(one, 'GET /readyz') for one in more}, {503, None})
        self.assertEqual({ask(one, 'GET /readyz') for one in inside}, {200})
        self.check_often(shop, 'are turned away', began)
        self.assertIn('are turned away', shop.told())
        for words in ('unable to open', 'not accepted', '"level":"error"'):
            self.assertEqual(self.lines(shop, words), [])
        for one in crowd:
            one.close()
        self.check_count(shop)
        wait_until(shop.place)
        self.assertEqual(settle(self.store, PROGRAM), {})
        self.assertEqual(shop.end(), 0)

    def test_who_is_too_many_is_told_and_the_others_are_served(self):
        self.check_crowd(128, 16)

    def test_hardly_any_files(self):
        self.check_crowd(64, 8)


class FullDisk(Test):
    def setUp(self):
        super().setUp()
        self.disk = Disk(self.store.data, LIBRARY, '/shop.db')

    def status_of(self, shop, path, **body):
        try:
            shop.ask(path, **body)
            return 200
        except Problem as problem:
            self.problem = problem.document
            return problem.status

    def test_it_is_an_outage_and_passes(self):
        shop = self.start(PROGRAM, environment=self.disk.environment)
        shop.place()
        began = time.monotonic()
        self.disk.becomes(FULL, share=256)
        for _ in range(5):
            self.assertEqual(self.status_of(shop, '/orders', body=json.loads(ORDER)), 503)
            self.assertIn('the disk is full', self.problem['detail'])
            self.assertEqual(self.status_of(shop, '/readyz'), 503)
            self.assertIn('no room beside', self.problem['detail'])
        self.assertEqual(self.status_of(shop, '/healthz'), 200)
        wait_until(lambda: len(self.lines(shop, 'orders.v1.Orders/Place: unavailable')) == 5, shop.told)
        time.sleep(3)  # workers look again each second
        for words in ('taking events:', 'taking sagas:'):
            self.check_often(shop, words, began)
        self.disk.becomes(WELL)
        self.assertEqual(self.status_of(shop, '/readyz'), 200)
        self.assertEqual(self.status_of(shop, '/orders', body=json.loads(ORDER)), 200)
        self.assertEqual(settle(self.store, PROGRAM), {})
        self.assertEqual([name for name in os.listdir(self.store.data) if 'room' in name], [])
        self.assertEqual(shop.end(), 0)


if __name__ == '__main__':
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    LIBRARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
