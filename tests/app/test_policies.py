#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Policies of a deployment file at work, and what an operator does with them:
test_policies.py SHOP [STORE]"""
import os
import re
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

from placed import Placed, example, on_free_ports
from shop import PATIENCE, Problem, Shop, settle
from stores import STORES, run_on_server

PROGRAM = STORE = None

INVOICE = 'billing.v1.Billing/GetInvoice'

# Of the file with policies, with an own one for billing: it gives up before the request has to, not
# before a process that the machine let stand still answers; opens at the third failure, and stays open for
# longer than the test takes.
HASTY = example('careful').replace('policies:\n', '''policies:
  hasty:
    timeout: 8s
    retry: {attempts: 2, base: 1ms, cap: 1ms}
    breaker: {window: count, size: 10, minimum_calls: 3, open_wait: 1h}
''').replace('billing.v1.Billing: {policy: quick}', 'billing.v1.Billing: {policy: hasty}').replace('800ms', '25s')


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)


def metrics(process):
    """What /metrics says: names with their labels to numbers."""
    text, _ = process.ask('/metrics', raw=True)
    return {name: int(value) for name, value in
            re.findall(r'^(ashlar_(?:breaker|policy|bulkhead)\S*) (\d+)$', text, re.M)}


def of_invoices(name, **labels):
    return name + '{' + ','.join(f'{key}="{value}"' for key, value in
                                 {'port': 'billing.v1.Billing', 'method': 'GetInvoice',
                                  **labels}.items()) + '}'


class Hanging(unittest.TestCase):
    def breakers(self, *words):
        result = run('breakers', *words, '--deploy', self.placed.deploy, '--process', 'till')
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def fail(self, order):
        """What asking for the order's invoice answers, and how long that took."""
        began = time.monotonic()
        with self.assertRaises(Problem) as caught:
            self.front.ask(f'/orders/{order}/invoice')
        return caught.exception, time.monotonic() - began

    def hang(self):
        money = self.placed.processes['money']
        money.stop()
        self.addCleanup(money.go_on)
        return money

    def test_a_circuit_opens_and_the_others_go_on(self):
        store = STORE()
        self.addCleanup(store.close)
        self.placed = Placed(PROGRAM, store, HASTY)
        self.addCleanup(self.placed.close)
        self.front = self.placed.front
        order = self.front.place()
        self.assertEqual(settle(store, PROGRAM), {})
        self.assertEqual(self.front.ask(f'/orders/{order}/invoice')['state'], 'paid')
        self.assertEqual(metrics(self.front)[of_invoices('ashlar_breaker_state', state='closed')], 1)
        money = self.hang()
        statuses = []
        while not statuses or statuses[-1] != 503:
            problem, _ = self.fail(order)
            statuses.append(problem.status)
            self.assertLess(len(statuses), 10)
        self.assertEqual(statuses[0], 504)
        problem, took = self.fail(order)
        self.assertIn('its circuit breaker is open', problem.document['detail'])
        self.assertLess(took, 8)  # it does not wait for money, which will never answer
        self.look_at_numbers()
        self.look_at_trace(problem.document['trace_id'])
        self.assertIn(f'the circuit of {INVOICE} is open, was closed', self.front.told())
        # What does not need money goes on.
        self.assertEqual(self.front.ask(f'/orders/{order}')['state'], 'confirmed')
        self.assertTrue(self.front.place())
        # Money is back; its circuit stays open until somebody says that it is.
        money.go_on()
        self.assertEqual(self.fail(order)[0].status, 503)
        self.assertRegex(self.breakers(), rf'{INVOICE} +hasty +open ')
        told = self.breakers('reset', 'billing.v1.Billing')
        self.assertRegex(told, rf'{INVOICE} +hasty +closed ')
        self.assertNotIn('inventory', told)
        self.assertEqual(self.front.ask(f'/orders/{order}/invoice')['state'], 'paid')
        self.assertEqual(metrics(self.front)[of_invoices('ashlar_breaker_state', state='closed')], 1)
        self.assertEqual(settle(store, PROGRAM), {})

    def look_at_numbers(self):
        numbers = metrics(self.front)
        self.assertEqual(numbers[of_invoices('ashlar_breaker_state', state='open')], 1)
        self.assertEqual(numbers[of_invoices('ashlar_breaker_state', state='closed')], 0)
        self.assertEqual(numbers[of_invoices('ashlar_breaker_opened_total')], 1)
        self.assertGreaterEqual(numbers[of_invoices('ashlar_policy_refused_total', by='breaker')], 2)
        self.assertGreaterEqual(numbers[of_invoices('ashlar_policy_retries_total')], 1)
        self.assertGreaterEqual(numbers[of_invoices('ashlar_policy_timeouts_total')], 2)
        self.assertEqual(numbers['ashlar_breaker_state{port="inventory.v1.Inventory",'
                                 'method="Price",state="closed"}'], 1)
        self.assertEqual(numbers['ashlar_bulkhead_calls{port="inventory.v1.Inventory",'
                                 'method="Price",state="inside"}'], 0)

    def look_at_trace(self, trace):
        spans = self.front.ask(f'/ashlar/traces/{trace}')['spans']
        refused = [span for span in spans if span['name'] == 'policy refused']
        self.assertEqual(len(refused), 1)
        self.assertTrue(refused[0]['detail'].startswith(f'by breaker: {INVOICE} is not called'))


