/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_FRAME_H
#define REPORT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/text.h"

/* Lines of source files, shown with a part of them underlined. */

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
