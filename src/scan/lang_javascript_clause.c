/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one import, export-from, require or import() by itself, without knowing whether it
 * stands in code. A small grammar, no more than a file name needs:
 *
 *   import  [type|typeof|defer|source] [Name ,] [{ names } | * as Name | Name] from LITERAL
 *   import  LITERAL | ( LITERAL ... ) | . defer|source ( LITERAL ... )
 *   import  [type] Name = require ( LITERAL )
 *   export  [type] { names } | * [as Name] from LITERAL
 *   export  Name [, { names } | , * as Name] from LITERAL
 *   require [. resolve] ( LITERAL ...
 *
 * Every step either consumes a token or fails, so reading stops at the first token that does
 * not fit. */
#include "scan/lang_javascript.h"

struct cursor {
	const char *at;
	const char *end;
};

static void skip_blank(struct cursor *cursor)
{
	cursor->at = javascript_skip_blank(cursor->at, cursor->end);
}

/* The next byte that is not blank; 0 at the end. */
static char peek(struct cursor *cursor)
{
	skip_blank(cursor);
	return cursor->at < cursor->end ? *cursor->at : '\0';
}

static bool accept(struct cursor *cursor, char byte)
{
	if (peek(cursor) != byte)
		return false;
	cursor->at++;
	return true;
}

static bool at_word(struct cursor *cursor)
{
	return javascript_classes[(unsigned char)peek(cursor)] == JAVASCRIPT_WORD;
}

/* Passes a name; the empty str when there is none. */
static struct str accept_name(struct cursor *cursor)
{
	if (!at_word(cursor))
		return (struct str){0};
	const char *begin = cursor->at;
	cursor->at = javascript_skip_word(begin, cursor->end);
	return (struct str){begin, (size_t)(cursor->at - begin)};
}

static bool accept_word(struct cursor *cursor, struct str word)
{
	if (!at_word(cursor) || !javascript_word_is(cursor->at, word))
		return false;
	cursor->at += word.length;
	return true;
}

/* Passes a string between quotes, or, where `template` allows it, between backticks and
 * without substitutions. */
static bool accept_literal(struct cursor *cursor, bool template, struct javascript_clause *out)
{
	char quote = peek(cursor);
	if (quote != '"' && quote != '\'' && (!template || quote != '`'))
		return false;
	const char *at = cursor->at + 1;
	out->literal = at;
	for (; at < cursor->end && *at != quote; at++) {
		if (*at == '\\')
			at++;
		else if (quote == '`' ? at[0] == '$' && at[1] == '{' : *at == '\n')
			break;
	}
	if (at >= cursor->end || *at != quote) {
		cursor->at = at < cursor->end ? at : cursor->end;
		return false;
	}
	out->literal_end = at;
	cursor->at = at + 1;
	return true;
}

/* A name in braces may be a string: `import { "a-b" as c }`. */
static bool accept_export_name(struct cursor *cursor, struct str *out)
{
	struct javascript_clause ignored;
	if (accept_literal(cursor, false, &ignored)) {
		*out = STR("\"");
		return true;
	}
	*out = accept_name(cursor);
	return out->length > 0;
}

/* Whether the name just read is a `type` or `typeof` before the real one: `type A`,
 * `type as`, `type as as B`, but not `type`, `type as B`. Passes the rest of the item. */
static bool pass_item(struct cursor *cursor, struct str first, bool *is_type)
{
	struct str names[4];
	size_t count = 0;
	while (count < 4 && (at_word(cursor) || peek(cursor) == '"' || peek(cursor) == '\''))
		if (!accept_export_name(cursor, &names[count++]))
			return false;
	bool modifier = str_equal(first, STR("type")) || str_equal(first, STR("typeof"));
	bool as_first = count > 0 && str_equal(names[0], STR("as"));
	switch (count) {
	case 0: *is_type = false; return true;
	case 1: *is_type = true; return modifier;
	case 2:
		/* `a as b`, `type as as`: a value; `type a`, then `as`, is cut off. */
		*is_type = false;
		return as_first;
	case 3:
		/* `type a as b`, `type as as b`. */
		*is_type = true;
		return modifier && str_equal(names[1], STR("as"));
	default: return false;
	}
}

/* Passes `{ ... }`. `*all_types` becomes whether there is a name and each is a type. */
static bool accept_names(struct cursor *cursor, bool *all_types)
{
	size_t types = 0;
	size_t values = 0;
	if (!accept(cursor, '{'))
		return false;
	while (!accept(cursor, '}')) {
		struct str first;
		bool is_type;
		if (!accept_export_name(cursor, &first) || !pass_item(cursor, first, &is_type))
			return false;
		types += is_type;
		values += !is_type;
		if (!accept(cursor, ',') && peek(cursor) != '}')
			return false;
	}
	*all_types = types > 0 && values == 0;
	return true;
}

static bool accept_star(struct cursor *cursor)
{
	struct str name;
	if (!accept(cursor, '*'))
		return false;
	return !accept_word(cursor, STR("as")) || accept_export_name(cursor, &name);
}

static bool accept_from(struct cursor *cursor, struct javascript_clause *out)
{
	return accept_word(cursor, STR("from")) && accept_literal(cursor, false, out);
}

static bool accept_call(struct cursor *cursor, struct javascript_clause *out)
{
	if (!accept(cursor, '(') || !accept_literal(cursor, true, out))
		return false;
	char next = peek(cursor);
	return next == ')' || next == ',';
}

/* ---- import() ---- */

/* How much may follow the literal inside the parentheses of a type's import(). */
enum { CALL_REST_LIMIT = 512 };

/* After the parenthesis that closes the call, or NULL. */
static const char *call_end(struct cursor cursor)
{
	const char *limit = cursor.end;
	if (limit - cursor.at > CALL_REST_LIMIT)
		limit = cursor.at + CALL_REST_LIMIT;
	const char *close = memchr(cursor.at, ')', (size_t)(limit - cursor.at));
	return close ? close + 1 : NULL;
}

/* `import("x").Y` is a type, `import("x").then(...)` is a call. */
static bool names_member(struct cursor cursor)
{
	const char *after = call_end(cursor);
	if (!after)
		return false;
	cursor.at = after;
	if (!accept(&cursor, '.'))
		return false;
	struct str name = accept_name(&cursor);
	if (name.length == 0 || str_equal(name, STR("then")) || str_equal(name, STR("catch")) ||
	    str_equal(name, STR("finally")))
		return false;
	return peek(&cursor) != '(' && peek(&cursor) != '?';
}

static bool read_import_call(struct cursor *cursor, const struct javascript_dialect *dialect,
			     struct javascript_clause *out)
{
	if (!accept_call(cursor, out))
		return false;
	out->kind = dialect->declarations || (dialect->typescript && names_member(*cursor))
			    ? REFERENCE_TYPE
			    : REFERENCE_DYNAMIC;
	return true;
}

/* `import.defer("x")`, `import.source("x")`; `import.meta` is none. */
static bool read_import_phase(struct cursor *cursor, struct javascript_clause *out)
{
	cursor->at++;
	out->kind = REFERENCE_DYNAMIC;
	return (accept_word(cursor, STR("defer")) || accept_word(cursor, STR("source"))) &&
	       accept_call(cursor, out);
}

/* ---- import and export statements ---- */

/* `= require("x")`, after the name. */
static bool read_import_equals(struct cursor *cursor, struct javascript_clause *out)
{
	return accept(cursor, '=') && accept_word(cursor, STR("require")) &&
	       accept_call(cursor, out) && accept(cursor, ')');
}

/* What may follow `import` and a modifier: a name, `* as`, braces. */
static bool read_bindings(struct cursor *cursor, struct javascript_clause *out)
{
	bool all_types = false;
	if (accept_name(cursor).length > 0) {
		if (peek(cursor) == '=')
			return read_import_equals(cursor, out);
		if (accept(cursor, ',') &&
		    !(peek(cursor) == '{' ? accept_names(cursor, &all_types) : accept_star(cursor)))
			return false;
		all_types = false;
	} else if (peek(cursor) == '{') {
		if (!accept_names(cursor, &all_types))
			return false;
	} else if (!accept_star(cursor)) {
		return false;
	}
	if (all_types)
		out->kind = REFERENCE_TYPE;
	return accept_from(cursor, out);
}

/* Whether the word that was just passed is a modifier and not the name that is imported:
 * `type A from`, `type {`, `type *`, `type from from`; not `type from "x"`, `type, {`. */
static bool is_modifier(struct cursor cursor)
{
	char next = peek(&cursor);
	if (next == '{' || next == '*')
		return true;
	if (!at_word(&cursor))
		return false;
	if (!accept_word(&cursor, STR("from")))
		return true;
	next = peek(&cursor);
	return next != '"' && next != '\'';
}

static void accept_modifier(struct cursor *cursor, struct javascript_clause *out)
{
	struct cursor ahead = *cursor;
	struct str name = accept_name(&ahead);
	bool type = str_equal(name, STR("type")) || str_equal(name, STR("typeof"));
	if (!type && !str_equal(name, STR("defer")) && !str_equal(name, STR("source")))
		return;
	if (!is_modifier(ahead))
		return;
	*cursor = ahead;
	if (type)
		out->kind = REFERENCE_TYPE;
}

static bool read_import(struct cursor *cursor, const struct javascript_dialect *dialect,
			struct javascript_clause *out)
{
	switch (peek(cursor)) {
	case '(': return read_import_call(cursor, dialect, out);
	case '.': return read_import_phase(cursor, out);
	case '"':
	case '\'': out->statement = true; return accept_literal(cursor, false, out);
	default:
		out->statement = true;
		accept_modifier(cursor, out);
		return read_bindings(cursor, out);
	}
}

/* Whether a line break stands between the next word and what follows it. */
static bool breaks_line(struct cursor cursor)
{
	accept_name(&cursor);
	const char *from = cursor.at;
	skip_blank(&cursor);
	return memchr(from, '\n', (size_t)(cursor.at - from)) != NULL;
}

/* Babel's `export a from`, `export a, { b } from`, `export a, * as c from`. */
static bool read_export_default(struct cursor *cursor, struct javascript_clause *out)
{
	bool all_types;
	struct str name = accept_name(cursor);
	if (name.length == 0)
		return false;
	/* `export default from` may end at the line's end. */
	if (str_equal(name, STR("default")) && breaks_line(*cursor))
		return false;
	if (accept(cursor, ',') &&
	    !(peek(cursor) == '{' ? accept_names(cursor, &all_types) : accept_star(cursor)))
		return false;
	return accept_from(cursor, out);
}

static bool read_export(struct cursor *cursor, struct javascript_clause *out)
{
	bool all_types = false;
	out->statement = true;
	if (accept_word(cursor, STR("type")))
		out->kind = REFERENCE_TYPE;
	else if (at_word(cursor))
		return read_export_default(cursor, out);
	if (peek(cursor) == '{' ? !accept_names(cursor, &all_types) : !accept_star(cursor))
		return false;
	if (all_types)
		out->kind = REFERENCE_TYPE;
	return accept_from(cursor, out);
}

static bool read_require(struct cursor *cursor, struct javascript_clause *out)
{
	if (accept(cursor, '.') && !accept_word(cursor, STR("resolve")))
		return false;
	return accept_call(cursor, out);
}

bool javascript_clause_read(const char *at, const char *end,
			    const struct javascript_dialect *dialect, struct javascript_clause *out)
{
	/* "import", "export" and "require" differ in their first letter. */
	struct cursor cursor = {at + (*at == 'r' ? 7 : 6), end};
	bool found;
	*out = (struct javascript_clause){.kind = REFERENCE_IMPORT};
	if (*at == 'i')
		found = read_import(&cursor, dialect, out);
	else if (*at == 'e')
		found = read_export(&cursor, out);
	else
		found = read_require(&cursor, out);
	out->end = cursor.at;
	return found;
}
