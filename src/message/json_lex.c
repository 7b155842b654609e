/* SPDX-License-Identifier: Apache-2.0 */
/* The words of JSON (RFC 8259): white space, strings, numbers, what stands between them. Knows no
 * message. Takes each byte once. */
#include "message/json.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "message/number.h"

/* ---- what is wrong ---- */

bool json_wrong(struct json_reader *reader, const struct trail *trail, const char *format, ...)
{
	char message[256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	return trail_fault(trail, reader->fault, ASH_INVALID_ARGUMENT, "%s", message);
}

bool json_unexpected(struct json_reader *reader, const struct trail *trail, const char *wanted)
{
	static const char *const KINDS[] = {
		['{'] = "an object", ['['] = "a list", ['"'] = "a text",   ['t'] = "true",
		['f'] = "false",     ['n'] = "null",   ['-'] = "a number",
	};
	unsigned char next = (unsigned char)json_peek(reader);
	if (reader->at == reader->end)
		return json_wrong(reader, trail, "the JSON ends where %s should be", wanted);
	if (next >= '0' && next <= '9')
		next = '-';
	if (next < sizeof KINDS / sizeof *KINDS && KINDS[next])
		return json_wrong(reader, trail, "it wants %s, not %s", wanted, KINDS[next]);
	if (next > 0x20 && next < 0x7F)
		return json_wrong(reader, trail, "it wants %s, not '%c'", wanted, next);
	return json_wrong(reader, trail, "it wants %s, not the byte 0x%02x", wanted, next);
}

/* ---- bytes ---- */

char json_peek(struct json_reader *reader)
{
	while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
					    *reader->at == '\r' || *reader->at == '\t'))
		reader->at++;
	return reader->at < reader->end ? *reader->at : '\0';
}

bool json_take(struct json_reader *reader, char byte)
{
	if (json_peek(reader) != byte || reader->at == reader->end)
		return false;
	reader->at++;
	return true;
}

static struct str rest_of(const struct json_reader *reader)
{
	return (struct str){reader->at, (size_t)(reader->end - reader->at)};
}

static bool take_word(struct json_reader *reader, struct str word)
{
	if (!str_starts(rest_of(reader), word))
		return false;
	reader->at += word.length;
	return true;
}

bool json_take_null(struct json_reader *reader)
{
	return json_peek(reader) == 'n' && take_word(reader, STR("null"));
}

bool json_get_bool(struct json_reader *reader, const struct trail *trail, bool *out)
{
	json_peek(reader);
	*out = take_word(reader, STR("true"));
	return *out || take_word(reader, STR("false")) ||
	       json_unexpected(reader, trail, "true or false");
}

/* ---- strings ---- */

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	char lower = (char)(digit | 0x20);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The four digits after "\u", or -1. */
static int32_t unit_of(struct str text)
{
	int32_t unit = 0;
	if (text.length < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		int value = hex_value(text.at[i]);
		if (value < 0)
			return -1;
		unit = unit << 4 | value;
	}
	return unit;
}

/* Writes the character in UTF-8 and returns its end. */
static char *put_character(char *out, uint32_t code)
{
	if (code < 0x80) {
		*out++ = (char)code;
		return out;
	}
	if (code < 0x800) {
		*out++ = (char)(0xC0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*out++ = (char)(0xE0 | code >> 12);
		} else {
			*out++ = (char)(0xF0 | code >> 18);
			*out++ = (char)(0x80 | (code >> 12 & 0x3F));
		}
		*out++ = (char)(0x80 | (code >> 6 & 0x3F));
	}
	*out++ = (char)(0x80 | (code & 0x3F));
	return out;
}

