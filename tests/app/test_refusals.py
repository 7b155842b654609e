#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `ashlar check` cannot see is refused later: test_refusals.py SHOP SHOP_FOLDER BUILD

The shop, each time with one forbidden thing in it, is generated, compiled, started, migrated or asked;
each is refused at the first of these steps that can know, by a message that says where it stands, or
which two modules are concerned. ASHLAR_STORE is a location of a store; without it, SQLite.
"""
import os
import subprocess
import sys
import tempfile
import unittest

import shop
from variant import Maker, Refused

MAKER = STORE = None

# A method of billing that does what it is told, as no module should.
PROBE = (
    ('billing/billing.proto', 'service Billing {',
     'message ProbeRequest {\n  string what = 1;\n  string sql = 2;\n}\nmessage ProbeReply {}\n'
     'service Billing {\n  rpc Probe(ProbeRequest) returns (ProbeReply) {\n'
     '    option (ashlar.route) = "POST /probe";\n  }\n'),
    ('billing/module.yaml', 'layer: domain', 'layer: domain\ndepends_on: [inventory]'),
    ('billing/billing.c', '#include <string.h>', '''#include <string.h>

#include "inventory.port.h"
#include "notification.port.h"

static ash_status probe(ash_call *call, const BillingProbeRequest *in, BillingProbeReply *out)
{
	InventoryPriceRequest tea = {.sku = (char *)"tea"};
	InventoryPriceReply price;
	NotificationMessagesRequest first = {.order_id = 1};
	NotificationMessagesReply messages;
	(void)out;
	if (strcmp(in->what, "a port that is not declared") == 0)
		return (notification_messages)(call, &first, &messages);
	if (strcmp(in->what, "an own port outside") == 0)
		return inventory_price(call, &tea, &price);
	ASH_TX(tx, call);
	if (strcmp(in->what, "an own port inside a transaction") == 0)
		ASH_TRY(inventory_price(call, &tea, &price));
	if (strcmp(in->what, "an event of another module") == 0)
		ASH_TRY(ash_publish(tx, &orders_order_confirmed_event,
				    &(OrdersOrderConfirmed){.order_id = 1}));
	if (strcmp(in->what, "sql") == 0)
		ASH_TRY(ash_exec(tx, in->sql));
	return ash_commit(tx);
}
'''),
    ('billing/billing.c', '.get_invoice = get_invoice', '.get_invoice = get_invoice, .probe = probe'),
)

# Calls of two modules that billing does not declare; what is only included is no call.
UNDECLARED_INCLUDES = '''#include <string.h>

#include "analytics.port.h"
#include "inventory.port.h"
#include "notification.port.h"'''
UNDECLARED_CALLS = '''ash_status peek(ash_call *call);
ash_status peek(ash_call *call)
{
	NotificationMessagesRequest first = {.order_id = 1};
	NotificationMessagesReply messages;
	InventoryPriceReply price;
	ASH_TRY(notification_messages(call, &first, &messages)); /* not declared */
	return inventory_price(call, &(InventoryPriceRequest){0}, &price); /* not declared */
}

static bool is_declined('''

# Each is of billing, and touches what is another's. The other module is named with each.
FOREIGN_SQL = (
    ('orders', 'select order_id from orders.placed'),
    ('orders', "insert into orders.placed (customer) values ('x')"),
    ('orders', "update orders.placed set state = 'confirmed'"),
    ('orders', 'delete from orders.placed'),
    ('orders', 'select i.cents from billing.invoice i join orders.placed o on o.order_id = i.order_id'),
    ('inventory', 'with p as (select sku from inventory.product) select sku from p'),
    ('inventory', 'select (select count(*) from inventory.reservation)'),
    ('notification', 'delete from billing.invoice where order_id in '
                     '(select order_id from notification.message)'),
    ('analytics', 'insert into billing.payment (order_id, cents) select 1, cents from analytics.total'),
    ('ashlar_event', 'delete from ashlar_event.delivery'),
)

# Migrations of billing, and the other module that each names.
FOREIGN_MIGRATIONS = {
    '0002_key.sql': ('orders', 'create table billing.refund (\n'
                               '\torder_id bigint references orders.placed (order_id)\n);\n'),
    '0002_view.sql': ('orders', 'create view billing.open as\n'
                                "select order_id from orders.placed where state = 'placed';\n"),
    '0002_index.sql': ('inventory', 'create index product_cents on inventory.product (cents);\n'),
    '0002_data.sql': ('inventory', "\n\nupdate inventory.product set cents = 0;\n"),
    '0002_drop.sql': ('analytics', 'drop table analytics.total;\n'),
}


class Variants(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='ashlar-refused-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.data = os.path.join(self.folder, 'data')
        os.mkdir(self.data)

    def arguments(self):
        return ['--data', self.data] + (['--store', STORE] if STORE else [])

    def run_verb(self, program, *words):
        result = subprocess.run([program, *words, *self.arguments()], capture_output=True, text=True,
                                timeout=120, check=False)
        return result.returncode, result.stdout + result.stderr

    def refused(self, step, *changes):
        """What is said when the program cannot even be made."""
        with self.assertRaises(Refused) as caught:
            MAKER.make(self.folder, *changes)
        self.assertEqual(caught.exception.step, step, caught.exception.text)
        return caught.exception.text


class WhenItIsGenerated(Variants):
    def test_what_the_contract_names_and_no_proto_has(self):
        for old, new, place, name in (
                ('billing.v1.Declined]', 'billing.v1.Declined, billing.v1.Refunded]', '9:53',
                 'billing.v1.Refunded'),
                ('ports: [billing.v1.Billing]', 'ports: [billing.v1.Biling]', '7:9',
                 'billing.v1.Biling')):
            with self.subTest(name), tempfile.TemporaryDirectory(dir=self.folder) as folder:
                with self.assertRaises(Refused) as caught:
                    MAKER.make(folder, ('billing/module.yaml', old, new))
                self.assertEqual(caught.exception.step, 'generate')
                self.assertIn(f'billing/module.yaml:{place}:', caught.exception.text)
                self.assertIn(name, caught.exception.text)

    def test_a_key_of_what_is_not_published(self):
        text = self.refused('generate', ('billing/module.yaml', ', billing.v1.Declined]', ']'))
        self.assertIn("billing.proto:25:3: 'billing.v1.Declined' has a key, but ", text)

    def test_messages_of_another_module(self):
        text = self.refused('generate', ('billing/billing.proto', 'import "ashlar/options.proto";',
                                         'import "ashlar/options.proto";\nimport "orders.proto";'))
        self.assertIn('orders.proto', text)


class WhenItIsCompiled(Variants):
    def test_publishing_what_the_contract_does_not_say(self):
        text = self.refused('compile', ('billing/module.yaml', ', billing.v1.Declined]', ']'),
                            ('billing/billing.proto',
                             'message Declined {\n  option (ashlar.key) = "order_id";',
                             'message Declined {'))
        self.assertIn('billing_publish_declined', text)

    def test_handling_what_the_contract_does_not_say(self):
        text = self.refused('compile', ('billing/module.yaml', ', inventory.v1.Reserved]', ']'))
        self.assertIn('inventory_reserved', text)

    def test_calling_what_is_only_heard(self):
        text = self.refused('compile', (
            'billing/billing.c', 'static bool is_declined(',
            'ash_status peek(ash_call *call);\nash_status peek(ash_call *call)\n{\n'
            '\tOrdersOrder order;\n'
            '\treturn orders_get(call, &(OrdersGetRequest){.order_id = 1}, &order);\n}\n\n'
            'static bool is_declined('))
        self.assertIn('orders.v1.Orders.Get is a call of orders: add orders to depends_on in '
                      'module.yaml, and include orders.port.h', text)

    def test_calling_what_is_declared_and_not_included(self):
        text = self.refused(
            'compile',
            ('billing/module.yaml', 'layer: domain', 'layer: domain\ndepends_on: [analytics]'),
            ('billing/billing.c', 'static bool is_declined(',
             'ash_status peek(ash_call *call);\nash_status peek(ash_call *call)\n{\n'
             '\tAnalyticsCountsReply counts;\n\treturn ASH_OK;\n}\n\n'
             'static bool is_declined('))
        self.assertIn('AnalyticsCountsReply', text)

    def test_hearing_of_what_is_misspelt(self):
        for wrong, said in (('inventory.v1.Reservd', 'InventoryReservd'),
                            ('inventri.v1.Reserved', 'inventri.messages.h')):
            with self.subTest(wrong), tempfile.TemporaryDirectory(dir=self.folder) as folder:
                with self.assertRaises(Refused) as caught:
                    MAKER.make(folder, ('billing/module.yaml', 'inventory.v1.Reserved', wrong))
                self.assertEqual(caught.exception.step, 'compile')
                self.assertRegex(caught.exception.text, f'billing/module.yaml:10.*{said}')

    def test_publishing_another_modules_event(self):
        text = self.refused('compile', (
            'billing/billing.c', 'static bool is_declined(',
            'ash_status steal(ash_tx *tx);\nash_status steal(ash_tx *tx)\n{\n'
            '\treturn orders_publish_order_placed(tx, &(OrdersOrderPlaced){.order_id = 1});\n}\n\n'
            'static bool is_declined('))
        self.assertIn('orders_publish_order_placed', text)


class WhenItIsLinked(Variants):
    def test_hearing_of_what_nobody_publishes(self):
        text = self.refused(
            'link', ('orders/module.yaml', ', orders.v1.OrderCancelled]', ']'),
            ('orders/orders.proto', 'message OrderCancelled {\n  option (ashlar.key) = "order_id";',
             'message OrderCancelled {'),
            ('orders/orders.c', '\tif (cancelled.customer)\n\t\t'
             'ASH_TRY(orders_publish_order_cancelled(tx, &cancelled));\n', ''))
        for module in ('inventory', 'notification', 'analytics'):
            self.assertRegex(text, f'{module}.module.c.*orders_order_cancelled_event')


class WhenItStarts(Variants):
    def test_all_that_does_not_fit_is_told_at_once(self):
        program = MAKER.make(
            self.folder,
            # Two own one schema; one has no handler; one is not there.
            ('analytics/module.yaml', 'owns: [analytics]', 'owns: [analytics, notification]'),
            ('analytics/module.yaml', 'layer: platform', 'layer: platform\ndepends_on: [shipping]'),
            ('analytics/analytics.c', '.on = {.orders_order_placed = on_order_placed,', '.on = {'),
            ('analytics/analytics.c', 'static ash_status on_order_placed(',
             '__attribute__((unused)) static ash_status on_order_placed('))
        status, text = self.run_verb(program, 'run', '--listen', '127.0.0.1:0')
        self.assertEqual(status, 2, text)
        for line in (
                "the schema 'notification' has two owners: ",
                'analytics/module.yaml:10:16: analytics subscribes to orders.v1.OrderPlaced but has no '
                'handler for it; add it to ASH_MODULE(analytics)',
                "analytics/module.yaml:5:14: analytics depends on the module 'shipping', which the "
                'application does not have'):
            self.assertIn(line, text)
        self.assertEqual(os.listdir(self.data), [], 'nothing was opened')
        self.assertEqual(self.run_verb(program, 'check-config'), (2, text))

    def test_a_module_that_is_not_linked_in(self):
        program = MAKER.make(self.folder, ('app.h', '&inventory_module,', ''))
        status, text = self.run_verb(program, 'run', '--listen', '127.0.0.1:0')
        self.assertEqual(status, 2, text)
        self.assertIn("orders/module.yaml:5:14: orders depends on the module 'inventory'", text)
        self.assertIn('orders/module.yaml:11:16: orders subscribes to inventory.v1.OutOfStock', text)


    def test_a_call_of_a_port_that_is_not_declared(self):
        # In the module's file that names its handlers, and in another below its folder.
        program = MAKER.make(
            self.folder,
            ('billing/billing.c', '#include <string.h>', UNDECLARED_INCLUDES),
            ('billing/billing.c', 'static bool is_declined(', UNDECLARED_CALLS))
        status, text = self.run_verb(program, 'run', '--listen', '127.0.0.1:0')
        self.assertEqual(status, 2, text)
        with open(f'{self.folder}/shop/billing/billing.c', encoding='utf-8') as file:
            lines = [number for number, line in enumerate(file, 1) if '/* not declared */' in line]
        self.assertEqual(len(lines), 2)
        for line, method in zip(lines, ('notification.v1.Notification/Messages',
                                        'inventory.v1.Inventory/Price')):
            other = method.split('.')[0]
            self.assertIn(f'billing/billing.c:{line}: billing calls {method}, but its contract '
                          f'(billing/module.yaml:1) does not depend on {other}; add {other} to its '
                          'depends_on, or leave the call out', text)
        self.assertEqual(text.count('does not depend on'), 2, text)
        self.assertEqual(os.listdir(self.data), [], 'nothing was opened')
        self.assertEqual(self.run_verb(program, 'check-config'), (2, text))


class WhenItMigrates(Variants):
    def test_migrations_that_touch_another_module(self):
        for name, (other, sql) in FOREIGN_MIGRATIONS.items():
            with self.subTest(name), tempfile.TemporaryDirectory(dir=self.folder) as folder:
                program = MAKER.make(folder, (f'billing/migrations/{name}', None, sql))
                status, text = self.run_verb(program, 'migrate')
                self.assertEqual(status, 1, text)
                self.assertRegex(text, f'billing {name}:[1-3]: ')
                self.assertIn(f'module {other}', text)
                # What was refused left nothing behind: the shop as it is goes on from there.
                status, text = self.run_verb(MAKER_SHOP, 'migrate')
                self.assertEqual(status, 0, text)


class WhenItRuns(Variants):
    def setUp(self):
        super().setUp()
        self.shop = shop.Shop(MAKER.make(self.folder, *PROBE), self.data,
                              *(['--store', STORE] if STORE else []))
        self.addCleanup(self.shop.close)

    def probe(self, what, sql=''):
        with self.assertRaises(shop.Problem) as caught:
            self.shop.ask('/probe', {'what': what, 'sql': sql})
        return caught.exception.status, caught.exception.document['detail']

    def test_calls_events_and_statements(self):
        for other, sql in FOREIGN_SQL:
            with self.subTest(sql):
                status, detail = self.probe('sql', sql)
                self.assertEqual(status, 403, detail)
                self.assertIn('billing may not touch', detail)
                self.assertIn(f'module {other}', detail)
        status, detail = self.probe('a port that is not declared')
        self.assertEqual(status, 403)
        self.assertEqual(detail, 'billing may not call notification.v1.Notification: its contract '
                                 '(billing/module.yaml:1) does not depend on notification')
        status, detail = self.probe('an event of another module')
        self.assertEqual(status, 403)
        self.assertEqual(detail, 'billing may not publish orders.v1.OrderConfirmed: its contract '
                                 '(billing/module.yaml:1) does not say so')
        status, detail = self.probe('an own port inside a transaction')
        self.assertEqual(status, 500, 'the mistake is not of who asked')
        with open(f'{self.folder}/shop/billing/billing.c', encoding='utf-8') as file:
            lines = [number for number, line in enumerate(file, 1) if 'inventory_price(' in line]
        places, _, what = detail.partition(': ')
        self.assertEqual(set(places.split(' or ')), {f'billing/billing.c:{line}' for line in lines})
        self.assertTrue(what.startswith('billing calls inventory.v1.Inventory/Price inside an open '
                                        'transaction'), detail)
        # What is allowed is not refused.
        self.assertEqual(self.shop.ask('/probe', {'what': 'an own port outside'}), {})
        self.assertEqual(self.shop.ask('/probe', {'what': 'sql',
                                                  'sql': 'delete from billing.payment'}), {})
        self.assertEqual(self.shop.ask('/orders'), {}, 'and nothing was done')


if __name__ == '__main__':
    MAKER_SHOP = os.path.abspath(sys.argv.pop(1))
    SOURCE = os.path.realpath(sys.argv.pop(1))
    MAKER = Maker(os.path.realpath(sys.argv.pop(1)), SOURCE)
    STORE = os.environ.get('ASHLAR_STORE') or None
    unittest.main()
