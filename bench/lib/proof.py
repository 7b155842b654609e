# SPDX-License-Identifier: Apache-2.0
"""Shows that a peer does the same work as Ashlar on a copy, before anything is measured:

- under the same contracts both find nothing;
- when one dependency that few references need is taken out of the contracts, both find it;
- both open the same source files (as strace sees them)."""
import os
import re
import subprocess
import tempfile

from lib.places import ASHLAR, say

def sources_opened(command, copy):
    """How many of the copy's sources a command opens."""
    suffix = copy.suffix if isinstance(copy.suffix, tuple) else (copy.suffix,)
    names = {os.path.relpath(path, copy.folder) for path in copy.files()}
    opened = set()
    with tempfile.NamedTemporaryFile("r", errors="replace") as log:
        subprocess.run(["strace", "-f", "-qq", "-yy", "-s", "4096", "-e", "trace=open,openat,openat2", "-e",
                        "status=successful", "-o", log.name, *command], cwd=copy.folder,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        for line in log:
            # With -yy what was opened stands, resolved, at the end: ... = 5</folder/file.py>
            found = re.search(r"= \d+<(.*?)>", line)
            if found and found[1].endswith(suffix):
                opened.add(os.path.relpath(found[1], copy.folder))
    return len(opened & names)


def ask(peer, copy):
    """(exit code, number of findings it tells of or None, what it printed)"""
    done = subprocess.run(peer.command, cwd=copy.folder, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          env={**os.environ, "NO_COLOR": "1", "COLUMNS": "1000"})
    return done.returncode, peer.told(done.stdout) if peer.told else None, done.stdout


def a_thin_edge(copy):
    """An edge with few references, between modules that hold no other, from one that needs more."""
    folders = list(copy.modules.values())

    def is_leaf(name):
        return not any(folder.startswith(copy.modules[name] + "/") for folder in folders)

    needs = copy.allowed()
    edges = [edge for edge in sorted(copy.edges) if is_leaf(edge[0]) and is_leaf(edge[1])
             and len(needs[edge[0]]) > 1]
    return min(edges, key=lambda edge: copy.edges[edge])


def prove(copy, peers, write):
    """What was shown, as bench/run keeps it; ends the program where a peer does other work."""
    edge = a_thin_edge(copy)
    shown = {"edges": len(copy.edges), "removed_edge": list(edge),
             "removed_references": copy.edges[edge], "peers": []}

    def expect(holds, what, out=""):
        if not holds:
            raise SystemExit(f"bench/peers: {copy.name}: not the same work: {what}\n{out[-3000:]}")

    write()
    copy.contracts()
    shown["ashlar_finds"], _ = copy.findings()
    shown["ashlar_opens"] = sources_opened([ASHLAR, "check"], copy)
    expect(shown["ashlar_finds"] == 0, "ashlar finds something under its own contracts")
    expect(shown["ashlar_opens"] == len(copy.files()), f"ashlar opens {shown['ashlar_opens']} files")
    for peer in peers:
        entry = {"name": peer.name, "cache": peer.cache}
        shown["peers"].append(entry)
        code, entry["finds"], out = ask(peer, copy)
        if peer.what == "contracts":
            expect(code == 0 and entry["finds"] == 0,
                   f"{peer.name} under the same contracts: exit {code}, {entry['finds']} findings", out)
        if peer.sources:
            entry["opens"] = sources_opened(peer.command, copy)
            expect(entry["opens"] == len(copy.files()), f"{peer.name} opens {entry['opens']} files")
        say(f"  {peer.name}, cache {peer.cache}: exit {code}, finds {entry['finds']}, "
            f"opens {entry.get('opens', '-')} of {len(copy.files())}")
    write(edge)
    copy.contracts(edge)
    _, shown["ashlar_finds_removed"] = copy.findings()
    say(f"  without {edge[0]} -> {edge[1]} ashlar finds {shown['ashlar_finds_removed']}")
    expect(shown["ashlar_finds_removed"] == copy.edges[edge], "ashlar does not find them all")
    for peer, entry in zip(peers, shown["peers"]):
        if peer.what == "contracts":
            code, entry["finds_removed"], out = ask(peer, copy)
            say(f"  {peer.name}, cache {peer.cache}: finds {entry['finds_removed']}")
            expect(code != 0 and entry["finds_removed"], f"{peer.name} does not find it", out)
    write()
    copy.contracts()
    return shown