class ByHand(unittest.TestCase):
    def start(self, text, *arguments):
        place = tempfile.TemporaryDirectory(prefix='ashlar-policies-')
        self.addCleanup(place.cleanup)
        self.store = STORE()
        self.addCleanup(self.store.close)
        self.deploy = os.path.join(place.name, 'deploy.yaml')
        text = text.replace('PLACE', place.name)
        with open(self.deploy, 'w', encoding='utf-8') as file:
            file.write(text)
        shop = Shop(PROGRAM, self.store, '--deploy', self.deploy, *arguments, role=None)
        self.addCleanup(shop.close)
        return shop

    def breakers(self, *words):
        return run('breakers', *words, '--deploy', self.deploy)

    PRICE = '''version: 1
policies:
  plain: {bulkhead: {calls: 2}}
ports:
  inventory.v1.Inventory: {methods: {Price: {policy: plain}}}
'''

    def ask_socket(self, path):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(os.path.join(os.path.dirname(self.deploy), 'admin.sock'))
            client.sendall(f'GET {path} HTTP/1.0\r\n\r\n'.encode())
            return client.makefile(encoding='utf-8').read()

    def test_over_a_socket_that_only_its_owner_opens(self):
        shop = self.start(self.PRICE + 'admin: PLACE/admin.sock\n')
        with self.assertRaises(Problem) as caught:
            shop.ask('/admin/breakers')
        self.assertEqual(caught.exception.status, 404)
        path = os.stat(os.path.join(os.path.dirname(self.deploy), 'admin.sock'))
        self.assertEqual(stat.S_IMODE(path.st_mode), 0o600)
        told = self.breakers()
        self.assertRegex(told.stdout, r'inventory.v1.Inventory/Price +plain +disabled ')
        self.assertEqual(len(told.stdout.splitlines()), 2)
        for path in ('/healthz', '/readyz', '/metrics'):
            self.assertRegex(self.ask_socket(path), 'HTTP/1.1 200 OK')
        for name in ('inventory.v1.Inventory', 'inventory.v1.Inventory/Price'):
            self.assertEqual(self.breakers('list', name).stdout, told.stdout)
        for action, state in (('force-open', 'forced_open'), ('metrics-only', 'metrics_only'),
                              ('force-closed', 'disabled'), ('reset', 'disabled')):
            told = self.breakers(action, 'inventory.v1.Inventory/Price')
            self.assertRegex(told.stdout, rf'inventory.v1.Inventory/Price +plain +{state} ')
            if action == 'force-open':
                with self.assertRaises(Problem) as caught:
                    shop.place()
                self.assertEqual(caught.exception.status, 503)
                self.assertIn('was opened by hand', caught.exception.document['detail'])
            else:
                shop.place()
        self.assertIn('breakers force-open inventory.v1.Inventory/Price, by hand', shop.told())
        self.assertEqual(shop.end(), 0)

    def test_mistakes(self):
        self.start(self.PRICE + 'admin: PLACE/admin.sock\n')
        for words, wrong in ((('force-open', 'inventory.v1.Inventory/Prise'),
                              "did you mean 'inventory.v1.Inventory/Price'?"),
                             (('force-open', 'inventory.v1.Inventry'),
                              "did you mean 'inventory.v1.Inventory'?"),
                             (('list', 'inventory.v1.Inventry'),
                              "did you mean 'inventory.v1.Inventory'?"),
                             (('list', 'inventory.v1.Inventory/Prise'),
                              "did you mean 'inventory.v1.Inventory/Price'?"),
                             (('list', 'no pe?/x'), "port or method with a policy 'no pe?/x'"),
                             (('list', 'inventory.v1.Inventory/'), "'inventory.v1.Inventory/'"),
                             (('list', 'a/b/c'), "'a/b/c'"),
                             (('list', '..'), "'..'"),
                             (('list', ''), "''"),
                             (('force-open',), 'which PORT or PORT/METHOD?'),
                             (('open', 'x'), "not 'open'")):
            told = self.breakers(*words)
            self.assertEqual((told.returncode, told.stdout), (2, ''))
            self.assertIn(wrong, told.stderr)

    def test_it_is_off_unless_it_is_set(self):
        shop = self.start(self.PRICE)
        with self.assertRaises(Problem) as caught:
            shop.ask('/admin/breakers')
        self.assertEqual(caught.exception.status, 404)
        told = self.breakers()
        self.assertEqual(told.returncode, 2)
        self.assertIn("the setting 'admin'", told.stderr)

    def test_not_where_others_come_from(self):
        told = run('run', '--admin', 'true', '--listen', '0.0.0.0:0')
        self.assertEqual(told.returncode, 2)
        self.assertIn('would let whoever reaches 0.0.0.0 open circuits', told.stderr)

    def test_pages_of_other_sites_change_nothing(self):
        text = on_free_ports(self.PRICE + 'admin: true\nlisten: 127.0.0.1:8080\n')
        shop = self.start(text, '--listen', re.search(r'127\.0\.0\.1:\d+', text).group(0))
        path, body = '/admin/breakers/force-open', 'inventory.v1.Inventory'
        sent = {'Ashlar-Admin': '1'}
        for headers in ({}, {**sent, 'Host': 'evil.example'}, {**sent, 'Host': 'cafe:8080'}):
            with self.assertRaises(Problem) as caught:
                shop.ask(path, body, headers)
            self.assertEqual(caught.exception.status, 403)
        self.assertEqual(shop.ask('/admin/breakers')['breakers'][0]['state'], 'disabled')
        with self.assertRaises(Problem) as caught:
            shop.ask('/admin/breakers/force-opne', body, sent)
        self.assertIn("did you mean 'force-open'?", caught.exception.document['detail'])


