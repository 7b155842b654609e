/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing over U+10FFFF. */
#include "base/utf8.h"

static bool continues(unsigned char byte)
{
	return (byte & 0xC0) == 0x80;
}

static size_t length_of_three(const unsigned char *at)
{
	if (!continues(at[1]) || !continues(at[2]))
		return 0;
	if (at[0] == 0xE0 && at[1] < 0xA0)
		return 0;
	if (at[0] == 0xED && at[1] > 0x9F)
		return 0;
	return 3;
}

static size_t length_of_four(const unsigned char *at)
{
	if (!continues(at[1]) || !continues(at[2]) || !continues(at[3]))
		return 0;
	if (at[0] == 0xF0 && at[1] < 0x90)
		return 0;
	if (at[0] == 0xF4 && at[1] > 0x8F)
		return 0;
	return 4;
}

size_t utf8_length(struct str text)
{
	const unsigned char *at = (const unsigned char *)text.at;
	if (text.length == 0)
		return 0;
	if (at[0] < 0x80)
		return 1;
	if (at[0] >= 0xC2 && at[0] <= 0xDF)
		return text.length >= 2 && continues(at[1]) ? 2 : 0;
	if (at[0] >= 0xE0 && at[0] <= 0xEF)
		return text.length >= 3 ? length_of_three(at) : 0;
	if (at[0] >= 0xF0 && at[0] <= 0xF4)
		return text.length >= 4 ? length_of_four(at) : 0;
	return 0;
}

/* Whether any of the 64 bytes is over 0x7F; the compiler makes vector code of it. */
static bool has_high_byte(const char *bytes)
{
	uint64_t words[8], all = 0;
	memcpy(words, bytes, sizeof words);
	for (int i = 0; i < 8; i++)
		all |= words[i];
	return (all & 0x8080808080808080u) != 0;
}

/* Offset at or after `from` up to which all is ASCII: that of a 64-byte block with a byte over
 * 0x7F, or of what is left behind the last whole block. */
static size_t skip_ascii(struct str text, size_t from)
{
	while (from + 64 <= text.length && !has_high_byte(text.at + from))
		from += 64;
	return from;
}

/* The same byte by byte, to the next byte over 0x7F or `most` bytes on. */
static size_t skip_few_ascii(struct str text, size_t from, size_t most)
{
	size_t end = text.length - from < most ? text.length : from + most;
	while (from < end && (unsigned char)text.at[from] < 0x80)
		from++;
	return from;
}

bool utf8_valid(struct str text)
{
	size_t at = skip_ascii(text, 0);
	while (at < text.length) {
		size_t next = skip_few_ascii(text, at, 64);
		if (next - at == 64) {
			at = skip_ascii(text, next);
			continue;
		}
		at = next;
		if (at == text.length)
			break;
		size_t length = utf8_length(str_from(text, at));
		if (length == 0)
			return false;
		at += length;
	}
	return true;
}

uint32_t utf8_count(struct str text)
{
	uint32_t count = 0;
	for (size_t i = 0; i < text.length; i++)
		count += !continues((unsigned char)text.at[i]);
	return count;
}

size_t utf8_cut(const char *text, size_t length)
{
	size_t start = length;
	while (start > 0 && length - start < 3 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
		start--;
	if (start == 0)
		return length;
	unsigned char lead = (unsigned char)text[start - 1];
	size_t needed = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
	return length - start + 1 < needed ? start - 1 : length;
}
