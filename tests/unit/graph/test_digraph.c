/* SPDX-License-Identifier: Apache-2.0 */
/* Every algorithm against a slow and obvious one, over thousands of random graphs; then the
 * shapes that hurt: chains, complete graphs, nothing at all; then every allocation failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "graph/digraph.h"

enum { NODES_MOST = 12, ROUNDS = 4000 };

/* A random graph, and how far it is from each node to each by Floyd and Warshall. */
struct sample {
	uint32_t nodes;
	size_t edge_count;
	struct digraph_edge edges[NODES_MOST * NODES_MOST * 2];
	bool linked[NODES_MOST][NODES_MOST];
	unsigned distance[NODES_MOST][NODES_MOST]; /* over at least one edge; FAR: no way */
	struct digraph graph;
};

enum { FAR = 1000 };

static void measure(struct sample *sample)
{
	for (uint32_t i = 0; i < sample->nodes; i++)
		for (uint32_t j = 0; j < sample->nodes; j++)
			sample->distance[i][j] = sample->linked[i][j] ? 1 : FAR;
	for (uint32_t k = 0; k < sample->nodes; k++)
		for (uint32_t i = 0; i < sample->nodes; i++)
			for (uint32_t j = 0; j < sample->nodes; j++) {
				unsigned through = sample->distance[i][k] + sample->distance[k][j];
				if (through < sample->distance[i][j])
					sample->distance[i][j] = through;
			}
}

static void draw(struct sample *sample)
{
	*sample = (struct sample){.nodes = 1 + random_below(NODES_MOST)};
	sample->edge_count = random_below(sample->nodes * (1 + random_below(4)) + 1);
	for (size_t i = 0; i < sample->edge_count; i++) {
		struct digraph_edge edge = {random_below(sample->nodes),
					    random_below(sample->nodes)};
		sample->edges[i] = edge;
		sample->linked[edge.from][edge.to] = true;
	}
	measure(sample);
	assert_int_equal(digraph_build(sample->nodes, sample->edges, sample->edge_count,
				       &sample->graph, NULL),
			 0);
}

static void for_each_sample(void (*check)(struct sample *sample))
{
	for (int i = 0; i < ROUNDS; i++) {
		struct sample sample;
		draw(&sample);
		check(&sample);
		digraph_release(&sample.graph);
	}
}

static void check_rows(struct sample *sample)
{
	const struct digraph *graph = &sample->graph;
	for (uint32_t i = 0; i < sample->nodes; i++) {
		uint32_t degree = 0;
		for (uint32_t j = 0; j < sample->nodes; j++) {
			assert_int_equal(digraph_has(graph, i, j), sample->linked[i][j]);
			uint32_t at = digraph_find(graph, i, j);
			if (sample->linked[i][j])
				assert_int_equal(graph->targets[at], j);
			else
				assert_int_equal(at, NODE_NONE);
			degree += sample->linked[i][j];
		}
		assert_int_equal(graph->first[i + 1] - graph->first[i], degree);
		for (uint32_t k = graph->first[i] + 1; k < graph->first[i + 1]; k++)
			assert_true(graph->targets[k - 1] < graph->targets[k]);
	}
}

static void test_rows_ascend_and_hold_each_edge_once(void **unused)
{
	(void)unused;
	for_each_sample(check_rows);
}

static void check_reverse(struct sample *sample)
{
	struct digraph reversed;
	assert_int_equal(digraph_reverse(&sample->graph, &reversed, NULL), 0);
	for (uint32_t i = 0; i < sample->nodes; i++) {
		for (uint32_t j = 0; j < sample->nodes; j++)
			assert_int_equal(digraph_has(&reversed, j, i), sample->linked[i][j]);
		for (uint32_t k = reversed.first[i] + 1; k < reversed.first[i + 1]; k++)
			assert_true(reversed.targets[k - 1] < reversed.targets[k]);
	}
	digraph_release(&reversed);
}

static void test_reverse_turns_every_edge(void **unused)
{
	(void)unused;
	for_each_sample(check_reverse);
}

static void check_components(struct sample *sample)
{
	uint32_t component[NODES_MOST], count;
	assert_int_equal(digraph_components(&sample->graph, component, &count, NULL), 0);
	for (uint32_t i = 0; i < sample->nodes; i++) {
		assert_true(component[i] < count);
		for (uint32_t j = 0; j < sample->nodes; j++) {
			bool both = i == j ||
				    (sample->distance[i][j] < FAR && sample->distance[j][i] < FAR);
			assert_int_equal(component[i] == component[j], both);
			if (sample->linked[i][j])
				assert_true(component[j] <= component[i]);
		}
	}
}

