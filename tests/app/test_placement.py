#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shop in one, two, three and five processes: test_placement.py SHOP [STORE]"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from placed import Placed, Process, example, free_ports
from shop import DECLINED_CARD, PATIENCE, Problem, settle, wait_until
from stores import STORES, run_on_server

PROGRAM = STORE = None

TWO = '''version: 1
processes:
  till:
    modules: [orders, billing, notification, analytics]
    front: true
    listen: 127.0.0.1:8080
    address: http://127.0.0.1:8080
  warehouse:
    modules: [inventory]
    listen: 127.0.0.1:8082
    address: http://127.0.0.1:8082
'''

MODULES = {'orders', 'inventory', 'billing', 'notification', 'analytics'}
PRICE = '/inventory.v1.Inventory/Price'


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)


class Placement(unittest.TestCase):
    def start(self, text, *arguments):
        self.store = STORE()
        self.addCleanup(self.store.close)
        placed = Placed(PROGRAM, self.store, text, *arguments)
        self.addCleanup(placed.close)
        return placed


class InProcesses(Placement):
    def spans(self, process, trace):
        return process.ask(f'/ashlar/traces/{trace}?here=true')['spans']

    def order_all_kinds(self, placed):
        """What happens to orders is what happens to them in one process."""
        front = placed.front
        good, declined, too_many = (front.place(quantity=2),
                                    front.place(sku='mug', card=DECLINED_CARD),
                                    front.place(sku='teapot', quantity=4))
        self.assertEqual(settle(self.store, PROGRAM), {})
        state = {order: front.ask(f'/orders/{order}') for order in (good, declined, too_many)}
        self.assertEqual(state[good]['state'], 'confirmed')
        self.assertEqual(state[good]['cents'], '1580')
        self.assertEqual(state[declined]['reason'], 'the card was declined')
        self.assertEqual(state[too_many]['reason'], 'out of stock')
        self.assertEqual(front.ask('/counts'),
                         {'placed': '3', 'confirmed': '1', 'cancelled': '2', 'cents': '1580'})
        self.assertEqual(front.ask(f'/orders/{good}/invoice')['state'], 'paid')
        self.assertEqual(front.ask(f'/orders/{declined}/messages')['messages'],
                         ['We are sorry, Ada: your order 2 was cancelled: the card was declined.'])
        self.assertEqual(front.restock('tea', 5), 1)
        self.assertEqual(front.place(key='k1'), front.place(key='k1'))
        self.assertEqual(settle(self.store, PROGRAM), {})

    def follow_one_trace(self, placed, modules):
        """Each process has spans of its modules, and nobody else's, under the trace of the order."""
        trace = '0af7651916cd43dd8448eb211c80319c'
        _, headers = placed.front.ask('/orders', {'customer': 'Ada', 'sku': 'tea', 'quantity': 1},
                                      {'traceparent': f'00-{trace}-b7ad6b7169203331-01'}, raw=True)
        self.assertEqual(headers['Trace-Id'], trace)
        self.assertEqual(settle(self.store), {})

        def told():
            """By process, the modules whose handlers ran; names of spans whose parents nobody has;
            whether the front tells all of it."""
            spans = {name: self.spans(process, trace)
                     for name, process in placed.processes.items()}
            every = [span for of_one in spans.values() for span in of_one]
            ids = [span['id'] for span in every]
            asked = [span['id'] for span in placed.front.ask(f'/ashlar/traces/{trace}')['spans']]
            return ({name: {span['module'] for span in of_one
                            if span['kind'] in ('server', 'consumer', 'producer')}
                     for name, of_one in spans.items()},
                    [span['name'] for span in every if span['parent'] not in ids],
                    sorted(asked) == sorted(set(ids)))

        # The last spans end a little after what they did can be seen.
        expected = (modules, ['orders.v1.Orders/Place'], True)
        until = time.monotonic() + PATIENCE
        while (found := told()) != expected and time.monotonic() < until:
            time.sleep(0.1)
        self.assertEqual(found, expected)

    def run_all(self, text, modules):
        placed = self.start(text)
        self.order_all_kinds(placed)
        self.follow_one_trace(placed, modules)
        self.assertEqual(placed.end(), {name: 0 for name in placed.processes})

    def test_one(self):
        self.run_all(example('one'), {'shop': MODULES})

    def test_two(self):
        self.run_all(TWO, {'till': MODULES - {'inventory'}, 'warehouse': {'inventory'}})

    def test_three(self):
        self.run_all(example('three'), {'till': {'orders', 'notification', 'analytics'},
                                        'money': {'billing'}, 'warehouse': {'inventory'}})

    def test_five(self):
        self.run_all(example('five'), {name: {name} for name in MODULES})


    def test_a_worker_beside_a_front(self):
        """What the warning says is what works: one more of the process, at an address of its own."""
        front = TWO.replace('front: true', 'front: true\n    role: http')
        placed = self.start(front)
        order = placed.front.place()
        self.assertIn('and a --listen of its own', placed.front.told())
        again = run('run', '--deploy', placed.deploy, '--process', 'till', '--role', 'worker',
                    *self.store.arguments)
        self.assertEqual(again.returncode, 75, again.stderr)
        worker = Process(PROGRAM, self.store, placed.deploy, 'till', '--role', 'worker',
                         '--listen', '127.0.0.1:0')
        self.addCleanup(worker.close)
        self.assertEqual(settle(self.store, PROGRAM), {})
        self.assertEqual(placed.front.ask(f'/orders/{order}')['state'], 'confirmed')
        self.assertEqual(worker.end(), 0)


