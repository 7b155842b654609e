/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the few bytes that matter in C and C++, many bytes at a time. Must not know what they
 * mean.
 *
 * Invariant: reads at most SCANNER_PADDING bytes behind `end`, and finds nothing there. */
#include "scan/lang_c.h"

#include <stdint.h>
#include <string.h>

/* Whether "#define" and a blank stand at `hash`; the bytes are there, if only as padding. */
static inline bool is_define(const char *hash)
{
	return memcmp(hash, "#define ", 8) == 0 || memcmp(hash, "#define\t", 8) == 0;
}

static inline bool is_string_start(const char *at)
{
	return *at == '"' || *at == '<';
}

#ifdef __SSE2__

#include <immintrin.h>

#include "base/wide.h"

static const char *clamp(const char *at, const char *end)
{
	return at < end ? at : end;
}

static __m128i load(const char *at)
{
	return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static __m128i is_byte(__m128i bytes, char byte)
{
	return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte));
}

const char *c_find_stop(const char *at, const char *end)
{
	for (; at < end; at += 16) {
		__m128i here = load(at);
		__m128i quotes = _mm_or_si128(is_byte(here, '"'), is_byte(here, '\''));
		__m128i others = _mm_or_si128(is_byte(here, '/'), is_byte(here, '#'));
		__m128i digraph = _mm_and_si128(is_byte(here, '%'), is_byte(load(at + 1), ':'));
		int mask = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, others), digraph));
		if (mask)
			return clamp(at + __builtin_ctz((unsigned)mask), end);
	}
	return end;
}

const char *c_find_comment_end(const char *at, const char *end)
{
	for (; at < end; at += 16) {
		__m128i pair = _mm_and_si128(is_byte(load(at), '*'), is_byte(load(at + 1), '/'));
		int mask = _mm_movemask_epi8(pair);
		if (mask)
			return clamp(at + __builtin_ctz((unsigned)mask) + 2, end);
	}
	return end;
}

/* Where the line of a definition has a string, or may have another directive. */
static const char *find_string(const char *at, const char *end)
{
	for (; at < end; at += 16) {
		__m128i here = load(at);
		__m128i opening = _mm_or_si128(is_byte(here, '"'), is_byte(here, '<'));
		__m128i hashes = _mm_or_si128(is_byte(here, '#'), is_byte(here, '%'));
		__m128i found = _mm_or_si128(_mm_or_si128(opening, hashes), is_byte(here, '\n'));
		int mask = _mm_movemask_epi8(found);
		if (mask)
			return clamp(at + __builtin_ctz((unsigned)mask), end);
	}
	return end;
}

/* The bytes that c_find_candidate() looks for; `next` are those behind each of `here`. */
static int candidates(__m128i here, __m128i next, bool words)
{
	__m128i digraph = _mm_and_si128(is_byte(here, '%'), is_byte(next, ':'));
	__m128i found = _mm_or_si128(is_byte(here, '#'), digraph);
	if (words) {
		__m128i first = _mm_or_si128(is_byte(next, 'i'),
					     _mm_or_si128(is_byte(next, 'm'), is_byte(next, 'e')));
		found = _mm_or_si128(found, _mm_and_si128(is_byte(here, '\n'), first));
	}
	return _mm_movemask_epi8(found);
}

static const char *find_candidate(const char *at, const char *end, bool words)
{
	while (at < end) {
		int mask = candidates(load(at), load(at + 1), words);
		if (!mask) {
			at += 16;
			continue;
		}
		const char *found = at + __builtin_ctz((unsigned)mask);
		if (found >= end || !is_define(found))
			return clamp(found, end);
		at = find_string(found + 8, end);
		if (is_string_start(at))
			return found;
	}
	return end;
}

#ifdef HAVE_WIDE

enum { BLOCK = 64 };

wide_code static inline __m256i load_wide(const char *at)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

wide_code static inline __m256i is_byte_wide(__m256i bytes, char byte)
{
	return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte));
}

