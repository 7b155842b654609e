/* SPDX-License-Identifier: Apache-2.0 */
/* JavaScript and TypeScript. Knows what names a file, not where that file is.
 *
 * A word that could begin an import is looked for with vector instructions; what follows it
 * is read as if it were one; and only if that fits is the code before it followed, to know
 * whether the word stands in code at all or in a string, comment, template, regular
 * expression or in JSX text. So the part of a file behind its last import is only searched.
 *
 * Invariant: the lexer stands at or before the next candidate. Reading ahead in vain is paid
 * for from a budget that is linear in the length; once it is used up, the order is turned
 * round (first the lexer, then the reading), which cannot be led astray. */
#include "scan/lang_javascript.h"

#include "base/path.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- candidates ---- */

enum { BLOCK = 16 };

/* Bit i is set where at[i] starts "por" (of import, export) or "qu" (of require). Reads
 * BLOCK + 2 bytes. */
static unsigned find_in_block(const char *at)
{
#ifdef __SSE2__
	const __m128i first = _mm_loadu_si128((const __m128i *)at);
	const __m128i second = _mm_loadu_si128((const __m128i *)(at + 1));
	const __m128i third = _mm_loadu_si128((const __m128i *)(at + 2));
	__m128i port = _mm_and_si128(_mm_cmpeq_epi8(first, _mm_set1_epi8('p')),
				     _mm_cmpeq_epi8(second, _mm_set1_epi8('o')));
	port = _mm_and_si128(port, _mm_cmpeq_epi8(third, _mm_set1_epi8('r')));
	const __m128i require = _mm_and_si128(_mm_cmpeq_epi8(first, _mm_set1_epi8('q')),
					      _mm_cmpeq_epi8(second, _mm_set1_epi8('u')));
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(port, require));
#else
	unsigned found = 0;
	for (unsigned i = 0; i < BLOCK; i++)
		if ((at[i] == 'p' && at[i + 1] == 'o' && at[i + 2] == 'r') ||
		    (at[i] == 'q' && at[i + 1] == 'u'))
			found |= 1u << i;
	return found;
#endif
}

/* Whether the byte before a keyword allows it to be one. A quote before it means that the
 * word begins a string. */
static bool may_precede(const char *at, const char *begin)
{
	if (at == begin)
		return true;
	char before = at[-1];
	if (before == '"' || before == '\'' || before == '@')
		return false;
	if (before == '.')
		return at - begin >= 3 && at[-2] == '.' && at[-3] == '.';
	if (!javascript_is_word(before))
		return true;
	if ((unsigned char)before < 0x80)
		return false;
	return (at - begin >= 2 && javascript_wide_space(at - 2) == 2) ||
	       (at - begin >= 3 && javascript_wide_space(at - 3) == 3);
}

/* The keyword around a place that find_in_block() found, or NULL. */
static const char *candidate_at(const char *found, const char *begin, const char *end)
{
	const char *at = found - 2;
	size_t length = *found == 'q' ? 7 : 6;
	if (at < begin || at + length > end)
		return NULL;
	if (memcmp(at, "import", 6) != 0 && memcmp(at, "export", 6) != 0 &&
	    memcmp(at, "require", 7) != 0)
		return NULL;
	if (javascript_is_word(at[length]) && javascript_wide_space(at + length) == 0)
		return NULL;
	return may_precede(at, begin) ? at : NULL;
}

/* ---- literals ---- */

static const char *put_utf8(uint32_t point, char **out)
{
	char *to = *out;
	if (point < 0x80) {
		*to++ = (char)point;
	} else if (point < 0x800) {
		*to++ = (char)(0xC0 | point >> 6);
		*to++ = (char)(0x80 | (point & 0x3F));
	} else if (point < 0x10000) {
		*to++ = (char)(0xE0 | point >> 12);
		*to++ = (char)(0x80 | (point >> 6 & 0x3F));
		*to++ = (char)(0x80 | (point & 0x3F));
	} else {
		*to++ = (char)(0xF0 | point >> 18);
		*to++ = (char)(0x80 | (point >> 12 & 0x3F));
		*to++ = (char)(0x80 | (point >> 6 & 0x3F));
		*to++ = (char)(0x80 | (point & 0x3F));
	}
	return *out = to;
}

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Reads 1 to `most` hex digits. */
static const char *read_hex(const char *at, int most, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < most && hex_digit(*at) >= 0; i++, at++)
		*out = *out << 4 | (uint32_t)hex_digit(*at);
	return at;
}

