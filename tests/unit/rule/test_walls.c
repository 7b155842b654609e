/* SPDX-License-Identifier: Apache-2.0 */
/* The rules against slow and obvious models of them, over random modules and contracts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "graph/world.h"
#include "rule/rule.h"

enum { MODULES = 7, ROUNDS = 1500, LAYERS = 3 };

static const struct date TODAY = {2027, 1, 15};
static const char *const NAMES[] = {"a", "b", "c", "d", "e", "f", "g"};
static const char *const FILES[] = {"a/x.c", "b/x.c", "c/x.c", "d/x.c",
				    "e/x.c", "f/x.c", "g/x.c", NULL};

/* A random world, and what is in it as tables. */
struct sample {
	struct world world;
	bool linked[MODULES][MODULES];   /* there is a reference */
	bool declared[MODULES][MODULES]; /* depends_on */
	bool seen_by[MODULES][MODULES];  /* visible_to of the first names the second */
	bool limited[MODULES];           /* has visible_to */
	bool closed[LAYERS];
	bool from[MODULES];
	bool to[MODULES]; /* never what is in `from` */
	bool apart[MODULES];
	struct forbidden forbidden;
	struct independent independent;
};

static struct module *module_of(struct sample *sample, uint32_t module)
{
	return &sample->world.contracts.modules[module];
}

static void draw_links(struct sample *sample)
{
	uint32_t density = 2 + random_below(8);
	for (uint32_t i = 0; i < MODULES; i++)
		for (uint32_t j = 0; j < MODULES; j++) {
			sample->linked[i][j] = i != j && random_below(density) == 0;
			sample->declared[i][j] = i != j && random_below(2) == 0;
			if (sample->linked[i][j])
				world_refer(&sample->world, FILES[i], j + 1, FILES[j]);
			if (sample->declared[i][j])
				world_use(&sample->world, &module_of(sample, i)->depends_on,
					  NAMES[j], 2);
		}
}

static void draw_contracts(struct sample *sample)
{
	static const char *const LAYER_NAMES[] = {"top", "middle", "bottom", NULL};
	struct world *world = &sample->world;
	world_layers(world, LAYER_NAMES);
	for (int i = 0; i < LAYERS; i++)
		world->contracts.layers[i].closed = sample->closed[i] = random_below(3) == 0;
	for (uint32_t i = 0; i < MODULES; i++) {
		uint32_t layer = random_below(LAYERS + 1);
		module_of(sample, i)->layer = layer == LAYERS ? MODULE_NONE : layer;
		sample->limited[i] = module_of(sample, i)->visible_to.given = random_below(2) == 0;
		for (uint32_t j = 0; j < MODULES; j++) {
			sample->seen_by[i][j] =
				sample->limited[i] && i != j && random_below(2) == 0;
			if (sample->seen_by[i][j])
				world_use(world, &module_of(sample, i)->visible_to, NAMES[j], 3);
		}
		uint32_t side = random_below(4);
		sample->from[i] = side == 0;
		sample->to[i] = side == 1;
		sample->apart[i] = random_below(2) == 0;
		if (sample->from[i])
			world_use(world, &sample->forbidden.from, NAMES[i], 4);
		if (sample->to[i])
			world_use(world, &sample->forbidden.to, NAMES[i], 4);
		if (sample->apart[i])
			world_use(world, &sample->independent.modules, NAMES[i], 5);
	}
	sample->forbidden.indirect = random_below(3) > 0;
	world->contracts.forbidden = &sample->forbidden;
	world->contracts.forbidden_count = 1;
	world->contracts.independent = &sample->independent;
	world->contracts.independent_count = 1;
}

static void draw(struct sample *sample)
{
	*sample = (struct sample){0};
	world_files(&sample->world, FILES);
	for (int i = 0; i < MODULES; i++)
		world_module(&sample->world, NAMES[i], NAMES[i]);
	draw_links(sample);
	draw_contracts(sample);
}

/* ---- the models ---- */

/* Whether there is a way over modules that `barred` does not mark. */
static bool reaches(const struct sample *sample, uint32_t from, uint32_t to, const bool *barred)
{
	bool reached[MODULES] = {0}, more = true;
	reached[from] = true;
	while (more) {
		more = false;
		for (uint32_t i = 0; i < MODULES; i++)
			for (uint32_t j = 0; j < MODULES; j++)
				if (reached[i] && (i == from || !barred[i]) &&
				    sample->linked[i][j] && !reached[j])
					reached[j] = more = true;
	}
	return reached[to];
}

