/* SPDX-License-Identifier: Apache-2.0 */
/* JavaScript and TypeScript: a module specifier to a file of the tree, a package or a module
 * of Node.js, as TypeScript and bundlers find them. Must not know how manifests are written.
 *
 * A relative path is a file or nobody's. A bare name goes, in this order, by `paths` and
 * `baseUrl` of the file's tsconfig.json, the user's roots, `imports` of its package, the
 * packages of the tree, Node.js, and what package.json files around it declare. */
#include "resolve/resolve_javascript.h"

#include "base/path.h"

struct answer {
	enum reference_state state;
	uint32_t entry;
	size_t package_length;
};

static const struct answer UNRESOLVED = {REFERENCE_UNRESOLVED, ENTRY_NONE, 0};

static struct answer internal(uint32_t entry)
{
	return entry == ENTRY_NONE ? UNRESOLVED : (struct answer){REFERENCE_INTERNAL, entry, 0};
}

static struct answer external(size_t package_length)
{
	return (struct answer){REFERENCE_EXTERNAL, ENTRY_NONE, package_length};
}

/* ---- relative paths ---- */

/* Whether a path can only mean a folder: "..", "./", "../a/". */
static bool means_folder(struct str path)
{
	struct str last = path_name(path);
	return last.length == 0 || str_equal(last, STR(".")) || str_equal(last, STR(".."));
}

static uint32_t find_from(const struct javascript_state *state, struct str folder,
			  struct str relative, bool typescript)
{
	char buffer[PATH_LIMIT];
	ptrdiff_t length = javascript_join(folder, relative, buffer);
	if (length < 0)
		return ENTRY_NONE;
	struct str path = {buffer, (size_t)length};
	return means_folder(relative) ? javascript_find_folder(state, path, typescript)
				      : javascript_find_file(state, path, typescript);
}

static bool is_kit(const struct javascript_state *state, uint32_t package)
{
	return package != INDEX_NONE &&
	       javascript_dependency(state, package, STR("@sveltejs/kit")) != NULL;
}

/* A relative path may also be meant from another of `rootDirs`. */
static uint32_t find_in_roots(const struct javascript_state *state,
			      const struct javascript_place *place, struct str relative)
{
	char buffer[PATH_LIMIT];
	const struct str_list *roots = &place->config->roots;
	ptrdiff_t length =
		javascript_join(state->tree->entries[place->folder].path, relative, buffer);
	struct str path = {buffer, length < 0 ? 0 : (size_t)length};
	for (size_t i = 0; length >= 0 && i < roots->count; i++) {
		if (!path_is_within(path, roots->items[i]))
			continue;
		struct str rest =
			str_from(path, roots->items[i].length + (roots->items[i].length > 0));
		for (size_t j = 0; j < roots->count; j++) {
			uint32_t entry =
				j == i ? ENTRY_NONE
				       : find_from(state, roots->items[j], rest, place->typescript);
			if (entry != ENTRY_NONE)
				return entry;
		}
	}
	return ENTRY_NONE;
}

static struct answer resolve_relative(const struct javascript_state *state,
				      const struct javascript_place *place, struct str target)
{
	struct str folder = state->tree->entries[place->folder].path;
	uint32_t entry = find_from(state, folder, target, place->typescript);
	if (entry == ENTRY_NONE && place->config && place->config->roots.count > 0)
		entry = find_in_roots(state, place, target);
	/* SvelteKit makes "./$types". */
	if (entry == ENTRY_NONE && str_starts(path_name(target), STR("$types")) &&
	    is_kit(state, place->package))
		return external(target.length);
	return internal(entry);
}

/* ---- paths and baseUrl ---- */

static uint32_t find_mapping(const struct javascript_state *state,
			     const struct javascript_mapping *mapping, struct str star,
			     bool typescript)
{
	for (size_t i = 0; i < mapping->target_count; i++) {
		char buffer[PATH_LIMIT];
		struct str path = javascript_fill_star(mapping->targets[i], star, buffer);
		uint32_t entry = find_from(state, STR(""), path, typescript);
		if (entry != ENTRY_NONE)
			return entry;
	}
	return ENTRY_NONE;
}

