/* SPDX-License-Identifier: Apache-2.0 */
/* Reads git's configuration syntax just far enough for single variables. Opens no file. */
#include "base/gitconfig.h"

#include <ctype.h>
#include <strings.h>

#include "base/mem.h"

struct reader {
	struct str rest;
	bool right_section;
};

static bool equal_but_case(struct str a, struct str b)
{
	return a.length == b.length && (a.length == 0 || strncasecmp(a.at, b.at, a.length) == 0);
}

static int peek(const struct reader *reader)
{
	return reader->rest.length > 0 ? (unsigned char)reader->rest.at[0] : -1;
}

static void skip(struct reader *reader, size_t count)
{
	reader->rest = str_from(reader->rest, count);
}

static void skip_blanks(struct reader *reader)
{
	while (peek(reader) == ' ' || peek(reader) == '\t' || peek(reader) == '\r')
		skip(reader, 1);
}

static void skip_line(struct reader *reader)
{
	ptrdiff_t end = str_find(reader->rest, '\n');
	skip(reader, end < 0 ? reader->rest.length : (size_t)end + 1);
}

static struct str take_word(struct reader *reader)
{
	size_t length = 0;
	while (length < reader->rest.length &&
	       (isalnum((unsigned char)reader->rest.at[length]) || reader->rest.at[length] == '-' ||
		reader->rest.at[length] == '.'))
		length++;
	struct str word = str_first(reader->rest, length);
	skip(reader, length);
	return word;
}

/* At '[': what follows the ']' may be on the same line. */
static void read_section(struct reader *reader, struct str wanted)
{
	skip(reader, 1);
	struct str name = take_word(reader);
	reader->right_section = peek(reader) == ']' && equal_but_case(name, wanted);
	bool quoted = false;
	for (int byte; (byte = peek(reader)) >= 0 && byte != '\n'; skip(reader, 1)) {
		if (byte == '"')
			quoted = !quoted;
		else if (byte == '\\' && reader->rest.length > 1)
			skip(reader, 1);
		else if (byte == ']' && !quoted)
			break;
	}
	if (peek(reader) == ']')
		skip(reader, 1);
	else
		skip_line(reader);
}

/* At the byte behind a '\'. */
static void add_escaped(struct reader *reader, struct text *out)
{
	switch (peek(reader)) {
	case '\n': break; /* the value goes on in the next line */
	case 'n': text_add_byte(out, '\n'); break;
	case 't': text_add_byte(out, '\t'); break;
	case 'b': text_add_byte(out, '\b'); break;
	case -1: return;
	default: text_add_byte(out, reader->rest.at[0]);
	}
	skip(reader, 1);
}

/* Behind the '=': to the end of the line, a comment, or the end. */
static void read_value(struct reader *reader, struct text *out)
{
	bool quoted = false;
	size_t end = 0; /* without blanks outside of quotes */
	text_clear(out);
	skip_blanks(reader);
	for (int byte; (byte = peek(reader)) >= 0 && byte != '\n';) {
		if (!quoted && (byte == '#' || byte == ';'))
			break;
		skip(reader, 1);
		if (byte == '\\' && str_starts(reader->rest, STR("\r\n")))
			skip(reader, 1);
		if (byte == '"')
			quoted = !quoted;
		else if (byte == '\\')
			add_escaped(reader, out);
		else
			text_add_byte(out, (char)byte);
		if (quoted || !isspace(byte))
			end = out->length;
	}
	if (out->at)
		out->at[out->length = end] = '\0';
	skip_line(reader);
}

/* One variable; true when it is the wanted one, whose value is then in `out`. */
static bool read_variable(struct reader *reader, struct str wanted, struct text *out)
{
	struct str name = take_word(reader);
	skip_blanks(reader);
	if (name.length == 0) {
		skip_line(reader);
		return false;
	}
	if (peek(reader) == '=') {
		skip(reader, 1);
		read_value(reader, out);
	} else {
		text_clear(out);
		text_add(out, STR("true"));
		skip_line(reader);
	}
	return reader->right_section && equal_but_case(name, wanted);
}

bool gitconfig_find(struct str content, struct str name, struct text *out)
{
	_cleanup_(text_release) struct text value = {0};
	struct str section = str_first(name, (size_t)str_find(name, '.'));
	struct str variable = str_from(name, section.length + 1);
	struct reader reader = {.rest = content};
	bool found = false;
	if (str_starts(content, STR("\xEF\xBB\xBF")))
		skip(&reader, 3);
	while (peek(&reader) >= 0) {
		skip_blanks(&reader);
		if (peek(&reader) == '[') {
			read_section(&reader, section);
		} else if (read_variable(&reader, variable, &value)) {
			found = true;
			text_clear(out);
			text_add(out, text_str(&value));
		}
	}
	out->failed |= value.failed;
	return found;
}
