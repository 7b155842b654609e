#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A handler of an event that calls a port does the same whichever process the port is in: the shop with
one that fails after it: test_handlers.py SHOP SHOP_FOLDER BUILD [STORE]"""
import os
import sys
import tempfile
import unittest

from placed import Placed
from shop import wait_until, waiting
from stores import STORES, run_on_server
from variant import Maker

PROGRAM = STORE = None

# For each order that is paid a mug comes in: a port that writes, between two that read. The first two
# attempts of an odd order fail after it, in the handler's own transaction; an even one is given up.
HANDLER = '''static unsigned tries;

static ash_status fail_now(ash_call *call, int64_t order_id)
{
	if (order_id % 2 == 0)
		return ash_give_up(call, ASH_FAILED_PRECONDITION, "an even order");
	return __atomic_fetch_add(&tries, 1, __ATOMIC_RELAXED) < 2
		       ? ash_fail(call, ASH_UNAVAILABLE, "not yet")
		       : ASH_OK;
}

static ash_status on_paid(ash_call *call, const BillingPaid *event)
{
	InventoryPriceReply price;
	InventoryRestockReply reply;
	ASH_TRY(inventory_price(call, &(InventoryPriceRequest){.sku = "mug"}, &price));
	ASH_TRY(inventory_restock(call, &(InventoryRestockRequest){.sku = "mug", .quantity = 1}, &reply));
	ASH_TRY(inventory_price(call, &(InventoryPriceRequest){.sku = "mug"}, &price));
	ASH_TRY(confirm(call, event->order_id));
	return fail_now(call, event->order_id);
}
'''

# Once a key, and how often it was asked for.
ONCE = '''	int64_t times = 0;
	ASH_TX(tx, call);
	ASH_QUERY(asked, tx, "insert into inventory.asked (key, times) values ($1, 1) on conflict (key)"
		  " do update set times = asked.times + 1 returning times",
		  ash_text(ash_idempotency_key(call)));
	if (ash_next(asked))
		times = ash_get_int(asked, 0);
	ASH_TRY(ash_end(asked));
	if (times > 1)
		return ash_commit(tx);
	ASH_QUERY(rows, tx,
		  "update inventory.product set quantity = quantity + $2,'''

CHANGES = (
    ('orders/orders.c', '''static ash_status on_paid(ash_call *call, const BillingPaid *event)
{
	return confirm(call, event->order_id);
}
''', HANDLER),
    ('inventory/inventory.c', '''	ASH_TX(tx, call);
	ASH_QUERY(rows, tx,
		  "update inventory.product set quantity = quantity + $2,''', ONCE),
    ('inventory/migrations/0004_asked.sql', None,
     'create table inventory.asked (key text primary key, times bigint not null);\n'),
)

ONE = '''version: 1
processes:
  till:
    modules: [orders, notification, analytics, billing, inventory]
    listen: 127.0.0.1:8080
    address: http://127.0.0.1:8080
'''

TWO = ONE.replace(', inventory]', ']') + '''  warehouse:
    modules: [inventory]
    listen: 127.0.0.1:8082
    address: http://127.0.0.1:8082
'''


class Handlers(unittest.TestCase):
    def run_in(self, text):
        store = STORE()
        self.addCleanup(store.close)
        # A process that is not there yet, or busy, uses up attempts before the port is called.
        placed = Placed(PROGRAM, store, text, '--attempts', '100')
        self.addCleanup(placed.close)
        gaps = placed.gaps()
        odd, even = int(placed.front.place()), int(placed.front.place())
        wait_until(lambda: not waiting(store))
        asked, paid, states, mugs, dead, supplies = store.ask([
            'select key, times from inventory.asked order by key',
            "select key, id from ashlar_event.outbox where event = 'billing.v1.Paid' order by id",
            'select order_id, state from orders.placed order by order_id',
            "select quantity, restocks from inventory.product where sku = 'mug'",
            'select subscriber, message from ashlar_event.delivery where state = 2',
            'select number from analytics.supply order by number'])
        event = {int(order): number for order, number in paid}
        times = dict(asked)
        key_of = {order: f'ashlar/event/{event[order]}/orders' for order in (odd, even)}
        self.assertEqual(times.keys(), set(key_of.values()))
        # Three attempts and one; more where the second look at the price found nobody for a while.
        self.assertGreaterEqual(times[key_of[odd]], 3)
        self.assertGreaterEqual(times[key_of[even]], 1)
        if placed.gaps() == gaps:
            self.assertEqual((times[key_of[odd]], times[key_of[even]]), (3, 1))
        # What the port did stays, once; what the handler wrote before it failed does not.
        self.assertEqual(mugs, [(1002, 2)])
        self.assertEqual(supplies, [(1,), (2,)])
        self.assertEqual(states, [(odd, 'confirmed'), (even, 'placed')])
        self.assertEqual(dead, [('orders', 'an even order')])

    def test_in_its_process(self):
        self.run_in(ONE)

    def test_in_another(self):
        self.run_in(TWO)


if __name__ == '__main__':
    MAKER = Maker(os.path.abspath(sys.argv[3]), os.path.abspath(sys.argv[2]))
    STORE = STORES[sys.argv[4] if len(sys.argv) > 4 else 'sqlite']
    run_on_server(STORE.name)
    with tempfile.TemporaryDirectory(prefix='ashlar-handlers-') as made:
        PROGRAM = MAKER.make(made, *CHANGES)
        unittest.main(argv=sys.argv[:1], verbosity=2)
