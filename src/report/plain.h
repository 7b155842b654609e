/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_PLAIN_H
#define REPORT_PLAIN_H

#include <stdint.h>

#include "base/str.h"
#include "base/text.h"

/* Text from a source file, made safe for a terminal, and how wide it is there. */

/* One character of a text. */
struct glyph {
	uint32_t code;   /* U+FFFD for a byte that is not UTF-8 */
	uint32_t length; /* in bytes */
};

/* The first character of `text`, which must not be empty. */
struct glyph glyph_at(struct str text);

/* Columns that a terminal gives the character: 0 (it combines with the one before), 1 or 2.
 * What add_glyph() replaces is 1 wide. */
unsigned glyph_width(uint32_t code);

/* Adds the character, or U+FFFD where it would move the cursor, start an escape sequence or
 * turn the direction of writing round. */
void add_glyph(struct text *out, struct str text, struct glyph glyph);

/* Adds `text` through add_glyph(). */
void add_plain(struct text *out, struct str text);

/* Columns of `text` as add_plain() writes it. */
unsigned plain_width(struct str text);

#endif
