/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include "contract/contract.h"
#include "graph/digraph.h"
#include "scan/tree.h"

/* The modules of a tree and the references between them. */

/* One reference that crosses from one module to another. */
struct use {
	uint32_t file;      /* entry of the tree */
	uint32_t reference; /* index in the file's facts */
};

/* All uses of one module by another. */
struct edge {
	uint32_t from;
	uint32_t to;
	uint32_t first_use; /* uses[first_use] to before uses[first_use + use_count] */
	uint32_t use_count;
	bool type_only; /* none of the uses is there at run time */
};

struct graph {
	const struct tree *tree;
	const struct contracts *contracts;
	uint32_t *module_of; /* for each entry of the tree its module, or MODULE_NONE */
	struct edge *edges;  /* by from, then to */
	size_t edge_count;
	struct use *uses; /* of an edge in the order of the tree, then of the file */
	size_t use_count;
	struct digraph modules; /* nodes are modules; edges[i] is the one to modules.targets[i] */
	uint64_t references;    /* all that are not dropped */
	uint64_t internal;
	uint64_t external; /* with the language's own library */
	uint64_t unresolved;
};

/* Puts every entry into the module whose folder or root is nearest above it, and gathers the
 * references between modules. `tree` and `contracts` must outlive the graph. Errors:
 * ERROR_MEMORY. */
int graph_build(const struct tree *tree, const struct contracts *contracts, struct graph *out,
		struct error *error) must_check;

/* Frees what the graph holds; tree and contracts stay. */
void graph_release(struct graph *graph);

/* The edge between two modules, or NULL. */
const struct edge *graph_edge(const struct graph *graph, uint32_t from, uint32_t to);

/* The reference of a use. */
const struct reference *graph_reference(const struct graph *graph, const struct use *use);

#endif
