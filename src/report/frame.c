/* SPDX-License-Identifier: Apache-2.0 */
/* Code frames. Must not know findings. A line is laid out in columns once (the window), and
 * both the line and its marks are written by walking it again with the same steps, so they
 * cannot disagree. */
#include "report/frame.h"

#include "base/source.h"

#include "report/plain.h"

enum { TAB = 4 };

/* Where in the line, and in which column, a walk over it stands. */
struct walker {
	struct str rest;
	uint32_t character; /* from 1 */
	unsigned column;    /* from 0 */
	unsigned width;     /* of the character in front */
	struct glyph glyph;
};

static void look(struct walker *walker)
{
	walker->glyph = glyph_at(walker->rest);
	walker->width = walker->rest.at[0] == '\t' ? TAB - walker->column % TAB
						   : glyph_width(walker->glyph.code);
}

static bool start(struct walker *walker, struct str line)
{
	*walker = (struct walker){.rest = line, .character = 1};
	if (line.length)
		look(walker);
	return line.length > 0;
}

static bool next(struct walker *walker)
{
	walker->rest = str_from(walker->rest, walker->glyph.length);
	walker->character++;
	walker->column += walker->width;
	if (walker->rest.length && walker->character <= 2 * SOURCE_COLUMN_LIMIT)
		look(walker);
	else
		walker->rest.length = 0;
	return walker->rest.length > 0;
}

/* Columns, from 0, ends excluded. */
struct window {
	unsigned first; /* what is shown */
	unsigned end;
	unsigned part_first; /* what is underlined */
	unsigned part_end;
	bool cut_left;
	bool cut_right;
};

static struct window measure(const struct frame *frame)
{
	uint32_t length = frame->length ? frame->length : 1;
	struct window window = {0};
	struct walker walker;
	bool more = start(&walker, frame->line);
	for (; more; more = next(&walker)) {
		if (walker.character == frame->column)
			window.part_first = walker.column;
		if (walker.character >= frame->column && walker.character - frame->column < length)
			window.part_end = walker.column + walker.width;
	}
	unsigned total = walker.column;
	if (frame->column == 0)
		window.part_end = 0;
	unsigned third = frame->room / 3;
	if (total > frame->room && window.part_end > frame->room - third)
		window.first = window.part_first > third ? window.part_first - third : 0;
	window.end = total - window.first > frame->room ? window.first + frame->room : total;
	window.cut_left = window.first > 0;
	window.cut_right = window.end < total;
	return window;
}

static void add_times(struct text *out, char byte, unsigned times)
{
	while (times--)
		text_add_byte(out, byte);
}

void add_frame_line(struct text *out, const struct frame *frame)
{
	struct window window = measure(frame);
	struct walker walker;
	if (window.cut_left)
		text_add(out, STR("…"));
	for (bool more = start(&walker, frame->line); more; more = next(&walker)) {
		if (walker.column < window.first + window.cut_left ||
		    walker.column + walker.width > window.end - window.cut_right)
			continue;
		if (walker.rest.at[0] == '\t')
			add_times(out, ' ', walker.width);
		else
			add_glyph(out, walker.rest, walker.glyph);
	}
	if (window.cut_right)
		text_add(out, STR("…"));
}

void add_frame_marks(struct text *out, const struct frame *frame)
{
	struct window window = measure(frame);
	if (window.part_end <= window.part_first)
		return;
	unsigned end = window.part_end < window.end ? window.part_end : window.end;
	add_times(out, ' ', window.part_first - window.first);
	add_times(out, '^', end > window.part_first ? end - window.part_first : 0);
}