/* The pattern with the longest prefix that fits decides alone, as in TypeScript. */
static uint32_t find_by_paths(const struct javascript_state *state,
			      const struct javascript_config *config, struct str name,
			      bool typescript)
{
	uint32_t exact = map_get(&config->exact, name);
	if (exact != MAP_NONE)
		return find_mapping(state, &config->exact_mappings[exact], STR(""), typescript);
	for (size_t i = 0; i < config->mapping_count; i++) {
		const struct javascript_mapping *mapping = &config->mappings[i];
		size_t fixed = mapping->prefix.length + mapping->suffix.length;
		if (name.length >= fixed && str_starts(name, mapping->prefix) &&
		    str_ends(name, mapping->suffix)) {
			struct str star = str_first(str_from(name, mapping->prefix.length),
						    name.length - fixed);
			return find_mapping(state, mapping, star, typescript);
		}
	}
	return ENTRY_NONE;
}

static uint32_t find_by_config(const struct javascript_state *state,
			       const struct javascript_place *place, struct str name)
{
	const struct javascript_config *config = place->config;
	uint32_t entry = ENTRY_NONE;
	if (config)
		entry = find_by_paths(state, config, name, place->typescript);
	if (entry == ENTRY_NONE && config && config->has_base)
		entry = find_from(state, config->base, name, place->typescript);
	for (size_t i = 0; entry == ENTRY_NONE && i < state->root_count; i++)
		entry = find_from(state, state->roots[i], name, place->typescript);
	return entry;
}

/* ---- packages ---- */

/* Whether `@types/name` is declared: "@types/scope__name" for "@scope/name". */
static bool has_types(const struct javascript_state *state, uint32_t package, struct str name)
{
	char buffer[256] = "@types/";
	size_t length = sizeof "@types/" - 1;
	if (name.length + length + 2 > sizeof buffer)
		return false;
	for (size_t i = name.length > 0 && name.at[0] == '@'; i < name.length; i++) {
		if (name.at[i] == '/')
			buffer[length++] = '_';
		buffer[length++] = name.at[i] == '/' ? '_' : name.at[i];
	}
	return javascript_dependency(state, package, (struct str){buffer, length}) != NULL;
}

static bool is_declared(const struct javascript_state *state, uint32_t package, struct str name)
{
	return package == INDEX_NONE || javascript_dependency(state, package, name) ||
	       has_types(state, package, name);
}

static struct answer resolve_package(const struct javascript_state *state,
				     const struct javascript_place *place, struct str target)
{
	size_t length = javascript_package_length(target);
	struct str name = str_first(target, length);
	uint32_t found = javascript_find_package(state, place->package, name);
	if (found != INDEX_NONE)
		return internal(javascript_find_in_package(state, found, str_from(target, length),
							   place->typescript));
	if (map_get(&state->builtins, target) != MAP_NONE &&
	    !javascript_dependency(state, place->package, name))
		return (struct answer){REFERENCE_STANDARD, ENTRY_NONE, 0};
	return is_declared(state, place->package, name) ? external(length) : UNRESOLVED;
}

/* ---- names of other kinds ---- */

/* Length of the package in "npm:@a/b@1/c", "https://host/x", "astro:content". */
static size_t scheme_length(struct str target, size_t colon)
{
	struct str rest = str_from(target, colon + 1);
	struct str scheme = str_first(target, colon);
	if (str_equal(scheme, STR("npm")) || str_equal(scheme, STR("jsr"))) {
		size_t slash = str_starts(rest, STR("/"));
		return colon + 1 + slash + javascript_package_length(str_from(rest, slash));
	}
	if (!str_starts(rest, STR("//")))
		return target.length;
	ptrdiff_t slash = str_find(str_from(rest, 2), '/');
	return slash < 0 ? target.length : colon + 3 + (size_t)slash;
}

/* "node:fs" is Node's; what another scheme names is made elsewhere. */
static struct answer resolve_scheme(struct str target, size_t colon)
{
	if (str_equal(str_first(target, colon), STR("node")))
		return (struct answer){REFERENCE_STANDARD, ENTRY_NONE, 0};
	return external(scheme_length(target, colon));
}

