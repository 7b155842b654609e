#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a tree of Python modules with contracts, and with references that break them.

make_tree.py FOLDER MODULES FILES REFERENCES

MODULES modules in four layers, FILES files in each, REFERENCES imports in each file. The same
arguments always write the same tree. About one reference in ten goes to a module that the
contract does not name, one in forty up through the layers.
"""
import os
import random
import sys

LAYERS = ['edge', 'application', 'domain', 'platform']
NAMES = ['billing', 'orders', 'identity', 'catalog', 'search', 'shipping', 'returns', 'pricing',
         'ledger', 'mail', 'reports', 'web', 'admin', 'import', 'export', 'audit', 'tax', 'stock']


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as out:
        out.write(content)


def module_name(number):
    name = NAMES[number % len(NAMES)]
    return name if number < len(NAMES) else f'{name}_{number // len(NAMES)}'


def layer_of(number, count):
    return number * len(LAYERS) // count


def choose_targets(rng, number, count):
    """The modules below that a module declares."""
    below = range(number + 1, min(count, number + 1 + max(4, count // 6)))
    return rng.sample(list(below), min(len(below), rng.randint(1, 5))) if below else []


def choose_target(rng, number, count, declared):
    dice = rng.random()
    if dice < 0.025 and number:
        return rng.randrange(number)
    if dice < 0.12 or not declared:
        return rng.randrange(number, count)
    return rng.choice(declared)


def source(rng, number, count, references, files, declared):
    lines = ['"""One of many files."""', 'import json', 'from typing import TYPE_CHECKING', '']
    for _ in range(references):
        target = choose_target(rng, number, count, declared)
        if target != number:
            part = f'part{rng.randrange(files)}'
            lines.append(f'from {module_name(target)}.{part} import value')
    return '\n'.join(lines) + '\n\nvalue = json.dumps(1)\n'


def main():
    root = sys.argv[1]
    count, files, references = map(int, sys.argv[2:5])
    rng = random.Random(count * 1000003 + files * 1009 + references)
    write(f'{root}/ashlar.yaml',
          'version: 1\nmodules: ["*"]\nlayers: [' + ', '.join(LAYERS) + ']\n'
          'rules: {unused: warn, cycle: error, layer: error}\n')
    for number in range(count):
        name = module_name(number)
        declared = choose_targets(rng, number, count)
        write(f'{root}/{name}/module.yaml',
              f'module: {name}\nowner: team-{number % 7}\nlayer: {LAYERS[layer_of(number, count)]}\n'
              f'depends_on: [{", ".join(map(module_name, declared))}]\n')
        write(f'{root}/{name}/__init__.py', '')
        for part in range(files):
            write(f'{root}/{name}/part{part}.py',
                  source(rng, number, count, references, files, declared))


main()
