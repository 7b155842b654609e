#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what javac says of a tree's references with what ashlar says.

usage: compare.py JAVAC.tsv ASHLAR.jsonl [--differences N]
"""
import json
import os
import sys
from collections import Counter


def read_javac(path):
    imports, pairs, inherited, unknown, where = Counter(), {}, {}, set(), {}
    files = set()
    for line in open(path, encoding="utf-8"):
        kind, file, *rest = line.rstrip("\n").split("\t")
        files.add(file)
        if kind == "I":
            key = (file, int(rest[0]), int(rest[1]), rest[2])
            imports[key] += 1
            where[key] = rest[3]
        elif kind in "NQ":
            pairs.setdefault((file, rest[1]), rest[0])
        elif kind == "H":
            inherited.setdefault((file, rest[1]), rest[0])
        elif kind == "U":
            unknown.add((file, rest[0]))
    return imports, where, pairs, inherited, unknown


def read_ashlar(path):
    imports, pairs, where = Counter(), {}, {}
    for line in open(path, encoding="utf-8"):
        item = json.loads(line)
        if not item["file"].endswith(".java"):
            continue
        if item["kind"] == "import":
            key = (item["file"], item["line"], item["column"], item["target"])
            imports[key] += 1
            where[key] = item["resolved"]
        elif item["kind"] == "name" and not item["file"].endswith("module-info.java"):
            pairs.setdefault((item["file"], item["resolved"]), item["target"])
    return imports, where, pairs


def same_place(key, javac, ashlar):
    if javac == "?":
        return True
    if javac.startswith("package:"):
        folder = javac[8:].replace(".", "/")
        return ashlar is None or ashlar.rstrip("/").endswith(folder)
    return (ashlar or "-") == javac


def show(title, items, limit):
    print(f"{title}: {len(items)}")
    for item in sorted(items)[:limit]:
        print("   ", *item)


def main():
    limit = int(sys.argv[sys.argv.index("--differences") + 1]) if "--differences" in sys.argv else 20
    imports, where, pairs, inherited, unknown = read_javac(sys.argv[1])
    own_imports, own_where, own_pairs = read_ashlar(sys.argv[2])
    print("imports:", sum(imports.values()), "by javac,", sum(own_imports.values()), "by ashlar")
    show("imports missing", list((imports - own_imports).elements()), limit)
    show("imports invented", list((own_imports - imports).elements()), limit)
    wrong = [(*key, where[key], own_where[key]) for key in where
             if key in own_where and not same_place(key, where[key], own_where[key])]
    show("imports resolved differently", [tuple(map(str, w)) for w in wrong], limit)
    if all(place == "?" for place in where.values()):
        return 1 if imports != own_imports else 0
    print("names:", len(pairs), "by javac,", len(own_pairs), "by ashlar,",
          len(pairs.keys() & own_pairs.keys()), "the same")
    missing = [(file, pairs[file, to], to) for file, to in pairs.keys() - own_pairs.keys()]
    invented = [(file, own_pairs[file, to], to) for file, to in own_pairs.keys() - pairs.keys()]
    unsure = [item for item in invented if (item[0], item[1]) in unknown]
    nested = [item for item in invented if (item[0], item[2]) in inherited]
    rest = [item for item in invented if item not in unsure and item not in nested]
    show("names missing", missing, limit)
    show("names invented", rest, limit)
    show("names that javac could not attribute", unsure, limit)
    only = [(file, inherited[file, to], to) for file, to in inherited.keys() - own_pairs.keys()
            if (file, to) not in pairs]
    show("inherited nested types, not told by design", only, 0)
    show("of those told as names", nested, limit)
    return 1 if missing or rest or wrong or imports != own_imports else 0


sys.exit(main())
