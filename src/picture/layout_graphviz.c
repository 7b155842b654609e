/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that knows Graphviz. `dot` ranks the modules, users above what they use, and
 * routes the links of the skeleton. What it draws is not used, only where things are.
 *
 * Layers are kept apart by invisible nodes, gates: gate i is above all modules of layer i and
 * below all of the layer before it. Modules without any link are chained by invisible edges
 * into a block of rows, as they would make one endless row otherwise.
 *
 * Time is bounded by the number of nodes and links, and by nslimit and mclimit, which bound the
 * rounds of the network simplex and of the crossing minimisation. Graphviz allocates by itself
 * and ends the process when it has no memory. */
#include "picture/layout.h"

#include <gvc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK_ROW = 8, NAME_SIZE = 32 };

static void gvc_freep(GVC_t **context)
{
	if (*context)
		gvFreeContext(*context);
}

static void graph_closep(Agraph_t **graph)
{
	if (*graph)
		agclose(*graph);
}

/* What is told to and asked from Graphviz. */
struct plan {
	const struct model *model;
	struct layout *layout;
	Agraph_t *graph;
	Agnode_t **nodes;    /* by node of the model; NULL for those not shown */
	Agedge_t **edges;    /* by link of the model; NULL for those not given */
	struct link **links; /* those given, heaviest first */
	size_t link_count;
};

/* Graphviz takes texts that it does not change as if it did. */
static char *unchanged(const char *text)
{
	return (char *)(uintptr_t)text;
}

static void set(void *object, const char *name, const char *value)
{
	agset(object, unchanged(name), unchanged(value));
}

static void set_number(void *object, const char *name, double value)
{
	char text[NAME_SIZE];
	snprintf(text, sizeof text, "%.3f", value);
	set(object, name, text);
}

static void declare(Agraph_t *graph)
{
	static const struct {
		int kind;
		const char *name;
		const char *value;
	} ATTRIBUTES[] = {
		{AGRAPH, "nodesep", "0.32"},    {AGRAPH, "ranksep", "0.62"},
		{AGRAPH, "nslimit", "0.5"},     {AGRAPH, "nslimit1", "1"},
		{AGRAPH, "mclimit", "0.5"},     {AGRAPH, "splines", "true"},
		{AGRAPH, "newrank", "true"},    {AGNODE, "label", ""},
		{AGNODE, "shape", "box"},       {AGNODE, "fixedsize", "true"},
		{AGNODE, "width", "0.01"},      {AGNODE, "height", "0.01"},
		{AGEDGE, "arrowhead", "none"},  {AGEDGE, "weight", "1"},
		{AGEDGE, "constraint", "true"}, {AGEDGE, "style", ""},
	};
	for (size_t i = 0; i < sizeof ATTRIBUTES / sizeof ATTRIBUTES[0]; i++)
		agattr(graph, ATTRIBUTES[i].kind, unchanged(ATTRIBUTES[i].name),
		       unchanged(ATTRIBUTES[i].value));
}

static Agnode_t *add_node(Agraph_t *graph, char kind, uint32_t number)
{
	char name[NAME_SIZE];
	snprintf(name, sizeof name, "%c%u", kind, number);
	return agnode(graph, name, 1);
}

static void add_invisible(const struct plan *plan, Agnode_t *from, Agnode_t *to)
{
	Agedge_t *edge = agedge(plan->graph, from, to, NULL, 1);
	set(edge, "style", "invis");
	set(edge, "weight", "0");
}

static void add_nodes(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->model->node_count; i++) {
		uint32_t node = plan->model->order[i];
		const struct spot *spot = &plan->layout->spots[node];
		if (!plan->model->nodes[node].shown)
			continue;
		plan->nodes[node] = add_node(plan->graph, 'm', node);
		set_number(plan->nodes[node], "width", spot->width / POINTS_PER_INCH);
		set_number(plan->nodes[node], "height", spot->height / POINTS_PER_INCH);
	}
}

