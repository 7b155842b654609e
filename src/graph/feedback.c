/* SPDX-License-Identifier: Apache-2.0 */
/* What to cut in a graph so that it has no circle. Must not know what the numbers stand for.
 *
 * The greedy order: again and again take away a node with no edges out (it goes to the end of
 * the order) or in (to its front), or else the one whose edges out outweigh those in the most
 * (to the front). Edges that then point back are cut. Nodes wait in one heap; a node whose
 * key has changed is put in again, and what is out of date is passed over. */
#include "graph/feedback.h"

#include <assert.h>
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

/* ---- a better order ---- */

/* Orders of one component, in which one node after the other moves to where the least weight
 * points back from and to it. */
struct sift {
	const struct greedy *greedy;
	uint32_t *order; /* all nodes, by component, then rank */
	uint32_t *trial; /* another order of one component */
	uint32_t *place; /* of each node in the order that is looked at; NODE_NONE: not in it yet */
	uint32_t *stack;
	uint32_t *next; /* of each node on the stack the edge that comes next */
	uint64_t *out;  /* of each node the weight of the edge to it from the one that moves */
	uint64_t *in;   /* of each node the weight of the edge from it */
};

static void sift_release(struct sift *sift)
{
	mem_free(sift->order);
	mem_free(sift->trial);
	mem_free(sift->place);
	mem_free(sift->stack);
	mem_free(sift->next);
	mem_free(sift->out);
	mem_free(sift->in);
}

static int sift_prepare(struct sift *sift, struct error *error)
{
	uint32_t count = sift->greedy->graph->node_count;
	uint32_t **rows[] = {&sift->order, &sift->trial, &sift->place, &sift->stack, &sift->next};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		*rows[i] = mem_alloc(count * sizeof **rows[i]);
		if (!*rows[i])
			return error_memory(error);
	}
	sift->out = mem_alloc(count * sizeof *sift->out);
	sift->in = mem_alloc(count * sizeof *sift->in);
	return sift->out && sift->in ? 0 : error_memory(error);
}

/* Fills in, or (with `factor` 0) clears, what is between the node and all others. */
static void weigh_node(struct sift *sift, uint32_t node, uint64_t factor)
{
	const struct greedy *greedy = sift->greedy;
	const struct digraph *graph = greedy->graph, *reversed = &greedy->reversed;
	for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++)
		sift->out[graph->targets[i]] = greedy->weights[i] * factor;
	for (uint32_t i = reversed->first[node]; i < reversed->first[node + 1]; i++)
		sift->in[reversed->targets[i]] = greedy->weights[greedy->edge_of[i]] * factor;
}

/* Moves order[at] to the best place among `count`; returns whether that is better than where it
 * was. Costs are counted from that of the front, so they may be negative. */
static bool sift_node(struct sift *sift, uint32_t *order, uint32_t count, uint32_t at)
{
	uint32_t node = order[at], best = 0, place = 0;
	int64_t cost = 0, least = 0, now = 0;
	weigh_node(sift, node, 1);
	for (uint32_t i = 0; i < count; i++) {
		if (i == at) {
			now = cost;
			continue;
		}
		cost += (int64_t)sift->out[order[i]] - (int64_t)sift->in[order[i]];
		place++;
		if (cost < least) {
			least = cost;
			best = place;
		}
	}
	weigh_node(sift, node, 0);
	if (least >= now)
		return false;
	if (best > at)
		memmove(&order[at], &order[at + 1], (best - at) * sizeof *order);
	else
		memmove(&order[best + 1], &order[best], (at - best) * sizeof *order);
	order[best] = node;
	return true;
}

static void sift_component(struct sift *sift, uint32_t *order, uint32_t count)
{
	enum { PASSES = 8 };
	bool better = true;
	for (int pass = 0; pass < PASSES && better; pass++) {
		better = false;
		for (uint32_t i = 0; i < count; i++)
			better |= sift_node(sift, order, count, i);
	}
}

/* The weight of what points back in an order of a component. */
static uint64_t weight_back(struct sift *sift, const uint32_t *order, uint32_t count)
{
	const struct greedy *greedy = sift->greedy;
	const struct digraph *graph = greedy->graph;
	uint64_t weight = 0;
	for (uint32_t i = 0; i < count; i++)
		sift->place[order[i]] = i;
	for (uint32_t place = 0; place < count; place++) {
		uint32_t node = order[place];
		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++)
			if (is_inner(greedy, node, graph->targets[i]) &&
			    sift->place[graph->targets[i]] < place)
				weight += greedy->weights[i];
	}
	return weight;
}