class Mistakes(unittest.TestCase):
    def test_a_fallback_that_cannot_be(self):
        with tempfile.TemporaryDirectory(prefix='ashlar-policies-') as place:
            path = os.path.join(place, 'deploy.yaml')
            with open(path, 'w', encoding='utf-8') as file:
                file.write('version: 1\npolicies:\n  p: {fallback: orders.v1.Orders}\n'
                           'ports:\n  inventory.v1.Inventory: {policy: p}\n')
            told = run('check-config', '--deploy', path)
        self.assertEqual(told.returncode, 2)
        self.assertIn(f'{path}:3:17: orders.v1.Orders cannot stand in for inventory.v1.Inventory: it'
                      ' has no method Price with the same messages', told.stderr)

    def test_a_policy_that_cannot_be(self):
        with tempfile.TemporaryDirectory(prefix='ashlar-policies-') as place:
            path = os.path.join(place, 'deploy.yaml')
            with open(path, 'w', encoding='utf-8') as file:
                file.write('version: 1\npolicies:\n  q: {rate_limit: {calls: 1000000, period: 1us}}\n'
                           'ports:\n  inventory.v1.Inventory: {policy: q}\n')
            told = run('check-config', '--deploy', path)
        self.assertEqual(told.returncode, 2)
        self.assertIn(f"{path}:3:3: the policy 'q' cannot be: a rate limit has at least a nanosecond"
                      ' a call', told.stderr)


if __name__ == '__main__':
    PROGRAM = os.path.abspath(sys.argv[1])
    STORE = STORES[sys.argv[2] if len(sys.argv) > 2 else 'sqlite']
    run_on_server(STORE.name)
    unittest.main(argv=sys.argv[:1], verbosity=2)
