/* SPDX-License-Identifier: Apache-2.0 */
/* Python's scanner: jumps from mark to mark, where a mark is a byte that can matter at all:
 * a quote, a '#', "import" or "TYPE_CHECKING". `import` is a keyword, so one that stands
 * outside strings and comments is a statement, whatever is around it: brackets, blocks and
 * expressions need not be understood. Nothing after the last "import" of a file is looked at.
 * Knows nothing of files and packages.
 *
 * Invariant: the floor and the place where scanning goes on only grow, and looking back stops
 * at the floor, so that the time is linear. */
#include "scan/lang_python.h"

#include "scan/lang_python_bytes.h"

#define NAME   PYTHON_NAME
#define RANGE2 NAME, NAME
#define RANGE4 RANGE2, RANGE2
#define RANGE8 RANGE4, RANGE4

const uint8_t python_class[256] = {
	[' '] = PYTHON_BLANK,
	['\t'] = PYTHON_BLANK,
	['\f'] = PYTHON_BLANK,
	['\n'] = PYTHON_LINE_END,
	['\r'] = PYTHON_LINE_END,
	['_'] = NAME,
	['0'] = RANGE8,
	RANGE2,
	['A'] = RANGE8,
	RANGE8,
	RANGE8,
	RANGE2,
	['a'] = RANGE8,
	RANGE8,
	RANGE8,
	RANGE2,
	[0x80] = RANGE8,
	RANGE8,
	RANGE8,
	RANGE8,
	RANGE8,
	RANGE8,
	RANGE8,
	RANGE8,
	[0xC0] = RANGE8,
	RANGE8,
	RANGE8,
	RANGE8,
	RANGE8,
	RANGE8,
	RANGE8,
	RANGE8,
};

const char *python_line_end(const struct python *python, const char *at)
{
	for (; at < python->end; at += BYTES_STEP) {
		unsigned ends = bytes_either(at, '\n', '\r');
		if (ends) {
			at += __builtin_ctz(ends);
			break;
		}
	}
	return at < python->end ? at : python->end;
}

/* Over a backslash and the line end after it; `at` itself when there is none. */
static const char *skip_continuation(const struct python *python, const char *at)
{
	if (*at != '\\' || at + 1 >= python->end || !python_is(at[1], PYTHON_LINE_END))
		return at;
	return at + (at[1] == '\r' && at[2] == '\n' ? 3 : 2);
}

const char *python_skip_blanks(const struct python *python, const char *at)
{
	for (;;) {
		while (python_is(*at, PYTHON_BLANK))
			at++;
		const char *next = skip_continuation(python, at);
		if (next == at)
			return at;
		at = next;
	}
}

const char *python_skip_space(const struct python *python, const char *at)
{
	for (;;) {
		while (python_is(*at, PYTHON_BLANK | PYTHON_LINE_END))
			at++;
		const char *next =
			*at == '#' ? python_line_end(python, at) : skip_continuation(python, at);
		if (next == at)
			return at;
		at = next;
	}
}

/* The backslash that continues the line which ends right before `at`, or NULL. */
static const char *back_continuation(const struct python *python, const char *at)
{
	const char *line_end = at - 1;
	if (*line_end == '\n' && line_end > python->floor && line_end[-1] == '\r')
		line_end--;
	return line_end > python->floor && line_end[-1] == '\\' ? line_end - 1 : NULL;
}

const char *python_back_blanks(const struct python *python, const char *at)
{
	while (at > python->floor) {
		if (python_is(at[-1], PYTHON_BLANK)) {
			at--;
			continue;
		}
		const char *backslash =
			python_is(at[-1], PYTHON_LINE_END) ? back_continuation(python, at) : NULL;
		if (!backslash)
			break;
		at = backslash;
	}
	return at;
}

bool python_is_statement(const struct python *python, const char *at)
{
	char before = python_before(python, at);
	return before == ';' || before == ':' || python_is(before, PYTHON_LINE_END);
}

