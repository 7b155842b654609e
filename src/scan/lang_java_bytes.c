/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the bytes that matter in Java source, sixteen at a time where the machine can.
 * Knows bytes only, no syntax. */
#include "scan/lang_java_bytes.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
	NAME = JAVA_BYTE_NAME,
	LETTER = JAVA_BYTE_NAME | JAVA_BYTE_START,
	CAPITAL = JAVA_BYTE_NAME | JAVA_BYTE_START | JAVA_BYTE_CAPITAL,
	SPACE = JAVA_BYTE_SPACE,
};

const uint8_t JAVA_BYTES[256] = {
	['\t'] = SPACE,          ['\n'] = SPACE,         ['\f'] = SPACE,
	['\r'] = SPACE,          [' '] = SPACE,          ['$'] = LETTER,
	['_'] = LETTER,          ['0' ... '9'] = NAME,   ['A'] = CAPITAL,
	['B'] = CAPITAL,         ['C'] = CAPITAL,        ['D'] = CAPITAL,
	['E' ... 'Z'] = CAPITAL, ['a' ... 'z'] = LETTER, [0x80 ... 0xFF] = LETTER,
};

#ifdef __SSE2__

enum { LANE = 16 };

static inline __m128i load(const char *at)
{
	return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static inline unsigned bits(__m128i bytes)
{
	return (unsigned)_mm_movemask_epi8(bytes);
}

static inline __m128i equal(__m128i bytes, char byte)
{
	return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte));
}

static inline __m128i either(__m128i a, __m128i b)
{
	return _mm_or_si128(a, b);
}

/* 0xFF where first <= byte < first + count, in one signed comparison: the bytes are moved so
 * that the range starts at the least value there is. */
static inline __m128i in_range(__m128i bytes, char first, int count)
{
	__m128i moved = _mm_sub_epi8(bytes, _mm_set1_epi8((char)(first + 128)));
	return _mm_cmplt_epi8(moved, _mm_set1_epi8((char)(count - 128)));
}

static inline __m128i letters(__m128i bytes)
{
	return in_range(either(bytes, _mm_set1_epi8(0x20)), 'a', 26);
}

static inline __m128i marks(__m128i bytes)
{
	__m128i quotes = either(equal(bytes, '"'), equal(bytes, '\''));
	__m128i braces = either(equal(bytes, '{'), equal(bytes, '}'));
	return either(either(quotes, braces), equal(bytes, '/'));
}

uint64_t java_events(const char *at, bool after_letter)
{
	uint64_t letter = 0;
	uint64_t lower = 0;
	uint64_t mark = 0;
	for (int i = 0; i < JAVA_BLOCK; i += LANE) {
		__m128i bytes = load(at + i);
		letter |= (uint64_t)bits(letters(bytes)) << i;
		/* Bit 5 of a byte, which tells lower from upper, moves to where it is taken. */
		lower |= (uint64_t)bits(_mm_slli_epi16(bytes, 2)) << i;
		mark |= (uint64_t)bits(marks(bytes)) << i;
	}
	return mark | (letter & ~lower & ~(letter << 1 | (after_letter ? 1 : 0)));
}

const char *java_name_end(const char *at)
{
	for (;; at += LANE) {
		__m128i bytes = load(at);
		__m128i digits = in_range(bytes, '0', 10);
		__m128i others = either(equal(bytes, '_'), equal(bytes, '$'));
		/* The top bit is set of all that is not ASCII. */
		__m128i name = either(either(letters(bytes), digits), either(others, bytes));
		unsigned stops = ~bits(name) & 0xFFFF;
		if (stops)
			return at + __builtin_ctz(stops);
	}
}

const char *java_find(const char *at, const char *end, char a, char b, char c)
{
	for (; at < end; at += LANE) {
		__m128i bytes = load(at);
		unsigned found =
			bits(either(either(equal(bytes, a), equal(bytes, b)), equal(bytes, c)));
		if (found) {
			at += __builtin_ctz(found);
			break;
		}
	}
	return at < end ? at : end;
}

const char *java_comment_end(const char *at, const char *end)
{
	for (; at < end; at += LANE) {
		unsigned found =
			bits(_mm_and_si128(equal(load(at), '*'), equal(load(at + 1), '/')));
		if (found) {
			at += __builtin_ctz(found) + 2;
			break;
		}
	}
	return at < end ? at : end;
}

#else

static bool is_letter(char byte)
{
	return java_is(byte, JAVA_BYTE_START) && byte != '$' && byte != '_' && (uint8_t)byte < 0x80;
}

static bool is_mark(char byte)
{
	return byte == '"' || byte == '\'' || byte == '/' || byte == '{' || byte == '}';
}

uint64_t java_events(const char *at, bool after_letter)
{
	uint64_t events = 0;
	for (int i = 0; i < JAVA_BLOCK; i++) {
		bool event = is_mark(at[i]) || (!after_letter && java_is(at[i], JAVA_BYTE_CAPITAL));
		events |= (uint64_t)event << i;
		after_letter = is_letter(at[i]);
	}
	return events;
}

const char *java_name_end(const char *at)
{
	while (java_is(*at, JAVA_BYTE_NAME))
		at++;
	return at;
}

const char *java_find(const char *at, const char *end, char a, char b, char c)
{
	while (at < end && *at != a && *at != b && *at != c)
		at++;
	return at;
}

const char *java_comment_end(const char *at, const char *end)
{
	for (; at < end; at++)
		if (at[0] == '*' && at[1] == '/')
			return at + 2 < end ? at + 2 : end;
	return end;
}

#endif
