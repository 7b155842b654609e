#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shop from its command line to its database: test_shop.py SHOP [STORE]"""
import os
import subprocess
import sys
import tempfile
import threading
import unittest

from shop import DECLINED_CARD, PATIENCE, POISON, Problem, Shop, settle, wait_until
from stores import STORES, run_on_server

PROGRAM = STORE = None


def new_store(test):
    store = STORE()
    test.addCleanup(store.close)
    return store


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)


class Pinned(unittest.TestCase):
    def test_each_loop_keeps_to_a_processor(self):
        shop = Shop(PROGRAM, new_store(self), '--pin', 'true')
        self.addCleanup(shop.close)
        allowed = os.sched_getaffinity(0)

        def pinned():
            threads = [os.sched_getaffinity(int(thread))
                       for thread in os.listdir(f'/proc/{shop.process.pid}/task')]
            return sorted(processor for its in threads if len(its) == 1 for processor in its)
        wait_until(lambda: pinned() == sorted(allowed)[:64] or len(allowed) == 1)


class Running(unittest.TestCase):
    def setUp(self):
        self.store = new_store(self)
        self.shop = Shop(PROGRAM, self.store, '--inspect', 'true')
        self.addCleanup(self.shop.close)

    def test_orders_have_each_effect_once(self):
        good = self.shop.place(quantity=2)
        declined = self.shop.place(sku='mug', card=DECLINED_CARD)
        too_many = self.shop.place(sku='teapot', quantity=4)
        self.assertEqual(settle(self.store), {})
        state = {order: self.shop.ask(f'/orders/{order}') for order in (good, declined, too_many)}
        self.assertEqual(state[good]['state'], 'confirmed')
        self.assertEqual(state[good]['cents'], '1580')
        self.assertEqual(state[declined]['reason'], 'the card was declined')
        self.assertEqual(state[too_many]['reason'], 'out of stock')
        self.assertEqual(self.shop.ask('/counts'),
                         {'placed': '3', 'confirmed': '1', 'cancelled': '2', 'cents': '1580'})
        self.assertEqual(self.shop.ask(f'/orders/{good}/invoice')['state'], 'paid')
        self.assertEqual(self.shop.ask(f'/orders/{declined}/messages')['messages'],
                         ['We are sorry, Ada: your order 2 was cancelled: the card was declined.'])
        self.assertEqual(self.shop.end(), 0)

    def test_a_key_that_is_repeated_places_one_order(self):
        first = self.shop.place(key='k1')
        self.assertEqual(self.shop.place(key='k1'), first)
        self.assertNotEqual(self.shop.place(key='k2'), first)
        self.assertEqual(len(self.shop.ask('/orders')['orders']), 2)

    def test_a_trace_goes_through_all_modules(self):
        trace = '0af7651916cd43dd8448eb211c80319c'
        _, headers = self.shop.ask('/orders', {'customer': 'Ada', 'sku': 'tea', 'quantity': 1},
                                   {'traceparent': f'00-{trace}-b7ad6b7169203331-01'}, raw=True)
        self.assertEqual(headers['Trace-Id'], trace)
        self.assertEqual(settle(self.store), {})

        def told():
            spans = self.shop.ask(f'/ashlar/traces/{trace}')['spans']
            ids = {span['id'] for span in spans} | {'b7ad6b7169203331'}
            return spans, {span['module'] for span in spans}, ids.issuperset(
                span['parent'] for span in spans)
        # The last spans end a little after what they did can be seen, each after those within it.
        expected = ({'orders', 'inventory', 'billing', 'notification', 'analytics'}, True)
        wait_until(lambda: told()[1:] == expected, lambda: str(told()))
        spans = told()[0]
        roots = [span for span in spans if span['parent'] == 'b7ad6b7169203331']
        self.assertEqual([span['name'] for span in roots], ['orders.v1.Orders/Place'])
        ids = {span['id'] for span in spans}
        self.assertEqual([span for span in spans if span['parent'] not in ids], roots)
        self.assertIn('sql exec', {span['name'] for span in spans})

    def problem(self, status, *arguments, **keywords):
        with self.assertRaises(Problem) as caught:
            self.shop.ask(*arguments, **keywords)
        self.assertEqual(caught.exception.status, status)
        return caught.exception.document

    def test_failures_are_problems(self):
        document = self.problem(404, '/orders/7')
        self.assertEqual(document['code'], 'not_found')
        self.assertEqual(document['detail'], 'there is no order 7')
        self.assertEqual(len(document['trace_id']), 32)
        self.problem(400, '/orders/x')
        self.problem(400, '/orders?color=red')
        self.problem(400, '/orders', {'customer': 'Ada', 'sku': 'tea', 'quantity': 0})
        self.problem(400, '/orders', {'customer': 'Ada', 'sku': 'tea', 'price': 1})
        self.problem(400, '/orders', [1])
        self.problem(400, '/stock/tea', {'sku': 'tea', 'quantity': 1})
        self.problem(404, '/orders', {'customer': 'Ada', 'sku': 'gold', 'quantity': 1})
        self.problem(415, '/orders', {}, {'Content-type': 'text/plain'})
        self.problem(415, '/orders', {}, {'Content-type': 'application/json; charset=iso-8859-1'})
        why = self.problem(415, '/orders', {}, {'Content-Encoding': 'gzip'})
        self.assertIn('compressed', why['detail'])
        for charset in ('utf-8', '"UTF-8"'):
            self.problem(400, '/orders', {'none': 1},
                         {'Content-type': f'Application/JSON ; charset={charset}',
                          'Content-Encoding': 'identity'})
        self.problem(405, '/counts', {})
        self.problem(400, '/counts', headers={'Idempotency-Key': 'x' * 288})
        # As a delivery's, which would then be taken for done.
        self.problem(400, '/counts', headers={'Idempotency-Key': 'ashlar/event/1/orders'})

    def test_a_call_finds_no_page(self):
        served = Shop(PROGRAM, self.store, '--serve-ports', 'all')
        self.addCleanup(served.close)
        self.assertIn('<html', served.ask('/', raw=True)[0])
        for path, status in (('/billing.v1.Billing/Nothing', 404), ('/billing.v1.Billing/Pay', 405),
                             ('/new.v1.New/Find?connect=v1&encoding=json&message={}', 404)):
            with self.assertRaises(Problem) as caught:
                served.ask(path)
            self.assertEqual(caught.exception.status, status, path)
            if status == 404:
                self.assertEqual(caught.exception.document['code'], 'unimplemented')
        stock = '/inventory.v1.Inventory/Stock?connect=v1&encoding=json&message=%7B%7D'
        self.assertIn('products', served.ask(stock, headers={'Ashlar-Caller': 'orders'}))

    def test_it_can_be_watched(self):
        self.shop.place()
        self.assertEqual(settle(self.store), {})
        self.assertEqual(self.shop.ask('/healthz'), {'status': 'ok'})
        self.assertEqual(self.shop.ask('/readyz'), {'status': 'ok'})
        expected = {'ashlar_outbox_waiting': '0', 'ashlar_dead_letters': '0',
                    'ashlar_events_published_total': '4', 'ashlar_events_delivered_total': '7',
                    'ashlar_http_request_duration_seconds_count{method="POST",route="/orders"}': '1'}

        def values():
            text, headers = self.shop.ask('/metrics', raw=True)
            self.assertTrue(headers['Content-Type'].startswith('text/plain; version=0.0.4'))
            every = dict(line.rsplit(' ', 1) for line in text.splitlines() if line[0] != '#')
            return {name: every[name] for name in expected}
        # What was done is counted a moment after it can be seen.
        wait_until(lambda: values() == expected, lambda: str(values()))

    def test_the_page_is_there(self):
        page, headers = self.shop.ask('/', raw=True)
        self.assertIn('<title>The shop</title>', page)
        self.assertTrue(headers['Content-Type'].startswith('text/html'))
        self.assertIn('text/css', self.shop.ask('/shop.css', raw=True)[1]['Content-Type'])

    def test_a_second_one_on_the_port_says_so(self):
        port = self.shop.address.rsplit(':', 1)[1]
        result = run('run', *self.store.arguments, '--listen', f'127.0.0.1:{port}')
        self.assertEqual(result.returncode, 75)
        self.assertIn(f'port {port}: ', result.stderr)
        self.assertIn(f': process {self.shop.process.pid} (shop), there since 2', result.stderr)


