/* SPDX-License-Identifier: Apache-2.0 */
/* A text builder. Knows the escapes of JSON and XML, nothing of what is written. */
#include "base/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"

void text_release(struct text *text)
{
	mem_free(text->at);
	*text = (struct text){0};
}

void text_clear(struct text *text)
{
	text->length = 0;
	text->failed = false;
	if (text->at)
		text->at[0] = '\0';
}

static bool make_room(struct text *text, size_t more)
{
	if (!text->failed && (more > SIZE_MAX / 4 ||
			      !mem_reserve(&text->at, &text->capacity, text->length + more + 1, 1)))
		text->failed = true;
	return !text->failed;
}

void text_add(struct text *text, struct str more)
{
	if (!make_room(text, more.length))
		return;
	if (more.length)
		memcpy(text->at + text->length, more.at, more.length);
	text->length += more.length;
	text->at[text->length] = '\0';
}

void text_add_byte(struct text *text, char byte)
{
	text_add(text, (struct str){&byte, 1});
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0 || !make_room(text, (size_t)length)) {
		text->failed = true;
		return;
	}
	va_start(arguments, format);
	vsnprintf(text->at + text->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	text->length += (size_t)length;
}

static const struct str REPLACEMENT = {"\xEF\xBF\xBD", 3};

static void add_json_byte(struct text *text, char byte)
{
	static const char SHORT[] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
				     ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};
	unsigned char value = (unsigned char)byte;
	if (value < sizeof SHORT && SHORT[value]) {
		text_add_byte(text, '\\');
		text_add_byte(text, SHORT[value]);
	} else if (value < 0x20 || value == 0x7F) {
		text_addf(text, "\\u%04x", value);
	} else {
		text_add_byte(text, byte);
	}
}

void text_add_json(struct text *text, struct str more)
{
	text_add_byte(text, '"');
	for (size_t i = 0; i < more.length;) {
		size_t length = utf8_length(str_from(more, i));
		if (length == 0)
			text_add(text, REPLACEMENT);
		else if (length == 1)
			add_json_byte(text, more.at[i]);
		else
			text_add(text, str_first(str_from(more, i), length));
		i += length ? length : 1;
	}
	text_add_byte(text, '"');
}

static struct str xml_escape(char byte)
{
	switch (byte) {
	case '&': return STR("&amp;");
	case '<': return STR("&lt;");
	case '>': return STR("&gt;");
	case '"': return STR("&quot;");
	case '\'': return STR("&#39;");
	case '\t':
	case '\n':
	case '\r': return (struct str){0};
	default: return (unsigned char)byte < 0x20 ? REPLACEMENT : (struct str){0};
	}
}

/* U+FFFE and U+FFFF are well formed, and no characters of XML. */
static bool is_noncharacter(struct str text)
{
	return str_starts(text, STR("\xEF\xBF\xBE")) || str_starts(text, STR("\xEF\xBF\xBF"));
}

void text_add_xml(struct text *text, struct str more)
{
	for (size_t i = 0; i < more.length;) {
		size_t length = utf8_length(str_from(more, i));
		struct str escape = length == 1 ? xml_escape(more.at[i]) : (struct str){0};
		if (length == 0 || is_noncharacter(str_from(more, i)))
			text_add(text, REPLACEMENT);
		else if (escape.at)
			text_add(text, escape);
		else
			text_add(text, str_first(str_from(more, i), length));
		i += length ? length : 1;
	}
}

void text_add_number(struct text *text, uint64_t number)
{
	char digits[32];
	size_t at = sizeof digits;
	for (int i = 1;; i++) {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
		if (number == 0)
			break;
		if (i % 3 == 0)
			digits[--at] = ',';
	}
	text_add(text, (struct str){digits + at, sizeof digits - at});
}

void text_add_count(struct text *text, uint64_t count, const char *noun)
{
	text_add_number(text, count);
	text_addf(text, " %s%s", noun, count == 1 ? "" : "s");
}

struct str text_str(const struct text *text)
{
	return (struct str){text->at ? text->at : "", text->length};
}
