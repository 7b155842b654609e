/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* A growing text, always NUL-terminated. Once memory ran out `failed` is set and all
 * further additions do nothing: callers add freely and ask once at the end.
 * A zeroed struct is an empty text. */
struct text {
	char *at; /* NULL while nothing was ever added */
	size_t length;
	size_t capacity;
	bool failed;
};

/* Frees the bytes and leaves the text empty. */
void text_release(struct text *text);

/* Empties the text, keeps its memory, forgets a failure. */
void text_clear(struct text *text);

/* Adds bytes, which must not be the text's own. */
void text_add(struct text *text, struct str more);
/* Adds one byte. */
void text_add_byte(struct text *text, char byte);
/* Adds a formatted text. */
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds `more` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void text_add_json(struct text *text, struct str more);

/* Adds `more` with & < > " ' escaped, good in XML and HTML, in text and in attributes.
 * Bytes that are not UTF-8, and characters that XML forbids, become U+FFFD. */
void text_add_xml(struct text *text, struct str more);

/* Adds a number with a comma before each group of three digits: 1,234,567. */
void text_add_number(struct text *text, uint64_t number);

/* Adds a number like text_add_number() and what it counts, with an s for all but one: "1 line",
 * "2,000 lines". */
void text_add_count(struct text *text, uint64_t count, const char *noun);

/* What was added so far; valid until the next addition. */
struct str text_str(const struct text *text);

#endif
