/* SPDX-License-Identifier: Apache-2.0 */
/* package.json as Node.js, npm, yarn, pnpm and TypeScript read it. Knows no tree: whether a
 * path exists is for others to ask. */
#include "manifest/package_json.h"

#include "base/mem.h"

/* ---- exports and imports ---- */

struct gathering {
	struct str *items;
	size_t count;
	size_t capacity;
	struct arena *arena;
	bool failed;
};

static void gathering_release(struct gathering *gathering)
{
	mem_free(gathering->items);
}

/* How likely a condition holds where source code is read. */
enum rank {
	RANK_USUAL,       /* set by Node.js, TypeScript and bundlers for a module */
	RANK_OWN,         /* the project's own, as "source" or "@org/development" */
	RANK_ENVIRONMENT, /* another place to run */
	RANK_COUNT,
};

static enum rank rank_of(const char *condition)
{
	static const char *const USUAL[] = {"types", "source", "import",  "module",     "require",
					    "node",  "svelte", "default", "development"};
	static const char *const ENVIRONMENT[] = {
		"browser",    "deno",         "worker",   "workerd",      "bun",
		"edge-light", "react-native", "electron", "react-server", "production"};
	for (size_t i = 0; i < sizeof USUAL / sizeof *USUAL; i++)
		if (strcmp(condition, USUAL[i]) == 0)
			return RANK_USUAL;
	for (size_t i = 0; i < sizeof ENVIRONMENT / sizeof *ENVIRONMENT; i++)
		if (strcmp(condition, ENVIRONMENT[i]) == 0)
			return RANK_ENVIRONMENT;
	return RANK_OWN;
}

static void gather_path(struct gathering *gathering, const json_t *value)
{
	if (!mem_reserve(&gathering->items, &gathering->capacity, gathering->count + 1,
			 sizeof *gathering->items)) {
		gathering->failed = true;
		return;
	}
	gathering->items[gathering->count++] = json_string_copy(value, gathering->arena);
}

/* Gathers the paths whose least likely condition has the rank `wanted`. Recursion is bounded
 * by PACKAGE_JSON_DEPTH_LIMIT. */
static void gather(struct gathering *gathering, const json_t *value, enum rank rank,
		   enum rank wanted, int depth)
{
	const char *key;
	json_t *child;
	size_t i;
	if (depth > PACKAGE_JSON_DEPTH_LIMIT)
		return;
	if (json_string_length(value) > 0 && rank == wanted)
		gather_path(gathering, value);
	json_array_foreach(value, i, child) gather(gathering, child, rank, wanted, depth + 1);
	json_object_foreach((json_t *)value, key, child)
	{
		enum rank own = rank_of(key);
		gather(gathering, child, own > rank ? own : rank, wanted, depth + 1);
	}
}

static struct str_list read_targets(const json_t *value, struct arena *arena)
{
	_cleanup_(gathering_release) struct gathering gathering = {.arena = arena};
	for (enum rank wanted = RANK_USUAL; wanted < RANK_COUNT; wanted++)
		gather(&gathering, value, RANK_USUAL, wanted, 0);
	struct str *items = arena_array(arena, gathering.count, sizeof *items);
	if (!items || gathering.failed) {
		arena->failed = true;
		return (struct str_list){0};
	}
	if (gathering.count > 0)
		memcpy(items, gathering.items, gathering.count * sizeof *items);
	return (struct str_list){items, gathering.count};
}

/* Whether the keys of `value` are paths ("./a", "#a") and not conditions. */
static bool has_path_keys(const json_t *value)
{
	const char *key = json_object_iter_key(json_object_iter((json_t *)value));
	return key && (*key == '.' || *key == '#');
}

static struct package_entries read_entries(const json_t *value, struct arena *arena)
{
	struct package_entries entries = {.given = value != NULL};
	const char *key;
	json_t *child;
	if (!value)
		return entries;
	size_t count = has_path_keys(value) ? json_object_size(value) : 1;
	struct package_entry *items = arena_array(arena, count, sizeof *items);
	if (!items)
		return entries;
	entries.items = items;
	if (!has_path_keys(value)) {
		items[entries.count++] =
			(struct package_entry){STR("."), read_targets(value, arena)};
		return entries;
	}
	json_object_foreach((json_t *)value, key, child)
	{
		struct str copy = arena_str(arena, str_of(key));
		if (copy.at)
			items[entries.count++] =
				(struct package_entry){copy, read_targets(child, arena)};
	}
	return entries;
}

/* ---- the rest ---- */

static struct str_list read_mains(const json_t *object, struct arena *arena)
{
	static const char *const KEYS[] = {"source", "types", "typings",
					   "module", "main",  "svelte"};
	enum { KEY_COUNT = sizeof KEYS / sizeof *KEYS };
	struct str *items = arena_array(arena, KEY_COUNT, sizeof *items);
	size_t count = 0;
	for (size_t i = 0; items && i < KEY_COUNT; i++) {
		struct str path = json_text(object, KEYS[i], arena);
		if (path.length > 0)
			items[count++] = path;
	}
	return (struct str_list){items, count};
}

static const char *const DEPENDENCY_KEYS[] = {"dependencies", "devDependencies", "peerDependencies",
					      "optionalDependencies"};
enum { DEPENDENCY_KEY_COUNT = sizeof DEPENDENCY_KEYS / sizeof *DEPENDENCY_KEYS };

static void read_dependencies(const json_t *object, struct arena *arena, struct package_json *out)
{
	size_t count = 0;
	const char *key;
	json_t *version;
	for (size_t i = 0; i < DEPENDENCY_KEY_COUNT; i++)
		count += json_object_size(json_object_get(object, DEPENDENCY_KEYS[i]));
	out->dependencies = arena_array(arena, count, sizeof *out->dependencies);
	for (size_t i = 0; out->dependencies && i < DEPENDENCY_KEY_COUNT; i++)
		json_object_foreach(json_object_get(object, DEPENDENCY_KEYS[i]), key, version)
		{
			struct str name = arena_str(arena, str_of(key));
			if (name.at)
				out->dependencies[out->dependency_count++] =
					(struct package_dependency){
						name, json_string_copy(version, arena)};
		}
}

int package_json_read(const char *path, struct str text, struct arena *arena,
		      struct package_json *out, struct error *error)
{
	_cleanup_(json_releasep) json_t *object = NULL;
	if (json_parse(path, text, JSON_PLAIN, &object, error) < 0)
		return -1;
	const json_t *workspaces = json_object_get(object, "workspaces");
	if (json_is_object(workspaces))
		workspaces = json_object_get(workspaces, "packages");
	struct package_json package = {
		.name = json_text(object, "name", arena),
		.mains = read_mains(object, arena),
		.exports = read_entries(json_object_get(object, "exports"), arena),
		.imports = read_entries(json_object_get(object, "imports"), arena),
		.workspaces = json_texts(workspaces, arena),
	};
	read_dependencies(object, arena, &package);
	if (arena->failed)
		return error_memory(error);
	*out = package;
	return 0;
}
