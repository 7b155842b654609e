/* SPDX-License-Identifier: Apache-2.0 */
/* Splits SQL into tokens, once, from left to right. Knows no statement and no name. Invariant:
 * whatever is accepted is split alike by PostgreSQL (with standard_conforming_strings) and by
 * SQLite, once comments are blanks and "$tag$" is a quote. */
#include "lex.h"

#include <ashlar/value.h>

#include "base/mem.h"
#include "store.h"

struct lexer {
	struct tokens *tokens;
	const char *at;
	const char *end;
	uint32_t line;
	uint32_t open; /* index of the innermost open parenthesis, or UINT32_MAX */
	bool spaced;
	struct fault *fault;
};

void tokens_release(struct tokens *tokens)
{
	mem_free(tokens->items);
	*tokens = (struct tokens){0};
}

struct str token_str(const struct tokens *tokens, size_t index)
{
	const struct token *token = &tokens->items[index];
	return (struct str){tokens->source.at + token->at, token->length};
}

struct str token_name(const struct tokens *tokens, size_t index, char out[TOKEN_NAME_LIMIT + 1])
{
	struct str text = token_str(tokens, index);
	bool quoted = tokens->items[index].kind == TOKEN_QUOTED;
	size_t length = 0, end = text.length - quoted;
	for (size_t i = quoted; i < end && length < TOKEN_NAME_LIMIT; i++) {
		char byte = text.at[i];
		if (quoted && byte == '"')
			i++;
		else if (!quoted && byte >= 'A' && byte <= 'Z')
			byte = (char)(byte + ('a' - 'A'));
		out[length++] = byte;
	}
	out[length] = '\0';
	return (struct str){out, length};
}

static bool is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static char peek(const struct lexer *lexer, size_t ahead)
{
	return (size_t)(lexer->end - lexer->at) > ahead ? lexer->at[ahead] : '\0';
}

static ash_status refuse(struct lexer *lexer, const char *what)
{
	return fault_set(lexer->fault, ASH_INVALID_ARGUMENT, "line %u of the SQL: %s", lexer->line,
			 what);
}

/* Adds the `length` bytes from here as a token, and goes past them. */
static struct token *add(struct lexer *lexer, enum token_kind kind, size_t length)
{
	struct tokens *tokens = lexer->tokens;
	if (!mem_reserve(&tokens->items, &tokens->capacity, tokens->count + 2,
			 sizeof *tokens->items))
		return NULL;
	struct token *token = &tokens->items[tokens->count++];
	*token = (struct token){.at = (uint32_t)(lexer->at - tokens->source.at),
				.length = (uint32_t)length,
				.line = lexer->line,
				.kind = (uint8_t)kind,
				.spaced = lexer->spaced};
	for (size_t i = 0; i < length; i++)
		lexer->line += lexer->at[i] == '\n';
	lexer->at += length;
	lexer->spaced = false;
	return token;
}

static ash_status add_or_fail(struct lexer *lexer, enum token_kind kind, size_t length)
{
	return add(lexer, kind, length) ? ASH_OK : fault_memory(lexer->fault);
}

/* PostgreSQL's comments nest; as a blank they are the same to both. */
static ash_status skip_comment(struct lexer *lexer)
{
	unsigned depth = 0;
	do {
		if (lexer->at == lexer->end)
			return refuse(lexer, "a comment does not end");
		if (lexer->at[0] == '/' && peek(lexer, 1) == '*') {
			depth++;
			lexer->at++;
		} else if (lexer->at[0] == '*' && peek(lexer, 1) == '/') {
			depth--;
			lexer->at++;
		}
		lexer->line += *lexer->at == '\n';
		lexer->at++;
	} while (depth > 0);
	return ASH_OK;
}

static ash_status skip_blanks(struct lexer *lexer)
{
	lexer->spaced = false;
	while (lexer->at < lexer->end) {
		char byte = *lexer->at;
		if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r') {
			lexer->line += byte == '\n';
			lexer->at++;
		} else if (byte == '-' && peek(lexer, 1) == '-') {
			/* PostgreSQL ends the comment at a CR too. */
			while (lexer->at < lexer->end && *lexer->at != '\n' && *lexer->at != '\r')
				lexer->at++;
		} else if (byte == '/' && peek(lexer, 1) == '*') {
			ASH_TRY(skip_comment(lexer));
		} else {
			return ASH_OK;
		}
		lexer->spaced = true;
	}
	return ASH_OK;
}

