#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns files into the assets of an application: assets.py HEADER NAME OUT.c FILE...

HEADER declares `const ash_asset NAME[]`; a file `page/shop.css` becomes the asset "shop.css".
"""
import hashlib
import os
import sys


def main():
    header, table, out, *names = sys.argv[1:]
    with open(out, 'w', encoding='ascii') as target:
        target.write(f'#include "{header}"\n')
        rows = ''
        for index, name in enumerate(names):
            with open(name, 'rb') as source:
                content = source.read()
            target.write(f'\nstatic const unsigned char FILE_{index}[] = {{')
            target.writelines(('\n\t' if at % 16 == 0 else ' ') + f'{byte},'
                              for at, byte in enumerate(content))
            target.write('\n\t0};\n')
            etag = hashlib.sha256(content).hexdigest()[:16]
            rows += (f'\t{{"{os.path.basename(name)}", (const char *)FILE_{index}, '
                     f'sizeof FILE_{index} - 1, "{etag}"}},\n')
        target.write(f'\nconst ash_asset {table}[] = {{\n{rows}}};\n')


main()
