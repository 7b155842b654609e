/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCAN_LANG_JAVA_BYTES_H
#define SCAN_LANG_JAVA_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which bytes can matter in Java source, many at a time. Every function may read up to
 * SCANNER_PADDING bytes behind the end of the source. */

enum {
	JAVA_BYTE_NAME = 1,  /* may stand in an identifier; all of non-ASCII may */
	JAVA_BYTE_START = 2, /* may begin one */
	JAVA_BYTE_SPACE = 4,
	JAVA_BYTE_CAPITAL = 8, /* A to Z */
};

/* How many bytes java_events() looks at. */
enum { JAVA_BLOCK = 64 };

extern const uint8_t JAVA_BYTES[256];

/* Whether the byte is of one of the classes in `what`. */
static inline bool java_is(char byte, unsigned what)
{
	return (JAVA_BYTES[(uint8_t)byte] & what) != 0;
}

/* One bit for each of the JAVA_BLOCK bytes from `at` that is a quote, a slash, a brace, or a
 * capital that no letter precedes. `after_letter` tells it of the byte before `at`. */
uint64_t java_events(const char *at, bool after_letter);

/* The first byte from `at` on that is no part of an identifier. */
const char *java_name_end(const char *at);

/* The first of three bytes in `at` to `end`, or `end`. */
const char *java_find(const char *at, const char *end, char a, char b, char c);

/* Behind the first star and slash in `at` to `end`, or `end`. */
const char *java_comment_end(const char *at, const char *end);

#endif
