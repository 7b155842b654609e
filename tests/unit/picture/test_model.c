/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/mem.h"
#include "fixture.h"
#include "picture/model.h"

static struct fixture fixture;

static void build(uint32_t modules, const struct fixture_edge *edges, struct model *model)
{
	struct error error;
	fixture_init(&fixture, modules, edges);
	assert_int_equal(0, model_build(&fixture.picture, model, &error));
}

static void release(struct model *model)
{
	model_release(model);
	fixture_release(&fixture);
}

static void check_order(const struct model *model, const uint32_t *expected)
{
	for (uint32_t i = 0; i < model->node_count; i++) {
		assert_int_equal(expected[i], model->order[i]);
		assert_int_equal(i, model->nodes[expected[i]].place);
	}
}

static void puts_users_above_what_they_use(void **state)
{
	(void)state;
	static const struct fixture_edge EDGES[] = {{0, 3, 1}, {1, 0, 1}, {2, 0, 1}, {0}};
	struct model model;
	build(5, EDGES, &model);
	check_order(&model, (const uint32_t[]){1, 2, 0, 3, 4});
	for (size_t i = 0; i < model.link_count; i++)
		assert_false(model.links[i].back || model.links[i].cycle);
	release(&model);
}

static void finds_what_closes_a_cycle_with_few_references(void **state)
{
	(void)state;
	static const struct fixture_edge EDGES[] = {
		{0, 1, 9}, {1, 2, 9}, {2, 0, 1}, {2, 3, 1}, {0}};
	struct model model;
	build(4, EDGES, &model);
	check_order(&model, (const uint32_t[]){0, 1, 2, 3});
	assert_true(model.links[0].cycle && !model.links[0].back);
	assert_true(model.links[2].cycle && model.links[2].back);
	assert_false(model.links[3].cycle);
	assert_int_equal(3, model.group_size[model.nodes[0].group]);
	assert_int_equal(1, model.group_size[model.nodes[3].group]);
	release(&model);
}

static void puts_layers_before_all_else(void **state)
{
	(void)state;
	static const struct fixture_edge EDGES[] = {{0, 1, 1}, {1, 2, 1}, {0}};
	static const uint32_t LAYERS[] = {1, 0, 1, MODULE_NONE};
	struct model model;
	struct error error;
	fixture_init(&fixture, 4, EDGES);
	fixture_layers(&fixture, 2, LAYERS);
	assert_int_equal(0, model_build(&fixture.picture, &model, &error));
	check_order(&model, (const uint32_t[]){1, 0, 2, 3});
	assert_true(model_has_layers(&model));
	assert_int_equal(2, model_layer_size(&model, 1));
	assert_int_equal(1, model_layer_size(&model, 2));
	release(&model);
}

static void marks_the_transitive_reduction(void **state)
{
	(void)state;
	static const struct fixture_edge EDGES[] = {{0, 1, 1}, {0, 2, 50}, {0, 3, 1},
						    {1, 2, 1}, {2, 3, 1},  {0}};
	static const bool MAIN[] = {true, false, false, true, true};
	struct model model;
	build(4, EDGES, &model);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(MAIN[i], model.links[i].main);
	release(&model);
}

static void counts_findings_and_files(void **state)
{
	(void)state;
	static const struct fixture_edge EDGES[] = {{0, 1, 3}, {1, 2, 1}, {0}};
	struct model model;
	struct error error;
	fixture_init(&fixture, 3, EDGES);
	fixture_find(&fixture, "dependency", 0, 1);
	fixture_find(&fixture, "privacy", 0, 1)->severity = FINDING_WARNING;
	fixture_find(&fixture, "dependency", 1, 2)->baseline = true;
	fixture_find(&fixture, "unused", 2, 0);
	fixture.module_of[3] = MODULE_NONE;
	assert_int_equal(0, model_build(&fixture.picture, &model, &error));
	assert_int_equal(1, model.links[0].tally.errors);
	assert_int_equal(1, model.links[0].tally.warnings);
	assert_int_equal(0, model.links[0].tally.known);
	assert_int_equal(1, model.links[1].tally.known);
	assert_int_equal(1, model.nodes[2].tally.errors);
	assert_int_equal(1, model.nodes[0].files);
	assert_int_equal(0, model.nodes[2].files);
	assert_int_equal(1, model.outside_files);
	assert_int_equal(4, model.nodes[1].uses);
	release(&model);
}

/* 500 modules in a chain, each with an edge three ahead too. */
static void shows_the_modules_with_the_most_references(void **state)
{
	(void)state;
	static struct fixture_edge edges[2 * FIXTURE_MODULES];
	size_t count = 0;
	for (uint32_t i = 0; i + 1 < FIXTURE_MODULES; i++) {
		edges[count++] = (struct fixture_edge){i, i + 1, i < 450 ? 2 : 1, false};
		if (i + 3 < FIXTURE_MODULES)
			edges[count++] = (struct fixture_edge){i, i + 3, 1, false};
	}
	struct model model;
	size_t shown = 0, drawn = 0;
	build(FIXTURE_MODULES, edges, &model);
	for (uint32_t i = 0; i < model.node_count; i++)
		shown += model.nodes[i].shown;
	for (size_t i = 0; i < model.link_count; i++) {
		const struct link *link = &model.links[i];
		drawn += link->drawn;
		assert_true(!link->drawn || (model.nodes[link->edge->from].shown &&
					     model.nodes[link->edge->to].shown));
	}
	assert_int_equal(PICTURE_MODULE_LIMIT, shown);
	assert_int_equal(PICTURE_MODULE_LIMIT, model.shown_count);
	assert_false(model.nodes[FIXTURE_MODULES - 1].shown);
	assert_true(drawn >= shown - 10 && drawn < model.link_count);
	release(&model);
}

static void fails_cleanly_without_memory(void **state)
{
	(void)state;
	static const struct fixture_edge EDGES[] = {{0, 1, 3}, {1, 0, 1}, {1, 2, 1}, {0}};
	static const char *const FORMATS[] = {"dot", "mermaid"};
	fixture_init(&fixture, 3, EDGES);
	fixture_find(&fixture, "dependency", 0, 1);
	for (size_t i = 0; i < 2; i++) {
		for (long nth = 1;; nth++) {
			_cleanup_(text_release) struct text out = {0};
			struct error error = {0};
			mem_fail_from(nth);
			int result = picture_write(picture_format_named(str_of(FORMATS[i])),
						   &fixture.picture, &out, &error);
			if (!mem_fail_never()) {
				assert_int_equal(0, result);
				break;
			}
			assert_int_equal(-1, result);
			assert_int_equal(ERROR_MEMORY, error.code);
		}
	}
	fixture_release(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_users_above_what_they_use),
		cmocka_unit_test(finds_what_closes_a_cycle_with_few_references),
		cmocka_unit_test(puts_layers_before_all_else),
		cmocka_unit_test(marks_the_transitive_reduction),
		cmocka_unit_test(counts_findings_and_files),
		cmocka_unit_test(shows_the_modules_with_the_most_references),
		cmocka_unit_test(fails_cleanly_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
