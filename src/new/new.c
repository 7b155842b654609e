/* SPDX-License-Identifier: Apache-2.0 */
/* Fills the templates. Knows no file system. */
#include "new/new.h"

#include <stdio.h>
#include <string.h>

#include "base/identifier.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "new/templates.h"
#include "store/store.h"

/* ---- names ---- */

static bool is_small(char byte)
{
	return byte >= 'a' && byte <= 'z';
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Of small letters, digits and `other`, from a letter on. */
static bool is_made_of(const char *name, char other)
{
	if (!is_small(name[0]) || strlen(name) > NEW_NAME_LIMIT)
		return false;
	for (; *name; name++)
		if (!is_small(*name) && !is_digit(*name) && *name != other)
			return false;
	return true;
}

/* A service is named as its module, in capitals and small letters, and the way back must lead to
 * the same name. */
static bool comes_back(const char *name)
{
	_cleanup_(arena_release) struct arena arena = {0};
	const char *camel = name_in_camel(&arena, str_of(name));
	const char *snake = camel ? name_in_snake(&arena, str_of(camel)) : NULL;
	return !snake || strcmp(snake, name) == 0;
}

/* Whether a message of the template has the service's name. */
static bool is_message(const char *name)
{
	static const char *const MESSAGES[] = {"add_reply", "add_request", "added", "get_request",
					       "item"};
	for (size_t i = 0; i < sizeof MESSAGES / sizeof *MESSAGES; i++)
		if (strcmp(name, MESSAGES[i]) == 0)
			return true;
	return false;
}

int new_check_module(const char *name, struct error *error)
{
	const char *why = NULL;
	if (!is_made_of(name, '_'))
		return error_set(error, ERROR_INVALID,
				 "'%s' cannot be a module: its name is made of a-z, 0-9 and _, "
				 "begins with a letter and has at most %d of them",
				 excerpt_of(str_of(name)).text, NEW_NAME_LIMIT);
	if (is_word_of_c(name))
		why = "C has that word for itself";
	else if (!store_takes_schema(name))
		why = "SQL has that word for itself, and the module's tables bear its name";
	else if (strcmp(name, "ash") == 0 || strncmp(name, "ash_", 4) == 0 ||
		 strncmp(name, "ashlar", 6) == 0)
		why = "names that begin so are the library's";
	else if (strcmp(name, NAME_OF_FRONT) == 0)
		why = "so is called who answers a route, where a module's name would stand";
	else if (name[0] == 'v' && is_digit(name[1]))
		why = "in a .proto it would be a version";
	else if (is_message(name))
		why = "a message of a new module has that name already";
	else if (!comes_back(name))
		why = "write it in words of two letters or more, with one _ between them";
	return why ? error_set(error, ERROR_INVALID, "'%s' cannot be a module: %s", name, why) : 0;
}

static int check_app(const char *name, struct error *error)
{
	if (!is_made_of(name, '-'))
		return error_set(error, ERROR_INVALID,
				 "'%s' cannot be an application: its name is made of a-z, 0-9 "
				 "and -, begins with a letter and has at most %d of them",
				 excerpt_of(str_of(name)).text, NEW_NAME_LIMIT);
	if (strcmp(name, "made") == 0 || strcmp(name, "modules") == 0)
		return error_set(error, ERROR_INVALID,
				 "'%s' cannot be an application: a folder of the build has that "
				 "name",
				 name);
	return 0;
}

/* ---- templates ---- */

struct names {
	const char *app;
	const char *module;
	const char *camel; /* of the module */
};

static struct str name_at(const struct names *names, struct str rest, size_t *length)
{
	const struct {
		struct str mark;
		const char *name;
	} MARKS[] = {
		{STR("@app@"), names->app},
		{STR("@module@"), names->module},
		{STR("@Module@"), names->camel},
	};
	for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++)
		if (str_starts(rest, MARKS[i].mark)) {
			*length = MARKS[i].mark.length;
			return str_of(MARKS[i].name);
		}
	return (struct str){NULL, 0};
}

static void fill(struct str template, const struct names *names, struct text *out)
{
	for (size_t i = 0; i < template.length; i++) {
		size_t length;
		struct str name = {NULL, 0};
		if (template.at[i] == '@')
			name = name_at(names, str_from(template, i), &length);
		if (name.at) {
			text_add(out, name);
			i += length - 1;
		} else {
			text_add_byte(out, template.at[i]);
		}
	}
}

static bool add(struct new_files *files, const char *path, struct str template,
		const struct names *names)
{
	struct new_file *file = &files->items[files->count];
	if (!path)
		return false;
	*file = (struct new_file){.path = path};
	files->count++;
	fill(template, names, &file->content);
	return !file->content.failed;
}

static bool find_names(struct new_files *files, const char *app, const char *module,
		       struct names *out)
{
	*out = (struct names){app, module, name_in_camel(&files->arena, str_of(module))};
	return out->camel != NULL;
}

int new_module(struct new_files *files, const char *folder, const char *name, struct error *error)
{
	struct arena *arena = &files->arena;
	struct names names;
	if (new_check_module(name, error) < 0)
		return -1;
	if (!find_names(files, "", name, &names) ||
	    !add(files, arena_format(arena, "%s/module.yaml", folder), MODULE_YAML_IN, &names) ||
	    !add(files, arena_format(arena, "%s/%s.proto", folder, name), MODULE_PROTO_IN,
		 &names) ||
	    !add(files, arena_format(arena, "%s/%s.c", folder, name), MODULE_C_IN, &names) ||
	    !add(files, arena_format(arena, "%s/migrations/0001_item.sql", folder),
		 MIGRATION_SQL_IN, &names) ||
	    !add(files, arena_format(arena, "%s/test_%s.c", folder, name), TEST_C_IN, &names))
		return error_memory(error);
	return 0;
}

int new_app(struct new_files *files, const char *name, const char *module, struct error *error)
{
	struct names names;
	if (check_app(name, error) < 0 || new_check_module(module, error) < 0)
		return -1;
	if (!find_names(files, name, module, &names) ||
	    !add(files, "ashlar.yaml", ASHLAR_YAML_IN, &names) ||
	    !add(files, "Makefile", MAKEFILE_IN, &names) ||
	    !add(files, "app.h", APP_H_IN, &names) || !add(files, "main.c", MAIN_C_IN, &names) ||
	    !add(files, ".gitignore", GITIGNORE_IN, &names))
		return error_memory(error);
	const char *folder = arena_format(&files->arena, "modules/%s", module);
	return folder ? new_module(files, folder, module, error) : error_memory(error);
}

void new_files_release(struct new_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		text_release(&files->items[i].content);
	arena_release(&files->arena);
	*files = (struct new_files){0};
}
