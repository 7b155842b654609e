/* SPDX-License-Identifier: Apache-2.0 */
/* Java's comments, literals and blanks, forwards and backwards. Looking back works because
 * the last comments are remembered: from behind, a line comment cannot be told from code. */
#include "scan/lang_java.h"

static const char *line_end(const char *at, const char *end)
{
	return java_find(at, end, '\n', '\r', '\n');
}

const char *java_skip_comment(struct java *java, const char *at)
{
	const char *after =
		at[1] == '*' ? java_comment_end(at + 2, java->end) : line_end(at + 2, java->end);
	java->comments[java->comment_count++ % JAVA_COMMENT_LIMIT] = (struct java_span){at, after};
	return after;
}

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

int java_unicode_escape(const struct java *java, const char *at, const char **after)
{
	int code = 0;
	const char *digits = at + 1;
	while (digits < java->end && *digits == 'u')
		digits++;
	if (digits == at + 1)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(digits[i]);
		if (digit < 0)
			return -1;
		code = code * 16 + digit;
	}
	*after = digits + 4;
	return code;
}

/* Behind the escape sequence at `at`, a backslash. `*closes` when it spells `quote`: the
 * compiler reads Unicode escapes before it reads strings. */
static const char *skip_escape(const struct java *java, const char *at, char quote, bool *closes)
{
	const char *after = at + 1;
	int code = java_unicode_escape(java, at, &after);
	*closes = code == quote;
	if (code == '\\' && *after == '\\')
		return java_unicode_escape(java, after, &after) >= 0 ? after : after + 2;
	if (code == '\\')
		return after + 1;
	return code >= 0 ? after : at + 2;
}

static const char *skip_quoted(const struct java *java, const char *at, char quote)
{
	for (;;) {
		at = java_find(at, java->end, quote, '\\', '\n');
		if (at >= java->end || *at == '\n')
			return at < java->end ? at : java->end;
		if (*at == quote)
			return at + 1;
		bool closes;
		at = skip_escape(java, at, quote, &closes);
		if (closes)
			return at;
	}
}

static const char *skip_text_block(const struct java *java, const char *at)
{
	for (;;) {
		at = java_find(at, java->end, '"', '\\', '"');
		if (at >= java->end)
			return java->end;
		if (*at == '\\')
			at += 2;
		else if (at[1] == '"' && at[2] == '"')
			return at + 3;
		else
			at++;
	}
}

const char *java_skip_string(const struct java *java, const char *at)
{
	if (at[1] != '"')
		return skip_quoted(java, at + 1, '"');
	return at[2] == '"' ? skip_text_block(java, at + 3) : at + 2;
}

const char *java_skip_character(const struct java *java, const char *at)
{
	return skip_quoted(java, at + 1, '\'');
}

const char *java_skip_blank(const struct java *java, const char *at)
{
	for (;;) {
		while (java_is(*at, JAVA_BYTE_SPACE))
			at++;
		if (at[0] != '/' || (at[1] != '/' && at[1] != '*'))
			return at < java->end ? at : java->end;
		/* Not remembered here: it will be when the scan comes by. */
		at = at[1] == '*' ? java_comment_end(at + 2, java->end)
				  : line_end(at + 2, java->end);
	}
}

/* The start of the comment that `at` is in or behind the last byte of; or `at`. */
static const char *before_comment(const struct java *java, const char *at)
{
	unsigned oldest = java->comment_count > JAVA_COMMENT_LIMIT
				  ? java->comment_count - JAVA_COMMENT_LIMIT
				  : 0;
	for (unsigned i = java->comment_count; i > oldest; i--) {
		const struct java_span *comment = &java->comments[(i - 1) % JAVA_COMMENT_LIMIT];
		if (at > comment->end)
			return at;
		if (at > comment->begin)
			return comment->begin;
	}
	return at;
}

const char *java_before_blank(const struct java *java, const char *at)
{
	for (;;) {
		while (at > java->begin && java_is(at[-1], JAVA_BYTE_SPACE))
			at--;
		const char *before = before_comment(java, at);
		if (before == at)
			return at;
		at = before;
	}
}

struct str java_word_before(const struct java *java, const char *end)
{
	const char *at = end;
	while (at > java->begin && java_is(at[-1], JAVA_BYTE_NAME))
		at--;
	return (struct str){at, (size_t)(end - at)};
}
