/* SPDX-License-Identifier: Apache-2.0 */
/* Python's strings. Plain ones, raw or not, end at their quote unless a backslash is before
 * it. Of f-strings and t-strings the fields are code again, with strings of their own in any
 * quotes (PEP 701); older Python's f-strings read the same.
 *
 * A string on one line that is not closed ends with its line, so that the rest of a broken
 * file is seen. */
#include "scan/lang_python.h"

#include "scan/lang_python_bytes.h"

/* Over a backslash and what it escapes; CRLF is one. */
static const char *skip_escape(const char *at)
{
	return at + (at[1] == '\r' && at[2] == '\n' ? 3 : 2);
}

static const char *not_past_end(const struct python *python, const char *at)
{
	return at < python->end ? at : python->end;
}

static bool is_triple(const char *quote)
{
	return quote[1] == quote[0] && quote[2] == quote[0];
}

/* ---- plain strings ---- */

static const char *skip_short(const struct python *python, const char *at, char quote)
{
	while (at < python->end) {
		unsigned marks = bytes_string(at, quote);
		if (!marks) {
			at += BYTES_STEP;
			continue;
		}
		at += __builtin_ctz(marks);
		if (*at == quote)
			return at + 1;
		if (*at != '\\')
			return at;
		at = skip_escape(at);
	}
	return python->end;
}

static const char *skip_long(const struct python *python, const char *at, char quote)
{
	while (at < python->end) {
		unsigned marks = bytes_either(at, quote, '\\');
		if (!marks) {
			at += BYTES_STEP;
			continue;
		}
		at += __builtin_ctz(marks);
		if (*at == '\\')
			at = skip_escape(at);
		else if (is_triple(at))
			return at + 3;
		else
			at++;
	}
	return python->end;
}

static const char *skip_plain(const struct python *python, const char *quote)
{
	if (is_triple(quote))
		return skip_long(python, quote + 3, *quote);
	return not_past_end(python, skip_short(python, quote + 1, *quote));
}

/* ---- f-strings and t-strings ---- */

enum level_kind { LEVEL_TEXT, LEVEL_FIELD, LEVEL_FORMAT };

/* What the place is in, innermost last: the text of a string, the code of a field in it, or
 * the format behind a field's colon, which is text again. */
struct level {
	uint8_t kind;
	char quote; /* of the text, or of the text around the format */
	bool triple;
	uint32_t brackets; /* open in the field */
};

struct formatted {
	struct python *python;
	struct level levels[PYTHON_FIELD_LIMIT];
	size_t depth;
	/* How far the scanner had come before the string. */
	size_t reference_count;
	const char *scanner_at;
	uint32_t line;
	uint32_t column;
};

static char lower_before(const struct python *python, const char *at)
{
	return (char)(python_before(python, at) | 0x20);
}

/* Whether one or two letters before the quote make it an f-string or a t-string. */
static bool is_formatted(const struct python *python, const char *quote)
{
	char last = lower_before(python, quote);
	if (last != 'f' && last != 't' && last != 'r')
		return false;
	if (!python_is(python_before(python, quote - 1), PYTHON_NAME))
		return last != 'r';
	char first = lower_before(python, quote - 1);
	bool both = last == 'r' ? first == 'f' || first == 't' : first == 'r';
	return both && !python_is(python_before(python, quote - 2), PYTHON_NAME);
}

static bool push(struct formatted *formatted, enum level_kind kind, char quote, bool triple)
{
	if (formatted->depth == PYTHON_FIELD_LIMIT)
		return false;
	formatted->levels[formatted->depth++] =
		(struct level){.kind = (uint8_t)kind, .quote = quote, .triple = triple};
	return true;
}

