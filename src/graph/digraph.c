/* SPDX-License-Identifier: Apache-2.0 */
/* Directed graphs of numbers in compressed rows. Must not know what the numbers stand for.
 *
 * Invariant: the targets of a node ascend and none repeats. A search that goes through them
 * in that order and through its queue first in, first out meets every node first on the
 * path with the smallest numbers, so what is found never depends on anything but the graph. */
#include "graph/digraph.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static uint32_t *new_row(size_t count, struct error *error)
{
	uint32_t *row = mem_alloc(count * sizeof *row);
	if (!row)
		error_memory(error);
	return row;
}

static uint32_t *new_blank_row(size_t count, struct error *error)
{
	uint32_t *row = new_row(count, error);
	if (row)
		memset(row, 0xFF, count * sizeof *row);
	return row;
}

/* Turns the counts in first[1 … count] into offsets. */
static void sum_up(uint32_t *first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		first[i + 1] += first[i];
}

/* After first[i] was moved on to where row i ends, moves it back to where it starts. */
static void move_back(uint32_t *first, uint32_t count)
{
	memmove(first + 1, first, count * sizeof *first);
	first[0] = 0;
}

static int allocate(struct digraph *graph, uint32_t node_count, size_t edge_count,
		    struct error *error)
{
	graph->node_count = node_count;
	graph->first = new_row((size_t)node_count + 1, error);
	graph->targets = new_row(edge_count, error);
	return graph->first && graph->targets ? 0 : -1;
}

/* Rows by `to`, holding where edges come from, in any order and repeated. */
static void fill_reversed(struct digraph *out, const struct digraph_edge *edges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		out->first[edges[i].to + 1]++;
	sum_up(out->first, out->node_count);
	for (size_t i = 0; i < count; i++)
		out->targets[out->first[edges[i].to]++] = edges[i].from;
	move_back(out->first, out->node_count);
}

/* Turns round: since the nodes of `graph` are taken in order, the rows of `out` ascend. */
static void fill_turned(struct digraph *out, const struct digraph *graph)
{
	uint32_t count = graph->node_count;
	for (uint32_t i = 0; i < graph->first[count]; i++)
		out->first[graph->targets[i] + 1]++;
	sum_up(out->first, count);
	for (uint32_t node = 0; node < count; node++)
		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++)
			out->targets[out->first[graph->targets[i]]++] = node;
	move_back(out->first, count);
}

static void drop_repeated(struct digraph *graph)
{
	uint32_t kept = 0, begin = 0;
	for (uint32_t node = 0; node < graph->node_count; node++) {
		uint32_t end = graph->first[node + 1];
		uint32_t row = kept;
		for (uint32_t i = begin; i < end; i++)
			if (kept == row || graph->targets[kept - 1] != graph->targets[i])
				graph->targets[kept++] = graph->targets[i];
		begin = end;
		graph->first[node + 1] = kept;
	}
}

int digraph_build(uint32_t node_count, const struct digraph_edge *edges, size_t edge_count,
		  struct digraph *out, struct error *error)
{
	_cleanup_(digraph_release) struct digraph reversed = {0};
	_cleanup_(digraph_release) struct digraph graph = {0};
	if (allocate(&reversed, node_count, edge_count, error) < 0 ||
	    allocate(&graph, node_count, edge_count, error) < 0)
		return -1;
	fill_reversed(&reversed, edges, edge_count);
	fill_turned(&graph, &reversed);
	drop_repeated(&graph);
	*out = graph;
	graph = (struct digraph){0};
	return 0;
}

void digraph_release(struct digraph *graph)
{
	mem_free(graph->first);
	mem_free(graph->targets);
	*graph = (struct digraph){0};
}

bool digraph_has(const struct digraph *graph, uint32_t from, uint32_t to)
{
	return digraph_find(graph, from, to) != NODE_NONE;
}

uint32_t digraph_find(const struct digraph *graph, uint32_t from, uint32_t to)
{
	uint32_t low = graph->first[from], high = graph->first[from + 1];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (graph->targets[middle] == to)
			return middle;
		if (graph->targets[middle] < to)
			low = middle + 1;
		else
			high = middle;
	}
	return NODE_NONE;
}

int digraph_reverse(const struct digraph *graph, struct digraph *out, struct error *error)
{
	_cleanup_(digraph_release) struct digraph reversed = {0};
	if (allocate(&reversed, graph->node_count, graph->first[graph->node_count], error) < 0)
		return -1;
	fill_turned(&reversed, graph);
	*out = reversed;
	reversed = (struct digraph){0};
	return 0;
}

/* ---- components ---- */

/* Tarjan's algorithm with the calls on a stack of its own: a node is entered once, so neither
 * stack holds more than node_count. */
struct tarjan {
	const struct digraph *graph;
	uint32_t *order; /* when a node was met; NODE_NONE: not yet */
	uint32_t *low;   /* the earliest node that it is known to reach among the open ones */
	uint32_t *next;  /* which edge comes next */
	uint32_t *calls;
	uint32_t *open; /* met, and not yet in a component */
	uint32_t call_count;
	uint32_t open_count;
	uint32_t met;
	uint32_t *component;
	uint32_t component_count;
};

static void tarjan_release(struct tarjan *tarjan)
{
	mem_free(tarjan->order);
	mem_free(tarjan->low);
	mem_free(tarjan->next);
	mem_free(tarjan->calls);
	mem_free(tarjan->open);
}

