/* SPDX-License-Identifier: Apache-2.0 */
/* Go: an import path to the folder of its package, by the modules of the tree. Must not know
 * how go.mod is written.
 *
 * A path belongs to the module with the longest path that is a prefix of it and has such a
 * folder. Without one it is a third party's where a module is required for it, or where
 * nothing in the tree claims a part of it; what the tree claims and does not have stays
 * unresolved. */
#include "resolve/resolver.h"

#include "base/path.h"
#include "resolve/resolve_go_modules.h"
#include "resolve/resolve_go_standard.h"

struct go_state {
	struct go_modules modules;
	struct go_standard standard;
	/* Folders that import paths start from where no module says so (GOPATH/src). */
	const struct str *roots;
	size_t root_count;
};

/* Where a file stands. */
struct place {
	uint32_t folder;
	uint32_t module;
};

static const struct str DEFAULT_ROOTS[] = {{"src", 3}, {"", 0}};

/* How many elements of an import path name the repository, by host. */
static const struct host {
	const char *name;
	unsigned elements;
} HOSTS[] = {
	{"github.com", 3},        {"gitlab.com", 3},  {"bitbucket.org", 3},
	{"codeberg.org", 3},      {"gitee.com", 3},   {"golang.org", 3},
	{"gopkg.in", 2},          {"k8s.io", 2},      {"sigs.k8s.io", 2},
	{"google.golang.org", 2}, {"go.uber.org", 2}, {"go.etcd.io", 2},
	{"cloud.google.com", 2},
};

/* The first `count` elements, or all. */
static struct str first_elements(struct str path, unsigned count)
{
	for (size_t i = 0; i < path.length; i++)
		if (path.at[i] == '/' && --count == 0)
			return str_first(path, i);
	return path;
}

/* "v2" and above: a part of the module's path by Go's rules for major versions. */
static bool is_major_version(struct str element)
{
	if (element.length < 2 || element.at[0] != 'v')
		return false;
	for (size_t i = 1; i < element.length; i++)
		if (element.at[i] < '0' || element.at[i] > '9')
			return false;
	return true;
}

/* The package of an external path that no require tells. */
static struct str guess_package(struct str target)
{
	struct str host = first_elements(target, 1);
	for (size_t i = 0; i < sizeof HOSTS / sizeof *HOSTS; i++) {
		if (!str_equal(host, str_of(HOSTS[i].name)))
			continue;
		struct str package = first_elements(target, HOSTS[i].elements);
		struct str rest = str_from(target, package.length + 1);
		struct str next = first_elements(rest, 1);
		if (is_major_version(next))
			package.length += 1 + next.length;
		return package;
	}
	return target;
}

/* ---- one reference ---- */

static void set_internal(struct reference *reference, uint32_t folder)
{
	reference->state = REFERENCE_INTERNAL;
	reference->resolved = folder;
}

static void set_external(struct reference *reference, size_t package_length)
{
	reference->state = REFERENCE_EXTERNAL;
	reference->package_length =
		package_length > UINT16_MAX ? UINT16_MAX : (uint16_t)package_length;
}

static uint32_t find_folder(const struct tree *tree, struct str base, struct str rest)
{
	char buffer[PATH_LIMIT];
	size_t between = base.length > 0 && rest.length > 0;
	struct str path = {buffer, base.length + between + rest.length};
	if (path.length >= PATH_LIMIT)
		return ENTRY_NONE;
	memcpy(buffer, base.at, base.length);
	buffer[base.length] = '/';
	memcpy(buffer + base.length + between, rest.at, rest.length);
	uint32_t entry = tree_find(tree, path);
	return entry != ENTRY_NONE && tree->entries[entry].is_folder ? entry : ENTRY_NONE;
}

/* The folder of a package in the module at `module_folder`; a folder of a module nested in it
 * is not one of its own. */
static uint32_t find_package(const struct go_modules *modules, uint32_t module_folder,
			     struct str rest)
{
	const struct tree *tree = modules->tree;
	uint32_t folder = find_folder(tree, tree->entries[module_folder].path, rest);
	if (folder == ENTRY_NONE || modules->module_of[folder] != modules->module_of[module_folder])
		return ENTRY_NONE;
	return folder;
}

/* The longest prefix of `target`, in whole elements, with at most `most` of them. */
static struct str longest_prefix(struct str target, uint32_t most)
{
	return most == 0 ? (struct str){0} : first_elements(target, most);
}

static struct str shorter_prefix(struct str prefix)
{
	ptrdiff_t slash = str_find_last(prefix, '/');
	return str_first(prefix, slash < 0 ? 0 : (size_t)slash);
}

