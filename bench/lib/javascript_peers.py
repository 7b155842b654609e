# SPDX-License-Identifier: Apache-2.0
"""dependency-cruiser and eslint-plugin-boundaries over @babylonjs/core as npm has it, and what finds
circles of files without contracts: madge. (skott 0.35 opens no file of this tree.)"""
import json
import os
import re

from lib.copies import Copy, Peer
from lib.places import PEERS, bring, run

CRUISER, ESLINT, BOUNDARIES, MADGE = "17.4.3", "9.39.5", "7.2.0", "8.0.0"
HOME = os.path.join(PEERS, "node")
BIN = os.path.join(HOME, "node_modules", ".bin")


def install():
    wanted = {"dependency-cruiser": CRUISER, "eslint": ESLINT, "eslint-plugin-boundaries": BOUNDARIES,
              "madge": MADGE}
    os.makedirs(HOME, exist_ok=True)
    manifest = os.path.join(HOME, "package.json")
    content = json.dumps({"private": True, "dependencies": wanted}, indent=1)
    if os.path.exists(os.path.join(HOME, "node_modules", ".package-lock.json")):
        with open(manifest, encoding="utf-8") as file:
            if file.read() == content:
                return
    with open(manifest, "w", encoding="utf-8") as file:
        file.write(content)
    run(["npm", "install", "--silent", "--no-audit", "--no-fund"], HOME)


def write_cruiser(copy, without=None):
    """A `forbidden` rule a module: any other module's folder that it may not depend on. Options are
    the fastest that see the same: one parser, one module system, one extension."""
    places = "|".join(copy.modules.values())
    rules = []
    for name, needs in sorted(copy.allowed(without).items()):
        own = "|".join(sorted({copy.modules[other] for other in needs} | {copy.modules[name]}))
        rules.append({"name": name, "severity": "error",
                      "from": {"path": f"^{copy.modules[name]}/"},
                      "to": {"path": f"^({places})/", "pathNot": f"^({own})/"}})
    options = {"doNotFollow": {"path": "node_modules"}, "moduleSystems": ["es6"],
               "enhancedResolveOptions": {"extensions": [".js"]}, "parser": "acorn"}
    with open(os.path.join(copy.folder, ".dependency-cruiser.json"), "w", encoding="utf-8") as file:
        json.dump({"forbidden": rules, "options": options}, file, indent=1)


def write_boundaries(copy, without=None):
    """An element a module; what is not allowed is refused."""
    elements = [{"type": name, "pattern": folder, "partialMatch": False}
                for name, folder in sorted(copy.modules.items())]
    policies = [{"from": {"element": {"type": name}},
                 "allow": {"to": {"element": {"types": {"anyOf": sorted(needs | {name})}}}}}
                for name, needs in sorted(copy.allowed(without).items())]
    plugin = os.path.join(HOME, "node_modules", "eslint-plugin-boundaries", "dist", "index.js")
    settings = {"boundaries/elements": elements,
                "import/resolver": {"node": {"extensions": [".js"]}}}
    rule = ["error", {"default": "disallow", "policies": policies}]
    with open(os.path.join(copy.folder, "eslint.config.cjs"), "w", encoding="utf-8") as file:
        file.write(f"const boundaries = require({json.dumps(plugin)});\n"
                   "module.exports = [{\n\tfiles: ['**/*.js'],\n\tplugins: { boundaries },\n"
                   "\tlinterOptions: { reportUnusedDisableDirectives: 'off', noInlineConfig: true },\n"
                   f"\tsettings: {json.dumps(settings)},\n"
                   f"\trules: {{ 'boundaries/dependencies': {json.dumps(rule)} }},\n}}];\n")


def prepare():
    install()
    copy = Copy("babylon-core", (".js",))
    copy.add(os.path.join(bring("babylon"), "packages", "babylonjs-core"), keep=("package.json",))
    copy.close()

    def write(without=None):
        write_cruiser(copy, without)
        write_boundaries(copy, without)

    cruise = [BIN + "/depcruise", "--config", ".dependency-cruiser.json", "--output-type", "err"]
    lint = [BIN + "/eslint", "--quiet"]
    cache = os.path.join(PEERS, "babylon-core.")

    def violations(out):
        found = re.search(r"(\d+) dependency violations", out)
        return int(found[1]) if found else 0 if "no dependency violations found" in out else None

    def problems(out):
        return len(re.findall(r"boundaries/dependencies$", out, re.M))

    return copy, [
        Peer(f"dependency-cruiser {CRUISER}", [*cruise, "--no-cache", "."], "contracts", "off",
             told=violations),
        Peer(f"dependency-cruiser {CRUISER}",
             [*cruise, "--cache", cache + "cruiser", "--cache-strategy", "content", "."],
             "contracts", "warm", told=violations, sources=False),
        Peer(f"eslint-plugin-boundaries {BOUNDARIES}", [*lint, "."], "contracts", "off",
             told=problems),
        Peer(f"eslint-plugin-boundaries {BOUNDARIES}",
             [*lint, "--cache", "--cache-location", cache + "eslint", "."], "contracts", "warm",
             told=problems, sources=False),
        Peer(f"madge {MADGE} --circular", [BIN + "/madge", "--circular", "--no-spinner",
                                           "--extensions", "js", "."], "graph"),
    ], write
