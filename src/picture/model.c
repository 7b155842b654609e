/* SPDX-License-Identifier: Apache-2.0 */
/* From the graph and the findings to what is drawn. Must not know how it is drawn. */
#include "picture/model.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "graph/feedback.h"
#include "picture/skeleton.h"

uint32_t model_layer(const struct model *model, uint32_t node)
{
	uint32_t layer = model->nodes[node].module->layer;
	size_t count = model->picture->graph->contracts->layer_count;
	return layer == MODULE_NONE ? (uint32_t)count : layer;
}

uint32_t model_layer_size(const struct model *model, uint32_t layer)
{
	uint32_t size = 0;
	for (uint32_t i = 0; i < model->node_count; i++)
		size += model_layer(model, i) == layer;
	return size;
}

bool model_has_layers(const struct model *model)
{
	for (uint32_t i = 0; i < model->node_count; i++)
		if (model->nodes[i].module->layer != MODULE_NONE)
			return true;
	return false;
}

static int allocate(struct model *model, struct error *error)
{
	const struct graph *graph = model->picture->graph;
	struct arena *arena = &model->arena;
	model->node_count = (uint32_t)graph->contracts->module_count;
	model->link_count = graph->edge_count;
	model->nodes = arena_array(arena, model->node_count + 1, sizeof *model->nodes);
	model->links = arena_array(arena, model->link_count + 1, sizeof *model->links);
	model->order = arena_array(arena, model->node_count + 1, sizeof *model->order);
	model->group_size = arena_array(arena, model->node_count + 1, sizeof(uint32_t));
	return arena->failed ? error_memory(error) : 0;
}

static void fill(struct model *model)
{
	const struct graph *graph = model->picture->graph;
	for (uint32_t i = 0; i < model->node_count; i++)
		model->nodes[i].module = &graph->contracts->modules[i];
	for (size_t i = 0; i < model->link_count; i++) {
		const struct edge *edge = &graph->edges[i];
		model->links[i].edge = edge;
		model->nodes[edge->from].uses += edge->use_count;
		model->nodes[edge->to].uses += edge->use_count;
	}
}

static void count_files(struct model *model)
{
	const struct graph *graph = model->picture->graph;
	for (uint32_t i = 0; i < graph->tree->count; i++) {
		const struct entry *entry = &graph->tree->entries[i];
		uint32_t module = graph->module_of[i];
		if (!entry->facts)
			continue;
		if (module == MODULE_NONE) {
			model->outside_files++;
			continue;
		}
		model->nodes[module].files++;
		model->nodes[module].lines += entry->facts->lines;
	}
}

static void count_finding(struct tally *tally, const struct finding *finding)
{
	if (finding->baseline)
		tally->known++;
	else if (finding->severity == FINDING_ERROR)
		tally->errors++;
	else
		tally->warnings++;
}

/* A finding counts for the edge between its two modules only where it stands on a line of that
 * edge: an unused declaration names two modules as well, and there is no edge. */
static void count_findings(struct model *model)
{
	const struct graph *graph = model->picture->graph;
	const struct finding_list *findings = model->picture->findings;
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		uint32_t from = contracts_find(graph->contracts, finding->module);
		uint32_t to = contracts_find(graph->contracts, finding->to);
		if (from == MODULE_NONE)
			continue;
		count_finding(&model->nodes[from].tally, finding);
		const struct edge *edge = to == MODULE_NONE ? NULL : graph_edge(graph, from, to);
		if (edge)
			count_finding(&model->links[edge - graph->edges].tally, finding);
	}
}

static void number_groups(struct model *model, const uint32_t *group)
{
	for (uint32_t i = 0; i < model->node_count; i++) {
		model->nodes[i].group = group[i];
		model->group_size[group[i]]++;
	}
	for (size_t i = 0; i < model->link_count; i++) {
		const struct edge *edge = model->links[i].edge;
		model->links[i].cycle = group[edge->from] == group[edge->to];
	}
}

/* The nodes in the order of their groups: a counting sort. */
static void sort_by_group(const struct model *model, uint32_t *first, uint32_t *member)
{
	for (uint32_t i = 1; i < model->group_count; i++)
		first[i] = first[i - 1] + model->group_size[i - 1];
	for (uint32_t i = 0; i < model->node_count; i++)
		member[first[model->nodes[i].group]++] = i;
}

/* Groups are numbered in reverse topological order, so one pass in that order knows the level
 * of every target before it is asked for. */