class Ending(unittest.TestCase):
    def test_sigterm_under_load_loses_nothing(self):
        store = new_store(self)
        shop = Shop(PROGRAM, store)
        self.addCleanup(shop.close)
        answered, failures = [], []

        def place():
            try:
                while True:
                    answered.append(int(shop.place()))
            except Problem as problem:
                failures.append(problem)
            except OSError:
                pass  # the port is closed

        clients = [threading.Thread(target=place) for _ in range(4)]
        for client in clients:
            client.start()
        wait_until(lambda: failures or len(answered) >= 50)
        self.assertEqual(shop.end(), 0)
        for client in clients:
            client.join()
        self.assertEqual(failures, [])
        placed = store.ask(['select order_id from orders.placed'])[0]
        self.assertEqual({row[0] for row in placed}, set(answered))
        after = Shop(PROGRAM, store)
        self.addCleanup(after.close)
        self.assertEqual(settle(store, PROGRAM), {})
        self.assertEqual(after.end(), 0)


class Roles(unittest.TestCase):
    def test_requests_and_events_in_two_processes(self):
        store = new_store(self)
        front = Shop(PROGRAM, store, role='http')
        self.addCleanup(front.close)
        order = front.place()
        self.assertEqual(front.ask(f'/orders/{order}')['state'], 'placed')
        back = Shop(PROGRAM, store, role='worker')
        self.addCleanup(back.close)
        self.assertEqual(settle(store, PROGRAM), {})
        self.assertEqual(front.ask(f'/orders/{order}')['state'], 'confirmed')
        self.assertEqual((back.end(), front.end()), (0, 0))


