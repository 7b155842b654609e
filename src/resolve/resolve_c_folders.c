/* SPDX-License-Identifier: Apache-2.0 */
/* Include folders, from command lines to entries of the tree. Must not know references.
 *
 * Command lines are mostly the same from file to file, so equal lists of folders are kept once.
 * The paths in them are absolute, and may come from another machine: where they do not lie
 * below the tree's root, a first file that the tree has too tells where its root was. */
#include "resolve/resolve_c_folders.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "manifest/compile_commands.h"

static const char FILE_NAME[] = "compile_commands.json";

/* Commands that are asked where the tree's root was, before the search is given up. */
enum { ROOT_PROBE_LIMIT = 100 };

/* In the order in which compilers search. */
enum group { GROUP_QUOTE, GROUP_ALL, GROUP_SYSTEM, GROUP_AFTER, GROUP_COUNT };

struct list {
	uint32_t *items;
	size_t count;
	size_t capacity;
};

struct builder {
	struct c_database *out;
	struct tree *tree;
	struct c_folders settings; /* those of the settings, which come first */
	struct map known;          /* from a list of folders and macros to its set */
	char root[PATH_LIMIT];     /* without its first '/' */
	unsigned probes;
	/* Of one command. */
	struct list groups[GROUP_COUNT];
	struct text macros; /* one a line */
};

static void builder_release(struct builder *builder)
{
	for (size_t i = 0; i < GROUP_COUNT; i++)
		mem_free(builder->groups[i].items);
	text_release(&builder->macros);
	map_release(&builder->known);
}

/* ---- paths ---- */

/* The absolute path without its first '/', with "." and ".." resolved. */
static bool make_absolute(struct str directory, struct str path, char *buffer, struct str *out)
{
	char joined[PATH_LIMIT];
	struct str whole = path;
	if (path.length == 0 || path.at[0] != '/') {
		whole = (struct str){joined, directory.length + 1 + path.length};
		if (whole.length >= PATH_LIMIT)
			return false;
		if (directory.length)
			memcpy(joined, directory.at, directory.length);
		joined[directory.length] = '/';
		if (path.length)
			memcpy(joined + directory.length + 1, path.at, path.length);
	}
	return path_resolve(STR(""), whole, buffer, out);
}

static uint32_t find_below_root(const struct builder *builder, struct str absolute)
{
	struct str root = str_of(builder->root);
	if (!path_is_within(absolute, root))
		return ENTRY_NONE;
	size_t cut =
		root.length == 0 || absolute.length == root.length ? root.length : root.length + 1;
	return tree_find(builder->tree, str_from(absolute, cut));
}

/* Takes what stands before the longest end of the path that the tree has for its root. */
static void probe_root(struct builder *builder, struct str absolute)
{
	struct str rest = absolute, part;
	if (builder->probes++ >= ROOT_PROBE_LIMIT)
		return;
	while (str_split(&rest, '/', &part) && rest.at) {
		if (tree_find(builder->tree, rest) == ENTRY_NONE)
			continue;
		size_t length = (size_t)(rest.at - absolute.at) - 1;
		memcpy(builder->root, absolute.at, length);
		builder->root[length] = 0;
		builder->probes = ROOT_PROBE_LIMIT;
		return;
	}
}

static uint32_t find_source(struct builder *builder, const struct compile_command *command)
{
	char buffer[PATH_LIMIT];
	struct str absolute;
	if (!make_absolute(command->directory, command->file, buffer, &absolute))
		return ENTRY_NONE;
	uint32_t entry = find_below_root(builder, absolute);
	if (entry == ENTRY_NONE && builder->probes < ROOT_PROBE_LIMIT) {
		probe_root(builder, absolute);
		entry = find_below_root(builder, absolute);
	}
	return entry;
}

/* ---- one command ---- */

static bool append(struct list *list, uint32_t item)
{
	if (!mem_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items))
		return false;
	list->items[list->count++] = item;
	return true;
}