static void find_levels(struct model *model, const uint32_t *member, uint32_t *level)
{
	const struct digraph *modules = &model->picture->graph->modules;
	for (uint32_t i = 0; i < model->node_count; i++) {
		uint32_t group = model->nodes[member[i]].group;
		for (uint32_t j = modules->first[member[i]]; j < modules->first[member[i] + 1];
		     j++) {
			uint32_t target = model->nodes[modules->targets[j]].group;
			if (target != group && level[target] >= level[group])
				level[group] = level[target] + 1;
		}
	}
	for (uint32_t i = 0; i < model->node_count; i++)
		model->nodes[i].level = level[model->nodes[i].group];
}

static int find_groups(struct model *model, struct error *error)
{
	size_t size = (model->node_count + 1) * sizeof(uint32_t);
	_cleanup_(mem_freep) uint32_t *group = mem_alloc(size);
	_cleanup_(mem_freep) uint32_t *first = mem_alloc(size);
	_cleanup_(mem_freep) uint32_t *member = mem_alloc(size);
	_cleanup_(mem_freep) uint32_t *level = mem_alloc(size);
	if (!group || !first || !member || !level)
		return error_memory(error);
	if (digraph_components(&model->picture->graph->modules, group, &model->group_count, error))
		return -1;
	number_groups(model, group);
	sort_by_group(model, first, member);
	find_levels(model, member, level);
	return 0;
}

/* What a circle is cut with: for each link of the graph whether it is cut. */
struct cuts {
	uint32_t *weights;
	bool *cut;
	struct digraph_edge *kept;
	size_t kept_count;
	struct digraph down; /* the links that were kept: no circles */
	uint32_t *rank;      /* of each node in `down`; what it uses has a lower one */
	uint32_t *at;        /* the node of each rank */
};

static void cuts_release(struct cuts *cuts)
{
	mem_free(cuts->weights);
	mem_free(cuts->cut);
	mem_free(cuts->kept);
	mem_free(cuts->rank);
	mem_free(cuts->at);
	digraph_release(&cuts->down);
}

static int cut_circles(const struct model *model, struct cuts *cuts, struct error *error)
{
	uint32_t count = 0;
	cuts->weights = mem_alloc((model->link_count + 1) * sizeof *cuts->weights);
	cuts->cut = mem_alloc((model->link_count + 1) * sizeof *cuts->cut);
	cuts->kept = mem_alloc((model->link_count + 1) * sizeof *cuts->kept);
	cuts->rank = mem_alloc((model->node_count + 1) * sizeof *cuts->rank);
	cuts->at = mem_alloc((model->node_count + 1) * sizeof *cuts->at);
	if (!cuts->weights || !cuts->cut || !cuts->kept || !cuts->rank || !cuts->at)
		return error_memory(error);
	for (size_t i = 0; i < model->link_count; i++)
		cuts->weights[i] = model->links[i].edge->use_count;
	if (feedback_edges(&model->picture->graph->modules, cuts->weights, cuts->cut, error) < 0)
		return -1;
	for (size_t i = 0; i < model->link_count; i++) {
		const struct edge *edge = model->links[i].edge;
		if (!cuts->cut[i])
			cuts->kept[cuts->kept_count++] =
				(struct digraph_edge){edge->from, edge->to};
	}
	if (digraph_build(model->node_count, cuts->kept, cuts->kept_count, &cuts->down, error) < 0)
		return -1;
	return digraph_components(&cuts->down, cuts->rank, &count, error);
}

static int find_depths(struct model *model, struct error *error)
{
	_cleanup_(cuts_release) struct cuts cuts = {0};
	if (cut_circles(model, &cuts, error) < 0)
		return -1;
	for (uint32_t i = 0; i < model->node_count; i++)
		cuts.at[cuts.rank[i]] = i;
	for (uint32_t i = 0; i < model->node_count; i++) {
		struct node *node = &model->nodes[cuts.at[i]];
		uint32_t end = cuts.down.first[cuts.at[i] + 1];
		assert(cuts.down.targets || end == 0);
		for (uint32_t j = cuts.down.first[cuts.at[i]]; j < end; j++) {
			const struct node *target = &model->nodes[cuts.down.targets[j]];
			if (target->group == node->group && target->depth >= node->depth)
				node->depth = target->depth + 1;
		}
	}
	return 0;
}

/* What a node is sorted by. */
struct rank {
	uint32_t layer;
	uint32_t level;
	uint32_t group;
	uint32_t depth;
	struct str name;
	uint32_t node;
};

