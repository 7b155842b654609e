#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shop's traces at the OpenTelemetry collector's own receiver: test_otlp.py SHOP FOLDER

The receiver (tests/telemetry/collector) is built in FOLDER, from the Go module proxy, once. It reads
what the shop sends as any collector does, and counts what it refuses.
"""
import hashlib
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from peer import import_shop, not_run, wait_for

SHOP = COLLECTOR = None
shop, free_ports = import_shop()

MODULES = {'orders', 'inventory', 'billing', 'notification', 'analytics'}
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'collector')


def build(folder):
    """The collector's program. What the proxy does not give is a reason not to run; what does not
    compile is a failure."""
    go = shutil.which('go')
    if not go:
        not_run('there is no Go to build the OpenTelemetry receiver with')
    version = subprocess.run([go, 'env', 'GOVERSION'], capture_output=True, text=True, timeout=240,
                             check=True).stdout.strip()
    numbers = re.match(r'go1\.(\d+)', version)
    if not numbers or int(numbers[1]) < 21:
        not_run(f'the OpenTelemetry receiver needs Go 1.21 or newer, this is {version}')
    state = hashlib.sha256(version.encode())
    for name in ('main.go', 'go.mod', 'go.sum'):
        with open(os.path.join(SOURCE, name), 'rb') as file:
            state.update(file.read())
    program = os.path.join(folder, f'collector-{state.hexdigest()[:16]}')
    if os.path.exists(program):
        return program
    fetched = subprocess.run([go, 'mod', 'download'], cwd=SOURCE, capture_output=True, text=True,
                             timeout=600, check=False)
    if fetched.returncode != 0:
        why = (fetched.stderr.strip().splitlines() or ['go mod download failed'])[-1]
        not_run(f'the OpenTelemetry receiver cannot be fetched: {why}')
    os.makedirs(folder, exist_ok=True)
    subprocess.run([go, 'build', '-mod=readonly', '-trimpath', '-o', f'{program}.{os.getpid()}', '.'],
                   cwd=SOURCE, timeout=1200, check=True)
    os.rename(f'{program}.{os.getpid()}', program)
    return program


class Collector:
    """A receiver on a port, and what it said so far."""

    def __init__(self, port):
        self.process = subprocess.Popen([COLLECTOR, f'127.0.0.1:{port}'], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.spans = []     # in the order in which they came
        self.refused = []   # (word, number of spans) of batches that it was told to refuse
        self.counters = {}
        self.listens = threading.Event()
        self.told = threading.Semaphore(0)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        if not self.listens.wait(120):
            raise AssertionError('the receiver did not start')

    def read(self):
        for line in self.process.stdout:
            word, rest = line.rstrip('\n').split(' ', 1)
            if word == 'spans':
                self.spans += spans_of(json.loads(rest))
            elif word == 'counted':
                name, value = rest.split()
                self.counters[name] = int(value)
            elif word == 'told':
                self.told.release()
            elif word == 'listens':
                self.listens.set()
            else:
                self.refused.append((word, int(rest)))

    def tell(self, word, count):
        self.process.stdin.write(f'{word} {count}\n')
        self.process.stdin.flush()
        assert self.told.acquire(timeout=120)

    def end(self):
        """Ends it; its own counters are there then."""
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(120)
        self.reader.join()
        self.process.stdout.close()
        return self.counters

    def of(self, trace):
        return [span for span in self.spans if span['traceId'] == trace]


def spans_of(request):
    """The spans of a batch, each with its resource's and scope's names."""
    found = []
    for resource in request['resourceSpans']:
        attributes = {a['key']: a['value']['stringValue'] for a in resource['resource']['attributes']}
        for scope in resource['scopeSpans']:
            for span in scope['spans']:
                span['service'] = attributes['service.name']
                span['scope'] = scope['scope']['name']
                span['attributes'] = {a['key']: a['value']['stringValue']
                                      for a in span['attributes']}
                found.append(span)
    return found


class Received(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='ashlar-otlp-')
        self.addCleanup(folder.cleanup)
        self.data = folder.name
        self.port = free_ports(1)[0]
        self.shop = None

    def start_shop(self):
        self.shop = shop.Shop(SHOP, self.data, '--otlp', f'http://127.0.0.1:{self.port}',
                              '--inspect', 'true')
        self.addCleanup(self.shop.close)

    def start_collector(self):
        collector = Collector(self.port)
        self.addCleanup(collector.end)
        return collector

    def place(self, traceparent=None):
        headers = {'traceparent': traceparent} if traceparent else {}
        _, headers = self.shop.ask('/orders', {'customer': 'Ada', 'sku': 'tea', 'quantity': 1,
                                               'card': '4242'}, headers, raw=True)
        return headers['Trace-Id']

    def look_often(self, times):
        """At the first order, over one connection."""
        connection = http.client.HTTPConnection(self.shop.address.removeprefix('http://'))
        for _ in range(times):
            connection.request('GET', '/orders/1')
            connection.getresponse().read()
        connection.close()

    def metric(self, name):
        text, _ = self.shop.ask('/metrics', raw=True)
        return dict(line.rsplit(' ', 1) for line in text.splitlines() if line[0] != '#')[name]

    def outcome(self, name):
        return int(self.metric(f'ashlar_export_spans_total{{outcome="{name}"}}'))

    def whole_trace(self, collector, trace):
        """All spans of an order that ended: those that the shop itself shows."""
        self.assertEqual(shop.settle(self.data), {})

        def recorded():
            return {span['id'] for span in self.shop.ask(f'/ashlar/traces/{trace}')['spans']}

        def came():
            return {span['spanId'] for span in collector.of(trace)}
        # The last spans end a little after what they did can be seen, each after those within it.
        wait_for('the trace', lambda: self.is_whole(collector.of(trace)) and came() == recorded())
        spans = collector.of(trace)
        self.assertEqual({span['scope'] for span in spans}, MODULES)
        return spans

    def is_whole(self, spans):
        """Whether all but one span's parents are there."""
        ids = {span['spanId'] for span in spans}
        return sum(span.get('parentSpanId', '') not in ids for span in spans) == 1

    def check_trace(self, spans, parent=''):
        """One root, and every other's parent is there."""
        ids = {span['spanId'] for span in spans}
        self.assertEqual(len(ids), len(spans), 'an id twice')
        roots = [span for span in spans if span.get('parentSpanId', '') == parent]
        self.assertEqual([span['name'] for span in roots], ['orders.v1.Orders/Place'])
        self.assertEqual(roots[0]['kind'], 2)
        orphans = [span['name'] for span in spans
                   if span is not roots[0] and span['parentSpanId'] not in ids]
        self.assertEqual(orphans, [])
        for span in spans:
            self.assertRegex(span['spanId'], '^[0-9a-f]{16}$')
            self.assertEqual(span['service'], 'shop')
            self.assertEqual(span['scope'], span['attributes']['ashlar.module'])
            self.assertLessEqual(int(span['startTimeUnixNano']), int(span['endTimeUnixNano']))
            self.assertLess(abs(int(span['startTimeUnixNano']) / 1e9 - time.time()), 3600)

    def test_an_order_is_one_trace(self):
        collector = self.start_collector()
        self.start_shop()
        sent = '0af7651916cd43dd8448eb211c80319c'
        own = self.place()
        self.assertEqual(self.place(f'00-{sent}-b7ad6b7169203331-01'), sent)
        self.assertEqual(self.place(f'00-{"c" * 32}-b7ad6b7169203331-00'), 'c' * 32)
        spans = self.whole_trace(collector, own)
        self.check_trace(spans)
        names = [span['name'] for span in spans]
        # Who calls whom, who publishes what and who hears of it is in the shop's contracts.
        self.assertEqual(names.count('inventory.v1.Inventory/Price'), 1)
        kinds = {kind: sorted(s['name'] for s in spans if s['kind'] == kind) for kind in (4, 5)}
        self.assertEqual(kinds[4], ['billing.v1.Paid', 'inventory.v1.Reserved',
                                    'orders.v1.OrderConfirmed', 'orders.v1.OrderPlaced'])
        self.assertEqual(kinds[5], ['billing.v1.Paid', 'inventory.v1.Reserved'] +
                         2 * ['orders.v1.OrderConfirmed'] + 3 * ['orders.v1.OrderPlaced'])
        paid = [s for s in spans if s['attributes'].get('ashlar.detail', '') ==
                'insert into billing.payment (order_id, cents) values ($1, $2)']
        self.assertEqual([(s['name'], s['scope']) for s in paid], [('sql exec', 'billing')])
        self.check_trace(self.whole_trace(collector, sent), 'b7ad6b7169203331')
        self.assertEqual(collector.of('c' * 32), [], 'its caller did not want it recorded')
        self.assertEqual(self.shop.end(), 0)
        counters = collector.end()
        self.assertEqual(counters['otelcol_receiver_accepted_spans'], len(collector.spans))
        for name, value in counters.items():
            if 'refused' in name or 'failed' in name:
                self.assertEqual(value, 0, name)

    def test_what_was_recorded_while_the_collector_was_down_arrives_after(self):
        self.start_shop()
        traces = [self.place() for _ in range(5)]
        self.assertEqual(shop.settle(self.data), {})
        wait_for('it tried', lambda: int(self.metric('ashlar_export_failures_total')) > 0)
        self.assertEqual(self.outcome('sent'), 0)
        collector = self.start_collector()
        for trace in traces:
            self.check_trace(self.whole_trace(collector, trace))
        self.assertEqual((self.outcome('lost'), self.outcome('refused')), (0, 0))

    def test_the_queue_is_bounded(self):
        """16,384 spans are kept; what is older is counted as lost, and what is left arrives."""
        self.start_shop()
        self.place()
        self.assertEqual(shop.settle(self.data), {})
        # Each leaves a span of the request, of its statement and of its commit.
        browsers = [threading.Thread(target=self.look_often, args=[1800]) for _ in range(4)]
        for browser in browsers:
            browser.start()
        for browser in browsers:
            browser.join()
        self.assertEqual(self.metric('ashlar_port_calls_total{port="orders.v1.Orders",method="Get"}'),
                         '7200')
        collector = self.start_collector()
        wait_for('the rest', lambda: len(collector.spans) >= 16000 - 512)
        wait_for('it counts them', lambda: self.outcome('sent') == len(collector.spans))
        self.assertGreater(self.outcome('lost'), 0)
        self.assertLess(self.outcome('sent'), 16384 + 1024)
        self.check_trace(self.whole_trace(collector, self.place()))

    def test_busy_is_tried_again_and_bad_is_not(self):
        collector = self.start_collector()
        self.start_shop()
        collector.tell('busy', 2)
        trace = self.place()
        self.check_trace(self.whole_trace(collector, trace))
        self.assertEqual([word for word, _ in collector.refused], ['busy', 'busy'])
        self.assertEqual(int(self.metric('ashlar_export_failures_total')), 2)
        collector.tell('bad', 1)
        self.place()
        wait_for('the refusal', lambda: len(collector.refused) == 3)
        word, count = collector.refused[2]
        self.assertEqual(word, 'bad')
        wait_for('it is counted', lambda: self.outcome('refused') == count)
        self.check_trace(self.whole_trace(collector, self.place()))
        self.assertEqual(len(collector.refused), 3)
        self.assertEqual(int(self.metric('ashlar_export_failures_total')), 2)
        self.assertEqual(self.outcome('refused'), count)

    def test_what_is_left_is_sent_at_the_end(self):
        collector = self.start_collector()
        self.start_shop()
        trace = self.place()
        self.assertEqual(shop.settle(self.data), {})
        self.assertEqual(self.shop.end(), 0)
        wait_for('the trace', lambda: self.is_whole(collector.of(trace)))
        self.check_trace(collector.of(trace))


if __name__ == '__main__':
    COLLECTOR = build(os.path.abspath(sys.argv.pop(2)))
    SHOP = os.path.abspath(sys.argv.pop(1))
    unittest.main()
