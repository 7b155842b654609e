/* SPDX-License-Identifier: Apache-2.0 */
/* Characters on a terminal. Must not know what is reported. The widths are those of Unicode's
 * East Asian Width and of the emoji that terminals draw wide, in ranges; a range that is
 * missing costs an underline that is off by one, no more. */
#include "report/plain.h"

#include <stdbool.h>

#include "base/utf8.h"

struct range {
	uint32_t first;
	uint32_t last;
};

/* Ascending. */
static const struct range COMBINING[] = {
	{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},   {0x05BF, 0x05BF},
	{0x05C1, 0x05C2}, {0x05C4, 0x05C5}, {0x0610, 0x061A},   {0x064B, 0x065F},
	{0x0670, 0x0670}, {0x06D6, 0x06DC}, {0x06DF, 0x06E4},   {0x0900, 0x0902},
	{0x093C, 0x093C}, {0x0941, 0x0948}, {0x094D, 0x094D},   {0x0E31, 0x0E31},
	{0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF},   {0x1DC0, 0x1DFF},
	{0x200B, 0x200D}, {0x20D0, 0x20F0}, {0x302A, 0x302D},   {0x3099, 0x309A},
	{0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0x1F3FB, 0x1F3FF}, {0xE0100, 0xE01EF},
};

/* Ascending. */
static const struct range WIDE[] = {
	{0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x2614, 0x2615},
	{0x2648, 0x2653},   {0x26A1, 0x26A1},   {0x26BD, 0x26BE},   {0x26D4, 0x26D4},
	{0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},   {0x274C, 0x274C},
	{0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},   {0x2B1B, 0x2B1C},
	{0x2B50, 0x2B50},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
	{0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},
	{0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
	{0x16FE0, 0x18AFF}, {0x1B000, 0x1B2FF}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF},
	{0x1F18E, 0x1F19A}, {0x1F200, 0x1F320}, {0x1F32D, 0x1F335}, {0x1F337, 0x1F3FA},
	{0x1F400, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F7E0, 0x1F7EB}, {0x1F90C, 0x1F9FF},
	{0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool within(const struct range *ranges, size_t count, uint32_t code)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (code > ranges[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && code >= ranges[low].first;
}

/* Controls of both kinds, and the embeddings, overrides and isolates of bidirectional text. */
static bool is_dangerous(uint32_t code)
{
	static const struct range DANGEROUS[] = {{0x0000, 0x001F}, {0x007F, 0x009F},
						 {0x061C, 0x061C}, {0x200E, 0x200F},
						 {0x2028, 0x202E}, {0x2066, 0x2069}};
	return within(DANGEROUS, COUNT(DANGEROUS), code);
}

struct glyph glyph_at(struct str text)
{
	static const unsigned char MASK[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	size_t length = utf8_length(text);
	if (length == 0)
		return (struct glyph){0xFFFD, 1};
	uint32_t code = (unsigned char)text.at[0] & MASK[length];
	for (size_t i = 1; i < length; i++)
		code = code << 6 | ((unsigned char)text.at[i] & 0x3F);
	return (struct glyph){code, (uint32_t)length};
}

unsigned glyph_width(uint32_t code)
{
	if (code < 0x300)
		return 1;
	if (within(COMBINING, COUNT(COMBINING), code))
		return 0;
	return within(WIDE, COUNT(WIDE), code) ? 2 : 1;
}

void add_glyph(struct text *out, struct str text, struct glyph glyph)
{
	if (is_dangerous(glyph.code) || glyph.code == 0xFFFD)
		text_add(out, STR("\xEF\xBF\xBD"));
	else
		text_add(out, str_first(text, glyph.length));
}

/* Length of the printable ASCII that `text` starts with. */
static size_t printable(struct str text)
{
	size_t length = 0;
	while (length < text.length && text.at[length] >= ' ' && text.at[length] < 0x7F)
		length++;
	return length;
}

void add_plain(struct text *out, struct str text)
{
	while (text.length) {
		size_t length = printable(text);
		text_add(out, str_first(text, length));
		text = str_from(text, length);
		if (text.length == 0)
			return;
		struct glyph glyph = glyph_at(text);
		add_glyph(out, text, glyph);
		text = str_from(text, glyph.length);
	}
}

unsigned plain_width(struct str text)
{
	unsigned width = 0;
	while (text.length) {
		struct glyph glyph = glyph_at(text);
		width += is_dangerous(glyph.code) ? 1 : glyph_width(glyph.code);
		text = str_from(text, glyph.length);
	}
	return width;
}