/* A link that goes up in the order of the modules has no say in the ranks. */
static void add_links(const struct plan *plan)
{
	for (size_t i = 0; i < plan->link_count; i++) {
		const struct edge *about = plan->links[i]->edge;
		Agedge_t *edge = agedge(plan->graph, plan->nodes[about->from],
					plan->nodes[about->to], NULL, 1);
		plan->edges[plan->links[i] - plan->model->links] = edge;
		set_number(edge, "weight", 1 + floor(2 * log10((double)about->use_count)));
		if (plan->model->nodes[about->from].place > plan->model->nodes[about->to].place)
			set(edge, "constraint", "false");
	}
}

static void add_gates(const struct plan *plan)
{
	Agnode_t *above = NULL, *below = NULL;
	uint32_t layer = UINT32_MAX;
	for (uint32_t i = 0; i < plan->model->node_count; i++) {
		uint32_t node = plan->model->order[i];
		if (!plan->nodes[node])
			continue;
		if (model_layer(plan->model, node) != layer) {
			layer = model_layer(plan->model, node);
			above = below ? below : add_node(plan->graph, 'g', layer);
			below = add_node(plan->graph, 'h', layer);
		}
		add_invisible(plan, above, plan->nodes[node]);
		add_invisible(plan, plan->nodes[node], below);
	}
}

/* Modules without a link, in rows below each other, layer by layer. */
static void add_blocks(const struct plan *plan)
{
	Agnode_t *row[BLOCK_ROW] = {0};
	uint32_t layer = UINT32_MAX, count = 0;
	for (uint32_t i = 0; i < plan->model->node_count; i++) {
		uint32_t node = plan->model->order[i];
		if (!plan->nodes[node] || plan->model->nodes[node].uses)
			continue;
		if (model_layer(plan->model, node) != layer) {
			layer = model_layer(plan->model, node);
			count = 0;
		}
		if (count >= BLOCK_ROW)
			add_invisible(plan, row[count % BLOCK_ROW], plan->nodes[node]);
		row[count++ % BLOCK_ROW] = plan->nodes[node];
	}
}

static void read_nodes(const struct plan *plan, double height)
{
	for (uint32_t i = 0; i < plan->model->node_count; i++) {
		if (!plan->nodes[i])
			continue;
		pointf at = ND_coord(plan->nodes[i]);
		plan->layout->spots[i].centre = (struct point){at.x, height - at.y};
	}
}

static double distance(pointf a, pointf b)
{
	return hypot(a.x - b.x, a.y - b.y);
}

/* Graphviz turns some edges round; ours run from the user to what it uses. */
static int read_edge(const struct plan *plan, size_t link, double height)
{
	Agedge_t *edge = plan->edges[link];
	const splines *route = edge ? ED_spl(edge) : NULL;
	if (!route || route->size == 0 || route->list[0].size < 4)
		return 0;
	const bezier *curve = &route->list[0];
	size_t count = (size_t)curve->size;
	pointf start = ND_coord(plan->nodes[plan->model->links[link].edge->from]);
	bool turned = distance(curve->list[count - 1], start) < distance(curve->list[0], start);
	struct layout *layout = plan->layout;
	layout->curves[link] = (struct curve){(uint32_t)layout->point_count, (uint32_t)count};
	for (size_t i = 0; i < count; i++) {
		pointf at = curve->list[turned ? count - 1 - i : i];
		if (!layout_add_point(layout, (struct point){at.x, height - at.y}))
			return -1;
	}
	return 0;
}

static int read_layout(const struct plan *plan, struct error *error)
{
	boxf bounds = GD_bb(plan->graph);
	plan->layout->width = bounds.UR.x - bounds.LL.x;
	plan->layout->height = bounds.UR.y - bounds.LL.y;
	read_nodes(plan, bounds.UR.y);
	for (size_t i = 0; i < plan->model->link_count; i++)
		if (read_edge(plan, i, bounds.UR.y) < 0)
			return error_memory(error);
	return 0;
}

