/* SPDX-License-Identifier: Apache-2.0 */
/* Jansson reads JSON; what is not JSON is first blanked out, so that its lines and columns
 * stay those of the file. Knows nothing of what the files mean. */
#include "manifest/json.h"

#include "base/mem.h"
#include "base/text.h"

static char *skip_string(char *at, const char *end)
{
	for (at++; at < end && *at != '"' && *at != '\n'; at++)
		at += *at == '\\' && at + 1 < end;
	return at < end ? at + 1 : at;
}

/* Blanks the comment at `at`, if one starts there, and returns where it ends. */
static char *blank_comment(char *at, const char *end)
{
	if (end - at < 2 || (at[1] != '/' && at[1] != '*'))
		return at;
	bool line = at[1] == '/';
	const char *close = line ? memchr(at, '\n', (size_t)(end - at))
				 : memmem(at + 2, (size_t)(end - at - 2), "*/", 2);
	const char *after = !close ? end : line ? close : close + 2;
	for (; at < after; at++)
		if (*at != '\n')
			*at = ' ';
	return at;
}

/* Blanks comments, and commas that nothing but a closing bracket follows. */
static void blank_extensions(char *at, const char *end)
{
	char *comma = NULL;
	while (at < end) {
		char *after = *at == '/' ? blank_comment(at, end) : at;
		if (after != at) {
			at = after;
			continue;
		}
		if ((*at == '}' || *at == ']') && comma)
			*comma = ' ';
		if (*at == ',')
			comma = at;
		else if (*at != ' ' && *at != '\t' && *at != '\n' && *at != '\r')
			comma = NULL;
		at = *at == '"' ? skip_string(at, end) : at + 1;
	}
}

/* Jansson reports some failed allocations as unexpected input, or not at all. */
static _Thread_local bool out_of_memory;

static void *allocate(size_t size)
{
	void *memory = mem_alloc(size);
	out_of_memory |= !memory;
	return memory;
}

static int report(const char *path, const json_error_t *problem, struct error *error)
{
	if (out_of_memory)
		return error_memory(error);
	return error_at(error, ERROR_SYNTAX, path,
			(uint32_t)(problem->line > 0 ? problem->line : 0),
			(uint32_t)(problem->column > 0 ? problem->column : 0), "is not JSON: %s",
			problem->text);
}

int json_parse(const char *path, struct str text, enum json_dialect dialect, json_t **out,
	       struct error *error)
{
	_cleanup_(text_release) struct text copy = {0};
	json_error_t problem;
	if (text.length > JSON_SIZE_LIMIT)
		return error_at(error, ERROR_LIMIT, path, 0, 0, "is larger than 4 MiB");
	if (str_starts(text, STR("\xEF\xBB\xBF")))
		text = str_from(text, 3);
	if (dialect == JSON_COMMENTS) {
		text_add(&copy, text);
		if (copy.failed)
			return error_memory(error);
		if (copy.length > 0)
			blank_extensions(copy.at, copy.at + copy.length);
		text = text_str(&copy);
	}
	json_set_alloc_funcs(allocate, mem_free);
	out_of_memory = false;
	/* TypeScript takes an empty file for an empty object. */
	if (dialect == JSON_COMMENTS && str_trim(text).length == 0)
		text = STR("{}");
	json_t *object = json_loadb(text.length ? text.at : "", text.length, 0, &problem);
	if (!object || out_of_memory) {
		json_decref(object);
		return report(path, &problem, error);
	}
	if (!json_is_object(object)) {
		json_decref(object);
		return error_at(error, ERROR_SYNTAX, path, 1, 1, "must hold an object: {...}");
	}
	*out = object;
	return 0;
}

void json_releasep(json_t **object)
{
	json_decref(*object);
}

struct str json_string_copy(const json_t *value, struct arena *arena)
{
	if (!json_is_string(value))
		return (struct str){"", 0};
	struct str copy =
		arena_str(arena, (struct str){json_string_value(value), json_string_length(value)});
	return copy.at ? copy : (struct str){"", 0};
}

struct str json_text(const json_t *object, const char *key, struct arena *arena)
{
	return json_string_copy(json_object_get(object, key), arena);
}

struct str_list json_texts(const json_t *value, struct arena *arena)
{
	size_t count = json_is_string(value) ? 1 : json_array_size(value);
	struct str *items = arena_array(arena, count, sizeof *items);
	size_t kept = 0;
	for (size_t i = 0; items && i < count; i++) {
		const json_t *item = json_is_string(value) ? value : json_array_get(value, i);
		if (json_is_string(item))
			items[kept++] = json_string_copy(item, arena);
	}
	return (struct str_list){items, kept};
}