class Gate(Placement):
    def call(self, process, path, caller=None, body=None, key=None):
        headers = {'Content-Type': 'application/json',
                   **({'Ashlar-Caller': caller} if caller else {}),
                   **({'Idempotency-Key': key} if key else {})}
        request = urllib.request.Request(process.address + path, json.dumps(body or {}).encode(),
                                         headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
                return error.code, json.loads(text) if text.startswith(b'{') else text

    def test_who_may_call(self):
        placed = self.start(TWO)
        warehouse, till = placed.processes['warehouse'], placed.processes['till']
        tea = {'sku': 'tea'}
        self.assertEqual(self.call(warehouse, PRICE, 'orders', tea), (200, {'cents': '790'}))
        status, why = self.call(warehouse, PRICE, 'billing', tea)
        self.assertEqual((status, why['code']), (403, 'permission_denied'))
        self.assertIn('billing may not call inventory.v1.Inventory', why['message'])
        self.assertIn('billing/module.yaml:1', why['message'])
        self.assertEqual(self.call(warehouse, PRICE, None, tea)[0], 403)
        self.assertEqual(self.call(warehouse, PRICE, 'stranger', tea)[0], 403)
        # A front may call what has a route, as anyone may; the price has none.
        status, why = self.call(warehouse, PRICE, 'http', tea)
        self.assertEqual(status, 403)
        self.assertIn(f'{PRICE[1:]} has none', why['message'])
        # What is not there is told as a call's failure, also where there is a page for all paths.
        status, why = self.call(warehouse, '/inventory.v1.Inventory/Nope', 'orders')
        self.assertEqual((status, why['code']), (404, 'unimplemented'))
        self.assertEqual(self.call(warehouse, '/inventory.v1.Inventory/Stock', 'http')[0], 200)
        # Nobody outside of the till calls what is there.
        self.assertIn(self.call(till, '/billing.v1.Billing/GetInvoice', 'http')[0], (404, 405))
        # The routes of the warehouse are there, too; the others are not.
        self.assertEqual(len(warehouse.ask('/stock')['products']), 3)
        with self.assertRaises(Problem) as caught:
            warehouse.ask('/orders')
        self.assertEqual(caught.exception.status, 404)

    def test_an_open_port_needs_no_name(self):
        placed = self.start(TWO + 'ports:\n  inventory.v1.Inventory: {open: true}\n')
        warehouse = placed.processes['warehouse']
        self.assertEqual(self.call(warehouse, PRICE, None, {'sku': 'mug'}), (200, {'cents': '1250'}))
        self.assertEqual(self.call(warehouse, PRICE, 'billing', {'sku': 'mug'})[0], 403)
        # Keys that the application makes for itself are no outsider's.
        own = 'ashlar/event/1/inventory'
        self.assertEqual(self.call(warehouse, PRICE, None, {'sku': 'mug'}, 'mine')[0], 200)
        self.assertEqual(self.call(warehouse, PRICE, 'orders', {'sku': 'mug'}, own)[0], 200)
        status, problem = self.call(warehouse, PRICE, None, {'sku': 'mug'}, own)
        self.assertEqual((status, problem['code']), (400, 'invalid_argument'))

    def test_failures_are_those_of_one_process(self):
        placed = self.start(TWO)
        with self.assertRaises(Problem) as caught:
            placed.front.place(sku='gold')
        self.assertEqual(caught.exception.status, 404)
        self.assertEqual(caught.exception.document['code'], 'not_found')
        self.assertIn('gold', caught.exception.document['detail'])


class Dead(Placement):
    def test_a_dead_process_is_told_and_comes_back(self):
        placed = self.start(example('three'))
        front = placed.front
        wait_until(lambda: self.up(front, 'warehouse'))
        placed.processes['warehouse'].process.kill()
        placed.processes['warehouse'].process.wait()
        with self.assertRaises(Problem) as caught:
            front.place()
        self.assertEqual(caught.exception.status, 503)
        self.assertEqual(caught.exception.document['code'], 'unavailable')
        self.assertIn('inventory.v1.Inventory/Price: http://127.0.0.1:',
                      caught.exception.document['detail'])
        # What does not need it goes on, and the front stays ready; it says who is gone.
        self.assertEqual(front.ask('/orders').get('orders', []), [])
        wait_until(lambda: not self.up(front, 'warehouse'))
        self.assertEqual(front.ask('/readyz')['status'], 'ok')
        placed.processes['warehouse'].close()
        placed.start('warehouse')
        wait_until(front.place)
        wait_until(lambda: self.up(front, 'warehouse'))
        self.assertEqual(settle(self.store, PROGRAM), {})

    def test_a_process_that_hangs_costs_the_deadline(self):
        placed = self.start(example('three'), '--deadline', '15')
        placed.front.place()
        self.assertEqual(settle(self.store, PROGRAM), {})
        warehouse = placed.processes['warehouse']
        self.addCleanup(warehouse.go_on)
        warehouse.stop()
        began = time.monotonic()
        with self.assertRaises(Problem) as caught:
            placed.front.place()
        self.assertEqual(caught.exception.status, 504)
        self.assertEqual(caught.exception.document['code'], 'deadline_exceeded')
        self.assertGreater(time.monotonic() - began, 14)
        wait_until(lambda: not self.up(placed.front, 'warehouse'))
        warehouse.go_on()
        wait_until(placed.front.place)
        self.assertEqual(settle(self.store, PROGRAM), {})

    def up(self, process, name):
        """What /readyz says, which is what the metric says."""
        remotes = {each['process']: each['up'] for each in process.ask('/readyz')['remotes']}
        return remotes[name]

    def test_events_wait_for_a_dead_process(self):
        placed = self.start(example('three'))
        placed.processes['money'].process.kill()
        placed.processes['money'].process.wait()
        order = placed.front.place()
        wait_until(lambda: self.store.ask(
            ["select 1 from ashlar_event.delivery where subscriber = 'billing'"])[0])
        wait_until(lambda: not self.store.ask(
            ["select 1 from ashlar_event.delivery where subscriber <> 'billing'"])[0])
        rows = self.store.ask(["select sum(attempts) from ashlar_event.delivery"])[0]
        self.assertEqual(rows, [(0,)])  # nobody else took them
        self.assertEqual(placed.front.ask(f'/orders/{order}')['state'], 'placed')
        placed.processes['money'].close()
        placed.start('money')
        self.assertEqual(settle(self.store, PROGRAM), {})
        self.assertEqual(placed.front.ask(f'/orders/{order}')['state'], 'confirmed')

    def test_a_replica_stands_in_for_one_that_is_not_there(self):
        gone = free_ports(1)[0]
        placed = self.start(example('three').replace(
            'address: http://127.0.0.1:8082',
            f'address: [http://127.0.0.1:8082, http://localhost:{gone}]'))
        for _ in range(6):
            placed.front.place()
        self.assertEqual(settle(self.store, PROGRAM), {})


    def test_a_replica_that_hangs_has_no_turn(self):
        with socket.create_server(('127.0.0.1', 0)) as hung:  # takes connections, and says nothing
            gone, silent = free_ports(1)[0], hung.getsockname()[1]
            # By their names, so that they are not put onto free ports as those of the file are.
            placed = self.start(example('three').replace(
                'address: http://127.0.0.1:8082',
                f'address: [http://127.0.0.1:8082, http://localhost:{gone}, http://localhost:{silent}]'),
                '--deadline', '60')
            # One that finds the warehouse itself to hang, for the machine let it stand still, says nothing.
            for _ in range(5):
                if self.place_six(placed):
                    break
            else:
                self.fail('the warehouse never stayed up')
            self.assertEqual(settle(self.store, PROGRAM), {})

    def place_six(self, placed):
        """Whether one replica of the warehouse was up all the time; if so none of the others was waited
        for, which costs the deadline."""
        wait_until(lambda: sorted(str(each['up']) for each in placed.front.ask('/readyz')['remotes']
                                  if each['process'] == 'warehouse') == ['False', 'False', 'True'])
        gaps, began, failed = placed.gaps(), time.monotonic(), None
        try:
            for _ in range(6):
                placed.front.place()
        except Problem as problem:
            failed = problem
        took = time.monotonic() - began
        if placed.gaps() > gaps:
            return False
        self.assertIsNone(failed)
        self.assertLess(took, 50)
        return True

    def test_workers_wait_little_for_a_process_that_hangs(self):
        """Sagas that need it wait in the store; all else goes on."""
        placed = self.start(example('three'), '--call-timeout', '2', '--workers', '2',
                            '--handler-deadline', '600', '--step-deadline', '600')
        front, money = placed.front, placed.processes['money']
        wait_until(lambda: self.up(front, 'money'))
        self.addCleanup(money.go_on)
        money.stop()
        began = time.monotonic()
        for _ in range(4):
            front.place(flow='saga')
        wait_until(lambda: not self.up(front, 'money'))
        # Handlers of the till's own hear of it, and the sagas' workers came back from there.
        wait_until(lambda: front.ask('/counts')['placed'] == '4')
        wait_until(lambda: len(self.store.ask(
            ["select id from ashlar_saga.saga where status in ('unavailable', 'deadline_exceeded')"
             ])[0]) == 4)
        self.assertLess(time.monotonic() - began, 300)
        money.go_on()
        self.assertEqual(settle(self.store, PROGRAM), {})
        self.assertEqual(front.ask('/counts')['confirmed'], '4')


class Mistakes(unittest.TestCase):
    def deploy(self, text):
        place = tempfile.TemporaryDirectory(prefix='ashlar-placed-')
        self.addCleanup(place.cleanup)
        path = os.path.join(place.name, 'deploy.yaml')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def refused(self, *arguments):
        result = run(*arguments)
        self.assertEqual((result.returncode, result.stdout), (2, ''))
        return result.stderr

    def test_which_process(self):
        path = self.deploy(example('three'))
        self.assertIn('--process till, money or warehouse', self.refused('run', '--deploy', path))
        for verb in ('run', 'migrate', 'routes', 'modules', 'check-config'):
            told = self.refused(verb, '--deploy', path, '--process', 'wearhouse')
            self.assertIn("there is no process 'wearhouse'", told)
            self.assertIn("did you mean 'warehouse'?", told)
        self.assertIn('name one with --deploy', self.refused('run', '--process', 'till'))

    def test_what_cannot_run_does_not_start(self):
        path = self.deploy(TWO.replace('[inventory]', '[inventroy]'))
        told = self.refused('run', '--deploy', path, '--process', 'till')
        self.assertIn(f"{path}:9:15: there is no module 'inventroy'; did you mean 'inventory'?", told)
        path = self.deploy(TWO.replace('    address: http://127.0.0.1:8082\n', ''))
        self.assertIn("the process 'warehouse' needs an 'address': 'orders' calls 'inventory'",
                      self.refused('run', '--deploy', path, '--process', 'till'))

    def test_routes_and_migrations_are_of_the_process(self):
        path = self.deploy(TWO)
        routes = run('routes', '--deploy', path, '--process', 'warehouse').stdout
        self.assertEqual([line.split()[1] for line in routes.splitlines()],
                         ['/stock', '/stock/{sku}'])
        self.assertIn('/stock', run('routes', '--deploy', path, '--process', 'till').stdout)
        with tempfile.TemporaryDirectory(prefix='ashlar-placed-') as data:
            words = ('migrate', '--data', data, '--deploy', path, '--process')
            first = run(*words, 'warehouse').stdout
            self.assertIn('ran inventory 0001_product.sql\n', first)
            self.assertNotIn('orders', first)
            self.assertIn('ran orders 0001_order.sql\n', run(*words, 'till').stdout)
            self.assertEqual(run('migrate', '--data', data).stdout, '')


if __name__ == '__main__':
    PROGRAM = os.path.abspath(sys.argv[1])
    STORE = STORES[sys.argv[2] if len(sys.argv) > 2 else 'sqlite']
    run_on_server(STORE.name)
    unittest.main(argv=sys.argv[:1], verbosity=2)
