/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GRAPH_CIRCLE_H
#define GRAPH_CIRCLE_H

#include "graph/digraph.h"

/* A shortest circle among `members`, ascending, which must be strongly connected and more than
 * one: the one with the smallest numbers. `path` takes the nodes with the first again as the
 * last, at most member_count + 1; `*length` their number. Looks at most at about `steps` nodes
 * and edges of the graph; past that it is a shortest one through some of the members. Errors:
 * ERROR_MEMORY. */
int circle_shortest(const struct digraph *graph, const uint32_t *members, uint32_t member_count,
		    uint64_t steps, uint32_t *path, uint32_t *length,
		    struct error *error) must_check;

#endif
