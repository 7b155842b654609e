/* SPDX-License-Identifier: Apache-2.0 */
/* tsconfig.json and jsconfig.json: which one governs a file, and where its names lead, with
 * everything it extends worked in. Paths of an inherited option are relative to the file that
 * has it; "${configDir}" is the folder of the file that is asked. */
#include "resolve/resolve_javascript.h"

#include <stdlib.h>

#include "base/glob.h"
#include "base/path.h"

/* Bounds: of chains of `extends`, and of `references` that are followed for a file. */
enum { EXTENDS_LIMIT = 32, REFERENCE_DEPTH_LIMIT = 4, REFERENCE_LIMIT = 1000 };

static uint32_t load(struct javascript_state *state, struct tree *tree, struct str path, int depth,
		     struct error *error);

/* ---- paths ---- */

/* A copy of `relative` seen from `folder` ("${configDir}" from `own`); `at` is NULL when it
 * leaves the tree. */
static struct str resolve_path(struct arena *arena, struct str folder, struct str own,
			       struct str relative)
{
	char buffer[PATH_LIMIT];
	if (str_starts(relative, STR("${configDir}"))) {
		relative = str_from(relative, sizeof "${configDir}" - 1);
		relative = str_from(relative, str_starts(relative, STR("/")));
		folder = own;
	} else if (str_starts(relative, STR("/"))) {
		return (struct str){0};
	}
	ptrdiff_t length = javascript_join(folder, relative, buffer);
	return length < 0 ? (struct str){0}
			  : arena_str(arena, (struct str){buffer, (size_t)length});
}

static struct str_list resolve_paths(struct arena *arena, struct str folder, struct str own,
				     struct str_list list)
{
	struct str *items = arena_array(arena, list.count, sizeof *items);
	size_t count = 0;
	for (size_t i = 0; items && i < list.count; i++) {
		struct str path = resolve_path(arena, folder, own, list.items[i]);
		if (path.at)
			items[count++] = path;
	}
	return (struct str_list){items, count};
}

/* "src" in `include` means all that is below it. */
static struct str_list resolve_patterns(struct arena *arena, struct str folder, struct str own,
					struct str_list list)
{
	struct str_list paths = resolve_paths(arena, folder, own, list);
	struct str *items = arena_array(arena, paths.count, sizeof *items);
	for (size_t i = 0; items && i < paths.count; i++) {
		struct str path = paths.items[i];
		struct str last = path_name(path);
		bool folder_only = str_find(last, '*') < 0 && str_find(last, '.') < 0;
		items[i] = path;
		if (folder_only)
			items[i] = str_of(arena_format(arena, path.length ? "%.*s/**" : "%.*s**",
						       STR_ARG(path)));
	}
	return items ? (struct str_list){items, paths.count} : (struct str_list){0};
}

/* ---- one configuration ---- */

static void inherit(struct javascript_config *config, const struct javascript_config *base)
{
	const struct tsconfig *own = &base->own;
	if (own->base_url.at) {
		config->own.base_url = own->base_url;
		config->base_folder = base->base_folder;
	}
	if (own->out_dir.at) {
		config->own.out_dir = own->out_dir;
		config->out_folder = base->out_folder;
	}
	if (own->root_dir.at) {
		config->own.root_dir = own->root_dir;
		config->root_folder = base->root_folder;
	}
	if (own->has_paths) {
		config->own.has_paths = true;
		config->own.paths = own->paths;
		config->own.path_count = own->path_count;
		config->paths_folder = base->paths_folder;
	}
	if (own->has_root_dirs) {
		config->own.has_root_dirs = true;
		config->own.root_dirs = own->root_dirs;
		config->root_dirs_folder = base->root_dirs_folder;
	}
	if (own->has_files) {
		config->own.has_files = true;
		config->own.files = own->files;
		config->files_folder = base->files_folder;
	}
	if (own->has_include) {
		config->own.has_include = true;
		config->own.include = own->include;
		config->include_folder = base->include_folder;
	}
	if (own->has_exclude) {
		config->own.has_exclude = true;
		config->own.exclude = own->exclude;
		config->exclude_folder = base->exclude_folder;
	}
}

/* The path of a file, with ".json" behind where that is left out; `at` is NULL when there is
 * no such file. */
