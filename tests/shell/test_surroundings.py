#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What surrounds a run: streams that are closed or full, environments, users, folders that cannot
be written, names of all kinds. Usage: tests/shell/test_surroundings.py ASHLAR"""
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import xml.dom.minidom

PROGRAM = os.path.abspath(sys.argv[1])
NAMES = ["with space.py", "new\nline.py", "tab\t\"quote\"\\.py", "::error,%25.py", "esc\x1b[31m.py",
         "-dash.py", "'single'.py", "&amp;<b>.py", "#{}[]!*|>.py", "\u00e4\u4e2d\U0001f600.py", "\u202e.py",
         "latin\udce9.py"]
FILES = {"ashlar.yaml": 'version: 1\nmodules: ["src/*"]\nlanguages: {python: {roots: [src]}}\n',
         "src/a/module.yaml": "module: a\ndepends_on: []\n", "src/b/module.yaml": "module: b\ndepends_on: []\n",
         "src/a/x.py": "import b.y\n", "src/b/y.py": "import os\n"}


def write(folder, path, text):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)


class Surroundings(unittest.TestCase):
    program = PROGRAM

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        for path, text in FILES.items():
            write(self.folder, path, text)

    def run_it(self, *words, **options):
        options.setdefault("env", {"PATH": os.environ["PATH"], "HOME": "/nowhere"})
        if "preexec_fn" in options:  # the leak checker needs a user who may look at himself
            options["env"]["ASAN_OPTIONS"] = "detect_leaks=0"
        for name in ("stdout", "stderr"):
            options.setdefault(name, subprocess.PIPE)
        return subprocess.run([self.program, *words], cwd=self.folder, stdin=subprocess.DEVNULL,
                              check=False, timeout=240, **options)

    def test_full_device_is_told(self):
        with open("/dev/full", "wb") as full:
            for words in (["check"], ["refs"], ["help"], ["graph"], ["check", "-f", "sarif"]):
                result = self.run_it(*words, stdout=full)
                self.assertEqual(result.returncode, 3, words)
                self.assertIn(b"No space left", result.stderr)

    def test_reader_that_goes_is_no_error(self):
        write(self.folder, "src/a/big.py", "import b.y\n" * 20000)
        reader, writer = os.pipe()
        os.close(reader)
        result = self.run_it("refs", stdout=writer)
        os.close(writer)
        self.assertEqual((result.returncode, result.stderr), (0, b""))

    def test_output_into_a_pipe_leaves_it_there(self):
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.assertEqual(self.run_it("check", "-f", "json", "-o", "pipe").returncode, 1)
        self.assertEqual(json.loads(os.read(reader, 65536))["files"], 2)
        os.close(reader)
        self.assertTrue(stat.S_ISFIFO(os.lstat(pipe).st_mode))

    def test_without_environment(self):
        for env in ({}, {"HOME": ""}, {"HOME": "relative", "XDG_CONFIG_HOME": "also"}, {"LC_ALL": "C"}):
            result = self.run_it("check", env=env)
            self.assertEqual((result.returncode, result.stderr), (1, b""), env)

    def test_day_that_is_none(self):
        for day, code in (("2026-11-21", 1), ("", 1), ("2026-02-30", 2), ("tomorrow", 2)):
            result = self.run_it("check", env={"ASHLAR_TODAY": day})
            self.assertEqual(result.returncode, code, day)
            self.assertEqual(b"wants YYYY-MM-DD" in result.stderr, code == 2)

    def test_every_format_with_names_of_all_kinds(self):
        for name in NAMES:
            write(self.folder, "src/a/" + name, "import b.y\n")
        count = len(NAMES) + 1
        for words in (["check", "-f", "json"], ["check", "-f", "sarif"], ["check", "-f", "codequality"]):
            text = self.run_it(*words).stdout.decode("utf-8")
            self.assertNotRegex(text, "[\x00-\x08\x0b-\x1f\x7f]")
            json.loads(text)
        lines = self.run_it("refs", "-f", "json").stdout.decode("utf-8").splitlines()
        self.assertEqual(len([json.loads(line) for line in lines]), count + 1)
        suite = xml.dom.minidom.parseString(self.run_it("check", "-f", "junit").stdout)
        self.assertEqual(len(suite.getElementsByTagName("failure")), count)
        commands = self.run_it("check", "-f", "github").stdout.splitlines()
        self.assertEqual(len([c for c in commands if c.startswith(b"::error file=src/a/")]), count)
        self.assertEqual(len(commands), count + 1)
        for words in (["check"], ["refs"]):
            self.assertNotRegex(self.run_it(*words).stdout, b"[\x00-\x09\x0b-\x1f\x7f]")
        text = self.run_it("check").stdout.decode("utf-8", "surrogateescape")
        self.assertEqual(len(re.findall(r"^  src/a/.*  error  dependency$", text, re.M)), count)
        self.assertEqual(len(re.findall(r"^  src/a/.* imports b.y, but ", text, re.M)), count)

    def test_names_of_all_kinds_in_a_baseline(self):
        for name in NAMES:
            write(self.folder, "src/a/" + name, "import b.y\n")
        self.assertEqual(self.run_it("baseline").returncode, 0)
        self.assertEqual(self.run_it("check").returncode, 0)
        for name in NAMES:
            os.remove(os.path.join(self.folder, "src/a", name))
        self.assertEqual(self.run_it("check").returncode, 1)
        result = self.run_it("check", "--tighten")
        self.assertEqual(result.returncode, 0)
        self.assertIn(b"took %d stale entries out of 1 file" % len(NAMES), result.stderr)

    def test_merge_conflict_in_a_baseline(self):
        entry = "- {rule: dependency, to: b, file: src/a/x.py, reference: b.y}\n"
        text = "<<<<<<< HEAD\n" + entry + "=======\n>>>>>>> other\n"
        write(self.folder, "src/a/baseline.yaml", text)
        for words in (["check"], ["baseline"], ["check", "--tighten"]):
            result = self.run_it(*words)
            self.assertEqual(result.returncode, 2)
            self.assertIn(b"src/a/baseline.yaml:1:1: ", result.stderr)
            self.assertIn(b"merge", result.stderr)
            with open(os.path.join(self.folder, "src/a/baseline.yaml"), encoding="utf-8") as file:
                self.assertEqual(file.read(), text)

    def test_interrupt_leaves_the_files(self):
        for number in range(300):
            write(self.folder, f"src/a/f{number}.py", "import b.y\n" * 200)
        self.run_it("baseline")
        path = os.path.join(self.folder, "src/a/baseline.yaml")
        with open(path, encoding="utf-8") as file:
            whole = file.read()
        os.remove(path)
        for pause in (0, 0.001, 0.002, 0.004, 0.008, 0.016, 0.03):
            with subprocess.Popen([PROGRAM, "baseline"], cwd=self.folder, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as process:
                time.sleep(pause)
                process.send_signal(signal.SIGINT)
                process.wait(240)
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    self.assertEqual(file.read(), whole)


@unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
class SomebodyElse(Surroundings):
    """A user who may not look everywhere, as in a container that is run under another name."""

    def setUp(self):
        super().setUp()
        os.chmod(self.folder, 0o755)
        self.program = os.path.join(self.folder, "ashlar")  # the build may be hidden too
        shutil.copy2(PROGRAM, self.program)
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.home = home.name

    def run_it(self, *words, **options):
        options["preexec_fn"] = lambda: (os.setgroups([]), os.setgid(65534), os.setuid(65534))
        options["env"] = {"PATH": os.environ["PATH"], "HOME": self.home}
        return super().run_it(*words, **options)

    def hide(self, path):
        os.chmod(os.path.join(self.folder, path), 0)

    def test_settings_that_are_hidden_count_as_none(self):
        write(self.folder, "src/a/module.yaml", "module: a\ndepends_on: [b]\n")
        subprocess.run(["git", "init", "-q"], cwd=self.folder, check=True)
        result = self.run_it("check")
        self.assertEqual((result.returncode, result.stderr), (0, b""))

    def test_hidden_file_makes_nothing_unused_or_stale(self):
        write(self.folder, "src/a/module.yaml", "module: a\ndepends_on: [b]\n")
        write(self.folder, "src/a/baseline.yaml",
              "- {rule: cycle, to: b, file: src/a/x.py, reference: b.y}\n")
        self.hide("src/a/x.py")
        result = self.run_it("check")
        self.assertEqual(result.returncode, 3)
        self.assertIn(b"src/a/x.py: Permission denied", result.stdout)
        self.assertNotIn(b"unused", result.stdout)
        self.assertNotIn(b"stale", result.stdout)

    def test_nothing_is_written_of_half_a_tree(self):
        self.hide("src/a/x.py")
        for words in (["baseline"], ["check", "--tighten"]):
            result = self.run_it(*words)
            self.assertEqual(result.returncode, 3)
            self.assertIn(b"because not everything could be read", result.stderr)

    def test_hidden_contracts_and_folders_are_no_mistakes(self):
        for path in ("src/b", "src/b/module.yaml", "ashlar.yaml"):
            mode = os.stat(os.path.join(self.folder, path)).st_mode
            self.hide(path)
            result = self.run_it("check")
            self.assertEqual(result.returncode, 3, path)
            self.assertIn(path.encode() + b": cannot be read: Permission denied",
                          result.stdout + result.stderr)
            os.chmod(os.path.join(self.folder, path), mode)

    def test_folder_that_cannot_be_written(self):
        for words in (["baseline"], ["check", "-o", "out.txt"]):
            result = self.run_it(*words)
            self.assertEqual(result.returncode, 3)
            self.assertIn(b"cannot be written: Permission denied", result.stderr)


# What does not depend on the user is tested once.
for name in [name for name in vars(Surroundings) if name.startswith("test_")]:
    setattr(SomebodyElse, name, None)

if __name__ == "__main__":
    suites = [unittest.defaultTestLoader.loadTestsFromTestCase(case) for case in (Surroundings, SomebodyElse)]
    outcome = unittest.TextTestRunner(verbosity=0).run(unittest.TestSuite(suites))
    bad = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
