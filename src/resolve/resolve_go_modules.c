/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes go.mod and go.work files. Must not know what an import looks like.
 *
 * Whatever says that a module path means a folder, or a module elsewhere, is a claim: it holds
 * for one owner (a module, a workspace, a realm) and has a rank. All claims on one path lie
 * side by side, sorted, so that a look-up is a hash and a few binary searches however often
 * a path is claimed. */
#include "resolve/resolve_go_modules.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/path.h"

/* In the order in which they count. */
enum rank {
	RANK_REPLACED,           /* by the module itself */
	RANK_REPLACED_WORKSPACE, /* by its workspace */
	RANK_USED,               /* of the same workspace */
	RANK_TREE,               /* of the same realm of the tree */
	RANK_REQUIRED,           /* by the module itself */
	RANK_REQUIRED_SOMEWHERE,
};

struct go_claim {
	uint32_t name;
	uint32_t rank;
	uint32_t owner;
	uint32_t folder; /* ENTRY_NONE: elsewhere */
};

static struct str entry_path(const struct go_modules *modules, uint32_t entry)
{
	return modules->tree->entries[entry].path;
}

/* ---- reading ---- */

/* Copies the file into the tree's arena, as what is parsed are views on it. */
static int read_content(struct tree *tree, struct str path, struct str *out, struct error *error)
{
	_cleanup_(text_release) struct text content = {0};
	struct error local;
	const char *full = arena_format(&tree->arena, "%s/%s", tree->root, path.at);
	if (!full)
		return error_memory(error);
	if (file_read(full, GOMOD_FILE_LIMIT, &content, &local) < 0) {
		if (local.code == ERROR_MEMORY)
			return error_memory(error);
		error_list_at(&tree->problems, local.code, path.at, 0, 0, "%s", local.message);
	}
	*out = arena_str(&tree->arena, text_str(&content));
	return out->at ? 0 : error_memory(error);
}

static int read_mod(struct tree *tree, struct str path, struct gomod *out, struct error *error)
{
	struct str content = {0};
	if (read_content(tree, path, &content, error) < 0)
		return -1;
	return gomod_parse(content, path.at, &tree->problems, out, error);
}

static int add_module(struct go_modules *modules, struct tree *tree, uint32_t file,
		      struct error *error)
{
	if (!mem_reserve(&modules->items, &modules->capacity, modules->count + 1,
			 sizeof *modules->items))
		return error_memory(error);
	struct go_module *module = &modules->items[modules->count++];
	*module = (struct go_module){
		.folder = tree->entries[file].parent,
		.workspace = MODULE_NONE,
	};
	if (read_mod(tree, tree->entries[file].path, &module->mod, error) < 0)
		return -1;
	module->path = module->mod.module;
	if (module->path.length == 0)
		error_list_at(&tree->problems, ERROR_INVALID, tree->entries[file].path.at, 1, 1,
			      "has no module path; say what it is with: module PATH");
	return 0;
}

static int add_workspace(struct go_modules *modules, struct tree *tree, uint32_t file,
			 struct error *error)
{
	if (!mem_reserve(&modules->workspaces, &modules->workspace_capacity,
			 modules->workspace_count + 1, sizeof *modules->workspaces))
		return error_memory(error);
	struct go_workspace *workspace = &modules->workspaces[modules->workspace_count++];
	*workspace = (struct go_workspace){.folder = tree->entries[file].parent};
	return read_mod(tree, tree->entries[file].path, &workspace->mod, error);
}

static bool is_named(struct str path, struct str name)
{
	return str_ends(path, name) &&
	       (path.length == name.length || path.at[path.length - name.length - 1] == '/');
}

/* Folders that Go's own tools pass over when they look for packages. What is in one is meant
 * for what is in the same one. */
static bool is_hidden(struct str name)
{
	return name.length > 0 &&
	       (name.at[0] == '.' || name.at[0] == '_' || str_equal(name, STR("testdata")));
}

/* Whether the entry is in a vendor folder; its modules are third parties'. */
static bool is_vendored(struct str path)
{
	struct str part;
	while (str_split(&path, '/', &part))
		if (str_equal(part, STR("vendor")))
			return true;
	return false;
}

static int read_all(struct go_modules *modules, struct tree *tree, struct error *error)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		const struct entry *entry = &tree->entries[i];
		if (entry->is_folder)
			continue;
		int result = 0;
		if (is_named(entry->path, STR("go.mod")) && !is_vendored(entry->path))
			result = add_module(modules, tree, i, error);
		else if (is_named(entry->path, STR("go.work")))
			result = add_workspace(modules, tree, i, error);
		if (result < 0)
			return result;
	}
	return 0;
}

/* ---- folders ---- */

static uint32_t realm_of(const struct tree *tree, uint32_t folder)
{
	uint32_t realm = 0;
	for (; folder != 0; folder = tree->entries[folder].parent)
		if (is_hidden(path_name(tree->entries[folder].path)))
			realm = folder;
	return realm;
}

