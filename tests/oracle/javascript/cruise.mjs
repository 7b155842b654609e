// SPDX-License-Identifier: Apache-2.0
// Compares the edges that Ashlar resolves with those of dependency-cruiser, from its JSON.
//
//   node cruise.mjs ASHLAR TREE CRUISE.json SOURCE EXCLUDE
//
// SOURCE is the folder that was cruised, EXCLUDE the pattern of the configuration's `exclude`.
// Edges are compared as sets: file -> file inside the tree, and file -> package or module of
// Node.js outside. Exits 1 when they differ.
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { references } from "./ashlar.mjs";

const [ashlar, tree, cruise, source, pattern] = process.argv.slice(2);
const exclude = new RegExp(pattern);

// "npm:x" for "x/y" and "x", "node:fs" for "fs".
function outside(target, type) {
	const name = target.replace(/^node:/, "");
	const parts = name.split("/");
	return type === "core" ? `node:${name}` : `npm:${parts.slice(0, name.startsWith("@") ? 2 : 1).join("/")}`;
}

const theirs = new Set();
const report = JSON.parse(readFileSync(cruise, "utf8"));
let edges = 0;
for (const module of report.modules)
	for (const to of module.dependencies) {
		edges++;
		const inside = !to.coreModule && !to.couldNotResolve && !to.resolved.includes("node_modules/");
		theirs.add(`${module.source} -> ${inside ? to.resolved : outside(to.module, to.coreModule ? "core" : "npm")}`);
	}

const ours = new Set();
let counted = 0;
for (const { file, target, resolved, external } of references(ashlar, tree)) {
	const core = external && isBuiltin(target);
	const where = resolved ?? "";
	if (!file.startsWith(`${source}/`) || exclude.test(file) || exclude.test(where)) continue;
	const to = resolved ?? outside(target, core ? "core" : "npm");
	// Without node_modules dependency-cruiser's `exclude` sees what is written.
	if (!resolved && exclude.test(target)) continue;
	counted++;
	ours.add(`${file} -> ${to}`);
}

const missing = [...theirs].filter((edge) => !ours.has(edge)).sort();
const invented = [...ours].filter((edge) => !theirs.has(edge)).sort();
for (const edge of missing) console.log(`only dependency-cruiser: ${edge}`);
for (const edge of invented) console.log(`only ashlar: ${edge}`);
const inside = (set) => [...set].filter((edge) => !/ -> (npm|node):/.test(edge)).length;
console.log(`dependency-cruiser: ${report.summary.totalCruised} modules, ${edges} edges, ${theirs.size} different, ${inside(theirs)} inside the tree`);
console.log(`ashlar: ${counted} references, ${ours.size} different edges, ${inside(ours)} inside the tree`);
console.log(`${missing.length} only dependency-cruiser, ${invented.length} only ashlar`);
process.exitCode = missing.length + invented.length > 0 ? 1 : 0;