static struct str existing(struct javascript_state *state, struct str path)
{
	const struct tree *tree = state->tree;
	if (!path.at)
		return path;
	uint32_t entry = tree_find(tree, path);
	if (entry == ENTRY_NONE || tree->entries[entry].is_folder) {
		const char *longer = arena_format(&state->arena, "%.*s.json", STR_ARG(path));
		entry = longer ? tree_find(tree, str_of(longer)) : ENTRY_NONE;
	}
	return entry == ENTRY_NONE ? (struct str){0} : tree->entries[entry].path;
}

/* The file that `extends` names: by a path, or in a package of the tree. */
static struct str find_extended(struct javascript_state *state, struct str folder, struct str name)
{
	const struct tree *tree = state->tree;
	if (str_starts(name, STR(".")))
		return existing(state, resolve_path(&state->arena, folder, folder, name));
	uint32_t here = tree_find(tree, folder);
	uint32_t from = here == ENTRY_NONE ? INDEX_NONE : state->package_of[here];
	struct str package = str_first(name, javascript_package_length(name));
	uint32_t found = javascript_find_package(state, from, package);
	if (found == INDEX_NONE)
		return (struct str){0};
	struct str rest = str_from(name, package.length + 1);
	struct str base = tree->entries[state->packages[found].folder].path;
	return existing(state, resolve_path(&state->arena, base, base,
					    rest.length ? rest : STR("tsconfig.json")));
}

/* Later ones win, then the file itself. */
static int extend(struct javascript_state *state, struct tree *tree, uint32_t index, int depth,
		  struct error *error)
{
	struct javascript_config merged = {0};
	struct str folder = state->configs[index].folder;
	struct str_list names = state->configs[index].own.extends;
	for (size_t i = 0; i < names.count; i++) {
		struct str path = find_extended(state, folder, names.items[i]);
		uint32_t base = INDEX_NONE;
		if (path.at)
			base = load(state, tree, path, depth + 1, error);
		if (base == INDEX_NONE && error->code == ERROR_MEMORY)
			return -1;
		if (base != INDEX_NONE && state->configs[base].loaded)
			inherit(&merged, &state->configs[base]);
	}
	inherit(&merged, &state->configs[index]);
	struct javascript_config *config = &state->configs[index];
	merged.own.extends = config->own.extends;
	merged.own.references = config->own.references;
	merged.path = config->path;
	merged.folder = config->folder;
	*config = merged;
	return 0;
}

static bool add_mapping(struct javascript_state *state, struct javascript_config *config,
			const struct tsconfig_path *path)
{
	struct str folder = config->own.base_url.at ? config->base : config->paths_folder;
	struct str_list targets =
		resolve_paths(&state->arena, folder, config->folder, path->targets);
	struct javascript_mapping mapping = {
		.prefix = path->prefix,
		.suffix = path->suffix,
		.star = path->star,
		.targets = targets.items,
		.target_count = targets.count,
	};
	if (path->star) {
		config->mappings[config->mapping_count++] = mapping;
		return true;
	}
	uint32_t at = (uint32_t)(path - config->own.paths);
	config->exact_mappings[at] = mapping;
	return map_put(&config->exact, path->prefix, at);
}

static int by_prefix(const void *a, const void *b)
{
	size_t first = ((const struct javascript_mapping *)a)->prefix.length;
	size_t second = ((const struct javascript_mapping *)b)->prefix.length;
	return first < second ? 1 : first > second ? -1 : 0;
}

/* Without `rootDir` sources start in the configuration's own folder. */
static void find_output(struct javascript_state *state, struct javascript_config *config)
{
	struct arena *arena = &state->arena;
	const struct tsconfig *own = &config->own;
	struct javascript_output *output = &config->output;
	if (!own->out_dir.at)
		return;
	output->out = resolve_path(arena, config->out_folder, config->folder, own->out_dir);
	output->root = config->folder;
	if (own->root_dir.at)
		output->root =
			resolve_path(arena, config->root_folder, config->folder, own->root_dir);
	if (!output->root.at)
		output->out.at = NULL;
}

