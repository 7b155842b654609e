# SPDX-License-Identifier: Apache-2.0
"""Copies of trees that hold exactly the files which the peers of a language read, with contracts
as `ashlar init` writes them. What the peers are told comes from the same references."""
import collections
import dataclasses
import json
import os
import shutil
import subprocess

from lib.places import ASHLAR, PEERS, run

GIT = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org"]


@dataclasses.dataclass
class Peer:
    """A command that is measured beside Ashlar on a copy."""
    name: str
    command: list
    what: str  # "contracts": the same contracts; "graph": only a part of the work
    cache: str = "none"  # "none", "off", or "warm": what runs before left behind
    told: object = None  # a function: from what it prints to the number of findings
    sources: bool = True  # it reads the copy's sources itself, each time


class Copy:
    """A folder with sources, its modules, and the references between them."""

    def __init__(self, name, suffix):
        self.name, self.suffix = name, suffix
        self.folder = os.path.join(PEERS, "copies", name)
        self.modules = {}  # name: folder
        self.edges = collections.Counter()  # (from, to): references
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)

    def add(self, source, into=".", keep=(), skip=lambda folder: False):
        """Copies the files with the suffix, and those named in keep, below a folder."""
        for folder, folders, files in os.walk(source):
            folders[:] = [name for name in folders if name not in (".git", "node_modules")
                          and not skip(os.path.join(folder, name))]
            for name in files:
                if name.endswith(self.suffix) or name in keep:
                    path = os.path.join(folder, name)
                    to = os.path.join(self.folder, into, os.path.relpath(path, source))
                    os.makedirs(os.path.dirname(to), exist_ok=True)
                    shutil.copyfile(path, to)

    def close(self):
        """Writes the contracts, keeps all in git, and reads the modules and the references."""
        run(["git", "init", "-q"], self.folder)
        run([ASHLAR, "init", "-q"], self.folder)
        for folder, _, files in os.walk(self.folder):
            if "module.yaml" in files:
                with open(os.path.join(folder, "module.yaml"), encoding="utf-8") as file:
                    name = file.readline().split(":")[1].strip().strip('"')
                self.modules[name] = os.path.relpath(folder, self.folder)
        for line in run([ASHLAR, "refs", "--format", "json"], self.folder).splitlines():
            item = json.loads(line)
            source, to = item["module"], item["to_module"]
            if source and to and source != to:
                self.edges[source, to] += 1
        run([*GIT, "add", "-A"], self.folder)
        run([*GIT, "commit", "-qm", "tree"], self.folder)

    def files(self):
        """The paths of the sources."""
        found = []
        for folder, folders, files in os.walk(self.folder):
            folders[:] = [name for name in folders if name != ".git"]
            found += [os.path.join(folder, name) for name in files if name.endswith(self.suffix)]
        return found

    def allowed(self, without=None):
        """What each module may depend on: {module: {module}}, without one edge."""
        may = {name: set() for name in self.modules}
        for edge in self.edges:
            if edge != without:
                may[edge[0]].add(edge[1])
        return may

    def contracts(self, without=None):
        """Writes depends_on of each module.yaml, without one edge."""
        for name, needs in self.allowed(without).items():
            lines = [f"module: {json.dumps(name)}"]
            if needs:
                lines += ["depends_on:", *(f"  - {json.dumps(other)}" for other in sorted(needs))]
            with open(os.path.join(self.folder, self.modules[name], "module.yaml"), "w",
                      encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")

    def findings(self):
        """What ashlar finds: (all new, those of the rule dependency)."""
        out = subprocess.run([ASHLAR, "check", "--format", "json"], cwd=self.folder, text=True,
                             capture_output=True, check=False).stdout
        data = json.loads(out)
        new = [item for item in data["findings"] if not item["baseline"]]
        return len(new), sum(item["rule"] == "dependency" for item in new)

    def lines(self):
        """Lines of all sources."""
        count = 0
        for path in self.files():
            with open(path, "rb") as file:
                count += file.read().count(b"\n")
        return count
