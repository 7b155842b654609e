/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_LEX_H
#define STORE_LEX_H

#include "base/fault.h"
#include "word.h"

/* SQL as a list of tokens. Only what SQLite and PostgreSQL read in the same way is taken: what
 * one of them would split differently is an error, not a guess. */

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,   /* not quoted */
	TOKEN_QUOTED, /* "..." */
	TOKEN_STRING, /* '...' or $tag$...$tag$ */
	TOKEN_NUMBER,
	TOKEN_PARAMETER, /* $1 */
	TOKEN_OPERATOR,
	TOKEN_CAST, /* :: */
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_DOT,
	TOKEN_SEMICOLON,
};

struct token {
	uint32_t at;
	uint32_t length;
	uint32_t line;     /* from 1 */
	uint32_t mate;     /* of a parenthesis: the index of its other half */
	uint8_t kind;      /* enum token_kind */
	uint8_t word;      /* enum word, of a TOKEN_WORD */
	bool spaced;       /* blanks or a comment stand before it */
	uint8_t parameter; /* its number */
};

/* A zeroed struct is empty. The last token is always a TOKEN_END. */
struct tokens {
	struct str source;
	struct token *items;
	size_t count; /* without the end */
	size_t capacity;
};

/* Frees what it holds; it is then empty. */
void tokens_release(struct tokens *tokens);

/* Splits `source`, which must outlive the tokens and be smaller than 4 GiB. Takes time linear in
 * its length. Errors: ASH_INVALID_ARGUMENT (with the line), ASH_RESOURCE_EXHAUSTED. */
ash_status tokens_read(struct tokens *tokens, struct str source,
		       struct fault *fault) ASH_MUST_CHECK;

/* The bytes of a token as they were written. */
struct str token_str(const struct tokens *tokens, size_t index);

/* Longest name, as PostgreSQL has it. */
#define TOKEN_NAME_LIMIT 63

/* The name that a TOKEN_WORD or TOKEN_QUOTED means: in small letters, or without its quotes;
 * NUL-terminated in `out`. */
struct str token_name(const struct tokens *tokens, size_t index, char out[TOKEN_NAME_LIMIT + 1]);

#endif
