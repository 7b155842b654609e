/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_JSON_H
#define MANIFEST_JSON_H

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* JSON files of package managers and compilers. */

/* Larger files are refused, in bytes. */
#define JSON_SIZE_LIMIT ((size_t)4 << 20)

enum json_dialect {
	JSON_PLAIN,
	/* With // and block comments, and commas before a closing bracket; nothing at all is an
	 * empty object. */
	JSON_COMMENTS,
};

/* Parses `text`, which must be an object; `path` is for the error. The caller owns `out`
 * (json_decref, or _cleanup_(json_releasep)). A byte order mark is passed over. Errors:
 * ERROR_SYNTAX with line and column (nesting over 2,048, and text that is not UTF-8, count as
 * such), ERROR_LIMIT, ERROR_MEMORY. */
int json_parse(const char *path, struct str text, enum json_dialect dialect, json_t **out,
	       struct error *error) must_check;

/* json_decref() of *object for _cleanup_. */
void json_releasep(json_t **object);

/* A copy of the string under `key`; the empty str when there is none, or it is no string. */
struct str json_text(const json_t *object, const char *key, struct arena *arena);

/* A copy of `value`, which is a string or NULL. */
struct str json_string_copy(const json_t *value, struct arena *arena);

struct str_list {
	const struct str *items;
	size_t count;
};

/* Copies of the strings in `value`: an array's, or itself when it is a string. What is no
 * string is left out. Without memory the list is empty and the arena says `failed`. */
struct str_list json_texts(const json_t *value, struct arena *arena);

#endif
