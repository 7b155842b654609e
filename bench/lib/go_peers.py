# SPDX-License-Identifier: Apache-2.0
"""depguard over client-go. It type-checks, so it leans on Go's build cache: without it, it would first
compile everything below the tree."""
import json
import os
import re
import shutil

from lib.copies import Copy, Peer
from lib.places import PEERS, run

DEPGUARD, CLIENT_GO = "v2.3.0", "v0.31.4"
MODULE = "k8s.io/client-go"
HOME = os.path.join(PEERS, "go")
BIN = os.path.join(HOME, "depguard")


def install():
    os.makedirs(HOME, exist_ok=True)
    if not os.path.exists(BIN):
        run(["go", "install", f"github.com/OpenPeeDeeP/depguard/v2/cmd/depguard@{DEPGUARD}"], HOME,
            env={**os.environ, "GOBIN": HOME})


def places(copy, module):
    return [f"{MODULE}/{copy.modules[module]}{end}" for end in ("$", "/")]


def files(copy, module):
    """The files of a module, without those of modules in it."""
    folder = copy.modules[module]
    inside = [other for other in copy.modules.values() if other.startswith(folder + "/")]
    return [mark + f"**/copies/{copy.name}/{place}/{{**/,}}*.go"
            for mark, place in [("", folder), *(("!", other) for other in sorted(inside))]]


def write_depguard(copy, without=None):
    """A list a module: the packages of the other modules that it may not depend on. Of a module in
    another the longer name decides."""
    lists = {}
    for name, needs in sorted(copy.allowed(without).items()):
        denied = [place for other in sorted(set(copy.modules) - needs - {name})
                  for place in places(copy, other)]
        if denied:
            lists[name] = {"files": files(copy, name), "listMode": "lax",
                           "allow": [place for other in sorted(needs | {name})
                                     for place in places(copy, other)],
                           "deny": dict.fromkeys(denied, "")}
    with open(os.path.join(copy.folder, ".depguard.json"), "w", encoding="utf-8") as file:
        json.dump(lists, file, indent=1)


def prepare():
    """A copy of the files that build here, without tests: what the peer reads."""
    install()
    copy = Copy("client-go", (".go",))
    download = json.loads(run(["go", "mod", "download", "-json", f"{MODULE}@{CLIENT_GO}"], HOME))
    source = download["Dir"]
    listed = run(["go", "list", "-f", "{{.Dir}}{{range .GoFiles}}\t{{.}}{{end}}"
                  "{{range .EmbedFiles}}\t{{.}}{{end}}", "./..."], source)
    for line in listed.splitlines():
        folder, *files = line.split("\t")
        into = os.path.join(copy.folder, os.path.relpath(folder, source))
        for name in files:
            os.makedirs(os.path.dirname(os.path.join(into, name)), exist_ok=True)
            shutil.copyfile(os.path.join(folder, name), os.path.join(into, name))
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(os.path.join(source, name), os.path.join(copy.folder, name))
    copy.close()
    if "." in copy.modules.values():
        raise SystemExit("bench/peers: client-go: the whole tree is a module")

    def write(without=None):
        write_depguard(copy, without)

    return copy, [Peer(f"depguard {DEPGUARD[1:]}", [BIN, "./..."], "contracts", "warm",
                       lambda out: len(re.findall(r"is not allowed from list", out)))], write
