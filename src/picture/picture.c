/* SPDX-License-Identifier: Apache-2.0 */
/* The table of pictures. */
#include "picture/picture.h"

#include "base/mem.h"
#include "picture/draw.h"

struct picture_format {
	const char *name;
	int (*draw)(const struct model *model, struct text *out, struct error *error);
};

static const struct picture_format FORMATS[] = {
	{"dot", draw_dot},
	{"mermaid", draw_mermaid},
	{"svg", draw_svg},
	{"html", draw_html},
};

enum { FORMAT_COUNT = sizeof FORMATS / sizeof FORMATS[0] };

const struct picture_format *picture_format_named(struct str name)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (str_equal(str_of(FORMATS[i].name), name))
			return &FORMATS[i];
	return NULL;
}

const char *picture_format_name(size_t index)
{
	return index < FORMAT_COUNT ? FORMATS[index].name : NULL;
}

int picture_write(const struct picture_format *format, const struct picture *picture,
		  struct text *out, struct error *error)
{
	_cleanup_(model_release) struct model model = {0};
	if (model_build(picture, &model, error) < 0)
		return -1;
	if (format->draw(&model, out, error) < 0)
		return -1;
	return out->failed ? error_memory(error) : 0;
}
