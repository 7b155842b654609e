#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shop's order flow in both its forms, and the verb sagas: test_sagas.py SHOP sqlite|postgresql"""
import json
import os
import signal
import subprocess
import sys
import unittest

from placed import Placed, example
from shop import DECLINED_CARD, PATIENCE, Problem, Shop, settle, wait_until
from stores import STORES, run_on_server

PROGRAM = STORE = None

# What is ordered, in this order: the last teapots are gone with the second.
ORDERS = (
    {'sku': 'tea', 'quantity': 2},
    {'sku': 'teapot', 'quantity': 2},
    {'sku': 'teapot', 'quantity': 2},
    {'sku': 'mug', 'quantity': 3, 'card': DECLINED_CARD},
    {'sku': 'mug', 'quantity': 1000, 'customer': 'Grace'},
    {'sku': 'mug', 'quantity': 1, 'customer': 'Grace'},
)

# All that an order leaves behind; its number and its times are left out.
LEFT = (
    'select customer, sku, quantity, cents, state, reason from orders.placed order by order_id',
    'select cents, state from billing.invoice order by order_id',
    'select cents from billing.payment order by order_id',
    'select sku, quantity from inventory.reservation order by order_id',
    'select sku, quantity from inventory.product order by sku',
    'select customer, body from notification.message order by order_id',
    'select placed, confirmed, cancelled, cents from analytics.total',
    "select event, count(*) from ashlar_event.outbox where event like 'orders.%' group by event"
    ' order by event',
)


