/* SPDX-License-Identifier: Apache-2.0 */
/* Go: the package clause and the import section. Nothing after the imports is looked at, as
 * the language lets no import come later (go/parser's ImportsOnly reads as far). Must not know
 * what an import path means.
 *
 * Invariant: `at` never moves back, and every loop moves it on or ends. */
#include "scan/scanner.h"

#include <stdint.h>

/* Longer paths with escapes in them are taken as they are written, in bytes. */
enum { DECODE_LIMIT = 1024 };

struct cursor {
	struct scanner *scanner;
	const char *at;
	const char *end;
};

static bool is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
	       (unsigned char)byte >= 0x80;
}

static bool is_part(char byte)
{
	return is_letter(byte) || (byte >= '0' && byte <= '9');
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static void skip_line(struct cursor *cursor)
{
	const char *newline = memchr(cursor->at, '\n', (size_t)(cursor->end - cursor->at));
	cursor->at = newline ? newline : cursor->end;
}

/* Stands behind the opening of a block comment. */
static void skip_block_comment(struct cursor *cursor)
{
	for (;;) {
		const char *star = memchr(cursor->at, '*', (size_t)(cursor->end - cursor->at));
		if (!star) {
			cursor->at = cursor->end;
			return;
		}
		cursor->at = star + 1;
		if (*cursor->at == '/') {
			cursor->at++;
			return;
		}
	}
}

/* To the next byte that means something. Statements may end here, so `;` is passed too. */
static void skip_blanks(struct cursor *cursor)
{
	while (cursor->at < cursor->end) {
		if (is_blank(*cursor->at) || *cursor->at == ';') {
			cursor->at++;
		} else if (cursor->at[0] == '/' && cursor->at[1] == '/') {
			skip_line(cursor);
		} else if (cursor->at[0] == '/' && cursor->at[1] == '*') {
			cursor->at += 2;
			skip_block_comment(cursor);
		} else {
			return;
		}
	}
}

static struct str take_identifier(struct cursor *cursor)
{
	const char *from = cursor->at;
	if (is_letter(*cursor->at))
		while (is_part(*cursor->at))
			cursor->at++;
	return (struct str){from, (size_t)(cursor->at - from)};
}

static bool take_keyword(struct cursor *cursor, struct str keyword)
{
	struct str rest = {cursor->at, (size_t)(cursor->end - cursor->at)};
	if (!str_starts(rest, keyword) || is_part(cursor->at[keyword.length]))
		return false;
	cursor->at += keyword.length;
	return true;
}

/* ---- the path of an import ---- */

static size_t encode_utf8(uint32_t rune, char *out)
{
	if (rune < 0x80) {
		out[0] = (char)rune;
		return 1;
	}
	size_t length = rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
	static const unsigned char LEAD[] = {0, 0, 0xC0, 0xE0, 0xF0};
	for (size_t i = length - 1; i > 0; i--, rune >>= 6)
		out[i] = (char)(0x80 | (rune & 0x3F));
	out[0] = (char)(LEAD[length] | rune);
	return length;
}

static int digit_of(char byte, int base)
{
	int digit = byte >= '0' && byte <= '9'   ? byte - '0'
		    : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
		    : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
						 : base;
	return digit < base ? digit : -1;
}

/* Reads `count` digits at the start of `*rest`; false when there are fewer. */
static bool take_number(struct str *rest, size_t count, int base, uint32_t *out)
{
	uint32_t number = 0;
	if (rest->length < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		int digit = digit_of(rest->at[i], base);
		if (digit < 0)
			return false;
		number = number * (uint32_t)base + (uint32_t)digit;
	}
	*rest = str_from(*rest, count);
	*out = number;
	return true;
}

/* Takes one escape, less its backslash, off `*rest`. Returns the bytes written, 0 when it is
 * not one of Go's. */
static size_t decode_escape(struct str *rest, char *out)
{
	static const char PLAIN[] = "abfnrtv\\\"", MEANT[] = "\a\b\f\n\r\t\v\\\"";
	uint32_t number;
	char first = rest->length ? rest->at[0] : 0;
	const char *plain = first ? strchr(PLAIN, first) : NULL;
	if (plain) {
		*rest = str_from(*rest, 1);
		*out = MEANT[plain - PLAIN];
		return 1;
	}
	if (first >= '0' && first <= '7' && take_number(rest, 3, 8, &number) && number < 256) {
		*out = (char)number;
		return 1;
	}
	if (first != 'x' && first != 'u' && first != 'U')
		return 0;
	*rest = str_from(*rest, 1);
	if (!take_number(rest, first == 'x' ? 2 : first == 'u' ? 4 : 8, 16, &number))
		return 0;
	if (first != 'x')
		return number > 0x10FFFF ? 0 : encode_utf8(number, out);
	*out = (char)number;
	return 1;
}

/* The text of an interpreted string into `buffer`; false when an escape is none of Go's. */
static bool decode(struct str written, char buffer[static DECODE_LIMIT], struct str *out)
{
	size_t length = 0;
	while (written.length > 0) {
		char byte = written.at[0];
		written = str_from(written, 1);
		if (byte != '\\') {
			buffer[length++] = byte;
			continue;
		}
		size_t added = decode_escape(&written, buffer + length);
		if (added == 0)
			return false;
		length += added;
	}
	*out = (struct str){buffer, length};
	return true;
}

static void record(struct cursor *cursor, struct str written, bool raw)
{
	char buffer[DECODE_LIMIT];
	struct str target = written;
	if (written.length == 0)
		return;
	if (!raw && written.length <= DECODE_LIMIT && str_find(written, '\\') >= 0 &&
	    !decode(written, buffer, &target))
		target = written;
	scanner_reference(cursor->scanner, REFERENCE_IMPORT, written.at, target);
}

/* The end of an interpreted string that starts at `from`: its quote, or NULL when the line
 * ends before. */
static const char *string_end(const char *from, const char *end)
{
	for (; from < end && *from != '\n'; from++) {
		if (*from == '"')
			return from;
		if (*from == '\\' && from + 1 < end && from[1] != '\n')
			from++;
	}
	return NULL;
}

/* Takes the string at the cursor; a string without an end gives nothing, and what follows is
 * inside it. */
static void take_path(struct cursor *cursor)
{
	bool raw = *cursor->at == '`';
	const char *from = cursor->at + 1;
	const char *end = raw ? memchr(from, '`', (size_t)(cursor->end - from))
			      : string_end(from, cursor->end);
	if (end) {
		record(cursor, (struct str){from, (size_t)(end - from)}, raw);
		cursor->at = end + 1;
	} else if (raw) {
		cursor->at = cursor->end;
	} else {
		skip_line(cursor);
	}
}

/* One import spec; what is none is passed over to the end of its line. */
static void take_spec(struct cursor *cursor)
{
	if (*cursor->at == '.')
		cursor->at++;
	else
		take_identifier(cursor);
	skip_blanks(cursor);
	if (*cursor->at == '"' || *cursor->at == '`')
		take_path(cursor);
	else
		skip_line(cursor);
}

static void take_specs(struct cursor *cursor)
{
	skip_blanks(cursor);
	while (cursor->at < cursor->end && *cursor->at != ')') {
		take_spec(cursor);
		skip_blanks(cursor);
	}
	if (cursor->at < cursor->end)
		cursor->at++;
}

void scan_go(struct scanner *scanner)
{
	struct cursor cursor = {scanner, scanner->begin, scanner->end};
	skip_blanks(&cursor);
	if (!take_keyword(&cursor, STR("package")))
		return;
	skip_blanks(&cursor);
	struct str name = take_identifier(&cursor);
	if (name.length == 0)
		return;
	scanner_package(scanner, name);
	skip_blanks(&cursor);
	while (take_keyword(&cursor, STR("import"))) {
		skip_blanks(&cursor);
		if (*cursor.at == '(') {
			cursor.at++;
			take_specs(&cursor);
		} else {
			take_spec(&cursor);
		}
		skip_blanks(&cursor);
	}
}
