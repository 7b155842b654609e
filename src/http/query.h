/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* Escapes of URLs, and what HTML forms and query strings are made of. */

/* What came of a look-up. */
enum http_found {
	HTTP_MISSING,
	HTTP_FOUND,
	HTTP_MALFORMED, /* a '%' that is not followed by two hex digits, or no memory */
};

/* `raw` with its %xx replaced; with `plus`, '+' is a blank, as in forms. `*out` is `raw` itself
 * where nothing is to be replaced, else it lives in the arena. May yield any bytes, also NUL.
 * False for a broken escape, and without memory (the arena's `failed` tells which). */
bool http_unescape(struct arena *arena, struct str raw, bool plus, struct str *out);

/* Takes the next pair off a query string or a body of application/x-www-form-urlencoded and
 * unescapes it. A pair without '=' has an empty value; empty pairs are skipped. HTTP_MISSING at
 * the end. */
enum http_found http_query_next(struct arena *arena, struct str *rest, struct str *name,
				struct str *value);

/* The value of the first pair of that name. HTTP_MALFORMED if a pair up to it is. */
enum http_found http_query_get(struct arena *arena, struct str query, struct str name,
			       struct str *value);

#endif
