/* SPDX-License-Identifier: Apache-2.0 */
/* Tells code from comments, strings, raw strings, characters and "#if 0" in C and C++. Must
 * not know what is looked for in the code.
 *
 * Invariant: `at` only moves forward; whatever has no end ends with its line (strings,
 * characters) or with the file (comments, raw strings, conditionals). */
#include "scan/lang_c.h"

enum { RAW_DELIMITER_LIMIT = 16 };

/* ---- bytes ---- */

static bool is_word_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || (unsigned char)byte >= 0x80;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\v' || byte == '\f' || byte == '\r';
}

/* ---- lines ---- */

/* Behind the spliced newline that `at` (a backslash) begins, or NULL. As compilers do, blanks
 * may stand between the two. */
static const char *splice_end(const char *at, const char *end)
{
	const char *behind = at + 1;
	while (behind < end && is_blank(*behind))
		behind++;
	return behind < end && *behind == '\n' ? behind + 1 : NULL;
}

/* The byte after `at`, past spliced newlines. */
static const char *next_byte(const char *at, const char *end)
{
	at++;
	while (*at == '\\') {
		const char *behind = splice_end(at, end);
		if (!behind)
			break;
		at = behind;
	}
	return at;
}

/* The backslash that splices the newline at `newline`, or NULL. */
static const char *splice_before(const char *newline, const char *begin)
{
	while (newline > begin && is_blank(newline[-1]))
		newline--;
	return newline > begin && newline[-1] == '\\' ? newline - 1 : NULL;
}

static bool starts_line(const struct c_lexer *lexer, const char *at)
{
	for (;;) {
		if (at == lexer->comment_end)
			return lexer->comment_starts_line;
		if (at == lexer->begin)
			return true;
		if (is_blank(at[-1])) {
			at--;
			continue;
		}
		if (at[-1] != '\n')
			return false;
		const char *splice = splice_before(at - 1, lexer->begin);
		if (!splice)
			return true;
		at = splice;
	}
}

bool c_lexer_starts_line(const struct c_lexer *lexer)
{
	return starts_line(lexer, lexer->at);
}

/* ---- comments and literals ---- */

/* The newline that ends a line comment, or the end. */
static const char *line_comment_end(const char *at, const char *end)
{
	for (;;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			return end;
		if (!splice_before(newline, at))
			return newline;
		at = newline + 1;
	}
}

static void skip_block_comment(struct c_lexer *lexer, const char *inside)
{
	lexer->comment_starts_line = starts_line(lexer, lexer->at);
	lexer->at = c_find_comment_end(inside, lexer->end);
	lexer->comment_end = lexer->at;
}

static void skip_slash(struct c_lexer *lexer)
{
	const char *next = next_byte(lexer->at, lexer->end);
	if (*next == '*')
		skip_block_comment(lexer, next + 1);
	else if (*next == '/')
		lexer->at = line_comment_end(next + 1, lexer->end);
	else
		lexer->at++;
}

/* Past the literal whose opening quote `at` is on, or to the end of its line. */
static void skip_literal(struct c_lexer *lexer)
{
	char quote = *lexer->at++;
	for (; lexer->at < lexer->end && *lexer->at != '\n'; lexer->at++) {
		if (*lexer->at == quote) {
			lexer->at++;
			return;
		}
		if (*lexer->at != '\\')
			continue;
		const char *behind = splice_end(lexer->at, lexer->end);
		lexer->at = behind ? behind - 1 : next_byte(lexer->at, lexer->end);
	}
	if (lexer->at > lexer->end)
		lexer->at = lexer->end;
}

/* The word that ends at `end`. */
static struct str word_before(const char *begin, const char *end)
{
	const char *from = end;
	while (from > begin && is_word_byte(from[-1]))
		from--;
	return (struct str){from, (size_t)(end - from)};
}

static bool is_raw_prefix(struct str word)
{
	return str_equal(word, STR("R")) || str_equal(word, STR("LR")) ||
	       str_equal(word, STR("uR")) || str_equal(word, STR("UR")) ||
	       str_equal(word, STR("u8R"));
}

