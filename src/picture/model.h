/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PICTURE_MODEL_H
#define PICTURE_MODEL_H

#include "base/arena.h"
#include "picture/picture.h"

/* What all pictures draw: the modules and edges of the graph, with what is to be seen of them.
 * Nodes have the numbers of their modules, edges those of graph->edges. */

/* Findings that concern a node or an edge. */
struct tally {
	uint32_t errors; /* not in the baseline */
	uint32_t warnings;
	uint32_t known; /* in the baseline */
};

struct node {
	const struct module *module;
	uint32_t files; /* source files of it that were scanned */
	uint64_t lines; /* in them */
	uint64_t uses;  /* references that cross its border, in and out */
	uint32_t group; /* modules that reach each other share it; see group_size */
	uint32_t level; /* of the group, 0: uses no other; users are above what they use */
	uint32_t depth; /* the same inside the group, when the links that close circles are cut */
	uint32_t place; /* in the order of the matrix, from 0 */
	struct tally tally;
	bool shown; /* on the map */
};

struct link {
	const struct edge *edge;
	struct tally tally;
	bool cycle; /* both ends are of one group */
	bool back;  /* closes a circle: with few such links cut, all others go from users down */
	bool main;  /* part of the skeleton: no other links that go down imply it */
	/* On the map from the start: all of a small map; else the skeleton, and of the others
	 * those with the most findings, and those that close circles. */
	bool drawn;
};

/* A map with more links, or more on average for each module, is too dense to be drawn whole;
 * and so many are drawn beside its skeleton. */
#define MODEL_LINK_LIMIT   120
#define MODEL_DEGREE_LIMIT 3

struct model {
	const struct picture *picture;
	struct node *nodes;
	uint32_t node_count;
	struct link *links;
	size_t link_count;
	uint32_t *order;      /* nodes by place: by layer, users before what they use */
	uint32_t *group_size; /* by group; 1: no cycle */
	uint32_t group_count;
	uint32_t shown_count;
	uint32_t outside_files; /* source files of no module */
	struct arena arena;
};

/* Takes time linear to findings, uses and entries, and n log n to modules and edges. `picture`
 * must outlive the model. Errors: ERROR_MEMORY. */
int model_build(const struct picture *picture, struct model *out, struct error *error) must_check;

/* Frees what model_build() made. */
void model_release(struct model *model);

/* The layer of a node, or the number of layers when it has none. */
uint32_t model_layer(const struct model *model, uint32_t node);

/* How many modules are in a layer, as model_layer() numbers them. */
uint32_t model_layer_size(const struct model *model, uint32_t layer);

/* Whether any module has a layer. */
bool model_has_layers(const struct model *model);

#endif