static bool add_folder(struct builder *builder, const struct compile_command *command,
		       enum group group, struct str path)
{
	char buffer[PATH_LIMIT];
	struct str absolute;
	if (!make_absolute(command->directory, path, buffer, &absolute))
		return true;
	uint32_t entry = find_below_root(builder, absolute);
	if (entry == ENTRY_NONE || !builder->tree->entries[entry].is_folder)
		return true;
	return append(&builder->groups[group], entry);
}

/* NAME="x.h" or NAME=<x.h>; others are none of ours. */
static bool add_macro(struct builder *builder, struct str definition)
{
	ptrdiff_t equals = str_find(definition, '=');
	struct str value = str_from(definition, (size_t)(equals + 1));
	if (equals <= 0 || value.length < 3 || (value.at[0] != '"' && value.at[0] != '<') ||
	    str_find(definition, '\n') >= 0)
		return true;
	text_add(&builder->macros, str_first(definition, (size_t)equals));
	text_add_byte(&builder->macros, ' ');
	text_add(&builder->macros, value);
	text_add_byte(&builder->macros, '\n');
	return !builder->macros.failed;
}

static const struct flag {
	struct str text;
	enum group group;
} FLAGS[] = {
	{{"-iquote", 7}, GROUP_QUOTE},
	{{"-isystem", 8}, GROUP_SYSTEM},
	{{"-idirafter", 10}, GROUP_AFTER},
	{{"-I", 2}, GROUP_ALL},
	{{"/I", 2}, GROUP_ALL},
};

/* The value of a flag that stands in the same argument or in the next one. */
static struct str flag_value(const struct compile_command *command, size_t *index, size_t length)
{
	struct str argument = command->arguments[*index];
	if (argument.length > length)
		return str_from(argument, length);
	if (*index + 1 >= command->argument_count)
		return (struct str){0};
	return command->arguments[++*index];
}

static bool add_argument(struct builder *builder, const struct compile_command *command,
			 size_t *index)
{
	struct str argument = command->arguments[*index];
	for (size_t i = 0; i < sizeof FLAGS / sizeof *FLAGS; i++)
		if (str_starts(argument, FLAGS[i].text))
			return add_folder(builder, command, FLAGS[i].group,
					  flag_value(command, index, FLAGS[i].text.length));
	if (str_starts(argument, STR("-D")))
		return add_macro(builder, flag_value(command, index, 2));
	return true;
}

static bool read_arguments(struct builder *builder, const struct compile_command *command)
{
	for (size_t i = 0; i < GROUP_COUNT; i++)
		builder->groups[i].count = 0;
	text_clear(&builder->macros);
	for (size_t i = 0; i < command->argument_count; i++)
		if (!add_argument(builder, command, &i))
			return false;
	return true;
}

/* ---- sets ---- */

static bool add_key(struct text *key, const uint32_t *items, size_t count)
{
	text_add(key, (struct str){(const char *)items, count * sizeof *items});
	text_add(key, STR("\xFF\xFF\xFF\xFF"));
	return !key->failed;
}

static bool split_macros(struct builder *builder, struct c_folders *out)
{
	struct arena *arena = &builder->tree->arena;
	struct str text = arena_str(arena, text_str(&builder->macros)), line;
	size_t count = 0;
	for (size_t i = 0; i < text.length; i++)
		count += text.at[i] == '\n';
	out->macros = arena_array(arena, count, sizeof *out->macros);
	if (!text.at || !out->macros)
		return false;
	while (out->macro_count < count && str_split(&text, '\n', &line))
		out->macros[out->macro_count++] = line;
	return true;
}

/* Quotes only, then those of the settings, then the others. */
static bool fill_set(struct builder *builder, struct c_folders *out)
{
	const struct list *groups = builder->groups;
	size_t count = builder->settings.count;
	for (size_t i = 0; i < GROUP_COUNT; i++)
		count += groups[i].count;
	out->entries = arena_array(&builder->tree->arena, count, sizeof *out->entries);
	if (!out->entries)
		return false;
	for (size_t i = 0; i < groups[GROUP_QUOTE].count; i++)
		out->entries[out->count++] = groups[GROUP_QUOTE].items[i];
	out->quote_count = out->count;
	for (size_t i = 0; i < builder->settings.count; i++)
		out->entries[out->count++] = builder->settings.entries[i];
	for (size_t group = GROUP_ALL; group < GROUP_COUNT; group++)
		for (size_t i = 0; i < groups[group].count; i++)
			out->entries[out->count++] = groups[group].items[i];
	return split_macros(builder, out);
}

