/* SPDX-License-Identifier: Apache-2.0 */
/* Adds a module to the list in an application's C. Goes over it token by token, so that a comment
 * or a text is never taken for code; knows no more of C than that. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "new/new.h"

/* ---- tokens ---- */

/* Where the comment or the literal that begins at `at` ends; `at` itself where none does. */
static size_t skip_passive(struct str source, size_t at)
{
	struct str rest = str_from(source, at);
	size_t i = 2;
	if (str_starts(rest, STR("//"))) {
		while (i < rest.length && rest.at[i] != '\n')
			i++;
		return at + i;
	}
	if (str_starts(rest, STR("/*"))) {
		while (i < rest.length && !(rest.at[i] == '/' && rest.at[i - 1] == '*' && i > 2))
			i++;
		return at + i + (i < rest.length);
	}
	if (rest.at[0] != '"' && rest.at[0] != '\'')
		return at;
	for (i = 1; i < rest.length && rest.at[i] != rest.at[0] && rest.at[i] != '\n'; i++)
		i += rest.at[i] == '\\';
	return at + (i < rest.length ? i + 1 : rest.length);
}

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_';
}

/* The next token from *at on, which moves behind it: a name, or one byte. Empty at the end. */
static struct str next_token(struct str source, size_t *at)
{
	while (*at < source.length) {
		size_t after = skip_passive(source, *at);
		if (after == *at && strchr(" \t\r\n", source.at[*at]) == NULL)
			break;
		*at = after > *at ? after : *at + 1;
	}
	size_t from = *at;
	while (*at < source.length && is_name_byte(source.at[*at]))
		++*at;
	if (*at == from && from < source.length)
		++*at;
	return (struct str){source.at + from, *at - from};
}

/* ---- the list ---- */

struct list {
	size_t end; /* of the items: where its NULL is; 0: there is no list */
	bool has;   /* the module */
};

/* From behind the '{' of a list on. */
static struct list read_items(struct str source, size_t at, struct str item)
{
	struct list list = {0};
	struct str token, last = {NULL, 0};
	while ((token = next_token(source, &at)).length && token.at[0] != '}') {
		if (token.at[0] == '{')
			return (struct list){0};
		list.has |= str_equal(token, item);
		if (token.at[0] != ',')
			last = token;
	}
	if (token.length && str_equal(last, STR("NULL")))
		list.end = (size_t)(last.at - source.at);
	return list;
}

/* The first list of ash_module that ends with NULL. */
static struct list find_list(struct str source, struct str item)
{
	bool of_modules = false;
	size_t at = 0;
	struct str token;
	while ((token = next_token(source, &at)).length) {
		if (str_equal(token, STR("ash_module")))
			of_modules = true;
		else if (token.at[0] == ';')
			of_modules = false;
		if (!of_modules || token.at[0] != '{')
			continue;
		struct list list = read_items(source, at, item);
		if (list.end)
			return list;
		of_modules = false;
	}
	return (struct list){0};
}

/* ---- lines ---- */

static size_t line_start(struct str source, size_t at)
{
	while (at > 0 && source.at[at - 1] != '\n')
		at--;
	return at;
}

static size_t line_end(struct str source, size_t at)
{
	while (at < source.length && source.at[at] != '\n')
		at++;
	return at < source.length ? at + 1 : at;
}

/* Behind the last line that includes a module's header, or anything at all; 0 for none. */
static size_t find_include(struct str source)
{
	size_t at = 0, any = 0, port = 0;
	struct str token;
	while ((token = next_token(source, &at)).length) {
		if (token.at[0] != '#')
			continue;
		size_t end = line_end(source, at);
		struct str line = {source.at + at, end - at};
		token = next_token(source, &at);
		if (!str_equal(token, STR("include")))
			continue;
		any = end;
		if (memmem(line.at, line.length, ".port.h\"", 8))
			port = end;
		at = end;
	}
	return port ? port : any;
}

int new_enter(struct str source, const char *name, struct text *out, enum new_entry *entry,
	      struct error *error)
{
	char item[NEW_NAME_LIMIT + 16];
	snprintf(item, sizeof item, "%s_module", name);
	struct list list = find_list(source, str_of(item));
	*entry = list.has ? NEW_ENTRY_THERE : list.end ? NEW_ENTRY_ADDED : NEW_ENTRY_NONE;
	if (*entry != NEW_ENTRY_ADDED)
		return 0;
	const char *feed = memmem(source.at, source.length, "\r\n", 2) ? "\r\n" : "\n";
	size_t include = find_include(source), line = line_start(source, list.end);
	struct str before = str_first(source, list.end), indent = str_from(before, line);
	text_add(out, str_first(source, include));
	text_addf(out, "#include \"%s.port.h\"%s", name, feed);
	text_add(out, str_from(before, include));
	if (str_trim(indent).length == 0)
		text_addf(out, "&%s,%s%.*s", item, feed, STR_ARG(indent));
	else
		text_addf(out, "&%s, ", item);
	text_add(out, str_from(source, list.end));
	return out->failed ? error_memory(error) : 0;
}
