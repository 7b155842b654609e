/* SPDX-License-Identifier: Apache-2.0 */
/* From a path as it is written in an import to a file of the tree: extensions that are left
 * out or stand for others, folders with an index or a main file, `exports` of packages.
 * Touches no file: the tree knows what there is. */
#include "resolve/resolve_javascript.h"

#include "base/path.h"

/* The longest extension that is tried, with its dot. */
enum { EXTENSION_ROOM = 16 };

#define EXTENSION(text)                                                                            \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

/* In the order of TypeScript (moduleNameResolver.ts), then what bundlers add. */
static const struct str TYPESCRIPT_ORDER[] = {
	EXTENSION(".ts"),  EXTENSION(".tsx"),    EXTENSION(".d.ts"),  EXTENSION(".js"),
	EXTENSION(".jsx"), EXTENSION(".json"),   EXTENSION(".mts"),   EXTENSION(".cts"),
	EXTENSION(".mjs"), EXTENSION(".cjs"),    EXTENSION(".d.mts"), EXTENSION(".d.cts"),
	EXTENSION(".vue"), EXTENSION(".svelte"), EXTENSION(".astro"),
};

/* In the order of Node.js and bundlers, then TypeScript's. */
static const struct str JAVASCRIPT_ORDER[] = {
	EXTENSION(".js"),   EXTENSION(".jsx"),    EXTENSION(".mjs"),   EXTENSION(".cjs"),
	EXTENSION(".json"), EXTENSION(".ts"),     EXTENSION(".tsx"),   EXTENSION(".mts"),
	EXTENSION(".cts"),  EXTENSION(".d.ts"),   EXTENSION(".d.mts"), EXTENSION(".d.cts"),
	EXTENSION(".vue"),  EXTENSION(".svelte"), EXTENSION(".astro"),
};

enum { ORDER_COUNT = sizeof TYPESCRIPT_ORDER / sizeof *TYPESCRIPT_ORDER };
_Static_assert(sizeof JAVASCRIPT_ORDER == sizeof TYPESCRIPT_ORDER, "both try the same");

/* What an extension that is written may stand for: TypeScript is imported by the name of the
 * file that will be made of it. */
static const struct stand_in {
	struct str written;
	struct str actual[3];
	bool first; /* in TypeScript's order before the file that is written */
} STAND_INS[] = {
	{EXTENSION(".js"), {EXTENSION(".ts"), EXTENSION(".tsx"), EXTENSION(".d.ts")}, true},
	{EXTENSION(".jsx"), {EXTENSION(".tsx"), EXTENSION(".ts"), EXTENSION(".d.ts")}, true},
	{EXTENSION(".mjs"), {EXTENSION(".mts"), EXTENSION(".d.mts"), {0}}, true},
	{EXTENSION(".cjs"), {EXTENSION(".cts"), EXTENSION(".d.cts"), {0}}, true},
	{EXTENSION(".ts"), {EXTENSION(".d.ts"), EXTENSION(".js"), {0}}, false},
	{EXTENSION(".tsx"), {EXTENSION(".d.ts"), EXTENSION(".jsx"), {0}}, false},
	{EXTENSION(".mts"), {EXTENSION(".d.mts"), {0}, {0}}, false},
	{EXTENSION(".cts"), {EXTENSION(".d.cts"), {0}, {0}}, false},
};

/* ---- paths ---- */

/* Cuts a leading "./" or "../" off `*rest` and applies it to the `*length` of the folder;
 * false when there is none, or it leaves the tree (`*length` is then -1). */
static bool take_step(struct str folder, struct str *rest, ptrdiff_t *length)
{
	if (str_starts(*rest, STR("./"))) {
		*rest = str_from(*rest, 2);
		return true;
	}
	if (!str_starts(*rest, STR("../")))
		return false;
	*rest = str_from(*rest, 3);
	if (*length == 0) {
		*length = -1;
		return false;
	}
	*length = (ptrdiff_t)path_folder(str_first(folder, (size_t)*length)).length;
	return true;
}

/* Whether there are parts that are not plain: "a//b", "a/./b", "a/..", "/a", "a/". */
static bool needs_care(struct str rest)
{
	if (rest.length == 0 || rest.at[0] == '/' || rest.at[0] == '.' ||
	    rest.at[rest.length - 1] == '/')
		return true;
	for (size_t i = 0; i + 1 < rest.length; i++)
		if (rest.at[i] == '/' && (rest.at[i + 1] == '/' || rest.at[i + 1] == '.'))
			return true;
	return false;
}

