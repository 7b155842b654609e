#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the shop ends when it has to be cut off, and what processes say of each other:
test_ending.py SHOP [STORE]"""
import http.server
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

from shop import PATIENCE, Shop, settle, wait_until
from stores import STORES, run_on_server

PROGRAM = STORE = None


class SqliteHold:
    """Keeps all others from writing, as one who migrates does."""

    def __init__(self, store, table=None):
        self.connection = sqlite3.connect(f'{store.data}/shop.db', isolation_level=None, timeout=240)
        self.connection.execute('pragma journal_mode = wal')
        self.connection.execute('begin immediate')
        self.who = f'process {os.getpid()} (python'

    def end(self):
        self.connection.close()


class PostgresqlHold:
    """Keeps all others from a table, or, where none is named, from migrating."""

    def __init__(self, store, table=None):
        sql = f'begin; lock table {table};' if table else 'select pg_advisory_lock(107120826016114);'
        self.process = subprocess.Popen(
            ['psql', '--no-psqlrc', '--quiet', '--tuples-only',
             store.url_of('ASHLAR_STORE_ADMIN' if table else 'ASHLAR_STORE')],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, 'PGAPPNAME': 'somebody who migrates'})
        self.process.stdin.write(sql + '\n\\echo held\n')
        self.process.stdin.flush()
        while self.process.stdout.readline().strip() != 'held':
            pass
        self.who = 'somebody who migrates (session '

    def end(self):
        self.process.communicate()


HOLDS = {'sqlite': SqliteHold, 'postgresql': PostgresqlHold}


class Receiver(http.server.BaseHTTPRequestHandler):
    """Of spans: keeps what comes, and takes all of it."""

    def do_POST(self):
        self.server.received += self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *_):
        pass


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=PATIENCE,
                          check=False)


class Test(unittest.TestCase):
    def setUp(self):
        self.store = STORE()
        self.addCleanup(self.store.close)

    def start(self, *arguments, **options):
        shop = Shop(PROGRAM, self.store, *arguments, **options)
        self.addCleanup(shop.close)
        return shop

    def hold(self, table=None):
        return HOLDS[self.store.name](self.store, table)

    def until_told(self, shop, text):
        wait_until(lambda: text in shop.told(), lambda: f'{text!r} was not told: {shop.told()}')

    def send_order(self, shop):
        """Sends a request, the first, and leaves its answer; its handler runs when this returns."""
        body = json.dumps({'customer': 'Ada', 'sku': 'tea', 'quantity': 1, 'card': '4242'})
        host, port = shop.address.split('//')[1].split(':')
        client = socket.create_connection((host, int(port)), PATIENCE)
        self.addCleanup(client.close)
        client.sendall(f'POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n'
                       f'Content-Length: {len(body)}\r\n\r\n{body}'.encode())
        priced = 'ashlar_port_calls_total{port="inventory.v1.Inventory",method="Price"} 1\n'
        wait_until(lambda: priced in shop.ask('/metrics', raw=True)[0])

    def lines(self, shop):
        return [json.loads(line) for line in shop.told().splitlines() if line.startswith('{')]


class Cut(Test):
    # At a full minute the schedule may wait for the same lock, and is cut off as well.
    def check_cut(self, shop, name, module, last):
        *lines, end = self.lines(shop)
        told = rf'^{name} is cut off after \d+\.\d s; what it did not commit is taken back$'
        cut = [line for line in lines if re.search(told, line['message'])]
        self.assertEqual(len(cut), 1, lines)
        cut = cut[0]
        self.assertEqual((cut['level'], cut['module']), ('error', module))
        self.assertEqual(len(cut['trace_id']), 32)
        self.assertRegex(end['message'],
                         rf'^{last}; [12] handlers are cut off; ends with status 3$')

    def test_a_handler_that_outlives_the_drain_is_told_and_cut_off(self):
        shop = self.start('--drain', '0', '--deadline', '600')
        held = self.hold('orders.placed')
        self.addCleanup(held.end)
        self.send_order(shop)
        self.assertEqual(shop.end(), 3, shop.told())
        self.check_cut(shop, 'orders.v1.Orders/Place', 'orders', 'draining took too long')
        held.end()
        after = self.start()
        self.assertEqual(after.ask('/orders'), {})
        after.place()
        self.assertEqual(settle(self.store), {})
        self.assertEqual(after.end(), 0)

    def test_a_second_signal_cuts_off_at_once(self):
        shop = self.start('--drain', '600', '--deadline', '600')
        held = self.hold('orders.placed')
        self.addCleanup(held.end)
        self.send_order(shop)
        shop.process.send_signal(signal.SIGINT)
        self.until_told(shop, 'ends on SIGINT; drains for at most 600 s')
        self.assertEqual(shop.end(), 3, shop.told())
        self.check_cut(shop, 'orders.v1.Orders/Place', 'orders', 'is asked to end again')

    def test_who_is_stopped_while_it_drains_has_its_time_all_the_same(self):
        shop = self.start('--drain', '600', '--deadline', '600')
        held = self.hold('orders.placed')
        self.addCleanup(held.end)
        self.send_order(shop)
        shop.process.send_signal(signal.SIGTERM)
        self.until_told(shop, 'ends on SIGTERM; drains for at most 600 s')
        for stop_or_go in (signal.SIGSTOP, signal.SIGCONT) * 3:
            shop.process.send_signal(stop_or_go)
            time.sleep(0.3)
        held.end()
        self.assertEqual(shop.process.wait(PATIENCE), 0, shop.told())

    def test_the_spans_of_what_ended_before_the_cut_are_sent(self):
        receiver = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Receiver)
        receiver.received = bytearray()
        self.addCleanup(receiver.server_close)
        threading.Thread(target=receiver.serve_forever).start()
        self.addCleanup(receiver.shutdown)
        shop = self.start('--drain', '600', '--deadline', '600', '--otlp',
                          f'http://127.0.0.1:{receiver.server_port}')
        held = self.hold('orders.placed')
        self.addCleanup(held.end)
        self.send_order(shop)
        trace = os.urandom(16)
        shop.ask('/stock', headers={'traceparent': f'00-{trace.hex()}-00f067aa0ba902b7-01'})
        # At once, before the second is over after which spans are sent by themselves.
        shop.process.send_signal(signal.SIGINT)
        self.assertEqual(shop.end(), 3, shop.told())
        self.check_cut(shop, 'orders.v1.Orders/Place', 'orders', 'is asked to end again')
        wait_until(lambda: trace.hex().encode() in bytes(receiver.received))

    def test_a_handler_that_ends_just_when_it_is_cut_off_changes_nothing(self):
        """The collector does not answer, so that the last spans take their second."""
        silent = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(silent.close)
        shop = self.start('--drain', '600', '--deadline', '600', '--otlp',
                          f'http://127.0.0.1:{silent.getsockname()[1]}')
        held = self.hold('orders.placed')
        self.addCleanup(held.end)
        self.send_order(shop)
        shop.process.send_signal(signal.SIGINT)
        self.until_told(shop, 'ends on SIGINT; drains for at most 600 s')
        shop.process.send_signal(signal.SIGTERM)
        self.until_told(shop, 'is cut off after')
        held.end()
        self.assertEqual(shop.process.wait(PATIENCE), 3, shop.told())
        self.assertNotIn('Sanitizer', shop.told())
        self.check_cut(shop, 'orders.v1.Orders/Place', 'orders', 'is asked to end again')

    def test_a_second_signal_while_nothing_runs_is_fine(self):
        shop = self.start()
        shop.process.send_signal(signal.SIGTERM)
        shop.process.send_signal(signal.SIGTERM)
        self.assertEqual(shop.process.wait(PATIENCE), 0, shop.told())

    def test_an_event_whose_handler_is_cut_off_is_handed_over_again(self):
        if self.store.name == 'sqlite':
            self.skipTest('on SQLite nobody takes an event while another one writes')
        front = self.start(role='http')
        front.place()
        held = self.hold('inventory.product')
        self.addCleanup(held.end)
        worker = self.start('--drain', '0', '--lease', '10', role='worker')
        wait_until(lambda: self.store.ask(["select 1 from pg_stat_activity where wait_event_type ="
                                           " 'Lock' and query like '%inventory.product%'"])[0],
                   'no handler waits')
        self.assertEqual(worker.end(), 3, worker.told())
        told = [line['message'] for line in self.lines(worker)]
        self.assertTrue(any(line.startswith('orders.v1.OrderPlaced is cut off') for line in told),
                        told)
        # Its attempt was counted before it began, and stays so.
        self.assertEqual(self.store.ask(['select attempts, state from ashlar_event.delivery where'
                                         " subscriber = 'inventory'"])[0], [(1, 1)])
        held.end()
        again = self.start(role='worker')
        self.assertEqual(settle(self.store), {})
        self.assertEqual((again.end(), front.end()), (0, 0))


class Others(Test):
    def test_a_migration_waits_for_another_and_says_for_whom(self):
        self.assertEqual(run('migrate', *self.store.arguments).returncode, 0)
        held = self.hold()
        self.addCleanup(held.end)
        waiting = subprocess.Popen([PROGRAM, 'migrate', *self.store.arguments],
                                   stderr=subprocess.PIPE, text=True)
        line = waiting.stderr.readline()
        self.assertTrue(line.startswith(f'shop: waits to migrate: {held.who}'), line)
        self.assertRegex(line, r'there since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)? does\n$')
        self.assertIsNone(waiting.poll())
        held.end()
        self.assertEqual(waiting.communicate(timeout=PATIENCE)[1], '')
        self.assertEqual(waiting.returncode, 0)

    def test_a_start_waits_too_and_may_be_ended_meanwhile(self):
        self.assertEqual(run('migrate', *self.store.arguments).returncode, 0)
        held = self.hold()
        self.addCleanup(held.end)
        ended = self.start(wait=False)
        self.until_told(ended, f'waits to migrate: {held.who}')
        ended.process.send_signal(signal.SIGTERM)  # which it does not drain for
        self.assertEqual(ended.process.wait(PATIENCE), -signal.SIGTERM, ended.told())
        shop = self.start(wait=False)
        held.end()
        wait_until(lambda: shop.address, 'it does not start')
        self.assertEqual(shop.end(), 0)

    def test_who_migrates_for_long_is_waited_for(self):
        if self.store.name != 'sqlite':
            self.skipTest('PostgreSQL waits by itself')
        self.assertEqual(run('migrate', *self.store.arguments).returncode, 0)
        held = self.hold()
        self.addCleanup(held.end)
        shop = self.start(wait=False)
        self.until_told(shop, f'waits to migrate: {held.who}')
        time.sleep(90)  # without a deadline SQLite is waited for a minute, of short naps
        self.assertIsNone(shop.process.poll(), shop.told())
        held.end()
        wait_until(lambda: shop.address, 'it does not start')
        self.assertEqual(shop.end(), 0)

    def test_a_process_says_that_another_works_on_the_data(self):
        if self.store.name != 'sqlite':
            self.skipTest('the processes of PostgreSQL may be on other machines')
        first = self.start()
        second = self.start(role='http')
        self.assertIn(f'process {first.process.pid} (shop), there since', second.told())
        self.assertIn(f'works on {self.store.data}/shop.db, too', second.told())
        self.assertEqual((first.end(), second.end()), (0, 0))


class Help(unittest.TestCase):
    def test_each_verb_has_a_page(self):
        verbs = [line.split()[0] for line in run('help').stdout.splitlines()
                 if line.startswith('  ') and line[2].isalpha()]
        self.assertIn('dead-letters', verbs)
        for verb in verbs:
            page = run(verb, '--help')
            self.assertEqual(page.returncode, 0)
            self.assertTrue(page.stdout.startswith(f'usage: shop {verb}'), page.stdout)
            self.assertEqual(page.stdout, run('help', verb).stdout)
            self.assertEqual(page.stdout, run(verb, '-h').stdout)
        self.assertIn('75: another process has the address', run('run', '--help').stdout)
        self.assertIn('--dry-run', run('migrate', '--help').stdout)
        self.assertNotIn('--dry-run', run('run', '--help').stdout)

    def test_what_is_not_known_is_guessed(self):
        for words, told in (
                (['rn'], "there is no verb 'rn'; did you mean 'run'?"),
                (['run', '--lisen', ':0'], "there is no flag 'lisen'; did you mean 'listen'?"),
                (['run', '--lisen=:0'], "there is no flag 'lisen'; did you mean 'listen'?"),
                (['migrate', '--dryrun'], "there is no flag 'dryrun'; did you mean 'dry-run'?"),
                (['run', '--dry-run'], "there is no flag 'dry-run'; see shop run --help"),
                (['version', '--workers', '3'],
                 "there is no flag 'workers'; see shop version --help"),
                (['help', 'migrat'], "there is no verb 'migrat'; did you mean 'migrate'?")):
            result = run(*words)
            self.assertEqual((result.returncode, result.stderr), (2, told + '\n'))


if __name__ == '__main__':
    store = sys.argv.pop(2) if len(sys.argv) > 2 and sys.argv[2] in STORES else 'sqlite'
    sys.argv.insert(2, store)
    run_on_server(store)
    sys.argv.pop(2)
    PROGRAM, STORE = os.path.abspath(sys.argv.pop(1)), STORES[store]
    unittest.main()