class Sagas(unittest.TestCase):
    def setUp(self):
        self.store = STORES[STORE]()
        self.addCleanup(self.store.close)

    def run_shop(self, role='all', point=None, listens=None):
        # What one that dies had taken is free again soon, and what one that stands still has is not.
        shop = Shop(PROGRAM, self.store, '--lease', '10' if point else '60', '--retry', '20', role=role,
                    listens=listens, environment={'ASHLAR_FAULT_POINT': point} if point else None)
        self.addCleanup(shop.close)
        return shop

    def sagas(self, *words, status=0):
        result = subprocess.run([PROGRAM, 'sagas', *words, *self.store.arguments],
                                capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout if status == 0 else result.stderr

    def state(self, saga):
        return json.loads(self.sagas('show', saga, '--format', 'json'))['state']

    def place_all(self, flow, placement=None):
        """What the orders leave behind, one placed after the other has ended."""
        store = STORES[STORE]()
        placed = Placed(PROGRAM, store, example(placement)) if placement else None
        shop = placed.front if placed else Shop(PROGRAM, store)
        try:
            for order in ORDERS:
                shop.place(flow=flow, **order)
                self.assertEqual(settle(store, PROGRAM), {})
            sagas = store.ask(['select count(*) from ashlar_saga.saga'])[0][0][0]
            self.assertEqual(sagas, len(ORDERS) if flow == 'saga' else 0)
            return store.ask(LEFT)
        finally:
            if placed:
                placed.close()
            shop.close()
            store.close()

    def test_both_forms_leave_the_same_behind(self):
        choreography, saga = self.place_all('choreography'), self.place_all('saga')
        for question, one, other in zip(LEFT, choreography, saga):
            self.assertEqual(one, other, question)
        states = [row[4] for row in saga[0]]
        self.assertEqual(states, ['confirmed', 'confirmed', 'cancelled', 'cancelled', 'confirmed',
                                  'cancelled'])

    def test_a_saga_over_three_processes_leaves_the_same_behind(self):
        here, placed = self.place_all('saga'), self.place_all('saga', 'three')
        for question, one, other in zip(LEFT, here, placed):
            self.assertEqual(one, other, question)

    def test_a_flow_that_is_none_is_refused(self):
        with self.assertRaises(Problem) as refused:
            self.run_shop().place(flow='dance')
        self.assertEqual(refused.exception.status, 400)

    def test_what_was_paid_is_paid_back_when_it_is_canceled(self):
        shop = self.run_shop('http')
        order = shop.place(sku='mug', quantity=2, flow='saga')
        # The fifth step is to confirm; the four before it are recorded.
        worker = self.run_shop('worker', 'saga.begun:5')
        self.assertEqual(worker.process.wait(PATIENCE), -signal.SIGKILL)
        self.assertEqual(self.store.ask(['select cents from billing.payment',
                                         'select quantity from inventory.reservation']),
                         [[(2500,)], [(2,)]])
        self.assertIn('is undone', self.sagas('cancel', order))
        self.run_shop('worker')
        wait_until(lambda: self.state(order) == 'compensated')
        self.assertEqual(settle(self.store, PROGRAM), {})
        shown = self.sagas('show', order)
        self.assertRegex(shown, r'(?m)^state +compensated$')
        self.assertRegex(shown, r'(?m)^undone for +it was canceled$')
        self.assertRegex(shown, r'(?m)^ +1 +announce +done \S+, attempt 1 +undone \S+, attempt 1$')
        self.assertRegex(shown, r'(?m)^ +2 +invoice +done \S+, attempt 1 +nothing undoes it$')
        self.assertRegex(shown, r'(?m)^ +4 +pay +done \S+, attempt 1 +undone \S+, attempt 1$')
        plan = json.loads(self.sagas('show', order, '--format', 'json'))['plan']
        self.assertEqual([step['name'] for step in plan if step.get('undone')],
                         ['announce', 'reserve', 'pay'])
        undone = [step['undone'] for step in plan if step.get('undone')]
        self.assertEqual(undone, sorted(undone, reverse=True))
        invoice = self.store.ask(['select state from billing.invoice'])[0]
        self.assertEqual(invoice, [('refunded',)])
        self.assertIn('only one that is on its way forward',
                      self.sagas('cancel', order, status=1))

    def test_one_of_other_code_is_parked_and_resumed(self):
        shop = self.run_shop('http')
        order = shop.place(flow='saga')
        self.assertIn(f'orders.fulfil\t{order}\trunning\t0/5\t0\t', self.sagas('list'))
        lines = self.sagas('show', order).splitlines()
        head, first, second = lines[-6:-3]
        self.assertRegex(first, r'^ +1 +announce +now, attempt \d+ of \d+, again from \S+$')
        self.assertEqual((len(first) + 2, second[len(first) + 2:]),
                         (head.index('back'), 'nothing undoes it'))
        self.assertIn('only a parked one', self.sagas('resume', order, status=1))
        self.store.ask(['update ashlar_saga.saga set version = 99'], write=True)
        worker = self.run_shop('worker', listens=True)
        wait_until(lambda: self.sagas('list', '--state', 'parked'))
        shown = self.sagas('show', order)
        self.assertRegex(shown, r'(?m)^state +parked, on its way forward$')
        self.assertIn('it was started by another version', shown)
        self.assertIn(f'shop sagas resume {order}', shown)
        wait_until(lambda: worker.address)
        metrics, _ = worker.ask('/metrics', raw=True)
        self.assertIn('ashlar_sagas{state="parked"} 1\n', metrics)
        self.assertIn('ashlar_sagas{state="running"} 0\n', metrics)
        self.store.ask(['update ashlar_saga.saga set version = 1'], write=True)
        self.assertIn('goes on', self.sagas('resume', order))
        wait_until(lambda: self.state(order) == 'done')
        self.assertEqual(settle(self.store, PROGRAM), {})
        # It is counted a moment after it can be seen.
        ended = 'ashlar_sagas_ended_total{state="done"} 1\n'
        wait_until(lambda: ended in worker.ask('/metrics', raw=True)[0])

    def make_older(self):
        """All events by an hour."""
        hour = '3600000000' if STORE == 'sqlite' else "interval '1 hour'"
        self.store.ask([f'update ashlar_event.outbox set published_at = published_at - {hour}'],
                       write=True)

    def stuck(self, *words):
        lines = self.sagas('list', '--stuck', '--format', 'json', *words).splitlines()
        return [json.loads(line) for line in lines]

    def test_a_choreography_that_stands_still_is_named(self):
        shop = self.run_shop()
        shop.place()
        self.assertEqual(settle(self.store, PROGRAM), {})
        # The second order's goods cannot be kept: its row is there already.
        self.store.ask(["insert into inventory.reservation (order_id, sku, quantity) values"
                        " (2, 'tea', 1)"], write=True)
        self.assertEqual(shop.place(), '2')
        dead = ("select attempts from ashlar_event.delivery where state = 2"
                " and subscriber = 'inventory'")
        wait_until(lambda: self.store.ask([dead])[0])
        self.assertEqual(self.stuck(), [], 'its deadline has not passed')
        self.make_older()
        stuck, = self.stuck()
        self.assertEqual([stuck[name] for name in ('choreography', 'key', 'event', 'actor', 'next',
                                                   'why', 'attempts', 'status')],
                         ['orders.order', '2', 'orders.v1.OrderPlaced', 'inventory',
                          'inventory.v1.Reserved', 'could not handle it: it is a dead letter', 8,
                          'already_exists'])
        self.assertEqual(self.stuck('--module', 'billing'), [])
        self.assertEqual(self.stuck('--since', '30m'), [])
        self.assertIn('orders.order\t2\t', self.sagas('list', '--stuck'))
        shop.end()
        shop = self.run_shop()
        gauge = 'ashlar_choreographies_stuck{choreography="orders.order"} '
        wait_until(lambda: gauge + '1\n' in shop.ask('/metrics', raw=True)[0])
        wait_until(lambda: '1 of the choreography orders.order stand still' in shop.told())
        # What was wrong is mended, and the letter handed over again.
        self.store.ask(['delete from inventory.reservation where order_id = 2'], write=True)
        subprocess.run([PROGRAM, 'dead-letters', 'requeue', '--all', *self.store.arguments],
                       check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
        wait_until(lambda: not self.stuck())
        self.assertEqual(settle(self.store, PROGRAM), {})

    def test_one_whose_module_runs_nowhere_is_named(self):
        self.run_shop('http').place()
        self.make_older()
        stuck, = self.stuck()
        self.assertEqual((stuck['actor'], stuck['why']),
                         ('inventory', 'has not begun: no worker of it runs, or it is far behind'))

    def test_what_is_asked_for_is_listed(self):
        shop = self.run_shop('http')
        orders = [shop.place(flow='saga') for _ in range(3)]
        lines = self.sagas('list', '--format', 'json', '--module', 'orders').splitlines()
        self.assertEqual([json.loads(line)['id'] for line in lines], orders)
        self.assertEqual(self.sagas('list', '--state', 'done'), '')
        self.assertEqual(self.sagas('list', '--module', 'billing'), '')
        self.assertEqual(len(self.sagas('list', '--limit', '2', '--since', '1h').splitlines()), 2)
        self.assertEqual(self.sagas('list', '--stuck', '--saga', 'orders.order'), '')

    def page(self, *words):
        """The ids of a list, and how it says that there are more."""
        result = subprocess.run([PROGRAM, 'sagas', 'list', *words, *self.store.arguments],
                                capture_output=True, text=True, timeout=120, check=True)
        return [line.split('\t')[1] for line in result.stdout.splitlines()], result.stderr

    def test_pages_follow_each_other(self):
        shop = self.run_shop('http')
        orders = [shop.place(flow='saga') for _ in range(5)]
        more = 'there are more; the next page: --after orders.fulfil/{}\n'.format
        self.assertEqual(self.page('--limit', '2'), (orders[:2], more(orders[1])))
        self.assertEqual(self.page('--limit', '2', '--after', f'orders.fulfil/{orders[1]}'),
                         (orders[2:4], more(orders[3])))
        self.assertEqual(self.page('--limit', '2', '--after', orders[3]), (orders[4:], ''))
        self.assertEqual(self.page('--limit', '5'), (orders, ''))
        self.assertIn("there is no saga 'x/y'", self.sagas('list', '--after', 'x/y', status=1))

    def test_mistakes_are_told(self):
        subprocess.run([PROGRAM, 'migrate', *self.store.arguments], capture_output=True,
                       timeout=120, check=True)
        for words, status, said in (
                ((), 2, 'sagas list, show, resume or cancel [ID]'),
                (('lst',), 2, "did you mean 'list'?"),
                (('show',), 2, 'show which? Give an id'),
                (('list', '7'), 2, 'list takes no id'),
                (('list', '--state', 'parkd'), 2, "did you mean 'parked'?"),
                (('list', '--format', 'jsn'), 2, "did you mean 'json'?"),
                (('list', '--modul', 'x'), 2, "did you mean 'module'?"),
                (('list', '--module', 'order'), 2, "there is no module 'order'; did you mean 'orders'?"),
                (('list', '--module', 'nope'), 2, "there is no module 'nope'"),
                (('list', '--saga', 'orders.nope'), 2, "there is no saga 'orders.nope'"),
                (('list', '--saga', 'orders.fulfill'), 2, "did you mean 'orders.fulfil'?"),
                (('list', '--stuck', '--saga', 'orders.ordre'), 2, "did you mean 'orders.order'?"),
                (('list', '--stuck', '--after', '7'), 2, "--after is for list, not for '--stuck'"),
                (('show', '7', '--after', '7'), 2, "--after is for list, not for 'show'"),
                (('show', 'nothing'), 1, "there is no saga 'nothing'"),
                (('cancel', 'nothing'), 1, "there is no saga 'nothing'")):
            with self.subTest(words):
                self.assertIn(said, self.sagas(*words, status=status))
        self.run_shop('http').place(flow='saga')
        self.assertIn("did you mean '1'?", self.sagas('show', '12', status=1))
        page = subprocess.run([PROGRAM, 'sagas', '--help'], capture_output=True, text=True,
                              timeout=240, check=True).stdout
        self.assertIn('--state STATE', page)
        self.assertIn('--saga-days NUMBER', page)


if __name__ == '__main__':
    PROGRAM, STORE = os.path.abspath(sys.argv[1]), sys.argv[2]
    run_on_server(STORE)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