static int place_folders(struct go_modules *modules, struct tree *tree, struct error *error)
{
	modules->module_of = arena_array(&tree->arena, tree->count, sizeof *modules->module_of);
	if (!modules->module_of)
		return error_memory(error);
	for (uint32_t i = 0; i < tree->count; i++)
		modules->module_of[i] = MODULE_NONE;
	for (uint32_t i = 0; i < modules->count; i++) {
		modules->module_of[modules->items[i].folder] = i;
		modules->items[i].realm = realm_of(tree, modules->items[i].folder);
		if (str_equal(modules->items[i].path, STR("std")) && modules->items[i].realm == 0)
			modules->standard = modules->items[i].folder;
	}
	/* Parents come before their children. */
	for (uint32_t i = 1; i < tree->count; i++)
		if (tree->entries[i].is_folder && modules->module_of[i] == MODULE_NONE)
			modules->module_of[i] = modules->module_of[tree->entries[i].parent];
	return 0;
}

static uint32_t folder_from(const struct tree *tree, uint32_t folder, struct str relative)
{
	if (relative.length > 0 && relative.at[0] == '/')
		return ENTRY_NONE;
	uint32_t entry = tree_find_from(tree, tree->entries[folder].path, relative);
	return entry != ENTRY_NONE && tree->entries[entry].is_folder ? entry : ENTRY_NONE;
}

/* Ties the modules that a go.work uses to it. A folder outside of the tree is none of ours. */
static void join_workspace(struct go_modules *modules, struct tree *tree, uint32_t index)
{
	const struct go_workspace *workspace = &modules->workspaces[index];
	for (size_t i = 0; i < workspace->mod.use_count; i++) {
		const struct gomod_use *use = &workspace->mod.uses[i];
		uint32_t folder = folder_from(tree, workspace->folder, use->folder);
		uint32_t module = folder == ENTRY_NONE ? MODULE_NONE : modules->module_of[folder];
		if (module != MODULE_NONE && modules->items[module].folder == folder)
			modules->items[module].workspace = index;
	}
}

/* ---- claims ---- */

static uint32_t count_elements(struct str path)
{
	uint32_t count = 1;
	for (size_t i = 0; i < path.length; i++)
		count += path.at[i] == '/';
	return count;
}

static bool add_claim(struct go_modules *modules, struct str name, enum rank rank, uint32_t owner,
		      uint32_t folder)
{
	if (name.length == 0)
		return true;
	uint32_t number = map_get_or_put(&modules->names, name, (uint32_t)modules->names.count);
	if (number == MAP_NONE || !mem_reserve(&modules->claims, &modules->claim_capacity,
					       modules->claim_count + 1, sizeof *modules->claims))
		return false;
	modules->claims[modules->claim_count++] = (struct go_claim){number, rank, owner, folder};
	uint32_t elements = count_elements(name);
	if (elements > modules->most_elements)
		modules->most_elements = elements;
	return true;
}

static bool claim_replaces(struct go_modules *modules, const struct gomod *mod, uint32_t from,
			   enum rank rank, uint32_t owner)
{
	for (size_t i = 0; i < mod->replace_count; i++) {
		const struct gomod_replace *replace = &mod->replaces[i];
		uint32_t folder = replace->with_is_folder
					  ? folder_from(modules->tree, from, replace->with)
					  : ENTRY_NONE;
		if (!add_claim(modules, replace->path, rank, owner, folder))
			return false;
	}
	return true;
}

static bool claim_module(struct go_modules *modules, uint32_t index)
{
	const struct go_module *module = &modules->items[index];
	if (!claim_replaces(modules, &module->mod, module->folder, RANK_REPLACED, index) ||
	    !add_claim(modules, module->path, RANK_TREE, module->realm, module->folder))
		return false;
	if (module->workspace != MODULE_NONE &&
	    !add_claim(modules, module->path, RANK_USED, module->workspace, module->folder))
		return false;
	for (size_t i = 0; i < module->mod.require_count; i++) {
		struct str path = module->mod.requires[i].path;
		if (!add_claim(modules, path, RANK_REQUIRED, index, ENTRY_NONE) ||
		    !add_claim(modules, path, RANK_REQUIRED_SOMEWHERE, 0, ENTRY_NONE))
			return false;
	}
	return true;
}

static int compare_claims(const void *left, const void *right)
{
	const struct go_claim *a = left, *b = right;
	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->owner != b->owner)
		return a->owner < b->owner ? -1 : 1;
	return (a->folder > b->folder) - (a->folder < b->folder);
}

static bool index_claims(struct go_modules *modules)
{
	size_t names = modules->names.count;
	modules->first_claim = mem_alloc((names + 1) * sizeof *modules->first_claim);
	if (!modules->first_claim)
		return false;
	if (modules->claim_count > 0)
		qsort(modules->claims, modules->claim_count, sizeof *modules->claims,
		      compare_claims);
	for (size_t i = 0; i < modules->claim_count; i++)
		modules->first_claim[modules->claims[i].name + 1] = (uint32_t)i + 1;
	return true;
}

