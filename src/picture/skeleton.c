/* SPDX-License-Identifier: Apache-2.0 */
/* Which edges carry the shape of a map. A dense graph drawn whole is a black square; its
 * transitive reduction says the same about who stands above whom with few lines. */
#include "picture/skeleton.h"

#include <stdlib.h>

#include "base/mem.h"

enum { WORDS = (PICTURE_MODULE_LIMIT + 63) / 64 };

/* The groups that one group reaches, one bit each: there are at most as many groups on the map
 * as modules. */
struct reach {
	uint64_t bits[WORDS];
};

static bool has(const struct reach *reach, uint32_t bit)
{
	return reach->bits[bit / 64] >> (bit % 64) & 1;
}

static void put(struct reach *reach, uint32_t bit)
{
	reach->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static void join(struct reach *reach, const struct reach *more)
{
	for (size_t i = 0; i < WORDS; i++)
		reach->bits[i] |= more->bits[i];
}

/* Groups of the map, renumbered without gaps in the same order. */
struct groups {
	uint32_t *number;    /* by group; UINT32_MAX for one that is not on the map */
	struct reach *reach; /* by number */
	uint32_t count;
};

static bool is_shown(const struct model *model, const struct link *link)
{
	return model->nodes[link->edge->from].shown && model->nodes[link->edge->to].shown;
}

static void number_groups(const struct model *model, struct groups *groups)
{
	for (uint32_t i = 0; i < model->group_count; i++)
		groups->number[i] = UINT32_MAX;
	for (uint32_t i = 0; i < model->node_count; i++)
		if (model->nodes[i].shown)
			groups->number[model->nodes[i].group] = 0;
	for (uint32_t i = 0; i < model->group_count; i++)
		if (groups->number[i] == 0)
			groups->number[i] = groups->count++;
}

/* The heaviest link between two groups, if there is one. */
struct bundle {
	uint32_t from; /* numbers of groups */
	uint32_t to;
	struct link *heaviest;
};

static int compare_bundles(const void *left, const void *right)
{
	const struct bundle *a = left, *b = right;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->to != b->to) /* the nearest in topological order first */
		return a->to > b->to ? -1 : 1;
	uint32_t left_uses = a->heaviest->edge->use_count;
	uint32_t right_uses = b->heaviest->edge->use_count;
	if (left_uses != right_uses)
		return left_uses > right_uses ? -1 : 1;
	return (a->heaviest > b->heaviest) - (a->heaviest < b->heaviest);
}

static size_t gather(struct model *model, const struct groups *groups, struct bundle *bundles)
{
	size_t count = 0;
	for (size_t i = 0; i < model->link_count; i++) {
		struct link *link = &model->links[i];
		if (link->cycle || !is_shown(model, link))
			continue;
		bundles[count++] =
			(struct bundle){groups->number[model->nodes[link->edge->from].group],
					groups->number[model->nodes[link->edge->to].group], link};
	}
	qsort(bundles, count, sizeof *bundles, compare_bundles);
	return count;
}

/* Groups in reverse topological order: what a target reaches is known before it is asked for.
 * Of the targets of one group the nearest come first, so a target that one before it reaches
 * is implied. */
static void reduce(const struct groups *groups, const struct bundle *bundles, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct reach *reach = &groups->reach[bundles[i].from];
		if (has(reach, bundles[i].to))
			continue;
		bundles[i].heaviest->main = true;
		put(reach, bundles[i].to);
		join(reach, &groups->reach[bundles[i].to]);
	}
}

static int mark_between(struct model *model, struct error *error)
{
	_cleanup_(mem_freep) uint32_t *number =
		mem_alloc((model->group_count + 1) * sizeof *number);
	_cleanup_(mem_freep) struct reach *reach =
		mem_alloc((PICTURE_MODULE_LIMIT + 1) * sizeof *reach);
	_cleanup_(mem_freep) struct bundle *bundles =
		mem_alloc((model->link_count + 1) * sizeof *bundles);
	if (!number || !reach || !bundles)
		return error_memory(error);
	struct groups groups = {.number = number, .reach = reach};
	number_groups(model, &groups);
	reduce(&groups, bundles, gather(model, &groups, bundles));
	return 0;
}

static bool is_heavier(const struct link *link, const struct link *than)
{
	return !than || link->edge->use_count > than->edge->use_count;
}

/* Inside a group there is no above and below: each node keeps its heaviest link out and in. */
static int mark_inside(struct model *model, struct error *error)
{
	size_t size = (model->node_count + 1) * sizeof(struct link *);
	_cleanup_(mem_freep) struct link **out = mem_alloc(size);
	_cleanup_(mem_freep) struct link **in = mem_alloc(size);
	if (!out || !in)
		return error_memory(error);
	for (size_t i = 0; i < model->link_count; i++) {
		struct link *link = &model->links[i];
		if (!link->cycle || !is_shown(model, link))
			continue;
		if (is_heavier(link, out[link->edge->from]))
			out[link->edge->from] = link;
		if (is_heavier(link, in[link->edge->to]))
			in[link->edge->to] = link;
	}
	for (uint32_t i = 0; i < model->node_count; i++) {
		if (out[i])
			out[i]->main = true;
		if (in[i])
			in[i]->main = true;
	}
	return 0;
}

int skeleton_mark(struct model *model, struct error *error)
{
	if (mark_between(model, error) < 0)
		return -1;
	return mark_inside(model, error);
}