static ash_status read_word(struct lexer *lexer)
{
	size_t length = 1;
	while (is_letter(peek(lexer, length)) || is_digit(peek(lexer, length)) ||
	       peek(lexer, length) == '$')
		length++;
	char after = peek(lexer, length);
	if (after == '\'')
		return refuse(lexer,
			      "a letter before a quote (E'', U&'', X'') means different things "
			      "to the databases");
	if (after == '&' && length == 1 && (*lexer->at | 0x20) == 'u' &&
	    (peek(lexer, 2) == '\'' || peek(lexer, 2) == '"'))
		return refuse(lexer, "U& is known to one database only");
	if (length > TOKEN_NAME_LIMIT)
		return refuse(lexer, "a name is longer than 63 bytes");
	struct str text = {lexer->at, length};
	struct token *token = add(lexer, TOKEN_WORD, length);
	if (!token)
		return fault_memory(lexer->fault);
	token->word = (uint8_t)word_find(text);
	return ASH_OK;
}

/* Length of the quoted text that starts here, or 0 when it does not end. */
static size_t quoted_length(const struct lexer *lexer, char quote)
{
	size_t length = 1, size = (size_t)(lexer->end - lexer->at);
	for (; length < size; length++) {
		if (lexer->at[length] != quote)
			continue;
		if (length + 1 == size || lexer->at[length + 1] != quote)
			return length + 1;
		length++;
	}
	return 0;
}

static ash_status read_quoted(struct lexer *lexer)
{
	size_t length = quoted_length(lexer, '"');
	if (length == 0)
		return refuse(lexer, "a quoted name does not end");
	if (length == 2 || length > TOKEN_NAME_LIMIT + 2)
		return refuse(lexer, "a quoted name is empty or longer than 63 bytes");
	if (memchr(lexer->at, '.', length))
		return refuse(lexer, "a quoted name has a dot in it: quote its parts one by one");
	return add_or_fail(lexer, TOKEN_QUOTED, length);
}

static ash_status read_string(struct lexer *lexer)
{
	size_t length = quoted_length(lexer, '\'');
	if (length == 0)
		return refuse(lexer, "a text in quotes does not end");
	return add_or_fail(lexer, TOKEN_STRING, length);
}

/* $tag$ ... $tag$ */
/* Where the tag of `length` bytes comes again, from `from` on; NULL: nowhere. It has a $ at its
 * ends only, so what of it matches is passed over once. */
static const char *find_tag(const struct lexer *lexer, const char *from, size_t length)
{
	const char *at = from;
	while ((at = memchr(at, '$', (size_t)(lexer->end - at)))) {
		if ((size_t)(lexer->end - at) >= length && memcmp(at, lexer->at, length) == 0)
			return at;
		at++;
	}
	return NULL;
}

static ash_status read_dollar_string(struct lexer *lexer)
{
	size_t tag = 1;
	while (is_letter(peek(lexer, tag)) || (tag > 1 && is_digit(peek(lexer, tag))))
		tag++;
	if (peek(lexer, tag) != '$')
		return refuse(lexer, "a $ is followed by neither a number nor a tag");
	tag++;
	const char *end = find_tag(lexer, lexer->at + tag, tag);
	if (!end)
		return refuse(lexer, "a text in dollar quotes does not end");
	return add_or_fail(lexer, TOKEN_STRING, (size_t)(end - lexer->at) + tag);
}

static ash_status read_dollar(struct lexer *lexer)
{
	size_t length = 1;
	unsigned number = 0;
	if (!is_digit(peek(lexer, 1)))
		return read_dollar_string(lexer);
	for (; is_digit(peek(lexer, length)); length++)
		if (number <= STORE_VALUE_LIMIT)
			number = number * 10 + (unsigned)(peek(lexer, length) - '0');
	if (number == 0 || number > STORE_VALUE_LIMIT)
		return refuse(lexer, "values are numbered from $1 to $64");
	if (is_letter(peek(lexer, length)) || peek(lexer, length) == '$')
		return refuse(lexer, "a letter follows the number of a value");
	struct token *token = add(lexer, TOKEN_PARAMETER, length);
	if (!token)
		return fault_memory(lexer->fault);
	token->parameter = (uint8_t)number;
	return ASH_OK;
}

static size_t digits(const struct lexer *lexer, size_t from)
{
	while (is_digit(peek(lexer, from)))
		from++;
	return from;
}