/* Works out all paths. */
static int finish(struct javascript_state *state, struct javascript_config *config,
		  struct error *error)
{
	struct arena *arena = &state->arena;
	const struct tsconfig *own = &config->own;
	struct str folder = config->folder;
	config->base = folder;
	if (own->base_url.at)
		config->base = resolve_path(arena, config->base_folder, folder, own->base_url);
	config->has_base = own->base_url.at && config->base.at;
	config->mappings = arena_array(arena, own->path_count, sizeof *config->mappings);
	config->exact_mappings =
		arena_array(arena, own->path_count, sizeof *config->exact_mappings);
	if (!config->mappings || !config->exact_mappings)
		return error_memory(error);
	for (size_t i = 0; config->base.at && i < own->path_count; i++)
		if (!add_mapping(state, config, &own->paths[i]))
			return error_memory(error);
	if (config->mapping_count > 0)
		qsort(config->mappings, config->mapping_count, sizeof *config->mappings, by_prefix);
	config->roots = resolve_paths(arena, config->root_dirs_folder, folder, own->root_dirs);
	config->files = resolve_paths(arena, config->files_folder, folder, own->files);
	config->include = resolve_patterns(arena, config->include_folder, folder, own->include);
	config->exclude = resolve_patterns(arena, config->exclude_folder, folder, own->exclude);
	find_output(state, config);
	config->loaded = true;
	return arena->failed ? error_memory(error) : 0;
}

/* Everything that a file may say of its own is relative to its own folder. */
static void set_folders(struct javascript_config *config)
{
	config->base_folder = config->folder;
	config->paths_folder = config->folder;
	config->root_dirs_folder = config->folder;
	config->files_folder = config->folder;
	config->include_folder = config->folder;
	config->exclude_folder = config->folder;
	config->out_folder = config->folder;
	config->root_folder = config->folder;
}

static int read_config(struct javascript_state *state, struct tree *tree, uint32_t index, int depth,
		       struct error *error)
{
	struct str content;
	struct tsconfig own;
	struct str path = state->configs[index].path;
	int result = javascript_read_manifest(tree, path, &state->arena, &content, error);
	if (result == 0)
		result = tsconfig_read(path.at, content, &state->arena, &own, error);
	if (result < 0 && error->code != ERROR_MEMORY)
		error_list_add(&tree->problems, error);
	if (result < 0)
		return error->code == ERROR_MEMORY ? -1 : 0;
	state->configs[index].own = own;
	set_folders(&state->configs[index]);
	if (extend(state, tree, index, depth, error) < 0)
		return -1;
	return finish(state, &state->configs[index], error);
}

/* The configuration at `path`, read once. One that goes round, or is too deep, is as if it
 * said nothing. INDEX_NONE without memory (error->code says so) or past the bound. Recursion
 * is bounded by EXTENDS_LIMIT. */
static uint32_t load(struct javascript_state *state, struct tree *tree, struct str path, int depth,
		     struct error *error)
{
	error->code = ERROR_NONE;
	uint32_t known = map_get(&state->config_files, path);
	if (known != MAP_NONE || depth > EXTENDS_LIMIT)
		return known;
	uint32_t index = (uint32_t)state->config_count;
	if (!mem_reserve(&state->configs, &state->config_capacity, state->config_count + 1,
			 sizeof *state->configs) ||
	    !map_put(&state->config_files, path, index)) {
		error_memory(error);
		return INDEX_NONE;
	}
	state->config_count++;
	state->configs[index] =
		(struct javascript_config){.path = path, .folder = path_folder(path)};
	if (read_config(state, tree, index, depth, error) < 0)
		return INDEX_NONE;
	error->code = ERROR_NONE;
	return index;
}

/* ---- references ---- */

/* The configuration that a reference of `index` names: a file, or a folder with one. */
static uint32_t load_reference(struct javascript_state *state, struct tree *tree, uint32_t index,
			       struct str name, struct error *error)
{
	struct str folder = state->configs[index].folder;
	struct str path = resolve_path(&state->arena, folder, folder, name);
	uint32_t entry = path.at ? tree_find(tree, path) : ENTRY_NONE;
	error->code = ERROR_NONE;
	if (entry != ENTRY_NONE && tree->entries[entry].is_folder)
		path = resolve_path(&state->arena, path, path, STR("tsconfig.json"));
	path = existing(state, path);
	return path.at ? load(state, tree, path, 0, error) : INDEX_NONE;
}

static int load_references(struct javascript_state *state, struct tree *tree, uint32_t index,
			   struct error *error)
{
	struct str_list names = state->configs[index].own.references;
	uint32_t *references = arena_array(&state->arena, names.count, sizeof *references);
	size_t count = 0;
	if (!references)
		return error_memory(error);
	for (size_t i = 0; i < names.count && i < REFERENCE_LIMIT; i++) {
		uint32_t found = load_reference(state, tree, index, names.items[i], error);
		if (found == INDEX_NONE && error->code == ERROR_MEMORY)
			return -1;
		if (found != INDEX_NONE)
			references[count++] = found;
	}
	state->configs[index].references = references;
	state->configs[index].reference_count = count;
	return 0;
}