static int compare_ranks(const void *left, const void *right)
{
	const struct rank *a = left, *b = right;
	if (a->layer != b->layer)
		return a->layer < b->layer ? -1 : 1;
	if (a->level != b->level)
		return a->level > b->level ? -1 : 1;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->depth != b->depth)
		return a->depth > b->depth ? -1 : 1;
	return str_compare(a->name, b->name);
}

static int sort_nodes(struct model *model, struct error *error)
{
	_cleanup_(mem_freep) struct rank *ranks =
		mem_alloc((model->node_count + 1) * sizeof *ranks);
	if (!ranks)
		return error_memory(error);
	for (uint32_t i = 0; i < model->node_count; i++) {
		const struct node *node = &model->nodes[i];
		/* Single nodes of a level stand by name; only cycles must stay together. */
		bool single = model->group_size[node->group] == 1;
		ranks[i] = (struct rank){.layer = model_layer(model, i),
					 .level = node->level,
					 .group = single ? UINT32_MAX : node->group,
					 .depth = node->depth,
					 .name = node->module->name,
					 .node = i};
	}
	qsort(ranks, model->node_count, sizeof *ranks, compare_ranks);
	for (uint32_t i = 0; i < model->node_count; i++) {
		model->order[i] = ranks[i].node;
		model->nodes[ranks[i].node].place = i;
	}
	for (size_t i = 0; i < model->link_count; i++) {
		struct link *link = &model->links[i];
		link->back = link->cycle && model->nodes[link->edge->from].place >
						    model->nodes[link->edge->to].place;
	}
	return 0;
}

static int compare_uses(const void *left, const void *right)
{
	const struct node *a = *(struct node *const *)left, *b = *(struct node *const *)right;
	if (a->uses != b->uses)
		return a->uses > b->uses ? -1 : 1;
	return (a > b) - (a < b);
}

static int choose_shown(struct model *model, struct error *error)
{
	_cleanup_(mem_freep) struct node **nodes =
		mem_alloc((model->node_count + 1) * sizeof(struct node *));
	if (!nodes)
		return error_memory(error);
	for (uint32_t i = 0; i < model->node_count; i++)
		nodes[i] = &model->nodes[i];
	qsort(nodes, model->node_count, sizeof(struct node *), compare_uses);
	for (uint32_t i = 0; i < model->node_count && i < PICTURE_MODULE_LIMIT; i++) {
		nodes[i]->shown = true;
		model->shown_count++;
	}
	return 0;
}

static uint32_t weight(const struct tally *tally)
{
	return tally->errors + tally->warnings + tally->known;
}

static int compare_interest(const void *left, const void *right)
{
	const struct link *a = *(struct link *const *)left, *b = *(struct link *const *)right;
	if (weight(&a->tally) != weight(&b->tally))
		return weight(&a->tally) > weight(&b->tally) ? -1 : 1;
	if (a->edge->use_count != b->edge->use_count)
		return a->edge->use_count > b->edge->use_count ? -1 : 1;
	return (a > b) - (a < b);
}

static int choose_drawn(struct model *model, struct error *error)
{
	_cleanup_(mem_freep) struct link **others =
		mem_alloc((model->link_count + 1) * sizeof(struct link *));
	bool whole = model->link_count <= MODEL_LINK_LIMIT &&
		     model->link_count <= (size_t)MODEL_DEGREE_LIMIT * model->node_count;
	size_t count = 0;
	if (!others)
		return error_memory(error);
	for (size_t i = 0; i < model->link_count; i++) {
		struct link *link = &model->links[i];
		if (!model->nodes[link->edge->from].shown || !model->nodes[link->edge->to].shown)
			continue;
		link->drawn = link->main || whole;
		if (weight(&link->tally) || link->back)
			others[count++] = link;
	}
	qsort(others, count, sizeof(struct link *), compare_interest);
	for (size_t i = 0; i < count && i < MODEL_LINK_LIMIT; i++)
		others[i]->drawn = true;
	return 0;
}

int model_build(const struct picture *picture, struct model *out, struct error *error)
{
	*out = (struct model){.picture = picture};
	int result = allocate(out, error);
	if (result == 0) {
		fill(out);
		count_files(out);
		count_findings(out);
		result = find_groups(out, error);
	}
	if (result == 0)
		result = find_depths(out, error);
	if (result == 0)
		result = sort_nodes(out, error);
	if (result == 0)
		result = choose_shown(out, error);
	if (result == 0)
		result = skeleton_mark(out, error);
	if (result == 0)
		result = choose_drawn(out, error);
	if (result < 0)
		model_release(out);
	return result;
}

void model_release(struct model *model)
{
	arena_release(&model->arena);
	*model = (struct model){0};
}
