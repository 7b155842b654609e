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
	SPACE = JAVA_BYTE_SPACE | JAVA_BYTE_ENDING,
	ENDING = JAVA_BYTE_ENDING,
};

/* "class", "interface", "enum" and "record" end with s, e, m and d, a comment with a slash. */
const uint8_t JAVA_BYTES[256] = {
	['\t'] = SPACE,          ['\n'] = SPACE,          ['\f'] = SPACE,
	['\r'] = SPACE,          [' '] = SPACE,           ['/'] = ENDING,
	['$'] = LETTER,          ['_'] = LETTER,          ['0' ... '9'] = NAME,
	['A' ... 'Z'] = CAPITAL, ['a' ... 'c'] = LETTER,  ['d' ... 'e'] = LETTER | ENDING,
	['f' ... 'l'] = LETTER,  ['m'] = LETTER | ENDING, ['n' ... 'r'] = LETTER,
	['s'] = LETTER | ENDING, ['t' ... 'z'] = LETTER,  [0x80 ... 0xFF] = LETTER,
};

/* The block of which `capitals`, `names` and `marks` are known. */
static inline struct java_block block_of(uint64_t capitals, uint64_t names, uint64_t marks,
					 bool after_name)
{
	uint64_t begins = capitals & ~(names << 1 | (after_name ? 1 : 0));
	return (struct java_block){begins | marks, names};
}

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

wide_code static inline __m256i capitals_wide(__m256i bytes)
{
	__m256i moved = _mm256_sub_epi8(bytes, _mm256_set1_epi8((char)('A' + 128)));
	return _mm256_cmpgt_epi8(_mm256_set1_epi8(26 - 128), moved);
}

/* The bytes that may stand in an identifier, by their halves of four bits: a bit is one of the
 * sets 0-9, A-O with a-o, P-Z with p-z, '_' and '$', and a byte is in the set that both of its
 * halves are in. The top bit of what is returned counts, and says which bytes are in none. */
wide_code static inline __m256i others_wide(__m256i bytes)
{
	enum { DIGIT = 1, A_TO_O = 2, P_TO_Z = 4, LINE = 8, DOLLAR = 16 };
	enum { FIRST = DIGIT | P_TO_Z, BOTH = DIGIT | A_TO_O | P_TO_Z };
	const __m128i low_table =
		_mm_setr_epi8(FIRST, BOTH, BOTH, BOTH, BOTH | DOLLAR, BOTH, BOTH, BOTH, BOTH, BOTH,
			      A_TO_O | P_TO_Z, A_TO_O, A_TO_O, A_TO_O, A_TO_O, A_TO_O | LINE);
	const __m128i high_table = _mm_setr_epi8(0, 0, DOLLAR, DIGIT, A_TO_O, P_TO_Z | LINE, A_TO_O,
						 P_TO_Z, 0, 0, 0, 0, 0, 0, 0, 0);
	__m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
	high = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(high_table), high);
	__m256i low = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(low_table), bytes);
	__m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(low, high), _mm256_setzero_si256());
	return _mm256_andnot_si256(bytes, none);
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

wide_code static struct java_block look_wide(const char *at, bool after_name)
{
	__m256i low = load_wide(at);
	__m256i high = load_wide(at + WIDE_LANE);
	uint64_t others = bits_wide(others_wide(low)) | bits_wide(others_wide(high)) << WIDE_LANE;
	uint64_t marks = bits_wide(marks_wide(low)) | bits_wide(marks_wide(high)) << WIDE_LANE;
	uint64_t capitals = bits_wide(capitals_wide(low)) | bits_wide(capitals_wide(high))
								    << WIDE_LANE;
	return block_of(capitals, ~others, marks, after_name);
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

static inline __m128i marks(__m128i bytes)
{
	__m128i quotes = either(equal(bytes, '"'), equal(bytes, '\''));
	__m128i braces = either(equal(bytes, '{'), equal(bytes, '}'));
	return either(either(quotes, braces), equal(bytes, '/'));
}

static struct java_block look_here(const char *at, bool after_name)
{
	uint64_t capitals = 0;
	uint64_t names = 0;
	uint64_t found = 0;
	for (int i = 0; i < JAVA_BLOCK; i += LANE) {
		__m128i bytes = load(at + i);
		capitals |= (uint64_t)bits(java_in_range(bytes, 'A', 26)) << i;
		names |= (uint64_t)bits(java_names(bytes, '_')) << i;
		found |= (uint64_t)bits(marks(bytes)) << i;
	}
	return block_of(capitals, names, found, after_name);
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

static bool is_mark(char byte)
{
	return byte == '"' || byte == '\'' || byte == '/' || byte == '{' || byte == '}';
}

static struct java_block look_here(const char *at, bool after_name)
{
	uint64_t capitals = 0;
	uint64_t names = 0;
	uint64_t found = 0;
	for (int i = 0; i < JAVA_BLOCK; i++) {
		capitals |= (uint64_t)java_is(at[i], JAVA_BYTE_CAPITAL) << i;
		names |= (uint64_t)java_is(at[i], JAVA_BYTE_NAME) << i;
		found |= (uint64_t)is_mark(at[i]) << i;
	}
	return block_of(capitals, names, found, after_name);
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

struct java_block java_look(const char *at, bool after_name)
{
#ifdef HAVE_WIDE
	if (wide_is_here)
		return look_wide(at, after_name);
#endif
	return look_here(at, after_name);
}

const char *java_comment_end(const char *at, const char *end)
{
#ifdef HAVE_WIDE
	if (wide_is_here)
		return comment_end_wide(at, end);
#endif
	return comment_end_here(at, end);
}
