#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Explains circles of files, which Ashlar's rule `cycle` does not look for: for each violation of
dependency-cruiser's `no-circular` the shortest way back from TO to FROM by `ashlar refs`, the lines
it goes through, and what Ashlar says of them under the same contracts. Ways through `import type`,
which is not there at run time, are taken only where there is no other.

    circles.py --program build/src/cli/ashlar CHECKOUT

The violations and the contracts are those of tests/oracle/javascript, for 2anki.net; the contracts
are laid over a copy of the checkout's src. Exits 1 if a circle is not found.
"""
import argparse
import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile

OTHER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "javascript")


def ask(program, folder, verb):
    return subprocess.run([program, verb, "--format", "json"], cwd=folder, capture_output=True,
                          text=True, check=False).stdout


def edges_of(program, folder):
    """Two of {file: {file: (line, kind, from module, to module)}}: of references that are there at run
    time, and of all."""
    runtime, every = collections.defaultdict(dict), collections.defaultdict(dict)
    for line in ask(program, folder, "refs").splitlines():
        item = json.loads(line)
        if not item["resolved"]:
            continue
        fact = (item["line"], item["kind"], module_of(item["file"]), module_of(item["resolved"]))
        if item["kind"] != "type":
            runtime[item["file"]].setdefault(item["resolved"], fact)
            every[item["file"]][item["resolved"]] = runtime[item["file"]][item["resolved"]]
        every[item["file"]].setdefault(item["resolved"], fact)
    return runtime, every


def module_of(file):
    """The folder below src; every one of them is made a module."""
    parts = file.split("/")
    return parts[1] if len(parts) > 2 else "src"


def add_modules(copy, edges):
    """A contract for each folder with sources below src that has none, so that all circles can be
    seen."""
    added = []
    for name in sorted({module_of(file) for file in edges} - {"src"}):
        path = os.path.join(copy, "src", name, "module.yaml")
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"module: {json.dumps(name)}\n")
            added.append(name)
    return added


def way(edges, source, goal):
    """The files of the shortest way, or None; among equals the first by name."""
    before, queue = {source: None}, collections.deque([source])
    while queue:
        file = queue.popleft()
        if file == goal:
            files = []
            while file is not None:
                files.append(file)
                file = before[file]
            return files[::-1]
        for other in sorted(edges[file]):
            if other not in before:
                before[other] = file
                queue.append(other)
    return None


def reaches(links, source, goal):
    """Whether modules lead from one to the other, and so back: they are in the same knot."""
    return way({a: dict.fromkeys(b) for a, b in links.items()} | collections.defaultdict(dict),
               source, goal) is not None


NONE, TYPES, INSIDE, ACROSS = ("not found", "closed by a type import only", "inside a module",
                               "across modules")


def explain(number, source, to, runtime, every, knot, findings):
    """Prints a circle; returns of which sort it is."""
    edges, back = runtime, way(runtime, to, source)
    if not back:
        edges, back = every, way(every, to, source)
    if not back or to not in every[source]:
        print(f"{number}. {source} -> {to}: no circle by ashlar refs")
        return NONE
    files = [source, *back]
    steps = [(a, b, *every[a][b]) for a, b in zip(files, files[1:])]
    print(f"{number}. {source}")
    for _, file, line, kind, own, other in steps:
        print(f"   line {line}, {kind} -> {file}" + (f"   ({own} -> {other})" if own != other else ""))
    places = {(step[0], step[2]) for step in steps}
    for item in findings:
        if item["rule"] != "cycle" and (item["file"], item["line"]) in places:
            print(f"   found by ashlar: {item['file']}:{item['line']} {item['rule']}")
    crossing = [step for step in steps if step[4] != step[5]]
    if edges is every:
        print("   no circle at run time: a way back only through `import type`")
        return TYPES
    if not crossing:
        print(f"   inside the module {steps[0][4]}")
        return INSIDE
    inside = all(step[4] in knot and step[5] in knot for step in crossing)
    print("   across modules, " + ("all in a knot that `cycle` tells" if inside else "not in a knot"))
    return ACROSS


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("checkout")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    with open(os.path.join(OTHER, "runs", "2anki-violations.txt"), encoding="utf-8") as file:
        violations = [line.split()[1::2] for line in file if line.startswith("no-circular ")]
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(os.path.join(options.checkout, "src"), os.path.join(copy, "src"))
        for name in ("package.json", "tsconfig.json"):
            shutil.copy(os.path.join(options.checkout, name), copy)
        shutil.copytree(os.path.join(OTHER, "2anki", "contracts"), copy, dirs_exist_ok=True)
        findings = json.loads(ask(program, copy, "check"))["findings"]
        runtime, every = edges_of(program, copy)
        added = add_modules(copy, every)
        more = json.loads(ask(program, copy, "check"))["findings"]
    links = collections.defaultdict(set)
    for targets in runtime.values():
        for _, _, source, to in targets.values():
            if source != to and "src" not in (source, to):
                links[source].add(to)
    knot = {name for name in links if any(reaches(links, other, name) for other in links[name])}
    counts = collections.Counter()
    for number, (source, to) in enumerate(violations, 1):
        counts[explain(number, source, to, runtime, every, knot, findings)] += 1
    for what, found in (("as they are", findings), (f"and {', '.join(added)} as modules", more)):
        for item in found:
            if item["rule"] == "cycle":
                print(f"ashlar cycle, contracts {what}: {item['message']}")
    print(f"modules in a knot at run time: {', '.join(sorted(knot))}")
    print(f"{len(violations)} circles: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    return 1 if counts[NONE] else 0


if __name__ == "__main__":
    sys.exit(main())
