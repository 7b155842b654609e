#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden cases of protoc-gen-ashlar: each is a folder under tests/generate/cases.

    run.py --plugin build/src/generate/protoc-gen-ashlar [--accept] [FILTER...]

    in/             a tree; protoc runs in it
    command         the arguments after --ashlar_out, one line
    beside          the same of another module, whose files are only needed to compile
    expected/       the files that are made, where nothing is wrong
    c-only          there where protoc-gen-c's own header is no C++ (a method named Delete)
    expected.err    else what protoc says, from the second line on

    in/**/refused_*.c   does not compile as C, and each compiler says the lines of refused_*.err

What else is made must compile without a warning under every compiler that is there, as C and from C++."""
import argparse
import filecmp
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
C = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wstrict-prototypes",
     "-Wmissing-prototypes", "-Wwrite-strings", "-Wpointer-arith"]
COMPILERS = [["gcc"] + C, ["clang"] + C,
             ["g++", "-std=gnu++20", "-x", "c++", "-Wall", "-Wextra", "-Werror"],
             ["clang++", "-std=gnu++20", "-x", "c++", "-Wall", "-Wextra", "-Werror"]]


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def generate(plugin, case, out, name="command"):
    """What protoc says; the files are in `out`."""
    command = (case / name).read_text().split()
    result = run(["protoc", "--plugin=protoc-gen-ashlar=" + plugin, "--ashlar_out=" + str(out),
                  "-I" + str(TOP / "include")] + command, cwd=case / "in")
    text = result.stderr.replace("--ashlar_out: ", "", 1)
    return text.lstrip("\n") if result.returncode else text


def compile_refused(source, includes):
    """What is wrong with how compilers refuse a file, or ''."""
    wanted = source.with_suffix(".err").read_text().splitlines()
    for compiler in COMPILERS:
        if not shutil.which(compiler[0]) or "++" in compiler[0]:
            continue
        result = run(compiler + ["-fsyntax-only"] + includes + [str(source)])
        missing = [line for line in wanted if line not in result.stderr]
        if result.returncode == 0 or missing:
            return f"{compiler[0]} does not refuse {source.name}: {missing}\n{result.stderr}"
    return ""


def make_structs(case, out, name="command"):
    """What protoc says; what protoc-gen-c makes is in `out`."""
    command = [word for word in (case / name).read_text().split() if not word.startswith("--ashlar")]
    result = run(["protoc", "--c_out=" + str(out), "-I" + str(TOP / "include")] + command,
                 cwd=case / "in")
    return result.stderr if result.returncode else ""


def compile_made(case, out, options):
    """What compilers say to what was made, with the structs of protoc-gen-c."""
    beside = out / "beside"
    beside.mkdir()
    said = make_structs(case, out)
    if (case / "beside").exists():
        said += generate(options.plugin, case, beside, "beside") + make_structs(case, beside, "beside")
    if said:
        return said
    with open(out / "from.cc", "w", encoding="utf-8") as source:
        for header in sorted(out.glob("**/*.module.h")):
            source.write(f'#include "{header.name}"\n')
    sources = sorted(out.glob("*.port.c")) + sorted(out.glob("*.module.c"))
    refused = sorted((case / "in").glob("**/refused_*.c"))
    sources += sorted(set((case / "in").glob("**/*.c")) - set(refused))
    includes = ["-I" + str(path) for path in [out, beside, TOP / "include", case / "in"] +
                options.include]
    for compiler in COMPILERS:
        if not shutil.which(compiler[0]) or ("++" in compiler[0] and (case / "c-only").exists()):
            continue
        files = [out / "from.cc"] if "++" in compiler[0] else sources
        for file in files:
            result = run(compiler + ["-fsyntax-only"] + includes + [str(file)])
            if result.returncode:
                return result.stderr
    for source in refused:
        wrong = compile_refused(source, includes)
        if wrong:
            return wrong
    return ""


def differences(expected, out):
    """The names of files that are missing, not expected or different."""
    names = {p.name for p in expected.iterdir()} if expected.is_dir() else set()
    made = {p.name for p in out.iterdir()}
    return sorted((names ^ made) | {n for n in names & made
                                    if not filecmp.cmp(expected / n, out / n, shallow=False)})


def accept(case, out, said):
    shutil.rmtree(case / "expected", ignore_errors=True)
    (case / "expected.err").unlink(missing_ok=True)
    if said:
        (case / "expected.err").write_text(said)
    else:
        shutil.copytree(out, case / "expected")


def check(case, options):
    """What is wrong with a case, or ''."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        said = generate(options.plugin, case, out)
        if options.accept:
            accept(case, out, said)
        wanted = case / "expected.err"
        wanted = wanted.read_text() if wanted.exists() else ""
        if said != wanted:
            return f"said:\n{said}wanted:\n{wanted}"
        wrong = differences(case / "expected", out)
        if wrong:
            return "different: " + ", ".join(wrong)
        return "" if said else compile_made(case, out, options)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--include", action="append", default=[], type=os.path.abspath)
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("filter", nargs="*")
    options = parser.parse_args()
    options.plugin = os.path.abspath(options.plugin)
    passed = failed = 0
    for case in sorted((HERE / "cases").iterdir()):
        if options.filter and not any(word in case.name for word in options.filter):
            continue
        wrong = check(case, options)
        if wrong:
            print(f"FAIL {case.name}\n{wrong}")
        passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
