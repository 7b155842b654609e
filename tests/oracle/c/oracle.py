#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares `ashlar refs --format json` of a C or C++ tree with clang.

1. Which includes there are, in all branches: clang's own list of the directives of each file
   (-print-dependency-directives-minimized-source), less what stands in "#if 0".
2. Where they go: with a compile_commands.json, every include that clang follows in each
   translation unit (libclang's record: place and file), against Ashlar's reference there.

    oracle.py --ashlar PROGRAM [--commands compile_commands.json [--units N]] TREE

Of more than N translation units N are taken, evenly spread.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys

EXTENSIONS = (".c", ".h", ".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".h++", ".ipp",
              ".inl", ".tpp", ".cppm", ".ccm", ".cxxm", ".c++m", ".ixx", ".mpp")
INCLUDE = re.compile(rb'^#\s*(include_next|include|import)\s*("[^"\n]*"|<[^>\n]*>|[A-Za-z_]\w*)')


def ashlar(program, tree):
    run = subprocess.run([program, "refs", "--format", "json"], cwd=tree, stdout=subprocess.PIPE)
    found = collections.defaultdict(list)
    for line in run.stdout.splitlines():
        reference = json.loads(line)
        if reference["file"].endswith(EXTENSIONS):
            found[reference["file"]].append(reference)
    return found


def list_files(tree):
    run = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                         cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if run.returncode == 0:
        names = [os.fsdecode(name) for name in run.stdout.split(b"\0")]
    else:
        names = [os.path.relpath(os.path.join(folder, name), tree)
                 for folder, _, files in os.walk(tree) for name in files]
    return sorted({n for n in names if n.endswith(EXTENSIONS)
                   and os.path.isfile(os.path.join(tree, n))
                   and not os.path.islink(os.path.join(tree, n))})


def directives(path):
    """The operands of all includes outside "#if 0", as clang's lexer sees them; None where
    clang gives up."""
    language = "c" if path.endswith((".c", ".h")) else "c++"
    run = subprocess.run(["clang", "-cc1", "-x", language,
                          "-print-dependency-directives-minimized-source", path],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode != 0:
        return None
    operands, skipped = [], 0
    for line in run.stdout.splitlines():
        if skipped:
            word = re.match(rb"#\s*(\w*)", line)
            word = word.group(1) if word else b""
            if word in (b"if", b"ifdef", b"ifndef"):
                skipped += 1
            elif word == b"endif":
                skipped -= 1
            elif skipped == 1 and word in (b"else", b"elif", b"elifdef", b"elifndef"):
                skipped = 0
            continue
        if re.match(rb"#\s*if\s*0\s*$", line):
            skipped = 1
        match = INCLUDE.match(line)
        if match:
            operands.append(match.group(2).strip(b'"<>').decode("utf-8", "replace"))
    return [operand for operand in operands if operand]


def compare_directives(tree, found, out):
    names = list_files(tree)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        wanted = dict(zip(names, pool.map(lambda n: directives(os.path.join(tree, n)), names)))
    for name in names:
        ours = [r["target"] for r in found.get(name, []) if r["kind"] == "include"]
        out["files"] += 1
        if wanted[name] is None:
            out["refused"] += 1
            print("clang gives up on", name)
            continue
        out["references"] += len(wanted[name])
        missing = collections.Counter(wanted[name]) - collections.Counter(ours)
        invented = collections.Counter(ours) - collections.Counter(wanted[name])
        for target in missing.elements():
            out["missing"] += 1
            print("missing", name, target)
        for target in invented.elements():
            out["invented"] += 1
            print("invented", name, target)
        if not missing and not invented and ours != wanted[name]:
            out["disordered"] += 1
            print("other order", name)


def compare_places(tree, found, out):
    """Each target must stand in the source where its reference says."""
    for name, references in found.items():
        with open(os.path.join(tree, name), encoding="utf-8", errors="replace", newline="") as f:
            lines = f.read().split("\n")
        if lines[0].startswith("\ufeff"):
            lines[0] = lines[0][1:]
        for r in references:
            if not lines[r["line"] - 1][r["column"] - 1:].startswith(r["target"]):
                out["misplaced"] += 1
                print("not at its place:", name, r["line"], r["column"], r["target"])


def unit_includes(command):
    """{(file, line, column of the delimiter): included file} of one translation unit."""
    import clang.cindex as ci
    arguments, skip = [], False
    words = command.get("arguments") or shlex.split(command["command"])
    for word in words[1:]:
        if skip or word in ("-c", "-o"):
            skip = word == "-o" and not skip
            continue
        if os.path.join(command["directory"], word) != \
                os.path.normpath(os.path.join(command["directory"], command["file"])):
            arguments.append(word)
    source = os.path.normpath(os.path.join(command["directory"], command["file"]))
    os.chdir(command["directory"])
    try:
        unit = ci.Index.create().parse(source, args=arguments + ["-w"],
                                       options=ci.TranslationUnit.PARSE_INCOMPLETE
                                       | ci.TranslationUnit.PARSE_SKIP_FUNCTION_BODIES)
    except ci.TranslationUnitLoadError:
        return None
    # get_includes() tells what a place includes, with the place of the directive's operand.
    result = {}
    for include in unit.get_includes():
        where = include.location
        if where.file:
            result[(os.path.realpath(where.file.name), where.line)] = \
                os.path.realpath(include.include.name)
    return result


def compare_targets(tree, found, commands, out):
    root = os.path.realpath(tree)
    followed = collections.defaultdict(set)
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        for includes in pool.map(unit_includes, commands, chunksize=4):
            if includes is None:
                out["unreadable"] += 1
                continue
            out["units"] += 1
            for (name, line), target in includes.items():
                followed[name, line].add(target)
    ours = collections.defaultdict(list)
    for name, references in found.items():
        for r in references:
            ours[os.path.join(root, name), r["line"]].append(r)
    tracked = set(list_files_all(tree))
    for (name, line), targets in sorted(followed.items()):
        if os.path.relpath(name, root) not in tracked or not name.endswith(EXTENSIONS):
            continue
        out["followed"] += 1
        here = ours.get((name, line))
        if not here:
            out["unseen"] += 1
            print("followed by clang, not seen:", os.path.relpath(name, root), line)
            continue
        inside = {os.path.relpath(t, root) for t in targets}
        inside = {t for t in inside if t in tracked}
        resolved = here[0]["resolved"]
        if inside == ({resolved} if resolved else set()):
            continue
        if resolved in inside:
            out["several"] += 1
        else:
            out["different"] += 1
            print("goes elsewhere:", os.path.relpath(name, root), line, here[0]["target"],
                  "ours:", resolved, "clang:", sorted(inside))


def list_files_all(tree):
    run = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                         cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if run.returncode == 0:
        return [os.fsdecode(name) for name in run.stdout.split(b"\0")]
    return [os.path.relpath(os.path.join(folder, name), tree)
            for folder, _, files in os.walk(tree) for name in files]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ashlar", required=True)
    parser.add_argument("--commands")
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("tree")
    options = parser.parse_args()
    program = os.path.abspath(options.ashlar)
    tree = os.path.abspath(options.tree)
    commands = json.load(open(options.commands, encoding="utf-8")) if options.commands else []
    all_units = len(commands)
    commands = commands[::max(1, -(-all_units // options.units))]
    out = collections.Counter()
    found = ashlar(program, tree)
    compare_directives(tree, found, out)
    compare_places(tree, found, out)
    print(f"{out['files']} files ({out['refused']} that clang gives up on), "
          f"{out['references']} includes, {out['missing']} missing, {out['invented']} invented, "
          f"{out['misplaced']} misplaced, {out['disordered']} files in another order")
    if commands:
        compare_targets(tree, found, commands, out)
        print(f"{out['units']} of {all_units} translation units ({out['unreadable']} that libclang refuses), "
              f"{out['followed']} includes followed by clang, "
              f"{out['unseen']} unseen, {out['different']} that go elsewhere, "
              f"{out['several']} that go to several files by unit, one of them ours")
    wrong = ("missing", "invented", "misplaced", "disordered", "unseen", "different")
    sys.exit(any(out[name] for name in wrong))


if __name__ == "__main__":
    main()
