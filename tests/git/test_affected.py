#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`ashlar affected` in real git repositories, against what git itself says changed.

    tests/git/test_affected.py ASHLAR [ROUNDS]
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv[1])
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 25
MODULES = ["web", "orders", "billing", "stock", "base"]
USES = {"web": ["orders"], "orders": ["billing", "stock"], "billing": ["base"],
        "stock": ["base"], "base": []}


def git(folder, *arguments):
    return subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments], cwd=folder,
        check=True, capture_output=True, text=True).stdout


def write(folder, path, text):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def ashlar(folder, *arguments, code=0):
    result = subprocess.run([PROGRAM, "affected", *arguments], cwd=folder, capture_output=True,
                            text=True, check=False)
    assert result.returncode == code, (result.returncode, result.stdout, result.stderr)
    return result.stdout if code == 0 else result.stderr


def make_shop(folder, below=""):
    git(folder, "init", "-q", "-b", "main")
    write(folder, below + "ashlar.yaml", 'version: 1\nmodules: ["src/*"]\n'
          "languages: {python: {roots: [src]}}\n")
    for name in MODULES:
        used = USES[name]
        write(folder, f"{below}src/{name}/module.yaml",
              f"module: {name}\ndepends_on: [{', '.join(used)}]\n")
        write(folder, f"{below}src/{name}/__init__.py", "")
        write(folder, f"{below}src/{name}/api.py", "".join(f"import {u}.api\n" for u in used))
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "shop")


def users_of(changed):
    """All modules that reach a changed one, by the slow way."""
    reached = set(changed)
    while True:
        more = {m for m in MODULES if m not in reached and reached & set(USES[m])}
        if not more:
            return reached
        reached |= more


