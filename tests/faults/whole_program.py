#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every verb again and again, each time with one more allocation, or one more call of the
system, failing (fail_nth.c), until a run meets no fault. Each run must

- end with 3 and a message, or tell in its output what it could not read, or do all that a run
  without a fault does: a fault that is neither told nor harmless is a bug;
- not crash, hang, or (in a build with a sanitizer) leak;
- leave each of the user's files as it was, or as a run without a fault leaves it.

    tests/faults/whole_program.py --program build/src/cli/ashlar --library build/tests/faults/libfail_nth.so
        [--most N]     look at about N points of each loop, evenly spread (default: all)
        [--only WORD]  only loops whose name has the word
"""
import argparse
import concurrent.futures
import difflib
import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = {
    "ashlar.yaml": 'version: 1\nmodules: ["src/*"]\nexclude: ["*.gen.ts"]\nlayers: [top, low]\n'
                   "languages: {python: {roots: [src]}, c: {includes: [include]}}\n"
                   "forbidden: [{from: [web], to: [data]}]\n",
    "src/web/module.yaml": "module: web\n# kept\nlayer: top\ndepends_on: [core, data]\nexceptions:\n"
                           "  - {rule: external, to: left, reason: r, owner: o, until: 2099-01-01}\n",
    "src/core/module.yaml": "module: core\nlayer: low\ndepends_on: []\npublic: [api.py, core.h]\n",
    "src/data/module.yaml": "module: data\ndepends_on: [core]\nexternal: [numpy]\n",
    "src/core/baseline.yaml": "# a comment\n"
                              "- {rule: dependency, to: web, file: src/core/gone.py, reference: web.page}\n"
                              "- {rule: layer, to: web, file: src/core/api.py, reference: web.page}\n",
    "src/web/page.py": "import core.api\nfrom core import hidden\nimport data.rows\nimport requests\n",
    "src/web/view.ts": "import {a} from '@core/a';\nimport b from './b';\nimport left from 'left';\n",
    "src/web/b.ts": "export * from '../core/a';\n",
    "src/core/a.ts": "export const a = import('../web/view');\n",
    "src/core/api.py": "import web.page\n", "src/core/hidden.py": "import os\n",
    "src/core/core.h": "#include <stdio.h>\n", "src/core/core.c": '#include "core.h"\n#include "x.h"\n',
    "src/data/rows.py": "import numpy, pandas\nimport core.hidden\n",
    "src/data/Rows.java": "package data;\nimport java.util.List;\nimport data.more.Row;\nclass Rows {}\n",
    "src/data/more/Row.java": "package data.more;\npublic class Row {}\n",
    "src/data/main.go": 'package data\n\nimport (\n\t"fmt"\n\t"example.com/shop/src/core"\n)\n',
    "src/core/core.go": "package core\n", "go.mod": "module example.com/shop\n\ngo 1.21\n",
    "include/x.h": "int x;\n", "package.json": '{"name": "shop", "workspaces": ["src/*"]}\n',
    "pnpm-workspace.yaml": "packages: ['src/*']\n",
    "tsconfig.json": '{"compilerOptions": {"paths": {"@core/*": ["./src/core/*"]}}}\n',
    "compile_commands.json": '[{"directory": "/t", "file": "src/core/core.c", "command": "cc -Iinclude"}]\n',
    "app.h": "static const ash_module *const MODULES[] = {NULL};\n",
    "vendor/x.gen.ts": "import 'nothing';\n", ".gitignore": "*.log\n",
}
PLAIN = {path: text for path, text in FILES.items()
         if not path.endswith(("module.yaml", "baseline.yaml", "ashlar.yaml"))}

# name, executable, arguments, whether the tree has contracts
VERBS = [
    ("check", "ashlar", ["check"], True),
    ("check of a path", "ashlar", ["check", "src/web", "--rule", "privacy"], True),
    ("check to json", "ashlar", ["check", "-f", "json", "-o", "report"], True),
    ("check to sarif", "ashlar", ["check", "-f", "sarif"], True),
    ("check to junit", "ashlar", ["check", "-f", "junit"], True),
    ("check by two threads", "ashlar", ["check", "-j2"], True),
    ("check and tighten", "ashlar", ["check", "--tighten"], True),
    ("survey", "ashlar", ["check"], False),
    ("init", "ashlar", ["init"], False),
    ("baseline", "ashlar", ["baseline"], True),
    ("refs", "ashlar", ["refs"], True),
    ("refs to json", "ashlar", ["refs", "-f", "json"], False),
    ("why", "ashlar", ["why", "web", "data"], True),
    ("explain", "ashlar", ["explain", "cycle"], True),
    ("help", "ashlar", ["help", "--man"], True),
    ("completion", "ashlar", ["completion", "bash"], True),
    ("graph to dot", "ashlar-graph", ["graph"], True),
    ("graph to mermaid", "ashlar-graph", ["graph", "-f", "mermaid"], True),
    ("graph to html", "ashlar-graph", ["graph", "-f", "html"], True),
    ("new application", "ashlar-new", ["new", "app", "cafe"], False),
    ("new module", "ashlar-new", ["new", "module", "kitchen"], True),
    ("affected", "ashlar-affected", ["affected"], True),
    ("affected since a revision", "ashlar-affected", ["affected", "-b", "HEAD~1", "-f", "json"], True),
]
# Graphviz ends the process when it has no memory, libgit2 1.5 crashes: there only allocations of
# our own fail.
OWN_ONLY = {"ashlar-graph", "ashlar-affected"}
TIMES = re.compile(rb'(duration_ms": ?|time="|"duration":)[0-9.]+|[0-9.]+ (ms|s)\b')
FRAMES = re.compile(rb'^\[(\d+,){13}.*', re.M)  # findings with lines of source, in the page
TOLD = re.compile(rb"out of memory|cannot |is not a regular file|could not be|Input/output error|unreadable|^Not read", re.M)


def make_tree(folder, files):
    for path, text in files.items():
        path = os.path.join(folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for step in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"],
                 ["commit", "-qm", "two", "--allow-empty"]):
        subprocess.run(git + step, cwd=folder, check=True)
    with open(os.path.join(folder, "src/core/new.py"), "w", encoding="utf-8") as file:
        file.write("import core.api\n")


def normal(text, folder):
    """Without what differs between runs, and without the lines of source that are shown beside a
    finding: they are left out when they cannot be read again."""
    text = TIMES.sub(b"", text.replace(folder.encode(), b""))
    text = FRAMES.sub(b"[finding]", text)
    return b"".join(line for line in text.splitlines(True)
                    if line.strip() and "│".encode() not in line)


def snapshot(folder):
    """The user's files, without git's."""
    found = {}
    for at, folders, files in os.walk(folder):
        if ".git" in folders:
            folders.remove(".git")
        for name in files:
            path = os.path.join(at, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = normal(file.read(), folder)
    return found


class Loop:
    """One verb with one kind of fault."""

    def __init__(self, options, name, program, arguments, tree, kind):
        self.options, self.name, self.kind = options, f"{name}, {kind}", kind
        self.words = [os.path.join(options.folder, program), *arguments]
        if "-j2" not in arguments and program != "help":
            self.words.append("-j1")
        self.tree = tree
        self.writes = {"init", "baseline", "--tighten", "-o", "new"} & set(arguments) and \
            program in ("ashlar", "ashlar-new")
        self.before = snapshot(tree)
        self.problems, self.runs = [], 0

    def run(self, nth):
        """Returns (fault, exit code, stdout, stderr, files after) with the nth fault; 0: none."""
        with tempfile.TemporaryDirectory(prefix="ashlar-fault-") as place:
            tree = self.tree
            if self.writes:
                tree = os.path.join(place, "tree")
                shutil.copytree(self.tree, tree, symlinks=True)
            log = os.path.join(place, "failed")
            spec = f"io:{nth}:{errno.EIO}" if self.kind == "io" else f"{self.kind}:{nth}"
            environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "LANG": "C.UTF-8",
                           "ASHLAR_TODAY": "2026-11-21", "ASHLAR_FAILED": log,
                           "LD_PRELOAD": self.options.library, "ASHLAR_FAIL": spec,
                           "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=1:"
                                           "allocator_may_return_null=1",
                           "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
                           "LSAN_OPTIONS": "print_suppressions=0:suppressions="
                                           + os.path.join(HERE, "..", "leaks.lsan")}
            if os.path.basename(self.words[0]) in OWN_ONLY:
                environment["ASHLAR_FAIL_IN"] = "ashlar"
            if nth == 0:
                del environment["ASHLAR_FAIL"]
            result = subprocess.run(self.words, cwd=tree, env=environment, timeout=120,
                                    stdin=subprocess.DEVNULL, capture_output=True, check=False)
            fault = None
            if os.path.exists(log):
                with open(log, encoding="utf-8", errors="replace") as file:
                    fault = file.readline().strip()
            after = snapshot(tree) if self.writes else self.before
            return (fault, result.returncode, normal(result.stdout, tree) + after.pop("report", b""),
                    result.stderr, after)

    def judge(self, nth, result):
        fault, code, out, err, after = result
        if b"AddressSanitizer: CHECK failed" in err:  # itself had no memory to start a thread
            return
        told = TOLD.search(err) or TOLD.search(out)
        whole = self.good
        problem = None
        if code == whole[1] and out == whole[2] and after == whole[4]:
            return
        # To libgit2 a file, an object or a repository that it cannot look at is not there.
        if self.kind == "io" and "affected" in self.words:
            if code == 0 and fault.startswith("lstat"):
                return
            if code == 2 and re.search(b"is not in a git repository|git knows no revision", err):
                return
        # What cannot be read is left out of what is proposed, in writing.
        if code == 0 and told and (err and "check" in self.words or out.find(b"excluded ") >= 0):
            return
        if code not in (1, 3) or b"Sanitizer" in err or b"runtime error" in err:
            problem = f"ends with {code}"
        elif not told:
            problem = f"ends with {code} and tells nobody"
        elif code == 1 and whole[1] != 1:
            problem = "finds what is not there"
        elif code == 3 and b"\nNo findings" in out and b"could not" not in out:
            problem = "claims that nothing was found"
        for path in sorted(set(after) | set(self.before)):
            if after.get(path) not in (self.before.get(path), whole[4].get(path)):
                problem = f"leaves {path} neither as it was nor as it should be"
        if problem and code == whole[1]:
            lines = difflib.unified_diff(whole[2].decode(errors="replace").splitlines(),
                                         out.decode(errors="replace").splitlines(), lineterm="", n=0)
            err += "\n".join(list(lines)[2:10]).encode()
        if problem:
            self.problems.append(f"  {nth} ({fault}): {problem}\n"
                                 + "".join("      " + line + "\n" for line in
                                           err.decode(errors="replace").splitlines()[:12]))

    def all(self, pool):
        self.good = self.run(0)
        if self.good[1] not in (0, 1):
            self.problems.append(f"  without a fault it ends with {self.good[1]}: {self.good[3]}")
            return
        last = self.find_last()
        step = max(1, last // self.options.most) if self.options.most else 1
        points = list(range(1, last + 1, step))
        for nth, result in zip(points, pool.map(self.run, points)):
            self.runs += 1
            self.judge(nth, result)

    def find_last(self):
        """The last fault that a run can meet, or a little more: a fault may make more calls."""
        low, high = 1, 1
        while self.run(high)[0]:
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.run(middle)[0] else (low, middle)
        return high


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--most", type=int, default=0)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    options.folder = os.path.dirname(os.path.abspath(options.program))
    options.library = os.path.abspath(options.library)
    passed = failed = runs = 0
    with tempfile.TemporaryDirectory(prefix="ashlar-fault-") as folder, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        trees = {}
        for contracts, files in ((True, FILES), (False, PLAIN)):
            trees[contracts] = os.path.join(folder, "with" if contracts else "without")
            make_tree(trees[contracts], files)
        for name, program, arguments, contracts in VERBS:
            for kind in ("alloc", "alloc-from", "io"):
                loop = Loop(options, name, program, arguments, trees[contracts], kind)
                if options.only not in loop.name:
                    continue
                loop.all(pool)
                runs += loop.runs
                passed += not loop.problems
                failed += bool(loop.problems)
                if loop.problems:
                    print(f"FAIL {loop.name}: {len(loop.problems)} of {loop.runs} runs",
                          *loop.problems[:10], sep="\n", flush=True)
    print(f"{runs} runs with a fault")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
