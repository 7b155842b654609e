/* SPDX-License-Identifier: Apache-2.0 */
/* The shortest circle in a graph. Must not know what the numbers stand for. */
#include "graph/circle.h"

#include <string.h>

#include "base/mem.h"

/* Two nodes that point at each other: nothing is shorter. */
static bool find_pair(const struct digraph *graph, const uint32_t *members, uint32_t member_count,
		      uint32_t *path)
{
	for (uint32_t i = 0; i < member_count; i++) {
		uint32_t node = members[i];
		for (uint32_t j = graph->first[node]; j < graph->first[node + 1]; j++) {
			uint32_t target = graph->targets[j];
			if (target == node || !digraph_has(graph, target, node))
				continue;
			path[0] = path[2] = node;
			path[1] = target;
			return true;
		}
	}
	return false;
}

int circle_shortest(const struct digraph *graph, const uint32_t *members, uint32_t member_count,
		    uint64_t steps, uint32_t *path, uint32_t *length, struct error *error)
{
	_cleanup_(mem_freep) bool *allowed = mem_alloc(graph->node_count);
	_cleanup_(mem_freep) uint32_t *found =
		mem_alloc(((size_t)graph->node_count + 1) * sizeof *found);
	if (!allowed || !found)
		return error_memory(error);
	*length = find_pair(graph, members, member_count, path) ? 3 : 0;
	for (uint32_t i = 0; i < member_count; i++)
		allowed[members[i]] = true;
	uint64_t cost = (uint64_t)graph->node_count + graph->first[graph->node_count], spent = 0;
	for (uint32_t i = 0; i < member_count && *length != 3; i++) {
		uint32_t node = members[i], found_length;
		if (*length > 0 && spent > steps)
			break;
		/* Circles through smaller nodes are known: the node is the smallest of this one. */
		if (digraph_path(graph, node, node, allowed, found, &found_length, error) < 0)
			return -1;
		allowed[node] = false;
		spent += cost;
		if (found_length > 0 && (*length == 0 || found_length < *length)) {
			memcpy(path, found, found_length * sizeof *path);
			*length = found_length;
		}
	}
	return 0;
}
