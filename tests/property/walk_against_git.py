#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the walk against git over work trees made at random.

The files that `list_walk` prints must be those of `git ls-files --cached --others
--exclude-standard` that are there, and `match_ignore` must agree with `git check-ignore`.
A failing round is printed with its seed and its folder is kept.

    walk_against_git.py --walk build/tests/tools/list_walk \\
        --match build/tests/tools/match_ignore [--rounds N] [--seed S] [--tree FOLDER ...]

With --tree, the walk of real work trees is compared, and no round is made.
"""
import argparse
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile

NAMES = [b"a", b"b", b"ab", b"a-b", b"a.b", b"a b", b"A", b"foo", b"foo.o", b"bar.c", b"build",
         b"x\\y", b"#h", b"!n", b"t ", b"\xc3\xa9", b"\xff\xfe", b"[a]", b"a*", b"0", b"abc.tar.gz"]
PIECES = [b"a", b"b", b"ab", b"foo", b"bar", b".o", b".c", b"*", b"*", b"**", b"?", b"[a-c]",
          b"[!a]", b"[^b-z]", b"[[:alpha:]]", b"[]a]", b"[a", b"\\*", b"\\a", b"\\", b" ", b"\\ ",
          b"-", b".", b"/", b"/", b"/", b"**/", b"/**", b"/**/", b"\xc3\xa9", b"\xff", b"build",
          b"***", b"[[:foo:]]", b"[[:alpha:]", b"[a-]", b"[-a]", b"[\\]]", b"[a\\-c]", b"A", b"#",
          b"!", b"**\\/", b"[[:al", b"\r", b"\t", b"x\\\\y", b"tar.gz", b"[/]", b"a[!/]b"]


def git(folder, *arguments, data=None):
    return subprocess.run(["git", "-C", folder, *arguments], input=data, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


class Round:
    """One work tree, made from one seed."""

    def __init__(self, folder, seed):
        self.random = random.Random(seed)
        self.seed = seed
        self.folder = folder
        self.top = os.path.join(os.fsencode(folder), b"work tree")
        self.home = os.path.join(folder, "home")
        self.files = []
        self.folders = [b""]

    def chance(self, of_hundred):
        return self.random.randrange(100) < of_hundred

    def pattern(self):
        choice = self.random
        kind = choice.randrange(10)
        known = choice.choice(self.files + self.folders[1:] or [b"a"])
        if kind < 2:
            text = known
        elif kind < 4:
            text = os.path.basename(known)
        elif kind < 6:
            text = bytearray(known)
            for _ in range(choice.randrange(1, 4)):
                at = choice.randrange(len(text) + 1)
                text[at:at + choice.randrange(3)] = choice.choice(PIECES)
            text = bytes(text)
        else:
            text = b"".join(choice.choice(PIECES) for _ in range(choice.randrange(1, 7)))
        prefix = choice.choice([b"", b"", b"", b"/", b"!", b"!", b"!/", b"**/"])
        suffix = choice.choice([b"", b"", b"", b"/", b" ", b"  ", b"\\ ", b"/*", b"/**", b"\r"])
        return (prefix + text + suffix).replace(b"\n", b"")

    def ignore_file(self, most=8):
        lines = [self.pattern() for _ in range(self.random.randrange(most))]
        text = b"\n".join(lines)
        if self.chance(80):
            text += b"\n"
        if self.chance(5):
            text = b"\xef\xbb\xbf" + text
        return text

    def write(self, path, content):
        with open(os.path.join(self.top, path), "wb") as file:
            file.write(content)

    def make_tree(self):
        for _ in range(self.random.randrange(1, 12)):
            parent = self.random.choice(self.folders)
            path = os.path.join(parent, self.random.choice(NAMES))
            if not os.path.lexists(os.path.join(self.top, path)):
                os.mkdir(os.path.join(self.top, path))
                self.folders.append(path)
        for _ in range(self.random.randrange(1, 50)):
            path = os.path.join(self.random.choice(self.folders), self.random.choice(NAMES))
            full = os.path.join(self.top, path)
            if os.path.lexists(full):
                continue
            if self.chance(4):
                os.symlink(self.random.choice(NAMES + [b"..", b"nowhere"]), full)
            elif self.chance(2):
                os.mkfifo(full)
                continue
            else:
                self.write(path, b"")
            self.files.append(path)

    def make_ignores(self):
        for folder in self.folders:
            path = os.path.join(folder, b".gitignore")
            if self.chance(60 if folder == b"" else 25):
                if self.chance(3) and not os.path.lexists(os.path.join(self.top, path)):
                    os.symlink(b"a", os.path.join(self.top, path))
                elif not os.path.islink(os.path.join(self.top, path)):
                    self.write(path, self.ignore_file())

    def make_settings(self):
        if self.chance(30):
            common = git(self.top, "rev-parse", "--git-common-dir").strip()
            common = os.path.join(self.top, common)
            os.makedirs(os.path.join(common, b"info"), exist_ok=True)
            with open(os.path.join(common, b"info", b"exclude"), "wb") as file:
                file.write(self.ignore_file())
        where = self.random.randrange(6)
        name = {0: ".config/git/ignore", 1: "own ignore", 2: "own ignore"}.get(where)
        if not name:
            return
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(self.ignore_file())
        if where == 1:
            git(self.top, "config", "--global", "core.excludesFile", "~/own ignore")
        elif where == 2:
            git(self.top, "config", "core.excludesFile", path)

    def add(self):
        present = [path for path in self.files + self.folders[1:] if path]
        some = [path for path in present if self.chance(50) and not stat.S_ISFIFO(
            os.lstat(os.path.join(self.top, path)).st_mode)]
        if some and self.chance(85):
            version = self.random.choice(["2", "4"])
            git(self.top, "config", "index.version", version)
            regular = [path for path in some if not os.path.isdir(os.path.join(self.top, path))
                       or os.path.islink(os.path.join(self.top, path))]
            git(self.top, "update-index", "--add", "-z", "--stdin", data=b"\0".join(regular))
        if some and self.chance(20):
            blob = git(self.top, "hash-object", "-w", "--stdin", data=b"x").strip()
            lines = b"".join(b"100644 %s %d\t%s\0" % (blob, stage, some[0] + b"!")
                             for stage in (1, 2, 3))
            git(self.top, "update-index", "-z", "--index-info", data=lines)
        if some and self.chance(15):
            git(self.top, "update-index", "--intent-to-add" if self.chance(0) else "--add",
                "--cacheinfo", "160000," + "1" * self.hash_length + ",gitlink")
            if self.chance(50):
                os.makedirs(os.path.join(self.top, b"gitlink/sub"), exist_ok=True)
                self.write(b"gitlink/sub/file", b"")

    def disturb(self):
        """Changes what was there when it was added."""
        for path in list(self.files):
            full = os.path.join(self.top, path)
            if self.chance(4) and os.path.lexists(full):
                os.unlink(full)
                if self.chance(40):
                    os.mkdir(full)
                    self.write(os.path.join(path, b"inner"), b"")
        if self.chance(10) and len(self.folders) > 1:
            folder = os.path.join(self.top, self.random.choice(self.folders[1:]))
            if os.path.isdir(folder):
                git(folder, "init", "-q")
        if self.chance(5) and len(self.folders) > 1:
            folder = os.path.join(self.top, self.random.choice(self.folders[1:]))
            git_folder = os.path.join(folder, b".git")
            if os.path.isdir(folder) and not os.path.lexists(git_folder):
                os.mkdir(git_folder)
                with open(os.path.join(git_folder, b"loose"), "wb"):
                    pass

    def make(self):
        os.makedirs(self.top)
        os.makedirs(self.home)
        os.environ["HOME"] = self.home
        self.hash_length = 64 if self.chance(10) else 40
        form = "sha256" if self.hash_length == 64 else "sha1"
        git(self.top, "init", "-q", "--object-format=" + form)
        if self.chance(10):
            git(self.top, "commit", "-q", "--allow-empty", "-m", "x")
            linked = os.path.join(os.fsencode(self.folder), b"linked tree")
            git(self.top, "worktree", "add", "-q", "-b", "other", linked)
            self.top = linked
        self.make_tree()
        self.make_ignores()
        self.make_settings()
        self.add()
        if self.chance(30):
            self.make_ignores()
        self.disturb()


def is_there(top, path):
    """Whether a path that git lists is a file, and behind no link."""
    full = os.path.join(top, path)
    parent = os.path.dirname(path)
    while parent:
        if os.path.islink(os.path.join(top, parent)):
            return False
        parent = os.path.dirname(parent)
    return os.path.isfile(full)


def expected(folder):
    listed = git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return {path for path in listed.split(b"\0")
            if path and not path.endswith(b"/") and is_there(folder, path)}


def walked(program, folder):
    done = subprocess.run([program, folder, "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode != 0 or done.stderr:
        raise RuntimeError(f"{program} ends with {done.returncode}: {done.stderr.decode()}")
    paths = done.stdout.split(b"\n")[:-1]
    if len(paths) != len(set(paths)):
        raise RuntimeError("a path was listed twice")
    return set(paths)


def compare(program, folder, what):
    want, have = expected(folder), walked(program, folder)
    if want == have:
        return len(want)
    print(f"{what}: in {os.fsdecode(folder)}")
    for path in sorted(want - have):
        print("  missing", path)
    for path in sorted(have - want):
        print("  too much", path)
    return -1


def is_ignored_root(top, folder):
    done = subprocess.run(["git", "-C", top, "check-ignore", "-q", "--no-index", folder],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def compare_subfolder(walk, current):
    """The same from a folder below the top. One that is ignored as a whole is walked whole."""
    folder = os.path.join(current.top, current.random.choice(current.folders))
    if not os.path.isdir(folder) or not expected(folder) and is_ignored_root(current.top, folder):
        return 0
    return compare(walk, folder, f"seed {current.seed}, subfolder")


def compare_ignore(match, current):
    """One ignore file at the top, every path that is there."""
    top = current.top
    for folder in current.folders[1:]:
        path = os.path.join(top, folder, b".gitignore")
        if os.path.lexists(path):
            os.unlink(path)
    shutil.rmtree(current.home)
    os.makedirs(current.home)
    subprocess.run(["git", "-C", top, "config", "--unset", "core.excludesFile"], check=False)
    common = os.path.join(top, git(top, "rev-parse", "--git-common-dir").strip())
    if os.path.exists(os.path.join(common, b"info", b"exclude")):
        os.unlink(os.path.join(common, b"info", b"exclude"))
    ignore = os.path.join(top, b".gitignore")
    if os.path.lexists(ignore):
        os.unlink(ignore)
    current.write(b".gitignore", current.ignore_file(12))
    paths = [path for path in current.files if os.path.lexists(os.path.join(top, path))]
    done = subprocess.run(["git", "-C", top, "check-ignore", "-v", "-n", "-z", "--no-index",
                           "--stdin"], input=b"\0".join(paths), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode > 1:
        return 0  # a path behind a nested repository; git refuses the whole list
    fields = done.stdout.split(b"\0")
    want = [fields[i + 2] != b"" and not fields[i + 2].startswith(b"!")
            for i in range(0, len(fields) - 1, 4)]
    lines = b"".join(path + (b"/" if os.path.isdir(os.path.join(top, path)) and
                             not os.path.islink(os.path.join(top, path)) else b"") + b"\n"
                     for path in paths)
    have = subprocess.run([match, ignore], input=lines, stdout=subprocess.PIPE, check=True).stdout
    have = [line == b"ignored" for line in have.split(b"\n")[:-1]]
    if want == have:
        return len(paths)
    print(f"seed {current.seed}: ignore file {ignore}")
    for path, wanted, had in zip(paths, want, have):
        if wanted != had:
            print("  ", path, "git:", wanted, "ours:", had)
    return -1


def run_round(arguments, seed):
    folder = tempfile.mkdtemp(prefix="ashlar-walk-")
    current = Round(folder, seed)
    current.make()
    results = [compare(arguments.walk, current.top, f"seed {seed}"),
               compare_subfolder(arguments.walk, current),
               compare_ignore(arguments.match, current)]
    if min(results) < 0:
        return -1
    shutil.rmtree(folder)
    return sum(results)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--walk", required=True)
    parser.add_argument("--match")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tree", nargs="*", default=[])
    arguments = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    os.environ.update(GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b",
                      GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@b")
    os.environ.pop("XDG_CONFIG_HOME", None)
    failures = paths = 0
    for tree in arguments.tree:
        found = compare(arguments.walk, os.fsencode(tree), tree)
        print(tree, found)
        failures += found < 0
    rounds = [] if arguments.tree else range(arguments.seed, arguments.seed + arguments.rounds)
    for seed in rounds:
        found = run_round(arguments, seed)
        failures += found < 0
        paths += max(found, 0)
    print(f"{len(rounds)} rounds, {paths} paths compared, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
