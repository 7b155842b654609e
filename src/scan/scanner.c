/* SPDX-License-Identifier: Apache-2.0 */
/* What all scanners share: recording what they find, with its line and column, which are
 * counted only where something was found. Knows no language. */
#include "scan/scanner.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/mem.h"
#include "base/utf8.h"

static scan_language *const SCANNERS[LANGUAGE_COUNT] = {
	[LANGUAGE_C] = scan_c,
	[LANGUAGE_PYTHON] = scan_python,
	[LANGUAGE_JAVASCRIPT] = scan_javascript,
	[LANGUAGE_GO] = scan_go,
	[LANGUAGE_JAVA] = scan_java,
};

#ifdef __SSE2__

/* Sixteen bytes at a time; each lane counts in a byte, which is emptied before it overflows.
 * Compilers leave the plain loop as it is at -O2, and it would be a third of a whole check. */
static uint32_t count_newlines(const char *from, const char *end)
{
	enum { LANES = 16, ROUNDS = 255 };
	const __m128i newline = _mm_set1_epi8('\n');
	__m128i sum = _mm_setzero_si128();
	while (end - from >= LANES) {
		__m128i counts = _mm_setzero_si128();
		for (int i = 0; i < ROUNDS && end - from >= LANES; i++, from += LANES) {
			__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
			counts = _mm_sub_epi8(counts, _mm_cmpeq_epi8(bytes, newline));
		}
		sum = _mm_add_epi64(sum, _mm_sad_epu8(counts, _mm_setzero_si128()));
	}
	uint32_t count = (uint32_t)_mm_cvtsi128_si32(sum) +
			 (uint32_t)_mm_cvtsi128_si32(_mm_srli_si128(sum, 8));
	for (; from < end; from++)
		count += *from == '\n';
	return count;
}

#else

static uint32_t count_newlines(const char *from, const char *end)
{
	uint32_t count = 0;
	for (; from < end; from++)
		count += *from == '\n';
	return count;
}

#endif

/* Moves the cursor to `at`, counting lines and characters on the way. */
static void move_to(struct scanner *scanner, const char *at)
{
	if (at < scanner->at) {
		scanner->at = scanner->begin;
		scanner->line = 1;
		scanner->column = 1;
	}
	struct str passed = {scanner->at, (size_t)(at - scanner->at)};
	uint32_t newlines = count_newlines(scanner->at, at);
	if (newlines > 0) {
		passed = str_from(passed, (size_t)str_find_last(passed, '\n') + 1);
		scanner->line += newlines;
		scanner->column = 1;
	}
	scanner->column += utf8_count(passed);
	scanner->at = at;
}

static struct reference *add_reference(struct scanner *scanner)
{
	struct facts *facts = scanner->facts;
	if (facts->reference_count >= FACTS_REFERENCE_LIMIT)
		return NULL;
	if (!mem_reserve(&facts->references, &facts->reference_capacity, facts->reference_count + 1,
			 sizeof *facts->references)) {
		facts->failed = true;
		return NULL;
	}
	return &facts->references[facts->reference_count++];
}

void scanner_reference(struct scanner *scanner, enum reference_kind kind, const char *at,
		       struct str target)
{
	scanner_reference_joined(scanner, kind, at, target, (struct str){0});
}

void scanner_reference_joined(struct scanner *scanner, enum reference_kind kind, const char *at,
			      struct str first, struct str second)
{
	char *copy = arena_alloc(scanner->arena, first.length + second.length + 1);
	struct reference *reference = copy ? add_reference(scanner) : NULL;
	if (!copy)
		scanner->facts->failed = true;
	if (!reference)
		return;
	memcpy(copy, first.at, first.length);
	if (second.length)
		memcpy(copy + first.length, second.at, second.length);
	move_to(scanner, at);
	*reference = (struct reference){
		.target = copy,
		.target_length = (uint32_t)(first.length + second.length),
		.line = scanner->line,
		.column = scanner->column,
		.resolved = ENTRY_NONE,
		.kind = (uint8_t)kind,
		.state = REFERENCE_UNRESOLVED,
	};
}

void scanner_declare(struct scanner *scanner, const char *at, struct str name)
{
	struct facts *facts = scanner->facts;
	struct str copy = arena_str(scanner->arena, name);
	if (!copy.at || !mem_reserve(&facts->declarations, &facts->declaration_capacity,
				     facts->declaration_count + 1, sizeof *facts->declarations)) {
		facts->failed = true;
		return;
	}
	move_to(scanner, at);
	facts->declarations[facts->declaration_count++] = (struct declaration){copy, scanner->line};
}

void scanner_package(struct scanner *scanner, struct str name)
{
	scanner->facts->package = arena_str(scanner->arena, name);
	if (!scanner->facts->package.at)
		scanner->facts->failed = true;
}

void scan_source(enum language language, struct str path, struct str source, struct arena *arena,
		 struct facts *facts)
{
	const char *end = source.at + source.length;
	const char *begin = source.at + (str_starts(source, STR("\xEF\xBB\xBF")) ? 3 : 0);
	struct scanner scanner = {
		.begin = begin,
		.end = end,
		.path = path,
		.facts = facts,
		.arena = arena,
		.at = begin,
		.line = 1,
		.column = 1,
	};
	facts->not_utf8 = !utf8_valid(source);
	SCANNERS[language](&scanner);
	facts->lines = scanner.line - 1 + count_newlines(scanner.at, end) +
		       (end > begin && end[-1] != '\n');
}
