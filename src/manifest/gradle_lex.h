/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_GRADLE_LEX_H
#define MANIFEST_GRADLE_LEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* The words of a Groovy or Kotlin script. Private to this folder. */

enum gradle_token_kind {
	GRADLE_END,
	GRADLE_NEWLINE, /* or ';' */
	GRADLE_WORD,    /* a name or a number */
	GRADLE_TEXT,
	GRADLE_SIGN, /* any other byte */
};

struct gradle_token {
	enum gradle_token_kind kind;
	struct str text; /* of a text what is between its quotes, as it stands */
	bool plain;      /* a text without escapes, that is closed */
	bool template;   /* a text in which '$' may stand for something else */
	uint32_t line;
	uint32_t column;
};

struct gradle_lexer {
	struct str source;
	bool kotlin; /* block comments nest, and there are no texts in slashes */
	size_t at;
	uint32_t line;   /* of `at`, from 1 */
	uint32_t column; /* in characters, from 1 */
	bool operand;    /* a '/' here would begin a text */
};

/* Starts at the first byte, after a byte order mark. */
void gradle_lexer_init(struct gradle_lexer *lexer, struct str source, bool kotlin);

/* The next word, with blanks and comments passed over; GRADLE_END again and again at the end.
 * Its text is a view on the source. Takes time in the length of what is passed over. */
struct gradle_token gradle_next(struct gradle_lexer *lexer);

/* Whether it is the sign `byte`. */
static inline bool gradle_is_sign(const struct gradle_token *token, char byte)
{
	return token->kind == GRADLE_SIGN && token->text.at[0] == byte;
}

#endif