/* By module paths. Returns false when no module is known for any part of the target. */
static bool resolve_by_modules(const struct go_state *state, struct place place,
			       struct reference *reference)
{
	const struct go_modules *modules = &state->modules;
	struct str target = reference_target(reference);
	struct str prefix = longest_prefix(target, modules->most_elements);
	size_t required = 0;
	bool claimed = false;
	for (; prefix.length > 0; prefix = shorter_prefix(prefix)) {
		struct go_meaning meaning =
			go_modules_meaning(modules, place.module, place.folder, prefix);
		if (meaning.required && required == 0 && !claimed)
			required = prefix.length;
		if (meaning.folder == ENTRY_NONE)
			continue;
		claimed = true;
		uint32_t folder =
			find_package(modules, meaning.folder, str_from(target, prefix.length + 1));
		if (folder != ENTRY_NONE) {
			set_internal(reference, folder);
			return true;
		}
	}
	if (required > 0)
		set_external(reference, required);
	return required > 0 || claimed;
}

static bool resolve_by_roots(const struct go_state *state, const struct tree *tree,
			     struct reference *reference)
{
	for (size_t i = 0; i < state->root_count; i++) {
		uint32_t folder = find_folder(tree, state->roots[i], reference_target(reference));
		if (folder != ENTRY_NONE) {
			set_internal(reference, folder);
			return true;
		}
	}
	return false;
}

/* In a tree that is the standard library, its packages are the tree's own. */
static void resolve_standard(const struct go_state *state, struct reference *reference)
{
	uint32_t folder = ENTRY_NONE;
	if (state->modules.standard != ENTRY_NONE)
		folder = find_package(&state->modules, state->modules.standard,
				      reference_target(reference));
	if (folder != ENTRY_NONE)
		set_internal(reference, folder);
	else
		reference->state = REFERENCE_STANDARD;
}

static bool is_relative(struct str target)
{
	return str_equal(target, STR(".")) || str_equal(target, STR("..")) ||
	       str_starts(target, STR("./")) || str_starts(target, STR("../"));
}

static void resolve_relative(const struct tree *tree, struct place place,
			     struct reference *reference)
{
	uint32_t entry =
		tree_find_from(tree, tree->entries[place.folder].path, reference_target(reference));
	if (entry != ENTRY_NONE && tree->entries[entry].is_folder)
		set_internal(reference, entry);
}

static void resolve_reference(const struct go_state *state, const struct tree *tree,
			      struct place place, struct reference *reference)
{
	struct str target = reference_target(reference);
	struct str first = first_elements(target, 1);
	bool has_roots = place.module == MODULE_NONE || state->roots != DEFAULT_ROOTS;
	if (is_relative(target))
		resolve_relative(tree, place, reference);
	else if (go_standard_has(&state->standard, target))
		resolve_standard(state, reference);
	else if (resolve_by_modules(state, place, reference))
		return;
	else if (has_roots && resolve_by_roots(state, tree, reference))
		return;
	else if (go_standard_has_first(&state->standard, first))
		resolve_standard(state, reference);
	else if (str_find(first, '.') >= 0)
		set_external(reference, guess_package(target).length);
}

static int resolve(const void *context, const struct tree *tree, uint32_t file, struct error *error)
{
	const struct go_state *state = context;
	struct facts *facts = tree->entries[file].facts;
	struct place place = {.folder = tree->entries[file].parent};
	place.module = state->modules.module_of[place.folder];
	(void)error;
	for (size_t i = 0; i < facts->reference_count; i++)
		resolve_reference(state, tree, place, &facts->references[i]);
	return 0;
}

static void release(void *context)
{
	struct go_state *state = context;
	if (!state)
		return;
	go_modules_release(&state->modules);
	go_standard_release(&state->standard);
	mem_free(state);
}

static int prepare(struct tree *tree, const struct resolve_settings *settings, void **out,
		   struct error *error)
{
	struct go_state *state = mem_alloc(sizeof *state);
	if (!state)
		return error_memory(error);
	state->roots = settings->roots[LANGUAGE_GO];
	state->root_count = settings->root_count[LANGUAGE_GO];
	if (state->root_count == 0) {
		state->roots = DEFAULT_ROOTS;
		state->root_count = sizeof DEFAULT_ROOTS / sizeof *DEFAULT_ROOTS;
	}
	if (!go_standard_init(&state->standard)) {
		release(state);
		return error_memory(error);
	}
	if (go_modules_init(&state->modules, tree, error) < 0) {
		release(state);
		return -1;
	}
	*out = state;
	return 0;
}

const struct resolver resolver_go = {prepare, resolve, release};
