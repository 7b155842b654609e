/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes, tokens and lists of header fields. Knows no request and no field by name. */
#include "http/token.h"

#define T HTTP_CHAR_TOKEN
#define U HTTP_CHAR_TARGET
#define H HTTP_CHAR_HOST
#define V HTTP_CHAR_VALUE
#define P HTTP_CHAR_PLAIN

/* clang-format off */
const uint8_t http_chars[256] = {
	['\t'] = V, [' '] = V,
	['!'] = T|U|H|V, ['"'] = V, ['#'] = T|V, ['$'] = T|U|H|V, ['%'] = T|U|H|V,
	['&'] = T|U|H|V, ['\''] = T|U|H|V, ['('] = U|H|V, [')'] = U|H|V, ['*'] = T|U|H|V,
	['+'] = T|U|H|V, [','] = U|H|V, ['-'] = T|U|H|V|P, ['.'] = T|U|H|V|P, ['/'] = U|V,
	['0' ... '9'] = T|U|H|V|P, [':'] = U|H|V, [';'] = U|H|V, ['<'] = V, ['='] = U|H|V,
	['>'] = V, ['?'] = U|V, ['@'] = U|V, ['A' ... 'Z'] = T|U|H|V|P, ['['] = U|H|V,
	['\\'] = V, [']'] = U|H|V, ['^'] = T|V, ['_'] = T|U|H|V|P, ['`'] = T|V,
	['a' ... 'z'] = T|U|H|V|P, ['{'] = U|V, ['|'] = T|U|V, ['}'] = U|V, ['~'] = T|U|H|V|P,
	[0x80 ... 0xFF] = V,
};
/* clang-format on */

bool http_chars_all(struct str text, uint8_t property)
{
	for (size_t i = 0; i < text.length; i++)
		if (!(http_chars[(unsigned char)text.at[i]] & property))
			return false;
	return true;
}

int http_hex(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	char lower = http_lower(digit);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool http_equal(struct str a, struct str b)
{
	if (a.length != b.length)
		return false;
	for (size_t i = 0; i < a.length; i++)
		if (http_lower(a.at[i]) != http_lower(b.at[i]))
			return false;
	return true;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

struct str http_trim(struct str text)
{
	while (text.length && is_blank(text.at[0]))
		text = str_from(text, 1);
	while (text.length && is_blank(text.at[text.length - 1]))
		text.length--;
	return text;
}

/* Length of the element that the text starts with: to a comma outside of quotes. */
static size_t element_length(struct str text)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < text.length; i++) {
		if (text.at[i] == '"')
			quoted = !quoted;
		else if (text.at[i] == '\\' && quoted)
			i++;
		else if (text.at[i] == ',' && !quoted)
			break;
	}
	return i < text.length ? i : text.length;
}

bool http_list_next(struct str *rest, struct str *out)
{
	while (rest->length) {
		size_t length = element_length(*rest);
		struct str element = http_trim(str_first(*rest, length));
		*rest = str_from(*rest, length + 1);
		if (element.length) {
			*out = element;
			return true;
		}
	}
	return false;
}

bool http_list_has(struct str list, struct str token)
{
	struct str element;
	while (http_list_next(&list, &element))
		if (http_equal(element, token))
			return true;
	return false;
}

bool http_is_media(struct str value, struct str type)
{
	struct str part, name;
	bool good = str_split(&value, ';', &part) && http_equal(http_trim(part), type);
	while (good && str_split(&value, ';', &part)) {
		str_split(&part, '=', &name);
		if (!http_equal(http_trim(name), STR("charset")))
			continue;
		part = http_trim(part);
		good = http_equal(part, STR("utf-8")) || http_equal(part, STR("\"utf-8\""));
	}
	return good;
}

/* "0.75" is 750; what is no quality value is 0. */
static int quality(struct str text)
{
	if (!text.length || text.length > 5 || (text.at[0] != '0' && text.at[0] != '1'))
		return 0;
	int value = (text.at[0] - '0') * 1000, digit = 100;
	if (text.length > 1 && text.at[1] != '.')
		return 0;
	for (size_t i = 2; i < text.length; i++, digit /= 10) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return 0;
		value += (text.at[i] - '0') * digit;
	}
	return value <= 1000 ? value : 0;
}

/* The q parameter of one element of Accept, 1000 without one; `*range` is what stands before. */
static int element_quality(struct str element, struct str *range)
{
	int value = 1000;
	struct str part;
	str_split(&element, ';', range);
	*range = http_trim(*range);
	while (str_split(&element, ';', &part)) {
		part = http_trim(part);
		if (part.length > 2 && http_lower(part.at[0]) == 'q' && part.at[1] == '=')
			value = quality(str_from(part, 2));
	}
	return value;
}

/* 3 for the type itself, 2 for "text/" and a star, 1 for two stars, 0 for no match. */
static int specificity(struct str range, struct str type)
{
	ptrdiff_t slash = str_find(type, '/');
	if (http_equal(range, type))
		return 3;
	if (str_equal(range, STR("*/*")))
		return 1;
	if (slash < 0 || range.length != (size_t)slash + 2 || range.at[slash + 1] != '*')
		return 0;
	return http_equal(str_first(range, (size_t)slash + 1), str_first(type, (size_t)slash + 1))
		       ? 2
		       : 0;
}

int http_accept(struct str accept, struct str type)
{
	if (!http_trim(accept).length)
		return 1000;
	int best = 0, value = 0;
	struct str element, range;
	while (http_list_next(&accept, &element)) {
		int weight = element_quality(element, &range);
		int match = specificity(range, type);
		if (match > best || (match == best && match && weight > value)) {
			best = match;
			value = weight;
		}
	}
	return value;
}
