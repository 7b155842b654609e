/* SPDX-License-Identifier: Apache-2.0 */
/* The report page: page/page.html with its blanks filled in. One file, nothing from elsewhere;
 * a content security policy in it forbids the browser to ask for anything. */
#include "base/mem.h"
#include "picture/data.h"
#include "picture/draw.h"
#include "picture/map.h"
#include "picture/page.h"

/* What the blanks of the page are filled with. */
struct parts {
	const struct model *model;
	struct text map;
	struct text data;
};

static void parts_release(struct parts *parts)
{
	text_release(&parts->map);
	text_release(&parts->data);
}

static void fill_title(const struct parts *parts, struct text *out)
{
	text_add_xml(out, parts->model->picture->title);
}

static void fill_style(const struct parts *parts, struct text *out)
{
	(void)parts;
	text_add(out, MAP_CSS);
	text_add(out, PAGE_CSS);
}

static void fill_map(const struct parts *parts, struct text *out)
{
	text_add(out, text_str(&parts->map));
}

static void fill_data(const struct parts *parts, struct text *out)
{
	text_add(out, text_str(&parts->data));
}

static void fill_script(const struct parts *parts, struct text *out)
{
	(void)parts;
	text_add(out, PAGE_JS);
}

static const struct {
	struct str blank;
	void (*fill)(const struct parts *parts, struct text *out);
} BLANKS[] = {
	{STR("title}}"), fill_title}, {STR("style}}"), fill_style},   {STR("map}}"), fill_map},
	{STR("data}}"), fill_data},   {STR("script}}"), fill_script},
};

/* The offset of the next "{{" from `at` on, or the page's length. */
static size_t next_blank(struct str page, size_t at)
{
	const char *found = memmem(page.at + at, page.length - at, "{{", 2);
	return found ? (size_t)(found - page.at) : page.length;
}

static void fill_page(const struct parts *parts, struct text *out)
{
	for (size_t at = 0; at < PAGE_HTML.length;) {
		size_t end = next_blank(PAGE_HTML, at);
		text_add(out, str_first(str_from(PAGE_HTML, at), end - at));
		at = end + 2;
		for (size_t i = 0; i < sizeof BLANKS / sizeof BLANKS[0]; i++) {
			if (!str_starts(str_from(PAGE_HTML, at), BLANKS[i].blank))
				continue;
			BLANKS[i].fill(parts, out);
			at += BLANKS[i].blank.length;
			break;
		}
	}
}

int draw_html(const struct model *model, struct text *out, struct error *error)
{
	_cleanup_(parts_release) struct parts parts = {.model = model};
	_cleanup_(layout_release) struct layout layout = {0};
	if (layout_build(model, &layout, error) < 0)
		return -1;
	map_write(model, &layout, true, &parts.map);
	if (data_write(model, &parts.data, error) < 0)
		return -1;
	fill_page(&parts, out);
	return out->failed || parts.map.failed ? error_memory(error) : 0;
}
