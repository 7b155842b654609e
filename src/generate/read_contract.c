/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the contract that the option names, and the migrations beside it. Knows no .proto. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/listing.h"
#include "base/mem.h"
#include "base/path.h"
#include "contract/load.h"
#include "generate/input.h"
#include "generate/names.h"

#define MIGRATIONS "migrations"

/* ---- where it is ---- */

/* The value of "contract=" in the options, which commas part. */
static const char *contract_option(struct input *input)
{
	struct str rest = str_of(input->request->parameter), option;
	const char *path = NULL;
	while (rest.length > 0 && str_split(&rest, ',', &option)) {
		if (str_starts(option, STR("contract=")) && option.length > 9)
			path = arena_str(input->arena, str_from(option, 9)).at;
		else
			error_list_at(input->errors, ERROR_INVALID, NULL, 0, 0,
				      "unknown option '%.*s'; the one there is, is contract=PATH",
				      STR_ARG(option));
	}
	if (!path)
		error_list_at(input->errors, ERROR_INVALID, NULL, 0, 0,
			      "which module is it? write --ashlar_opt=contract=PATH/module.yaml");
	return path;
}

static bool holds_root(struct arena *arena, struct str folder)
{
	const char *path = arena_format(arena, "%.*s/" CONTRACT_ROOT_NAME, STR_ARG(folder));
	return path && access(path, F_OK) == 0;
}

/* The root of the tree: the nearest folder above that holds an ashlar.yaml, else that of the
 * contract itself. `path` is absolute. */
static struct str find_root(struct arena *arena, struct str path)
{
	struct str own = path_folder(path), folder = own;
	while (!holds_root(arena, folder)) {
		if (folder.length == 0)
			return own;
		folder = path_folder(folder);
	}
	return folder;
}

/* What was found in the module's contract is told with the path that was given. */
static void rename_errors(struct input *input)
{
	for (size_t i = 0; i < input->errors->count; i++) {
		struct error *error = &input->errors->items[i];
		if (strcmp(error->file, input->contract_file) == 0)
			snprintf(error->file, sizeof error->file, "%s", input->contract_path);
	}
}

/* A module's name in C: its last word. NULL: no memory. */
static const char *name_in_c(struct input *input, struct str name)
{
	size_t from = 0;
	char *c_name = arena_bytes(input->arena, name.length + 1);
	for (size_t i = 0; i < name.length; i++)
		if (name.at[i] == '/' || name.at[i] == '.')
			from = i + 1;
	name = str_from(name, from);
	for (size_t i = 0; c_name && i < name.length; i++)
		c_name[i] = (char)(name.at[i] == '-' ? '_' : name.at[i]);
	if (c_name)
		c_name[name.length] = '\0';
	return c_name;
}

static void name_module(struct input *input)
{
	const char *c_name = name_in_c(input, input->module.name);
	if (!c_name)
		return;
	input->name = c_name;
	if (input->module.replaces.name.text.at)
		input->replaced = name_in_c(input, input->module.replaces.name.text);
	if (!is_identifier(str_of(c_name)) || is_word_of_c(c_name))
		error_list_at(input->errors, ERROR_INVALID, input->contract_path,
			      input->module.line, input->module.column,
			      "the module's name must end with a name of C, and '%s' is none",
			      c_name);
	if (str_equal(input->module.name, STR(NAME_OF_FRONT)))
		error_list_at(input->errors, ERROR_INVALID, input->contract_path,
			      input->module.line, input->module.column,
			      "no module of an application is called '" NAME_OF_FRONT
			      "': so is called who answers a route, where a module's name would "
			      "stand");
}

static int read_module(struct input *input, const char *root, struct error *error)
{
	struct yaml_parser parser = {0};
	_cleanup_(text_release) struct text source = {0};
	int result = contracts_load_root(root, &input->contracts, input->errors, error);
	if (result == 0)
		result = contract_read_module(&parser, root, str_of(input->contract_file),
					      &input->contracts, input->arena, &input->module,
					      input->errors, error);
	yaml_parser_release(&parser);
	if (result < 0)
		return -1;
	if (contract_read_file(root, str_of(input->contract_file), &source, NULL) == 0)
		input->contract_text = arena_str(input->arena, text_str(&source));
	rename_errors(input);
	name_module(input);
	return input->arena->failed || source.failed ? error_memory(error) : 0;
}