static int make_claims(struct go_modules *modules, struct error *error)
{
	bool whole = true;
	for (uint32_t i = 0; i < modules->count && whole; i++)
		whole = claim_module(modules, i);
	for (uint32_t i = 0; i < modules->workspace_count && whole; i++)
		whole = claim_replaces(modules, &modules->workspaces[i].mod,
				       modules->workspaces[i].folder, RANK_REPLACED_WORKSPACE, i);
	return whole && index_claims(modules) ? 0 : error_memory(error);
}

/* ---- look-up ---- */

struct claims {
	const struct go_claim *first;
	const struct go_claim *end;
};

/* The first claim of the run that is not before `key`. */
static const struct go_claim *lower_bound(struct claims run, const struct go_claim *key)
{
	while (run.first < run.end) {
		const struct go_claim *middle = run.first + (run.end - run.first) / 2;
		if (compare_claims(middle, key) < 0)
			run.first = middle + 1;
		else
			run.end = middle;
	}
	return run.first;
}

static bool is_claim_of(struct claims run, const struct go_claim *claim, const struct go_claim *key)
{
	return claim && claim < run.end && claim->rank == key->rank && claim->owner == key->owner;
}

static size_t shared_length(struct str a, struct str b)
{
	size_t length = 0, shared = 0;
	for (; length < a.length && length < b.length && a.at[length] == b.at[length]; length++)
		if (a.at[length] == '/')
			shared = length;
	bool whole = (length == a.length || a.at[length] == '/') &&
		     (length == b.length || b.at[length] == '/');
	return whole ? length : shared;
}

/* The claim of a rank and owner whose folder is nearest to `folder`: entries are in the order
 * of a walk, so it is one of its two neighbours in that order. */
static const struct go_claim *find_claim(const struct go_modules *modules, struct claims run,
					 enum rank rank, uint32_t owner, uint32_t folder)
{
	struct go_claim key = {run.first->name, rank, owner, folder};
	const struct go_claim *after = lower_bound(run, &key);
	const struct go_claim *before = after > run.first ? after - 1 : NULL;
	bool has_after = is_claim_of(run, after, &key), has_before = is_claim_of(run, before, &key);
	if (!has_after || !has_before)
		return has_after ? after : has_before ? before : NULL;
	if (after->folder == ENTRY_NONE)
		return before;
	struct str here = entry_path(modules, folder);
	return shared_length(here, entry_path(modules, after->folder)) >
			       shared_length(here, entry_path(modules, before->folder))
		       ? after
		       : before;
}

static struct claims claims_on(const struct go_modules *modules, struct str path)
{
	uint32_t name = map_get(&modules->names, path);
	if (name == MAP_NONE)
		return (struct claims){0};
	return (struct claims){modules->claims + modules->first_claim[name],
			       modules->claims + modules->first_claim[name + 1]};
}

static struct go_meaning meaning_of(const struct go_claim *claim)
{
	return (struct go_meaning){claim->folder, claim->folder == ENTRY_NONE};
}

struct go_meaning go_modules_meaning(const struct go_modules *modules, uint32_t index,
				     uint32_t folder, struct str path)
{
	struct claims run = claims_on(modules, path);
	if (run.first == run.end)
		return (struct go_meaning){ENTRY_NONE, false};
	const struct go_module *module = index == MODULE_NONE ? NULL : &modules->items[index];
	uint32_t workspace = module ? module->workspace : MODULE_NONE;
	uint32_t realm = module ? module->realm : 0;
	const struct go_claim *claim = find_claim(modules, run, RANK_REPLACED, index, folder);
	if (claim)
		return meaning_of(claim);
	if (module && str_equal(module->path, path))
		return (struct go_meaning){module->folder, false};
	claim = find_claim(modules, run, RANK_REPLACED_WORKSPACE, workspace, folder);
	if (!claim)
		claim = find_claim(modules, run, RANK_USED, workspace, folder);
	if (!claim)
		claim = find_claim(modules, run, RANK_TREE, realm, folder);
	if (!claim && realm != 0)
		claim = find_claim(modules, run, RANK_TREE, 0, folder);
	if (!claim)
		claim = find_claim(modules, run, RANK_REQUIRED, index, folder);
	if (!claim)
		claim = find_claim(modules, run, RANK_REQUIRED_SOMEWHERE, 0, folder);
	return claim ? meaning_of(claim) : (struct go_meaning){ENTRY_NONE, false};
}

void go_modules_release(struct go_modules *modules)
{
	for (size_t i = 0; i < modules->count; i++)
		gomod_release(&modules->items[i].mod);
	for (size_t i = 0; i < modules->workspace_count; i++)
		gomod_release(&modules->workspaces[i].mod);
	mem_free(modules->items);
	mem_free(modules->workspaces);
	mem_free(modules->claims);
	mem_free(modules->first_claim);
	map_release(&modules->names);
	*modules = (struct go_modules){0};
}

int go_modules_init(struct go_modules *out, struct tree *tree, struct error *error)
{
	*out = (struct go_modules){.tree = tree, .standard = ENTRY_NONE};
	if (read_all(out, tree, error) < 0 || place_folders(out, tree, error) < 0)
		return -1;
	for (uint32_t i = 0; i < out->workspace_count; i++)
		join_workspace(out, tree, i);
	return make_claims(out, error);
}
