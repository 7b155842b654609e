#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shop under a real Prometheus: test_prometheus.py SHOP FOLDER

Debian's Prometheus, from the system or from FOLDER, scrapes two shops, one of which delivers no
events, and is asked over its own HTTP API what it knows.
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

from peer import find, import_shop, not_run, wait_for

SHOP = PROMETHEUS = PROMTOOL = None
shop, free_ports = import_shop()

CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: shop
    static_configs:
      - {{targets: ['{all}'], labels: {{role: all}}}}
      - {{targets: ['{http}'], labels: {{role: http}}}}
"""

# As somebody would write them who runs a shop.
RULES = """
groups:
  - name: shop
    rules:
      - {alert: DeadLetters, expr: ashlar_dead_letters > 0}
      - {alert: EventsWait, expr: ashlar_outbox_lag_seconds > 0.5}
      - {alert: ShopDown, expr: up == 0}
"""


class Prometheus:
    def __init__(self, folder, shops):
        for name, text in (('prometheus.yml', CONFIGURATION.format(**shops)), ('rules.yml', RULES)):
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                file.write(text)
        self.log = open(os.path.join(folder, 'prometheus.log'), 'wb')
        self.url = f'http://127.0.0.1:{free_ports(1)[0]}'
        self.process = subprocess.Popen(
            [PROMETHEUS, f'--config.file={folder}/prometheus.yml', f'--storage.tsdb.path={folder}/tsdb',
             f'--web.listen-address={self.url[7:]}', '--log.level=warn'],
            stdout=self.log, stderr=subprocess.STDOUT, cwd=folder)
        wait_for('Prometheus is ready', self.is_ready)

    def is_ready(self):
        if self.process.poll() is not None:
            with open(self.log.name, encoding='utf-8') as log:
                raise AssertionError('Prometheus ended: ' + log.read()[-2000:])
        try:
            with urllib.request.urlopen(self.url + '/-/ready', timeout=30) as answer:
                return answer.status == 200
        except OSError:
            return False

    def ask(self, path, **query):
        url = f'{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}'
        with urllib.request.urlopen(url, timeout=120) as answer:
            document = json.load(answer)
        assert document['status'] == 'success', document
        return document['data']

    def value(self, expression):
        """The one value of an expression now; None when there is none, as when the last scrape failed."""
        result = self.ask('query', query=expression)['result']
        assert len(result) < 2, (expression, result)
        return float(result[0]['value'][1]) if result else None

    def alerts(self):
        return {(alert['labels']['alertname'], alert['labels'].get('role'))
                for alert in self.ask('alerts')['alerts'] if alert['state'] == 'firing'}

    def close(self):
        self.process.terminate()
        self.process.wait(120)
        self.log.close()


class Scraped(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix='ashlar-prometheus-')
        cls.addClassCleanup(cls.folder.cleanup)
        cls.shops = {}
        for role in ('all', 'http'):
            data = os.path.join(cls.folder.name, role)
            os.mkdir(data)
            cls.shops[role] = shop.Shop(SHOP, data, role=role)
            cls.addClassCleanup(cls.shops[role].close)
        cls.prometheus = Prometheus(cls.folder.name, {
            role: one.address.removeprefix('http://') for role, one in cls.shops.items()})
        cls.addClassCleanup(cls.prometheus.close)

    def becomes(self, expression, expected):
        """Waits until a scrape saw the expected value; what is said last is asserted."""
        try:
            wait_for(expression, lambda: self.prometheus.value(expression) == expected)
        except AssertionError:
            self.assertEqual(self.prometheus.value(expression), expected, expression)

    def grows(self, expression, least):
        wait_for(expression, lambda: (self.prometheus.value(expression) or 0) > least)

    def place_orders(self):
        """10 orders, of which 7 are paid, 2 declined and 1 is more than there is."""
        all_of_it = self.shops['all']
        for _ in range(7):
            all_of_it.place()
        for _ in range(2):
            all_of_it.place(card=shop.DECLINED_CARD)
        all_of_it.place(sku='teapot', quantity=4)
        self.assertEqual(shop.settle(all_of_it.store), {})

    def test_1_its_targets_are_up(self):
        def both():
            targets = self.prometheus.ask('targets')['activeTargets']
            return len(targets) == 2 and all(t['health'] == 'up' for t in targets) and targets

        for target in wait_for('both targets are up', both):
            self.assertEqual(target['lastError'], '')
            self.assertEqual(target['labels']['job'], 'shop')
        self.becomes('sum(up)', 2)

    def test_2_a_known_number_of_orders(self):
        self.place_orders()
        for path in ('/orders/700', '/nowhere'):
            with self.assertRaises(shop.Problem):
                self.shops['all'].ask(path)
        # By what the shop does with them: 10 placed, 7 confirmed, 3 cancelled; billing answers 9
        # reservations, inventory 10 orders. See the contracts in examples/shop.
        one = 'role="all"'
        for expression, expected in (
                (f'ashlar_port_calls_total{{{one},port="orders.v1.Orders",method="Place"}}', 10),
                (f'ashlar_port_calls_total{{{one},port="inventory.v1.Inventory",method="Price"}}',
                 10),
                (f'ashlar_port_failures_total{{{one},port="orders.v1.Orders",method="Get"}}', 1),
                (f'ashlar_http_request_duration_seconds_count{{{one},method="POST",'
                 'route="/orders"}', 10),
                (f'ashlar_http_request_duration_seconds_bucket{{{one},method="POST",'
                 'route="/orders",le="+Inf"}', 10),
                (f'ashlar_http_responses_total{{{one},class="4xx"}}', 2),
                (f'ashlar_events_published_total{{{one}}}', 10 + 9 + 1 + 9 + 10),
                (f'ashlar_events_died_total{{{one}}}', 0),
                (f'ashlar_outbox_waiting{{{one}}}', 0),
                (f'ashlar_outbox_lag_seconds{{{one}}}', 0),
                (f'ashlar_dead_letters{{{one}}}', 0)):
            with self.subTest(expression):
                self.becomes(expression, expected)
        # Each event goes to each that subscribes: as many deliveries as rows in the inbox.
        inbox = self.shops['all'].store.ask(['select count(*) from ashlar_event.inbox'])[0]
        self.becomes(f'ashlar_events_delivered_total{{{one}}}', inbox[0][0])
        self.assertGreater(inbox[0][0], 39)
        # What a rate and a quantile are made of.
        self.grows('histogram_quantile(0.5, sum by (le) (ashlar_http_request_duration_seconds_bucket))', 0)
        self.grows(f'ashlar_http_request_duration_seconds_sum{{{one},method="POST",route="/orders"}}', 0)
        # In one question: both are of one scrape.
        self.becomes(f'ashlar_store_connections{{{one},state="open"}} >= bool ignoring(state)'
                     f' ashlar_store_connections{{{one},state="busy"}}', 1)
        self.becomes(f'ashlar_store_connections{{{one},state="open"}} <= bool 16', 1)
        self.grows(f'ashlar_store_connections{{{one},state="open"}}', 0)

    def test_3_what_waits_and_what_is_dead(self):
        front = self.shops['http']
        front.place()
        self.becomes('ashlar_outbox_waiting{role="http"}', 3)
        self.grows('ashlar_outbox_lag_seconds{role="http"}', 1)
        front.store.ask(['update ashlar_event.delivery set state = 2, attempts = 8,'
                         " status = 'internal', message = 'out of paper', died_at = due_at"
                         " where subscriber = 'analytics'"], write=True)
        self.becomes('ashlar_dead_letters{role="http"}', 1)
        self.becomes('ashlar_outbox_waiting{role="http"}', 2)
        wait_for('both alerts', lambda: self.prometheus.alerts() >= {
            ('DeadLetters', 'http'), ('EventsWait', 'http')})
        self.assertFalse(self.prometheus.alerts() & {('DeadLetters', 'all'), ('EventsWait', 'all')})

    def test_4_each_says_what_it_is(self):
        text, _ = self.shops['all'].ask('/metrics', raw=True)
        lint = subprocess.run([PROMTOOL, 'check', 'metrics'], input=text, capture_output=True,
                              text=True, timeout=240, check=False)
        self.assertEqual((lint.returncode, lint.stdout, lint.stderr), (0, '', ''))
        written = {line.split()[2]: line.split()[3] for line in text.splitlines()
                   if line.startswith('# TYPE ')}
        def types(known):
            return {name: known[name][0]['type'] for name in known if name in written}
        wait_for('metadata', lambda: types(self.prometheus.ask('metadata')) == written)
        known = self.prometheus.ask('metadata')
        self.assertEqual(types(known), written)
        for name in written:
            self.assertEqual(len(known[name]), 1, known[name])
            self.assertTrue(known[name][0]['help'].endswith('.'), known[name])

    def test_5_what_ends_is_down(self):
        self.assertEqual(self.shops['http'].end(), 0)
        self.becomes('up{role="http"}', 0)
        self.becomes('up{role="all"}', 1)
        wait_for('the alert', lambda: ('ShopDown', 'http') in self.prometheus.alerts())


if __name__ == '__main__':
    UNPACKED = sys.argv.pop(2)
    SHOP = os.path.abspath(sys.argv.pop(1))
    PROMETHEUS, PROMTOOL = find('prometheus', UNPACKED), find('promtool', UNPACKED)
    if not PROMETHEUS or not PROMTOOL:
        not_run(f'there is no prometheus and promtool in PATH or {UNPACKED}; `make test` fetches them')
    unittest.main()
