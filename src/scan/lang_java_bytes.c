/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the bytes that matter in Java source, 32 or 16 at a time where the machine can.
 * Knows bytes only, no syntax. */
#include "scan/lang_java_bytes.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include "base/wide.h"

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

#ifdef HAVE_WIDE

enum { WIDE_LANE = 32 };

wide_code static inline __m256i load_wide(const char *at)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

wide_code static inline uint64_t bits_wide(__m256i bytes)
{
	return (uint32_t)_mm256_movemask_epi8(bytes);
}

wide_code static inline __m256i letters_wide(__m256i bytes)
{
	__m256i lower = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
	__m256i moved = _mm256_sub_epi8(lower, _mm256_set1_epi8((char)('a' + 128)));
	return _mm256_cmpgt_epi8(_mm256_set1_epi8(26 - 128), moved);
}

/* No two of the marks end in the same four bits, so a table of sixteen says of every byte
 * which mark it could be. (A byte over 0x7F is looked up as 0.) */
wide_code static inline __m256i marks_wide(__m256i bytes)
{
	const __m128i table =
		_mm_setr_epi8(-1, 0, '"', 0, 0, 0, 0, '\'', 0, 0, 0, '{', 0, '}', 0, '/');
	__m256i could_be = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), bytes);
	return _mm256_cmpeq_epi8(could_be, bytes);
}

wide_code static uint64_t events_wide(const char *at, bool after_letter)
{
	__m256i low = load_wide(at);
	__m256i high = load_wide(at + WIDE_LANE);
	uint64_t letter = bits_wide(letters_wide(low)) | bits_wide(letters_wide(high)) << WIDE_LANE;
	uint64_t mark = bits_wide(marks_wide(low)) | bits_wide(marks_wide(high)) << WIDE_LANE;
	/* Bit 5 of a byte, which tells lower from upper, moves to where it is taken. */
	uint64_t lower = bits_wide(_mm256_slli_epi16(low, 2)) |
			 bits_wide(_mm256_slli_epi16(high, 2)) << WIDE_LANE;
	return mark | (letter & ~lower & ~(letter << 1 | (after_letter ? 1 : 0)));
}

wide_code static const char *comment_end_wide(const char *at, const char *end)
{
	const __m256i star = _mm256_set1_epi8('*');
	const __m256i slash = _mm256_set1_epi8('/');
	for (; at < end; at += WIDE_LANE) {
		__m256i stars = _mm256_cmpeq_epi8(load_wide(at), star);
		__m256i slashes = _mm256_cmpeq_epi8(load_wide(at + 1), slash);
		uint64_t found = bits_wide(_mm256_and_si256(stars, slashes));
		if (found) {
			at += __builtin_ctzll(found) + 2;
			break;
		}
	}
	return at < end ? at : end;
}

#endif

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

static inline __m128i letters(__m128i bytes)
{
	return java_in_range(either(bytes, _mm_set1_epi8(0x20)), 'a', 26);
}

static inline __m128i marks(__m128i bytes)
{
	__m128i quotes = either(equal(bytes, '"'), equal(bytes, '\''));
	__m128i braces = either(equal(bytes, '{'), equal(bytes, '}'));
	return either(either(quotes, braces), equal(bytes, '/'));
}

static uint64_t events_here(const char *at, bool after_letter)
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

static const char *comment_end_here(const char *at, const char *end)
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

static uint64_t events_here(const char *at, bool after_letter)
{
	uint64_t events = 0;
	for (int i = 0; i < JAVA_BLOCK; i++) {
		bool event = is_mark(at[i]) || (!after_letter && java_is(at[i], JAVA_BYTE_CAPITAL));
		events |= (uint64_t)event << i;
		after_letter = is_letter(at[i]);
	}
	return events;
}

const char *java_find(const char *at, const char *end, char a, char b, char c)
{
	while (at < end && *at != a && *at != b && *at != c)
		at++;
	return at;
}

static const char *comment_end_here(const char *at, const char *end)
{
	for (; at < end; at++)
		if (at[0] == '*' && at[1] == '/')
			return at + 2 < end ? at + 2 : end;
	return end;
}

#endif

uint64_t java_events(const char *at, bool after_letter)
{
#ifdef HAVE_WIDE
	if (wide_is_here)
		return events_wide(at, after_letter);
#endif
	return events_here(at, after_letter);
}

const char *java_comment_end(const char *at, const char *end)
{
#ifdef HAVE_WIDE
	if (wide_is_here)
		return comment_end_wide(at, end);
#endif
	return comment_end_here(at, end);
}
