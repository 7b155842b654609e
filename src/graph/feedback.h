/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GRAPH_FEEDBACK_H
#define GRAPH_FEEDBACK_H

#include "graph/digraph.h"

/* Up to so many edges of a set are tried one by one, whether they may stay after all. */
#define FEEDBACK_RETURN_LIMIT 200

/* Marks in `cut`, which has a place for each of graph->targets, edges without which the graph
 * has no circle: few of little weight, though not always the least (that is NP-hard). None of
 * them can be put back unless there are more than FEEDBACK_RETURN_LIMIT. The greedy order of
 * Eades, Lin and Smyth (1993) with weights, in each strongly connected component by itself.
 * In time O((nodes + edges) log nodes), and linear for each edge tried. Errors:
 * ERROR_MEMORY. */
int feedback_edges(const struct digraph *graph, const uint32_t *weights, bool *cut,
		   struct error *error) must_check;

/* A shortest circle among `members`, ascending, which must be strongly connected and more than
 * one: the one with the smallest numbers. `path` takes the nodes with the first again as the
 * last, at most member_count + 1; `*length` their number. Looks at most at about `steps` nodes
 * and edges of the graph; past that it is a shortest one through some of the members. Errors:
 * ERROR_MEMORY. */
int feedback_circle(const struct digraph *graph, const uint32_t *members, uint32_t member_count,
		    uint64_t steps, uint32_t *path, uint32_t *length,
		    struct error *error) must_check;

#endif
