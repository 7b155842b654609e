#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds Ashlar against tach, with the modules and layers of a project's own tach.toml.

Everything is taken out of tach.toml but the modules and their layers. A module of tach may be one
file, so the contracts stand in folders of their own and name files and packages as `roots`.
Compared are, by file and line, the module that is referenced:

    dependency  no module may depend on another (and no layers)
    layer       the layers, with every module allowed to depend on every other

    compare_tach.py --program build/src/cli/ashlar --tach tach FOLDER

Prints one line a difference and a summary; exits 1 if there was one.
"""
import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib


def place_of(root, name):
    """The folder or file of a Python module."""
    path = name.replace(".", "/")
    return path if os.path.isdir(os.path.join(root, path)) else path + ".py"


def roots_of(root, place, places):
    """The place, or where others are in it what is left of it, in as few paths as can be."""
    if not any(other.startswith(place + "/") for other in places):
        return [place]
    roots = []
    for name in sorted(os.listdir(os.path.join(root, place))):
        path = place + "/" + name
        if path not in places and (path.endswith(".py") or os.path.isdir(os.path.join(root, path))):
            roots += roots_of(root, path, places)
    return roots


def without_ignores(root):
    """tach's own exceptions are no exceptions of the rules compared."""
    for folder, _, files in os.walk(root):
        for name in files:
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8", newline="") as file:
                    text = file.read()
                if "tach-ignore" in text:
                    with open(path, "w", encoding="utf-8", newline="") as file:
                        file.write(re.sub(r"# *tach-ignore", "# no exception", text))


def write_tach(root, config, with_layers):
    lines = ['exclude = %s' % json.dumps(config.get("exclude", [])), 'source_roots = ["."]']
    if with_layers:
        lines.append("layers = %s" % json.dumps(config["layers"]))
    for module in config["modules"]:
        lines += ["[[modules]]", 'path = "%s"' % module["path"]]
        if not with_layers:
            lines.append("depends_on = []")
        elif "layer" in module:
            lines.append('layer = "%s"' % module["layer"])
    with open(os.path.join(root, "tach.toml"), "w") as file:
        file.write("\n".join(lines) + "\n")


def write_ashlar(root, config, with_layers):
    layers = "layers: [%s]\n" % ", ".join(config["layers"]) if with_layers else ""
    off = "dependency: off, " if with_layers else ""
    with open(os.path.join(root, "ashlar.yaml"), "w") as file:
        file.write("version: 1\nmodules: [\"contracts/*\"]\n" + layers +
                   "exclude: [docs/, tests/]\n"
                   "rules: {%scycle: off, unused: off}\n"
                   "ignore_types: [dependency, layer]\nlanguages: {python: {roots: ['.']}}\n" % off)
    places = {place_of(root, module["path"]) for module in config["modules"]}
    for module in config["modules"]:
        folder = os.path.join(root, "contracts", module["path"])
        roots = roots_of(root, place_of(root, module["path"]), places)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "module.yaml"), "w") as file:
            file.write("module: %s\nroots: %s\n" % (module["path"], json.dumps(roots)))
            if with_layers and "layer" in module:
                file.write("layer: %s\n" % module["layer"])


def start_of(root, path, line, cache={}):
    """The first line of the import that the line is in: tach tells the line of each name."""
    if path not in cache:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            cache[path] = file.read().split("\n")
    while not re.match(r"\s*(from|import)\b", cache[path][line - 1]):
        line -= 1
    return line


def ask_tach(program, root):
    run = subprocess.run([program, "check", "--dependencies", "--output", "json"], cwd=root,
                         capture_output=True, text=True)
    found = set()
    for item in json.loads(run.stdout):
        located = item.get("Located", {})
        for what, detail in located.get("details", {}).get("Code", {}).items():
            if what in ("UndeclaredDependency", "LayerViolation"):
                to = detail.get("definition_module") or detail.get("dependency_module")
                path = located["file_path"]
                found.add((path, start_of(root, path, located["line_number"]), to))
    return found


def ask_ashlar(program, root, rule):
    def run(verb):
        return subprocess.run([program, verb, "--format", "json"], cwd=root, capture_output=True,
                              text=True)
    check = run("check")
    if check.returncode not in (0, 1, 3):
        raise SystemExit(check.stdout + check.stderr)
    kinds = {}
    for line in run("refs").stdout.splitlines():
        ref = json.loads(line)
        kinds[ref["file"], ref["line"], ref["column"], ref["target"]] = ref["kind"]
    found = set()
    for finding in json.loads(check.stdout)["findings"]:
        place = finding["file"], finding["line"], finding["column"], finding["reference"]
        if finding["rule"] == rule and kinds[place] != "dynamic":
            found.add((finding["file"], finding["line"], finding["to"]))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--tach", required=True)
    parser.add_argument("folder")
    options = parser.parse_args()
    with open(os.path.join(options.folder, "tach.toml"), "rb") as file:
        config = tomllib.load(file)
    differences = 0
    with tempfile.TemporaryDirectory() as temporary:
        root = os.path.join(temporary, "tree")
        top = config["modules"][0]["path"].split(".")[0]
        shutil.copytree(os.path.join(options.folder, top), os.path.join(root, top))
        without_ignores(root)
        for rule in ("dependency", "layer"):
            write_tach(root, config, rule == "layer")
            write_ashlar(root, config, rule == "layer")
            theirs = ask_tach(os.path.abspath(options.tach), root)
            ours = ask_ashlar(os.path.abspath(options.program), root, rule)
            for item in sorted(ours - theirs):
                print("only Ashlar: %s %s" % (rule, item))
            for item in sorted(theirs - ours):
                print("only tach: %s %s" % (rule, item))
            differences += len(ours ^ theirs)
            pairs = collections.Counter(to for _, _, to in ours)
            print("%s: %d references by Ashlar, %d by tach, to %d modules" %
                  (rule, len(ours), len(theirs), len(pairs)))
    print("differences: %d" % differences)
    return 1 if differences else 0


sys.exit(main())
