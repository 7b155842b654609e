# SPDX-License-Identifier: Apache-2.0
"""Makes the tables of docs/performance.md out of a kept run, so that no figure is copied by hand."""
import json
import os
import re
import shlex
import statistics

from lib import breakers, runtime, tax
from lib.places import TOP


def middle(samples, key):
    return statistics.median(sample[key] for sample in samples)


def times(samples, key):
    """Median, and between which two the middle half lies."""
    values = sorted(sample[key] * 1000 for sample in samples)
    low, high = values[0], values[-1]
    if len(values) >= 4:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    digits = 1 if statistics.median(values) < 100 else 0
    return f"{statistics.median(values):,.{digits}f} ms ({low:,.{digits}f} – {high:,.{digits}f})"


def ratio(samples, base, key):
    """Median of the ratios of each round: what disturbs a round disturbs both."""
    return statistics.median(a[key] / b[key] for a, b in zip(samples, base))


def rows(head, lines):
    return "\n".join(["| " + " | ".join(name for name, _ in head) + " |",
                      "|" + "|".join(align for _, align in head) + "|", *lines])


def trees(record):
    """Ashlar beside ripgrep."""
    head = [("tree", "---"), ("files", "---:"), ("lines", "---:"), ("command", "---"),
            ("wall", "---:"), ("CPU", "---:"), ("wall × rg", "---:"), ("CPU × rg", "---:"),
            ("peak memory", "---:")]
    lines = []
    for one in record["trees"]:
        rg = one["samples"]["ripgrep"]
        for name in ("ashlar", "ripgrep"):
            samples = one["samples"][name]
            lines.append(f"| {one['tree']} | {one['files']:,} | {one['lines']:,} | {name} | "
                         f"{times(samples, 'wall')} | {times(samples, 'cpu')} | "
                         f"{ratio(samples, rg, 'wall'):.2f} | {ratio(samples, rg, 'cpu'):.2f} | "
                         f"{one['peak_kib'][name] / 1024:.0f} MB |")
    return rows(head, lines)


def peers(record):
    """Ashlar, ripgrep and the peers, each on the copy that they share."""
    head = [("tree", "---"), ("files", "---:"), ("command", "---"), ("checks", "---"),
            ("cache", "---"), ("runs", "---:"), ("wall", "---:"), ("CPU", "---:"),
            ("wall × ashlar", "---:"), ("CPU × ashlar", "---:"), ("peak memory", "---:")]
    lines = []
    for one in record["trees"]:
        base = one["samples"]["ashlar"]
        for name, samples in one["samples"].items():
            about = one["about"][name]
            lines.append(f"| {one['tree']} | {one['files']:,} | {about['name']} | {about['what']} | "
                         f"{about['cache']} | {len(samples)} | {times(samples, 'wall')} | "
                         f"{times(samples, 'cpu')} | {ratio(samples, base, 'wall'):.1f} | "
                         f"{ratio(samples, base, 'cpu'):.1f} | "
                         f"{one['peak_kib'][name] / 1024:.0f} MB |")
    return rows(head, lines)


def same(record):
    """What was shown before measuring: that Ashlar and the peers do the same work."""
    head = [("tree", "---"), ("command", "---"), ("cache", "---"), ("sources in the copy", "---:"),
            ("it opens", "---:"), ("it finds", "---:"), ("one dependency less", "---"),
            ("it finds then", "---:")]
    lines = []
    for one in record["trees"]:
        proof = one["proof"]
        less = f"{' → '.join(proof['removed_edge'])}, {proof['removed_references']} reference" + \
            ("" if proof["removed_references"] == 1 else "s")
        lines.append(f"| {one['tree']} | ashlar | none | {one['files']:,} | "
                     f"{proof['ashlar_opens']:,} | {proof['ashlar_finds']} | {less} | "
                     f"{proof['ashlar_finds_removed']} |")
        for peer in proof["peers"]:
            if "finds_removed" in peer:
                opens = f"{peer['opens']:,}" if "opens" in peer else "–"
                lines.append(f"| {one['tree']} | {peer['name']} | {peer['cache']} | "
                             f"{one['files']:,} | {opens} | {peer['finds']} | {less} | "
                             f"{peer['finds_removed']} |")
    return rows(head, lines)


def least(record):
    """The peer with contracts that comes nearest, by wall time: with caches off, and warm."""
    sentences = []
    for cache, words in ((("none", "off"), "without a warm cache"), (("warm",), "with its warm cache")):
        found = [(ratio(samples, one["samples"]["ashlar"], "wall"),
                  ratio(samples, one["samples"]["ashlar"], "cpu"), about["name"], one["tree"])
                 for one in record["trees"] for name, samples in one["samples"].items()
                 for about in [one["about"][name]]
                 if about["what"] == "contracts" and about["cache"] in cache
                 and about["name"] != "ashlar"]
        if found:
            wall, cpu, name, tree = min(found)
            sentences.append(f"The fastest peer {words}, {name} on {tree}, takes {wall:.1f} × "
                             f"Ashlar's wall time and {cpu:.1f} × its CPU.")
    return "\n".join(sentences)


def start_up(record):
    return "\n".join(f"- {name}: {times(samples, 'wall')}, median of {len(samples)}"
                     for name, samples in record["start_up"].items())


def machine(record):
    """What was measured, when, where and how."""
    host, binary = record["machine"], record["binary"]
    loads = [load for one in record["trees"] for load in (one["load_before"], one["load_after"])]
    changed = ", with changes that no commit holds" if binary["changed_since"] else ""
    return (f"`{record['command']}`, {record['started']} to {record['ended']}; commit "
            f"{binary['commit']}{changed} ({binary['version']}, sha256 {binary['sha256'][:12]}); "
            f"{host['processor']}, {host['cores']} cores, Linux {host['kernel']}, "
            f"{host['ripgrep']}; load average {min(loads):.1f} to {max(loads):.1f}. Medians, in "
            "brackets the middle half; ratios are medians over the rounds.")


def commands(record):
    lines = []
    for one in record["trees"]:
        for name, command in one["commands"].items():
            lines.append(f"{one['tree']}, {name}: {shlex.join(command)}")
    return "```\n" + "\n".join(lines) + "\n```"


PARTS = {"machine": machine, "trees": trees, "peers": peers, "same": same, "least": least,
         "start-up": start_up, "commands": commands, **runtime.PARTS, **tax.PARTS,
         **breakers.PARTS}


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def whole(path):
    """All parts that a kept run has something for."""
    record = read(path)
    if record.get("what") == "tax":
        return "\n\n".join([runtime.origin(record), *tax.tables(record)])
    if record.get("what") == "breaker":
        return "\n\n".join([runtime.origin(record), *breakers.tables(record)])
    if "what" in record:
        return runtime.whole(record)
    with_peers = "proof" in record["trees"][0] if record["trees"] else False
    names = ["machine", "same", "peers", "least"] if with_peers else ["machine", "trees", "start-up"]
    return "\n\n".join(PARTS[name](record) for name in names)


BLOCK = re.compile(r"(<!-- bench/run --table (\S+) (\S+) -->\n).*?(<!-- end -->)", re.S)


def renew(page):
    """Makes each block of a page again: <!-- bench/run --table FILE PART --> ... <!-- end -->."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    text = BLOCK.sub(lambda found: found[1] + PARTS[found[3]](read(os.path.join(TOP, found[2])))
                     + "\n" + found[4], text)
    with open(page, "w", encoding="utf-8") as file:
        file.write(text)
