#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Splits of programs that are not the shop: a second billing beside the first, so that two modules of one
program provide one port; and a billing one of whose methods joins its caller's transaction:
test_replaces.py SHOP SHOP_FOLDER BUILD [STORE]"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

from placed import Placed
from shop import PATIENCE, settle, wait_until, waiting
from stores import STORES, run_on_server
from test_splits import BILLING, SPLIT as APART, Load, compared, numbers, of_pay, served, share
from variant import Maker, Refused

MAKER = PROGRAM = STORE = None

CONTRACT = '''module: billing_next
description: the billing that is to come
owner: payments
layer: domain
public: [billing_next.proto]
replaces: billing
data: {owns: [billing_next]}
ports: [billing.v1.Billing]
'''

PROTO = '''syntax = "proto3";

package billing_next.v1;

import public "billing.proto";
'''

# It knows nothing of cents, so that its answers differ.
CODE = '''#include "billing_next.module.h"

static ash_status get_invoice(ash_call *call, const BillingInvoiceRequest *in, BillingInvoice *out)
{
	out->order_id = in->order_id;
	out->cents = 1;
	out->state = ash_format(call, "paid");
	return ASH_OK;
}

static ash_status open_invoice(ash_call *call, const BillingOpenRequest *in, BillingOpenReply *out)
{
	(void)call, (void)in, (void)out;
	return ASH_OK;
}

static ash_status pay(ash_call *call, const BillingPayRequest *in, BillingPayReply *out)
{
	(void)out;
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx, "insert into billing_next.paid (order_id) values ($1)"
			     " on conflict (order_id) do nothing",
			 ash_int(in->order_id)));
	return ash_commit(tx);
}

static ash_status refund(ash_call *call, const BillingRefundRequest *in, BillingRefundReply *out)
{
	(void)out;
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx, "delete from billing_next.paid where order_id = $1",
			 ash_int(in->order_id)));
	return ash_commit(tx);
}

ASH_MODULE(billing_next, .billing = {.get_invoice = get_invoice,
				     .open = open_invoice,
				     .pay = pay,
				     .refund = refund});
'''

# The first opens what it is to be paid for, so that an order may be opened by one and paid by the other.
CHANGES = (
    ('billing/billing.c', '	bool declined = false;\n	ASH_TX(tx, call);\n'
     '	ASH_TRY(charge(call, tx, in->order_id', '	bool declined = false;\n'
     '	ASH_TRY(insert_invoice(call, in->order_id, 0, ""));\n	ASH_TX(tx, call);\n'
     '	ASH_TRY(charge(call, tx, in->order_id'),
    ('app.h', '#include "billing.port.h"', '#include "billing.port.h"\n#include "billing_next.port.h"'),
    # Before the one that it replaces: their order makes no difference.
    ('app.h', '&orders_module,', '&billing_next_module, &orders_module,'),
    ('billing_next/module.yaml', None, CONTRACT),
    ('billing_next/billing_next.proto', None, PROTO),
    ('billing_next/billing_next.c', None, CODE),
    ('billing_next/migrations/0001_paid.sql', None,
     'create table billing_next.paid (order_id bigint primary key);\n'),
)

ONE = '''version: 1
processes:
  till:
    modules: [orders, notification, analytics, inventory, billing, billing_next]
    listen: 127.0.0.1:8080
    address: http://127.0.0.1:8080
'''

SPLIT = ONE + '''splits:
  billing.v1.Billing:
    from: billing
    to: billing_next
    share: 0%
    sticky: order_id
'''

# The calls begin in another process than the one that has both.
TWO = SPLIT.replace('inventory, billing, billing_next]', 'inventory]').replace('splits:', '''  money:
    modules: [billing, billing_next]
    listen: 127.0.0.1:8081
    address: http://127.0.0.1:8081
splits:''')

SHADOW = SPLIT + '    shadow: {share: 100%}\n'


