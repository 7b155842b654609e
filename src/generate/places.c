/* SPDX-License-Identifier: Apache-2.0 */
/* Where things stand, and what is told of them. */
#include <stdarg.h>
#include <stdio.h>

#include "generate/input.h"

struct spot spot_step(struct spot spot, int32_t first, int32_t second)
{
	spot.path[spot.length++] = first;
	if (second >= 0)
		spot.path[spot.length++] = second;
	return spot;
}

/* Whether the location is of the first `length` steps of the spot. */
static bool is_at(const Ashlar__Plugin__Location *location, const struct spot *spot, size_t length)
{
	return location->n_path == length && location->n_span >= 3 &&
	       memcmp(location->path, spot->path, length * sizeof *spot->path) == 0;
}

void spot_place(const struct spot *spot, uint32_t *line, uint32_t *column)
{
	const Ashlar__Plugin__SourceCodeInfo *info = spot->file->source_code_info;
	*line = *column = 1;
	for (size_t length = spot->length + 1; info && length > 0; length--) {
		for (size_t i = 0; i < info->n_location; i++) {
			const Ashlar__Plugin__Location *location = info->location[i];
			if (!is_at(location, spot, length - 1))
				continue;
			*line = (uint32_t)location->span[0] + 1;
			*column = (uint32_t)location->span[1] + 1;
			return;
		}
	}
}

void wrong_spot(struct input *input, const struct spot *spot, const char *format, ...)
{
	char message[900];
	uint32_t line, column;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	spot_place(spot, &line, &column);
	error_list_at(input->errors, ERROR_INVALID, spot->file->name, line, column, "%s", message);
}

void wrong_word(struct input *input, const struct word *word, const char *format, ...)
{
	char message[900];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	error_list_at(input->errors, ERROR_INVALID, input->contract_path, word->line, word->column,
		      "%s", message);
}

const char *input_hint(struct input *input, const char *wrong, const struct str *names,
		       size_t count)
{
	struct str near = str_nearest(str_of(wrong), names, names ? count : 0);
	const char *text =
		near.length ? arena_format(input->arena, "; did you mean '%.*s'?", STR_ARG(near))
			    : "";
	return text ? text : "";
}

const struct type *input_type(const struct input *input, const char *full_name)
{
	uint32_t index = map_get(&input->type_index, str_of(full_name + (*full_name == '.')));
	return index == MAP_NONE ? NULL : &input->types[index];
}