/* `imports` of the package may lead to a file or to another package. */
static struct answer resolve_hash(const struct javascript_state *state,
				  const struct javascript_place *place, struct str target)
{
	char buffer[PATH_LIMIT];
	struct str bare;
	if (place->package == INDEX_NONE)
		return UNRESOLVED;
	uint32_t entry = javascript_find_import(state, place->package, target, place->typescript,
						&bare, buffer);
	if (entry != ENTRY_NONE || bare.length == 0 || bare.at[0] == '#')
		return internal(entry);
	ptrdiff_t colon = str_find(bare, ':');
	struct answer answer = colon > 0 ? resolve_scheme(bare, (size_t)colon)
					 : resolve_package(state, place, bare);
	/* The package's name is not what is written. */
	if (answer.state == REFERENCE_EXTERNAL)
		answer.package_length = target.length;
	return answer;
}

/* SvelteKit's own names: `$lib` is src/lib, the others are generated. */
static struct answer resolve_kit(const struct javascript_state *state,
				 const struct javascript_place *place, struct str target)
{
	char buffer[PATH_LIMIT];
	struct str name = str_first(target, javascript_package_length(target));
	if (!is_kit(state, place->package))
		return UNRESOLVED;
	if (!str_equal(name, STR("$lib")))
		return external(name.length);
	struct str folder = state->tree->entries[state->packages[place->package].folder].path;
	ptrdiff_t length = javascript_join(folder, STR("src/lib"), buffer);
	if (length < 0)
		return UNRESOLVED;
	struct str rest = str_from(target, name.length);
	return internal(find_from(state, (struct str){buffer, (size_t)length},
				  rest.length ? str_from(rest, 1) : STR("."), place->typescript));
}

/* "/a" is meant from the root of the package, or from its `public` folder. */
static struct answer resolve_absolute(const struct javascript_state *state,
				      const struct javascript_place *place, struct str target)
{
	char buffer[PATH_LIMIT];
	struct str folder =
		place->package == INDEX_NONE
			? STR("")
			: state->tree->entries[state->packages[place->package].folder].path;
	target = str_from(target, 1);
	uint32_t entry = find_from(state, folder, target, place->typescript);
	ptrdiff_t length = javascript_join(folder, STR("public"), buffer);
	if (entry == ENTRY_NONE && length >= 0)
		entry = find_from(state, (struct str){buffer, (size_t)length}, target,
				  place->typescript);
	return internal(entry);
}

static struct answer resolve_bare(const struct javascript_state *state,
				  const struct javascript_place *place, struct str target)
{
	uint32_t entry = find_by_config(state, place, target);
	if (entry != ENTRY_NONE)
		return internal(entry);
	ptrdiff_t colon = str_find(target, ':');
	if (colon > 0)
		return resolve_scheme(target, (size_t)colon);
	switch (target.at[0]) {
	case '#': return resolve_hash(state, place, target);
	case '/': return resolve_absolute(state, place, target);
	case '$': return resolve_kit(state, place, target);
	default: return resolve_package(state, place, target);
	}
}

/* ---- one reference ---- */

static struct answer resolve_plain(const struct javascript_state *state,
				   const struct javascript_place *place, struct str target)
{
	if (target.length == 0)
		return UNRESOLVED;
	bool relative = str_starts(target, STR("./")) || str_starts(target, STR("../")) ||
			str_equal(target, STR(".")) || str_equal(target, STR(".."));
	return relative ? resolve_relative(state, place, target)
			: resolve_bare(state, place, target);
}

/* "style!css?a=b!./a.css" is "./a.css". */
static struct str without_loaders(struct str target)
{
	return str_from(target, (size_t)(str_find_last(target, '!') + 1));
}

/* "./a.svg?raw" is "./a.svg". */
static struct str without_query(struct str target)
{
	ptrdiff_t query = str_find(target, '?');
	return query > 0 ? str_first(target, (size_t)query) : target;
}

