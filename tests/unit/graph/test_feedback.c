/* SPDX-License-Identifier: Apache-2.0 */
/* Circles against slow and obvious models, over thousands of random graphs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "graph/circle.h"
#include "graph/feedback.h"

enum { NODES_MOST = 7, EDGES_MOST = 16, ROUNDS = 3000, FAR = 1000 };

static void draw(struct digraph *graph)
{
	struct digraph_edge edges[EDGES_MOST];
	uint32_t nodes = 2 + random_below(NODES_MOST - 1), count = random_below(EDGES_MOST + 1);
	for (uint32_t i = 0; i < count; i++)
		edges[i] = (struct digraph_edge){random_below(nodes), random_below(nodes)};
	assert_int_equal(digraph_build(nodes, edges, count, graph, NULL), 0);
}

/* Distances over at least one edge, without those in `without`. */
static void measure(const struct digraph *graph, const bool *without,
		    unsigned distance[NODES_MOST][NODES_MOST])
{
	uint32_t nodes = graph->node_count;
	for (uint32_t i = 0; i < nodes; i++) {
		for (uint32_t j = 0; j < nodes; j++)
			distance[i][j] = FAR;
		for (uint32_t k = graph->first[i]; k < graph->first[i + 1]; k++)
			if (!without || !without[k])
				distance[i][graph->targets[k]] = 1;
	}
	for (uint32_t k = 0; k < nodes; k++)
		for (uint32_t i = 0; i < nodes; i++)
			for (uint32_t j = 0; j < nodes; j++)
				if (distance[i][k] + distance[k][j] < distance[i][j])
					distance[i][j] = distance[i][k] + distance[k][j];
}

static bool has_circle(const struct digraph *graph, const bool *without)
{
	unsigned distance[NODES_MOST][NODES_MOST];
	measure(graph, without, distance);
	for (uint32_t i = 0; i < graph->node_count; i++)
		if (distance[i][i] < FAR)
			return true;
	return false;
}

/* The least weight of any set of edges without which there is no circle. */
static uint32_t least_cut(const struct digraph *graph, const uint32_t *weights)
{
	uint32_t edges = graph->first[graph->node_count], least = UINT32_MAX;
	for (uint32_t set = 0; set < UINT32_C(1) << edges; set++) {
		bool cut[EDGES_MOST];
		uint32_t weight = 0;
		for (uint32_t i = 0; i < edges; i++) {
			cut[i] = set >> i & 1;
			weight += cut[i] ? weights[i] : 0;
		}
		if (weight < least && !has_circle(graph, cut))
			least = weight;
	}
	return least;
}

static void test_cuts_leave_no_circle_and_none_is_needless(void **unused)
{
	(void)unused;
	for (int round = 0; round < ROUNDS; round++) {
		_cleanup_(digraph_release) struct digraph graph = {0};
		bool cut[EDGES_MOST];
		uint32_t weights[EDGES_MOST];
		draw(&graph);
		for (int i = 0; i < EDGES_MOST; i++)
			weights[i] = 1 + random_below(9);
		assert_int_equal(feedback_edges(&graph, weights, cut, NULL), 0);
		assert_false(has_circle(&graph, cut));
		for (uint32_t i = 0; i < graph.first[graph.node_count]; i++) {
			if (!cut[i])
				continue;
			cut[i] = false;
			assert_true(has_circle(&graph, cut));
			cut[i] = true;
		}
	}
}

/* Greedy is not always the least; but it must not be far off. */
static void test_cuts_are_light(void **unused)
{
	(void)unused;
	uint64_t ours = 0, least = 0;
	for (int round = 0; round < 100; round++) {
		_cleanup_(digraph_release) struct digraph graph = {0};
		bool cut[EDGES_MOST];
		uint32_t weights[EDGES_MOST], weight = 0;
		do {
			digraph_release(&graph);
			draw(&graph);
		} while (graph.first[graph.node_count] > 12);
		for (int i = 0; i < EDGES_MOST; i++)
			weights[i] = 1 + random_below(9);
		assert_int_equal(feedback_edges(&graph, weights, cut, NULL), 0);
		for (uint32_t i = 0; i < graph.first[graph.node_count]; i++)
			weight += cut[i] ? weights[i] : 0;
		uint32_t best = least_cut(&graph, weights);
		assert_true(weight >= best);
		ours += weight;
		least += best;
	}
	assert_true(least > 0);
	assert_true(ours * 100 <= least * 101);
}

