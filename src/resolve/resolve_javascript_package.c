/* SPDX-License-Identifier: Apache-2.0 */
/* The packages of a tree: which folders they are, what they are called, which workspace they
 * are in and what they depend on. Must not know how a name becomes a file. */
#include "resolve/resolve_javascript.h"

#include <stdio.h>

#include "base/file.h"
#include "base/path.h"
#include "manifest/workspaces.h"

int javascript_read_manifest(const struct tree *tree, struct str path, struct arena *arena,
			     struct str *out, struct error *error)
{
	_cleanup_(text_release) struct text name = {0};
	_cleanup_(text_release) struct text content = {0};
	text_addf(&name, "%s/%.*s", tree->root, STR_ARG(path));
	if (name.failed)
		return error_memory(error);
	if (file_read(name.at, JSON_SIZE_LIMIT, &content, error) < 0) {
		if (error->code != ERROR_MEMORY)
			snprintf(error->file, sizeof error->file, "%.*s", STR_ARG(path));
		return -1;
	}
	*out = arena_str(arena, text_str(&content));
	return out->at ? 0 : error_memory(error);
}

/* Takes what reading one manifest said: memory is fatal, all else is told and passed over. */
static int settle(struct tree *tree, int result, const struct error *error)
{
	if (result == 0)
		return 0;
	if (error->code == ERROR_MEMORY)
		return -1;
	error_list_add(&tree->problems, error);
	return 0;
}

/* ---- reading ---- */

static struct javascript_package *add_package(struct javascript_state *state, uint32_t folder)
{
	struct javascript_package *last =
		state->package_count ? &state->packages[state->package_count - 1] : NULL;
	if (last && last->folder == folder)
		return last;
	if (!mem_reserve(&state->packages, &state->package_capacity, state->package_count + 1,
			 sizeof *state->packages))
		return NULL;
	struct javascript_package *package = &state->packages[state->package_count++];
	*package = (struct javascript_package){
		.folder = folder,
		.parent = INDEX_NONE,
		.next = INDEX_NONE,
		.workspace = INDEX_NONE,
	};
	return package;
}

static int read_workspaces(struct javascript_state *state, struct javascript_package *package,
			   struct tree *tree, uint32_t file, struct error *error)
{
	struct str content = {0};
	struct str_list patterns;
	struct str path = tree->entries[file].path;
	int result = javascript_read_manifest(tree, path, &state->arena, &content, error);
	if (result == 0)
		result = workspaces_read(path.at, content, &state->arena, &patterns, error);
	if (result == 0 && patterns.count > 0)
		package->patterns = patterns;
	return settle(tree, result, error);
}

static int read_package(struct javascript_state *state, struct javascript_package *package,
			struct tree *tree, uint32_t file, struct error *error)
{
	struct str content = {0};
	struct str path = tree->entries[file].path;
	int result = javascript_read_manifest(tree, path, &state->arena, &content, error);
	if (result == 0)
		result = package_json_read(path.at, content, &state->arena, &package->json, error);
	if (result == 0 && package->patterns.count == 0)
		package->patterns = package->json.workspaces;
	for (size_t i = 0; i < package->json.dependency_count; i++)
		if (!map_put(&package->dependencies, package->json.dependencies[i].name,
			     (uint32_t)i))
			return error_memory(error);
	return settle(tree, result, error);
}

/* Files come in the order of the tree: those of one folder together, lerna.json before
 * package.json before pnpm-workspace.yaml, which has the last word. */
static int read_file(struct javascript_state *state, struct tree *tree, uint32_t file,
		     struct error *error)
{
	struct str name = path_name(tree->entries[file].path);
	if (!workspaces_is_manifest(name))
		return 0;
	struct javascript_package *package = add_package(state, tree->entries[file].parent);
	if (!package)
		return error_memory(error);
	return str_equal(name, STR("package.json"))
		       ? read_package(state, package, tree, file, error)
		       : read_workspaces(state, package, tree, file, error);
}

