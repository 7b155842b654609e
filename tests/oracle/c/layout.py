#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares where Ashlar's guesses lead, without a compile_commands.json, with where the compiler
goes, which is told the include folders: of every include that it follows (-E -H) it says whether
the reference leads to the same file. A guess can be wrong, so differences are no failure.

    layout.py --ashlar PROGRAM --commands FILE [--units N] [--seconds N] TREE

The commands are those of a compile_commands.json; Ashlar sees a copy of the tree's files without
it. Of more than N commands N are taken, evenly spread; after so many seconds no more are run.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

SOURCES = (".c", ".cc", ".cpp", ".cxx")


def files_of(tree):
    run = subprocess.run(["git", "ls-files", "-z"], cwd=tree, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=False)
    if run.returncode == 0 and run.stdout:
        return [os.fsdecode(name) for name in run.stdout.split(b"\0") if name]
    return [os.path.relpath(os.path.join(folder, name), tree)
            for folder, folders, files in os.walk(tree) for name in files
            if ".git" not in folder.split(os.sep)]


def copy_of(tree, into):
    for name in files_of(tree):
        source = os.path.join(tree, name)
        if os.path.isfile(source) and not os.path.islink(source) \
                and os.path.basename(name) != "compile_commands.json":
            os.makedirs(os.path.dirname(os.path.join(into, name)), exist_ok=True)
            shutil.copy(source, os.path.join(into, name))


def ashlar(program, tree):
    """{file: [reference]} without any command line in sight."""
    with tempfile.TemporaryDirectory() as copy:
        copy_of(tree, copy)
        run = subprocess.run([program, "refs", "--format", "json"], cwd=copy,
                             stdout=subprocess.PIPE, check=False)
    found = collections.defaultdict(list)
    for line in run.stdout.splitlines():
        reference = json.loads(line)
        if reference["kind"] == "include":
            found[reference["file"]].append(reference)
    return found


def words_to_preprocess(command):
    words = command.get("arguments") or shlex.split(command["command"])
    kept, skip = [], False
    for word in words[1:]:
        if skip or word in ("-c", "-o", "-MD", "-MMD", "-MP", "-MF", "-MT", "-MQ"):
            skip = not skip and word in ("-o", "-MF", "-MT", "-MQ")
            continue
        kept.append(word)
    return ["cc", *kept, "-w", "-E", "-H"]


def edges(command, deadline):
    """[(including file, included file)] of one unit; None when it was not run to its end."""
    if time.monotonic() > deadline:
        return None
    folder = command["directory"]
    try:
        run = subprocess.run(words_to_preprocess(command), cwd=folder, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return None
    stack = [os.path.realpath(os.path.join(folder, command["file"]))]
    found = []
    for line in run.stderr.decode("utf-8", "replace").splitlines():
        dots, _, name = line.partition(" ")
        if not dots or dots.strip("."):
            continue
        del stack[len(dots):]
        stack.append(os.path.realpath(os.path.join(folder, name)))
        found.append((stack[-2], stack[-1]))
    return found if run.returncode == 0 or found else None


def inside(path, root, known):
    name = path[len(root) + 1:]
    return name if path.startswith(root + os.sep) and name in known else None


def compare(found, followed, root, known, out):
    for source, target in sorted(followed):
        name = inside(source, root, known)
        to = inside(target, root, known)
        if not name or not name.endswith((*SOURCES, ".h", ".hh", ".hpp", ".hxx", ".inl", ".ipp")):
            continue
        last = os.path.basename(target)
        here = [r for r in found[name] if os.path.basename(r["target"]) == last
                or r["resolved"] == to]
        out["outside" if not to else "inside"] += 1
        resolved = {r["resolved"] for r in here if r["resolved"]}
        if to in resolved or (not to and not resolved):
            continue
        if to and not resolved:
            out["unresolved"] += 1
            print(f"not resolved: {name}: {last}, compiler: {to}")
        else:
            out["elsewhere"] += 1
            print(f"goes elsewhere: {name}: {last}, ours: {sorted(resolved)}, compiler: "
                  f"{to or target}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ashlar", required=True)
    parser.add_argument("--commands", required=True)
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=240)
    parser.add_argument("tree")
    options = parser.parse_args()
    tree = os.path.abspath(options.tree)
    with open(options.commands, encoding="utf-8") as file:
        commands = json.load(file)
    step = max(1, -(-len(commands) // options.units))
    chosen = commands[::step]
    known = set(files_of(tree))
    root = os.path.realpath(tree)
    deadline = time.monotonic() + options.seconds
    out, followed = collections.Counter(), set()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda c: edges(c, deadline), chosen):
            out["units" if found is not None else "dropped"] += 1
            followed.update(found or [])
    compare(ashlar(os.path.abspath(options.ashlar), tree), followed, root, known, out)
    print(f"{out['units']} of {len(commands)} translation units ({out['dropped']} not run to the "
          f"end), {out['inside']} includes of files of the tree and {out['outside']} of others; "
          f"{out['elsewhere']} go elsewhere, {out['unresolved']} are unresolved")
    sys.exit(out["units"] == 0)


if __name__ == "__main__":
    main()