class Replaces(unittest.TestCase):
    def start(self, text):
        self.store = STORE()
        self.addCleanup(self.store.close)
        self.placed = Placed(PROGRAM, self.store, text)
        self.addCleanup(self.placed.close)
        self.till = self.placed.processes['till']

    def splits(self, *words):
        done = subprocess.run([PROGRAM, 'splits', *words, '--deploy', self.placed.deploy,
                               *self.store.arguments], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def turn(self, process, to, points):
        self.splits('set', BILLING, to)
        wait_until(lambda: share(process) == points)

    def pays(self, process):
        counted = numbers(process)
        return counted[of_pay('from')], counted[of_pay('to')]

    def settle(self, orders):
        """Waits until all has its effects; each order was paid once, by one of the two. How many each
        was paid for."""
        wait_until(lambda: not waiting(self.store))
        states, old, new = self.store.ask([
            'select order_id, state from orders.placed', 'select order_id from billing.payment',
            'select order_id from billing_next.paid'])
        self.assertEqual(sorted(int(order) for order, _ in states), sorted(map(int, orders)))
        self.assertEqual({state for _, state in states}, {'confirmed'})
        self.assertEqual(sorted(int(row[0]) for row in old + new), sorted(map(int, orders)))
        return len(old), len(new)

    def turn_under_load(self, process):
        """From nothing to all and back, by the dial of the process that has both."""
        load = Load(self.till)
        self.addCleanup(load.end)
        for to, points in (('25%', 2500), ('50%', 5000), ('100%', 10000)):
            self.turn(process, to, points)
            began = self.pays(process)
            wait_until(lambda before=began: self.pays(process)[1] > before[1] + 10)
        # From here on all go to the new one, but for those that had begun.
        settled = self.pays(process)
        wait_until(lambda: self.pays(process)[1] > settled[1] + 30)
        self.assertLessEqual(self.pays(process)[0] - settled[0], 3 * len(load.threads))
        self.splits('back', BILLING)
        wait_until(lambda: share(process) == 0)
        back = self.pays(process)
        wait_until(lambda: self.pays(process)[0] > back[0] + 30)
        self.assertLessEqual(self.pays(process)[1] - back[1], 3 * len(load.threads))
        load.end()
        self.assertEqual(load.failed, [])
        old, new = self.settle(load.placed)
        print(f'{old} orders were paid by the old one, {new} by the new', file=sys.stderr)
        self.assertEqual((old, new), self.pays(process))
        counted = numbers(process)
        self.assertEqual([name for name, value in counted.items() if 'failures' in name and value], [])
        self.assertEqual([name for name, value in counted.items() if 'fallbacks' in name and value], [])
        for each in self.placed.end().values():
            self.assertEqual(each, 0)

    def test_the_dial_turns_under_load(self):
        self.start(SPLIT)
        self.turn_under_load(self.till)

    def test_the_dial_turns_where_both_are(self):
        self.start(TWO)
        self.turn_under_load(self.placed.processes['money'])

    def test_routes_are_split_too(self):
        self.start(SPLIT)
        order = self.till.place(flow='saga')
        self.settle([order])
        self.assertNotEqual(self.till.ask(f'/orders/{order}/invoice')['cents'], '1')
        self.turn(self.till, '100%', 10000)
        answer, headers = self.till.ask(f'/orders/{order}/invoice', raw=True)
        self.assertIn('"1"', answer)
        spans = self.till.ask('/ashlar/traces/' + headers['Trace-Id'])['spans']
        self.assertIn('split to billing_next', [span['name'] for span in spans])

    def test_a_method_is_split_where_both_are(self):
        """For calls of another process: the new one answers it, and the old one all others."""
        self.start(TWO.replace(f'{BILLING}:', f'{BILLING}/GetInvoice:'))
        money = self.placed.processes['money']
        self.splits('set', BILLING + '/GetInvoice', '100%')
        wait_until(lambda: share(money, 'GetInvoice') == 10000)
        order = self.till.place(flow='saga')
        self.assertEqual(self.settle([order]), (1, 0))
        self.assertEqual(money.ask(f'/orders/{order}/invoice')['cents'], '1')
        self.assertNotIn('Pay', ' '.join(numbers(money)))
        self.assertEqual(served(money)['Pay'], 1)

    def test_a_shadow_finds_what_differs(self):
        self.start(SHADOW)
        orders = [self.till.place(flow='saga') for _ in range(5)]
        self.settle(orders)
        def ask():
            for order in orders:
                self.assertNotEqual(self.till.ask(f'/orders/{order}/invoice')['cents'], '1')
        report = compared(self, 5, ask)
        self.assertIn('0 equal, 0 differ in noise only, 5 differ', report)
        self.assertRegex(report, r'(?m)^  cents\tdifferent\t5 of 5 differ')
        self.assertNotIn('state\t', report)
        self.assertNotIn('/Pay', report)

    def test_without_a_split_all_go_to_the_first(self):
        self.start(ONE)
        orders = [self.till.place(flow='saga') for _ in range(5)]
        self.assertEqual(self.settle(orders), (5, 0))


class Joins(unittest.TestCase):
    """An invoice is opened in the caller's transaction, which is where that is; all else is split."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix='ashlar-joins-')
        cls.addClassCleanup(cls.folder.cleanup)
        cls.program = MAKER.make(cls.folder.name, (
            'billing/billing.proto', 'rpc Open(OpenRequest) returns (OpenReply);',
            'rpc Open(OpenRequest) returns (OpenReply) { option (ashlar.transaction) = joins; }'))

    def test_what_joins_stays_where_its_caller_is(self):
        back = APART.replace('from: billing@till', 'from: billing@x').replace(
            'to: billing@money', 'to: billing@till').replace('billing@x', 'billing@money')
        for text in (APART.replace('share: 0%', 'share: 100%'), back):
            with self.subTest(text):
                store = STORE()
                self.addCleanup(store.close)
                placed = Placed(self.program, store, text)
                self.addCleanup(placed.close)
                till, money = (placed.processes[name] for name in ('till', 'money'))
                gaps = placed.gaps()
                for _ in range(5):
                    till.place(flow='saga')
                self.assertEqual(settle(store, self.program), {})
                # Its transaction is the till's; the rest is paid by the other process.
                self.assertEqual(served(till)['Open'], 5)
                self.assertEqual(served(money)['Open'], 0)
                if placed.gaps() == gaps:  # else the till may have had to do it itself
                    self.assertEqual(served(money),
                                     {'GetInvoice': 0, 'Open': 0, 'Pay': 5, 'Refund': 0})
                self.assertNotIn('Open', ' '.join(numbers(till)))
                placed.close()

    def test_what_cannot_be(self):
        torn = APART.replace('inventory, billing]', 'inventory]').replace('splits:', '''  bank:
    modules: [billing]
    listen: 127.0.0.1:8082
    address: http://127.0.0.1:8082
splits:''').replace('billing@till', 'billing@bank')
        for text, told in (
                (APART.replace(f'{BILLING}:', f'{BILLING}/Open:'), f'FILE:12:3: {BILLING}/Open joins its'
                 " caller's transaction, which two sides cannot share: it cannot be split"),
                (torn, f"FILE:4:15: 'orders' depends on 'billing', whose {BILLING}/Open joins")):
            self.assertIn(told, check(self.program, 'check-config', text, self, 2))


def check(program, verb, text, test, status=0):
    """What the verb says of the deployment file."""
    with tempfile.TemporaryDirectory(prefix='ashlar-replaces-') as place:
        path = os.path.join(place, 'deploy.yaml')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        done = subprocess.run([program, verb, '--deploy', path], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
    test.assertEqual(done.returncode, status, done.stderr)
    return (done.stderr if status else done.stdout).replace(path, 'FILE')


class Said(unittest.TestCase):
    def ask(self, verb, text, status=0):
        return check(PROGRAM, verb, text, self, status)

    def test_who_gets_calls(self):
        first = 'beside billing: calls come by a split alone, and there is none: all go to the first\n'
        split = 'beside billing: calls come as the split of the deployment file says\n'
        for text, told in ((ONE, first), (SPLIT, split)):
            self.assertIn(f'billing_next provides {BILLING} {told}', self.ask('check-config', text))
            self.assertIn(f'  provides    {BILLING}, {told}', self.ask('modules', text))
        self.assertEqual(len(re.findall('/invoice', self.ask('routes', ONE))), 1)

    def test_what_cannot_be(self):
        apart = TWO.replace('billing, billing_next]', 'billing]').replace(
            'inventory]', 'inventory, billing_next]')
        for text, told in (
                (SPLIT.replace('to: billing_next', 'to: billing@till'), 'FILE:10:9: both sides of the split'
                 ' are one module in one process'),
                (apart, 'split within one process: put \'billing_next\' into that of the other')):
            self.assertIn(told, self.ask('check-config', text, 2))

    def test_a_second_provider_by_mistake(self):
        with tempfile.TemporaryDirectory(prefix='ashlar-replaces-') as folder:
            mistake = [(path, old, new.replace('replaces: billing\n', '')) for path, old, new in CHANGES]
            with self.assertRaises(Refused) as refused:
                MAKER.make(folder, *mistake, new={'billing_next': 'billing'})
        self.assertEqual(refused.exception.step, 'generate')
        self.assertIn("module.yaml:7:9: no .proto of the module has a service 'billing.v1.Billing'",
                      refused.exception.text)


if __name__ == '__main__':
    MAKER = Maker(os.path.abspath(sys.argv[3]), os.path.abspath(sys.argv[2]))
    STORE = STORES[sys.argv[4] if len(sys.argv) > 4 else 'sqlite']
    run_on_server(STORE.name)
    with tempfile.TemporaryDirectory(prefix='ashlar-replaces-') as made:
        PROGRAM = MAKER.make(made, *CHANGES, new={'billing_next': 'billing'})
        unittest.main(argv=sys.argv[:1], verbosity=2)
