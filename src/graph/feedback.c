/* SPDX-License-Identifier: Apache-2.0 */
/* Circles in a graph: the shortest, and what to cut so that none is left. Must not know what
 * the numbers stand for.
 *
 * The greedy order: again and again take away a node with no edges out (it goes to the end of
 * the order) or in (to its front), or else the one whose edges out outweigh those in the most
 * (to the front). Edges that then point back are cut. Nodes wait in one heap; a node whose
 * key has changed is put in again, and what is out of date is passed over. */
#include "graph/feedback.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct ticket {
	int64_t key; /* larger comes first */
	uint32_t node;
};

struct greedy {
	const struct digraph *graph;
	struct digraph reversed;
	const uint32_t *weights;
	uint32_t *component;
	uint32_t *edge_of; /* of each of reversed.targets the edge in `graph` */
	uint64_t *out;     /* weight of the edges out to nodes that are left */
	uint64_t *in;
	uint32_t *rank; /* in the order; NODE_NONE: the node is left */
	uint32_t front;
	uint32_t back;
	struct ticket *heap;
	size_t heap_count;
	size_t heap_capacity;
};

static void greedy_release(struct greedy *greedy)
{
	digraph_release(&greedy->reversed);
	mem_free(greedy->component);
	mem_free(greedy->edge_of);
	mem_free(greedy->out);
	mem_free(greedy->in);
	mem_free(greedy->rank);
	mem_free(greedy->heap);
}

/* ---- the heap ---- */

static bool comes_first(const struct ticket *a, const struct ticket *b)
{
	return a->key != b->key ? a->key > b->key : a->node < b->node;
}

static bool push(struct greedy *greedy, struct ticket ticket)
{
	if (!mem_reserve(&greedy->heap, &greedy->heap_capacity, greedy->heap_count + 1,
			 sizeof *greedy->heap))
		return false;
	size_t at = greedy->heap_count++;
	for (; at > 0 && comes_first(&ticket, &greedy->heap[(at - 1) / 2]); at = (at - 1) / 2)
		greedy->heap[at] = greedy->heap[(at - 1) / 2];
	greedy->heap[at] = ticket;
	return true;
}

static struct ticket pop(struct greedy *greedy)
{
	struct ticket *heap = greedy->heap;
	struct ticket top = heap[0], last = heap[--greedy->heap_count];
	size_t at = 0;
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= greedy->heap_count)
			break;
		if (child + 1 < greedy->heap_count && comes_first(&heap[child + 1], &heap[child]))
			child++;
		if (!comes_first(&heap[child], &last))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = last;
	return top;
}

/* ---- the order ---- */

/* A node with no edges out or in comes before all others. */
static int64_t key_of(const struct greedy *greedy, uint32_t node)
{
	if (greedy->out[node] == 0 || greedy->in[node] == 0)
		return INT64_MAX;
	return (int64_t)greedy->out[node] - (int64_t)greedy->in[node];
}

static bool is_inner(const struct greedy *greedy, uint32_t from, uint32_t to)
{
	return from != to && greedy->component[from] == greedy->component[to];
}

static void weigh(struct greedy *greedy)
{
	const struct digraph *graph = greedy->graph;
	for (uint32_t node = 0; node < graph->node_count; node++)
		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++) {
			if (!is_inner(greedy, node, graph->targets[i]))
				continue;
			greedy->out[node] += greedy->weights[i];
			greedy->in[graph->targets[i]] += greedy->weights[i];
		}
}

/* The reversed rows are filled in the order of the graph's edges, row by row. */
static void match_reversed(struct greedy *greedy)
{
	const struct digraph *graph = greedy->graph;
	uint32_t *next = greedy->rank; /* not needed for the ranks before all are set */
	memcpy(next, greedy->reversed.first, graph->node_count * sizeof *next);
	for (uint32_t i = 0; i < graph->first[graph->node_count]; i++)
		greedy->edge_of[next[graph->targets[i]]++] = i;
	memset(greedy->rank, 0xFF, graph->node_count * sizeof *greedy->rank);
}

static bool update(struct greedy *greedy, uint32_t node)
{
	return push(greedy, (struct ticket){key_of(greedy, node), node});
}

static bool take_away(struct greedy *greedy, uint32_t node)
{
	const struct digraph *graph = greedy->graph, *reversed = &greedy->reversed;
	greedy->rank[node] = greedy->out[node] == 0 ? --greedy->back : greedy->front++;
	for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++) {
		uint32_t target = graph->targets[i];
		if (!is_inner(greedy, node, target) || greedy->rank[target] != NODE_NONE)
			continue;
		greedy->in[target] -= greedy->weights[i];
		if (!update(greedy, target))
			return false;
	}
	for (uint32_t i = reversed->first[node]; i < reversed->first[node + 1]; i++) {
		uint32_t source = reversed->targets[i];
		if (!is_inner(greedy, source, node) || greedy->rank[source] != NODE_NONE)
			continue;
		greedy->out[source] -= greedy->weights[greedy->edge_of[i]];
		if (!update(greedy, source))
			return false;
	}
	return true;
}

