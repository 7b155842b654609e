#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What answers in place of a port whose process is gone or does not answer: a module of the caller's own
process, and one of a third: test_fallbacks.py SHOP SHOP_FOLDER BUILD [STORE]"""
import os
import subprocess
import sys
import tempfile
import time
import unittest

from placed import Placed
from shop import PATIENCE, Problem, settle, wait_until
from stores import STORES, run_on_server
from test_policies import INVOICE, metrics, of_invoices
from variant import Maker

MAKER = PROGRAM = STORE = None

ARCHIVE = 'archive.v1.Archive/GetInvoice'

CONTRACT = '''module: archive
description: what is known of invoices where billing is out of reach
owner: payments
layer: domain
depends_on: [billing]
public: [archive.proto]
ports: [archive.v1.Archive]
'''

PROTO = '''syntax = "proto3";

package archive.v1;

import "ashlar/options.proto";
import "billing.proto";

service Archive {
  rpc GetInvoice(billing.v1.InvoiceRequest) returns (billing.v1.Invoice) {
    option (ashlar.route) = "GET /archive/{order_id}";
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}
'''

CODE = '''#include "archive.module.h"
#include "billing.port.h"

static ash_status get_invoice(ash_call *call, const BillingInvoiceRequest *in, BillingInvoice *out)
{
	out->order_id = in->order_id;
	out->state = ash_format(call, "archived");
	return ASH_OK;
}

ASH_MODULE(archive, .archive = {.get_invoice = get_invoice});
'''

# Who asks for an order is told what billing knows of it: a module's call, beside that of the route.
CHANGES = (
    ('app.h', '#include "billing.port.h"', '#include "archive.port.h"\n#include "billing.port.h"'),
    ('app.h', '&orders_module,', '&archive_module, &orders_module,'),
    ('archive/module.yaml', None, CONTRACT),
    ('archive/archive.proto', None, PROTO),
    ('archive/archive.c', None, CODE),
    ('orders/module.yaml', 'depends_on: [inventory, billing]', 'depends_on: [inventory, billing, archive]'),
    ('orders/orders.c', '''	ASH_TRY(ash_end(rows));
	return ash_commit(tx);
}

static ash_status list(''', '''	ASH_TRY(ash_end(rows));
	ASH_TRY(ash_commit(tx));
	BillingInvoice invoice;
	ASH_TRY(billing_get_invoice(call, &(BillingInvoiceRequest){.order_id = in->order_id}, &invoice));
	out->reason = invoice.state;
	return ASH_OK;
}

static ash_status list('''),
)

HERE = '''version: 1
admin: true
processes:
  till:
    modules: [orders, notification, analytics, inventory, archive]
    front: true
    listen: 127.0.0.1:8080
    address: http://127.0.0.1:8080
  money:
    modules: [billing]
    listen: 127.0.0.1:8081
    address: http://127.0.0.1:8081
policies:
  spared:
    timeout: 8s
    breaker: {window: count, size: 10, minimum_calls: 4, open_wait: 1h}
    fallback: archive.v1.Archive
ports:
  billing.v1.Billing: {methods: {GetInvoice: {policy: spared}}}
'''

AWAY = HERE.replace('inventory, archive]', 'inventory]').replace('policies:', '''  vault:
    modules: [archive]
    listen: 127.0.0.1:8082
    address: http://127.0.0.1:8082
policies:''')


class Fallbacks(unittest.TestCase):
    def start(self, text):
        """An order that billing knows of, and whose invoice it shows."""
        self.store = STORE()
        self.addCleanup(self.store.close)
        self.placed = Placed(PROGRAM, self.store, text)
        self.addCleanup(self.placed.close)
        self.till = self.placed.front
        self.order = self.till.place()
        self.assertEqual(settle(self.store, PROGRAM), {})
        self.assertEqual(self.invoice()[0], 'paid')
        self.assertEqual(self.of_order(), 'paid')
        self.assertEqual(self.count('ashlar_policy_fallbacks_total'), 0)

    def invoice(self):
        """What the route answers, and its trace."""
        answer, headers = self.till.ask(f'/orders/{self.order}/invoice', raw=True)
        return answer.split('"state":"')[1].split('"')[0], headers['Trace-Id']

    def of_order(self):
        """What a module is answered."""
        return self.till.ask(f'/orders/{self.order}')['reason']

    def count(self, name, **labels):
        return metrics(self.till)[of_invoices(name, **labels)]

    def spans(self, trace):
        return self.till.ask(f'/ashlar/traces/{trace}')['spans']

    def look_at_trace(self, trace, why, *before):
        """The fallback's span says for what, and what answered is a part of it; `before` are other
        spans of policies."""
        # The other process ends its span a moment after it answered, and is asked for a second at most.
        def answered_in(spans):
            return [span for span in spans if span['name'] == ARCHIVE and span['module'] == 'archive']
        def found():
            return spans if answered_in(spans := self.spans(trace)) else None
        spans = wait_until(found, lambda: str(self.spans(trace)))
        self.assertEqual([span['name'] for span in spans if span['name'].startswith('policy')],
                         [*before, 'policy fallback'])
        fallback = next(span for span in spans if span['name'] == 'policy fallback')
        self.assertTrue(fallback['detail'].startswith(f'{ARCHIVE} after {why}: '), fallback['detail'])
        by_id = {span['id']: span for span in spans}
        answered = answered_in(spans)
        for span in answered:
            self.assertEqual(span['status'], 'ok')
            while span['id'] != fallback['id']:
                span = by_id[span['parent']]

    def look_at_numbers(self, fallbacks, **more):
        self.assertEqual(self.count('ashlar_policy_fallbacks_total'), fallbacks)
        self.assertEqual(self.count('ashlar_policy_failures_total'), more.get('failures', 0))
        self.assertEqual(self.count('ashlar_policy_timeouts_total'), more.get('timeouts', 0))
        self.assertEqual(self.count('ashlar_policy_refused_total', by='breaker'), more.get('refused', 0))

    def gone(self):
        """Billing's process is gone: each call is answered, until the circuit opens; then, too."""
        self.placed.processes['money'].kill()
        state, trace = self.invoice()
        self.assertEqual(state, 'archived')
        self.look_at_trace(trace, 'unavailable')
        self.assertEqual(self.of_order(), 'archived')
        self.look_at_numbers(2)
        # Two of the window's ten calls were answered; the circuit opens when as many failed.
        while self.count('ashlar_breaker_state', state='open') == 0:
            self.assertEqual(self.of_order(), 'archived')
            self.assertLess(self.count('ashlar_policy_calls_total'), 20)
        before = self.count('ashlar_policy_fallbacks_total')
        state, trace = self.invoice()
        self.assertEqual(state, 'archived')
        self.look_at_trace(trace, 'unavailable', 'policy refused')
        self.look_at_numbers(before + 1, refused=1)

    def back(self):
        """Billing is back, and its circuit is closed by hand."""
        self.placed.start('money')
        told = subprocess.run([PROGRAM, 'breakers', 'reset', INVOICE, '--deploy', self.placed.deploy,
                               '--process', 'till'], capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        self.assertRegex(told.stdout, rf'{INVOICE} +spared +closed ', told.stderr)
        wait_until(lambda: self.invoice()[0] == 'paid')
        self.assertEqual(self.of_order(), 'paid')

    def slow(self):
        """Billing takes what is sent and does not answer: what answers instead has the request's time,
        not the attempt's."""
        self.placed.processes['money'].stop()
        self.addCleanup(self.placed.processes['money'].go_on)
        before = self.count('ashlar_policy_fallbacks_total')
        began = time.monotonic()
        state, trace = self.invoice()
        self.assertEqual(state, 'archived')
        self.assertGreater(time.monotonic() - began, 7)
        self.look_at_trace(trace, 'deadline_exceeded')
        self.assertEqual(self.count('ashlar_policy_timeouts_total'), 1)
        self.assertEqual(self.count('ashlar_policy_fallbacks_total'), before + 1)
        self.placed.processes['money'].go_on()
        self.assertEqual(self.of_order(), 'paid')

    def test_one_in_the_same_process(self):
        self.start(HERE)
        self.slow()
        self.placed.close()
        self.start(HERE)
        self.gone()
        self.back()

    def test_one_in_another_process(self):
        self.start(AWAY)
        self.slow()
        self.placed.close()
        self.start(AWAY)
        self.gone()
        self.back()

    def test_it_is_gone_as_well(self):
        self.start(AWAY)
        for name in ('money', 'vault'):
            self.placed.processes[name].kill()
        with self.assertRaises(Problem) as caught:
            self.invoice()
        self.assertEqual(caught.exception.status, 503)
        self.assertIn(ARCHIVE.split('/', maxsplit=1)[0], caught.exception.document['detail'])
        self.look_at_numbers(1, failures=1)
        spans = self.spans(caught.exception.document['trace_id'])
        fallback = next(span for span in spans if span['name'] == 'policy fallback')
        self.assertEqual(fallback['status'], 'unavailable')


if __name__ == '__main__':
    MAKER = Maker(os.path.abspath(sys.argv[3]), os.path.abspath(sys.argv[2]))
    STORE = STORES[sys.argv[4] if len(sys.argv) > 4 else 'sqlite']
    run_on_server(STORE.name)
    with tempfile.TemporaryDirectory(prefix='ashlar-fallbacks-') as made:
        PROGRAM = MAKER.make(made, *CHANGES, new={'archive': 'billing'})
        unittest.main(argv=sys.argv[:1], verbosity=2)