class Affected(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        make_shop(self.folder)

    def modules(self, *arguments):
        return set(ashlar(self.folder, *arguments).split())

    def test_nothing_changed(self):
        self.assertEqual(self.modules(), set())

    def test_work_tree_change_reaches_the_users(self):
        write(self.folder, "src/billing/api.py", "import base.api\nx = 1\n")
        self.assertEqual(self.modules(), {"billing", "orders", "web"})
        self.assertEqual(self.modules("--direct"), {"billing"})

    def test_staged_and_committed_changes(self):
        write(self.folder, "src/stock/api.py", "import base.api\nx = 1\n")
        git(self.folder, "add", "-A")
        self.assertEqual(self.modules("--direct"), {"stock"})
        git(self.folder, "commit", "-qm", "stock")
        self.assertEqual(self.modules("--direct"), set())
        self.assertEqual(self.modules("--direct", "--base", "HEAD~1"), {"stock"})

    def test_new_file_counts_and_ignored_file_does_not(self):
        write(self.folder, ".gitignore", "*.log\n")
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-qm", "ignore")
        write(self.folder, "src/web/debug.log", "x")
        self.assertEqual(self.modules("--direct"), set())
        write(self.folder, "src/web/new.py", "")
        self.assertEqual(self.modules("--direct"), {"web"})

    def test_deleted_and_moved_files(self):
        os.remove(os.path.join(self.folder, "src/stock/api.py"))
        self.assertEqual(self.modules("--direct"), {"stock"})
        git(self.folder, "checkout", "-q", ".")
        git(self.folder, "mv", "src/stock/api.py", "src/billing/stock.py")
        self.assertEqual(self.modules("--direct"), {"stock", "billing"})

    def test_users_of_a_file_that_is_gone(self):
        """Their references lead nowhere now, so what they declare counts."""
        git(self.folder, "mv", "src/billing/api.py", "src/billing/renamed.py")
        self.assertEqual(self.modules(), {"billing", "orders", "web"})

    def test_repository_of_somebody_else(self):
        """As in a container, where git itself would ask for safe.directory."""
        if os.geteuid() != 0:
            self.skipTest("only root can give files away")
        write(self.folder, "src/web/new.py", "")
        for at, folders, files in os.walk(self.folder):
            for name in [*folders, *files, "."]:
                os.lchown(os.path.join(at, name), 65534, 65534)
        self.assertEqual(self.modules(), {"web"})

    def test_shallow_clone_is_told(self):
        git(self.folder, "commit", "-q", "--allow-empty", "-m", "two")
        with tempfile.TemporaryDirectory() as clone:
            git(clone, "clone", "-q", "--depth", "1", "file://" + self.folder, ".")
            self.assertIn("shallow", ashlar(clone, "--base", "HEAD~1", code=2))

    def test_root_contract_affects_all_and_a_readme_nobody(self):
        write(self.folder, "README.md", "hello")
        self.assertEqual(self.modules(), set())
        with open(os.path.join(self.folder, "ashlar.yaml"), "a", encoding="utf-8") as file:
            file.write("rules: {cycle: warn}\n")
        self.assertEqual(self.modules(), set(MODULES))

    def test_merge_base(self):
        git(self.folder, "checkout", "-qb", "feature")
        write(self.folder, "src/web/api.py", "import orders.api\nx = 1\n")
        git(self.folder, "commit", "-qam", "web")
        git(self.folder, "checkout", "-q", "main")
        write(self.folder, "src/base/api.py", "x = 1\n")
        git(self.folder, "commit", "-qam", "base")
        git(self.folder, "checkout", "-q", "feature")
        self.assertEqual(self.modules("--direct", "--base", "main..."), {"web"})
        self.assertEqual(self.modules("--direct", "--base", "main"), {"web", "base"})

    def test_json(self):
        write(self.folder, "src/orders/api.py", "import billing.api\nimport stock.api\nx = 1\n")
        data = json.loads(ashlar(self.folder, "--format", "json"))
        self.assertEqual(data["files"], ["src/orders/api.py"])
        self.assertEqual([(m["module"], m["changed"]) for m in data["modules"]],
                         [("orders", True), ("web", False)])

    def test_errors(self):
        self.assertIn("no revision 'nope'", ashlar(self.folder, "--base", "nope", code=2))
        with tempfile.TemporaryDirectory() as plain:
            write(plain, "a/b.py", "")
            self.assertIn("is not in a git repository", ashlar(plain, code=2))

    def test_root_below_the_work_tree(self):
        with tempfile.TemporaryDirectory() as folder:
            make_shop(folder, "services/shop/")
            write(folder, "services/shop/src/base/api.py", "x = 1\n")
            write(folder, "other/x.py", "")
            out = json.loads(ashlar(os.path.join(folder, "services/shop"), "--format", "json"))
            self.assertEqual(out["files"], ["src/base/api.py"])
            self.assertEqual(len(out["modules"]), 5)

    def test_random_histories(self):
        """After random edits, the files are those of git diff and git ls-files --others."""
        choose = random.Random(4)
        for number in range(ROUNDS):
            for _ in range(choose.randrange(1, 4)):
                name = choose.choice(MODULES)
                path = f"src/{name}/{choose.choice(['api', 'more', 'extra'])}.py"
                whole = os.path.join(self.folder, path)
                if os.path.exists(whole) and choose.random() < 0.3 and "api" not in path:
                    os.remove(whole)
                else:
                    old = open(whole, encoding="utf-8").read() if os.path.exists(whole) else ""
                    write(self.folder, path, old + f"x{number} = {choose.random()}\n")
            step = choose.random()
            if step < 0.4:
                git(self.folder, "add", "-A")
            if step < 0.2:
                git(self.folder, "commit", "-q", "--allow-empty", "-m", "more")
            base = choose.choice(["HEAD", "main", git(self.folder, "rev-list", "--max-parents=0",
                                                      "HEAD").strip()])
            expected = set(git(self.folder, "diff", "--name-only", "--no-renames", base).split())
            expected |= set(git(self.folder, "ls-files", "-o", "--exclude-standard").split())
            data = json.loads(ashlar(self.folder, "--base", base, "--format", "json"))
            self.assertEqual(set(data["files"]), expected)
            changed = {path.split("/")[1] for path in expected}
            self.assertEqual({m["module"] for m in data["modules"]}, users_of(changed))


if __name__ == "__main__":
    outcome = unittest.TextTestRunner(verbosity=0).run(
        unittest.defaultTestLoader.loadTestsFromTestCase(Affected))
    bad = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