static void test_components_are_those_of_mutual_reach(void **unused)
{
	(void)unused;
	for_each_sample(check_components);
}

/* Whether `path` is the first, by its numbers, of all shortest ones: at each node, the
 * smallest next one from which the rest is short enough. */
static void check_smallest(const struct sample *sample, const uint32_t *path, uint32_t length)
{
	uint32_t to = path[length - 1];
	for (uint32_t i = 0; i + 1 < length; i++) {
		assert_true(sample->linked[path[i]][path[i + 1]]);
		unsigned left = length - 2 - i;
		for (uint32_t next = 0; next < path[i + 1]; next++) {
			unsigned rest =
				left == 0 ? (next == to ? 0 : FAR) : sample->distance[next][to];
			assert_false(sample->linked[path[i]][next] && rest <= left);
		}
	}
}

static void check_paths(struct sample *sample)
{
	uint32_t path[NODES_MOST + 1], again[NODES_MOST + 1], length, before[NODES_MOST];
	for (uint32_t i = 0; i < sample->nodes; i++) {
		assert_int_equal(digraph_paths(&sample->graph, i, NULL, before, NULL), 0);
		for (uint32_t j = 0; j < sample->nodes; j++) {
			unsigned distance = sample->distance[i][j];
			assert_int_equal(
				digraph_path(&sample->graph, i, j, NULL, path, &length, NULL), 0);
			assert_int_equal(length, distance < FAR ? distance + 1 : 0);
			assert_int_equal(digraph_trace(before, i, j, again), length);
			if (length == 0)
				continue;
			assert_int_equal(path[0], i);
			assert_int_equal(path[length - 1], j);
			assert_memory_equal(path, again, length * sizeof *path);
			check_smallest(sample, path, length);
		}
	}
}

static void test_paths_are_shortest_and_smallest(void **unused)
{
	(void)unused;
	for_each_sample(check_paths);
}

/* With the forbidden nodes' edges out taken away, but for those of the start, no path is
 * longer than it must be. */
static void check_allowed(struct sample *sample)
{
	bool allowed[NODES_MOST];
	for (uint32_t i = 0; i < sample->nodes; i++)
		allowed[i] = random_below(3) > 0;
	for (uint32_t i = 0; i < sample->nodes; i++) {
		struct sample less = *sample;
		for (uint32_t k = 0; k < sample->nodes; k++)
			for (uint32_t j = 0; j < sample->nodes; j++)
				less.linked[k][j] &= allowed[k] || k == i;
		measure(&less);
		for (uint32_t j = 0; j < sample->nodes; j++) {
			uint32_t path[NODES_MOST + 1], length;
			unsigned distance = less.distance[i][j];
			assert_int_equal(
				digraph_path(&sample->graph, i, j, allowed, path, &length, NULL),
				0);
			assert_int_equal(length, distance < FAR ? distance + 1 : 0);
			for (uint32_t k = 1; k + 1 < length; k++)
				assert_true(allowed[path[k]]);
		}
	}
}

static void test_paths_pass_only_allowed_nodes(void **unused)
{
	(void)unused;
	for_each_sample(check_allowed);
}

static void check_reach(struct sample *sample)
{
	bool start[NODES_MOST], reached[NODES_MOST];
	for (uint32_t i = 0; i < sample->nodes; i++)
		start[i] = reached[i] = random_below(4) == 0;
	assert_int_equal(digraph_reach(&sample->graph, reached, NULL), 0);
	for (uint32_t j = 0; j < sample->nodes; j++) {
		bool expected = start[j];
		for (uint32_t i = 0; i < sample->nodes; i++)
			expected |= start[i] && sample->distance[i][j] < FAR;
		assert_int_equal(reached[j], expected);
	}
}

static void test_reach_is_the_closure(void **unused)
{
	(void)unused;
	for_each_sample(check_reach);
}

static void test_graph_without_nodes(void **unused)
{
	(void)unused;
	struct digraph graph, reversed;
	uint32_t component[1], count = 7;
	bool reached[1];
	assert_int_equal(digraph_build(0, NULL, 0, &graph, NULL), 0);
	assert_int_equal(digraph_reverse(&graph, &reversed, NULL), 0);
	assert_int_equal(digraph_components(&graph, component, &count, NULL), 0);
	assert_int_equal(count, 0);
	assert_int_equal(digraph_reach(&graph, reached, NULL), 0);
	digraph_release(&graph);
	digraph_release(&reversed);
}

