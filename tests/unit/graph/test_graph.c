/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "world.h"

static uint32_t module_at(const struct world *world, const char *path)
{
	uint32_t entry = tree_find(&world->tree, str_of(path));
	assert_true(entry != ENTRY_NONE);
	return world->graph.module_of[entry];
}

static void test_entries_belong_to_the_nearest_module(void **unused)
{
	(void)unused;
	static const char *const FILES[] = {"a/x.c",       "a/inner/y.c", "a/inner/deep/z.c",
					    "ab/x.c",      "b/x.c",       "include/b/b.h",
					    "include/c.h", "setup.c",     NULL};
	struct world world;
	world_files(&world, FILES);
	world_module(&world, "a", "a");
	world_module(&world, "inner", "a/inner");
	struct module *b = world_module(&world, "b", "b");
	world_word(&world, &b->roots, "include/b", 3);
	world_word(&world, &b->roots, "include/c.h", 4);
	world_graph(&world);
	assert_int_equal(module_at(&world, "a"), 0);
	assert_int_equal(module_at(&world, "a/x.c"), 0);
	assert_int_equal(module_at(&world, "a/inner"), 1);
	assert_int_equal(module_at(&world, "a/inner/deep/z.c"), 1);
	assert_int_equal(module_at(&world, "ab/x.c"), MODULE_NONE);
	assert_int_equal(module_at(&world, "b/x.c"), 2);
	assert_int_equal(module_at(&world, "include"), MODULE_NONE);
	assert_int_equal(module_at(&world, "include/b"), 2);
	assert_int_equal(module_at(&world, "include/b/b.h"), 2);
	assert_int_equal(module_at(&world, "include/c.h"), 2);
	assert_int_equal(module_at(&world, ""), MODULE_NONE);
	assert_int_equal(module_at(&world, "setup.c"), MODULE_NONE);
	world_release(&world);
}

static void test_root_module_has_what_no_other_has(void **unused)
{
	(void)unused;
	static const char *const FILES[] = {"main.c", "a/x.c", "b/x.c", NULL};
	struct world world;
	world_files(&world, FILES);
	world_module(&world, "app", "");
	world_module(&world, "a", "a");
	world_graph(&world);
	assert_int_equal(module_at(&world, ""), 0);
	assert_int_equal(module_at(&world, "main.c"), 0);
	assert_int_equal(module_at(&world, "a/x.c"), 1);
	assert_int_equal(module_at(&world, "b/x.c"), 0);
	world_release(&world);
}

static void test_a_module_keeps_its_folder_from_the_roots_of_others(void **unused)
{
	(void)unused;
	static const char *const FILES[] = {"a/x.c", "lib/z/x.c", "z/x.c", NULL};
	struct world world;
	world_files(&world, FILES);
	struct module *a = world_module(&world, "a", "a");
	world_word(&world, &a->roots, "z", 3);
	world_word(&world, &a->roots, "lib", 4);
	world_module(&world, "lib_z", "lib/z");
	world_module(&world, "z", "z");
	world_graph(&world);
	assert_int_equal(module_at(&world, "lib"), 0);
	assert_int_equal(module_at(&world, "lib/z/x.c"), 1);
	assert_int_equal(module_at(&world, "z/x.c"), 2);
	world_release(&world);
}

static void test_edges_gather_the_uses_that_cross(void **unused)
{
	(void)unused;
	static const char *const FILES[] = {"a/1.c", "a/2.c", "b/1.c", "c/1.c", "free.c", NULL};
	struct world world;
	world_files(&world, FILES);
	world_module(&world, "a", "a");
	world_module(&world, "b", "b");
	world_module(&world, "c", "c");
	world_refer(&world, "a/1.c", 1, "c/1.c");
	world_refer(&world, "a/1.c", 2, "a/2.c");
	world_refer(&world, "a/1.c", 3, "b/1.c");
	world_refer(&world, "a/2.c", 4, "b")->kind = REFERENCE_TYPE;
	world_refer(&world, "b/1.c", 5, "a/1.c")->kind = REFERENCE_TYPE;
	world_refer(&world, "free.c", 6, "a/1.c");
	world_refer(&world, "c/1.c", 7, "free.c");
	world_refer_out(&world, "c/1.c", 8, "stdio", REFERENCE_STANDARD);
	world_refer_out(&world, "c/1.c", 9, "zlib", REFERENCE_EXTERNAL);
	world_refer_out(&world, "c/1.c", 10, "lost", REFERENCE_UNRESOLVED);
	world_refer_out(&world, "c/1.c", 11, "guess", REFERENCE_DROPPED);
	const struct graph *graph = world_graph(&world);
	assert_int_equal(graph->edge_count, 3);
	assert_int_equal(graph->use_count, 4);
	const struct edge *edge = graph_edge(graph, 0, 1);
	assert_non_null(edge);
	assert_int_equal(edge->use_count, 2);
	assert_false(edge->type_only);
	assert_int_equal(graph_reference(graph, &graph->uses[edge->first_use])->line, 3);
	assert_int_equal(graph_reference(graph, &graph->uses[edge->first_use + 1])->line, 4);
	assert_true(graph_edge(graph, 1, 0)->type_only);
	assert_int_equal(graph_edge(graph, 0, 2)->use_count, 1);
	assert_null(graph_edge(graph, 2, 0));
	assert_null(graph_edge(graph, 0, 0));
	assert_int_equal(graph->references, 10);
	assert_int_equal(graph->internal, 7);
	assert_int_equal(graph->external, 2);
	assert_int_equal(graph->unresolved, 1);
	world_release(&world);
}