class Commands(unittest.TestCase):
    def test_what_opens_nothing(self):
        self.assertEqual(run('--version').stdout, 'shop 1.0.0\n')
        self.assertIn('dead-letters', run('help').stdout)
        self.assertIn('POST    /orders ', run('routes').stdout)
        self.assertIn('  subscribes  billing.v1.Paid\n', run('modules').stdout)
        self.assertEqual(run('check-config').returncode, 0)

    def test_mistakes_have_their_place(self):
        with tempfile.TemporaryDirectory(prefix='ashlar-shop-') as data:
            path = os.path.join(data, 'deploy.yaml')
            with open(path, 'w', encoding='utf-8') as file:
                file.write('listen: here\nrole: all\nworker: 3\nstore: [1]\n')
            result = run('check-config', '--deploy', path)
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stderr.replace(path, 'F'), (
            "F:1:9: 'here' is not listen: it should be ADDRESS:PORT, as 127.0.0.1:8080, "
            '[::]:8080 or :8080\n'
            "F:3:1: there is no setting 'worker'; did you mean 'workers'?\n"
            "F:4:8: 'store' has a list where a text should be\n"))
        self.assertEqual(run('walk').returncode, 2)
        self.assertEqual(run('run', '--workers', '0').returncode, 2)
        self.assertEqual(run('run', '--workers').returncode, 2)
        self.assertEqual(run('routes', 'more').returncode, 2)

    def test_a_policy_is_drawn(self):
        deploy = os.path.join(os.path.dirname(__file__), '../../examples/shop/deploy/careful.yaml')
        drawn = run('check-config', '--deploy', deploy)
        self.assertEqual((drawn.returncode, drawn.stderr), (0, ''))
        self.assertIn('  orders (till) -> inventory (warehouse)\n'
                      '    inventory.v1.Inventory/Price: quick, 800ms\n', drawn.stdout)

    def test_migrations_run_once(self):
        store = new_store(self)
        dry = run('migrate', '--dry-run', *store.arguments).stdout
        self.assertIn('would run orders 0001_order.sql\n', dry)
        self.assertIn('ran orders 0001_order.sql\n', run('migrate', *store.arguments).stdout)
        self.assertEqual(run('migrate', *store.arguments).stdout, '')

    def test_dead_letters_go_back(self):
        store = new_store(self)
        shop = Shop(PROGRAM, store, '--attempts', '2', '--retry', '1')
        self.addCleanup(shop.close)
        order = shop.place(customer=POISON)
        wait_until(lambda: store.ask(['select 1 from ashlar_event.delivery where state = 2'])[0])
        self.assertEqual(shop.end(), 0)
        listed = run('dead-letters', 'list', *store.arguments).stdout.split('\t')
        self.assertEqual(listed[1:3], ['notification', 'orders.v1.OrderConfirmed'])
        self.assertIn('check', listed[-1].lower())
        shown = run('dead-letters', 'show', listed[0], *store.arguments).stdout
        self.assertIn('"specversion":"1.0"', shown)
        self.assertEqual(run('dead-letters', 'requeue', *store.arguments).returncode, 2)
        back = run('dead-letters', 'requeue', listed[0], *store.arguments)
        self.assertEqual(back.stdout, '1 requeued\n')
        worker = Shop(PROGRAM, store, '--retry', '1', role='worker')
        self.addCleanup(worker.close)
        self.assertEqual(settle(store, PROGRAM), {})
        self.assertEqual(worker.end(), 0)
        dead = store.ask(['select key, attempts from ashlar_event.delivery'])[0]
        self.assertEqual([(str(key), attempts) for key, attempts in dead], [(order, 8)])

    def test_dead_letters_are_listed_by_time_and_in_pages(self):
        store = new_store(self)
        shop = Shop(PROGRAM, store, '--attempts', '1')
        self.addCleanup(shop.close)
        for _ in range(3):
            shop.place(customer=POISON)
        wait_until(lambda: len(store.ask(
            ['select 1 from ashlar_event.delivery where state = 2'])[0]) == 3)
        self.assertEqual(shop.end(), 0)

        def listed(*arguments):
            out = run('dead-letters', 'list', *store.arguments, *arguments)
            self.assertEqual(out.returncode, 0, out.stderr)
            return [line.split('\t')[0] for line in out.stdout.splitlines()]
        every = listed()
        self.assertEqual(len(every), 3)
        self.assertEqual(listed('--limit', '2'), every[:2])
        self.assertEqual(listed('--limit', '2', '--after', every[1]), every[2:])
        self.assertEqual(listed('--since', '1h'), every)
        self.assertEqual(listed('--since', '2099-01-01T00:00:00Z'), [])
        for flag, value in (('--since', 'yesterday'), ('--after', 'x'), ('--limit', '0')):
            wrong = run('dead-letters', 'list', *store.arguments, flag, value)
            self.assertEqual(wrong.returncode, 2)
            self.assertIn(f"{flag}: '{value}' is not", wrong.stderr)

    def test_a_list_says_where_the_next_page_begins(self):
        store = new_store(self)
        self.assertEqual(run('migrate', *store.arguments).returncode, 0)
        letters = [(event, subscriber) for event in range(1, 602)
                   for subscriber in ('analytics', 'billing')]
        now, empty = ('0', "x''") if store.name == 'sqlite' else ("'epoch'", "''")
        store.ask(['insert into ashlar_event.outbox (id, publisher, event, key, payload, trace, '
                   "published_at) values " + ', '.join(
                       f"({event}, 'orders', 'orders.v1.OrderPlaced', 'k{event}', {empty}, '', {now})"
                       for event in range(1, 602)),
                   'insert into ashlar_event.delivery (event_id, subscriber, key, state, attempts, '
                   'due_at, status, message, died_at) values ' + ', '.join(
                       f"({event}, '{subscriber}', 'k{event}', 2, 8, {now}, 'internal', 'x', {now})"
                       for event, subscriber in letters),
                   'insert into ashlar_event.delivery (event_id, subscriber, key, due_at) values ' +
                   ', '.join(f"({1000 + event}, '{subscriber}', 'k{event}', {now})"
                             for event, subscriber in letters[:6])], write=True)

        def page(what, *arguments):
            out = run('dead-letters', what, *store.arguments, '--block-keys', 'true', *arguments)
            self.assertEqual(out.returncode, 0, out.stderr)
            told = out.stderr.removeprefix('there are more; the next page: ').split()
            return [tuple(line.split('\t')[:2]) for line in out.stdout.splitlines()], told
        every = [(str(event), subscriber) for event, subscriber in letters]
        first, told = page('list')
        self.assertEqual((first, told), (every[:1000], ['--after', '500/billing']))
        self.assertEqual(page('list', *told), (every[1000:], []))
        second, told = page('list', *told, '--limit', '3')
        self.assertEqual((second, told), (every[1000:1003], ['--after', '502/analytics']))
        self.assertEqual(page('list', *told, '--limit', '1')[0], [every[1003]])
        self.assertEqual(page('list', '--after', '600', '--limit', '2'), (every[1200:], []))
        keys = [(subscriber, f'k{key}') for subscriber in ('analytics', 'billing')
                for key in range(1, 4)]
        self.assertEqual(page('keys'), (keys, []))
        first, told = page('keys', '--limit', '4')
        self.assertEqual((first, told), (keys[:4], ['--after', 'billing/k1']))
        self.assertEqual(page('keys', *told), (keys[4:], []))
        self.assertEqual(page('keys', '--subscriber', 'billing'), (keys[3:], []))
        for words in (('keys', '--after', '7'), ('requeue', '7', '--after', '7'),
                      ('list', '--after', '7/')):
            wrong = run('dead-letters', *words, *store.arguments)
            self.assertEqual(wrong.returncode, 2, wrong.stderr)
            self.assertIn('--after', wrong.stderr)

    def test_what_was_handled_is_replayed(self):
        store = new_store(self)
        shop = Shop(PROGRAM, store)
        self.addCleanup(shop.close)
        shop.place()
        self.assertEqual(settle(store, PROGRAM), {})
        self.assertEqual(shop.end(), 0)
        again = run('replay', 'analytics', '--since', '1h', '--event', 'orders.v1.OrderPlaced',
                    *store.arguments)
        self.assertEqual(again.stdout, '1 to be delivered again\n', again.stderr)
        self.assertEqual(run('replay', 'analytics', *store.arguments).returncode, 2)
        nobody = run('replay', 'nobody', '--since', '1h', *store.arguments)
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("the module 'nobody' does not subscribe", nobody.stderr)


if __name__ == '__main__':
    name = sys.argv[2] if len(sys.argv) > 2 and sys.argv[2] in STORES else 'sqlite'
    run_on_server(name)
    PROGRAM, STORE = os.path.abspath(sys.argv[1]), STORES[name]
    unittest.main(argv=[sys.argv[0]] + [word for word in sys.argv[2:] if word != name])
