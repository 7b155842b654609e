#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the references that `ashlar refs` finds in a tree with those of Python's own parser.

usage: scan_oracle.py [--ashlar PATH] [--show N] TREE...

A reference is (file, line, column, kind, target). Files that ast cannot parse are told and
left out, since there is nothing to compare with; so is the column in files that are not UTF-8.
Exits 1 when a reference is missing or invented."""
import argparse
import ast
import collections
import json
import multiprocessing
import os
import platform
import re
import subprocess
import sys
import warnings

EXTENSIONS = (".py", ".pyi", ".pyw")
# Blanks and continued lines.
GAP = re.compile(r"(?:[ \t\f]|\\(?:\r\n|\r|\n))*")
LINE_END = re.compile(r"\r\n|\r|\n")


class Source:
    """A file as Python's tokenizer sees it, with places by line and column."""

    def __init__(self, data):
        self.text = decode(data)
        self.starts = [0] + [end.end() for end in LINE_END.finditer(self.text)]

    def offset(self, line, column_in_bytes):
        start = self.starts[line - 1]
        rest = self.text[start : start + column_in_bytes].encode()[:column_in_bytes]
        return start + len(rest.decode())

    def place(self, offset):
        low, high = 0, len(self.starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.starts[middle] <= offset else (low, middle)
        return low + 1, offset - self.starts[low] + 1


def decode(data):
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode()
    cookie = re.match(rb"(?:[^\n\r]*(?:\r\n|\n|\r))?[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", data)
    return data.decode(cookie.group(1).decode() if cookie else "utf-8")


def checks_types(test):
    """1 for a test of TYPE_CHECKING, -1 for its contrary, 0 for anything else."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return -checks_types(test.operand)
    name = getattr(test, "id", None) or getattr(test, "attr", None)
    return int(name == "TYPE_CHECKING")


def dynamic_literal(call):
    """The literal name that an importing call is given, or None."""
    function = call.func
    owner = None
    if isinstance(function, ast.Attribute):
        owner = getattr(function.value, "id", "?")
    name = getattr(function, "id", None) or getattr(function, "attr", None)
    if (name, owner) not in {
        ("import_module", None),
        ("import_module", "importlib"),
        ("__import__", None),
        ("__import__", "builtins"),
    }:
        return None
    arguments = call.args[:1] or [word.value for word in call.keywords if word.arg == "name"]
    literal = arguments[0] if arguments else None
    if isinstance(literal, ast.Constant) and isinstance(literal.value, str) and literal.value:
        return literal
    return None


def dynamic_target(call, literal, is_package):
    target = literal.value
    if not target.startswith(".") or call.func == "__import__":
        return target
    package = call.args[1:2] or [word.value for word in call.keywords if word.arg == "package"]
    name = getattr(package[0], "id", None) if package else None
    if name == "__package__" or (name == "__name__" and is_package):
        return target
    if package and isinstance(package[0], ast.Constant) and isinstance(package[0].value, str):
        parts = package[0].value.split(".")
        dots = len(target) - len(target.lstrip("."))
        if dots <= len(parts):
            return ".".join(parts[: len(parts) - dots + 1] + [target[dots:]])
    return "*" + target


class Collector(ast.NodeVisitor):
    def __init__(self, source, is_package):
        self.source = source
        self.is_package = is_package
        self.kind = "import"
        self.found = []

    def add(self, offset, kind, target):
        self.found.append((*self.source.place(offset), kind, target))

    def visit_Import(self, node):
        for alias in node.names:
            self.add(self.source.offset(alias.lineno, alias.col_offset), self.kind, alias.name)

    def visit_ImportFrom(self, node):
        offset = self.source.offset(node.lineno, node.col_offset) + len("from")
        offset = GAP.match(self.source.text, offset).end()
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            dot = "" if module.endswith(".") else "."
            self.add(offset, self.kind, module + dot + alias.name)

    def visit_Call(self, node):
        literal = dynamic_literal(node)
        if literal:
            offset = self.source.offset(literal.lineno, literal.col_offset)
            quote = re.compile(r"[rRuU]?('''|\"\"\"|'|\")").match(self.source.text, offset)
            if quote:
                target = dynamic_target(node, literal, self.is_package)
                self.add(quote.end(), "dynamic", target)
        self.generic_visit(node)

    def visit_block(self, nodes, kind):
        outer, self.kind = self.kind, kind
        for node in nodes:
            self.visit(node)
        self.kind = outer

    def visit_If(self, node):
        self.visit(node.test)
        way = checks_types(node.test)
        self.visit_block(node.body, "type" if way > 0 else self.kind)
        self.visit_block(node.orelse, "type" if way < 0 else self.kind)


def references_of(path):
    """(references or None, what is wrong or None, whether the file is UTF-8)"""
    with open(path, "rb") as file:
        data = file.read()
    try:
        data.decode()
        is_utf8 = True
    except UnicodeDecodeError:
        is_utf8 = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
        collector = Collector(Source(data), os.path.basename(path).startswith("__init__."))
        collector.visit(tree)
    except (SyntaxError, ValueError, RecursionError, LookupError, MemoryError) as error:
        return None, f"{type(error).__name__}: {error}", is_utf8
    return collector.found, None, is_utf8


def ask_ashlar(ashlar, tree):
    found = collections.defaultdict(list)
    run = subprocess.run([ashlar, "refs", "--format", "json"], cwd=tree, stdout=subprocess.PIPE)
    for line in run.stdout.splitlines():
        row = json.loads(line)
        if row["file"].endswith(EXTENSIONS):
            place = (row["line"], row["column"], row["kind"], row["target"])
            found[row["file"]].append(place)
    return found


def list_files(ashlar, tree):
    for folder, folders, files in os.walk(tree):
        folders[:] = [name for name in folders if name != ".git"]
        for name in files:
            path = os.path.join(folder, name)
            if name.endswith(EXTENSIONS) and os.path.isfile(path):
                yield os.path.relpath(path, tree)


def differences(theirs, ours, is_utf8):
    def comparable(rows):
        return collections.Counter(row if is_utf8 else (row[0], 0, *row[2:]) for row in rows)

    theirs, ours = comparable(theirs), comparable(ours)
    return sorted((theirs - ours).elements()), sorted((ours - theirs).elements())


def compare(ashlar, tree, show):
    ours = ask_ashlar(ashlar, tree)
    files = sorted(list_files(ashlar, tree))
    with multiprocessing.Pool(2) as pool:
        theirs = pool.map(references_of, [os.path.join(tree, file) for file in files], 64)
    total = missing_total = invented_total = unparsed = 0
    for file, (references, problem, is_utf8) in zip(files, theirs):
        if problem:
            unparsed += 1
            print(f"  not parsed: {file}: {problem}; ashlar has {len(ours[file])}")
            continue
        total += len(references)
        missing, invented = differences(references, ours[file], is_utf8)
        missing_total += len(missing)
        invented_total += len(invented)
        for what, rows in (("missing", missing), ("invented", invented)):
            for row in rows[: show]:
                print(f"  {what}: {file}:{row[0]}:{row[1]}: {row[2]} {row[3]}")
    print(
        f"{os.path.basename(os.path.abspath(tree))}: {len(files)} files, {unparsed} not parsed, "
        f"{total} references, {missing_total} missing, {invented_total} invented"
    )
    return missing_total + invented_total


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--ashlar", default="build/src/cli/ashlar")
    options.add_argument("--show", type=int, default=20)
    options.add_argument("trees", nargs="+")
    options = options.parse_args()
    ashlar = os.path.abspath(options.ashlar)
    print(f"Python {platform.python_version()} ast")
    failed = 0
    for tree in options.trees:
        failed += compare(ashlar, tree, options.show)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
