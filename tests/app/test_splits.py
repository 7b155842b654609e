#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A port that two processes answer: the dial turned under load, and back; a side that dies; answers that
are compared: test_splits.py SHOP [STORE]"""
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from placed import Placed, on_free_ports
from shop import PATIENCE, Problem, settle, wait_until
from stores import STORES, run_on_server

PROGRAM = STORE = None

BILLING = 'billing.v1.Billing'

SPLIT = '''version: 1
processes:
  till:
    modules: [orders, notification, analytics, inventory, billing]
    listen: 127.0.0.1:8080
    address: http://127.0.0.1:8080
  money:
    modules: [billing]
    listen: 127.0.0.1:8081
    address: http://127.0.0.1:8081
splits:
  billing.v1.Billing:
    from: billing@till
    to: billing@money
    share: 0%
    sticky: order_id
'''

SHADOW = SPLIT + '    shadow: {share: 100%, ignore: [cents]}\n'


def numbers(process):
    """What /metrics says of splits: names with their labels, less those that are always the same."""
    text, _ = process.ask('/metrics', raw=True)
    return {re.sub(r'port="[^"]*",?|,implementation="[^"]*"|\{\}', '', name).replace('{}', ''): int(value)
            for name, value in re.findall(r'^(ashlar_(?:split|shadow)\S*) (\d+)$', text, re.M)}


def share(process, method='Pay'):
    return numbers(process)[f'ashlar_split_share{{method="{method}"}}']


def of_pay(side):
    return f'ashlar_split_calls_total{{method="Pay",side="{side}"}}'


EQUAL = 'ashlar_shadow_calls_total{method="GetInvoice",result="equal"}'

# Two methods are split, each by a dial of its own.
GET, PAY = BILLING + '/GetInvoice', BILLING + '/Pay'
SIDES = 'from: billing@till, to: billing@money, share: 0%, sticky: order_id'
FLIPPED = SIDES.replace('from: billing@till, to: billing@money', 'from: billing@money, to: billing@till')
METHODS = SPLIT.split('splits:', maxsplit=1)[0] + f'''splits:
  {GET}: {{{SIDES}, shadow: {{share: 100%}}}}
  {PAY}: {{{SIDES}}}
'''

def served(process):
    """Calls of billing that the process answered, by method."""
    text, _ = process.ask('/metrics', raw=True)
    return {method: int(count) for method, count in re.findall(
        rf'^ashlar_port_calls_total{{port="{BILLING}",method="(\w+)"}} (\d+)$', text, re.M)}


def compared(test, calls, ask):
    """The report of so many calls, which `ask` makes. Nobody waits for the second call of a pair, which
    may take two seconds: where the machine let it stand still for longer, all is forgotten and asked
    anew."""
    for _ in range(5):
        ask()
        wait_until(lambda: f'{calls} calls were made to both' in test.splits('report', BILLING),
                   lambda: test.splits('report', BILLING))
        report = test.splits('report', BILLING)
        if not re.search(': [1-9][0-9]* failed', report):
            return report
        test.splits('forget', BILLING)
    raise AssertionError(report)


# Neither side is where the calls begin.
AWAY = SPLIT.replace('inventory, billing]', 'inventory]').replace('splits:', '''  bank:
    modules: [billing]
    listen: 127.0.0.1:8082
    address: http://127.0.0.1:8082
splits:''').replace('billing@till', 'billing@bank')


class Load:
    """Orders by several threads, which wait until an order has ended before they place the next; each
    has billing called twice."""

    def __init__(self, shop, threads=6):
        self.shop, self.placed, self.failed, self.over = shop, [], [], threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.over.is_set():
            try:
                order = self.shop.place(flow='saga')
                self.placed.append(order)
                while (not self.over.is_set()
                       and self.shop.ask(f'/orders/{order}')['state'] == 'placed'):
                    time.sleep(0.02)
            except (Problem, OSError) as problem:
                self.failed.append(problem)

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


class Splits(unittest.TestCase):
    def start(self, text):
        self.store = STORE()
        self.addCleanup(self.store.close)
        self.placed = Placed(PROGRAM, self.store, text)
        self.addCleanup(self.placed.close)
        self.till, self.money = (self.placed.processes[name] for name in ('till', 'money'))
        self.gaps = self.placed.gaps()

    def was_steady(self):
        """Whether each process found all others to answer, all the time. One that it did not is called
        no more for a while, and the other side takes what was to be done there, and no call of it is
        lost: that, and no more, holds then."""
        return self.placed.gaps() == self.gaps

    def splits(self, *words, status=0):
        done = subprocess.run([PROGRAM, 'splits', *words, '--deploy', self.placed.deploy,
                               *self.store.arguments], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def until(self, what):
        """How long it took until that was true."""
        began = time.monotonic()
        wait_until(what)
        return time.monotonic() - began

    def turn(self, to, points):
        """Sets the share, and waits until both processes have seen it: how long that took."""
        self.splits('set', BILLING, to)
        return self.until(lambda: all(share(process) == points
                                      for process in (self.till, self.money)))

    def pays(self):
        counted = numbers(self.till)
        return counted[of_pay('from')], counted[of_pay('to')]

    def settle(self):
        """A saga that is under way is done by now; everything has its effects."""
        self.assertEqual(settle(self.store, PROGRAM), {})

    def test_the_dial_turns_under_load(self):
        self.start(SPLIT)
        load = Load(self.till)
        self.addCleanup(load.end)
        took = []
        for to, points in (('25%', 2500), ('50%', 5000), ('100%', 10000)):
            took.append(self.turn(to, points))
            began = self.pays()
            self.until(lambda before=began: self.pays()[1] > before[1] + 20)
        # From here on all go to money, but for those that had begun.
        settled = self.pays()
        self.until(lambda: self.pays()[1] > settled[1] + 50)
        late = self.pays()[0] - settled[0]
        if self.was_steady():
            self.assertLessEqual(late, 3 * len(load.threads))
        began = time.monotonic()
        self.splits('back', BILLING)
        self.until(lambda: all(share(process) == 0
                               for process in (self.till, self.money)))
        took.append(time.monotonic() - began)
        back = self.pays()
        self.until(lambda: self.pays()[0] > back[0] + 50)
        self.assertLessEqual(self.pays()[1] - back[1], 3 * len(load.threads))
        load.end()
        print(f'seen after {", ".join(f"{each:.2f}" for each in took)} s;'
              f' {len(load.placed)} orders', file=sys.stderr)
        # A look each half second, and a machine that is busy; what is not looked for is never seen.
        self.assertLess(min(took), 10)
        self.assertEqual(load.failed, [])
        self.settle()
        # Each order was paid once, on one side, by one call.
        if self.was_steady():
            counted = numbers(self.till)
            self.assertEqual([name for name, value in counted.items()
                              if 'failures' in name and value], [])
            self.assertEqual([name for name, value in counted.items()
                              if 'fallbacks' in name and value], [])
            self.assertEqual(sum(self.pays()), len(load.placed))
        self.assertEqual(self.till.end(), 0)
        self.assertEqual(self.money.end(), 0)

    def test_what_is_refused_by_a_dead_side_is_done_by_the_other(self):
        self.start(SPLIT)
        self.turn('100%', 10000)
        self.till.place(flow='saga')
        self.settle()
        self.money.kill()
        orders = [self.till.place(flow='saga') for _ in range(10)]
        self.settle()
        for order in orders:
            self.assertEqual(self.till.ask(f'/orders/{order}/invoice')['state'], 'paid')
        taken = [value for name, value in numbers(self.till).items() if 'fallbacks' in name]
        self.assertGreaterEqual(sum(taken), 20)

    def test_what_is_set_by_hand_lasts_until_the_file_changes(self):
        self.start(SPLIT)
        self.assertIn('processes that run see it', self.splits('set', BILLING, '12.5%'))
        self.placed.end()
        self.till = self.placed.start('till')
        self.assertEqual(share(self.till), 1250)
        self.till.end()
        with open(self.placed.deploy, encoding='utf-8') as file:
            text = file.read()
        with open(self.placed.deploy, 'w', encoding='utf-8') as file:
            file.write(text.replace('share: 0%', 'share: 3%'))
        self.till = self.placed.start('till')
        self.assertEqual(share(self.till), 300)
        lines = self.splits('list').splitlines()
        self.assertRegex(lines[0], rf'^{BILLING}\t3.00%\tbilling@till\tbilling@money\t\(3.00% in the file\)$')
        changes = [line.split('\t')[2:] for line in lines[1:]]
        self.assertEqual([change[:2] for change in changes],
                         [['-', '0.00%'], ['0.00%', '12.50%'], ['12.50%', '3.00%']])
        self.assertIn('line', changes[0][2])
        self.assertIn('@', changes[1][2])

    def test_answers_are_compared(self):
        self.start(SHADOW)
        orders = [self.till.place(flow='saga') for _ in range(5)]
        self.settle()
        report = compared(self, 5, lambda: [self.till.ask(f'/orders/{order}/invoice')
                                            for order in orders])
        self.assertGreaterEqual(numbers(self.till)[EQUAL], 5)
        self.assertIn(f'{BILLING}/GetInvoice, ', report)
        self.assertIn('5 equal, 0 differ in noise only, 0 differ', report)
        self.assertNotIn('/Pay', report)  # what has effects is not made twice
        self.assertEqual(numbers(self.till)[of_pay('to')], 0)
        self.splits('forget', BILLING)
        self.assertIn('no call was compared yet', self.splits('report', BILLING))
        self.assertEqual(self.till.end(), 0)

    def test_both_sides_may_be_away(self):
        self.start(AWAY)
        bank = self.placed.processes['bank']
        self.turn('50%', 5000)
        for _ in range(40):
            self.till.place(flow='saga')
        self.settle()
        self.assertGreaterEqual(sum(self.pays()), 40)
        self.assertGreater(min(self.pays()), 0)
        # Who is called answers, and splits nothing once more.
        for process, side in ((self.money, 'to'), (bank, 'from')):
            self.assertEqual([name for name, value in numbers(process).items()
                              if 'calls' in name and value], [])
            text, _ = process.ask('/metrics', raw=True)
            served = re.search(r'^ashlar_port_calls_total\{port="billing.v1.Billing",method="Pay"\} (\d+)$',
                               text, re.M)
            if self.was_steady():
                self.assertEqual(int(served.group(1)), numbers(self.till)[of_pay(side)])
        if self.was_steady():
            self.assertEqual(sum(self.pays()), 40)

    def test_a_trace_says_the_side(self):
        self.start(SPLIT)
        order = self.till.place(flow='saga')
        self.settle()
        self.turn('100%', 10000)
        _, headers = self.till.ask(f'/orders/{order}/invoice', raw=True)
        spans = self.till.ask('/ashlar/traces/' + headers['Trace-Id'])['spans']
        self.assertIn('split to billing@money', [span['name'] for span in spans])

    def test_over_http(self):
        self.start(SPLIT + 'admin: true\n')
        sent = {'Ashlar-Admin': '1'}
        with self.assertRaises(Problem) as caught:
            self.till.ask('/admin/splits/' + BILLING, '5%', {})
        self.assertEqual(caught.exception.status, 403)
        self.post('5%', sent)
        self.assertEqual(self.till.ask('/admin/splits')['splits'],
                         [{'port': BILLING, 'from': 'billing@till', 'to': 'billing@money',
                           'share': 500, 'file': 0}])
        self.until(lambda: share(self.money) == 500)
        self.assertIn('/admin/ of shop-till', self.splits('list'))
        for path, body, status in (('x.v1.X', '5%', 404), (BILLING, '5', 400)):
            with self.assertRaises(Problem) as caught:
                self.post(body, sent, path)
            self.assertEqual(caught.exception.status, status)

    def test_methods_have_dials_of_their_own(self):
        self.start(METHODS)
        self.splits('set', PAY, '100%')
        self.until(lambda: share(self.till) == share(self.money) == 10000)
        self.assertEqual(share(self.till, 'GetInvoice'), 0)
        order = self.till.place(flow='saga')
        self.settle()
        # The one that is split and turned; not the one at nothing, nor the one without a split.
        report = compared(self, 1, lambda: self.till.ask(f'/orders/{order}/invoice'))
        self.assertIn(GET + ', ', report)
        self.assertIn(' 1 equal,', report)
        self.assertGreaterEqual(numbers(self.till)[EQUAL], 1)
        if self.was_steady():
            self.assertEqual(self.pays(), (0, 1))
            self.assertEqual(served(self.money)['Pay'], 1)
        self.assertEqual(served(self.money)['Open'], 0)
        self.assertNotIn('Open', ' '.join(numbers(self.till)))
        self.assertIn(f'{PAY}: no call was compared yet', self.splits('report', PAY))
        # The port names both.
        self.assertEqual([line.split('\t')[:2] for line in self.splits('list', BILLING).splitlines()
                          if line[0] != '\t'], [[GET, '0.00%'], [PAY, '100.00%']])
        self.assertEqual(self.splits('set', BILLING, '50%').count('50.00% go to'), 2)
        self.until(lambda: {share(process, method) for process in (self.till, self.money)
                            for method in ('GetInvoice', 'Pay')} == {5000})
        self.splits('back', PAY)
        self.until(lambda: share(self.till) == 0)
        self.assertEqual(share(self.till, 'GetInvoice'), 5000)

    def test_what_is_not_split_goes_to_from(self):
        """Which is not the first process that has the module; and with a policy around all of it."""
        self.start(AWAY.replace(BILLING + ':', PAY + ':') + 'policies: {calm: {timeout: 20s}}\n'
                   f'ports: {{{BILLING}: {{policy: calm}}}}\n')
        bank = self.placed.processes['bank']
        self.splits('set', PAY, '100%')
        self.until(lambda: share(self.till) == 10000)
        for _ in range(5):
            self.till.place(flow='saga')
        self.settle()
        self.assertEqual((served(self.money)['Open'], served(bank)['Open']), (0, 5))
        if self.was_steady():
            self.assertEqual(served(self.money), {'GetInvoice': 0, 'Open': 0, 'Pay': 5, 'Refund': 0})
            self.assertEqual(served(bank), {'GetInvoice': 0, 'Open': 5, 'Pay': 0, 'Refund': 0})

    def test_methods_over_http(self):
        self.start(METHODS + 'admin: true\n')
        sent = {'Ashlar-Admin': '1'}
        self.post('5%', sent, PAY)
        self.assertEqual([(each['port'], each['method'], each['share'])
                          for each in self.till.ask('/admin/splits')['splits']],
                         [(BILLING, 'GetInvoice', 0), (BILLING, 'Pay', 500)])
        self.post('7%', sent)
        self.assertEqual([each['share'] for each in self.till.ask('/admin/splits')['splits']],
                         [700, 700])
        for path, told in ((BILLING + '/Pya', f"did you mean '{PAY}'?"),
                           ('billing.v1.Biling', f"did you mean '{BILLING}'?"),
                           (BILLING + '/Open', "there is no split 'billing.v1.Billing/Open'")):
            with self.assertRaises(Problem) as caught:
                self.post('5%', sent, path)
            self.assertEqual(caught.exception.status, 404)
            self.assertIn(told, caught.exception.document['detail'])

    def post(self, body, headers, port=BILLING):
        request = urllib.request.Request(f'{self.till.address}/admin/splits/{port}', body.encode(),
                                         headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                raise Problem(error.code, json.loads(error.read())) from None

    def test_mistakes(self):
        self.start(SPLIT)
        for words, told in ((('set', 'billing.v1.Biling', '5%'), f"did you mean '{BILLING}'?"),
                            (('set', BILLING, '5'), "'5' is none"),
                            (('set', BILLING, '101%'), "'101%' is none"),
                            (('set', BILLING), 'usage: shop splits set PORT[/METHOD] SHARE'),
                            (('set', BILLING + '/Pay', '5%'), f'that of {BILLING} is for all of its methods'),
                            (('bakc', BILLING), "did you mean 'back'?")):
            self.assertIn(told, self.splits(*words, status=2))


class Files(unittest.TestCase):
    def refused(self, text):
        with tempfile.TemporaryDirectory(prefix='ashlar-splits-') as place:
            path = os.path.join(place, 'deploy.yaml')
            with open(path, 'w', encoding='utf-8') as file:
                file.write(on_free_ports(text))
            done = subprocess.run([PROGRAM, 'check-config', '--deploy', path], capture_output=True,
                                  text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 2, done.stdout)
        return done.stderr.replace(path, 'FILE')

    def test_what_cannot_be(self):
        address = '    address: http://127.0.0.1:8081\n'
        for text, told in (
                (SPLIT.replace('to: billing@money', 'to: billing'), 'FILE:14:9: several processes have the'
                 " module 'billing': say which, as MODULE@PROCESS"),
                (SPLIT.replace(address, ''), "FILE:13:9: the process of 'billing@money' needs an"
                 " 'address'"),
                (METHODS.replace('/Pay', '/Pya'), f"FILE:13:3: the port {BILLING} has no method 'Pya';"
                 " did you mean 'Pay'?"),
                (METHODS.replace('/Pay', ''), f'FILE:13:3: {BILLING} has a split in line 12, and two for'
                 ' some methods with this one'),
                (METHODS.replace(f'{PAY}: {{{SIDES}', f'{PAY}: {{{FLIPPED}'), "'billing' is at"
                 " 'billing@till' by line 12, where calls go that are not split"),
                (METHODS.replace(f'{PAY}: {{{SIDES}', f'{PAY}: {{{SIDES}, shadow: {{share: 1%}}'),
                 f'FILE:13:3: {PAY} has a shadow, but no method without side effects'),
                (SHADOW.replace('[cents]', '[cent]'), "no reply of what is split has the field 'cent'")):
            self.assertIn(told, self.refused(text))


if __name__ == '__main__':
    PROGRAM = os.path.abspath(sys.argv[1])
    STORE = STORES[sys.argv[2] if len(sys.argv) > 2 else 'sqlite']
    run_on_server(STORE.name)
    unittest.main(argv=sys.argv[:1], verbosity=2)
