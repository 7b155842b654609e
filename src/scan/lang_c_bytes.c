/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the few bytes that matter in C and C++, many bytes at a time. Must not know what they
 * mean.
 *
 * Invariant: reads at most SCANNER_PADDING bytes behind `end`, and finds nothing there. */
#include "scan/lang_c.h"

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

const char *c_find_low(const char *at, const char *end)
{
	const __m128i most = _mm_set1_epi8('/');
	for (; at < end; at += 16) {
		__m128i here = load(at);
		int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(here, most), here));
		if (mask)
			return clamp(at + __builtin_ctz((unsigned)mask), end);
	}
	return end;
}

const char *c_skip_spaces(const char *at)
{
	for (;; at += 16) {
		__m128i here = load(at);
		int mask = _mm_movemask_epi8(_mm_or_si128(is_byte(here, ' '), is_byte(here, '\t')));
		if (mask != 0xFFFF)
			return at + __builtin_ctz(~(unsigned)mask);
	}
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
	for (; at < end; at += 16) {
		int mask = candidates(load(at), load(at + 1), words);
		if (mask)
			return clamp(at + __builtin_ctz((unsigned)mask), end);
	}
	return end;
}

#ifdef HAVE_WIDE

wide_code static inline __m256i is_byte_wide(__m256i bytes, char byte)
{
	return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte));
}

wide_code static inline int candidates_wide(const char *at, bool words)
{
	__m256i here = _mm256_loadu_si256((const __m256i *)(const void *)at);
	__m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(at + 1));
	__m256i digraph = _mm256_and_si256(is_byte_wide(here, '%'), is_byte_wide(next, ':'));
	__m256i found = _mm256_or_si256(is_byte_wide(here, '#'), digraph);
	if (words) {
		__m256i first = _mm256_or_si256(
			is_byte_wide(next, 'i'),
			_mm256_or_si256(is_byte_wide(next, 'm'), is_byte_wide(next, 'e')));
		found = _mm256_or_si256(found, _mm256_and_si256(is_byte_wide(here, '\n'), first));
	}
	return _mm256_movemask_epi8(found);
}

wide_code static const char *find_candidate_wide(const char *at, const char *end, bool words)
{
	for (; at < end; at += 32) {
		int mask = candidates_wide(at, words);
		if (mask)
			return clamp(at + __builtin_ctz((unsigned)mask), end);
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

const char *c_find_low(const char *at, const char *end)
{
	while (at < end && (unsigned char)*at > '/')
		at++;
	return at;
}

const char *c_skip_spaces(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

const char *c_find_candidate(const char *at, const char *end, bool words)
{
	while (at < end && *at != '#' && !(at[0] == '%' && at[1] == ':') &&
	       !(words && at[0] == '\n' && (at[1] == 'i' || at[1] == 'm' || at[1] == 'e')))
		at++;
	return at;
}

#endif
