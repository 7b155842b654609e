#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the golden cases: folders under tests/cases/ with

    in/           the input tree, copied to a temporary folder where the program runs
    command       the arguments for ashlar; several lines are several runs, one after another
    expected      what standard output must be, all runs together
    expected.err  what standard error must be (looked at only where the file exists)
    exit          the exit code of the last run (0 without the file)
    after/        files that must be in the folder afterwards, with this content (optional)

In outputs "@ROOT@" stands for the temporary folder and "@MS@" for a duration.

    tests/run_cases.py [--program build/src/cli/ashlar] [--accept] [FILTER...]
"""
import argparse
import difflib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DURATIONS = [
    (re.compile(r'("duration_ms": ?)[0-9.]+'), r"\1@MS@"),
    (re.compile(r"\b[0-9.]+ (ms|s)\b"), "@MS@"),
    (re.compile(r'(<testsuites [^>]*time=")[0-9.]+'), r"\1@MS@"),
]


def find_cases(filters):
    top = os.path.join(HERE, "cases")
    for folder, folders, files in sorted(os.walk(top)):
        if "command" in files:
            folders[:] = []
            name = os.path.relpath(folder, top)
            if not filters or any(f in name for f in filters):
                yield name, folder


def read(path, default=None):
    if not os.path.exists(path):
        return default
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def normal(text, root):
    text = text.replace(root, "@ROOT@")
    for pattern, replacement in DURATIONS:
        text = pattern.sub(replacement, text)
    return text


def run_case(folder, program):
    """Returns (stdout, stderr, exit, {path: content}) of the case."""
    with tempfile.TemporaryDirectory(prefix="ashlar-case-") as temporary:
        root = os.path.join(os.path.realpath(temporary), "in")
        source = os.path.join(folder, "in")
        if os.path.isdir(source):
            shutil.copytree(source, root, symlinks=True)
        else:
            os.mkdir(root)
        environment = {"PATH": os.environ["PATH"], "HOME": temporary, "LANG": "C.UTF-8",
                       "ASHLAR_TODAY": "2026-11-21", "GIT_CEILING_DIRECTORIES": temporary,
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
        out, err, code = "", "", 0
        for line in read(os.path.join(folder, "command")).splitlines():
            if not line.strip():
                continue
            result = subprocess.run([program, *shlex.split(line)], cwd=root, env=environment,
                                    stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
            out += result.stdout.decode("utf-8", "surrogateescape")
            err += result.stderr.decode("utf-8", "surrogateescape")
            code = result.returncode
        after = {}
        for at, _, files in os.walk(os.path.join(folder, "after")):
            for file in files:
                path = os.path.relpath(os.path.join(at, file), os.path.join(folder, "after"))
                after[path] = read(os.path.join(root, path))
        return normal(out, root), normal(err, root), code, after


def compare(what, expected, found):
    if expected == found:
        return []
    lines = difflib.unified_diff((expected or "").splitlines(), (found or "").splitlines(),
                                 what + " expected", what + " found", lineterm="")
    return ["    " + line for line in lines] or [f"    {what} differs in line ends"]


def check(folder, found):
    out, err, code, after = found
    problems = compare("stdout", read(os.path.join(folder, "expected"), ""), out)
    expected_err = read(os.path.join(folder, "expected.err"))
    if expected_err is not None:
        problems += compare("stderr", expected_err, err)
    expected_code = int(read(os.path.join(folder, "exit"), "0"))
    if code != expected_code:
        problems.append(f"    exit code {code}, expected {expected_code}; stderr: {err.strip()}")
    for path, content in after.items():
        problems += compare(path, read(os.path.join(folder, "after", path)), content)
    return problems


def accept(folder, found):
    out, err, code, after = found

    def write(name, text):
        with open(os.path.join(folder, name), "w", encoding="utf-8", errors="surrogateescape",
                  newline="") as file:
            file.write(text)
    write("expected", out)
    if os.path.exists(os.path.join(folder, "expected.err")):
        write("expected.err", err)
    if code != 0:
        write("exit", f"{code}\n")
    elif os.path.exists(os.path.join(folder, "exit")):
        os.remove(os.path.join(folder, "exit"))
    for path, content in after.items():
        if content is not None:
            write(os.path.join("after", path), content)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=os.path.join(HERE, "..", "build", "src", "cli", "ashlar"))
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("filters", nargs="*")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    passed = failed = 0
    for name, folder in find_cases(options.filters):
        found = run_case(folder, program)
        if options.accept:
            accept(folder, found)
        problems = check(folder, found)
        if problems:
            failed += 1
            print(f"FAIL {name}", *problems, sep="\n")
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