static bool add_set(struct builder *builder)
{
	struct c_database *out = builder->out;
	if (!mem_reserve(&out->sets, &out->capacity, out->count + 1, sizeof *out->sets))
		return false;
	out->sets[out->count] = (struct c_folders){0};
	return fill_set(builder, &out->sets[out->count++]);
}

/* The set of the command that was just read; MAP_NONE without memory. */
static uint32_t find_set(struct builder *builder)
{
	_cleanup_(text_release) struct text key = {0};
	for (size_t i = 0; i < GROUP_COUNT; i++)
		if (!add_key(&key, builder->groups[i].items, builder->groups[i].count))
			return MAP_NONE;
	text_add(&key, text_str(&builder->macros));
	if (key.failed)
		return MAP_NONE;
	uint32_t set = map_get(&builder->known, text_str(&key));
	if (set != MAP_NONE)
		return set;
	struct str kept = arena_str(&builder->tree->arena, text_str(&key));
	set = (uint32_t)builder->out->count;
	return kept.at && add_set(builder) && map_put(&builder->known, kept, set) ? set : MAP_NONE;
}

static bool visit(void *context, const struct compile_command *command)
{
	struct builder *builder = context;
	uint32_t entry = find_source(builder, command);
	if (entry == ENTRY_NONE || builder->out->set_of[entry] != 0)
		return true;
	if (!read_arguments(builder, command))
		return false;
	uint32_t set = find_set(builder);
	builder->out->set_of[entry] = set == MAP_NONE ? 0 : set;
	return set != MAP_NONE;
}

static void add_unseen(struct c_folders *out, uint32_t entry, bool *seen)
{
	if (!seen[entry])
		out->entries[out->count++] = entry;
	seen[entry] = true;
}

/* Set 0: of all sets those for quotes only, then the others, each folder once. */
static bool unite(struct builder *builder)
{
	const struct c_database *database = builder->out;
	struct tree *tree = builder->tree;
	struct c_folders *all = &database->sets[0];
	_cleanup_(mem_freep) bool *for_quotes = mem_alloc(tree->count);
	_cleanup_(mem_freep) bool *for_all = mem_alloc(tree->count);
	*all = (struct c_folders){0};
	all->entries = arena_array(&tree->arena, 2 * (size_t)tree->count, sizeof *all->entries);
	if (!for_quotes || !for_all || !all->entries)
		return false;
	for (size_t i = 1; i < database->count; i++)
		for (size_t j = 0; j < database->sets[i].quote_count; j++)
			add_unseen(all, database->sets[i].entries[j], for_quotes);
	all->quote_count = all->count;
	for (size_t i = 0; i < builder->settings.count; i++)
		add_unseen(all, builder->settings.entries[i], for_all);
	for (size_t i = 1; i < database->count; i++)
		for (size_t j = database->sets[i].quote_count; j < database->sets[i].count; j++)
			add_unseen(all, database->sets[i].entries[j], for_all);
	return true;
}

/* ---- reading ---- */

static int read_database(struct builder *builder, struct str content, const char *name,
			 struct error *error)
{
	struct c_database *out = builder->out;
	struct error local = {0};
	struct tree *tree = builder->tree;
	out->set_of = arena_array(&tree->arena, tree->count, sizeof *out->set_of);
	if (!out->set_of)
		return error_memory(error);
	if (compile_commands_read(content, name, visit, builder, &local) < 0) {
		if (local.code == ERROR_MEMORY)
			return error_memory(error);
		error_list_add(&tree->problems, &local);
	}
	return unite(builder) ? 0 : error_memory(error);
}

