#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds Ashlar's rules against import-linter over a Python package, with random contracts.

Each round picks packages of the tree as modules, none inside another, and draws contracts. Both
tools judge them: Ashlar by `ashlar check`, import-linter by its own contract classes over grimp's
graph. Modules are Ashlar's nodes, so each is squashed to one node of a grimp graph, and what is of no
module is left out. Compared are:

    lines         every import from module to module, as (importer, imported, line): Ashlar's
                  `dependency` findings with an empty depends_on, grimp's import details
    forbidden     the pairs (from, to) that are broken, also through others
    forbidden*    whether a wall between groups of modules is kept
    independence  the pairs that are broken in a group of modules
    layers        the pairs that are broken; every module has a layer

    compare.py --program build/src/cli/ashlar --package django [--rounds N] [--seed N] FOLDER
    compare.py --program build/src/cli/ashlar --random TREES

FOLDER holds the package's folder. Prints one line a difference and a summary; exits 1 if there
was one. Needs import-linter.
"""
import argparse
import collections
import copy
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import grimp
from importlinter import configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract

configuration.configure()
LAYERS = ["top", "upper", "middle", "bottom"]


def module_name(path):
    """The Python module of a file: a/b/__init__.py is a.b."""
    name = path[:-3].replace("/", ".")
    return name[: -len(".__init__")] if name.endswith(".__init__") else name


class Contracts:
    """What one round asks of both."""

    def __init__(self, dice, packages):
        count = dice.randint(3, min(16, len(packages)))
        self.modules = []
        for name in dice.sample(packages, len(packages)):
            if len(self.modules) < count and not any(
                name == m or name.startswith(m + ".") or m.startswith(name + ".")
                for m in self.modules
            ):
                self.modules.append(name)
        self.modules.sort()
        pairs = [(a, b) for a in self.modules for b in self.modules if a != b]
        self.pairs = dice.sample(pairs, min(len(pairs), 30))
        self.groups = []
        for _ in range(4):
            some = dice.sample(self.modules, dice.randint(2, min(6, len(self.modules))))
            cut = dice.randint(1, len(some) - 1)
            self.groups.append((some[:cut], some[cut:]))
        self.independent = dice.sample(self.modules, dice.randint(2, len(self.modules)))
        self.layer = {m: dice.choice(LAYERS) for m in self.modules}


def write_contracts(root, contracts, walls):
    """Writes ashlar.yaml and one module.yaml a module; returns what was written."""
    lines = ["version: 1", "languages: {python: {roots: ['.']}}", "modules:"]
    lines += ["  - %s" % m.replace(".", "/") for m in contracts.modules]
    lines += ["layers: [%s]" % ", ".join(LAYERS)]
    lines += ["rules: {cycle: off, unused: off}", "forbidden:"]
    lines += ["  - {from: [%s], to: [%s]}" % (", ".join(a), ", ".join(b)) for a, b in walls]
    lines += ["independent:", "  - {modules: [%s]}" % ", ".join(contracts.independent)]
    written = [os.path.join(root, "ashlar.yaml")]
    with open(written[0], "w") as file:
        file.write("\n".join(lines) + "\n")
    for name in contracts.modules:
        written.append(os.path.join(root, name.replace(".", "/"), "module.yaml"))
        with open(written[-1], "w") as file:
            file.write("module: %s\nlayer: %s\n" % (name, contracts.layer[name]))
    return written


def run_ashlar(program, root, contracts, walls):
    written = write_contracts(root, contracts, walls)
    try:
        check = subprocess.run([program, "check", "--format", "json"], cwd=root,
                               capture_output=True, text=True)
        if check.returncode not in (0, 1, 3):
            raise SystemExit("ashlar check: %d\n%s%s" % (check.returncode, check.stdout, check.stderr))
        refs = subprocess.run([program, "refs", "--format", "json"], cwd=root,
                              capture_output=True, text=True)
    finally:
        for path in written:
            os.remove(path)
    places = {}
    for line in refs.stdout.splitlines():
        ref = json.loads(line)
        places[ref["file"], ref["line"], ref["column"], ref["target"]] = ref
    return json.loads(check.stdout)["findings"], places


def ashlar_answers(findings, places):
    answers = collections.defaultdict(set)
    for finding in findings:
        pair = finding["module"], finding["to"]
        if finding["rule"] != "dependency":
            answers[finding["rule"]].add(pair)
            continue
        ref = places[finding["file"], finding["line"], finding["column"], finding["reference"]]
        if ref["kind"] != "dynamic":
            answers["lines"].add(
                (module_name(ref["file"]), module_name(ref["resolved"]), ref["line"]))
    return answers


def owner(name, modules):
    while name:
        if name in modules:
            return name
        name = name.rpartition(".")[0]
    return None


def lines_of(graph, modules):
    found = set()
    for importer in graph.modules:
        of = owner(importer, modules)
        if not of:
            continue
        for imported in graph.find_modules_directly_imported_by(importer):
            to = owner(imported, modules)
            if not to or to == of:
                continue
            for detail in graph.get_import_details(importer=importer, imported=imported):
                found.add((importer, imported, detail["line_number"]))
    return found


def squash(graph, modules):
    """The graph with one node for each of the modules, and nothing else."""
    small = grimp.ImportGraph()
    for name in sorted(modules):
        small.add_module(name)
    for importer, imported, line in sorted(lines_of(graph, modules)):
        small.add_import(importer=owner(importer, modules), imported=owner(imported, modules),
                         line_number=line, line_contents="")
    return small


def contract(kind, top, options):
    return kind(name="", session_options={"root_packages": [top]}, contract_options=options)


def linter_answers(graph, contracts):
    modules = set(contracts.modules)
    answers = collections.defaultdict(set)
    answers["lines"] = lines_of(graph, modules)
    small = squash(graph, modules)

    def check(kind, **options):
        top = contracts.modules[0].split(".")[0]
        return contract(kind, top, options).check(copy.deepcopy(small), verbose=False)

    for a, b in contracts.pairs:
        if not check(ForbiddenContract, source_modules=[a], forbidden_modules=[b],
                     as_packages="False").kept:
            answers["forbidden"].add((a, b))
    for a, b in contracts.groups:
        if not check(ForbiddenContract, source_modules=a, forbidden_modules=b,
                     as_packages="False").kept:
            answers["groups"].add((tuple(a), tuple(b)))
    result = check(IndependenceContract, modules=contracts.independent)
    for chain in result.metadata["invalid_chains"]:
        answers["independence"].add((chain["downstream_module"], chain["upstream_module"]))
    rows = []
    for layer in LAYERS:
        members = [m for m in contracts.modules if contracts.layer[m] == layer]
        if members:
            rows.append(" : ".join(members))
    result = check(LayersContract, layers=rows)
    for chain in result.metadata["invalid_dependencies"]:
        answers["layer"].add((chain["importer"], chain["imported"]))
    return answers


class Tally:
    def __init__(self):
        self.rounds = 0
        self.checked = collections.Counter()
        self.broken = collections.Counter()
        self.differences = 0

    def differ(self, what, ours, theirs):
        self.broken[what] += len(theirs)
        for item in sorted(ours - theirs):
            print("only Ashlar: %s %s" % (what, item))
        for item in sorted(theirs - ours):
            print("only import-linter: %s %s" % (what, item))
        self.differences += len(ours ^ theirs)


def run_round(program, root, graph, contracts, tally):
    walls = [([a], [b]) for a, b in contracts.pairs]
    findings, places = run_ashlar(program, root, contracts, walls)
    ours = ashlar_answers(findings, places)
    theirs = linter_answers(graph, contracts)
    tally.rounds += 1
    for what in ("lines", "forbidden", "independence", "layer"):
        tally.differ(what, ours[what], theirs[what])
    tally.checked["forbidden"] += len(contracts.pairs)
    tally.checked["independence"] += len(contracts.independent) * (len(contracts.independent) - 1)
    tally.checked["layer"] += len(contracts.modules) * (len(contracts.modules) - 1)
    for a, b in contracts.groups:
        findings, places = run_ashlar(program, root, contracts, [(a, b)])
        broken = {(tuple(a), tuple(b))} if ashlar_answers(findings, places)["forbidden"] else set()
        tally.differ("groups", broken, theirs["groups"] & {(tuple(a), tuple(b))})
        tally.checked["groups"] += 1


def packages_below(root, package):
    for folder, folders, files in os.walk(os.path.join(root, package)):
        folders[:] = [f for f in folders if os.path.exists(os.path.join(folder, f, "__init__.py"))]
        name = os.path.relpath(folder, root).replace(os.sep, ".")
        if name != package and name.count(".") <= 2:
            yield name


def write_random_tree(dice, root, top):
    files = []
    for package in range(dice.randint(4, 9)):
        folder = "%s/p%d" % (top, package)
        names = ["__init__"] + ["m%d" % i for i in range(dice.randint(1, 4))]
        files += [folder + "/" + name + ".py" for name in names]
    modules = [module_name(f) for f in files]
    density = dice.randint(1, 3)
    for path in [top + "/__init__.py"] + files:
        lines = []
        for target in dice.sample(modules, dice.randint(0, density)):
            folder, _, name = target.rpartition(".")
            lines += ["x = 1"] * dice.randint(0, 2)
            lines.append(dice.choice(["import %s" % target, "from %s import %s" % (folder, name),
                                      "def f():\n    import %s as y" % target,
                                      "from %s import (\n    %s,\n)" % (folder, name)]))
        os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
        with open(os.path.join(root, path), "w") as file:
            file.write("\n".join(lines) + "\n")


def run_package(program, root, package, rounds, dice, tally):
    sys.path.insert(0, root)
    graph = grimp.build_graph(package, cache_dir=None)
    packages = sorted(packages_below(root, package))
    for _ in range(rounds):
        run_round(program, root, graph, Contracts(dice, packages), tally)
    sys.path.pop(0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--package")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("folder", nargs="?")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    dice = random.Random(options.seed)
    tally = Tally()
    with tempfile.TemporaryDirectory() as temporary:
        if options.package:
            root = os.path.join(temporary, "tree")
            shutil.copytree(os.path.join(options.folder, options.package),
                            os.path.join(root, options.package))
            run_package(program, root, options.package, options.rounds, dice, tally)
        for number in range(options.random):
            root = os.path.join(temporary, str(number))
            top = "app%d" % number # a name is looked up once in a process
            write_random_tree(dice, root, top)
            run_package(program, root, top, 2, dice, tally)
            shutil.rmtree(root)
    print("rounds: %d" % tally.rounds)
    for what in ("lines", "forbidden", "groups", "independence", "layer"):
        asked = "of %d asked" % tally.checked[what] if tally.checked[what] else "compared"
        print("%s: %d broken, %s" % (what, tally.broken[what], asked))
    print("differences: %d" % tally.differences)
    return 1 if tally.differences else 0


sys.exit(main())