/* Length of the escape "uXXXX", or of two that make one character; 0 when it is none. */
static size_t read_unicode(struct str text, uint32_t *code)
{
	int32_t unit = unit_of(str_from(text, 1));
	if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
		return 0;
	*code = (uint32_t)unit;
	if (unit < 0xD800 || unit > 0xDBFF)
		return 5;
	struct str second = str_from(text, 5);
	int32_t low = str_starts(second, STR("\\u")) ? unit_of(str_from(second, 2)) : -1;
	if (low < 0xDC00 || low > 0xDFFF)
		return 0;
	*code = 0x10000 + (((uint32_t)unit - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
	return 11;
}

/* What stands behind a backslash: its length, 0 when it is no escape, and its character. */
static size_t read_escape(struct str text, uint32_t *code)
{
	static const char PLAIN[] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
				     ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
	unsigned char first = text.length ? (unsigned char)text.at[0] : 0;
	if (first == 'u')
		return read_unicode(text, code);
	if (first >= sizeof PLAIN || !PLAIN[first])
		return 0;
	*code = (unsigned char)PLAIN[first];
	return 1;
}

/* Writes the text without its escapes to `out`, which holds as many bytes; its end or NULL. */
static char *unescape(struct str text, char *out)
{
	while (text.length > 0) {
		ptrdiff_t plain = str_find(text, '\\');
		size_t length = plain < 0 ? text.length : (size_t)plain;
		memcpy(out, text.at, length);
		out += length;
		text = str_from(text, length);
		if (text.length == 0)
			break;
		uint32_t code = 0;
		size_t escape = read_escape(str_from(text, 1), &code);
		if (escape == 0)
			return NULL;
		out = put_character(out, code);
		text = str_from(text, escape + 1);
	}
	return out;
}

static bool without_escapes(struct json_reader *reader, const struct trail *trail, struct str *text)
{
	char *plain = budget_text(&reader->budget, *text, trail, reader->fault);
	if (!plain)
		return false;
	char *end = unescape(*text, plain);
	if (!end)
		return json_wrong(reader, trail, "the text has an escape that JSON does not know");
	*end = '\0';
	*text = (struct str){plain, (size_t)(end - plain)};
	return true;
}

/* Whether a byte of a string is neither its end, nor an escape, nor forbidden. */
static bool is_plain(char byte)
{
	return byte != '"' && byte != '\\' && (unsigned char)byte >= 0x20;
}

bool json_get_text(struct json_reader *reader, const struct trail *trail, struct str *out)
{
	bool escaped = false;
	if (!json_take(reader, '"'))
		return json_unexpected(reader, trail, "a text");
	const char *start = reader->at, *at = start, *end = reader->end;
	for (;;) {
		while (at < end && is_plain(*at))
			at++;
		if (at == end || *at != '\\')
			break;
		escaped = true;
		at += end - at > 1 ? 2 : 1;
	}
	if (at == end)
		return json_wrong(reader, trail, "the text is not closed by '\"'");
	if (*at != '"')
		return json_wrong(reader, trail, "the text holds the byte 0x%02x, unescaped",
				  (unsigned char)*at);
	reader->at = at + 1;
	*out = (struct str){start, (size_t)(at - start)};
	if (!utf8_valid(*out))
		return json_wrong(reader, trail, "the text is not UTF-8");
	return !escaped || without_escapes(reader, trail, out);
}

bool json_get_string(struct json_reader *reader, const struct trail *trail, char **out)
{
	struct str text;
	if (!json_get_text(reader, trail, &text))
		return false;
	if (text.length && memchr(text.at, '\0', text.length))
		return json_wrong(reader, trail, "the text holds a NUL");
	char *copy = budget_text(&reader->budget, text, trail, reader->fault);
	if (copy)
		*out = copy;
	return copy != NULL;
}

/* ---- numbers ---- */

bool json_get_number(struct json_reader *reader, const struct trail *trail, struct str *out)
{
	char next = json_peek(reader);
	size_t length = number_length(rest_of(reader));
	if (length == 0 && (next == '-' || (next >= '0' && next <= '9')))
		return json_wrong(reader, trail, "the number is not written as JSON has it");
	if (length == 0)
		return json_unexpected(reader, trail, "a number");
	*out = (struct str){reader->at, length};
	reader->at += length;
	return true;
}

bool json_get_double(struct json_reader *reader, const struct trail *trail, double *out)
{
	struct str number = {0};
	if (!json_get_number(reader, trail, &number))
		return false;
	char *buffer = budget_text(&reader->budget, number, trail, reader->fault);
	if (!buffer)
		return false;
	*out = number_double(number, buffer);
	return !__builtin_isinf(*out) || json_wrong(reader, trail, "the number is too large");
}

/* ---- objects and lists ---- */

bool json_next(struct json_reader *reader, char close, bool *first, const struct trail *trail,
	       bool *good)
{
	bool was_first = *first;
	*first = false;
	*good = true;
	if (json_take(reader, close))
		return false;
	if (was_first || json_take(reader, ','))
		return true;
	*good = json_unexpected(reader, trail, close == '}' ? "',' or '}'" : "',' or ']'");
	return false;
}

bool json_get_name(struct json_reader *reader, const struct trail *trail, struct str *out)
{
	if (json_peek(reader) != '"')
		return json_unexpected(reader, trail, "the name of a field");
	return json_get_text(reader, trail, out) &&
	       (json_take(reader, ':') || json_unexpected(reader, trail, "':'"));
}
