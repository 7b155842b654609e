# SPDX-License-Identifier: Apache-2.0
"""tach and import-linter, and what builds a graph of imports without contracts: grimp (the core of
import-linter) and ruff."""
import glob
import json
import os
import re

from lib.copies import Copy, Peer
from lib.places import PEERS, bring, run

TACH, IMPORT_LINTER, RUFF, PENNYLANE = "0.35.3", "2.16", "0.17.5", "0.45.1"
HOME = os.path.join(PEERS, "python")
BIN = os.path.join(HOME, "bin")


def install():
    wanted = {f"tach=={TACH}", f"import-linter=={IMPORT_LINTER}", f"ruff=={RUFF}"}
    if not os.path.exists(BIN):
        run(["python3", "-m", "venv", HOME])
    if not wanted <= set(run([BIN + "/pip", "freeze"]).lower().split()):
        run([BIN + "/pip", "install", "-q", *sorted(wanted)])


def package_of(tree):
    """The folder of the tree's package."""
    if tree == "pennylane":
        folder = os.path.join(PEERS, "pennylane")
        if not os.path.exists(folder):
            run(["python3", "-m", "pip", "download", "-q", "--no-deps", "-d", folder + ".download",
                 f"pennylane=={PENNYLANE}"])
            run(["python3", "-m", "zipfile", "-e", glob.glob(folder + ".download/*.whl")[0],
                 folder])
        return os.path.join(folder, "pennylane")
    return glob.glob(os.path.join(bring(tree), f"*-*/{tree}"))[0]


def dotted(path):
    return path.replace("/", ".")


def write_tach(copy, without=None):
    """The same modules and depends_on; imports for type checking count, as they do for Ashlar."""
    lines = ['source_roots = ["."]', "exact = false", "ignore_type_checking_imports = false"]
    for name, needs in sorted(copy.allowed(without).items()):
        needs = sorted(dotted(copy.modules[other]) for other in needs)
        lines += ["", "[[modules]]", f'path = "{dotted(copy.modules[name])}"',
                  f"depends_on = {json.dumps(needs)}"]
    with open(os.path.join(copy.folder, "tach.toml"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def write_import_linter(copy, package, without=None):
    """One `forbidden` contract a module: all that it may not depend on, directly. Ashlar's module of
    the package itself is what lies loose in its folder, so here it is those files."""
    modules, loose = [], []
    for name in sorted(os.listdir(os.path.join(copy.folder, package))):
        if name.endswith(".py") and name != "__init__.py":
            loose.append(f"{package}.{name[:-3]}")
    places = {name: loose if folder == package else [dotted(folder)]
              for name, folder in copy.modules.items()}
    lines = ["[importlinter]", f"root_package = {package}"]
    for name, needs in sorted(copy.allowed(without).items()):
        forbidden = [place for other in sorted(copy.modules) if other != name
                     and other not in needs for place in places[other]]
        if places[name] and forbidden:
            lines += ["", f"[importlinter:contract:{name}]", f"name = {name}", "type = forbidden",
                      "allow_indirect_imports = True",
                      "source_modules =", *(f"    {place}" for place in places[name]),
                      "forbidden_modules =", *(f"    {place}" for place in forbidden)]
            modules.append(name)
    with open(os.path.join(copy.folder, ".importlinter"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def prepare(tree):
    """The copy of a tree's package, its peers, and what writes their contracts."""
    install()
    source = package_of(tree)
    package = os.path.basename(source)
    copy = Copy(tree, (".py",))
    # Only packages: grimp does not look into folders without __init__.py.
    copy.add(source, package, skip=lambda folder: not os.path.exists(folder + "/__init__.py"))
    copy.close()

    def write(without=None):
        write_tach(copy, without)
        write_import_linter(copy, package, without)

    def broken(out):
        return len(re.findall(r"^ *- +\S+ -> \S+ \(l\.", out, re.M))

    cache = os.path.join(PEERS, tree + ".import-linter")
    lint = [BIN + "/lint-imports", "--config", ".importlinter"]
    graph = f"import grimp; grimp.build_graph('{package}', cache_dir=None)"
    peers = [
        Peer(f"tach {TACH}", [BIN + "/tach", "check"], "contracts",
             told=lambda out: len(re.findall(r"^\[FAIL\]|❌.*:L?\d+", out, re.M))),
        Peer(f"import-linter {IMPORT_LINTER}", [*lint, "--no-cache"], "contracts", "off",
             told=broken),
        Peer(f"import-linter {IMPORT_LINTER}", [*lint, "--cache-dir", cache], "contracts", "warm",
             told=broken, sources=False),
        Peer("grimp, import-linter's graph", [BIN + "/python", "-c", graph], "graph", "off"),
        Peer(f"ruff {RUFF} analyze graph", [BIN + "/ruff", "analyze", "graph", "--isolated", "."],
             "graph"),
    ]
    return copy, peers, write
