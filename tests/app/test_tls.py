#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shop over TLS, against the clients and servers of others: test_tls.py SHOP"""
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

from placed import Process, example, on_free_ports
from shop import PATIENCE, Shop, settle, wait_until
from stores import Sqlite

PROGRAM = None
HERE = os.path.dirname(os.path.abspath(__file__))


def run(*command, **keywords):
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False,
                          **keywords)


def must(*command):
    result = run(*command)
    if result.returncode:
        raise RuntimeError(f'{" ".join(command)}: {result.stderr}')
    return result.stdout


class Authority:
    """Certificates in a folder, made by openssl."""

    def __init__(self, folder, name='ca'):
        self.folder, self.name = folder, name
        must('openssl', 'req', '-x509', *self.new(name), '-days', '1', '-subj', f'/CN={name}')

    def path(self, name):
        return os.path.join(self.folder, name)

    def new(self, name):
        return ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout',
                self.path(name + '.key'), '-out', self.path(name + '.pem'))

    def issue(self, name, names='DNS:localhost,IP:127.0.0.1', days=1):
        """Makes NAME.pem and NAME.key, each put in place as a whole."""
        request = self.path('request')
        must('openssl', 'req', *self.new('new')[:-1], request, '-subj', '/CN=test', '-addext',
             f'subjectAltName={names}')
        must('openssl', 'x509', '-req', '-in', request, '-CA', self.path(self.name + '.pem'),
             '-CAkey', self.path(self.name + '.key'), '-CAcreateserial', '-copy_extensions',
             'copyall', '-days', str(days), '-out', self.path('new.pem'))
        os.rename(self.path('new.key'), self.path(name + '.key'))
        os.rename(self.path('new.pem'), self.path(name + '.pem'))

    def settings(self, name, mutual=False):
        return ('--tls-certificate', self.path(name + '.pem'), '--tls-key',
                self.path(name + '.key'),
                *(('--tls-client-ca', self.path(self.name + '.pem')) if mutual else ()))

    def described(self, text):
        """The deployment file's text, with the files of each process among its settings."""
        return re.sub(
            r'^  (\w+):\n    identity:',
            lambda match: f'  {match[1]}:\n    settings:\n'
                          f'      tls-certificate: {self.path(match[1])}.pem\n'
                          f'      tls-key: {self.path(match[1])}.key\n    identity:',
            text, flags=re.M) + f'tls-client-ca: {self.path(self.name)}.pem\n'

    def context(self, name=None):
        context = ssl.create_default_context(cafile=self.path(self.name + '.pem'))
        if name:
            context.load_cert_chain(self.path(name + '.pem'), self.path(name + '.key'))
        return context


