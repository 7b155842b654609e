#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The walls between the shop's modules: test_boundaries.py ASHLAR SHOP_FOLDER

`ashlar check` finds nothing in it, and does find each kind of forbidden reference that is put in. What
is refused later, when it is generated, compiled, started or run, is in test_refusals.py.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from variant import change

ASHLAR = FOLDER = None


def include(module, path, name):
    """Puts one more #include into a file of a module."""
    own = f'#include "{module}.module.h"'
    return path, own, f'{own}\n#include {name}'


class Boundaries(unittest.TestCase):
    def check(self, *changes):
        """What is found with the changes, and the exit status."""
        with tempfile.TemporaryDirectory(prefix='ashlar-walls-') as copy:
            root = os.path.join(copy, 'shop')
            shutil.copytree(FOLDER, root)
            for one in changes:
                change(root, *one)
            result = subprocess.run([ASHLAR, 'check', '--format', 'github'], cwd=root,
                                    capture_output=True, text=True, timeout=240, check=False)
        return result.stdout + result.stderr, result.returncode

    def found(self, rule, place, *changes, level='error'):
        """One finding, of this rule, at this place; the change is what it is about."""
        text, status = self.check(*changes)
        self.assertEqual(status, 1 if level == 'error' else 0, text)
        findings = [line for line in text.splitlines() if line.startswith(('::error', '::warning'))]
        self.assertEqual(len(findings), 1, text)
        self.assertIn(f'::{level} ', findings[0])
        self.assertIn(f'file={place},', findings[0])
        self.assertIn(rule, findings[0])

    def test_nothing_is_found(self):
        text, status = self.check()
        self.assertEqual(status, 0, text)
        self.assertIn('No findings.', text)
        self.assertIn(' 0 unresolved', text)

    def test_a_port_that_is_not_declared(self):
        self.found('dependency', 'billing/billing.c',
                   include('billing', 'billing/billing.c', '"notification.port.h"'))

    def test_messages_that_are_not_declared(self):
        self.found('dependency', 'billing/billing.c',
                   include('billing', 'billing/billing.c', '"notification.pb-c.h"'))

    def test_a_file_that_is_not_public(self):
        self.found('privacy', 'orders/orders.c',
                   include('orders', 'orders/orders.c', '"../inventory/inventory.c"'))

    def test_a_header_that_is_not_public(self):
        self.found('privacy', 'orders/orders.c', ('inventory/shelf.h', None, 'int shelf;\n'),
                   include('orders', 'orders/orders.c', '"../inventory/shelf.h"'))

    def test_a_circle(self):
        self.found('cycle', 'orders/orders.c',
                   ('inventory/module.yaml', 'layer: domain', 'layer: domain\ndepends_on: [orders]'),
                   include('inventory', 'inventory/inventory.c', '"orders.port.h"'))

    def test_a_layer_from_below(self):
        self.found('layer', 'analytics/analytics.c',
                   ('analytics/module.yaml', 'layer: platform',
                    'layer: platform\ndepends_on: [orders]'),
                   include('analytics', 'analytics/analytics.c', '"orders.port.h"'))

    def test_a_module_that_is_not_visible(self):
        self.found('visibility', 'orders/orders.c',
                   ('inventory/module.yaml', 'layer: domain', 'layer: domain\nvisible_to: [billing]'))

    def test_what_is_forbidden(self):
        self.found('forbidden', 'orders/orders.c',
                   ('ashlar.yaml', 'version: 1', 'version: 1\nforbidden:\n  - {from: [orders], '
                    'to: [inventory], reason: "stock is to be bought in"}'))

    def test_what_is_forbidden_through_others(self):
        text, status = self.check(
            ('ashlar.yaml', 'version: 1', 'version: 1\nforbidden:\n  - {from: [billing], '
             'to: [inventory], reason: "x"}'),
            ('billing/module.yaml', 'layer: domain', 'layer: domain\ndepends_on: [orders]'),
            include('billing', 'billing/billing.c', '"orders.port.h"'))
        self.assertEqual(status, 1, text)
        self.assertIn('billing → orders → inventory', text.replace('%0A', '\n'))

    def test_modules_that_are_to_be_independent(self):
        self.found('independence', 'orders/orders.c',
                   ('ashlar.yaml', 'version: 1',
                    'version: 1\nindependent:\n  - {modules: [orders, inventory]}'))

    def test_a_package_of_a_third_party(self):
        self.found('external', 'billing/billing.c',
                   ('billing/module.yaml', 'layer: domain', 'layer: domain\nexternal: [ashlar]'),
                   include('billing', 'billing/billing.c', '<curl/curl.h>'))

    def test_a_file_of_no_module(self):
        self.found('exhaustive', 'vendor/bank.h',
                   ('ashlar.yaml', 'version: 1', 'version: 1\nrules: {exhaustive: error}\n'
                    'outside: [main.c, app.h, page.h]'),
                   ('vendor/bank.h', None, 'int bank;\n'))

    def test_a_dependency_that_nothing_needs(self):
        self.found('unused', 'billing/module.yaml',
                   ('billing/module.yaml', 'layer: domain', 'layer: domain\ndepends_on: [inventory]'),
                   level='warning')

    def test_an_exception_that_ended(self):
        self.found('expired', 'billing/module.yaml',
                   ('billing/module.yaml', 'layer: domain',
                    'layer: domain\nrules: {unused: off}\nexceptions:\n'
                    '  - {rule: dependency, to: notification, reason: "x", owner: payments, '
                    'until: 2020-01-31}'))

    def test_a_baseline_that_is_stale(self):
        self.found('stale', 'billing/baseline.yaml',
                   ('billing/baseline.yaml', None,
                    '- {rule: dependency, file: billing/billing.c, to: notification, '
                    'reference: notification.port.h}\n'))

    def test_contracts_that_name_nothing(self):
        for path, old, new, place, hint in (
                ('orders/module.yaml', '[inventory,', '[inventry,', '5:14:',
                 "did you mean 'inventory'?"),
                ('orders/module.yaml', 'layer: domain', 'layer: domian', '4:8:',
                 "did you mean 'domain'?"),
                ('orders/module.yaml', 'public: [orders.proto]', 'public: [order.proto]',
                 '6:10:', 'matches nothing'),
                ('orders/module.yaml', 'ports:', 'port:', '8:1:', "did you mean 'ports'?")):
            with self.subTest(new):
                text, status = self.check((path, old, new))
                self.assertEqual(status, 2, text)
                self.assertIn(hint, text)
                self.assertIn(f'{path}:{place}', text)


if __name__ == '__main__':
    ASHLAR = os.path.abspath(sys.argv.pop(1))
    FOLDER = os.path.abspath(sys.argv.pop(1))
    unittest.main()