/* ---- all ---- */

/* A tsconfig.json goes before a jsconfig.json in the same folder. */
static int load_nearest(struct javascript_state *state, struct tree *tree, uint32_t file,
			struct error *error)
{
	struct str path = tree->entries[file].path;
	uint32_t parent = tree->entries[file].parent;
	bool typescript = str_equal(path_name(path), STR("tsconfig.json"));
	if (!typescript && !str_equal(path_name(path), STR("jsconfig.json")))
		return 0;
	uint32_t index = load(state, tree, path, 0, error);
	if (index == INDEX_NONE)
		return error->code == ERROR_MEMORY ? -1 : 0;
	if (typescript || state->config_of[parent] == INDEX_NONE)
		state->config_of[parent] = index;
	return 0;
}

static void spread_configs(struct javascript_state *state)
{
	const struct tree *tree = state->tree;
	for (uint32_t i = 1; i < tree->count; i++)
		if (tree->entries[i].is_folder && state->config_of[i] == INDEX_NONE)
			state->config_of[i] = state->config_of[tree->entries[i].parent];
}

int javascript_read_configs(struct javascript_state *state, struct tree *tree, struct error *error)
{
	for (uint32_t i = 0; i < tree->count; i++)
		if (!tree->entries[i].is_folder && load_nearest(state, tree, i, error) < 0)
			return -1;
	for (uint32_t i = 0; i < state->config_count; i++)
		if (load_references(state, tree, i, error) < 0)
			return -1;
	spread_configs(state);
	return 0;
}

static bool matches(const struct str_list *patterns, struct str path)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (glob_match(patterns->items[i], path))
			return true;
	return false;
}

/* Whether the configuration's own files include `path`. */
static bool includes(const struct javascript_config *config, struct str path)
{
	for (size_t i = 0; i < config->files.count; i++)
		if (str_equal(config->files.items[i], path))
			return true;
	if (!config->own.has_include)
		return !config->own.has_files && path_is_within(path, config->folder) &&
		       !matches(&config->exclude, path);
	return matches(&config->include, path) && !matches(&config->exclude, path);
}

/* The first of what `config` refers to that includes the file. Recursion is bounded by
 * REFERENCE_DEPTH_LIMIT. */
static const struct javascript_config *find_referenced(const struct javascript_state *state,
						       const struct javascript_config *config,
						       struct str path, int depth)
{
	for (size_t i = 0; i < config->reference_count; i++) {
		const struct javascript_config *other = &state->configs[config->references[i]];
		if (other->loaded && includes(other, path))
			return other;
		const struct javascript_config *deeper =
			depth < REFERENCE_DEPTH_LIMIT && other->reference_count > 0
				? find_referenced(state, other, path, depth + 1)
				: NULL;
		if (deeper)
			return deeper;
	}
	return NULL;
}

const struct javascript_config *javascript_config_for(const struct javascript_state *state,
						      uint32_t file)
{
	const struct entry *entry = &state->tree->entries[file];
	uint32_t index = state->config_of[entry->parent];
	if (index == INDEX_NONE)
		return NULL;
	const struct javascript_config *config = &state->configs[index];
	if (config->reference_count > 0 && !includes(config, entry->path)) {
		const struct javascript_config *other =
			find_referenced(state, config, entry->path, 1);
		if (other)
			return other;
	}
	return config->loaded ? config : NULL;
}

static size_t add_output(const struct javascript_config *config, struct javascript_output *out,
			 size_t count)
{
	if (config->output.out.at && count < JAVASCRIPT_OUTPUT_LIMIT)
		out[count++] = config->output;
	return count;
}

size_t javascript_outputs(const struct javascript_state *state, uint32_t folder,
			  struct javascript_output *out)
{
	uint32_t index = state->config_of[folder];
	if (index == INDEX_NONE)
		return 0;
	const struct javascript_config *config = &state->configs[index];
	size_t count = add_output(config, out, 0);
	for (size_t i = 0; i < config->reference_count; i++)
		count = add_output(&state->configs[config->references[i]], out, count);
	return count;
}
