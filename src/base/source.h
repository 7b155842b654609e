/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/text.h"

/* Single lines of the files of a tree, to be shown with what is said about them. */

/* Larger files have no lines here, in bytes. */
#define SOURCE_FILE_LIMIT ((size_t)16 << 20)

/* Further right nothing is looked for: such lines are made by programs. */
#define SOURCE_COLUMN_LIMIT 2000

/* The lines of one file at a time: asking for lines file by file reads each file once. */
struct source {
	const char *root; /* where paths start */
	struct str file;  /* the one that is held */
	struct text content;
	size_t *starts; /* of the lines in `content`, and one past the last */
	size_t start_count;
	size_t start_capacity;
	bool failed; /* memory ran out */
};

/* Frees what is held; it may be used again. */
void source_release(struct source *source);

/* The line, without its end, valid until the next call; false when it is not there. `file`
 * is not copied and must stay where it is. */
bool source_line(struct source *source, struct str file, uint32_t line, struct str *out);

/* How many characters of `line` from `column` (from 1, in characters) on are those that
 * `reference` starts with: a language may spell its target over several places ("from a import
 * b" refers to a.b). Looks at most SOURCE_COLUMN_LIMIT characters far. */
uint32_t source_match(struct str line, uint32_t column, struct str reference);

#endif