static ash_status read_number(struct lexer *lexer)
{
	size_t length = digits(lexer, 0);
	if (peek(lexer, length) == '.')
		length = digits(lexer, length + 1);
	if ((peek(lexer, length) | 0x20) == 'e') {
		size_t sign = peek(lexer, length + 1) == '+' || peek(lexer, length + 1) == '-';
		if (!is_digit(peek(lexer, length + 1 + sign)))
			return refuse(lexer, "a number has no digit in its exponent");
		length = digits(lexer, length + 1 + sign);
	}
	char after = peek(lexer, length);
	if (is_letter(after) || after == '$' || after == '.')
		return refuse(lexer, "something follows a number without a blank");
	return add_or_fail(lexer, TOKEN_NUMBER, length);
}

static ash_status read_parenthesis(struct lexer *lexer)
{
	uint32_t index = (uint32_t)lexer->tokens->count;
	bool opens = *lexer->at == '(';
	if (!opens && lexer->open == UINT32_MAX)
		return refuse(lexer, "a parenthesis closes that was not opened");
	struct token *token = add(lexer, opens ? TOKEN_OPEN : TOKEN_CLOSE, 1);
	if (!token)
		return fault_memory(lexer->fault);
	if (opens) {
		token->mate = lexer->open; /* the one around it, until it is closed */
		lexer->open = index;
		return ASH_OK;
	}
	struct token *mate = &lexer->tokens->items[lexer->open];
	token->mate = lexer->open;
	lexer->open = mate->mate;
	mate->mate = index;
	return ASH_OK;
}

/* The operators that mean the same to both; longer ones first. */
static ash_status read_operator(struct lexer *lexer)
{
	static const char *const OPERATORS[] = {"<>", "!=", "<=", ">=", "||", "+", "-",
						"*",  "/",  "%",  "<",  ">",  "="};
	struct str rest = {lexer->at, (size_t)(lexer->end - lexer->at)};
	for (size_t i = 0; i < sizeof OPERATORS / sizeof *OPERATORS; i++)
		if (str_starts(rest, str_of(OPERATORS[i])))
			return add_or_fail(lexer, TOKEN_OPERATOR, strlen(OPERATORS[i]));
	return fault_set(
		lexer->fault, ASH_INVALID_ARGUMENT,
		(signed char)*lexer->at >= ' '
			? "line %u of the SQL: \"%c\" does not mean the same to both databases"
			: "line %u of the SQL: byte %#04x outside quotes",
		lexer->line, (unsigned char)*lexer->at);
}

static ash_status read_colon(struct lexer *lexer)
{
	if (peek(lexer, 1) != ':')
		return refuse(lexer, "\":\" alone means nothing to one of the databases");
	return add_or_fail(lexer, TOKEN_CAST, 2);
}

static ash_status read_token(struct lexer *lexer)
{
	char byte = *lexer->at;
	if (is_letter(byte))
		return read_word(lexer);
	if (is_digit(byte) || (byte == '.' && is_digit(peek(lexer, 1))))
		return read_number(lexer);
	switch (byte) {
	case '"': return read_quoted(lexer);
	case '\'': return read_string(lexer);
	case '$': return read_dollar(lexer);
	case ':': return read_colon(lexer);
	case '(':
	case ')': return read_parenthesis(lexer);
	case ',': return add_or_fail(lexer, TOKEN_COMMA, 1);
	case '.': return add_or_fail(lexer, TOKEN_DOT, 1);
	case ';': return add_or_fail(lexer, TOKEN_SEMICOLON, 1);
	default: return read_operator(lexer);
	}
}

ash_status tokens_read(struct tokens *tokens, struct str source, struct fault *fault)
{
	struct lexer lexer = {tokens, source.at, source.at + source.length, 1, UINT32_MAX,
			      false,  fault};
	tokens->source = source;
	tokens->count = 0;
	ASH_TRY(skip_blanks(&lexer));
	while (lexer.at < lexer.end) {
		ASH_TRY(read_token(&lexer));
		ASH_TRY(skip_blanks(&lexer));
	}
	if (lexer.open != UINT32_MAX) {
		lexer.line = tokens->items[lexer.open].line;
		return refuse(&lexer, "a parenthesis is not closed");
	}
	if (!add(&lexer, TOKEN_END, 0))
		return fault_memory(fault);
	tokens->count--;
	return ASH_OK;
}
