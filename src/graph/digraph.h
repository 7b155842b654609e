/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GRAPH_DIGRAPH_H
#define GRAPH_DIGRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A directed graph of numbered nodes, in compressed rows; and what can be asked of its
 * shape. Knows nothing of files and modules. All of it runs in time linear to nodes and
 * edges unless said otherwise, and without recursion. */

#define NODE_NONE UINT32_MAX

struct digraph {
	uint32_t node_count;
	uint32_t *first;   /* node_count + 1 offsets into `targets` */
	uint32_t *targets; /* of a node in ascending order, each once */
};

struct digraph_edge {
	uint32_t from;
	uint32_t to;
};

/* Builds a graph of `edges`, in any order; repeated ones count once. There may be at most
 * UINT32_MAX edges. Errors: ERROR_MEMORY. */
int digraph_build(uint32_t node_count, const struct digraph_edge *edges, size_t edge_count,
		  struct digraph *out, struct error *error) must_check;

/* Frees what the graph holds and leaves it without nodes. */
void digraph_release(struct digraph *graph);

/* Whether there is an edge from `from` to `to`. */
bool digraph_has(const struct digraph *graph, uint32_t from, uint32_t to);

/* Where `to` stands in graph->targets among the targets of `from`; NODE_NONE if it does not.
 * In time logarithmic to the number of targets. */
uint32_t digraph_find(const struct digraph *graph, uint32_t from, uint32_t to);

/* The same nodes with every edge turned round. Errors: ERROR_MEMORY. */
int digraph_reverse(const struct digraph *graph, struct digraph *out,
		    struct error *error) must_check;

/* Writes the number of its strongly connected component for each node to `component`
 * (Tarjan 1972): components in reverse topological order, those without an outgoing edge
 * first. `*count` is their number. Errors: ERROR_MEMORY. */
int digraph_components(const struct digraph *graph, uint32_t *component, uint32_t *count,
		       struct error *error) must_check;

/* A shortest path over at least one edge from `from` to `to` (which may be the same node: a
 * shortest cycle), breadth first; among the shortest the one with the smallest numbers. `path`
 * takes the nodes with both ends, at most node_count + 1; `*length` is 0 when there is none.
 * `allowed` (or NULL) tells the nodes that a path may pass between its ends. Errors:
 * ERROR_MEMORY. */
int digraph_path(const struct digraph *graph, uint32_t from, uint32_t to, const bool *allowed,
		 uint32_t *path, uint32_t *length, struct error *error) must_check;

/* The same for all ends at once: writes for each node the one before it on that path to
 * `before`, NODE_NONE where there is no path. Errors: ERROR_MEMORY. */
int digraph_paths(const struct digraph *graph, uint32_t from, const bool *allowed, uint32_t *before,
		  struct error *error) must_check;

/* Reads the path from `from` to `to` out of what digraph_paths() wrote for `from`. `path` takes
 * the nodes with both ends, at most node_count + 1. Returns their number, 0 for no path. */
uint32_t digraph_trace(const uint32_t *before, uint32_t from, uint32_t to, uint32_t *path);

/* Marks in `reached` all nodes that can be reached from those marked already. Errors:
 * ERROR_MEMORY. */
int digraph_reach(const struct digraph *graph, bool *reached, struct error *error) must_check;

#endif
