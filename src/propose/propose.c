/* SPDX-License-Identifier: Apache-2.0 */
/* Finds modules by the shape of the tree: where manifests lie, and where the code is. It looks
 * at names and counts only and parses nothing, so a broken manifest cannot mislead it. */
#include "propose/propose.h"

#include "base/path.h"

/* A folder with more than this share of all source files is opened. */
enum { DOMINANT_PERCENT = 40 };

struct proposal {
	const struct tree *tree;
	uint32_t *counts;   /* source files at or below each entry, tests and the like left out */
	bool *has_manifest; /* a folder that has one, or has such a folder below it */
	bool *is_package;   /* a folder with a manifest of its own */
	uint32_t *chosen;   /* folders that become modules, in the order of the tree */
	size_t chosen_count;
};

static bool is_one_of(struct str name, const char *const *names)
{
	for (; *names; names++)
		if (str_equal(name, str_of(*names)))
			return true;
	return false;
}

static bool is_manifest(struct str path)
{
	static const char *const NAMES[] = {"package.json",     "go.mod",         "pom.xml",
					    "build.gradle",     "pyproject.toml", "setup.py",
					    "build.gradle.kts", "package.yml",    NULL};
	return is_one_of(path_name(path), NAMES);
}

/* Folders that hold modules rather than being one. */
static bool is_container(struct str path)
{
	static const char *const NAMES[] = {
		"src",  "lib",        "libs",    "packages", "packs",    "apps",   "app",
		"pkg",  "components", "modules", "services", "internal", "source", "java",
		"main", "python",     "crates",  "plugins",  "staging",  NULL};
	return is_one_of(path_name(path), NAMES);
}

/* Folders whose code looks at everybody else's and is nobody's dependency. */
static bool is_aside(struct str path)
{
	static const char *const NAMES[] = {
		"test",     "tests",     "__tests__",  "testing",     "spec",         "specs",
		"e2e",      "doc",       "docs",       "example",     "examples",     "bench",
		"benches",  "benchmark", "scripts",    "tools",       "hack",         "ci",
		"fixtures", "testdata",  "benchmarks", "samples",     "sample",       "demo",
		"demos",    "templates", "vendor",     "third_party", "node_modules", "dist",
		"build",    "out",       "target",     "js_tests",    "androidTest",  NULL,
	};
	struct str name = path_name(path);
	return is_one_of(name, NAMES) || (name.length > 1 && name.at[0] == '.');
}

/* ---- counting ---- */

/* Entries come before what is below them, so one pass from the back sums up. */
static void count_sources(struct proposal *proposal)
{
	const struct tree *tree = proposal->tree;
	for (uint32_t i = tree->count; i-- > 1;) {
		const struct entry *entry = &tree->entries[i];
		if (!entry->is_folder)
			proposal->counts[i] = entry->facts != NULL;
		else if (is_aside(entry->path))
			proposal->counts[i] = 0;
		if (is_manifest(entry->path) && !entry->is_folder)
			proposal->is_package[entry->parent] = true;
		proposal->counts[entry->parent] += proposal->counts[i];
	}
	for (uint32_t i = tree->count; i-- > 1;) {
		bool counts = proposal->counts[i] > 0 && tree->entries[i].is_folder;
		proposal->has_manifest[i] |= counts && proposal->is_package[i];
		if (counts && proposal->has_manifest[i])
			proposal->has_manifest[tree->entries[i].parent] = true;
	}
}

/* The next child of `folder` after `child` (or the first, for `folder` itself). */
static uint32_t next_child(const struct tree *tree, uint32_t folder, uint32_t child)
{
	uint32_t next = child == folder ? folder + 1 : tree->entries[child].end;
	return next < tree->entries[folder].end ? next : ENTRY_NONE;
}

struct shape {
	uint32_t folders; /* direct sub-folders with sources */
	uint32_t files;   /* direct source files, but for __init__.py and the like */
};

static struct shape shape_of(const struct proposal *proposal, uint32_t folder)
{
	static const char *const EMPTY_ONES[] = {"__init__.py", "package-info.java", "doc.go",
						 "conftest.py", "setup.py",          NULL};
	const struct tree *tree = proposal->tree;
	struct shape shape = {0};
	for (uint32_t i = next_child(tree, folder, folder); i != ENTRY_NONE;
	     i = next_child(tree, folder, i)) {
		if (tree->entries[i].is_folder)
			shape.folders += proposal->counts[i] > 0;
		else if (!is_one_of(path_name(tree->entries[i].path), EMPTY_ONES))
			shape.files += proposal->counts[i];
	}
	return shape;
}

/* ---- choosing ---- */

static bool must_open(const struct proposal *proposal, uint32_t folder, struct shape shape)
{
	if (shape.folders == 0 || proposal->chosen_count >= PROPOSE_MODULE_LIMIT / 2)
		return false;
	if (shape.folders == 1 && shape.files == 0)
		return true;
	if (shape.folders >= 2 && is_container(proposal->tree->entries[folder].path) &&
	    shape.files <= shape.folders)
		return true;
	uint64_t total = proposal->counts[0], count = proposal->counts[folder];
	/* One folder below, with some files beside it, is worth opening where it is the bulk. */
	bool divides = shape.folders >= 2 || (uint64_t)shape.files * 4 < count;
	return divides && count * 100 > total * DOMINANT_PERCENT;
}