static void build_chain(uint32_t nodes, bool closed, struct digraph *out)
{
	struct digraph_edge *edges = mem_alloc(nodes * sizeof *edges);
	assert_non_null(edges);
	for (uint32_t i = 0; i < nodes; i++)
		edges[i] = (struct digraph_edge){i, (i + 1) % nodes};
	assert_int_equal(digraph_build(nodes, edges, nodes - !closed, out, NULL), 0);
	mem_free(edges);
}

static void test_chain_of_100000_nodes(void **unused)
{
	(void)unused;
	enum { LONG = 100000 };
	_cleanup_(mem_freep) uint32_t *room = mem_alloc((LONG + 1) * sizeof *room);
	for (int closed = 0; closed <= 1; closed++) {
		struct digraph graph;
		uint32_t count, length;
		build_chain(LONG, closed, &graph);
		assert_int_equal(digraph_components(&graph, room, &count, NULL), 0);
		assert_int_equal(count, closed ? 1 : LONG);
		if (!closed)
			assert_int_equal(room[0], LONG - 1);
		assert_int_equal(digraph_path(&graph, 0, LONG - 1, NULL, room, &length, NULL), 0);
		assert_int_equal(length, LONG);
		assert_int_equal(digraph_path(&graph, 5, 5, NULL, room, &length, NULL), 0);
		assert_int_equal(length, closed ? LONG + 1 : 0);
		digraph_release(&graph);
	}
}

static void test_complete_graph(void **unused)
{
	(void)unused;
	enum { WIDE = 600 };
	_cleanup_(mem_freep) struct digraph_edge *edges =
		mem_alloc((size_t)WIDE * WIDE * sizeof *edges);
	_cleanup_(digraph_release) struct digraph graph = {0};
	uint32_t room[WIDE + 1], count, length;
	for (uint32_t i = 0; i < WIDE * WIDE; i++)
		edges[i] = (struct digraph_edge){i % WIDE, i / WIDE};
	assert_int_equal(digraph_build(WIDE, edges, (size_t)WIDE * WIDE, &graph, NULL), 0);
	assert_int_equal(graph.first[WIDE], WIDE * WIDE);
	assert_int_equal(digraph_components(&graph, room, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(digraph_path(&graph, 3, 3, NULL, room, &length, NULL), 0);
	assert_int_equal(length, 2);
}

/* Everything once; 0 or -1, and then with an error that says memory. */
static int run_all(void)
{
	static const struct digraph_edge EDGES[] = {{0, 1}, {1, 2}, {2, 0}, {2, 3}, {0, 1}};
	_cleanup_(digraph_release) struct digraph graph = {0};
	_cleanup_(digraph_release) struct digraph reversed = {0};
	uint32_t room[5], count, length;
	bool reached[4] = {true};
	struct error error = {0};
	int result = digraph_build(4, EDGES, 5, &graph, &error);
	if (result == 0)
		result = digraph_reverse(&graph, &reversed, &error);
	if (result == 0)
		result = digraph_components(&graph, room, &count, &error);
	if (result == 0)
		result = digraph_path(&graph, 0, 3, NULL, room, &length, &error);
	if (result == 0)
		result = digraph_paths(&graph, 0, NULL, room, &error);
	if (result == 0)
		result = digraph_reach(&graph, reached, &error);
	assert_int_equal(error.code, result == 0 ? ERROR_NONE : ERROR_MEMORY);
	return result;
}

static void test_every_allocation_may_fail(void **unused)
{
	(void)unused;
	long failures = 0;
	for (long nth = 1;; nth++) {
		mem_fail_from(nth);
		int result = run_all();
		if (!mem_fail_never()) {
			assert_int_equal(result, 0);
			break;
		}
		assert_int_equal(result, -1);
		failures++;
	}
	assert_true(failures > 10);
}

int main(void)
{
	random_seed(88172645);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_ascend_and_hold_each_edge_once),
		cmocka_unit_test(test_reverse_turns_every_edge),
		cmocka_unit_test(test_components_are_those_of_mutual_reach),
		cmocka_unit_test(test_paths_are_shortest_and_smallest),
		cmocka_unit_test(test_paths_pass_only_allowed_nodes),
		cmocka_unit_test(test_reach_is_the_closure),
		cmocka_unit_test(test_graph_without_nodes),
		cmocka_unit_test(test_chain_of_100000_nodes),
		cmocka_unit_test(test_complete_graph),
		cmocka_unit_test(test_every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
