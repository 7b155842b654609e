/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes, blanks and comments of JavaScript. Nothing here looks past `end`, except that a
 * multi-byte white space is compared against the padding. */
#include "scan/lang_javascript.h"

#define WORD8                                                                                      \
	JAVASCRIPT_WORD, JAVASCRIPT_WORD, JAVASCRIPT_WORD, JAVASCRIPT_WORD, JAVASCRIPT_WORD,       \
		JAVASCRIPT_WORD, JAVASCRIPT_WORD, JAVASCRIPT_WORD
#define WORD26 WORD8, WORD8, WORD8, JAVASCRIPT_WORD, JAVASCRIPT_WORD
#define WORD128                                                                                    \
	WORD8, WORD8, WORD8, WORD8, WORD8, WORD8, WORD8, WORD8, WORD8, WORD8, WORD8, WORD8, WORD8, \
		WORD8, WORD8, WORD8

const uint8_t javascript_classes[256] = {
	['\t'] = JAVASCRIPT_SPACE,
	['\n'] = JAVASCRIPT_SPACE,
	['\v'] = JAVASCRIPT_SPACE,
	['\f'] = JAVASCRIPT_SPACE,
	['\r'] = JAVASCRIPT_SPACE,
	[' '] = JAVASCRIPT_SPACE,
	['0'] = JAVASCRIPT_DIGIT,
	['1'] = JAVASCRIPT_DIGIT,
	['2'] = JAVASCRIPT_DIGIT,
	['3'] = JAVASCRIPT_DIGIT,
	['4'] = JAVASCRIPT_DIGIT,
	['5'] = JAVASCRIPT_DIGIT,
	['6'] = JAVASCRIPT_DIGIT,
	['7'] = JAVASCRIPT_DIGIT,
	['8'] = JAVASCRIPT_DIGIT,
	['9'] = JAVASCRIPT_DIGIT,
	['A'] = WORD26,
	['_'] = JAVASCRIPT_WORD,
	['a'] = WORD26,
	['$'] = JAVASCRIPT_WORD,
	['\\'] = JAVASCRIPT_WORD,
	['#'] = JAVASCRIPT_WORD,
	[128] = WORD128,
	['"'] = JAVASCRIPT_QUOTE,
	['\''] = JAVASCRIPT_QUOTE,
	['`'] = JAVASCRIPT_BACKTICK,
	['/'] = JAVASCRIPT_SLASH,
	['<'] = JAVASCRIPT_LESS,
	['>'] = JAVASCRIPT_GREATER,
	['{'] = JAVASCRIPT_OPEN_BRACE,
	['}'] = JAVASCRIPT_CLOSE_BRACE,
	['('] = JAVASCRIPT_OPEN_PAREN,
	[')'] = JAVASCRIPT_CLOSE_PAREN,
	[']'] = JAVASCRIPT_CLOSE_BRACKET,
	['.'] = JAVASCRIPT_DOT,
	[';'] = JAVASCRIPT_SEMICOLON,
	['+'] = JAVASCRIPT_SIGN,
	['-'] = JAVASCRIPT_SIGN,
	['='] = JAVASCRIPT_EQUALS,
	['!'] = JAVASCRIPT_BANG,
};

bool javascript_word_is(const char *at, struct str word)
{
	return strncmp(at, word.at, word.length) == 0 && !javascript_is_word(at[word.length]);
}

/* The white space of ECMA-262 that takes three bytes starts with E1, E2, E3 or EF. */
static size_t wide_space_of_three(const unsigned char *at)
{
	if (at[0] == 0xE2 && at[1] == 0x80)
		return (at[2] >= 0x80 && at[2] <= 0x8A) || at[2] == 0xA8 || at[2] == 0xA9 ||
				       at[2] == 0xAF
			       ? 3
			       : 0;
	if (at[0] == 0xEF && at[1] == 0xBB && at[2] == 0xBF)
		return 3;
	if (at[0] == 0xE2 && at[1] == 0x81 && at[2] == 0x9F)
		return 3;
	if (at[0] == 0xE3 && at[1] == 0x80 && at[2] == 0x80)
		return 3;
	return at[0] == 0xE1 && at[1] == 0x9A && at[2] == 0x80 ? 3 : 0;
}

size_t javascript_wide_space(const char *at)
{
	const unsigned char *bytes = (const unsigned char *)at;
	if (bytes[0] == 0xC2)
		return bytes[1] == 0xA0 || bytes[1] == 0x85 ? 2 : 0;
	return bytes[0] >= 0xE1 ? wide_space_of_three(bytes) : 0;
}

const char *javascript_skip_word(const char *at, const char *end)
{
	while (at < end && javascript_is_word(*at) &&
	       ((unsigned char)*at < 0x80 || javascript_wide_space(at) == 0))
		at++;
	return at;
}

/* LF, CR, U+2028 and U+2029 end a line. */
const char *javascript_skip_line(const char *at, const char *end)
{
	for (; at < end && *at != '\n' && *at != '\r'; at++)
		if ((unsigned char)at[0] == 0xE2 && (unsigned char)at[1] == 0x80 &&
		    ((unsigned char)at[2] | 1) == 0xA9)
			break;
	return at;
}

static const char *block_comment_end(const char *at, const char *end)
{
	while (at < end) {
		const char *star = memchr(at, '*', (size_t)(end - at));
		if (!star)
			return end;
		if (star + 1 < end && star[1] == '/')
			return star + 2;
		at = star + 1;
	}
	return end;
}

const char *javascript_skip_comment(const char *at, const char *end)
{
	if (at[0] != '/' || end - at < 2)
		return at;
	if (at[1] == '/')
		return javascript_skip_line(at + 2, end);
	return at[1] == '*' ? block_comment_end(at + 2, end) : at;
}

const char *javascript_skip_blank(const char *at, const char *end)
{
	while (at < end) {
		size_t wide;
		uint8_t class = javascript_classes[(unsigned char)*at];
		if (class == JAVASCRIPT_SPACE) {
			at++;
		} else if (class == JAVASCRIPT_SLASH) {
			const char *after = javascript_skip_comment(at, end);
			if (after == at)
				return at;
			at = after;
		} else if (class == JAVASCRIPT_WORD && (wide = javascript_wide_space(at)) > 0) {
			at += wide;
		} else {
			return at;
		}
	}
	return end;
}