static bool order(struct greedy *greedy)
{
	for (uint32_t node = 0; node < greedy->graph->node_count; node++)
		if (!update(greedy, node))
			return false;
	while (greedy->heap_count > 0) {
		struct ticket ticket = pop(greedy);
		if (greedy->rank[ticket.node] == NODE_NONE &&
		    ticket.key == key_of(greedy, ticket.node) && !take_away(greedy, ticket.node))
			return false;
	}
	return true;
}

static int prepare(struct greedy *greedy, struct error *error)
{
	const struct digraph *graph = greedy->graph;
	size_t nodes = graph->node_count, edges = graph->first[nodes];
	uint32_t count;
	greedy->back = graph->node_count;
	greedy->component = mem_alloc(nodes * sizeof *greedy->component);
	greedy->edge_of = mem_alloc(edges * sizeof *greedy->edge_of);
	greedy->out = mem_alloc(nodes * sizeof *greedy->out);
	greedy->in = mem_alloc(nodes * sizeof *greedy->in);
	greedy->rank = mem_alloc(nodes * sizeof *greedy->rank);
	if (!greedy->component || !greedy->edge_of || !greedy->out || !greedy->in || !greedy->rank)
		return error_memory(error);
	if (digraph_reverse(graph, &greedy->reversed, error) < 0 ||
	    digraph_components(graph, greedy->component, &count, error) < 0)
		return -1;
	match_reversed(greedy);
	weigh(greedy);
	return 0;
}

/* Marks what points back; returns how many. */
static size_t mark_back(const struct greedy *greedy, bool *cut)
{
	const struct digraph *graph = greedy->graph;
	size_t count = 0;
	for (uint32_t node = 0; node < graph->node_count; node++)
		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++) {
			uint32_t target = graph->targets[i];
			cut[i] = node == target || (is_inner(greedy, node, target) &&
						    greedy->rank[target] < greedy->rank[node]);
			count += cut[i];
		}
	return count;
}

/* ---- putting back ---- */

struct cut_edge {
	uint32_t from;
	uint32_t index;
	uint32_t weight;
};

/* Heaviest first. */
static int compare_cuts(const void *a, const void *b)
{
	const struct cut_edge *left = a, *right = b;
	if (left->weight != right->weight)
		return left->weight > right->weight ? -1 : 1;
	return left->index < right->index ? -1 : left->index > right->index;
}

/* Whether `to` is reached from `from` without what is cut. `marks` are all false before and
 * after; `queue` takes the nodes that were met. */
static bool reaches(const struct digraph *graph, const bool *cut, uint32_t from, uint32_t to,
		    bool *marks, uint32_t *queue)
{
	uint32_t head = 0, tail = 0;
	queue[tail++] = from;
	marks[from] = true;
	while (head < tail && !marks[to]) {
		uint32_t node = queue[head++];
		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++) {
			if (cut[i] || marks[graph->targets[i]])
				continue;
			marks[graph->targets[i]] = true;
			queue[tail++] = graph->targets[i];
		}
	}
	bool reached = marks[to];
	for (uint32_t i = 0; i < tail; i++)
		marks[queue[i]] = false;
	return reached;
}

static size_t list_cuts(const struct greedy *greedy, const bool *cut, struct cut_edge *out)
{
	const struct digraph *graph = greedy->graph;
	size_t count = 0;
	for (uint32_t node = 0; node < graph->node_count; node++)
		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++)
			if (cut[i] && graph->targets[i] != node)
				out[count++] = (struct cut_edge){node, i, greedy->weights[i]};
	qsort(out, count, sizeof *out, compare_cuts);
	return count;
}

static int put_back(const struct greedy *greedy, bool *cut, size_t cut_count, struct error *error)
{
	const struct digraph *graph = greedy->graph;
	_cleanup_(mem_freep) struct cut_edge *cuts = mem_alloc(cut_count * sizeof *cuts);
	_cleanup_(mem_freep) bool *marks = mem_alloc(graph->node_count);
	_cleanup_(mem_freep) uint32_t *queue = mem_alloc(graph->node_count * sizeof *queue);
	if (!cuts || !marks || !queue)
		return error_memory(error);
	size_t count = list_cuts(greedy, cut, cuts);
	for (size_t i = 0; i < count; i++) {
		uint32_t index = cuts[i].index;
		cut[index] = reaches(graph, cut, graph->targets[index], cuts[i].from, marks, queue);
	}
	return 0;
}

int feedback_edges(const struct digraph *graph, const uint32_t *weights, bool *cut,
		   struct error *error)
{
	_cleanup_(greedy_release) struct greedy greedy = {.graph = graph, .weights = weights};
	if (prepare(&greedy, error) < 0)
		return -1;
	if (!order(&greedy))
		return error_memory(error);
	size_t count = mark_back(&greedy, cut);
	return count > FEEDBACK_RETURN_LIMIT ? 0 : put_back(&greedy, cut, count, error);
}

/* ---- the shortest circle ---- */

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

int feedback_circle(const struct digraph *graph, const uint32_t *members, uint32_t member_count,
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
