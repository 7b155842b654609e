/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCAN_LANG_JAVA_BYTES_H
#define SCAN_LANG_JAVA_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Which bytes can matter in Java source, many at a time. Every function may read up to
 * SCANNER_PADDING bytes behind the end of the source. */

enum {
	JAVA_BYTE_NAME = 1,  /* may stand in an identifier; all of non-ASCII may */
	JAVA_BYTE_START = 2, /* may begin one */
	JAVA_BYTE_SPACE = 4,
	JAVA_BYTE_CAPITAL = 8, /* A to Z */
	JAVA_BYTE_ENDING = 16, /* may end what stands before a declared type's name */
};

/* How many bytes java_look() looks at. */
enum { JAVA_BLOCK = 64 };

/* What stands where in a block, one bit a byte. */
struct java_block {
	uint64_t events; /* a quote, a slash, a brace, or a capital that begins a name */
	uint64_t names;  /* may stand in an identifier */
};

extern const uint8_t JAVA_BYTES[256];

/* Whether the byte is of one of the classes in `what`. */
static inline bool java_is(char byte, unsigned what)
{
	return (JAVA_BYTES[(uint8_t)byte] & what) != 0;
}

/* Looks at the JAVA_BLOCK bytes from `at`. `after_name` says whether the byte before may stand
 * in an identifier, too. */
struct java_block java_look(const char *at, bool after_name);

#ifdef __SSE2__

/* 0xFF where first <= byte < first + count, in one signed comparison: the bytes are moved so
 * that the range starts at the least value there is. */
static inline __m128i java_in_range(__m128i bytes, char first, int count)
{
	__m128i moved = _mm_sub_epi8(bytes, _mm_set1_epi8((char)(first + 128)));
	return _mm_cmplt_epi8(moved, _mm_set1_epi8((char)(count - 128)));
}

/* 0xFF where a byte may stand in an identifier, or is `also`. The top bit is set of all that
 * is not ASCII; only that bit counts here. */
static inline __m128i java_names(__m128i bytes, char also)
{
	__m128i letters = java_in_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 26);
	__m128i digits = java_in_range(bytes, '0', 10);
	__m128i others = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')),
				      _mm_cmpeq_epi8(bytes, _mm_set1_epi8('$')));
	__m128i more = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(also)), bytes);
	return _mm_or_si128(_mm_or_si128(letters, digits), _mm_or_si128(others, more));
}

/* The first byte from `at` on that is no part of an identifier, and not `also`. */
static inline const char *java_run_end(const char *at, char also)
{
	for (;; at += sizeof(__m128i)) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
		unsigned stops = ~(unsigned)_mm_movemask_epi8(java_names(bytes, also)) & 0xFFFF;
		if (stops)
			return at + __builtin_ctz(stops);
	}
}

#else

/* The first byte from `at` on that is no part of an identifier, and not `also`. */
static inline const char *java_run_end(const char *at, char also)
{
	while (java_is(*at, JAVA_BYTE_NAME) || *at == also)
		at++;
	return at;
}

#endif

/* The first byte from `at` on that is no part of an identifier. */
static inline const char *java_name_end(const char *at)
{
	return java_run_end(at, '_');
}

/* The first byte from `at` on that is no part of an identifier, and no dot. */
static inline const char *java_dotted_end(const char *at)
{
	return java_run_end(at, '.');
}

/* The first of three bytes in `at` to `end`, or `end`. */
const char *java_find(const char *at, const char *end, char a, char b, char c);

/* Behind the first star and slash in `at` to `end`, or `end`. */
const char *java_comment_end(const char *at, const char *end);

#endif