/* ---- indexing ---- */

/* Marks every folder with the package it is in. Parents come before their children. */
static void spread_packages(struct javascript_state *state)
{
	const struct tree *tree = state->tree;
	for (uint32_t i = 0; i < state->package_count; i++)
		state->package_of[state->packages[i].folder] = i;
	for (uint32_t i = 0; i < tree->count; i++) {
		uint32_t parent = tree->entries[i].parent;
		uint32_t above = parent == ENTRY_NONE ? INDEX_NONE : state->package_of[parent];
		if (!tree->entries[i].is_folder)
			continue;
		if (state->package_of[i] == INDEX_NONE)
			state->package_of[i] = above;
		else
			state->packages[state->package_of[i]].parent = above;
	}
}

/* The part of `path` below `folder`, which it is in. */
static struct str below(struct str path, struct str folder)
{
	return folder.length == 0 ? path : str_from(path, folder.length + 1);
}

static bool is_member(const struct javascript_state *state, uint32_t package, uint32_t root)
{
	const struct entry *entries = state->tree->entries;
	if (package == root)
		return true;
	return workspaces_match(&state->packages[root].patterns,
				below(entries[state->packages[package].folder].path,
				      entries[state->packages[root].folder].path));
}

static void find_workspace(struct javascript_state *state, uint32_t package)
{
	for (uint32_t root = package; root != INDEX_NONE; root = state->packages[root].parent)
		if (state->packages[root].patterns.count > 0 && is_member(state, package, root)) {
			state->packages[package].workspace = root;
			return;
		}
}

/* Links those of the same name in the order of the tree. */
static bool index_names(struct javascript_state *state)
{
	for (uint32_t i = (uint32_t)state->package_count; i-- > 0;) {
		struct javascript_package *package = &state->packages[i];
		if (package->json.name.length == 0)
			continue;
		package->next = map_get(&state->names, package->json.name);
		if (!map_put(&state->names, package->json.name, i))
			return false;
	}
	return true;
}

int javascript_read_packages(struct javascript_state *state, struct tree *tree, struct error *error)
{
	for (uint32_t i = 0; i < tree->count; i++)
		if (!tree->entries[i].is_folder && read_file(state, tree, i, error) < 0)
			return -1;
	spread_packages(state);
	for (uint32_t i = 0; i < state->package_count; i++)
		find_workspace(state, i);
	return index_names(state) ? 0 : error_memory(error);
}

/* ---- finding ---- */

size_t javascript_package_length(struct str name)
{
	ptrdiff_t slash = str_find(name, '/');
	if (slash >= 0 && name.at[0] == '@') {
		ptrdiff_t second = str_find(str_from(name, (size_t)slash + 1), '/');
		slash = second < 0 ? -1 : slash + 1 + second;
	}
	return slash < 0 ? name.length : (size_t)slash;
}

const struct package_dependency *javascript_dependency(const struct javascript_state *state,
						       uint32_t from, struct str name)
{
	for (; from != INDEX_NONE; from = state->packages[from].parent) {
		const struct javascript_package *package = &state->packages[from];
		uint32_t found = map_get(&package->dependencies, name);
		if (found != MAP_NONE)
			return &package->json.dependencies[found];
	}
	return NULL;
}

/* Of more packages with the same name than these, the first are looked at. */
enum { NAMESAKE_LIMIT = 64 };

/* Length of what `a` and `b` start with alike, in whole parts. */
static size_t common_length(struct str a, struct str b)
{
	size_t common = 0;
	for (size_t i = 0; i <= a.length && i <= b.length; i++) {
		bool ends = (i == a.length || a.at[i] == '/') && (i == b.length || b.at[i] == '/');
		if (ends)
			common = i + 1;
		if (i == a.length || i == b.length || a.at[i] != b.at[i])
			break;
	}
	return common;
}

/* Whether a package may be meant by its name from `here`: one in node_modules from beside it,
 * one of a workspace from within it. */