wide_code static inline uint64_t bits_of(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
							     << 32;
}

wide_code static inline __m256i candidates_wide(const char *at, bool words)
{
	__m256i here = load_wide(at), next = load_wide(at + 1);
	__m256i digraph = _mm256_and_si256(is_byte_wide(here, '%'), is_byte_wide(next, ':'));
	__m256i found = _mm256_or_si256(is_byte_wide(here, '#'), digraph);
	if (words) {
		__m256i first = _mm256_or_si256(
			is_byte_wide(next, 'i'),
			_mm256_or_si256(is_byte_wide(next, 'm'), is_byte_wide(next, 'e')));
		found = _mm256_or_si256(found, _mm256_and_si256(is_byte_wide(here, '\n'), first));
	}
	return found;
}

wide_code static inline __m256i strings_wide(__m256i here)
{
	__m256i opening = _mm256_or_si256(is_byte_wide(here, '"'), is_byte_wide(here, '<'));
	__m256i hashes = _mm256_or_si256(is_byte_wide(here, '#'), is_byte_wide(here, '%'));
	return _mm256_or_si256(_mm256_or_si256(opening, hashes), is_byte_wide(here, '\n'));
}

/* The bits from `bit` on. */
static inline uint64_t bits_from(unsigned bit)
{
	return bit < BLOCK ? ~(uint64_t)0 << bit : 0;
}

/* Each block is loaded once. A definition's line is passed in the bits of its block, or, where it
 * goes on, in those of the blocks behind it; `define` is where it began. */
wide_code static const char *find_candidate_wide(const char *at, const char *end, bool words)
{
	const char *define = NULL;
	for (; at < end; at += BLOCK) {
		__m256i low = load_wide(at), high = load_wide(at + 32);
		uint64_t found =
			bits_of(candidates_wide(at, words), candidates_wide(at + 32, words));
		if (!found && !define)
			continue;
		uint64_t stops = bits_of(strings_wide(low), strings_wide(high));
		uint64_t left = ~(uint64_t)0;
		for (uint64_t wanted; (wanted = (define ? stops : found) & left);) {
			unsigned bit = (unsigned)__builtin_ctzll(wanted);
			const char *here = at + bit;
			if (define && is_string_start(here))
				return define;
			if (!define && (here >= end || !is_define(here)))
				return clamp(here, end);
			left = bits_from(define ? bit : bit + 8);
			define = define ? NULL : here;
		}
	}
	return end;
}

#endif

const char *c_find_candidate(const char *at, const char *end, bool words)
{
#ifdef HAVE_WIDE
	if (wide_is_here)
		return find_candidate_wide(at, end, words);
#endif
	return find_candidate(at, end, words);
}

#else

const char *c_find_stop(const char *at, const char *end)
{
	while (at < end && *at != '"' && *at != '\'' && *at != '/' && *at != '#' &&
	       !(at[0] == '%' && at[1] == ':'))
		at++;
	return at;
}

const char *c_find_comment_end(const char *at, const char *end)
{
	while (at < end && !(at[0] == '*' && at[1] == '/'))
		at++;
	return at < end ? at + 2 : end;
}

static const char *find_string(const char *at, const char *end)
{
	while (at < end && *at != '"' && *at != '<' && *at != '#' && *at != '%' && *at != '\n')
		at++;
	return at;
}

static bool is_candidate(const char *at, bool words)
{
	return *at == '#' || (at[0] == '%' && at[1] == ':') ||
	       (words && at[0] == '\n' && (at[1] == 'i' || at[1] == 'm' || at[1] == 'e'));
}

const char *c_find_candidate(const char *at, const char *end, bool words)
{
	while (at < end) {
		if (!is_candidate(at, words)) {
			at++;
			continue;
		}
		const char *string = is_define(at) ? find_string(at + 8, end) : NULL;
		if (!string || is_string_start(string))
			return at;
		at = string;
	}
	return end;
}

#endif
