#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the edges between a package's modules that `ashlar refs` sees with grimp's.

usage: edges_oracle.py [--ashlar PATH] TREE PACKAGE...

Each PACKAGE is the folder of a top-level package in TREE ("django", "src/app"). An edge is a
pair of modules of one package, one of which imports the other. grimp leaves out folders in a
package that have no __init__.py; edges from and to what it does not know are only counted.
Needs grimp. Exits 1 when an edge is missing or invented."""
import argparse
import collections
import importlib.metadata
import json
import os
import subprocess
import sys

import grimp


def module_of(path, root):
    path = os.path.relpath(path, root) if root else path
    for extension in (".pyi", ".py"):
        path = path.removesuffix(extension)
    return path.removesuffix("/__init__").rstrip("/").replace("/", ".")


def our_edges(ashlar, tree, root, package):
    edges = collections.defaultdict(set)
    run = subprocess.run([ashlar, "refs", "--format", "json"], cwd=tree, stdout=subprocess.PIPE)
    folder = os.path.join(root, package) + "/"
    for line in run.stdout.splitlines():
        row = json.loads(line)
        target = row["resolved"]
        if not target or row["kind"] == "dynamic":
            continue
        if row["file"].startswith(folder) and (target + "/").startswith(folder):
            edge = (module_of(row["file"], root), module_of(target, root))
            edges[edge].add(f"{row['file']}:{row['line']}: {row['target']}")
    return edges


def grimp_edges(tree, root, package):
    sys.path.insert(0, os.path.join(tree, root))
    graph = grimp.build_graph(package, cache_dir=None)
    sys.path.pop(0)
    edges = {}
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            details = graph.get_import_details(importer=importer, imported=imported)
            edges[(importer, imported)] = {
                f"{detail['line_number']}: {detail['line_contents']}" for detail in details
            }
    return edges, graph.modules


def compare(ashlar, tree, path):
    root, package = os.path.split(path.rstrip("/"))
    ours = our_edges(ashlar, tree, root, package)
    theirs, known = grimp_edges(tree, root, package)
    ours, theirs = (
        {edge: places for edge, places in edges.items() if edge[0] != edge[1]}
        for edges in (ours, theirs)
    )
    beyond = {edge for edge in ours if not known.issuperset(edge)}
    ours = {edge: places for edge, places in ours.items() if edge not in beyond}
    missing = sorted(theirs.keys() - ours.keys())
    invented = sorted(ours.keys() - theirs.keys())
    for what, edges, places in (("missing", missing, theirs), ("invented", invented, ours)):
        for edge in edges:
            print(f"  {what}: {edge[0]} -> {edge[1]} ({sorted(places[edge])[0]})")
    print(
        f"{path}: {len(theirs)} edges, {len(ours)} ours, {len(missing)} missing, "
        f"{len(invented)} invented; {len(beyond)} more of files that grimp does not look at"
    )
    return len(missing) + len(invented)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--ashlar", default="build/src/cli/ashlar")
    options.add_argument("tree")
    options.add_argument("packages", nargs="+")
    options = options.parse_args()
    ashlar = os.path.abspath(options.ashlar)
    print(f"grimp {importlib.metadata.version('grimp')}")
    failed = 0
    for package in options.packages:
        failed += compare(ashlar, options.tree, package)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
