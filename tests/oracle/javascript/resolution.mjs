// SPDX-License-Identifier: Apache-2.0
// Compares where Ashlar resolves references to with ts.resolveModuleName, each file under the
// configuration that governs it.
//
//   node resolution.mjs ASHLAR TREE [--list N]
//
// TREE must have no node_modules of its own: links to the packages of its workspaces are made
// there, as a package manager would, and taken away again. Only what TypeScript finds inside
// the tree is compared target by target; what only Ashlar finds is counted by its reason.
// Exits 1 when a target differs.
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { references } from "./ashlar.mjs";

const [ashlar, given, flag, number] = process.argv.slice(2);
const tree = realpathSync(given);
const LIST = flag === "--list" ? Number(number) : 50;
const all = references(ashlar, tree);

// ---- links to workspace packages ----

function workspacePatterns(folder) {
	const patterns = [];
	const read = (name) => existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "";
	try {
		const workspaces = JSON.parse(read("package.json") || "{}").workspaces ?? [];
		patterns.push(...(Array.isArray(workspaces) ? workspaces : workspaces.packages ?? []));
	} catch {}
	const pnpm = /^packages:\s*\n((?:[ \t]*(?:-.*|#.*)?\n)+)/m.exec(read("pnpm-workspace.yaml") + "\n");
	for (const item of pnpm?.[1].matchAll(/^\s*-\s*["']?(.*?)["']?\s*(?:#.*)?$/gm) ?? []) patterns.push(item[1]);
	return patterns;
}

const linked = join(tree, "node_modules");
if (existsSync(linked)) throw new Error(`${linked} is in the way`);
const patterns = workspacePatterns(tree);
if (patterns.length > 0) {
	const folders = ts.sys.readDirectory(tree, [".json"], ["**/node_modules"], patterns.filter((item) => !item.startsWith("!"))
		.map((item) => `${item.replace(/\/$/, "")}/package.json`));
	for (const file of folders) {
		let name;
		try {
			name = JSON.parse(readFileSync(file, "utf8")).name;
		} catch {}
		const link = name && join(linked, name);
		if (!link || existsSync(link)) continue;
		mkdirSync(dirname(link), { recursive: true });
		symlinkSync(dirname(file), link);
	}
}

// ---- the configuration of each file ----

const parsed = new Map();
function parse(path) {
	if (!parsed.has(path)) {
		const { config, error } = ts.readConfigFile(path, ts.sys.readFile);
		const content = config && ts.parseJsonConfigFileContent(config, ts.sys, dirname(path), {}, path);
		parsed.set(path, content && {
			options: { ...content.options, allowJs: true, resolveJsonModule: true,
				moduleResolution: content.options.moduleResolution ?? ts.ModuleResolutionKind.Bundler },
			files: new Set(content.fileNames),
			references: (content.projectReferences ?? []).map((item) => ts.resolveProjectReferencePath(item)),
			cache: ts.createModuleResolutionCache(tree, (name) => name, content.options),
			error,
		});
	}
	return parsed.get(path);
}

function referenced(config, file, depth) {
	for (const path of config.references) {
		const other = existsSync(path) && parse(path);
		if (!other) continue;
		if (other.files.has(file)) return other;
		const deeper = depth < 4 && referenced(other, file, depth + 1);
		if (deeper) return deeper;
	}
	return undefined;
}

const NONE = { options: { moduleResolution: ts.ModuleResolutionKind.Bundler, allowJs: true, resolveJsonModule: true }, files: new Set(), references: [] };
const governing = new Map();
function configOf(file) {
	if (!governing.has(file)) {
		let path;
		for (let folder = dirname(file); !path && folder.startsWith(tree); folder = dirname(folder))
			path = [join(folder, "tsconfig.json"), join(folder, "jsconfig.json")].find((name) => existsSync(name));
		const config = path && parse(path);
		governing.set(file, !config ? NONE : config.files.has(file) || config.references.length === 0
			? config : referenced(config, file, 1) ?? config);
	}
	return governing.get(file);
}

// ---- comparing ----

function theirs(reference) {
	const file = join(tree, reference.file);
	const config = configOf(file);
	const mode = ts.getImpliedNodeFormatForFile(file, config.cache?.getPackageJsonInfoCache(), ts.sys, config.options);
	const found = ts.resolveModuleName(reference.target, file, config.options, ts.sys, config.cache, undefined, mode).resolvedModule
		?? (reference.kind === "type"
			? ts.resolveTypeReferenceDirective(reference.target, file, config.options, ts.sys).resolvedTypeReferenceDirective
			: undefined);
	if (!found?.resolvedFileName) return null;
	const path = relative(tree, realpathSync(found.resolvedFileName));
	return path.startsWith("..") || path.includes("node_modules/") ? null : path;
}

function reason(reference) {
	if (!/\.(?:[cm]?[jt]sx?|json)$/.test(reference.resolved)) {
		if (existsSync(join(tree, reference.resolved)) && !/\.[^/]*$/.test(reference.resolved)) return "the folder of a package that is not built";
		return "a file that is no script";
	}
	return "else";
}

// "a.d.ts" and "a.js" beside it are one module.
function stem(path) {
	return path?.replace(/(?:\.d)?\.[cm]?[jt]sx?$/, "");
}

const count = { same: 0, beside: 0, different: 0, missing: 0 };
const only = new Map();
let listed = 0;
const tell = (what, reference, path) => {
	if (listed++ < LIST)
		console.log(`${what} ${reference.file}:${reference.line} ${reference.kind} ${reference.target}: ashlar ${reference.resolved}, typescript ${path}`);
};
try {
	for (const reference of all) {
		const path = theirs(reference);
		if (path === null) {
			if (!reference.resolved) continue;
			const why = reason(reference);
			only.set(why, (only.get(why) ?? 0) + 1);
			if (why === "else") tell("only ashlar", reference, path);
		} else if (path === reference.resolved) {
			count.same++;
		} else if (stem(path) === stem(reference.resolved)) {
			count.beside++;
		} else {
			count[reference.resolved ? "different" : "missing"]++;
			tell(reference.resolved ? "different" : "missing", reference, path);
		}
	}
} finally {
	if (patterns.length > 0) rmSync(linked, { recursive: true, force: true });
}
console.log(`typescript ${ts.version}, ${parsed.size} configurations, ${all.length} references`);
console.log(`${count.same} resolved alike, ${count.beside} to the script beside the declaration or the other way round, ${count.different} different, ${count.missing} only typescript`);
for (const [why, times] of only) console.log(`only ashlar: ${times} to ${why}`);
process.exitCode = count.different + count.missing > 0 ? 1 : 0;