int input_read_contract(struct input *input, struct error *error)
{
	input->contract_path = contract_option(input);
	if (!input->contract_path)
		return input->arena->failed ? error_memory(error) : 0;
	char absolute[PATH_MAX];
	if (!realpath(input->contract_path, absolute)) {
		error_list_at(input->errors, ERROR_NOT_FOUND, input->contract_path, 0, 0,
			      "the contract cannot be read: %s", strerror(errno));
		return 0;
	}
	struct str path = arena_str(input->arena, str_of(absolute));
	if (!path.at)
		return error_memory(error);
	struct str root = find_root(input->arena, path);
	input->contract_file = path.at + root.length + 1;
	root = arena_str(input->arena, root);
	return root.at ? read_module(input, root.at, error) : error_memory(error);
}

/* ---- migrations ---- */

/* "0001_charge.sql": digits, '_', a word. The number, or 0 when it is named otherwise. */
static unsigned long version_of(const char *name)
{
	size_t digits = strspn(name, "0123456789");
	struct str rest = str_from(str_of(name), digits);
	if (digits == 0 || digits > 9 || !str_starts(rest, STR("_")) ||
	    !str_ends(rest, STR(".sql")) || rest.length < 6)
		return 0;
	return strtoul(name, NULL, 10);
}

static int compare_migrations(const void *a, const void *b)
{
	const struct migration *left = a, *right = b;
	unsigned long x = version_of(left->name), y = version_of(right->name);
	return x != y ? (x < y ? -1 : 1) : strcmp(left->name, right->name);
}

static void wrong_migration(struct input *input, const char *folder, const char *name,
			    const char *what)
{
	const char *path = arena_format(input->arena, "%s/%s", folder, name);
	error_list_at(input->errors, ERROR_INVALID, path, 0, 0, "%s", what);
}

static int read_migration(struct input *input, const char *folder, const char *name,
			  struct error *error)
{
	_cleanup_(text_release) struct text sql = {0};
	const char *path = arena_format(input->arena, "%s/%s", folder, name);
	struct error failure;
	if (!path)
		return error_memory(error);
	if (version_of(name) == 0) {
		wrong_migration(input, folder, name,
				"is no migration; name it like 0001_charge.sql");
		return 0;
	}
	if (file_read(path, MIGRATION_SIZE_LIMIT, &sql, &failure) < 0) {
		if (failure.code == ERROR_MEMORY)
			return error_memory(error);
		error_list_add(input->errors, &failure);
		return 0;
	}
	if (sql.length && memchr(sql.at, '\0', sql.length))
		wrong_migration(input, folder, name, "holds a NUL");
	struct migration *migration = &input->migrations[input->migration_count++];
	migration->name = arena_str(input->arena, str_of(name)).at;
	migration->sql = arena_str(input->arena, text_str(&sql));
	return migration->name && migration->sql.at ? 0 : error_memory(error);
}

static void check_migrations(struct input *input, const char *folder)
{
	struct migration *all = input->migrations;
	if (input->migration_count > 1)
		qsort(all, input->migration_count, sizeof *all, compare_migrations);
	for (size_t i = 1; i < input->migration_count; i++)
		if (version_of(all[i].name) == version_of(all[i - 1].name))
			wrong_migration(input, folder, all[i].name,
					"has the number of another migration");
	if (input->migration_count > 0 && input->module.owns.count == 0)
		wrong_migration(input, folder, all[0].name,
				"is a migration of a module that owns no data; write 'data: "
				"{owns: [...]}' in its contract");
}

static int read_folder(struct input *input, const char *folder, const struct listing *listing,
		       struct error *error)
{
	input->migrations = arena_array(input->arena, listing->count, sizeof *input->migrations);
	if (!input->migrations)
		return error_memory(error);
	for (size_t i = 0; i < listing->count; i++)
		if (listing->entries[i].name[0] != '.' &&
		    read_migration(input, folder, listing->entries[i].name, error) < 0)
			return -1;
	check_migrations(input, folder);
	return 0;
}

int input_read_migrations(struct input *input, struct error *error)
{
	struct str above = path_folder(str_of(input->contract_path));
	const char *folder =
		arena_format(input->arena, "%.*s%s" MIGRATIONS, STR_ARG(above),
			     above.length || input->contract_path[0] == '/' ? "/" : "");
	if (!folder)
		return error_memory(error);
	_cleanup_(file_closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	struct listing listing = {0};
	int failure = listing_read(&listing, fd, MIGRATION_LIMIT), result = 0;
	if (failure == ENOMEM)
		result = error_memory(error);
	else if (failure != 0)
		error_list_at(input->errors, ERROR_IO, folder, 0, 0, "cannot be read: %s",
			      strerror(failure));
	else
		result = read_folder(input, folder, &listing, error);
	listing_release(&listing);
	return result;
}
