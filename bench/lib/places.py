# SPDX-License-Identifier: Apache-2.0
"""Where things lie below build/, and the one binary that is measured."""
import hashlib
import os
import random
import socket
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TREES = os.path.join(TOP, "build", "trees")
PEERS = os.path.join(TOP, "build", "peers")
ASHLAR = os.path.join(TOP, "build", "release", "src", "cli", "ashlar")

# What the binary is made of.
SOURCES = ["src", "meson.build", "meson_options.txt", "Makefile"]


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    """A port that is free now, below those that the system gives to connections: one of these could
    be taken before whoever is to listen there does."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def run(command, folder=None, **more):
    """Runs a command that must succeed; returns what it printed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(command)} failed in {folder or '.'}:\n"
                         f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def build_program(target):
    """Builds a program as released, from the sources as they are; its path. What only tests have
    is built in a folder of its own."""
    tests = target.startswith("tests/")
    release = os.path.join(TOP, "build", "release-tests" if tests else "release")
    if not os.path.exists(os.path.join(release, "build.ninja")):
        run(["meson", "setup", release, "--buildtype=release", "-Dwerror=false",
             f"-Dtests={str(tests).lower()}"], TOP)
    run(["ninja", "-C", release, target])
    return os.path.join(release, target)


def bring(tree):
    """The folder of a tree of bench/trees."""
    folder = os.path.join(TREES, tree)
    if not os.path.exists(os.path.join(folder, ".git", "index")):
        subprocess.run([os.path.join(TOP, "bench", "trees"), tree], check=True, stdout=sys.stderr)
    return folder


def build(dirty_too):
    """Builds the measured binary from the sources as committed, and says from which commit.
    Sources with changes that no commit holds are refused, unless for a trial."""
    changed = run(["git", "status", "--porcelain", "--", *SOURCES], TOP).split("\n")[:-1]
    if changed and not dirty_too:
        raise SystemExit("bench: these sources are not committed, so that no commit would tell what "
                         "was measured (--dirty measures all the same):\n" + "\n".join(changed))
    subprocess.run(["make", "--no-print-directory", "-C", TOP, "build"], check=True,
                   stdout=sys.stderr)
    with open(ASHLAR, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return {"commit": run(["git", "log", "-1", "--format=%h"], TOP).strip(),
            "changed_since": changed, "sha256": digest, "bytes": os.path.getsize(ASHLAR),
            "version": run([ASHLAR, "version"]).strip()}


def from_top(arguments):
    """The arguments as a record keeps them: without where the repository lies."""
    return [argument.replace(TOP, ".") for argument in arguments]