/* Python ends a line at a lone CR too, the shared count does not: counts those up to `at`. */
static void count_lone_cr(struct python *python, const char *at)
{
	struct scanner *scanner = python->scanner;
	for (const char *i = scanner->at; i < at; i++) {
		if (!python_is(*i, PYTHON_LINE_END) || (*i == '\r' && i[1] == '\n'))
			continue;
		scanner->line++;
		scanner->column = 1;
		scanner->at = i + 1;
	}
}

void python_reference(struct python *python, enum reference_kind kind, const char *at,
		      struct str first, struct str second)
{
	if (python->lone_cr)
		count_lone_cr(python, at);
	scanner_reference_joined(python->scanner, kind, at, first, second);
}

bool python_is_import(const struct python *python, const char *at)
{
	return at >= python->begin && memcmp(at, "import", 6) == 0;
}

/* ---- where the last import can be ---- */

/* Whether an "import" at `word` may be more than a word of a text: at the start of a
 * statement, or after a name that may be a module's. Says yes too often, never no. */
static bool is_likely_statement(const struct python *python, const char *word)
{
	const char *at = python_back_blanks(python, word);
	if (python_is_statement(python, at))
		return true;
	const char *end = at;
	while (at > python->begin && (python_is(at[-1], PYTHON_NAME) || at[-1] == '.'))
		at--;
	if (at == end)
		return false;
	if (*at == '.' || memcmp(at, "from.", 5) == 0)
		return true;
	const char *before = python_back_blanks(python, at);
	if (before > python->begin && before[-1] == '.')
		return true;
	return before - python->begin >= 4 && memcmp(before - 4, "from", 4) == 0;
}

static bool is_likely(const struct python *python, const char *word)
{
	if (!python_is_import(python, word))
		return false;
	char before = python_before(python, word);
	char after = word[6];
	if (after == '_')
		return before == '_' || !python_is(before, PYTHON_NAME);
	if (python_is(before, PYTHON_NAME))
		return false;
	if (!python_is(after, PYTHON_BLANK) && !memchr("(*\\", after, 3))
		return false;
	return is_likely_statement(python, word);
}

/* The end of the last "import" that is likely one, searched from the end; the beginning when
 * there is none. */
static const char *find_stop(const struct python *python)
{
	size_t left = (size_t)(python->end - python->begin);
	while (left > 0) {
		size_t step = left % BYTES_STEP ? left % BYTES_STEP : BYTES_STEP;
		left -= step;
		const char *block = python->begin + left;
		unsigned mask = bytes_pair(block, 'm', 'p') & ((1U << step) - 1);
		while (mask) {
			unsigned last = 31U - (unsigned)__builtin_clz(mask);
			if (is_likely(python, block + last - 1))
				return block + last + 5;
			mask &= ~(1U << last);
		}
	}
	return python->begin;
}

/* ---- from mark to mark ---- */

static const char *find_mark(const char *at, const char *stop)
{
	for (; at < stop; at += BYTES_STEP) {
		unsigned marks = bytes_marks(at);
		if (marks)
			return at + __builtin_ctz(marks);
	}
	return stop;
}

static const char *step(struct python *python, const char *mark)
{
	switch (*mark) {
	case '#': python->floor = python_line_end(python, mark); return python->floor;
	case 'm': return python_import(python, mark - 1);
	case '_': return python_type_checking(python, mark);
	default: python->floor = python_string(python, mark); return python->floor;
	}
}

static bool has_lone_cr(const char *at, const char *stop)
{
	while (at < stop && (at = memchr(at, '\r', (size_t)(stop - at)))) {
		if (at[1] != '\n')
			return true;
		at++;
	}
	return false;
}

void scan_python(struct scanner *scanner)
{
	struct python python = {
		.scanner = scanner,
		.begin = scanner->begin,
		.end = scanner->end,
		.floor = scanner->begin,
		.kind = REFERENCE_IMPORT,
	};
	python.stop = find_stop(&python);
	python.lone_cr = has_lone_cr(python.begin, python.stop);
	const char *at = find_mark(python.begin, python.stop);
	while (at < python.stop)
		at = find_mark(step(&python, at), python.stop);
}