ptrdiff_t javascript_join(struct str folder, struct str relative, char *buffer)
{
	ptrdiff_t length = (ptrdiff_t)folder.length;
	struct str rest = relative;
	while (take_step(folder, &rest, &length))
		;
	if (length < 0)
		return -1;
	while (rest.at != relative.at && str_starts(rest, STR("/")))
		rest = str_from(rest, 1);
	if (needs_care(rest)) {
		struct str out;
		return path_resolve(str_first(folder, (size_t)length), rest, buffer, &out)
			       ? (ptrdiff_t)out.length
			       : -1;
	}
	if ((size_t)length + rest.length + 2 > PATH_LIMIT)
		return -1;
	memcpy(buffer, folder.at, (size_t)length);
	if (length > 0)
		buffer[length++] = '/';
	memcpy(buffer + length, rest.at, rest.length);
	length += (ptrdiff_t)rest.length;
	buffer[length] = '\0';
	return length;
}

struct str javascript_fill_star(struct str pattern, struct str star, char *buffer)
{
	ptrdiff_t at = str_find(pattern, '*');
	if (pattern.length + star.length + 1 > PATH_LIMIT)
		return (struct str){"", 0};
	size_t before = at < 0 ? pattern.length : (size_t)at;
	memcpy(buffer, pattern.at, before);
	if (at < 0)
		return (struct str){buffer, before};
	struct str after = str_from(pattern, before + 1);
	memcpy(buffer + before, star.at, star.length);
	memcpy(buffer + before + star.length, after.at, after.length);
	return (struct str){buffer, before + star.length + after.length};
}

/* ---- files ---- */

/* A path with room behind it. */
struct trial {
	const struct javascript_state *state;
	bool typescript;
	size_t length;
	char path[PATH_LIMIT + EXTENSION_ROOM + sizeof "/index"];
};

static bool trial_init(struct trial *trial, const struct javascript_state *state, struct str path,
		       bool typescript)
{
	if (path.length > PATH_LIMIT)
		return false;
	trial->state = state;
	trial->typescript = typescript;
	trial->length = path.length;
	memcpy(trial->path, path.at, path.length);
	return true;
}

/* The file at the first `length` bytes of the path with `extension` behind. */
static uint32_t try_one(struct trial *trial, size_t length, struct str extension)
{
	const struct tree *tree = trial->state->tree;
	memcpy(trial->path + length, extension.at, extension.length);
	uint32_t entry = tree_find(tree, (struct str){trial->path, length + extension.length});
	return entry == ENTRY_NONE || tree->entries[entry].is_folder ? ENTRY_NONE : entry;
}

static uint32_t try_extensions(struct trial *trial, size_t length)
{
	const struct str *order = trial->typescript ? TYPESCRIPT_ORDER : JAVASCRIPT_ORDER;
	for (size_t i = 0; i < ORDER_COUNT; i++) {
		uint32_t entry = try_one(trial, length, order[i]);
		if (entry != ENTRY_NONE)
			return entry;
	}
	return ENTRY_NONE;
}

static uint32_t try_index(struct trial *trial)
{
	bool in_folder = trial->length > 0;
	size_t length = trial->length + in_folder + 5;
	if (in_folder)
		trial->path[trial->length] = '/';
	memcpy(trial->path + trial->length + in_folder, "index", 5);
	return try_extensions(trial, length);
}

static const struct stand_in *find_stand_in(struct str extension)
{
	for (size_t i = 0; i < sizeof STAND_INS / sizeof *STAND_INS; i++)
		if (str_equal(extension, STAND_INS[i].written))
			return &STAND_INS[i];
	return NULL;
}

static uint32_t try_stand_in(struct trial *trial, const struct stand_in *stand_in)
{
	size_t stem = trial->length - stand_in->written.length;
	uint32_t entry = ENTRY_NONE;
	for (size_t i = 0; i < 3 && stand_in->actual[i].length > 0 && entry == ENTRY_NONE; i++)
		entry = try_one(trial, stem, stand_in->actual[i]);
	memcpy(trial->path + stem, stand_in->written.at, stand_in->written.length);
	return entry;
}

/* The path as it is, or with another extension in the place of its own. */
static uint32_t try_written(struct trial *trial, struct str extension)
{
	const struct stand_in *stand_in = find_stand_in(extension);
	bool first = stand_in && stand_in->first && trial->typescript;
	uint32_t entry = first ? try_stand_in(trial, stand_in) : ENTRY_NONE;
	if (entry == ENTRY_NONE)
		entry = try_one(trial, trial->length, STR(""));
	if (entry == ENTRY_NONE && stand_in && !first)
		entry = try_stand_in(trial, stand_in);
	return entry;
}