static void choose(struct proposal *proposal, uint32_t folder)
{
	if (proposal->chosen_count < PROPOSE_MODULE_LIMIT)
		proposal->chosen[proposal->chosen_count++] = folder;
}

/* Whether a manifest lies somewhere below the folder itself. */
static bool has_packages_below(const struct proposal *proposal, uint32_t folder)
{
	const struct tree *tree = proposal->tree;
	for (uint32_t i = next_child(tree, folder, folder); i != ENTRY_NONE;
	     i = next_child(tree, folder, i))
		if (tree->entries[i].is_folder && proposal->has_manifest[i])
			return true;
	return false;
}

/* Recursion is bounded by the depth of the tree, WALK_DEPTH_LIMIT. */
static void choose_below(struct proposal *proposal, uint32_t folder)
{
	const struct tree *tree = proposal->tree;
	for (uint32_t i = next_child(tree, folder, folder); i != ENTRY_NONE;
	     i = next_child(tree, folder, i)) {
		if (!tree->entries[i].is_folder || proposal->counts[i] == 0)
			continue;
		struct shape shape = shape_of(proposal, i);
		bool open = has_packages_below(proposal, i) || must_open(proposal, i, shape);
		if (!open || proposal->is_package[i] || shape.files > 0)
			choose(proposal, i);
		if (open)
			choose_below(proposal, i);
	}
}

/* ---- naming ---- */

/* The shortest end of the path, in whole parts, that no module before has as its name. */
static struct str name_of(struct map *taken, struct str path, uint32_t module)
{
	size_t from = path.length;
	while (from > 0) {
		ptrdiff_t slash = str_find_last(str_first(path, from - 1), '/');
		from = slash < 0 ? 0 : (size_t)slash + 1;
		struct str name = str_from(path, from);
		if (map_get(taken, name) == MAP_NONE)
			return map_put(taken, name, module) ? name : (struct str){0};
	}
	return path;
}

static bool is_plain(struct str name)
{
	for (size_t i = 0; i < name.length; i++) {
		char c = name.at[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || strchr("_./-", c);
		if (!plain || !c)
			return false;
	}
	return name.length > 0 && name.length <= 100;
}

/* Names are of letters, digits, '_', '.', '/' and '-': other bytes become '_'. */
static struct str plain_name(struct arena *arena, struct str name)
{
	if (is_plain(name))
		return name;
	struct str copy = arena_str(arena, str_first(name, 100));
	for (size_t i = 0; i < copy.length; i++)
		if (!is_plain((struct str){copy.at + i, 1}))
			((char *)copy.at)[i] = '_';
	return copy;
}

static size_t count_parts(struct str path)
{
	size_t parts = 1;
	for (size_t i = 0; i < path.length; i++)
		parts += path.at[i] == '/';
	return parts;
}

static int fill_module(struct module *module, struct arena *arena, struct map *taken,
		       uint32_t index, struct error *error)
{
	module->name = plain_name(arena, name_of(taken, module->path, index));
	module->file = str_of(arena_format(arena, "%s/" CONTRACT_MODULE_NAME, module->path.at));
	module->layer = MODULE_NONE;
	return module->name.at && !arena->failed ? 0 : error_memory(error);
}

/* Short paths choose first: so what is left to a longer one is at worst its whole path. */
static int name_modules(const struct proposal *proposal, struct contracts *contracts,
			struct error *error)
{
	_cleanup_(map_release) struct map taken = {0};
	struct arena *arena = &contracts->arena;
	size_t count = proposal->chosen_count, deepest = 0;
	contracts->modules = arena_array(arena, count, sizeof(struct module));
	if (!contracts->modules)
		return error_memory(error);
	for (size_t i = 0; i < count; i++) {
		struct str path = proposal->tree->entries[proposal->chosen[i]].path;
		contracts->modules[i].path = arena_str(arena, path);
		deepest = count_parts(path) > deepest ? count_parts(path) : deepest;
	}
	if (arena->failed)
		return error_memory(error);
	for (size_t parts = 1; parts <= deepest; parts++)
		for (size_t i = 0; i < count; i++)
			if (count_parts(contracts->modules[i].path) == parts &&
			    fill_module(&contracts->modules[i], arena, &taken, (uint32_t)i, error) <
				    0)
				return -1;
	contracts->module_count = count;
	return 0;
}

/* Modules are kept by path in byte order; the tree's order differs where names hold bytes
 * below '/'. Few and nearly sorted: insertion sort. */
static void sort_by_path(const struct tree *tree, uint32_t *chosen, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		uint32_t moved = chosen[i];
		size_t j = i;
		for (; j > 0 && str_compare(tree->entries[chosen[j - 1]].path,
					    tree->entries[moved].path) > 0;
		     j--)
			chosen[j] = chosen[j - 1];
		chosen[j] = moved;
	}
}

int propose_modules(const struct tree *tree, struct contracts *contracts, struct error *error)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct proposal proposal = {
		.tree = tree,
		.counts = arena_array(&arena, tree->count, sizeof(uint32_t)),
		.has_manifest = arena_array(&arena, tree->count, sizeof(bool)),
		.is_package = arena_array(&arena, tree->count, sizeof(bool)),
		.chosen = arena_array(&arena, PROPOSE_MODULE_LIMIT, sizeof(uint32_t)),
	};
	if (arena.failed)
		return error_memory(error);
	count_sources(&proposal);
	choose_below(&proposal, 0);
	sort_by_path(tree, proposal.chosen, proposal.chosen_count);
	return name_modules(&proposal, contracts, error);
}
