// SPDX-License-Identifier: Apache-2.0
// Compares the references that Ashlar finds with those in the syntax trees of the languages'
// own parsers: TypeScript's for all scripts, Babel's where TypeScript finds syntax errors
// (Flow), @vue/compiler-sfc, svelte/compiler and @astrojs/compiler for the blocks of their files.
//
//   node references.mjs ASHLAR TREE [--list N]
//
// Prints a summary, and before it up to N (default 50) differences. Exits 1 when there are any
// in files that a parser accepts.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import * as babel from "@babel/parser";
import * as vue from "@vue/compiler-sfc";
import * as svelte from "svelte/compiler";
import * as astro from "@astrojs/compiler/sync";
import { ANY, references } from "./ashlar.mjs";

const SIZE_LIMIT = 16 << 20;

// ---- what TypeScript sees ----

function isLiteral(node) {
	return node && (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node));
}

function allTypes(named) {
	return named.elements.length > 0 && named.elements.every((item) => item.isTypeOnly);
}

function importKind(clause) {
	if (!clause) return "import";
	if (clause.isTypeOnly || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return "type";
	const named = clause.namedBindings;
	return !clause.name && named && ts.isNamedImports(named) && allTypes(named) ? "type" : "import";
}

function exportKind(node) {
	if (node.isTypeOnly) return "type";
	return node.exportClause && ts.isNamedExports(node.exportClause) && allTypes(node.exportClause)
		? "type"
		: "import";
}

// `require("x")`, `require.resolve("x")`, `import("x")`, `import.defer("x")`: the kind, or null.
function callKind(node, isDeclaration) {
	const callee = node.expression;
	if (callee.kind === ts.SyntaxKind.ImportKeyword) return isDeclaration ? "type" : "dynamic";
	if (ts.isMetaProperty(callee) && callee.keywordToken === ts.SyntaxKind.ImportKeyword)
		return ["defer", "source"].includes(callee.name.text) ? "dynamic" : null;
	if (ts.isIdentifier(callee)) return callee.text === "require" ? "import" : null;
	if (!ts.isPropertyAccessExpression(callee) || node.questionDotToken) return null;
	return ts.isIdentifier(callee.expression) && callee.expression.text === "require" &&
		callee.name.text === "resolve" && !callee.questionDotToken
		? "import"
		: null;
}

function fromTypeScript(path, text, kind, add) {
	const source = ts.createSourceFile(path, text, { languageVersion: ts.ScriptTarget.Latest }, true, kind);
	const literal = (node, as) => add(node.getStart(source) + 1, as, node.text);
	for (const item of source.referencedFiles) add(item.pos, "type", item.fileName);
	for (const item of source.typeReferenceDirectives) add(item.pos, "type", item.fileName);
	const visit = (node) => {
		if (ts.isImportDeclaration(node) && isLiteral(node.moduleSpecifier))
			literal(node.moduleSpecifier, importKind(node.importClause));
		else if (ts.isExportDeclaration(node) && node.moduleSpecifier && isLiteral(node.moduleSpecifier))
			literal(node.moduleSpecifier, exportKind(node));
		else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference) &&
			isLiteral(node.moduleReference.expression))
			literal(node.moduleReference.expression, node.isTypeOnly ? "type" : "import");
		else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && isLiteral(node.argument.literal))
			literal(node.argument.literal, "type");
		else if (ts.isCallExpression(node) && isLiteral(node.arguments[0])) {
			const as = callKind(node, source.isDeclarationFile);
			if (as) literal(node.arguments[0], as);
		}
		ts.forEachChild(node, visit);
	};
	visit(source);
	return source.parseDiagnostics.length === 0;
}

// ---- what Babel sees (Flow) ----

const BABEL = {
	sourceType: "unambiguous", errorRecovery: false, allowReturnOutsideFunction: true,
	allowImportExportEverywhere: true, allowAwaitOutsideFunction: true, allowUndeclaredExports: true,
	allowSuperOutsideMethod: true, allowNewTargetOutsideFunction: true,
};

function babelKind(node) {
	const own = node.importKind ?? node.exportKind;
	if (own === "type" || own === "typeof") return "type";
	if (/^Declare/.test(node.type)) return "import";
	const named = (node.specifiers ?? []).filter((item) => /^(Import|Export)Specifier$/.test(item.type));
	const typed = named.filter((item) => ["type", "typeof"].includes(item.importKind ?? item.exportKind));
	return named.length > 0 && typed.length === node.specifiers.length ? "type" : "import";
}