/* One step in text or format. NULL at a line end that the string may not have. */
static const char *step_text(struct formatted *formatted, const char *at)
{
	const struct level level = formatted->levels[formatted->depth - 1];
	if (*at == '\\')
		return at[1] == '{' || at[1] == '}' ? at + 1 : skip_escape(at);
	if (*at == '{') {
		if (level.kind == LEVEL_TEXT && at[1] == '{')
			return at + 2;
		push(formatted, LEVEL_FIELD, level.quote, level.triple);
		return at + 1;
	}
	if (*at == '}' && level.kind == LEVEL_FORMAT) {
		formatted->depth--;
		return at + 1;
	}
	if (*at == level.quote && (!level.triple || is_triple(at))) {
		while (formatted->levels[formatted->depth - 1].kind != LEVEL_TEXT)
			formatted->depth--;
		formatted->depth--;
		return at + (level.triple ? 3 : 1);
	}
	if (!level.triple && python_is(*at, PYTHON_LINE_END))
		return NULL;
	return at + 1;
}

/* A string in a field. */
static const char *step_nested(struct formatted *formatted, const char *quote)
{
	bool triple = is_triple(quote);
	if (is_formatted(formatted->python, quote) && push(formatted, LEVEL_TEXT, *quote, triple))
		return quote + (triple ? 3 : 1);
	return skip_plain(formatted->python, quote);
}

/* A closing bracket in a field, which may be the field's own. */
static const char *close_bracket(struct formatted *formatted, const char *at)
{
	struct level *level = &formatted->levels[formatted->depth - 1];
	if (level->brackets > 0)
		level->brackets--;
	else if (*at == '}')
		formatted->depth--;
	return at + 1;
}

/* One step in the code of a field. NULL at a line end once fields must be on one line. */
static const char *step_field(struct formatted *formatted, const char *at)
{
	struct python *python = formatted->python;
	struct level *level = &formatted->levels[formatted->depth - 1];
	switch (*at) {
	case '"':
	case '\'': return step_nested(formatted, at);
	case '#': return python_line_end(python, at);
	case '(':
	case '[':
	case '{': level->brackets++; return at + 1;
	case ')':
	case ']':
	case '}': return close_bracket(formatted, at);
	case ':':
		if (level->brackets == 0)
			level->kind = LEVEL_FORMAT;
		return at + 1;
	case '\n':
	case '\r': return python->one_line && !level->triple ? NULL : at + 1;
	case 'm': return python_is_import(python, at - 1) ? python_dynamic(python, at - 1) : at + 1;
	default: return at + 1;
	}
}

/* Where to go on after a formatted string that is not closed as it must be: a broken file
 * shows as much as if the string had ended with its first line. What was found in it is
 * forgotten, since its lines are scanned again. */
static const char *give_up(struct formatted *formatted, const char *quote, const char *at)
{
	struct python *python = formatted->python;
	python->scanner->facts->reference_count = formatted->reference_count;
	python->scanner->at = formatted->scanner_at;
	python->scanner->line = formatted->line;
	python->scanner->column = formatted->column;
	if (is_triple(quote))
		return skip_plain(python, quote);
	const char *line_end = python_line_end(python, quote);
	python->one_line |= line_end < at;
	return line_end;
}

static const char *skip_formatted(struct python *python, const char *quote)
{
	struct formatted formatted;
	formatted.python = python;
	formatted.depth = 0;
	formatted.reference_count = python->scanner->facts->reference_count;
	formatted.scanner_at = python->scanner->at;
	formatted.line = python->scanner->line;
	formatted.column = python->scanner->column;
	push(&formatted, LEVEL_TEXT, *quote, is_triple(quote));
	const char *at = quote + (is_triple(quote) ? 3 : 1);
	while (formatted.depth > 0 && at < python->end) {
		bool code = formatted.levels[formatted.depth - 1].kind == LEVEL_FIELD;
		const char *next = code ? step_field(&formatted, at) : step_text(&formatted, at);
		if (!next)
			return give_up(&formatted, quote, at);
		at = next;
	}
	return formatted.depth > 0 ? give_up(&formatted, quote, at) : not_past_end(python, at);
}

const char *python_string(struct python *python, const char *quote)
{
	if (is_formatted(python, quote) && !(quote[1] == quote[0] && quote[2] != quote[0]))
		return skip_formatted(python, quote);
	return skip_plain(python, quote);
}
