/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCAN_LANG_PYTHON_BYTES_H
#define SCAN_LANG_PYTHON_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Which of the 16 bytes from `at` on can matter to Python's scanner, as a bit mask. All of
 * them may read as far as SCANNER_PADDING allows behind the end of a source. */

enum { BYTES_STEP = 16 };

#ifdef __SSE2__

/* The 16 bytes; any address will do. */
static inline __m128i bytes_load(const char *at)
{
	return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* All ones where a byte is `byte`. */
static inline __m128i bytes_equal(__m128i bytes, char byte)
{
	return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte));
}

/* Where `first` is followed by `second`. */
static inline unsigned bytes_pair(const char *at, char first, char second)
{
	return (unsigned)_mm_movemask_epi8(_mm_and_si128(bytes_equal(bytes_load(at), first),
							 bytes_equal(bytes_load(at + 1), second)));
}

/* Quotes, '#', the "mp" of "import" and the "_C" of "TYPE_CHECKING". */
static inline unsigned bytes_marks(const char *at)
{
	__m128i here = bytes_load(at);
	__m128i next = bytes_load(at + 1);
	__m128i quotes = _mm_or_si128(bytes_equal(here, '"'), bytes_equal(here, '\''));
	__m128i import = _mm_and_si128(bytes_equal(here, 'm'), bytes_equal(next, 'p'));
	__m128i check = _mm_and_si128(bytes_equal(here, '_'), bytes_equal(next, 'C'));
	__m128i words = _mm_or_si128(import, check);
	__m128i marks = _mm_or_si128(_mm_or_si128(quotes, bytes_equal(here, '#')), words);
	return (unsigned)_mm_movemask_epi8(marks);
}

/* `quote`, backslashes and line ends. */
static inline unsigned bytes_string(const char *at, char quote)
{
	__m128i here = bytes_load(at);
	__m128i ends = _mm_or_si128(bytes_equal(here, '\n'), bytes_equal(here, '\r'));
	__m128i marks = _mm_or_si128(bytes_equal(here, quote), bytes_equal(here, '\\'));
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(ends, marks));
}

/* `first` and `second`. */
static inline unsigned bytes_either(const char *at, char first, char second)
{
	__m128i here = bytes_load(at);
	return (unsigned)_mm_movemask_epi8(
		_mm_or_si128(bytes_equal(here, first), bytes_equal(here, second)));
}

#else

/* Where `first` is followed by `second`. */
static inline unsigned bytes_pair(const char *at, char first, char second)
{
	unsigned mask = 0;
	for (unsigned i = 0; i < BYTES_STEP; i++)
		mask |= (unsigned)(at[i] == first && at[i + 1] == second) << i;
	return mask;
}

/* `first` and `second`. */
static inline unsigned bytes_either(const char *at, char first, char second)
{
	unsigned mask = 0;
	for (unsigned i = 0; i < BYTES_STEP; i++)
		mask |= (unsigned)(at[i] == first || at[i] == second) << i;
	return mask;
}

/* Quotes, '#', the "mp" of "import" and the "_C" of "TYPE_CHECKING". */
static inline unsigned bytes_marks(const char *at)
{
	return bytes_either(at, '"', '\'') | bytes_either(at, '#', '#') | bytes_pair(at, 'm', 'p') |
	       bytes_pair(at, '_', 'C');
}

/* `quote`, backslashes and line ends. */
static inline unsigned bytes_string(const char *at, char quote)
{
	return bytes_either(at, quote, '\\') | bytes_either(at, '\n', '\r');
}

#endif

#endif
