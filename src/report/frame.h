/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_FRAME_H
#define REPORT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/text.h"

/* Lines of source files, shown with a part of them underlined. */

/* A reference further right than this many characters is not shown: such lines are made by
 * programs, and looking them up for each finding would be quadratic. */
#define FRAME_COLUMN_LIMIT 2000

/* Larger files are not read for a frame, in bytes. */
#define FRAME_FILE_LIMIT ((size_t)16 << 20)

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

void source_release(struct source *source);

/* The line, without its end, valid until the next call; false when it is not there. `file`
 * is not copied and must stay where it is. */
bool source_line(struct source *source, struct str file, uint32_t line, struct str *out);

/* What is shown of a line. */
struct frame {
	struct str line;
	uint32_t column; /* of the part, from 1, in characters; 0: no part */
	uint32_t length; /* of the part, in characters; 0 counts as 1 */
	unsigned room;   /* columns for it; a longer line is cut on both sides of the part */
};

/* Adds the line with tabs as blanks, without a newline; and the blanks and marks that
 * underline the part ("   ^^^^", nothing without a part). */
void add_frame_line(struct text *out, const struct frame *frame);
void add_frame_marks(struct text *out, const struct frame *frame);

#endif
