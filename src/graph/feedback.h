/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GRAPH_FEEDBACK_H
#define GRAPH_FEEDBACK_H

#include "graph/digraph.h"

/* Up to so many edges of a set are tried one by one, whether they may stay after all. */
#define FEEDBACK_RETURN_LIMIT 200

/* In components of up to so many nodes the first order is improved node by node. */
#define FEEDBACK_SIFT_LIMIT 500

/* Marks in `cut`, which has a place for each of graph->targets, edges without which the graph
 * has no circle: few of little weight, though not always the least (that is NP-hard). None of
 * them can be put back unless there are more than FEEDBACK_RETURN_LIMIT. Each strongly
 * connected component is put in the greedy order of Eades, Lin and Smyth (1993) and, as often
 * as its size allows, in that of a depth-first search from one of its nodes; each order is
 * bettered by moving single nodes, and the edges that point back in the best are cut. In time
 * O((nodes + edges) log nodes), plus a bounded number of times FEEDBACK_SIFT_LIMIT for each
 * node and linear for each edge tried. Errors: ERROR_MEMORY. */
int feedback_edges(const struct digraph *graph, const uint32_t *weights, bool *cut,
		   struct error *error) must_check;

#endif
