// SPDX-License-Identifier: Apache-2.0
// Runs `ashlar refs` over a tree and returns its JSON lines of JavaScript files as objects.
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

export const ANY = /\.(?:[cm]?[jt]s|[jt]sx|vue|svelte|astro)$/;

export function references(ashlar, tree) {
	const run = spawnSync(resolve(ashlar), ["refs", "--format", "json"], {
		cwd: tree, maxBuffer: 1 << 30, encoding: "utf8",
	});
	// 3: a manifest or file of the tree is broken; the rest was read.
	if (run.status !== 0 && run.status !== 3) throw new Error(run.stderr || String(run.error));
	return run.stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line))
		.filter((item) => ANY.test(item.file));
}
