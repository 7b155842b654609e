/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A run of bytes that somebody else owns; not NUL-terminated unless its maker says so. */
struct str {
	const char *at;
	size_t length;
};

/* The str of a string literal. */
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

/* Both parts of a printf "%.*s". */
#define STR_ARG(text) (int)(text).length, (text).at

/* NULL gives the empty str. */
static inline struct str str_of(const char *text)
{
	return (struct str){text, text ? strlen(text) : 0};
}

/* Whether all bytes are the same. */
static inline bool str_equal(struct str a, struct str b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

/* Whether the first bytes are those of `prefix`; the empty one is always there. */
static inline bool str_starts(struct str text, struct str prefix)
{
	return text.length >= prefix.length &&
	       (prefix.length == 0 || memcmp(text.at, prefix.at, prefix.length) == 0);
}

/* Whether the last bytes are those of `suffix`. */
static inline bool str_ends(struct str text, struct str suffix)
{
	return text.length >= suffix.length &&
	       (suffix.length == 0 ||
		memcmp(text.at + text.length - suffix.length, suffix.at, suffix.length) == 0);
}

/* The part from byte `from` on; empty past the end. */
static inline struct str str_from(struct str text, size_t from)
{
	if (from > text.length)
		from = text.length;
	return (struct str){text.at + from, text.length - from};
}

/* The first `length` bytes, or all when there are fewer. */
static inline struct str str_first(struct str text, size_t length)
{
	return (struct str){text.at, length < text.length ? length : text.length};
}

/* Orders by bytes, as memcmp() does; a prefix comes first. */
int str_compare(struct str a, struct str b);

/* Offset of the first (last) `byte`, or -1. */
ptrdiff_t str_find(struct str text, char byte);
ptrdiff_t str_find_last(struct str text, char byte);

/* Without leading and trailing blanks, tabs, CR and LF. */
struct str str_trim(struct str text);

/* Cuts the part before the next `separator` off `*rest` and returns it; false when `*rest`
 * was exhausted (its `at` is NULL then). "a,,b" yields "a", "", "b". */
bool str_split(struct str *rest, char separator, struct str *out);

/* Number of edits (insert, delete, replace, swap of neighbours) from a to b, at most
 * `limit` + 1. Texts over 64 bytes count as `limit` + 1 apart. For "did you mean". */
unsigned str_distance(struct str a, struct str b, unsigned limit);

/* The candidate nearest to `wrong` in edits, if near enough to suggest; else an empty str. */
struct str str_nearest(struct str wrong, const struct str *candidates, size_t count);

#endif
