#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares where `ashlar refs` says imports go with where Python's import system finds them.

usage: spec_oracle.py [--ashlar PATH] [--root FOLDER]... [--skip FOLDER]... TREE

The roots are what sys.path would have, in TREE; before them goes the folder of the file, or,
for one in a package, the folder of the topmost package, as Python does for a script and pytest
for a test. Files in a skipped folder are left out. Nothing is imported: each part of a name is
asked of importlib's PathFinder, so what code does to __path__ at run time is not seen. Stubs
count as modules. A top-level folder without __init__.py from which nothing is found does not:
an installed package of that name goes before it. Exits 1 on a difference."""
import argparse
import collections
import glob
import importlib.machinery
import importlib.util
import json
import os
import platform
import subprocess
import sys
import types

LOADERS = [
    (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
    (importlib.machinery.SourceFileLoader, [".py", ".pyx"]),
]
STUBS = (importlib.machinery.SourceFileLoader, [".pyi"])


def find_in(name, path):
    spec = importlib.machinery.PathFinder.find_spec(name, path)
    for folder in path if not spec or not spec.has_location else []:
        stub = importlib.machinery.FileFinder(folder, STUBS).find_spec(name)
        if stub and stub.has_location:
            return stub
    return spec


class Finder:
    def __init__(self, tree, roots):
        self.tree = tree
        self.roots = roots
        self.specs = {}

    def spec(self, name):
        if name not in self.specs:
            self.specs[name] = self.find(name)
        return self.specs[name]

    def find(self, name):
        parent, _, _ = name.rpartition(".")
        if name in sys.builtin_module_names:
            return None
        if not parent:
            return find_in(name, self.roots)
        above = self.spec(parent)
        if name.endswith(".__init__"):
            return above
        if not above or above.submodule_search_locations is None:
            return None
        path = list(above.submodule_search_locations)
        sys.modules.setdefault(parent, types.SimpleNamespace(__path__=path))
        return find_in(name, path)

    def places(self, name):
        """The paths that stand for a module: one, or each folder of a namespace package."""
        spec = self.spec(name)
        if not spec:
            return set()
        found = [spec.origin] if spec.has_location else spec.submodule_search_locations
        return {os.path.relpath(path, self.tree) + "/" * (not spec.has_location) for path in found}

    def expected(self, name, kind):
        exact = kind == "dynamic" or name.endswith(".*")
        name = name.removesuffix(".*").rstrip(".")
        found = self.places(name)
        if "." not in name:
            return {place for place in found if not place.endswith("/")}
        if found or exact:
            return found
        parent = name.rpartition(".")[0]
        spec = self.spec(parent)
        return self.places(parent) if spec and spec.has_location else set()


class Paths:
    """What each file sees."""

    def __init__(self, tree, roots):
        self.tree = os.path.abspath(tree)
        self.roots = [os.path.normpath(os.path.join(self.tree, root)) for root in roots]
        self.finders = {}

    def finder(self, folder):
        if folder not in self.finders:
            self.finders[folder] = Finder(self.tree, [folder, *self.roots])
        return self.finders[folder]

    def expected(self, file, name, kind):
        folder = os.path.dirname(os.path.join(self.tree, file))
        base = folder
        while glob.glob(glob.escape(base) + "/__init__.py*") and base != self.tree:
            base = os.path.dirname(base)
        if name.startswith("."):
            above = [root for root in self.roots if (folder + "/").startswith(root + "/")]
            base = max(above, key=len, default=base)
            package = os.path.relpath(folder, base).replace("/", ".").strip(".")
            try:
                name = importlib.util.resolve_name(name, package)
            except ImportError:
                return set()
        return self.finder(base).expected(name, kind)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--ashlar", default="build/src/cli/ashlar")
    options.add_argument("--root", action="append", default=[])
    options.add_argument("--skip", action="append", default=[])
    options.add_argument("--show", type=int, default=40)
    options.add_argument("tree")
    options = options.parse_args()
    paths = Paths(options.tree, options.root or ["."])
    sys.path_hooks[:] = [importlib.machinery.FileFinder.path_hook(*LOADERS)]
    sys.path_importer_cache.clear()
    ashlar = os.path.abspath(options.ashlar)
    run = subprocess.run(
        [ashlar, "refs", "--format", "json"], cwd=options.tree, stdout=subprocess.PIPE
    )
    counts = collections.Counter()
    for line in run.stdout.splitlines():
        row = json.loads(line)
        if not row["file"].endswith((".py", ".pyi", ".pyw")):
            continue
        if row["file"].startswith(tuple(options.skip)):
            continue
        expected = paths.expected(row["file"], row["target"], row["kind"])
        same = row["resolved"] in expected if expected else row["resolved"] is None
        counts["references"] += 1
        counts["in the tree"] += bool(expected)
        counts["different"] += not same
        if not same and counts["different"] <= options.show:
            where = " or ".join(sorted(expected)) or "nowhere"
            print(
                f"  {row['file']}:{row['line']}: {row['target']}: Python finds {where}, "
                f"ashlar {row['resolved']}"
            )
    name = os.path.basename(os.path.abspath(options.tree))
    print(
        f"{name} (Python {platform.python_version()}, sys.path {options.root or ['.']}): "
        + ", ".join(f"{counts[what]} {what}" for what in ("references", "in the tree", "different"))
    )
    sys.exit(1 if counts["different"] else 0)


if __name__ == "__main__":
    main()
