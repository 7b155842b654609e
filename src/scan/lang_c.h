/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCAN_LANG_C_H
#define SCAN_LANG_C_H

#include <stdbool.h>

#include "base/str.h"

/* Where code is in a C or C++ file, and where comments, literals and "#if 0" are. Private to
 * the scanner of C. All pointers are into one source with SCANNER_PADDING behind it. */
struct c_lexer {
	const char *begin;
	const char *end;
	const char *at; /* in code: outside of comments, literals and "#if 0" */
	/* Behind the last block comment, and whether only blanks stood before it on its line. */
	const char *comment_end;
	bool comment_starts_line;
	unsigned skip_depth; /* of conditionals in the "#if 0" that is being skipped */
};

/* Moves `at` to `target`, or beyond it when that is not in code. Never goes back: all moves
 * over one source together take time linear to it. */
void c_lexer_move(struct c_lexer *lexer, const char *target);

/* Whether only blanks and comments stand before `lexer->at` on its logical line. */
bool c_lexer_starts_line(const struct c_lexer *lexer);

/* The next byte from `at` on that may begin something: '#', "%:", or with `words` a newline
 * before one of "iem" (import, export, module); `end` if there is none. Passed over are the
 * definitions that are most of all directives: without a string or another '#' on their line. */
const char *c_find_candidate(const char *at, const char *end, bool words);

/* The next byte that may end plain code: " ' / # or "%:"; `end` if there is none. */
const char *c_find_stop(const char *at, const char *end);

/* Behind the next "*" that is before a "/"; `end` if there is none. */
const char *c_find_comment_end(const char *at, const char *end);

/* Past blanks, comments and spliced newlines; not past a newline. */
const char *c_skip_blanks(const char *at, const char *end);

/* The identifier at `at`; empty when there is none. */
struct str c_identifier(const char *at);

#endif