/* Decodes the escape behind a backslash at `at`, at most 4 bytes. */
static const char *decode_escape(const char *at, char **out)
{
	static const char NAMED[] = "n\nt\tr\rb\bv\vf\f0\0";
	uint32_t point;
	if (*at == '\n')
		return at + 1;
	if (*at == 'x' || *at == 'u') {
		bool braced = at[0] == 'u' && at[1] == '{';
		at = read_hex(at + 1 + braced, *at == 'x' ? 2 : braced ? 6 : 4, &point);
		put_utf8(point < 0x110000 ? point : 0xFFFD, out);
		return at + (braced && *at == '}');
	}
	for (size_t i = 0; i + 1 < sizeof NAMED; i += 2)
		if (NAMED[i] == *at) {
			*(*out)++ = NAMED[i + 1];
			return at + 1;
		}
	*(*out)++ = *at;
	return at + 1;
}

void javascript_emit(struct scanner *scanner, enum reference_kind kind, const char *at,
		     const char *end)
{
	char buffer[PATH_LIMIT];
	char *to = buffer;
	struct str target = {at, (size_t)(end - at)};
	if (target.length < sizeof buffer - 8 && memchr(at, '\\', target.length)) {
		for (const char *from = at; from < end;) {
			if (*from == '\\' && from + 1 < end)
				from = decode_escape(from + 1, &to);
			else
				*to++ = *from++;
		}
		target = (struct str){buffer, (size_t)(to - buffer)};
	}
	scanner_reference(scanner, kind, at, target);
}

/* ---- code ---- */

struct search {
	struct scanner *scanner;
	struct javascript_lexer lexer;
	const char *begin;
	const char *end;
	size_t budget; /* bytes that may still be read in vain */
};

static bool read_clause(struct search *search, const char *at, struct javascript_clause *out)
{
	return javascript_clause_read(at, search->end, &search->lexer.dialect, out);
}

static bool stands_in_code(struct search *search, const char *at)
{
	return javascript_lexer_reach(&search->lexer, at);
}

/* The last byte before `at` that is not blank, or `begin`. */
static const char *back_over_blanks(const char *at, const char *begin)
{
	while (at > begin && javascript_classes[(unsigned char)at[-1]] == JAVASCRIPT_SPACE)
		at--;
	return at;
}

static const char *back_over_word(const char *at, const char *begin)
{
	while (at > begin && javascript_is_word(at[-1]))
		at--;
	return at;
}

/* Whether what stands at `at` is a type: `type A = `, `let a: `, `typeof `, `as ` before it.
 * What else tells types from values is behind the call, and was read with it. */
static bool is_type_position(const struct search *search, const char *at)
{
	static const struct str WORDS[] = {{"typeof", 6}, {"keyof", 5},     {"extends", 7},
					   {"as", 2},     {"satisfies", 9}, {"is", 2}};
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (javascript_lexer_follows(&search->lexer, WORDS[i]))
			return true;
	at = back_over_blanks(at, search->begin);
	if (at == search->begin || (at[-1] != '=' && at[-1] != ':'))
		return false;
	char mark = at[-1];
	const char *name = back_over_word(back_over_blanks(at - 1, search->begin), search->begin);
	const char *word = back_over_word(back_over_blanks(name, search->begin), search->begin);
	if (mark == '=')
		return javascript_word_is(word, STR("type"));
	return javascript_word_is(word, STR("let")) || javascript_word_is(word, STR("const")) ||
	       javascript_word_is(word, STR("var"));
}

static void note(struct search *search, const char *at, const struct javascript_clause *clause)
{
	enum reference_kind kind = clause->kind;
	if (kind == REFERENCE_DYNAMIC && search->lexer.dialect.typescript &&
	    is_type_position(search, at))
		kind = REFERENCE_TYPE;
	javascript_emit(search->scanner, kind, clause->literal, clause->literal_end);
	if (clause->statement)
		javascript_lexer_pass(&search->lexer, clause->end);
}

