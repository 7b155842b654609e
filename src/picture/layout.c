/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes before the layout; curves and bands after it. Must not know Graphviz. */
#include "picture/layout.h"

#include "base/mem.h"
#include "base/utf8.h"

enum {
	NODE_HEIGHT = 46,
	NODE_WIDTH_LEAST = 96,
	NODE_PADDING = 26,
	BAND_MARGIN = 16,
	MARGIN = 24,
	BAND_LABEL = 96, /* room on the left for the names of layers */
};

/* Pixels of a character on average; the page's font is not known here. */
static const double NAME_PITCH = 7.6, OWNER_PITCH = 6.3, WIDE_FACTOR = 1.6;

static double text_width(struct str text, double pitch)
{
	uint32_t count = utf8_count(text);
	uint32_t more_bytes = (uint32_t)text.length - count;
	if (count > LAYOUT_NAME_LIMIT) {
		more_bytes = more_bytes * LAYOUT_NAME_LIMIT / count;
		count = LAYOUT_NAME_LIMIT;
	}
	return pitch * (count + (WIDE_FACTOR - 1) * more_bytes / 2);
}

static void size_nodes(const struct model *model, struct layout *layout)
{
	for (uint32_t i = 0; i < model->node_count; i++) {
		const struct module *module = model->nodes[i].module;
		struct spot *spot = &layout->spots[i];
		if (!model->nodes[i].shown)
			continue;
		double name = text_width(module->name, NAME_PITCH);
		double owner = text_width(module->owner, OWNER_PITCH);
		spot->width = NODE_PADDING + (name > owner ? name : owner);
		if (spot->width < NODE_WIDTH_LEAST)
			spot->width = NODE_WIDTH_LEAST;
		spot->height = NODE_HEIGHT;
	}
}

bool layout_add_point(struct layout *layout, struct point point)
{
	if (!mem_reserve(&layout->points, &layout->point_capacity, layout->point_count + 1,
			 sizeof *layout->points))
		return false;
	layout->points[layout->point_count++] = point;
	return true;
}

/* One curve between two nodes: down from the lower edge to the upper one, up the other way
 * round, and beside each other from side to side. */
static void bend(const struct spot *from, const struct spot *to, struct point points[4])
{
	double down = to->centre.y - from->centre.y;
	double right = to->centre.x - from->centre.x;
	points[0] = from->centre;
	points[3] = to->centre;
	if (down > from->height || down < -from->height) {
		double sign = down > 0 ? 1 : -1;
		points[0].y += sign * from->height / 2;
		points[3].y -= sign * to->height / 2;
		double pull = (points[3].y - points[0].y) * 0.45;
		points[1] = (struct point){points[0].x, points[0].y + pull};
		points[2] = (struct point){points[3].x, points[3].y - pull};
		return;
	}
	double sign = right > 0 ? 1 : -1;
	points[0].x += sign * from->width / 2;
	points[3].x -= sign * to->width / 2;
	double reach = (points[3].x - points[0].x) * 0.3;
	double lift =
		right > 0 ? -18 : 18; /* so that two opposite edges do not lie on each other */
	points[1] = (struct point){points[0].x + reach, points[0].y + lift};
	points[2] = (struct point){points[3].x - reach, points[3].y + lift};
}

static int add_curves(const struct model *model, struct layout *layout, struct error *error)
{
	for (size_t i = 0; i < model->link_count; i++) {
		const struct edge *edge = model->links[i].edge;
		struct point points[4];
		if (layout->curves[i].count || !model->nodes[edge->from].shown ||
		    !model->nodes[edge->to].shown)
			continue;
		bend(&layout->spots[edge->from], &layout->spots[edge->to], points);
		layout->curves[i] = (struct curve){(uint32_t)layout->point_count, 4};
		for (int j = 0; j < 4; j++)
			if (!layout_add_point(layout, points[j]))
				return error_memory(error);
	}
	return 0;
}

/* The bands of the layers that have modules on the map, from the top; layers do not mix. */
static void find_bands(const struct model *model, struct layout *layout)
{
	for (uint32_t i = 0; i < model->node_count; i++) {
		uint32_t node = model->order[i], layer = model_layer(model, node);
		const struct spot *spot = &layout->spots[node];
		struct band *band = &layout->bands[layout->band_count - (layout->band_count > 0)];
		if (!model->nodes[node].shown)
			continue;
		double top = spot->centre.y - spot->height / 2 - BAND_MARGIN;
		double bottom = spot->centre.y + spot->height / 2 + BAND_MARGIN;
		if (layout->band_count == 0 || band->layer != layer) {
			band = &layout->bands[layout->band_count++];
			*band = (struct band){layer, top, bottom};
		}
		band->top = top < band->top ? top : band->top;
		band->bottom = bottom > band->bottom ? bottom : band->bottom;
	}
}

static void move(const struct model *model, struct layout *layout, double right, double down)
{
	for (uint32_t i = 0; i < model->node_count; i++) {
		layout->spots[i].centre.x += right;
		layout->spots[i].centre.y += down;
	}
	for (size_t i = 0; i < layout->point_count; i++) {
		layout->points[i].x += right;
		layout->points[i].y += down;
	}
	layout->width += right + MARGIN;
	layout->height += 2 * down;
}

static int allocate(const struct model *model, struct layout *layout, struct error *error)
{
	size_t layers = model->picture->graph->contracts->layer_count;
	struct arena *arena = &layout->arena;
	layout->spots = arena_array(arena, model->node_count + 1, sizeof *layout->spots);
	layout->curves = arena_array(arena, model->link_count + 1, sizeof *layout->curves);
	layout->bands = arena_array(arena, layers + 2, sizeof *layout->bands);
	return arena->failed ? error_memory(error) : 0;
}

int layout_build(const struct model *model, struct layout *out, struct error *error)
{
	*out = (struct layout){0};
	bool layered = model_has_layers(model);
	int result = allocate(model, out, error);
	if (result == 0) {
		size_nodes(model, out);
		result = layout_by_graphviz(model, out, error);
	}
	if (result == 0) {
		move(model, out, layered ? BAND_LABEL + MARGIN : MARGIN, MARGIN);
		result = add_curves(model, out, error);
	}
	if (result == 0 && layered)
		find_bands(model, out);
	if (result < 0)
		layout_release(out);
	return result;
}

void layout_release(struct layout *layout)
{
	mem_free(layout->points);
	arena_release(&layout->arena);
	*layout = (struct layout){0};
}
