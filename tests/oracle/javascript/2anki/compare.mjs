// SPDX-License-Identifier: Apache-2.0
// Compares findings of `ashlar check` with violations of dependency-cruiser, file by file.
// Called by run.sh.
import { readFileSync } from "node:fs";

const [findings, refs, cruise] = process.argv.slice(2).map((path) => readFileSync(path, "utf8"));
const resolved = new Map();
for (const line of refs.split("\n").filter(Boolean)) {
	const item = JSON.parse(line);
	resolved.set(`${item.file}:${item.line}:${item.column}`, item.resolved);
}
const ours = new Set();
const cycles = [];
for (const item of JSON.parse(findings).findings) {
	if (item.rule === "forbidden") ours.add(`${item.file} -> ${resolved.get(`${item.file}:${item.line}:${item.column}`)}`);
	if (item.rule === "cycle") cycles.push(item.message);
}
const theirs = new Set();
const counts = {};
for (const item of JSON.parse(cruise).summary.violations) {
	counts[item.rule.name] = (counts[item.rule.name] ?? 0) + 1;
	if (item.rule.name !== "no-circular") theirs.add(`${item.from} -> ${item.to}`);
}
for (const edge of [...theirs].filter((edge) => !ours.has(edge))) console.log(`only dependency-cruiser: ${edge}`);
for (const edge of [...ours].filter((edge) => !theirs.has(edge))) console.log(`only ashlar: ${edge}`);
console.log("dependency-cruiser:", JSON.stringify(counts));
console.log(`ashlar: ${ours.size} forbidden edges; ${cycles.length} cycle findings between modules`);
for (const cycle of cycles) console.log(`  ${cycle}`);
const same = [...theirs].filter((edge) => ours.has(edge)).length;
console.log(`${same} of ${theirs.size} edges of data-layer-is-leaf and no-layer-skip-to-data-layer found alike`);
process.exitCode = same === theirs.size && same === ours.size ? 0 : 1;
