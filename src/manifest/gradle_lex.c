/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts Groovy and Kotlin scripts into words. Knows the forms of their texts and comments, and
 * nothing of Gradle.
 *
 * Invariant: every byte is stepped over once, by step(), which keeps line and column. */
#include "manifest/gradle_lex.h"

void gradle_lexer_init(struct gradle_lexer *lexer, struct str source, bool kotlin)
{
	if (str_starts(source, STR("\xEF\xBB\xBF")))
		source = str_from(source, 3);
	*lexer = (struct gradle_lexer){
		.source = source, .kotlin = kotlin, .line = 1, .column = 1, .operand = true};
}

static bool is_done(const struct gradle_lexer *lexer)
{
	return lexer->at >= lexer->source.length;
}

/* The byte `ahead` of the next, or NUL past the end. */
static char peek(const struct gradle_lexer *lexer, size_t ahead)
{
	size_t at = lexer->at + ahead;
	return at < lexer->source.length ? lexer->source.at[at] : '\0';
}

static bool follows(const struct gradle_lexer *lexer, struct str text)
{
	return str_starts(str_from(lexer->source, lexer->at), text);
}

static void step(struct gradle_lexer *lexer, size_t count)
{
	for (; count > 0 && !is_done(lexer); count--) {
		unsigned char byte = (unsigned char)lexer->source.at[lexer->at++];
		if (byte == '\n') {
			lexer->line++;
			lexer->column = 1;
		} else if ((byte & 0xC0) != 0x80) {
			lexer->column++;
		}
	}
}

static bool is_word_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || (byte & 0x80);
}

/* ---- what is passed over ---- */

static void skip_block_comment(struct gradle_lexer *lexer)
{
	size_t depth = 0;
	do {
		if (follows(lexer, STR("*/"))) {
			step(lexer, 2);
			depth--;
		} else if (follows(lexer, STR("/*")) && (depth == 0 || lexer->kotlin)) {
			step(lexer, 2);
			depth++;
		} else {
			step(lexer, 1);
		}
	} while (depth > 0 && !is_done(lexer));
}

static void skip_line(struct gradle_lexer *lexer)
{
	while (!is_done(lexer) && peek(lexer, 0) != '\n')
		step(lexer, 1);
}

static void skip_blanks(struct gradle_lexer *lexer)
{
	while (!is_done(lexer)) {
		char byte = peek(lexer, 0);
		bool continued = byte == '\\' && (peek(lexer, 1) == '\n' || peek(lexer, 1) == '\r');
		if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\f')
			step(lexer, 1);
		else if (continued)
			step(lexer, peek(lexer, 1) == '\r' ? 3 : 2);
		else if (follows(lexer, STR("//")) || follows(lexer, STR("#!")))
			skip_line(lexer);
		else if (follows(lexer, STR("/*")))
			skip_block_comment(lexer);
		else
			return;
	}
}

/* ---- texts ---- */

/* What is between the braces of "${...}" may hold texts of its own, in which a quote of the
 * outer one is no end; they are passed over without looking for further templates. */
static void skip_template(struct gradle_lexer *lexer)
{
	size_t depth = 0;
	char quote = '\0';
	step(lexer, 1);
	while (!is_done(lexer) && peek(lexer, 0) != '\n') {
		char byte = peek(lexer, 0);
		if (quote) {
			if (byte == '\\')
				step(lexer, 1);
			else if (byte == quote)
				quote = '\0';
		} else if (byte == '"' || byte == '\'') {
			quote = byte;
		} else if (byte == '{') {
			depth++;
		} else if (byte == '}' && --depth == 0) {
			step(lexer, 1);
			return;
		}
		step(lexer, 1);
	}
}

/* A text that is open, up to `end`. One in single quotes or slashes ends with its line at the
 * latest, as all that were seen do. */
static void read_text(struct gradle_lexer *lexer, struct gradle_token *token, struct str end,
		      bool over_lines)
{
	size_t from = lexer->at;
	bool escapes = false, closed = false;
	while (!is_done(lexer) && (over_lines || peek(lexer, 0) != '\n')) {
		closed = follows(lexer, end);
		if (closed)
			break;
		if (peek(lexer, 0) == '\\' && !(over_lines && lexer->kotlin)) {
			escapes = true;
			step(lexer, 2);
		} else if (token->template && follows(lexer, STR("${"))) {
			skip_template(lexer);
		} else {
			step(lexer, 1);
		}
	}
	token->kind = GRADLE_TEXT;
	token->text = (struct str){lexer->source.at + from, lexer->at - from};
	token->plain = closed && !escapes;
	if (closed)
		step(lexer, end.length);
}

static const struct quote {
	struct str begin;
	struct str end;
	bool over_lines;
	bool template;
	bool groovy; /* not in Kotlin */
	bool operand;
} QUOTES[] = {
	{{"\"\"\"", 3}, {"\"\"\"", 3}, true, true, false, false},
	{{"'''", 3}, {"'''", 3}, true, false, true, false},
	{{"\"", 1}, {"\"", 1}, false, true, false, false},
	{{"'", 1}, {"'", 1}, false, false, false, false},
	{{"$/", 2}, {"/$", 2}, true, true, true, true},
	{{"/", 1}, {"/", 1}, false, true, true, true},
};

static bool read_quoted(struct gradle_lexer *lexer, struct gradle_token *token)
{
	for (size_t i = 0; i < sizeof QUOTES / sizeof *QUOTES; i++) {
		const struct quote *quote = &QUOTES[i];
		if (!follows(lexer, quote->begin) || (quote->groovy && lexer->kotlin) ||
		    (quote->operand && !lexer->operand))
			continue;
		step(lexer, quote->begin.length);
		token->template = quote->template;
		read_text(lexer, token, quote->end, quote->over_lines);
		return true;
	}
	return false;
}

static void read_word(struct gradle_lexer *lexer, struct gradle_token *token)
{
	size_t from = lexer->at;
	while (!is_done(lexer) && is_word_byte(peek(lexer, 0)))
		step(lexer, 1);
	token->kind = GRADLE_WORD;
	token->text = (struct str){lexer->source.at + from, lexer->at - from};
}

static void read_sign(struct gradle_lexer *lexer, struct gradle_token *token)
{
	char byte = peek(lexer, 0);
	token->kind = byte == '\n' || byte == ';' ? GRADLE_NEWLINE : GRADLE_SIGN;
	token->text = (struct str){lexer->source.at + lexer->at, 1};
	step(lexer, 1);
}

struct gradle_token gradle_next(struct gradle_lexer *lexer)
{
	skip_blanks(lexer);
	struct gradle_token token = {.line = lexer->line, .column = lexer->column};
	if (is_done(lexer))
		return token;
	if (is_word_byte(peek(lexer, 0)))
		read_word(lexer, &token);
	else if (!read_quoted(lexer, &token))
		read_sign(lexer, &token);
	/* After a value '/' divides. */
	lexer->operand = token.kind == GRADLE_NEWLINE ||
			 (token.kind == GRADLE_SIGN && !strchr(")]}", token.text.at[0]));
	return token;
}
