#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The walls between the shop's modules: test_boundaries.py ASHLAR SHOP_FOLDER

`ashlar check` finds nothing in it, and does find what is put in.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ASHLAR = FOLDER = None


class Boundaries(unittest.TestCase):
    def check(self, path=None, old='', new=''):
        """What is found once `old` is `new` in the file, and the exit status."""
        with tempfile.TemporaryDirectory(prefix='ashlar-walls-') as copy:
            root = os.path.join(copy, 'shop')
            shutil.copytree(FOLDER, root)
            if path:
                path = os.path.join(root, path)
                with open(path, encoding='utf-8') as file:
                    text = file.read()
                self.assertIn(old, text)
                with open(path, 'w', encoding='utf-8') as file:
                    file.write(text.replace(old, new, 1))
            result = subprocess.run([ASHLAR, 'check'], cwd=root, capture_output=True, text=True,
                                    timeout=60, check=False)
        return result.stdout + result.stderr, result.returncode

    def found(self, expected, *change):
        text, status = self.check(*change)
        self.assertEqual(status, 1, text)
        self.assertIn(expected, text)

    def test_nothing_is_found(self):
        text, status = self.check()
        self.assertEqual(status, 0, text)
        self.assertIn('No findings.', text)
        self.assertIn(' 0 unresolved.', text)

    def test_a_port_that_is_not_declared(self):
        self.found('dependency', 'billing/billing.c', '#include <string.h>',
                   '#include <string.h>\n#include "notification.port.h"')

    def test_a_file_that_is_not_public(self):
        self.found('privacy', 'orders/orders.c', '#include "inventory.port.h"',
                   '#include "inventory.port.h"\n#include "../inventory/inventory.c"')

    def test_a_circle(self):
        self.found('cycle', 'inventory/inventory.c', '#include "inventory.module.h"',
                   '#include "inventory.module.h"\n#include "orders.port.h"')

    def test_a_layer_from_below(self):
        self.found('layer', 'analytics/analytics.c', '#include "analytics.module.h"',
                   '#include "analytics.module.h"\n#include "orders.port.h"')

    def test_a_contract_that_names_nothing(self):
        text, status = self.check('orders/module.yaml', '[inventory]', '[inventry]')
        self.assertEqual(status, 2, text)
        self.assertIn('orders/module.yaml:5:14', text)
        self.assertIn("did you mean 'inventory'?", text)


if __name__ == '__main__':
    ASHLAR = os.path.abspath(sys.argv.pop(1))
    FOLDER = os.path.abspath(sys.argv.pop(1))
    unittest.main()
