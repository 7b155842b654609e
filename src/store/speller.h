/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SPELLER_H
#define STORE_SPELLER_H

#include "spell.h"

/* The state of spelling one statement: for spell.c, spell_name.c and spell_schema.c only. */
struct speller {
	const struct wall *wall;
	unsigned module;
	enum dialect dialect;
	bool schema;   /* the statement may change the schema */
	bool aliasing; /* on SQLite a table gets its bare name as an alias */
	const struct tokens *tokens;
	size_t at;       /* the next token */
	size_t end;      /* one past the statement's last */
	uint32_t *casts; /* SQLite: by token, the outermost cast that starts there, or 0 */
	bool after_operator;
	struct spelled *out;
	struct fault *fault;
};

/* A type that both databases have, in the words of PostgreSQL. */
struct column_type {
	enum word word;
	enum word second;       /* or WORD_NONE */
	const char *sqlite;     /* the column's type there */
	const char *postgresql; /* the column's type there */
	const char *check;   /* what a value must be on SQLite, after the column's name; or NULL */
	const char *convert; /* the function that casts on SQLite; NULL: only a value is cast */
};

/* The type that stands at token `index`, or NULL; `*length` is then how many tokens it has. */
const struct column_type *speller_type(const struct speller *speller, size_t index, size_t *length);

/* The refusal of token `index`: ASH_INVALID_ARGUMENT, "line N of the SQL: ..." */
ash_status speller_refuse(const struct speller *speller, size_t index, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The word at `index`, if that is one, not quoted, and of this statement; else WORD_NONE. */
enum word speller_word(const struct speller *speller, size_t index);

/* The kind of the token at `index`; TOKEN_END at the end of the statement and after. */
enum token_kind speller_kind(const struct speller *speller, size_t index);

/* Sends text: with a blank before it where the token had one. */
void speller_put(struct speller *speller, size_t index, struct str text);

/* Sends the token as it is, and goes past it. */
void speller_copy(struct speller *speller);

/* Sends the next token, or what starts there, and goes past it. */
ash_status speller_token(struct speller *speller) ASH_MUST_CHECK;

/* Whether a name starts at `index`. */
bool speller_is_name(const struct speller *speller, size_t index);

/* Sends the name that starts here, with all its parts, or the call of a function up to its
 * parenthesis, and goes past it. */
ash_status speller_name(struct speller *speller) ASH_MUST_CHECK;

/* Sends "schema.name" where a name of the module's own must stand: of a table, view or index. */
ash_status speller_own_name(struct speller *speller) ASH_MUST_CHECK;

/* Sends a statement that changes the schema. */
ash_status speller_schema(struct speller *speller) ASH_MUST_CHECK;

#endif