/* `/// <reference path="a.d.ts" />` needs no "./" before its path. */
static bool may_be_path(const struct reference *reference)
{
	struct str target = reference_target(reference);
	return reference->kind == REFERENCE_TYPE && target.length > 0 && target.at[0] != '.' &&
	       (str_ends(target, STR(".ts")) || str_ends(target, STR(".tsx")));
}

static struct answer resolve_one(const struct javascript_state *state,
				 const struct javascript_place *place,
				 const struct reference *reference)
{
	struct answer answer = UNRESOLVED;
	struct str target = reference_target(reference);
	struct str path = without_loaders(target);
	struct str plain = without_query(path);
	if (may_be_path(reference))
		answer = resolve_relative(state, place, target);
	if (answer.state == REFERENCE_UNRESOLVED)
		answer = resolve_plain(state, place, path);
	if (answer.state == REFERENCE_UNRESOLVED && plain.length < path.length)
		answer = resolve_plain(state, place, plain);
	/* Behind a loader a package's name is no prefix of what is written. */
	if (answer.state == REFERENCE_EXTERNAL && path.length < target.length)
		answer.package_length = target.length;
	return answer;
}

static bool is_typescript(struct str path)
{
	struct str extension = path_extension(path);
	return !str_equal(extension, STR("js")) && !str_equal(extension, STR("jsx")) &&
	       !str_equal(extension, STR("mjs")) && !str_equal(extension, STR("cjs"));
}

static int resolve(const void *context, const struct tree *tree, uint32_t file, struct error *error)
{
	const struct javascript_state *state = context;
	const struct entry *entry = &tree->entries[file];
	const struct javascript_place place = {
		.folder = entry->parent,
		.package = state->package_of[entry->parent],
		.config = javascript_config_for(state, file),
		.typescript = is_typescript(entry->path),
	};
	(void)error;
	for (size_t i = 0; i < entry->facts->reference_count; i++) {
		struct reference *reference = &entry->facts->references[i];
		struct answer answer = resolve_one(state, &place, reference);
		reference->state = (uint8_t)answer.state;
		reference->resolved = answer.entry;
		reference->package_length =
			(uint16_t)(answer.package_length < UINT16_MAX ? answer.package_length
								      : UINT16_MAX);
	}
	return 0;
}

/* ---- the state ---- */

static void release(void *context)
{
	struct javascript_state *state = context;
	if (!state)
		return;
	for (size_t i = 0; i < state->package_count; i++)
		map_release(&state->packages[i].dependencies);
	for (size_t i = 0; i < state->config_count; i++)
		map_release(&state->configs[i].exact);
	map_release(&state->names);
	map_release(&state->config_files);
	map_release(&state->builtins);
	mem_free(state->packages);
	mem_free(state->configs);
	mem_free(state->package_of);
	mem_free(state->config_of);
	arena_release(&state->arena);
	mem_free(state);
}

static void releasep(struct javascript_state **state)
{
	release(*state);
}

static bool allocate_tables(struct javascript_state *state)
{
	size_t size = state->tree->count * sizeof(uint32_t);
	state->package_of = mem_alloc(size);
	state->config_of = mem_alloc(size);
	if (!state->package_of || !state->config_of)
		return false;
	memset(state->package_of, 0xFF, size);
	memset(state->config_of, 0xFF, size);
	return javascript_add_builtins(state);
}

static int prepare(struct tree *tree, const struct resolve_settings *settings, void **out,
		   struct error *error)
{
	_cleanup_(releasep) struct javascript_state *state = mem_alloc(sizeof *state);
	if (!state)
		return error_memory(error);
	state->tree = tree;
	state->roots = settings->roots[LANGUAGE_JAVASCRIPT];
	state->root_count = settings->root_count[LANGUAGE_JAVASCRIPT];
	if (!allocate_tables(state))
		return error_memory(error);
	if (javascript_read_packages(state, tree, error) < 0 ||
	    javascript_read_configs(state, tree, error) < 0)
		return -1;
	if (state->arena.failed)
		return error_memory(error);
	*out = take(state);
	return 0;
}

const struct resolver resolver_javascript = {prepare, resolve, release};
