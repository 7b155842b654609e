#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns text files into C: embed.py HEADER OUT.c FILE...

A file `page/map.css` becomes `const struct str MAP_CSS`, declared in HEADER.
"""
import os
import sys


def literal(line):
    text = ''
    for byte in line:
        if byte in b'"\\?':
            text += '\\' + chr(byte)
        elif byte == 10:
            text += '\\n'
        elif 32 <= byte < 127:
            text += chr(byte)
        else:
            text += f'\\{byte:03o}'
    return f'\t"{text}"\n'


def main():
    header, out, *names = sys.argv[1:]
    with open(out, 'w', encoding='ascii') as target:
        target.write(f'#include "{header}"\n')
        for name in names:
            with open(name, 'rb') as source:
                content = source.read()
            constant = os.path.basename(name).replace('.', '_').upper()
            target.write(f'\nstatic const char {constant}_BYTES[] =\n')
            target.writelines(literal(line) for line in content.splitlines(keepends=True))
            target.write(f'\t"";\nconst struct str {constant} = {{{constant}_BYTES, '
                         f'sizeof {constant}_BYTES - 1}};\n')


main()
