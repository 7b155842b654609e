#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the verbs of whoever runs the shop do on a store that is not there, older or newer, with names
that match nothing, and before anything is migrated: test_verbs.py SHOP"""
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import unittest

SHOP = os.path.abspath(sys.argv.pop(1))
LOOKING = (['dead-letters', 'list'], ['dead-letters', 'requeue', '--all'], ['sagas', 'list'],
           ['replay', 'analytics', '--since', '1h'])
SPLIT = """version: 1
processes:
  till:
    modules: [orders, notification, analytics, inventory, billing]
    address: http://127.0.0.1:1
  money:
    modules: [billing]
    address: http://127.0.0.1:2
splits:
  billing.v1.Billing:
    from: billing@till
    to: billing@money
    share: 0%
    sticky: order_id
"""


class Verbs(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix='ashlar-verbs-')
        self.addCleanup(place.cleanup)
        self.folder = place.name

    def write(self, name, text):
        with open(f'{self.folder}/{name}', 'w', encoding='utf-8') as file:
            file.write(text)

    def shop(self, *words):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith('OTEL_')}
        return subprocess.run([SHOP, *words], cwd=self.folder, capture_output=True, text=True,
                              timeout=120, check=False, stdin=subprocess.DEVNULL, env=environment)

    def expect(self, status, said, *words):
        result = self.shop(*words)
        self.assertEqual(result.returncode, status, (words, result.stdout, result.stderr))
        self.assertRegex(result.stdout + result.stderr, said, words)
        return result

    def change(self, *statements):
        connection = sqlite3.connect(f'{self.folder}/data/shop.db')
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()


class Stores(Verbs):
    def test_a_store_that_is_not_there_is_told_and_not_made(self):
        for words in LOOKING:
            self.expect(1, 'there is no store typo/shop.db', *words, '--data', 'typo')
            self.expect(1, 'there is no store gone/x.db', *words, '--store', 'sqlite:gone/x.db')
        self.assertEqual(os.listdir(self.folder), [])

    def test_splits_make_and_migrate_nothing(self):
        self.write('split.yaml', SPLIT)
        words = ['splits', 'set', 'billing.v1.Billing', '5%', '--deploy', 'split.yaml']
        self.expect(1, 'there is no store data/shop.db', *words)
        self.assertEqual(os.listdir(self.folder), ['split.yaml'])
        self.expect(0, 'ran orders', 'migrate')  # without a split: not its tables
        self.expect(1, 'is older than the program: .*ashlar_split', *words)
        self.expect(0, 'ran ashlar_split', 'migrate', '--deploy', 'split.yaml')
        self.expect(0, '.', *words)

    def test_a_store_that_is_older_is_told_and_not_migrated(self):
        self.expect(0, 'ran orders', 'migrate')
        self.change('drop table "analytics.supply"', 'delete from "ashlar.migration" where module ='
                    " 'analytics' and name = (select max(name) from \"ashlar.migration\" where"
                    " module = 'analytics')")
        for words in LOOKING:
            self.expect(1, 'the store data/shop.db is older than the program: 1 migration has not '
                           'run on it, analytics .*first', *words)
        self.expect(0, 'would run analytics', 'migrate', '--dry-run')

    def test_a_store_that_is_newer_is_told(self):
        self.expect(0, 'ran orders', 'migrate')
        self.change('insert into "ashlar.migration" values (\'orders\', \'9999_later.sql\', \'x\', 0)')
        for words in LOOKING:
            self.expect(1, 'older than the data', *words)

    def test_a_dry_run_makes_nothing_and_lists_all(self):
        listed = self.expect(0, 'would run orders', 'migrate', '--dry-run').stdout
        self.assertEqual(os.listdir(self.folder), [])
        ran = self.expect(0, 'ran orders', 'migrate').stdout
        self.assertEqual(listed.replace('would run', 'ran'), ran)

    def test_a_port_that_is_taken_is_seen_before_migrating(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            taken = f'127.0.0.1:{server.getsockname()[1]}'
            self.expect(75, 'cannot listen on 127.0.0.1', 'run', '--listen', taken)
            self.expect(75, 'cannot listen on 127.0.0.1', 'run', '--listen', '127.0.0.1:0',
                        '--admin', taken)
        self.assertEqual(os.listdir(self.folder), [])


class Configuration(Verbs):
    def test_all_that_run_refuses_is_told_with_its_place(self):
        self.write('d.yaml', 'listen: localhost:18095\nadmin: localhost:18096\n')
        result = self.expect(2, r'd\.yaml:1:9: .*localhost.*no name', 'check-config', '--deploy',
                             'd.yaml')
        self.assertRegex(result.stderr, r'd\.yaml:2:8: .*localhost.*no name')
        self.write('d.yaml', 'listen: 0.0.0.0:18095\nadmin: true\n'
                             'serve-ports: billing.v1.Biling, inventory.v1.Inventory\n')
        result = self.expect(2, r'd\.yaml:2:8: admin: .*whoever reaches 0\.0\.0\.0', 'check-config',
                             '--deploy', 'd.yaml')
        self.assertRegex(result.stderr, r"d\.yaml:3:14: serve-ports: .*'billing\.v1\.Biling'; "
                                        r"did you mean 'billing\.v1\.Billing'\?")
        self.expect(2, "^--serve-ports: .*did you mean 'billing.v1.Billing'", 'check-config',
                    '--serve-ports', 'billing.v1.Biling')

    def test_admin_beside_all_else_is_told(self):
        self.write('d.yaml', 'listen: 0.0.0.0:18095\nadmin: 127.0.0.1:18095\n')
        self.expect(2, r'd\.yaml:2:8: admin: 127\.0\.0\.1:18095 is where all else is answered',
                    'check-config', '--deploy', 'd.yaml')
        for admin in ('127.0.0.1:18096', '/run/admin.sock', '127.0.0.1:0'):
            self.expect(0, 'fit together', 'check-config', '--listen', '127.0.0.1:18095', '--admin',
                        admin)
        self.expect(0, 'fit together', 'check-config', '--role', 'worker', '--admin',
                    '127.0.0.1:8080')

    def test_a_socket_has_no_port(self):
        self.expect(1, 'cannot listen on /nodir/x.sock: No such file', 'run', '--listen',
                    '127.0.0.1:0', '--admin', '/nodir/x.sock')

    def test_a_file_is_no_socket(self):
        path = os.path.join(self.folder, 'plain')
        self.write('plain', 'data')
        self.expect(1, 'plain: a file is there that is no socket', 'run', '--listen', '127.0.0.1:0',
                    '--admin', path)
        with open(path, encoding='utf-8') as file:
            self.assertEqual(file.read(), 'data')

    def test_who_has_a_socket_is_told(self):
        path = os.path.join(self.folder, 'x.sock')
        with socket.socket(socket.AF_UNIX) as taken:
            taken.bind(path)
            taken.listen()
            self.expect(75, f'{path}: Address already in use: process {os.getpid()} ', 'run',
                        '--listen', '127.0.0.1:0', '--admin', path)

    def test_what_postgresql_says_is_one_line(self):
        told = self.expect(1, 'Connection refused', 'migrate', '--store',
                           'postgresql://127.0.0.1:1/none')
        self.assertEqual(told.stderr.count('\n'), 1, told.stderr)
        self.assertNotIn('\t', told.stderr)

    def test_a_folder_is_no_more_a_file_than_a_missing_one(self):
        for name in ('.', 'missing.yaml'):
            self.expect(2, '.', 'check-config', '--deploy', name)


class Names(Verbs):
    def setUp(self):
        super().setUp()
        self.expect(0, 'ran orders', 'migrate')

    def test_names_that_match_nothing_are_mistakes(self):
        self.expect(2, "no subscriber 'biling'; did you mean 'billing'", 'dead-letters', 'list',
                    '--subscriber', 'biling')
        self.expect(2, "no subscriber 'billin'", 'dead-letters', 'requeue', '--subscriber', 'billin')
        self.expect(2, "event 'orders.v1.OrderPlacd'; did you mean 'orders.v1.OrderPlaced'",
                    'dead-letters', 'list', '--event', 'orders.v1.OrderPlacd')
        self.expect(2, "no status 'unavailabel'; did you mean 'unavailable'", 'dead-letters',
                    'discard', '--status', 'unavailabel')
        self.expect(0, '^$', 'dead-letters', 'list', '--subscriber', 'billing', '--event',
                    'orders.v1.OrderPlaced', '--status', 'unavailable')

    def test_what_is_not_there_cannot_be_dealt_with(self):
        for action in ('show', 'requeue', 'discard'):
            self.expect(1, 'there is none such', 'dead-letters', action, '77')
        self.expect(2, 'show which', 'dead-letters', 'show')


if __name__ == '__main__':
    unittest.main()
