/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCAN_LANG_JAVASCRIPT_H
#define SCAN_LANG_JAVASCRIPT_H

#include "scan/scanner.h"

/* What the parts of the JavaScript scanner share. Private to lang_javascript*.c. */

/* ---- bytes ---- */

enum javascript_class {
	JAVASCRIPT_OTHER, /* an operator; also a byte that means nothing */
	JAVASCRIPT_SPACE,
	JAVASCRIPT_WORD, /* letters, _ $ \ # and every byte over 0x7F */
	JAVASCRIPT_DIGIT,
	JAVASCRIPT_QUOTE,
	JAVASCRIPT_BACKTICK,
	JAVASCRIPT_SLASH,
	JAVASCRIPT_LESS,
	JAVASCRIPT_GREATER,
	JAVASCRIPT_OPEN_BRACE,
	JAVASCRIPT_CLOSE_BRACE,
	JAVASCRIPT_OPEN_PAREN,
	JAVASCRIPT_CLOSE_PAREN,
	JAVASCRIPT_CLOSE_BRACKET,
	JAVASCRIPT_DOT,
	JAVASCRIPT_SEMICOLON,
	JAVASCRIPT_SIGN, /* + - */
	JAVASCRIPT_EQUALS,
	JAVASCRIPT_BANG,
	JAVASCRIPT_CLASS_COUNT,
};

/* The class of every byte. */
extern const uint8_t javascript_classes[256];

/* Whether the byte may be part of a name or number. */
static inline bool javascript_is_word(char byte)
{
	uint8_t class = javascript_classes[(unsigned char)byte];
	return class == JAVASCRIPT_WORD || class == JAVASCRIPT_DIGIT;
}

/* Whether the word that starts at `at` is `word`, whole. */
bool javascript_word_is(const char *at, struct str word);

/* Length in bytes of the white space beyond ASCII (U+00A0, U+2028, U+FEFF ...) that starts
 * at `at`, or 0. Reads up to 3 bytes. */
size_t javascript_wide_space(const char *at);

/* The end of the word at `at`: white space beyond ASCII is no part of it. */
const char *javascript_skip_word(const char *at, const char *end);

/* The first byte at or after `at` that is neither white space nor in a comment, or `end`. */
const char *javascript_skip_blank(const char *at, const char *end);

/* After the comment that starts at `at`, or `at` when none does. */
const char *javascript_skip_comment(const char *at, const char *end);

/* The end of the line at `at`, before its line break, or `end`. */
const char *javascript_skip_line(const char *at, const char *end);

/* ---- imports ---- */

/* A statement or call that names another file. */
struct javascript_clause {
	enum reference_kind kind;
	const char *literal;     /* first character after the quote */
	const char *literal_end; /* the closing quote */
	const char *end;         /* how far was looked, found or not */
	bool statement;          /* from `import` or `export` to `end` it is one statement */
};

struct javascript_dialect {
	bool typescript;
	bool jsx;
	bool declarations; /* .d.ts: types only */
	bool markup;       /* text with expressions in braces, as in Svelte and Astro */
};

/* Reads an import, export-from or require whose keyword starts at `at`, as if it stood in
 * code. Returns whether it is one that names a file by a literal; `out->end` is set either
 * way. */
bool javascript_clause_read(const char *at, const char *end,
			    const struct javascript_dialect *dialect,
			    struct javascript_clause *out);

/* ---- strings, comments, templates, regular expressions, JSX ---- */

/* Deeper brackets are counted, but what they are is not remembered. */
enum { JAVASCRIPT_DEPTH_LIMIT = 2048 };

/* Follows code byte by byte, to tell code from what only looks like it. */
struct javascript_lexer {
	const char *at;
	const char *begin;
	const char *end;
	const char *word; /* the last word, where `last` says that it was one */
	size_t budget;    /* bytes that may still be looked ahead */
	uint32_t depth;
	uint8_t mode;
	uint8_t last; /* what the last token was */
	bool dotted;  /* the word followed a dot */
	struct javascript_dialect dialect;
	uint8_t stack[JAVASCRIPT_DEPTH_LIMIT];
};

/* Starts at `begin`, in code (in markup: between tags). `end` is where looking ahead ends. */
void javascript_lexer_init(struct javascript_lexer *lexer, const char *begin, const char *end,
			   struct javascript_dialect dialect);

/* Moves on to `target`, or past it when a token covers it. Returns whether a word at
 * `target` is code, and no member of something (`a.import`). Linear over all calls. */
bool javascript_lexer_reach(struct javascript_lexer *lexer, const char *target);

/* Whether the last token before where the lexer stands is `word`, not behind a dot. */
bool javascript_lexer_follows(const struct javascript_lexer *lexer, struct str word);

/* Moves past a statement that was read by other means, to `after`. */
void javascript_lexer_pass(struct javascript_lexer *lexer, const char *after);

/* ---- files ---- */

/* Scans code, which may be a part of the file. */
void javascript_scan_code(struct scanner *scanner, const char *begin, const char *end,
			  struct javascript_dialect dialect);

/* Records the literal between `at` and `end` as a reference, escapes decoded. */
void javascript_emit(struct scanner *scanner, enum reference_kind kind, const char *at,
		     const char *end);

/* Scans the code in a .vue, .svelte or .astro file. */
void javascript_scan_vue(struct scanner *scanner);
void javascript_scan_svelte(struct scanner *scanner);
void javascript_scan_astro(struct scanner *scanner);

#endif
