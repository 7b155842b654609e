/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCAN_LANG_PYTHON_H
#define SCAN_LANG_PYTHON_H

#include "scan/scanner.h"

/* The parts of Python's scanner. Each takes the place where its construct starts and returns
 * the place where scanning goes on: always further on, never past the end. */

enum {
	PYTHON_NAME_LIMIT = 1000,  /* bytes of a dotted name; a longer one is cut */
	PYTHON_FIELD_LIMIT = 100,  /* f-strings and their fields in each other; as CPython has it */
	PYTHON_CHAIN_LIMIT = 1000, /* bytes from `if` to the `TYPE_CHECKING` it asks for */
};

struct python {
	struct scanner *scanner;
	const char *begin;
	const char *end;
	const char *stop;  /* no import starts from here on */
	const char *floor; /* what lies before belongs to something else: look back to here */
	enum reference_kind kind; /* of import statements here: import or type */
	bool one_line;            /* an f-string's field was left open: no more over lines */
	bool lone_cr;             /* the file has CR without LF, which ends lines for Python */
};

/* What a byte can be part of. */
enum { PYTHON_NAME = 1, PYTHON_BLANK = 2, PYTHON_LINE_END = 4 };
extern const uint8_t python_class[256];

/* Whether the byte can be part of one of the `kinds`, or-ed together. */
static inline bool python_is(char byte, unsigned kinds)
{
	return python_class[(unsigned char)byte] & kinds;
}

/* The byte before `at`; a newline at the very beginning. */
static inline char python_before(const struct python *python, const char *at)
{
	return at > python->begin ? at[-1] : '\n';
}

/* The next CR or LF, or the end. */
const char *python_line_end(const struct python *python, const char *at);

/* Over blanks and lines continued by a backslash. */
const char *python_skip_blanks(const struct python *python, const char *at);

/* Over blanks, line ends and comments: what may stand between tokens in brackets. */
const char *python_skip_space(const struct python *python, const char *at);

/* Back over blanks and continued lines, not below the floor. */
const char *python_back_blanks(const struct python *python, const char *at);

/* Whether a statement may start at `at`, which has no blanks before it. */
bool python_is_statement(const struct python *python, const char *at);

/* Records a reference of first and second. */
void python_reference(struct python *python, enum reference_kind kind, const char *at,
		      struct str first, struct str second);

/* Over a string of any sort, from its opening quote; imports in the fields of an f-string or
 * t-string are found. */
const char *python_string(struct python *python, const char *quote);

/* Whether the six letters of "import" stand at `at`, which may be before the beginning. */
bool python_is_import(const struct python *python, const char *at);

/* From what may be an "import", outside strings and comments: a statement, a call, or
 * nothing. `word` may be one byte before the beginning. */
const char *python_import(struct python *python, const char *word);

/* From an "import" that is part of a longer name: a call of import_module() or __import__()
 * with a literal, or nothing. */
const char *python_dynamic(struct python *python, const char *word);

/* From the '_' of a "TYPE_CHECKING" outside strings and comments: the whole `if`, if it is
 * one that asks for that alone. */
const char *python_type_checking(struct python *python, const char *mark);

#endif
