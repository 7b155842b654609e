/* SPDX-License-Identifier: Apache-2.0 */
/* Which links carry the shape of a map. A dense graph drawn whole is a black square; its
 * transitive reduction says the same about who stands above whom with few lines. */
#include "picture/skeleton.h"

#include <stdlib.h>

#include "base/mem.h"

enum { WORDS = (PICTURE_MODULE_LIMIT + 63) / 64 };

/* The shown nodes that one of them reaches by links that go down; one bit each, by number. */
struct reach {
	uint64_t bits[WORDS];
};

static bool has(const struct reach *reach, uint32_t bit)
{
	return reach->bits[bit / 64] >> (bit % 64) & 1;
}

static void add(struct reach *reach, uint32_t bit, const struct reach *more)
{
	reach->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
	for (size_t i = 0; i < WORDS; i++)
		reach->bits[i] |= more->bits[i];
}

/* A link that goes down, between the numbers of its ends: shown nodes are numbered by place. */
struct step {
	uint32_t from;
	uint32_t to;
	struct link *link;
};

/* From the lowest node up, and of one node to the nearest first. */
static int compare(const void *left, const void *right)
{
	const struct step *a = left, *b = right;
	if (a->from != b->from)
		return a->from > b->from ? -1 : 1;
	return (a->to > b->to) - (a->to < b->to);
}

static void number_nodes(const struct model *model, uint32_t *number)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < model->node_count; i++)
		if (model->nodes[model->order[i]].shown)
			number[model->order[i]] = count++;
}

static size_t gather(struct model *model, const uint32_t *number, struct step *steps)
{
	size_t count = 0;
	for (size_t i = 0; i < model->link_count; i++) {
		const struct edge *edge = model->links[i].edge;
		if (!model->nodes[edge->from].shown || !model->nodes[edge->to].shown ||
		    number[edge->from] > number[edge->to])
			continue;
		steps[count++] =
			(struct step){number[edge->from], number[edge->to], &model->links[i]};
	}
	qsort(steps, count, sizeof *steps, compare);
	return count;
}

int skeleton_mark(struct model *model, struct error *error)
{
	_cleanup_(mem_freep) uint32_t *number = mem_alloc((model->node_count + 1) * sizeof *number);
	_cleanup_(mem_freep) struct reach *reach = mem_alloc(PICTURE_MODULE_LIMIT * sizeof *reach);
	_cleanup_(mem_freep) struct step *steps =
		mem_alloc((model->link_count + 1) * sizeof *steps);
	if (!number || !reach || !steps)
		return error_memory(error);
	number_nodes(model, number);
	size_t count = gather(model, number, steps);
	for (size_t i = 0; i < count; i++) {
		if (has(&reach[steps[i].from], steps[i].to))
			continue;
		steps[i].link->main = true;
		add(&reach[steps[i].from], steps[i].to, &reach[steps[i].to]);
	}
	return 0;
}