static int compare_links(const void *left, const void *right)
{
	const struct link *a = *(struct link *const *)left, *b = *(struct link *const *)right;
	if (a->main != b->main)
		return a->main ? -1 : 1;
	if (a->edge->use_count != b->edge->use_count)
		return a->edge->use_count > b->edge->use_count ? -1 : 1;
	return (a > b) - (a < b);
}

/* The skeleton, and of a map that is not dense the other links that it draws. */
static void choose_links(struct plan *plan)
{
	size_t most = MODEL_LINK_LIMIT;
	for (size_t i = 0; i < plan->model->link_count; i++)
		if (plan->model->links[i].drawn)
			plan->links[plan->link_count++] = &plan->model->links[i];
	qsort(plan->links, plan->link_count, sizeof(struct link *), compare_links);
	while (most < plan->link_count && most < LAYOUT_LINK_LIMIT && plan->links[most]->main)
		most++;
	if (plan->link_count > most)
		plan->link_count = most;
}

/* Lays out with so much room between nodes beside each other, and between ranks, in inches. */
static int run(struct plan *plan, double node_room, double rank_room, struct error *error)
{
	_cleanup_(gvc_freep) GVC_t *context = gvContext();
	_cleanup_(graph_closep) Agraph_t *graph = agopen(unchanged("map"), Agdirected, NULL);
	if (!context || !graph)
		return error_memory(error);
	plan->graph = graph;
	declare(graph);
	set_number(graph, "nodesep", node_room);
	set_number(graph, "ranksep", rank_room);
	add_nodes(plan);
	add_links(plan);
	add_blocks(plan);
	if (model_has_layers(plan->model))
		add_gates(plan);
	if (gvLayout(context, graph, "dot") != 0)
		return error_set(error, ERROR_IO,
				 "Graphviz cannot lay out the map; is its 'dot' layout "
				 "(libgvplugin_dot_layout) there?");
	int result = read_layout(plan, error);
	gvFreeLayout(context, graph);
	return result;
}

/* Once; and for a map that came out larger than a screen and of another shape, once more with
 * more room the other way. The largest maps are not worth the second time. */
static int run_to_shape(struct plan *plan, struct error *error)
{
	static const double NODE_ROOM = 0.32, RANK_ROOM = 0.6, MOST = 2.5;
	static const double SHAPE = 1.9, HEIGHT = 900;
	enum { SECOND_TIME_MOST = 150 };
	if (run(plan, NODE_ROOM, RANK_ROOM, error) < 0)
		return -1;
	double shape = plan->layout->width / fmax(plan->layout->height, 1);
	bool high = shape < 0.6 * SHAPE && plan->layout->height > HEIGHT;
	bool wide = shape > 1.6 * SHAPE && plan->layout->width > HEIGHT * SHAPE;
	if (plan->model->shown_count > SECOND_TIME_MOST || !(high || wide))
		return 0;
	plan->layout->point_count = 0;
	memset(plan->layout->curves, 0, plan->model->link_count * sizeof(struct curve));
	if (high)
		return run(plan, NODE_ROOM * fmin(1.4 * SHAPE / shape, MOST), RANK_ROOM * 0.6,
			   error);
	return run(plan, NODE_ROOM, RANK_ROOM * fmin(shape / SHAPE, MOST), error);
}

int layout_by_graphviz(const struct model *model, struct layout *layout, struct error *error)
{
	_cleanup_(mem_freep) Agnode_t **nodes =
		mem_alloc((model->node_count + 1) * sizeof(Agnode_t *));
	_cleanup_(mem_freep) Agedge_t **edges =
		mem_alloc((model->link_count + 1) * sizeof(Agedge_t *));
	_cleanup_(mem_freep) struct link **links =
		mem_alloc((model->link_count + 1) * sizeof(struct link *));
	if (!nodes || !edges || !links)
		return error_memory(error);
	struct plan plan = {
		.model = model, .layout = layout, .nodes = nodes, .edges = edges, .links = links};
	agseterr(AGMAX);
	choose_links(&plan);
	return run_to_shape(&plan, error);
}