static bool is_visible(const struct javascript_state *state, uint32_t package, struct str here)
{
	const struct entry *entries = state->tree->entries;
	struct str path = entries[state->packages[package].folder].path;
	uint32_t workspace = state->packages[package].workspace;
	const char *modules = memmem(path.at, path.length, "node_modules/", 13);
	if (modules) {
		size_t length = (size_t)(modules - path.at);
		return path_is_within(here, str_first(path, length > 0 ? length - 1 : 0));
	}
	return workspace == INDEX_NONE ||
	       path_is_within(here, entries[state->packages[workspace].folder].path);
}

static uint32_t nearest(const struct javascript_state *state, uint32_t from, uint32_t first)
{
	const struct entry *entries = state->tree->entries;
	struct str here = from == INDEX_NONE ? STR("") : entries[state->packages[from].folder].path;
	uint32_t best = INDEX_NONE;
	size_t best_length = 0;
	int left = NAMESAKE_LIMIT;
	for (uint32_t i = first; i != INDEX_NONE && left-- > 0; i = state->packages[i].next) {
		size_t length = common_length(entries[state->packages[i].folder].path, here);
		bool better = best == INDEX_NONE || length > best_length;
		if (better && is_visible(state, i, here)) {
			best = i;
			best_length = length;
		}
	}
	return best;
}

/* The folder of "file:../a", "link:../a", "portal:../a"; empty when it says none. */
static struct str version_folder(struct str version)
{
	ptrdiff_t colon = str_find(version, ':');
	struct str scheme = str_first(version, colon < 0 ? 0 : (size_t)colon);
	if (str_equal(scheme, STR("file")) || str_equal(scheme, STR("link")) ||
	    str_equal(scheme, STR("portal")))
		return str_from(version, (size_t)colon + 1);
	return (struct str){"", 0};
}

/* The package in the folder that a dependency of `from`, or of one around it, names. */
static uint32_t package_in_folder(const struct javascript_state *state, uint32_t from,
				  struct str relative)
{
	char buffer[PATH_LIMIT];
	for (; from != INDEX_NONE; from = state->packages[from].parent) {
		struct str folder = state->tree->entries[state->packages[from].folder].path;
		ptrdiff_t length = javascript_join(folder, relative, buffer);
		uint32_t entry =
			length < 0 ? ENTRY_NONE
				   : tree_find(state->tree, (struct str){buffer, (size_t)length});
		if (entry == ENTRY_NONE || !state->tree->entries[entry].is_folder)
			continue;
		uint32_t found = state->package_of[entry];
		if (found != INDEX_NONE && state->packages[found].folder == entry)
			return found;
	}
	return INDEX_NONE;
}

static bool comes_from_registry(const struct package_dependency *dependency)
{
	return dependency && version_folder(dependency->version).length == 0 &&
	       !str_starts(dependency->version, STR("workspace:")) &&
	       !str_equal(dependency->version, STR("*"));
}

uint32_t javascript_find_package(const struct javascript_state *state, uint32_t from,
				 struct str name)
{
	const struct package_dependency *dependency = javascript_dependency(state, from, name);
	struct str folder = dependency ? version_folder(dependency->version) : STR("");
	uint32_t found = INDEX_NONE;
	if (folder.length > 0)
		found = package_in_folder(state, from, folder);
	if (found != INDEX_NONE)
		return found;
	uint32_t first = map_get(&state->names, name);
	if (first == MAP_NONE)
		return INDEX_NONE;
	int left = NAMESAKE_LIMIT;
	for (uint32_t i = first; i != INDEX_NONE && left-- > 0; i = state->packages[i].next) {
		bool same = from != INDEX_NONE && state->packages[i].workspace != INDEX_NONE &&
			    state->packages[i].workspace == state->packages[from].workspace;
		if (i == from || same)
			return i;
	}
	return comes_from_registry(dependency) ? INDEX_NONE : nearest(state, from, first);
}
