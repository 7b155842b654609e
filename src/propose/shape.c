/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of names. All else of propose/ asks here, so that what a name means is in one place. */
#include "propose/shape.h"

#include "base/path.h"

static bool is_one_of(struct str name, const char *const *names)
{
	for (; *names; names++)
		if (str_equal(name, str_of(*names)))
			return true;
	return false;
}

static enum aside aside_of(struct str name)
{
	static const char *const NEVER[] = {
		"test",
		"tests",
		"__tests__",
		"spec",
		"specs",
		"e2e",
		"jmh",
		"testFixtures",
		"javaTest",
		"androidTest",
		"js_tests",
		"fixtures",
		"__fixtures__",
		"testdata",
		"__mocks__",
		"doc",
		"docs",
		"example",
		"examples",
		"sample",
		"samples",
		"demo",
		"demos",
		"bench",
		"benches",
		"benchmark",
		"benchmarks",
		"vendor",
		"third_party",
		"node_modules",
		"bower_components",
		"dist",
		"out",
		"target",
		NULL,
	};
	static const char *const TOOLS[] = {"testing", "scripts", "tools",     "hack",
					    "ci",      "build",   "templates", NULL};
	if ((name.length > 1 && name.at[0] == '.') || is_one_of(name, NEVER))
		return ASIDE_NEVER;
	return is_one_of(name, TOOLS) ? ASIDE_TOOL : ASIDE_NOT;
}

static bool is_within_product(struct str path)
{
	return str_ends(path, STR("src/main")) &&
	       (path.length == 8 || path.at[path.length - 9] == '/');
}

/* Entries come before what is below them. `shipped` marks what is below src/main. */
uint8_t *shape_asides(const struct tree *tree, struct arena *arena)
{
	uint8_t *asides = arena_array(arena, tree->count, sizeof *asides);
	bool *shipped = arena_array(arena, tree->count, sizeof *shipped);
	if (!asides || !shipped)
		return NULL;
	for (uint32_t i = 1; i < tree->count; i++) {
		const struct entry *entry = &tree->entries[i];
		enum aside own = ASIDE_NOT;
		shipped[i] = shipped[entry->parent] ||
			     (entry->is_folder && is_within_product(entry->path));
		if (entry->is_folder && !shipped[entry->parent])
			own = aside_of(path_name(entry->path));
		asides[i] = asides[entry->parent] > own ? asides[entry->parent] : (uint8_t)own;
	}
	return asides;
}

bool shape_is_container(struct str path)
{
	static const char *const NAMES[] = {
		"src",  "lib",    "libs",    "packages", "packs",    "apps",   "app",
		"pkg",  "cmd",    "modules", "services", "internal", "source", "java",
		"main", "python", "crates",  "plugins",  "staging",  "kotlin", NULL};
	return is_one_of(path_name(path), NAMES);
}

bool shape_is_generic(struct str name)
{
	static const char *const NAMES[] = {"src",    "lib",     "main",     "java", "kotlin",
					    "python", "source",  "internal", "pkg",  "cmd",
					    "app",    "include", NULL};
	return is_one_of(name, NAMES);
}

static bool is_tool_configuration(struct str name)
{
	struct str extension = path_extension(name);
	if (name.at[0] == '.')
		return true;
	if (extension.length == 0)
		return false;
	struct str stem = str_first(name, name.length - extension.length - 1);
	return str_equal(path_extension(stem), STR("config"));
}

bool shape_is_formal(struct str path)
{
	static const char *const NAMES[] = {"__init__.py", "package-info.java", "doc.go",
					    "conftest.py", "module-info.java",  "setup.py",
					    "noxfile.py",  "gulpfile.js",       "Gruntfile.js",
					    NULL};
	struct str name = path_name(path);
	return is_one_of(name, NAMES) || is_tool_configuration(name);
}