class OverTls(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory(prefix='ashlar-tls-')
        self.addCleanup(self.place.cleanup)
        self.ca = Authority(self.place.name)
        self.ca.issue('server')
        self.store = Sqlite()
        self.addCleanup(self.store.close)

    def start(self, *arguments, name=None):
        shop = Shop(PROGRAM, self.store, *arguments)
        shop.tls = self.ca.context(name)
        self.addCleanup(shop.close)
        return shop

    def port(self, shop):
        return shop.address.rsplit(':', 1)[1]

    def curl(self, shop, *arguments, path='/healthz'):
        return run('curl', '-sS', '--max-time', str(PATIENCE), '--cacert', self.ca.path('ca.pem'),
                   *arguments, shop.address + path)

    def s_client(self, shop, *arguments, text=''):
        return run('openssl', 's_client', '-connect', f'127.0.0.1:{self.port(shop)}', '-CAfile',
                   self.ca.path('ca.pem'), '-verify_return_error', *arguments, input=text)

    def own(self, name):
        return ('--cert', self.ca.path(name + '.pem'), '--key', self.ca.path(name + '.key'))


class Servers(OverTls):
    def test_answers_curl_and_openssl(self):
        shop = self.start(*self.ca.settings('server'))
        self.assertTrue(shop.address.startswith('https://127.0.0.1:'))
        self.assertEqual(self.curl(shop).stdout, '{"status":"ok"}\n')
        for version in ('--tlsv1.2', '--tlsv1.3'):
            self.assertEqual(self.curl(shop, version, '--tls-max', version[-3:]).returncode, 0)
        self.assertEqual(self.curl(shop, '--http2', '-o', os.devnull, '-w',
                                   '%{http_version}').stdout, '1.1')
        told = self.s_client(shop, '-alpn', 'http/1.1', '-servername', 'localhost',
                             text='GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n').stdout
        self.assertIn('Verification: OK', told)
        self.assertIn('ALPN protocol: http/1.1', told)
        self.assertIn('no application protocol',
                      self.s_client(shop, '-alpn', 'h2').stderr)
        other = Authority(self.place.name, 'other')
        self.assertEqual(run('curl', '-sS', '--cacert', other.path('other.pem'),
                             shop.address).returncode, 60)
        plain = run('curl', '-sS', shop.address.replace('https', 'http'))
        self.assertIn('speaks TLS: call it by https://', plain.stdout)
        self.assertEqual(len(self.curl(shop, path='/').stdout.encode()),
                         len(shop.ask('/', raw=True)[0].encode()))

    def test_clients_show_their_certificate(self):
        self.ca.issue('client', 'DNS:somebody')
        self.ca.issue('old', 'DNS:somebody', days=-1)
        other = Authority(self.place.name, 'other')
        other.issue('stranger')
        shop = self.start(*self.ca.settings('server', mutual=True), name='client')
        self.assertEqual(self.curl(shop, *self.own('client')).stdout, '{"status":"ok"}\n')
        without = self.curl(shop)
        self.assertNotEqual(without.returncode, 0)
        self.assertIn('certificate required', without.stderr)
        self.assertIn('unknown ca', self.curl(shop, *self.own('stranger')).stderr)
        self.assertIn('certificate expired', self.curl(shop, *self.own('old')).stderr)
        # Each is counted a moment after it is told.
        refused = '\nashlar_http_handshakes_refused_total 3\n'
        wait_until(lambda: refused in shop.ask('/metrics', raw=True)[0])

    @unittest.skipUnless(shutil.which('go'), 'there is no Go')
    def test_go_calls_and_is_called(self):
        peer = os.path.join(self.place.name, 'tls_peer')
        must('go', 'build', '-o', peer, os.path.join(HERE, 'tls_peer.go'))
        self.ca.issue('client', 'DNS:till.shop.internal,IP:127.0.0.1')
        shop = self.start(*self.ca.settings('server', mutual=True), name='client')
        get = (peer, 'get', shop.address + '/', self.ca.path('ca.pem'))
        told = run(*get, self.ca.path('client.pem'), self.ca.path('client.key'))
        self.assertRegex(told.stdout, r'^(TLS 1\.3 HTTP/1\.1 200 \d+\n){3}$', told.stderr)
        self.assertIn('certificate required', run(*get).stderr)
        self.call_go(peer)

    def call_go(self, peer):
        """A process of a placement looks whether another is there, which is Go's."""
        self.ca.issue('money', 'DNS:money.shop.internal')
        with subprocess.Popen([peer, 'serve', self.ca.path('money.pem'), self.ca.path('money.key'),
                               self.ca.path('ca.pem')], stdout=subprocess.PIPE,
                              text=True) as server:
            try:
                port = server.stdout.readline().strip()
                text = re.sub(r'(  money:\n.*?address: https://127\.0\.0\.1:)\d+',
                              lambda match: match[1] + port,
                              on_free_ports(secured(example('three'))), flags=re.S)
                file = os.path.join(self.place.name, 'deploy.yaml')
                with open(file, 'w', encoding='utf-8') as out:
                    out.write(text)
                till = Process(PROGRAM, self.store, file, 'till',
                               *self.ca.settings('client', mutual=True))
                self.addCleanup(till.close)
                self.assertEqual(server.stdout.readline(),
                                 '[till.shop.internal] HTTP/1.1 /healthz\n', till.told())
            finally:
                server.kill()

    def test_replaced_files_are_used(self):
        self.ca.issue('server', 'DNS:first,IP:127.0.0.1')
        shop = self.start(*self.ca.settings('server'))

        def shown():
            told = self.s_client(shop, '-showcerts').stdout
            return run('openssl', 'x509', '-noout', '-ext', 'subjectAltName', input=told).stdout
        self.assertIn('DNS:first', shown())
        with open(self.ca.path('server.pem'), 'w', encoding='utf-8') as file:
            file.write('broken')
        wait_until(lambda: 'server.pem: holds no certificate' in shop.told())
        self.assertIn('those before them stay', shop.told())
        self.assertIn('DNS:first', shown())
        self.ca.issue('server', 'DNS:second,IP:127.0.0.1')
        wait_until(lambda: 'DNS:second' in shown())
        self.ca.issue('server', 'DNS:third,IP:127.0.0.1')
        shop.process.send_signal(signal.SIGHUP)
        wait_until(lambda: 'DNS:third' in shown())
        metrics = shop.ask('/metrics', raw=True)[0]
        # Once each time that it was looked at and is told; the last two pairs were put in place file by
        # file, and may have been met in between.
        refused = int(re.search(r'\nashlar_tls_reloads_total\{result="refused"\} (\d+)\n', metrics)[1])
        self.assertIn(refused, (1, 2, 3))
        self.assertEqual(refused, shop.told().count('those before them stay'))
        ends = re.search(r'\nashlar_tls_certificate_expiration_timestamp_seconds (\d+)\n', metrics)
        self.assertAlmostEqual(int(ends[1]), time.time() + 86400, delta=600)
        self.assertEqual(shop.end(), 0)


def secured(text):
    """A deployment file whose processes prove who they are."""
    return re.sub(r'^  (\w+):\n    modules:', r'  \1:\n    identity: \1.shop.internal\n    modules:',
                  text.replace('address: http://', 'address: https://'), flags=re.M)


class Placements(OverTls):
    def whole(self):
        """One file that says all of all processes."""
        return self.ca.described(secured(example('three'))) + 'admin: true\n'

    def start_all(self):
        text = on_free_ports(self.whole())
        file = os.path.join(self.place.name, 'deploy.yaml')
        with open(file, 'w', encoding='utf-8') as out:
            out.write(text)
        self.ca.issue('visitor', 'DNS:visitor')
        processes = {}
        for name in ('money', 'warehouse', 'till'):
            self.ca.issue(name, f'DNS:{name}.shop.internal,IP:127.0.0.1')
            processes[name] = Process(PROGRAM, self.store, file, name)
            processes[name].tls = self.ca.context('visitor')
            self.addCleanup(processes[name].close)
        return processes

    def price(self, warehouse, caller, certificate):
        told = self.curl(warehouse, *self.own(certificate), '-H', f'Ashlar-Caller: {caller}', '-H',
                         'Content-Type: application/json', '-d', '{"sku":"tea"}',
                         path='/inventory.v1.Inventory/Price').stdout
        return json.loads(told)

    def test_processes_prove_who_they_are(self):
        processes = self.start_all()
        order = processes['till'].place(quantity=2)
        wait_until(lambda: processes['till'].ask(f'/orders/{order}')['state'] == 'confirmed')
        self.assertEqual(settle(self.store, PROGRAM), {})
        warehouse = processes['warehouse']
        self.assertIn('cents', self.price(warehouse, 'orders', 'till'))
        for certificate in ('money', 'visitor', 'warehouse'):
            answer = self.price(warehouse, 'orders', certificate)
            self.assertEqual(answer['code'], 'permission_denied')
            self.assertIn("'orders' calls inventory.v1.Inventory with the certificate of "
                          + certificate, answer['message'])
        self.ca.issue('money', 'DNS:evil.cafe,IP:127.0.0.1')
        wait_until(lambda: "the certificate is of evil.cafe, but the identity of this process is "
                           "'money.shop.internal'" in processes['money'].told())
        self.assertNotIn('uses from now on', processes['money'].told())
        order = processes['till'].place(quantity=1)
        wait_until(lambda: processes['till'].ask(f'/orders/{order}')['state'] == 'confirmed')
        self.ca.issue('money', 'DNS:money.shop.internal,IP:127.0.0.1')
        wait_until(lambda: 'uses from now on' in processes['money'].told())
        told = run(PROGRAM, 'breakers', '--deploy', self.ca.path('deploy.yaml'), '--process', 'till')
        self.assertRegex(told.stdout, '^METHOD +POLICY', told.stderr)
        self.assertEqual({name: process.end() for name, process in processes.items()},
                         {'money': 0, 'warehouse': 0, 'till': 0})


class Checks(OverTls):
    def look(self, text, *arguments):
        file = os.path.join(self.place.name, 'deploy.yaml')
        with open(file, 'w', encoding='utf-8') as out:
            out.write(text)
        return run(PROGRAM, 'check-config', '--deploy', file, *arguments)

    def check(self, text, *arguments):
        result = self.look(text, '--process', 'till', *arguments)
        return result.returncode, result.stderr

    def test_one_file_says_all_of_all_processes(self):
        """Without --process all of them are looked into; mistakes have the place of the setting."""
        names = ('till', 'money', 'warehouse')
        for name in names:
            self.ca.issue(name, f'DNS:{name}.shop.internal')
        good = self.ca.described(secured(example('three')))
        found = self.look(good)
        self.assertEqual((found.returncode, found.stderr), (0, ''))
        self.assertTrue(found.stdout.endswith(
            '5 modules fit together in each process: till, money, warehouse\n'), found.stdout)
        found = self.look(good, '--process', 'money')
        self.assertIn('fit together in the process money; the others were not looked into',
                      found.stdout)
        lines = good.splitlines()
        place = 1 + next(i for i, line in enumerate(lines) if 'tls-certificate' in line and 'money' in line)
        # It may be on the machine of that process, unless that is the one that is asked about.
        os.rename(self.ca.path('money.pem'), self.ca.path('away.pem'))
        told = (f'deploy.yaml:{place}:24: warning: tls-certificate: {self.ca.path("money.pem")}: cannot be'
                ' read: No such file')
        found = self.look(good)
        self.assertEqual(found.returncode, 0)
        self.assertIn(told, found.stderr)
        found = self.look(good, '--process', 'money')
        self.assertEqual(found.returncode, 2)
        self.assertIn(told.replace(' warning:', ''), found.stderr)
        self.assertEqual(self.look(good, '--process', 'till').stderr, '')
        # What is there and wrong is so wherever it is; all of it is told, once.
        self.ca.issue('money', 'DNS:money.shop.internal', days=-1)
        self.ca.issue('warehouse', 'DNS:elsewhere')
        found = self.look(good)
        self.assertEqual(found.returncode, 2)
        self.assertRegex(found.stderr, rf'deploy\.yaml:{place}:24: tls-certificate: .*money\.pem: the'
                         r' certificate \(money\.shop\.internal\) expired on')
        self.assertRegex(found.stderr, r"the identity of 'warehouse' is .* is of elsewhere")
        self.assertEqual(found.stderr.count('\n'), 2)

    def test_settings_that_a_process_may_have(self):
        good = example('three')
        cases = (
            ('tls-certficate: a', r"there is no setting 'tls-certficate'; did you mean 'tls-certificate'\?"),
            ('workers: many', r"'many' is not workers: it should be a number"),
            ('store: sqlite:x', r"'store' is no setting of a process alone: all processes share one"),
            ('listen: 127.0.0.1:1', r"'listen' is no setting of a process alone: it is a key"),
            ('workers: [1]', r"'workers' wants a text, not a list"),
        )
        self.assertEqual(self.look(good.replace('    modules: [billing]',
                                                '    settings: {workers: 4}\n    modules: [billing]')).stderr, '')
        for setting, why in cases:
            # Of a process that is not the one that is asked about.
            found = self.look(good.replace('    modules: [billing]', f'    settings: {{{setting}}}\n'
                                           '    modules: [billing]'), '--process', 'till')
            self.assertEqual(found.returncode, 2)
            self.assertRegex(found.stderr, r'deploy\.yaml:\d+:\d+: ' + why)

    def test_says_what_does_not_fit(self):
        good = secured(example('three'))
        self.ca.issue('till', 'DNS:till.shop.internal')
        self.ca.issue('old', 'DNS:till.shop.internal', days=-1)
        own = self.ca.settings('till', mutual=True)
        self.assertEqual(self.check(good, *own), (0, ''))
        cases = (
            ((good, '--tls-certificate', self.ca.path('till.pem'), '--tls-key',
              self.ca.path('old.key'), '--tls-client-ca', self.ca.path('ca.pem')),
             r'old\.key: the key does not fit the certificate in .*till\.pem'),
            ((good, *self.ca.settings('old', mutual=True)),
             r'old\.pem: the certificate \(till\.shop\.internal\) expired on 20'),
            ((good, *self.ca.settings('server', mutual=True)),
             r"deploy\.yaml:\d+:\d+: the identity of 'till' is 'till\.shop\.internal', but .*"
             r'server\.pem is of localhost'),
            ((good, *self.ca.settings('till')), r'deploy\.yaml:\d+:\d+: .* only where tls-client-ca'),
            ((good,), r"deploy\.yaml:\d+:\d+: 'till' is called over TLS, and needs tls-certificate"),
            ((good.replace('https://127.0.0.1:8080', 'http://127.0.0.1:8080'), *own),
             r"deploy\.yaml:\d+:\d+: 'till' has a tls-certificate, so that its address"),
            ((good.replace('    identity: money.shop.internal\n', ''), *own),
             r"deploy\.yaml:\d+:\d+: the process 'money' needs an 'identity'"),
            ((good.replace('money.shop', 'till.shop'), *own),
             r'deploy\.yaml:\d+:\d+: the identity till\.shop\.internal is given in line'),
            ((good.replace('money.shop.internal', '"*.shop"'), *own),
             r"deploy\.yaml:\d+:\d+: 'identity' wants the name in a certificate"),
            ((good, *self.ca.settings('missing', mutual=True)),
             r'missing\.pem: cannot be read: No such file'),
        )
        for arguments, why in cases:
            status, told = self.check(*arguments)
            self.assertEqual(status, 2, told)
            self.assertRegex(told, why)


if __name__ == '__main__':
    PROGRAM = sys.argv.pop(1)
    unittest.main()