static uint32_t find_file_only(struct trial *trial, struct str path)
{
	struct str extension = path_extension(path);
	uint32_t entry = ENTRY_NONE;
	if (extension.length > 0) {
		extension = (struct str){extension.at - 1, extension.length + 1};
		entry = try_written(trial, extension);
	}
	if (entry == ENTRY_NONE)
		entry = try_extensions(trial, trial->length);
	if (entry == ENTRY_NONE && extension.length == 0)
		entry = try_one(trial, trial->length, STR(""));
	return entry;
}

/* The file that the main fields of the package.json in that folder name. Does not look for
 * further packages on the way, so nothing can go round. */
static uint32_t find_main(const struct javascript_state *state, uint32_t package, bool typescript)
{
	struct str folder = state->tree->entries[state->packages[package].folder].path;
	const struct str_list *mains = &state->packages[package].json.mains;
	for (size_t i = 0; i < mains->count; i++) {
		char buffer[PATH_LIMIT];
		struct trial trial;
		ptrdiff_t length = javascript_join(folder, mains->items[i], buffer);
		struct str path = {buffer, (size_t)length};
		if (length < 0 || !trial_init(&trial, state, path, typescript))
			continue;
		uint32_t entry = find_file_only(&trial, path);
		if (entry == ENTRY_NONE)
			entry = try_index(&trial);
		if (entry != ENTRY_NONE)
			return entry;
	}
	return ENTRY_NONE;
}

/* The package whose own folder `entry` is, or INDEX_NONE. */
static uint32_t package_at(const struct javascript_state *state, uint32_t entry)
{
	uint32_t package = state->package_of[entry];
	return package != INDEX_NONE && state->packages[package].folder == entry ? package
										 : INDEX_NONE;
}

static uint32_t find_in_folder(struct trial *trial, struct str path)
{
	const struct javascript_state *state = trial->state;
	uint32_t folder = tree_find(state->tree, path);
	if (folder == ENTRY_NONE || !state->tree->entries[folder].is_folder)
		return ENTRY_NONE;
	uint32_t package = package_at(state, folder);
	uint32_t entry =
		package == INDEX_NONE ? ENTRY_NONE : find_main(state, package, trial->typescript);
	return entry == ENTRY_NONE ? try_index(trial) : entry;
}

uint32_t javascript_find_file(const struct javascript_state *state, struct str path,
			      bool typescript)
{
	struct trial trial;
	if (!trial_init(&trial, state, path, typescript))
		return ENTRY_NONE;
	uint32_t entry = path.length > 0 ? find_file_only(&trial, path) : ENTRY_NONE;
	return entry == ENTRY_NONE ? find_in_folder(&trial, path) : entry;
}

uint32_t javascript_find_folder(const struct javascript_state *state, struct str path,
				bool typescript)
{
	struct trial trial;
	return trial_init(&trial, state, path, typescript) ? find_in_folder(&trial, path)
							   : ENTRY_NONE;
}

/* ---- packages ---- */

/* The source of what will be built at `path`, by `outDir` and `rootDir` of the configurations
 * around `folder`; or ENTRY_NONE. */
static uint32_t find_source(const struct javascript_state *state, uint32_t folder, struct str path)
{
	struct javascript_output outputs[JAVASCRIPT_OUTPUT_LIMIT];
	size_t count = javascript_outputs(state, folder, outputs);
	for (size_t i = 0; i < count; i++) {
		char buffer[PATH_LIMIT];
		if (!path_is_within(path, outputs[i].out))
			continue;
		size_t skip = outputs[i].out.length + (outputs[i].out.length > 0);
		ptrdiff_t length = javascript_join(outputs[i].root, str_from(path, skip), buffer);
		uint32_t entry = ENTRY_NONE;
		if (length >= 0)
			entry = javascript_find_file(state, (struct str){buffer, (size_t)length},
						     true);
		if (entry != ENTRY_NONE)
			return entry;
	}
	return ENTRY_NONE;
}