static void consider(struct search *search, const char *at)
{
	struct javascript_clause clause;
	if (at < search->lexer.at)
		return;
	bool eager = search->budget == 0;
	if (eager && !stands_in_code(search, at))
		return;
	bool found = read_clause(search, at, &clause);
	if (found && (eager || stands_in_code(search, at))) {
		note(search, at, &clause);
		return;
	}
	size_t read = (size_t)(clause.end - at);
	search->budget -= read < search->budget ? read : search->budget;
}

void javascript_scan_code(struct scanner *scanner, const char *begin, const char *end,
			  struct javascript_dialect dialect)
{
	struct search search = {
		.scanner = scanner,
		.begin = begin,
		.end = end,
		.budget = 2 * (size_t)(end - begin) + 4096,
	};
	javascript_lexer_init(&search.lexer, begin, end, dialect);
	for (const char *at = begin; at < end; at += BLOCK)
		for (unsigned found = find_in_block(at); found; found &= found - 1) {
			const char *candidate = candidate_at(at + __builtin_ctz(found), begin, end);
			if (candidate)
				consider(&search, candidate);
		}
}

/* ---- files ---- */

/* The value of `name="..."` between `at` and `end`; its `at` is NULL when there is none. */
static struct str attribute(const char *at, const char *end, struct str name)
{
	while (at < end) {
		at = memchr(at, *name.at, (size_t)(end - at));
		if (!at)
			break;
		if (!javascript_word_is(at, name) || javascript_is_word(at[-1])) {
			at++;
			continue;
		}
		at = javascript_skip_blank(at + name.length, end);
		if (at >= end || *at != '=')
			continue;
		at = javascript_skip_blank(at + 1, end);
		const char *close = at < end && (*at == '"' || *at == '\'')
					    ? memchr(at + 1, *at, (size_t)(end - at - 1))
					    : NULL;
		if (close)
			return (struct str){at + 1, (size_t)(close - at - 1)};
	}
	return (struct str){0};
}

/* `/// <reference path="..." />` or `types="..."`. */
static void scan_triple_slash(struct scanner *scanner, const char *at, const char *end)
{
	if (end - at < 3 || at[2] != '/')
		return;
	at += 3;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	if (strncmp(at, "<reference", 10) != 0 || javascript_is_word(at[10]))
		return;
	const char *close = memchr(at, '>', (size_t)(end - at));
	if (!close || close[-1] != '/')
		return;
	struct str path = attribute(at + 10, close, STR("path"));
	if (!path.at)
		path = attribute(at + 10, close, STR("types"));
	if (path.at)
		scanner_reference(scanner, REFERENCE_TYPE, path.at, path);
}

/* The comments before the first token. */
static void scan_head(struct scanner *scanner)
{
	const char *at = scanner->begin;
	const char *end = scanner->end;
	if (at[0] == '#' && at[1] == '!')
		at = javascript_skip_line(at, end);
	for (;;) {
		while (at < end && javascript_classes[(unsigned char)*at] == JAVASCRIPT_SPACE)
			at++;
		const char *after = at < end ? javascript_skip_comment(at, end) : at;
		if (after == at)
			return;
		if (at[1] == '/')
			scan_triple_slash(scanner, at, after);
		at = after;
	}
}

static void scan_plain(struct scanner *scanner)
{
	struct str name = scanner->path;
	struct str extension = path_extension(name);
	bool script = extension.length >= 2 && extension.at[extension.length - 2] == 't';
	struct javascript_dialect dialect = {
		.typescript = script || str_equal(extension, STR("tsx")),
		.jsx = !script,
		.declarations = str_ends(name, STR(".d.ts")) || str_ends(name, STR(".d.mts")) ||
				str_ends(name, STR(".d.cts")),
	};
	scan_head(scanner);
	javascript_scan_code(scanner, scanner->begin, scanner->end, dialect);
}

void scan_javascript(struct scanner *scanner)
{
	struct str extension = path_extension(scanner->path);
	if (str_equal(extension, STR("vue")))
		javascript_scan_vue(scanner);
	else if (str_equal(extension, STR("svelte")))
		javascript_scan_svelte(scanner);
	else if (str_equal(extension, STR("astro")))
		javascript_scan_astro(scanner);
	else
		scan_plain(scanner);
}
