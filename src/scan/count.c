/* SPDX-License-Identifier: Apache-2.0 */
/* Counts newlines and characters, 64, 16 or one byte at a time as the machine can. Knows no
 * language. Compilers leave such loops as they are at -O2, and they would be a third of a
 * whole check. */
#include "scan/count.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include "base/utf8.h"
#include "base/wide.h"

#ifdef HAVE_WIDE

enum { BLOCK = 64 };

/* The bits of those of a block's bytes that are before `to`, at most BLOCK behind `at`. */
static inline uint64_t bits_before(const char *at, const char *to)
{
	return to > at ? ~(uint64_t)0 >> (BLOCK - (to - at)) : 0;
}

wide_code static inline uint64_t newlines_of(const char *at)
{
	const __m256i newline = _mm256_set1_epi8('\n');
	__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)at);
	__m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(at + 32));
	low = _mm256_cmpeq_epi8(low, newline);
	high = _mm256_cmpeq_epi8(high, newline);
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
							     << 32;
}

/* Continuation bytes are the least there are when bytes have signs. */
wide_code static inline uint64_t characters_of(const char *at)
{
	const __m256i last = _mm256_set1_epi8((char)0xBF);
	__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)at);
	__m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(at + 32));
	low = _mm256_cmpgt_epi8(low, last);
	high = _mm256_cmpgt_epi8(high, last);
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
							     << 32;
}

wide_code static uint32_t count_newlines_wide(const char *from, const char *to, const char **line)
{
	uint32_t count = 0;
	const char *last = from;
	uint64_t last_found = 0;
	uint64_t found;
	for (; to - from > BLOCK; from += BLOCK) {
		found = newlines_of(from);
		count += (uint32_t)__builtin_popcountll(found);
		last = found ? from : last;
		last_found = found ? found : last_found;
	}
	found = newlines_of(from) & bits_before(from, to);
	count += (uint32_t)__builtin_popcountll(found);
	if (found)
		*line = from + BLOCK - __builtin_clzll(found);
	else if (last_found)
		*line = last + BLOCK - __builtin_clzll(last_found);
	return count;
}

wide_code static uint32_t count_characters_wide(const char *from, const char *to)
{
	uint32_t count = 0;
	for (; to - from > BLOCK; from += BLOCK)
		count += (uint32_t)__builtin_popcountll(characters_of(from));
	return count + (uint32_t)__builtin_popcountll(characters_of(from) & bits_before(from, to));
}

#endif

#ifdef __SSE2__

/* Each lane counts in a byte, which is emptied before it overflows. */
static uint32_t count_newlines_here(const char *from, const char *to)
{
	enum { LANES = 16, ROUNDS = 255 };
	const __m128i newline = _mm_set1_epi8('\n');
	__m128i sum = _mm_setzero_si128();
	while (to - from >= LANES) {
		__m128i counts = _mm_setzero_si128();
		for (int i = 0; i < ROUNDS && to - from >= LANES; i++, from += LANES) {
			__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
			counts = _mm_sub_epi8(counts, _mm_cmpeq_epi8(bytes, newline));
		}
		sum = _mm_add_epi64(sum, _mm_sad_epu8(counts, _mm_setzero_si128()));
	}
	uint32_t count = (uint32_t)_mm_cvtsi128_si32(sum) +
			 (uint32_t)_mm_cvtsi128_si32(_mm_srli_si128(sum, 8));
	for (; from < to; from++)
		count += *from == '\n';
	return count;
}

#else

static uint32_t count_newlines_here(const char *from, const char *to)
{
	uint32_t count = 0;
	for (; from < to; from++)
		count += *from == '\n';
	return count;
}

#endif

uint32_t count_newlines(const char *from, const char *to, const char **line)
{
#ifdef HAVE_WIDE
	if (wide_is_here)
		return count_newlines_wide(from, to, line);
#endif
	uint32_t count = count_newlines_here(from, to);
	if (count > 0)
		*line = (const char *)memrchr(from, '\n', (size_t)(to - from)) + 1;
	return count;
}

uint32_t count_characters(const char *from, const char *to)
{
#ifdef HAVE_WIDE
	if (wide_is_here)
		return count_characters_wide(from, to);
#endif
	return utf8_count((struct str){from, (size_t)(to - from)});
}