/* The next node of the component that the one on top of the stack points at and that was not
 * met; NODE_NONE when there is none. */
static uint32_t next_node(struct sift *sift, uint32_t node)
{
	const struct digraph *graph = sift->greedy->graph;
	while (sift->next[node] < graph->first[node + 1]) {
		uint32_t target = graph->targets[sift->next[node]++];
		if (is_inner(sift->greedy, node, target) && sift->place[target] == NODE_NONE)
			return target;
	}
	return NODE_NONE;
}

/* Writes the component to `trial` in the order of a depth-first search from `start`, those last
 * that were left first. */
static void search_from(struct sift *sift, const uint32_t *members, uint32_t count, uint32_t start)
{
	uint32_t depth = 0, left = count;
	for (uint32_t i = 0; i < count; i++) {
		sift->place[members[i]] = NODE_NONE;
		sift->next[members[i]] = sift->greedy->graph->first[members[i]];
	}
	sift->place[start] = 0;
	sift->stack[depth++] = start;
	while (depth > 0) {
		uint32_t node = next_node(sift, sift->stack[depth - 1]);
		if (node == NODE_NONE) {
			sift->trial[--left] = sift->stack[--depth];
			continue;
		}
		sift->place[node] = 0;
		sift->stack[depth++] = node;
	}
}

/* Tries other orders of the component than the greedy one, as many as its size allows. */
static void improve_component(struct sift *sift, uint32_t *order, uint32_t count)
{
	enum { TRIAL_LIMIT = 250000 };
	uint32_t trials = TRIAL_LIMIT / (count * count);
	if (trials > count)
		trials = count;
	sift_component(sift, order, count);
	uint64_t least = weight_back(sift, order, count);
	for (uint32_t i = 0; i < trials; i++) {
		search_from(sift, order, count, order[(uint64_t)i * count / trials]);
		sift_component(sift, sift->trial, count);
		uint64_t weight = weight_back(sift, sift->trial, count);
		if (weight < least) {
			least = weight;
			memcpy(order, sift->trial, count * sizeof *order);
		}
	}
}

/* Writes all nodes by component, then rank; and where in that each component ends. */
static void sort_by_component(struct sift *sift, uint32_t *ends)
{
	const struct greedy *greedy = sift->greedy;
	uint32_t count = greedy->graph->node_count;
	uint32_t *by_rank = sift->stack;
	assert(by_rank);
	for (uint32_t node = 0; node < count; node++) {
		by_rank[greedy->rank[node]] = node;
		ends[greedy->component[node] + 1]++;
	}
	for (uint32_t i = 0; i < count; i++)
		ends[i + 1] += ends[i];
	for (uint32_t i = 0; i < count; i++)
		sift->order[ends[greedy->component[by_rank[i]]]++] = by_rank[i];
}

/* Makes less point back, in components of at most FEEDBACK_SIFT_LIMIT nodes. */
static int improve(struct greedy *greedy, struct error *error)
{
	uint32_t count = greedy->graph->node_count;
	_cleanup_(sift_release) struct sift sift = {.greedy = greedy};
	_cleanup_(mem_freep) uint32_t *ends = mem_alloc(((size_t)count + 1) * sizeof *ends);
	if (!ends)
		return error_memory(error);
	if (sift_prepare(&sift, error) < 0)
		return -1;
	sort_by_component(&sift, ends);
	for (uint32_t begin = 0; begin < count;) {
		uint32_t size = ends[greedy->component[sift.order[begin]]] - begin;
		if (size > 2 && size <= FEEDBACK_SIFT_LIMIT)
			improve_component(&sift, &sift.order[begin], size);
		begin += size;
	}
	for (uint32_t i = 0; i < count; i++)
		greedy->rank[sift.order[i]] = i;
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
	if (improve(&greedy, error) < 0)
		return -1;
	size_t count = mark_back(&greedy, cut);
	return count > FEEDBACK_RETURN_LIMIT ? 0 : put_back(&greedy, cut, count, error);
}