function fromBabel(text, add) {
	const plugins = ["jsx", ["flow", { all: true }], "decorators-legacy", "exportDefaultFrom",
		"sourcePhaseImports", "deferredImportEvaluation"];
	let file;
	try {
		file = babel.parse(text, { ...BABEL, plugins });
	} catch {
		return false;
	}
	const visit = (node, parent) => {
		if (!node || typeof node.type !== "string") return;
		if (/^(Import|ExportNamed|ExportAll|DeclareExport|DeclareExportAll)Declaration$/.test(node.type) && node.source)
			add(node.source.start + 1, babelKind(node), node.source.value);
		const call = node.type === "CallExpression" || node.type === "ImportExpression";
		const first = node.type === "ImportExpression" ? node.source : node.arguments?.[0];
		const value = first?.type === "StringLiteral" ? first.value
			: first?.type === "TemplateLiteral" && first.quasis.length === 1 ? first.quasis[0].value.cooked : undefined;
		if (call && value !== undefined) {
			const callee = node.callee;
			if (!callee || callee.type === "Import") add(first.start + 1, "dynamic", value);
			else if (callee.type === "Identifier" && callee.name === "require") add(first.start + 1, "import", value);
			else if (callee.type === "MemberExpression" && callee.object.name === "require" && callee.property.name === "resolve")
				add(first.start + 1, "import", value);
		}
		for (const key of Object.keys(node)) {
			if (/Comments$|^(loc|errors|tokens|extra)$/.test(key)) continue;
			const child = node[key];
			if (Array.isArray(child)) child.forEach((item) => visit(item, node));
			else if (child && typeof child === "object") visit(child, node);
		}
	};
	visit(file.program, null);
	return true;
}

// ---- blocks ----

// All but [from, to) blanked out, so that offsets stay.
function only(text, from, to) {
	return text.slice(0, from).replace(/[^\n]/g, " ") + text.slice(from, to);
}

function kindOfLang(lang) {
	return { ts: ts.ScriptKind.TS, tsx: ts.ScriptKind.TSX, typescript: ts.ScriptKind.TS }[lang] ?? ts.ScriptKind.JSX;
}

function attribute(text, from, to, name) {
	const found = new RegExp(`\\s${name}\\s*=\\s*(["'])(.*?)\\1`, "d").exec(text.slice(from, to));
	return found && { at: from + found.indices[2][0], value: found[2] };
}

function fromVue(path, text, add) {
	const { descriptor, errors } = vue.parse(text, { sourceMap: false, ignoreEmpty: false });
	let clean = errors.length === 0;
	for (const block of [descriptor.script, descriptor.scriptSetup]) {
		if (!block) continue;
		const from = block.loc.start.offset;
		if (block.src) {
			const open = text.lastIndexOf("<script", from);
			const source = attribute(text, open, from + 1, "src");
			if (source) add(source.at, "import", source.value);
		}
		const part = only(text, from, block.loc.end.offset);
		clean = fromTypeScript(path, part, kindOfLang(block.lang), add) && clean;
	}
	return clean;
}

function fromSvelte(path, text, add) {
	let tree;
	try {
		tree = svelte.parse(text, { modern: true });
	} catch {
		return false;
	}
	let clean = true;
	for (const script of [tree.module, tree.instance]) {
		if (!script) continue;
		const lang = script.attributes.find((item) => item.name === "lang")?.value?.[0]?.data;
		const part = only(text, script.content.start, script.content.end);
		clean = fromTypeScript(path, part, kindOfLang(lang), add) && clean;
	}
	const visit = (node) => {
		if (node.type === "ImportExpression" && node.source.type === "Literal")
			add(node.source.start + 1, "dynamic", node.source.value);
		for (const child of Object.values(node))
			if (Array.isArray(child)) child.forEach((item) => item && typeof item.type === "string" && visit(item));
			else if (child && typeof child.type === "string") visit(child);
	};
	visit(tree.fragment);
	return clean;
}