/* Reads `path`, seen from the root, into `out`; false when there is no such file. */
static bool read_file(const struct tree *tree, struct str path, struct text *out,
		      struct error *error)
{
	_cleanup_(text_release) struct text full = {0};
	if (!str_starts(path, STR("/")))
		text_addf(&full, "%s/", tree->root);
	text_add(&full, path);
	if (full.failed)
		return error_memory(error) == 0;
	return file_read(full.at, COMPILE_COMMANDS_LIMIT, out, error) == 0;
}

/* The first folder, by name, of those named build* that has the file. */
static bool read_from_build(const struct tree *tree, struct text *name, struct text *out,
			    struct error *error)
{
	DIR *folder = opendir(tree->root);
	char best[NAME_MAX + 1] = "";
	if (!folder)
		return false;
	for (struct dirent *entry; (entry = readdir(folder));) {
		if (strncmp(entry->d_name, "build", 5) != 0 ||
		    (best[0] && strcmp(entry->d_name, best) > 0))
			continue;
		_cleanup_(text_release) struct text path = {0};
		text_addf(&path, "%s/%s", entry->d_name, FILE_NAME);
		text_clear(out);
		struct error local;
		if (path.failed || !read_file(tree, text_str(&path), out, &local))
			continue;
		memcpy(best, entry->d_name, strlen(entry->d_name) + 1);
	}
	closedir(folder);
	if (!best[0])
		return false;
	text_clear(name);
	text_addf(name, "%s/%s", best, FILE_NAME);
	text_clear(out);
	return !name->failed && read_file(tree, text_str(name), out, error);
}

static int find_database(struct builder *builder, const struct resolve_settings *settings,
			 struct error *error)
{
	_cleanup_(text_release) struct text content = {0}, name = {0};
	struct error local = {0};
	struct tree *tree = builder->tree;
	bool named = settings->compile_commands.length > 0;
	text_add(&name, named ? settings->compile_commands : str_of(FILE_NAME));
	if (name.failed)
		return error_memory(error);
	bool found = read_file(tree, text_str(&name), &content, &local);
	if (!found && !named && local.code == ERROR_NOT_FOUND)
		found = read_from_build(tree, &name, &content, &local);
	if (found)
		return read_database(builder, text_str(&content), name.at, error);
	if (local.code == ERROR_MEMORY)
		return error_memory(error);
	if (named || local.code != ERROR_NOT_FOUND)
		error_list_at(&tree->problems, local.code, name.at, 0, 0, "%s", local.message);
	return 0;
}

static int add_settings(struct builder *builder, const struct resolve_settings *settings,
			struct error *error)
{
	struct tree *tree = builder->tree;
	struct c_folders *out = &builder->settings;
	out->entries = arena_array(&tree->arena, settings->include_count, sizeof *out->entries);
	if (!out->entries)
		return error_memory(error);
	for (size_t i = 0; i < settings->include_count; i++) {
		uint32_t entry = tree_find_from(tree, STR(""), settings->includes[i]);
		if (entry != ENTRY_NONE && tree->entries[entry].is_folder)
			out->entries[out->count++] = entry;
		else
			error_list_at(&tree->problems, ERROR_NOT_FOUND, "ashlar.yaml", 0, 0,
				      "there is no include folder '%.*s'",
				      STR_ARG(settings->includes[i]));
	}
	return 0;
}

static void find_root(struct builder *builder)
{
	char *root = realpath(builder->tree->root, NULL);
	if (root && strlen(root) < PATH_LIMIT)
		memcpy(builder->root, root + 1, strlen(root));
	free(root);
}

int c_database_init(struct c_database *out, struct tree *tree,
		    const struct resolve_settings *settings, struct error *error)
{
	_cleanup_(builder_release) struct builder builder = {.out = out, .tree = tree};
	*out = (struct c_database){0};
	if (!mem_reserve(&out->sets, &out->capacity, 1, sizeof *out->sets))
		return error_memory(error);
	if (add_settings(&builder, settings, error) < 0)
		return -1;
	out->sets[out->count++] = builder.settings;
	find_root(&builder);
	return find_database(&builder, settings, error);
}

void c_database_release(struct c_database *database)
{
	mem_free(database->sets);
	*database = (struct c_database){0};
}
