/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_PLACES_H
#define MANIFEST_PLACES_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* Texts of a manifest, each with where it stands, so that one which leads nowhere can be told
 * with line and column. */

/* More of them in one file are refused. */
#define PLACES_LIMIT 10000

struct place {
	struct str text; /* NUL-terminated */
	uint32_t line;   /* from 1 */
	uint32_t column; /* from 1, in characters */
};

/* A zeroed struct is an empty list. Release with places_release(). */
struct places {
	struct place *items;
	size_t count;
	size_t capacity;
};

/* Frees the list, not its texts; it is then empty. */
void places_release(struct places *places);

/* Adds a copy of `text` that lives in `arena`; `file` is for the error. Errors: ERROR_LIMIT
 * past PLACES_LIMIT, ERROR_MEMORY. */
int places_add(struct places *places, struct arena *arena, const char *file, struct place place,
	       struct error *error) must_check;

/* Reads the texts in the list (or the one text) under `key` of the mapping that the YAML text
 * is; none when there is no such key. They live in `arena`. `file` is for the error. Errors:
 * ERROR_SYNTAX and ERROR_INVALID with a place, ERROR_LIMIT, ERROR_MEMORY; `out` is then empty. */
int places_read_yaml(const char *file, struct str text, struct str key, struct arena *arena,
		     struct places *out, struct error *error) must_check;

#endif