static bool breaks_layers(struct sample *sample, uint32_t from, uint32_t to)
{
	uint32_t upper = module_of(sample, from)->layer, lower = module_of(sample, to)->layer;
	if (!sample->linked[from][to] || upper == MODULE_NONE || lower == MODULE_NONE)
		return false;
	for (uint32_t i = upper + 1; i < lower; i++)
		if (sample->closed[i])
			return true;
	return lower < upper;
}

static bool is_forbidden(const struct sample *sample, uint32_t from, uint32_t to)
{
	bool barred[MODULES];
	for (int i = 0; i < MODULES; i++)
		barred[i] = sample->from[i] || sample->to[i];
	return sample->from[from] && sample->to[to] &&
	       (sample->forbidden.indirect ? reaches(sample, from, to, barred)
					   : sample->linked[from][to]);
}

static bool expected(struct sample *sample, enum rule_id rule, uint32_t from, uint32_t to)
{
	switch (rule) {
	case RULE_DEPENDENCY: return sample->linked[from][to] && !sample->declared[from][to];
	case RULE_UNUSED: return !sample->linked[from][to] && sample->declared[from][to];
	case RULE_LAYER: return breaks_layers(sample, from, to);
	case RULE_VISIBILITY:
		return sample->linked[from][to] && sample->limited[to] &&
		       !sample->seen_by[to][from];
	case RULE_FORBIDDEN: return is_forbidden(sample, from, to);
	case RULE_INDEPENDENCE:
		return sample->apart[from] && sample->apart[to] &&
		       reaches(sample, from, to, sample->apart);
	default: return false;
	}
}

/* ---- against them ---- */

static uint32_t number_of(struct str name)
{
	assert_int_equal(name.length, 1);
	return (uint32_t)(name.at[0] - 'a');
}

/* Each step is a reference, each starts where the one before ended. */
static void check_steps(const struct sample *sample, const struct finding *finding)
{
	for (size_t i = 0; i < finding->step_count; i++) {
		const struct finding_step *step = &finding->steps[i];
		uint32_t from = (uint32_t)(step->file.at[0] - 'a'), to = step->line - 1;
		assert_true(sample->linked[from][to]);
		if (i + 1 < finding->step_count)
			assert_int_equal(finding->steps[i + 1].file.at[0] - 'a', to);
	}
}

static void check_pairs(struct sample *sample, const struct finding_list *list, enum rule_id rule)
{
	static bool found[MODULES][MODULES];
	memset(found, 0, sizeof found);
	for (size_t i = 0; i < list->count; i++) {
		const struct finding *finding = &list->items[i];
		if (rule_named(str_of(finding->rule)) != rule)
			continue;
		uint32_t from = number_of(finding->module), to = number_of(finding->to);
		assert_false(found[from][to]);
		found[from][to] = true;
		check_steps(sample, finding);
	}
	for (uint32_t i = 0; i < MODULES; i++)
		for (uint32_t j = 0; j < MODULES; j++)
			assert_int_equal(found[i][j], i != j && expected(sample, rule, i, j));
}

/* One finding for each set of modules that reach each other. */
static void check_cycles(struct sample *sample, const struct finding_list *list)
{
	static const bool NONE[MODULES];
	uint32_t knots = 0, found = 0;
	for (uint32_t i = 0; i < MODULES; i++) {
		bool tied = false, first = true;
		for (uint32_t j = 0; j < MODULES; j++) {
			bool both = i != j && reaches(sample, i, j, NONE) &&
				    reaches(sample, j, i, NONE);
			tied |= both;
			first &= !both || j > i;
		}
		knots += tied && first;
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct finding *finding = &list->items[i];
		if (rule_named(str_of(finding->rule)) != RULE_CYCLE)
			continue;
		found++;
		check_steps(sample, finding);
		assert_int_equal(finding->steps[finding->step_count - 1].line - 1,
				 number_of(finding->module));
	}
	assert_int_equal(found, knots);
}

static void test_random_worlds(void **unused)
{
	(void)unused;
	static const enum rule_id RULES[] = {RULE_DEPENDENCY, RULE_UNUSED,    RULE_LAYER,
					     RULE_VISIBILITY, RULE_FORBIDDEN, RULE_INDEPENDENCE};
	static struct sample sample;
	for (int round = 0; round < ROUNDS; round++) {
		_cleanup_(finding_list_release) struct finding_list list = {0};
		struct error error = {0};
		draw(&sample);
		const struct graph *graph = world_graph(&sample.world);
		assert_int_equal(rules_judge(graph, TODAY, &list, &error), 0);
		for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++)
			check_pairs(&sample, &list, RULES[i]);
		check_cycles(&sample, &list);
		world_release(&sample.world);
	}
}

int main(void)
{
	random_seed(521288629);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_worlds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