static void enter(struct tarjan *tarjan, uint32_t node)
{
	tarjan->order[node] = tarjan->low[node] = tarjan->met++;
	tarjan->next[node] = tarjan->graph->first[node];
	tarjan->calls[tarjan->call_count++] = node;
	tarjan->open[tarjan->open_count++] = node;
}

static void lower(struct tarjan *tarjan, uint32_t node, uint32_t order)
{
	if (order < tarjan->low[node])
		tarjan->low[node] = order;
}

static void close_component(struct tarjan *tarjan, uint32_t root)
{
	uint32_t node;
	do {
		node = tarjan->open[--tarjan->open_count];
		tarjan->component[node] = tarjan->component_count;
	} while (node != root);
	tarjan->component_count++;
}

static void leave(struct tarjan *tarjan, uint32_t node)
{
	tarjan->call_count--;
	if (tarjan->call_count > 0)
		lower(tarjan, tarjan->calls[tarjan->call_count - 1], tarjan->low[node]);
	if (tarjan->low[node] == tarjan->order[node])
		close_component(tarjan, node);
}

static void visit_from(struct tarjan *tarjan, uint32_t start)
{
	enter(tarjan, start);
	while (tarjan->call_count > 0) {
		uint32_t node = tarjan->calls[tarjan->call_count - 1];
		if (tarjan->next[node] == tarjan->graph->first[node + 1]) {
			leave(tarjan, node);
			continue;
		}
		uint32_t target = tarjan->graph->targets[tarjan->next[node]++];
		if (tarjan->order[target] == NODE_NONE)
			enter(tarjan, target);
		else if (tarjan->component[target] == NODE_NONE)
			lower(tarjan, node, tarjan->order[target]);
	}
}

int digraph_components(const struct digraph *graph, uint32_t *component, uint32_t *count,
		       struct error *error)
{
	uint32_t nodes = graph->node_count;
	_cleanup_(tarjan_release) struct tarjan tarjan = {
		.graph = graph,
		.order = new_blank_row(nodes, error),
		.low = new_row(nodes, error),
		.next = new_row(nodes, error),
		.calls = new_row(nodes, error),
		.open = new_row(nodes, error),
		.component = component,
	};
	if (!tarjan.order || !tarjan.low || !tarjan.next || !tarjan.calls || !tarjan.open)
		return -1;
	memset(component, 0xFF, nodes * sizeof *component);
	for (uint32_t node = 0; node < nodes; node++)
		if (tarjan.order[node] == NODE_NONE)
			visit_from(&tarjan, node);
	*count = tarjan.component_count;
	return 0;
}

/* ---- searches ---- */

/* Breadth first until `to` is met, or (NODE_NONE) to the end. */
static int search(const struct digraph *graph, uint32_t from, uint32_t to, const bool *allowed,
		  uint32_t *before, struct error *error)
{
	_cleanup_(mem_freep) uint32_t *queue = new_row((size_t)graph->node_count + 1, error);
	if (!queue)
		return -1;
	memset(before, 0xFF, graph->node_count * sizeof *before);
	uint32_t head = 0, tail = 0;
	queue[tail++] = from;
	while (head < tail) {
		uint32_t node = queue[head++];
		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++) {
			uint32_t target = graph->targets[i];
			if (before[target] != NODE_NONE)
				continue;
			before[target] = node;
			if (target == to)
				return 0;
			if (target != from && (!allowed || allowed[target]))
				queue[tail++] = target;
		}
	}
	return 0;
}

int digraph_path(const struct digraph *graph, uint32_t from, uint32_t to, const bool *allowed,
		 uint32_t *path, uint32_t *length, struct error *error)
{
	_cleanup_(mem_freep) uint32_t *before = new_row(graph->node_count, error);
	if (!before || search(graph, from, to, allowed, before, error) < 0)
		return -1;
	*length = digraph_trace(before, from, to, path);
	return 0;
}

int digraph_paths(const struct digraph *graph, uint32_t from, const bool *allowed, uint32_t *before,
		  struct error *error)
{
	return search(graph, from, NODE_NONE, allowed, before, error);
}

uint32_t digraph_trace(const uint32_t *before, uint32_t from, uint32_t to, uint32_t *path)
{
	if (before[to] == NODE_NONE)
		return 0;
	uint32_t length = 1;
	path[0] = to;
	do {
		path[length] = before[path[length - 1]];
		length++;
	} while (path[length - 1] != from);
	for (uint32_t i = 0; i < length / 2; i++) {
		uint32_t node = path[i];
		path[i] = path[length - 1 - i];
		path[length - 1 - i] = node;
	}
	return length;
}

int digraph_reach(const struct digraph *graph, bool *reached, struct error *error)
{
	_cleanup_(mem_freep) uint32_t *stack = new_row(graph->node_count, error);
	if (!stack)
		return -1;
	uint32_t count = 0;
	for (uint32_t node = 0; node < graph->node_count; node++)
		if (reached[node])
			stack[count++] = node;
	while (count > 0) {
		uint32_t node = stack[--count];
		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++) {
			uint32_t target = graph->targets[i];
			if (reached[target])
				continue;
			reached[target] = true;
			stack[count++] = target;
		}
	}
	return 0;
}
