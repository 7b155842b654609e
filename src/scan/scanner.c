/* SPDX-License-Identifier: Apache-2.0 */
/* What all scanners share: recording what they find, with its line and column, which are
 * counted only where something was found. Knows no language. */
#include "scan/scanner.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "scan/count.h"

static scan_language *const SCANNERS[LANGUAGE_COUNT] = {
	[LANGUAGE_C] = scan_c,
	[LANGUAGE_PYTHON] = scan_python,
	[LANGUAGE_JAVASCRIPT] = scan_javascript,
	[LANGUAGE_GO] = scan_go,
	[LANGUAGE_JAVA] = scan_java,
};

static scan_idle *const IDLE[LANGUAGE_COUNT] = {
	[LANGUAGE_C] = scan_c_is_idle,
};

/* Moves the cursor to `at`, counting lines and characters on the way. */
static void move_to(struct scanner *scanner, const char *at)
{
	if (at < scanner->at) {
		scanner->at = scanner->begin;
		scanner->line = 1;
		scanner->column = 1;
	}
	const char *line = scanner->at;
	uint32_t newlines = count_newlines(scanner->at, at, &line);
	if (newlines > 0) {
		scanner->line += newlines;
		scanner->column = 1;
	}
	scanner->column += count_characters(line, at);
	scanner->at = at;
}

static struct reference *add_reference(struct scanner *scanner)
{
	struct facts *facts = scanner->facts;
	if (facts->reference_count >= FACTS_REFERENCE_LIMIT)
		return NULL;
	if (facts->reference_count == facts->reference_capacity &&
	    !mem_reserve(&facts->references, &facts->reference_capacity, facts->reference_count + 1,
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
	char *copy = arena_bytes(scanner->arena, first.length + second.length + 1);
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
		.within = scanner->within,
	};
}

void scanner_declare(struct scanner *scanner, const char *at, struct str name)
{
	scanner_declare_as(scanner, DECLARES_FOR_ALL, at, name);
}

void scanner_declare_as(struct scanner *scanner, enum declaration_kind kind, const char *at,
			struct str name)
{
	struct facts *facts = scanner->facts;
	struct str copy = arena_str(scanner->arena, name);
	if (!copy.at || !mem_reserve(&facts->declarations, &facts->declaration_capacity,
				     facts->declaration_count + 1, sizeof *facts->declarations)) {
		facts->failed = true;
		return;
	}
	move_to(scanner, at);
	facts->declarations[facts->declaration_count++] = (struct declaration){
		.name = copy,
		.line = scanner->line,
		.within = scanner->within,
		.kind = (uint8_t)kind,
	};
}

void scanner_package(struct scanner *scanner, struct str name)
{
	scanner->facts->package = arena_str(scanner->arena, name);
	if (!scanner->facts->package.at)
		scanner->facts->failed = true;
}

bool scan_can_be_idle(enum language language)
{
	return IDLE[language] != NULL;
}

bool scan_is_idle(enum language language, struct str path, struct str lines)
{
	return IDLE[language] && IDLE[language](path, lines);
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
	struct bytes_survey survey = bytes_survey(source);
	facts->not_utf8 = survey.has_high && !utf8_valid(source);
	facts->lines = (uint32_t)survey.newlines + (end > begin && end[-1] != '\n');
	SCANNERS[language](&scanner);
	/* A language whose lines may end in a lone CR has counted more. */
	if (facts->reference_count > 0 &&
	    facts->lines < facts->references[facts->reference_count - 1].line)
		facts->lines = facts->references[facts->reference_count - 1].line;
}
