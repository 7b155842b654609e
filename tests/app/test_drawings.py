#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How check-config draws the shop: test_drawings.py SHOP [--accept]

A case is a folder under drawings/ with deploy.yaml, and what is drawn of it: text, dot, mermaid.
"""
import os
import shutil
import subprocess
import sys
import unittest

SHOP = os.path.abspath(sys.argv[1])
ACCEPT = sys.argv[2:] == ['--accept']
CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'drawings')
FORMATS = ('text', 'dot', 'mermaid')


def draw(folder, form):
    return subprocess.run([SHOP, 'check-config', '--deploy', 'deploy.yaml', '--format', form],
                          cwd=folder, capture_output=True, text=True, timeout=240, check=False)


class Drawings(unittest.TestCase):
    maxDiff = None

    def test_all(self):
        for name in sorted(os.listdir(CASES)):
            folder = os.path.join(CASES, name)
            for form in FORMATS:
                with self.subTest(name, form=form):
                    drawn = draw(folder, form)
                    self.assertEqual(drawn.returncode, 0, drawn.stderr)
                    if ACCEPT:
                        with open(f'{folder}/{form}', 'w', encoding='utf-8') as file:
                            file.write(drawn.stdout)
                    with open(f'{folder}/{form}', encoding='utf-8') as file:
                        self.assertEqual(drawn.stdout, file.read())

    @unittest.skipUnless(shutil.which('dot'), 'Graphviz is not installed')
    def test_graphviz_reads_them(self):
        for name in sorted(os.listdir(CASES)):
            with self.subTest(name), open(f'{CASES}/{name}/dot', encoding='utf-8') as file:
                read = subprocess.run(['dot', '-Tplain'], stdin=file, capture_output=True, text=True,
                                      timeout=240, check=False)
                self.assertEqual((read.returncode, read.stderr), (0, ''))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