static void check_circle(const struct digraph *graph, const uint32_t *members, uint32_t count)
{
	unsigned distance[NODES_MOST][NODES_MOST], girth = FAR;
	bool loops[EDGES_MOST] = {0}, inside[NODES_MOST] = {0};
	for (uint32_t i = 0; i < graph->node_count; i++)
		for (uint32_t k = graph->first[i]; k < graph->first[i + 1]; k++)
			loops[k] = graph->targets[k] == i;
	measure(graph, loops, distance);
	for (uint32_t i = 0; i < count; i++) {
		inside[members[i]] = true;
		if (distance[members[i]][members[i]] < girth)
			girth = distance[members[i]][members[i]];
	}
	uint32_t path[NODES_MOST + 1], length;
	assert_int_equal(circle_shortest(graph, members, count, UINT64_MAX, path, &length, NULL),
			 0);
	assert_int_equal(length, girth + 1);
	assert_int_equal(path[0], path[length - 1]);
	for (uint32_t i = 0; i + 1 < length; i++) {
		assert_true(inside[path[i]]);
		assert_true(digraph_has(graph, path[i], path[i + 1]));
		assert_true(path[i] >= path[0]);
	}
	/* With no steps to spend there is still a circle, if perhaps a longer one. */
	assert_int_equal(circle_shortest(graph, members, count, 0, path, &length, NULL), 0);
	assert_true(length >= girth + 1 && path[0] == path[length - 1]);
}

/* A loop is no circle of modules, and no graph of modules has one. */
static bool has_loop(const struct digraph *graph)
{
	for (uint32_t i = 0; i < graph->node_count; i++)
		if (digraph_has(graph, i, i))
			return true;
	return false;
}

static void test_circle_is_a_shortest_one(void **unused)
{
	(void)unused;
	uint32_t checked = 0;
	for (int round = 0; round < ROUNDS; round++) {
		_cleanup_(digraph_release) struct digraph graph = {0};
		uint32_t component[NODES_MOST], count;
		draw(&graph);
		if (has_loop(&graph))
			continue;
		assert_int_equal(digraph_components(&graph, component, &count, NULL), 0);
		for (uint32_t number = 0; number < count; number++) {
			uint32_t members[NODES_MOST], member_count = 0;
			for (uint32_t i = 0; i < graph.node_count; i++)
				if (component[i] == number)
					members[member_count++] = i;
			if (member_count < 2)
				continue;
			check_circle(&graph, members, member_count);
			checked++;
		}
	}
	assert_true(checked > 200);
}

static void test_many_edges_back_are_cut_without_trying_each(void **unused)
{
	(void)unused;
	enum { WIDE = 120 };
	_cleanup_(mem_freep) struct digraph_edge *edges =
		mem_alloc((size_t)WIDE * WIDE * sizeof *edges);
	_cleanup_(mem_freep) uint32_t *weights = mem_alloc((size_t)WIDE * WIDE * sizeof *weights);
	_cleanup_(mem_freep) bool *cut = mem_alloc((size_t)WIDE * WIDE);
	_cleanup_(digraph_release) struct digraph graph = {0};
	uint32_t count = 0, component[WIDE], components;
	for (uint32_t i = 0; i < WIDE * WIDE; i++)
		if (i / WIDE != i % WIDE)
			edges[count++] = (struct digraph_edge){i / WIDE, i % WIDE};
	for (uint32_t i = 0; i < count; i++)
		weights[i] = 1;
	assert_int_equal(digraph_build(WIDE, edges, count, &graph, NULL), 0);
	assert_int_equal(feedback_edges(&graph, weights, cut, NULL), 0);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < count; i++)
		if (!cut[i])
			edges[kept++] = (struct digraph_edge){i / (WIDE - 1), graph.targets[i]};
	/* Of each pair one way has to go, and no more. */
	assert_int_equal(kept, WIDE * (WIDE - 1) / 2);
	_cleanup_(digraph_release) struct digraph rest = {0};
	assert_int_equal(digraph_build(WIDE, edges, kept, &rest, NULL), 0);
	assert_int_equal(digraph_components(&rest, component, &components, NULL), 0);
	assert_int_equal(components, WIDE);
}

static void test_every_allocation_may_fail(void **unused)
{
	(void)unused;
	static const struct digraph_edge EDGES[] = {{0, 1}, {1, 2}, {2, 0}, {2, 3}};
	static const uint32_t WEIGHTS[] = {1, 1, 1, 1}, MEMBERS[] = {0, 1, 2};
	_cleanup_(digraph_release) struct digraph graph = {0};
	assert_int_equal(digraph_build(4, EDGES, 4, &graph, NULL), 0);
	long failures = 0;
	for (long nth = 1;; nth++) {
		bool cut[4];
		uint32_t path[5], length;
		struct error error = {0};
		mem_fail_from(nth);
		int result = feedback_edges(&graph, WEIGHTS, cut, &error);
		if (result == 0)
			result = circle_shortest(&graph, MEMBERS, 3, 1000, path, &length, &error);
		bool failed = mem_fail_never();
		assert_int_equal(result, failed ? -1 : 0);
		assert_int_equal(error.code, failed ? ERROR_MEMORY : ERROR_NONE);
		if (!failed)
			break;
		failures++;
	}
	assert_true(failures > 10);
}

int main(void)
{
	random_seed(2463534242);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts_leave_no_circle_and_none_is_needless),
		cmocka_unit_test(test_cuts_are_light),
		cmocka_unit_test(test_circle_is_a_shortest_one),
		cmocka_unit_test(test_many_edges_back_are_cut_without_trying_each),
		cmocka_unit_test(test_every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