// The compiler's offsets are in bytes.
function fromAstro(path, text, add) {
	const bytes = Buffer.from(text);
	const chars = (offset) => bytes.subarray(0, offset).toString().length;
	let clean = true;
	let tree;
	try {
		tree = astro.parse(text, { position: true });
		clean = tree.diagnostics.length === 0;
	} catch {
		return false;
	}
	const code = (from, to) => {
		clean = fromTypeScript(path, only(text, from, to), ts.ScriptKind.TSX, add) && clean;
	};
	const visit = (node) => {
		if (node.type === "frontmatter") {
			const from = text.indexOf("---") + 3;
			code(from, from + node.value.length);
		} else if (node.type === "element" && node.name === "script") {
			const own = node.attributes.map((item) => item.name);
			const type = node.attributes.find((item) => item.name === "type")?.value;
			if (own.includes("is:inline") || own.includes("define:vars") || (type && type !== "module")) return;
			const start = chars(node.position.start.offset);
			const open = text.lastIndexOf("<script", start + 7);
			const from = text.indexOf(node.children[0]?.value ?? "\0", open);
			const source = node.attributes.find((item) => item.name === "src" && item.kind === "quoted");
			if (source && !/^\/|:\/\//.test(source.value))
				add(attribute(text, open, text.length, "src").at, "import", source.value);
			if (node.children[0]?.value && from > 0) code(from, from + node.children[0].value.length);
			return;
		}
		for (const child of node.children ?? []) visit(child);
	};
	visit(tree.ast);
	return clean;
}

// ---- one tree ----

function* walk(root, folder) {
	for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
		const path = folder ? `${folder}/${entry.name}` : entry.name;
		if (entry.isDirectory() && entry.name !== ".git") yield* walk(root, path);
		else if (entry.isFile() && ANY.test(entry.name)) yield path;
	}
}

function place(text, starts, offset) {
	let low = 0;
	let high = starts.length - 1;
	while (low < high) {
		const middle = (low + high + 1) >> 1;
		if (starts[middle] <= offset) low = middle;
		else high = middle - 1;
	}
	return [low + 1, [...text.slice(starts[low], offset)].length + 1];
}

function oracle(path, text) {
	const starts = [0];
	for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
	let found = [];
	const add = (offset, kind, target) => {
		const [line, column] = place(text, starts, offset);
		found.push(`${line}:${column} ${kind} ${target}`);
	};
	if (path.endsWith(".vue")) return { clean: fromVue(path, text, add), found };
	if (path.endsWith(".svelte")) return { clean: fromSvelte(path, text, add), found };
	if (path.endsWith(".astro")) return { clean: fromAstro(path, text, add), found };
	if (fromTypeScript(path, text, undefined, add)) return { clean: true, found };
	const recovered = found;
	found = [];
	if (/\.[cm]?jsx?$/.test(path) && fromBabel(text, add)) return { clean: true, found };
	return { clean: false, found: recovered };
}

const [ashlar, tree, flag, number] = process.argv.slice(2);
const LIST = flag === "--list" ? Number(number) : 50;
const ours = new Map();
for (const item of references(ashlar, tree)) {
	if (!ours.has(item.file)) ours.set(item.file, []);
	ours.get(item.file).push(`${item.line}:${item.column} ${item.kind} ${item.target}`);
}

const count = { files: 0, broken: 0, skipped: 0, references: 0, missing: 0, invented: 0, brokenMissing: 0, brokenInvented: 0 };
let listed = 0;
const tell = (what, path, item) => {
	if (listed++ < LIST) console.log(`${what} ${path}:${item}`);
};
for (const path of walk(tree, "")) {
	const bytes = readFileSync(join(tree, path));
	if (bytes.length > SIZE_LIMIT || bytes.subarray(0, 8000).includes(0)) {
		count.skipped++;
		continue;
	}
	const text = bytes.toString().replace(/^\uFEFF/, "");
	let result;
	try {
		result = oracle(path, text);
	} catch (error) {
		console.log(`oracle failed ${path}: ${error.message.split("\n")[0]}`);
		count.skipped++;
		continue;
	}
	const { clean, found } = result;
	const theirs = new Map();
	for (const item of found) theirs.set(item, (theirs.get(item) ?? 0) + 1);
	const invented = [];
	for (const item of ours.get(path) ?? []) {
		const left = theirs.get(item) ?? 0;
		if (left > 0) theirs.set(item, left - 1);
		else invented.push(item);
	}
	const missing = [...theirs].flatMap(([item, times]) => Array(times).fill(item));
	count.files++;
	if (clean) {
		count.references += found.length;
		count.missing += missing.length;
		count.invented += invented.length;
	} else {
		count.broken++;
		count.brokenMissing += missing.length;
		count.brokenInvented += invented.length;
	}
	for (const item of missing) tell(clean ? "missing" : "missing (syntax errors)", path, item);
	for (const item of invented) tell(clean ? "invented" : "invented (syntax errors)", path, item);
}
console.log(`typescript ${ts.version}, @babel/parser, @vue/compiler-sfc ${vue.version}, svelte ${svelte.VERSION}`);
console.log(`${count.files} files (${count.broken} with syntax errors, ${count.skipped} skipped), ` +
	`${count.references} references: ${count.missing} missing, ${count.invented} invented; ` +
	`in files with syntax errors ${count.brokenMissing} missing, ${count.brokenInvented} invented`);
process.exitCode = count.missing + count.invented > 0 ? 1 : 0;
