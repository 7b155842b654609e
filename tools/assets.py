#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns files into the assets of an application: assets.py HEADER NAME OUT.c FILE...

HEADER declares `const ash_asset NAME[]`; a file `page/shop.css` becomes the asset "shop.css".
With --header before all else HEADER is written, too, beside OUT.c, and says NAME_COUNT.
"""
import hashlib
import os
import sys


def write_header(path, table, count):
    with open(path, 'w', encoding='ascii') as target:
        target.write('#include <ashlar/app.h>\n\n'
                     f'#define {table}_COUNT {count}\nextern const ash_asset {table}[];\n')


def main():
    words = sys.argv[1:]
    writes_header = words[0] == '--header'
    header, table, out, *names = words[1:] if writes_header else words
    if writes_header:
        write_header(os.path.join(os.path.dirname(out), header), table, len(names))
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