/* Whether `key` has a star and `name` fits around it. */
static bool fits(struct str key, struct str name, struct str *star)
{
	ptrdiff_t at = str_find(key, '*');
	if (at < 0)
		return false;
	struct str prefix = str_first(key, (size_t)at);
	struct str suffix = str_from(key, (size_t)at + 1);
	if (name.length < prefix.length + suffix.length || !str_starts(name, prefix) ||
	    !str_ends(name, suffix))
		return false;
	*star = str_first(str_from(name, prefix.length),
			  name.length - prefix.length - suffix.length);
	return true;
}

/* The targets of the entry for `name` ("./a", "#a"), or NULL; `*star` is what the pattern's
 * star stands for. The pattern with the longest part before its star wins. */
static const struct str_list *find_entry(const struct package_entries *entries, struct str name,
					 struct str *star)
{
	const struct package_entry *best = NULL;
	ptrdiff_t best_length = -1;
	*star = STR("");
	for (size_t i = 0; i < entries->count; i++)
		if (str_equal(entries->items[i].key, name))
			return &entries->items[i].targets;
	for (size_t i = 0; i < entries->count; i++) {
		struct str key = entries->items[i].key;
		struct str part;
		if (str_find(key, '*') <= best_length || !fits(key, name, &part))
			continue;
		best = &entries->items[i];
		best_length = str_find(key, '*');
		*star = part;
	}
	return best ? &best->targets : NULL;
}

/* The first of `targets` that is in the tree, or whose source is, seen from the folder of the
 * package. */
static uint32_t find_target(const struct javascript_state *state,
			    const struct javascript_package *package,
			    const struct str_list *targets, struct str star, bool typescript)
{
	struct str folder = state->tree->entries[package->folder].path;
	for (size_t i = 0; i < targets->count; i++) {
		char filled[PATH_LIMIT];
		char joined[PATH_LIMIT];
		struct str target = javascript_fill_star(targets->items[i], star, filled);
		ptrdiff_t length = javascript_join(folder, target, joined);
		if (target.length == 0 || length < 0)
			continue;
		struct str path = {joined, (size_t)length};
		uint32_t entry = javascript_find_file(state, path, typescript);
		if (entry == ENTRY_NONE)
			entry = find_source(state, package->folder, path);
		if (entry != ENTRY_NONE)
			return entry;
	}
	return ENTRY_NONE;
}

/* By `exports`; ENTRY_NONE where they do not say, or say something that is not there. */
static uint32_t find_export(const struct javascript_state *state,
			    const struct javascript_package *package, struct str rest,
			    bool typescript)
{
	char name[PATH_LIMIT];
	struct str star;
	if (rest.length + 2 > sizeof name)
		return ENTRY_NONE;
	name[0] = '.';
	memcpy(name + 1, rest.at, rest.length);
	const struct str_list *targets =
		find_entry(&package->json.exports, (struct str){name, rest.length + 1}, &star);
	return targets ? find_target(state, package, targets, star, typescript) : ENTRY_NONE;
}

uint32_t javascript_find_in_package(const struct javascript_state *state, uint32_t index,
				    struct str rest, bool typescript)
{
	char buffer[PATH_LIMIT];
	const struct javascript_package *package = &state->packages[index];
	struct str folder = state->tree->entries[package->folder].path;
	uint32_t entry = find_export(state, package, rest, typescript);
	ptrdiff_t length = javascript_join(folder, str_from(rest, 1), buffer);
	if (entry != ENTRY_NONE || length < 0)
		return entry == ENTRY_NONE ? package->folder : entry;
	struct str path = {buffer, (size_t)length};
	entry = rest.length > 1 ? javascript_find_file(state, path, typescript)
				: javascript_find_folder(state, folder, typescript);
	if (entry == ENTRY_NONE)
		entry = rest.length > 1 ? find_source(state, package->folder, path)
					: find_target(state, package, &package->json.mains, STR(""),
						      typescript);
	return entry == ENTRY_NONE ? package->folder : entry;
}

uint32_t javascript_find_import(const struct javascript_state *state, uint32_t index,
				struct str name, bool typescript, struct str *bare, char *buffer)
{
	const struct javascript_package *package = &state->packages[index];
	struct str star;
	const struct str_list *targets = find_entry(&package->json.imports, name, &star);
	*bare = STR("");
	if (!targets)
		return ENTRY_NONE;
	uint32_t entry = find_target(state, package, targets, star, typescript);
	for (size_t i = 0; entry == ENTRY_NONE && bare->length == 0 && i < targets->count; i++)
		if (targets->items[i].length > 0 && targets->items[i].at[0] != '.')
			*bare = javascript_fill_star(targets->items[i], star, buffer);
	return entry;
}