/* Past the raw string at `at` (its quote); false when it is not well begun. */
static bool skip_raw_string(struct c_lexer *lexer)
{
	char closing[RAW_DELIMITER_LIMIT + 2] = {')'};
	size_t length = 1;
	const char *at = lexer->at + 1;
	for (; at < lexer->end && *at != '('; at++) {
		if (length > RAW_DELIMITER_LIMIT || is_blank(*at) || *at == '\n' || *at == ')' ||
		    *at == '\\' || *at == '"')
			return false;
		closing[length++] = *at;
	}
	closing[length++] = '"';
	const char *found =
		at < lexer->end ? memmem(at, (size_t)(lexer->end - at), closing, length) : NULL;
	lexer->at = found ? found + length : lexer->end;
	return true;
}

static void skip_string(struct c_lexer *lexer)
{
	bool raw = lexer->at > lexer->begin && lexer->at[-1] == 'R' &&
		   is_raw_prefix(word_before(lexer->begin, lexer->at));
	if (!raw || !skip_raw_string(lexer))
		skip_literal(lexer);
}

/* A quote in a number (1'000) is a separator; the rest of the number is passed with it. */
static void skip_apostrophe(struct c_lexer *lexer)
{
	struct str word = word_before(lexer->begin, lexer->at);
	if (word.length == 0 || !is_digit(word.at[0]) || !is_word_byte(lexer->at[1])) {
		skip_literal(lexer);
		return;
	}
	while (is_word_byte(*lexer->at) || *lexer->at == '.' ||
	       (*lexer->at == '\'' && is_word_byte(lexer->at[1])))
		lexer->at++;
}

/* ---- "#if 0" ---- */

const char *c_skip_blanks(const char *at, const char *end)
{
	for (;;) {
		const char *next = at;
		if (is_blank(*at))
			next = at + 1;
		else if (*at == '\\')
			next = splice_end(at, end);
		else if (*at == '/' && *next_byte(at, end) == '*')
			next = c_find_comment_end(next_byte(at, end) + 1, end);
		else
			return at;
		if (!next)
			return at;
		at = next;
	}
}

struct str c_identifier(const char *at)
{
	const char *from = at;
	if (!is_digit(*at))
		while (is_word_byte(*at))
			at++;
	return (struct str){from, (size_t)(at - from)};
}

static bool is_zero_condition(const char *at, const char *end)
{
	at = c_skip_blanks(at, end);
	if (at >= end || *at != '0' || is_word_byte(at[1]))
		return false;
	at = c_skip_blanks(at + 1, end);
	return at >= end || *at == '\n' || (at[0] == '/' && at[1] == '/');
}

static bool is_one_of(struct str word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(word, str_of(words[i])))
			return true;
	return false;
}

static void count_conditionals(struct c_lexer *lexer, struct str keyword)
{
	static const char *const OPENING[] = {"if", "ifdef", "ifndef"};
	static const char *const OTHERWISE[] = {"else", "elif", "elifdef", "elifndef"};
	if (is_one_of(keyword, OPENING, 3))
		lexer->skip_depth++;
	else if (str_equal(keyword, STR("endif")))
		lexer->skip_depth--;
	else if (lexer->skip_depth == 1 && is_one_of(keyword, OTHERWISE, 4))
		lexer->skip_depth = 0;
}

/* Stands on '#' or "%:". Only its effect on what is code matters here: the rest of the line
 * is gone over like any other. */
static void pass_hash(struct c_lexer *lexer)
{
	bool directive = starts_line(lexer, lexer->at);
	lexer->at += *lexer->at == '#' ? 1 : 2;
	if (!directive)
		return;
	struct str keyword = c_identifier(c_skip_blanks(lexer->at, lexer->end));
	if (lexer->skip_depth > 0)
		count_conditionals(lexer, keyword);
	else if (str_equal(keyword, STR("if")) &&
		 is_zero_condition(keyword.at + keyword.length, lexer->end))
		lexer->skip_depth = 1;
}

void c_lexer_move(struct c_lexer *lexer, const char *target)
{
	while (lexer->at < lexer->end && (lexer->at < target || lexer->skip_depth > 0)) {
		const char *limit = lexer->skip_depth > 0 ? lexer->end : target;
		lexer->at = c_find_stop(lexer->at, limit);
		if (lexer->at >= limit)
			continue;
		if (*lexer->at == '"')
			skip_string(lexer);
		else if (*lexer->at == '\'')
			skip_apostrophe(lexer);
		else if (*lexer->at == '/')
			skip_slash(lexer);
		else
			pass_hash(lexer);
	}
}
