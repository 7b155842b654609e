/* SPDX-License-Identifier: Apache-2.0 */
/* `if TYPE_CHECKING:` and what depends on it. Only here lines, indentation and brackets
 * matter, so only here every byte is looked at. */
#include "scan/lang_python.h"

enum { TAB_STOP = 8, NAME_LENGTH = 13 };

/* The head of an `if` that asks for TYPE_CHECKING, or for its contrary, alone. */
struct head {
	const char *colon;
	uint32_t indent;
	bool negated;
};

/* Columns of blanks from `line` to `at`, as Python counts them. */
static uint32_t indent_of(const char *line, const char *at)
{
	uint32_t column = 0;
	for (; line < at; line++) {
		if (*line == '\t')
			column = (column / TAB_STOP + 1) * TAB_STOP;
		else
			column = *line == '\f' ? 0 : column + 1;
	}
	return column;
}

static bool is_word(const struct python *python, const char *at, struct str word)
{
	return memcmp(at, word.at, word.length) == 0 && !python_is(at[word.length], PYTHON_NAME) &&
	       !python_is(python_before(python, at), PYTHON_NAME);
}

/* The first byte of the line that `at` is in that is no blank; *line is where it starts. */
static const char *line_start(const struct python *python, const char *at, const char **line)
{
	const char *from =
		at - python->floor > PYTHON_CHAIN_LIMIT ? at - PYTHON_CHAIN_LIMIT : python->floor;
	while (at > from && !python_is(at[-1], PYTHON_LINE_END))
		at--;
	*line = at;
	while (python_is(*at, PYTHON_BLANK))
		at++;
	return at;
}

static const char *skip_brackets(const struct python *python, const char *at, char bracket)
{
	at = python_skip_blanks(python, at);
	while (*at == bracket)
		at = python_skip_blanks(python, at + 1);
	return at;
}

/* Reads the head in which TYPE_CHECKING stands at `name`; false when it is anything else. */
static bool read_head(const struct python *python, const char *name, struct head *out)
{
	const char *line;
	const char *at = line_start(python, name, &line);
	out->indent = indent_of(line, at);
	if (!python_is(python_before(python, line), PYTHON_LINE_END))
		return false;
	if (is_word(python, at, STR("if")))
		at += 2;
	else if (is_word(python, at, STR("elif")))
		at += 4;
	else
		return false;
	at = skip_brackets(python, at, '(');
	out->negated = is_word(python, at, STR("not"));
	if (out->negated)
		at = skip_brackets(python, at + 3, '(');
	while (at < name && (python_is(*at, PYTHON_NAME) || *at == '.'))
		at++;
	out->colon = skip_brackets(python, name + NAME_LENGTH, ')');
	return at == name && *out->colon == ':';
}

/* ---- blocks ---- */

struct block {
	uint32_t indent;   /* of the head; the block is deeper */
	uint32_t brackets; /* open */
	bool on_head_line; /* the block is the rest of its head's line */
	bool over;
};

/* From a line end outside brackets: to the first byte of the next line that is not blank. */
static const char *next_line(const struct python *python, struct block *block, const char *at)
{
	const char *line = at;
	for (;;) {
		while (python_is(*at, PYTHON_BLANK | PYTHON_LINE_END)) {
			if (python_is(*at, PYTHON_LINE_END))
				line = at + 1;
			at++;
		}
		if (*at != '#')
			break;
		at = python_line_end(python, at);
	}
	block->over = block->on_head_line || indent_of(line, at) <= block->indent;
	return at;
}

static const char *step(struct python *python, struct block *block, const char *at)
{
	switch (*at) {
	case '"':
	case '\'': python->floor = python_string(python, at); return python->floor;
	case '#': python->floor = python_line_end(python, at); return python->floor;
	case '(':
	case '[':
	case '{': block->brackets++; return at + 1;
	case ')':
	case ']':
	case '}': block->brackets -= block->brackets > 0; return at + 1;
	case '\\': return at + (at[1] == '\r' && at[2] == '\n' ? 3 : 2);
	case '\n':
	case '\r': return block->brackets > 0 ? at + 1 : next_line(python, block, at);
	case 'm': return python_import(python, at - 1);
	default: return at + 1;
	}
}

/* Scans the block behind a colon and returns the start of the first statement after it. */
static const char *scan_block(struct python *python, const char *at, uint32_t indent,
			      enum reference_kind kind)
{
	enum reference_kind outer = python->kind;
	struct block block = {.indent = indent};
	at = python_skip_blanks(python, at);
	block.on_head_line = *at != '#' && !python_is(*at, PYTHON_LINE_END);
	python->kind = kind;
	while (at < python->stop && !block.over)
		at = step(python, &block, at);
	python->kind = outer;
	return at < python->end ? at : python->end;
}

/* The colon of an `else` at `at`, or NULL. */
static const char *else_colon(const struct python *python, const char *at, uint32_t indent)
{
	const char *line;
	const char *start = line_start(python, at, &line);
	if (start != at || indent_of(line, at) != indent || !is_word(python, at, STR("else")))
		return NULL;
	at = python_skip_blanks(python, at + 4);
	return *at == ':' ? at : NULL;
}

const char *python_type_checking(struct python *python, const char *mark)
{
	struct head head;
	const char *name = mark - 4;
	if (name < python->begin || memcmp(name, "TYPE_CHECKING", NAME_LENGTH) != 0 ||
	    python_is(python_before(python, name), PYTHON_NAME) ||
	    python_is(name[NAME_LENGTH], PYTHON_NAME) || !read_head(python, name, &head))
		return mark + 1;
	const char *at = scan_block(python, head.colon + 1, head.indent,
				    head.negated ? python->kind : REFERENCE_TYPE);
	const char *colon = head.negated ? else_colon(python, at, head.indent) : NULL;
	return colon ? scan_block(python, colon + 1, head.indent, REFERENCE_TYPE) : at;
}