static uint32_t dice(uint32_t *state, uint32_t sides)
{
	*state = *state * 1664525 + 1013904223;
	return (*state >> 8) % sides;
}

/* Random references between random modules, counted again one by one. */
static void test_random_edges_are_those_of_the_references(void **unused)
{
	(void)unused;
	enum { MODULES = 6, FILES_EACH = 3, FILES = MODULES * FILES_EACH };
	static char names[FILES][16];
	static const char *paths[FILES + 1];
	for (int i = 0; i < FILES; i++) {
		snprintf(names[i], sizeof names[i], "m%d/%d.c", i / FILES_EACH, i % FILES_EACH);
		paths[i] = names[i];
	}
	uint32_t state = 7;
	for (int round = 0; round < 500; round++) {
		uint32_t counts[MODULES][MODULES] = {{0}};
		struct world world;
		world_files(&world, paths);
		for (int i = 0; i < MODULES; i++)
			world_module(&world, (char[]){'m', (char)('0' + i), 0},
				     (char[]){'m', (char)('0' + i), 0});
		for (uint32_t i = dice(&state, 60); i > 0; i--) {
			uint32_t from = dice(&state, FILES), to = dice(&state, FILES);
			uint32_t entry = tree_find(&world.tree, str_of(paths[from]));
			if (world.tree.entries[entry].facts->reference_count == WORLD_REFERENCES)
				continue;
			world_refer(&world, paths[from], i, paths[to]);
			counts[from / FILES_EACH][to / FILES_EACH]++;
		}
		const struct graph *graph = world_graph(&world);
		uint32_t at = 0;
		for (uint32_t from = 0; from < MODULES; from++)
			for (uint32_t to = 0; to < MODULES; to++) {
				const struct edge *edge = graph_edge(graph, from, to);
				if (from == to || counts[from][to] == 0) {
					assert_null(edge);
					continue;
				}
				assert_ptr_equal(edge, &graph->edges[at]);
				assert_int_equal(graph->modules.targets[at++], to);
				assert_int_equal(edge->use_count, counts[from][to]);
			}
		assert_int_equal(graph->edge_count, at);
		world_release(&world);
	}
}

static void test_every_allocation_may_fail(void **unused)
{
	(void)unused;
	static const char *const FILES[] = {"a/1.c", "b/1.c", NULL};
	struct world world;
	world_files(&world, FILES);
	world_module(&world, "a", "a");
	world_module(&world, "b", "b");
	world_refer(&world, "a/1.c", 1, "b/1.c");
	long failures = 0;
	for (long nth = 1;; nth++) {
		struct graph graph;
		struct error error = {0};
		mem_fail_from(nth);
		int result = graph_build(&world.tree, &world.contracts, &graph, &error);
		bool failed = mem_fail_never();
		assert_int_equal(result, failed ? -1 : 0);
		assert_int_equal(error.code, failed ? ERROR_MEMORY : ERROR_NONE);
		if (!failed) {
			graph_release(&graph);
			break;
		}
		failures++;
	}
	assert_true(failures > 5);
	world_release(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries_belong_to_the_nearest_module),
		cmocka_unit_test(test_root_module_has_what_no_other_has),
		cmocka_unit_test(test_a_module_keeps_its_folder_from_the_roots_of_others),
		cmocka_unit_test(test_edges_gather_the_uses_that_cross),
		cmocka_unit_test(test_random_edges_are_those_of_the_references),
		cmocka_unit_test(test_every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
