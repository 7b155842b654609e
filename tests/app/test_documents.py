#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The deployment files of the documents are files of the shop: test_documents.py SHOP DOCS"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

SHOP = os.path.abspath(sys.argv[1])
DOCS = os.path.abspath(sys.argv[2])
PAGES = {'resilience.md': 1, 'splits.md': 2, 'tls.md': 1}  # files that each has at least


def files(page):
    """Those that a page has as a whole, and those parts that take the place of theirs in it."""
    with open(f'{DOCS}/{page}', encoding='utf-8') as file:
        blocks = re.findall(r'^```yaml\n(.*?)^```', file.read(), flags=re.M | re.S)
    whole = ''
    for block in blocks:
        if block.startswith('version:'):
            whole = block
            yield block
        elif block.startswith('splits:'):
            yield whole[:whole.index('splits:')] + block


class Documents(unittest.TestCase):
    def check(self, text, *words):
        with tempfile.TemporaryDirectory(prefix='ashlar-documents-') as folder:
            path = f'{folder}/deploy.yaml'
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
            return subprocess.run([SHOP, 'check-config', '--deploy', path, *words], cwd=folder,
                                  capture_output=True, text=True, timeout=240, check=False)

    def test_their_deployment_files_fit_the_shop(self):
        for page, least in PAGES.items():
            found = list(files(page))
            self.assertGreaterEqual(len(found), least, page)
            for text in found:
                with self.subTest(page, text=text):
                    told = self.check(text)
                    self.assertEqual(told.returncode, 0, told.stderr)
                    self.assertIn('modules fit together', told.stdout)

    def test_one_that_does_not_fit_is_seen(self):
        text = next(files('resilience.md'))
        self.assertEqual(self.check(text.replace('Pay', 'Charge')).returncode, 2)

    def test_pictures(self):
        text = next(files('tls.md'))
        self.assertRegex(self.check(text, '--format', 'dot').stdout, r'^digraph [^$]*\}\n$')
        self.assertRegex(self.check(text, '--format', 'mermaid').stdout, r'^(flowchart|graph) ')
        self.assertIn("did you mean 'mermaid'?", self.check(text, '--format', 'mermad').stderr)
        told = self.check('workers: 2\n', '--format', 'dot')
        self.assertEqual((told.returncode, told.stdout), (2, ''))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
