/* SPDX-License-Identifier: Apache-2.0 */
/* Which methods of a port go by which dial, and who is asked in place of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"
#include "resilience/two_sides.h"

static struct two_sides sides;
static enum dial_side last;
static int before; /* calls that the port's binding itself answered */

static ash_status note_side(enum dial_side side, uint16_t method, ash_call *call, const Inner *in,
			    Inner *out)
{
	(void)method, (void)call, (void)in, (void)out;
	last = side;
	return ASH_OK;
}

static ash_status answer_before(const struct binding *binding, uint16_t method, ash_call *call,
				const void *in, void *out)
{
	(void)binding, (void)method, (void)call, (void)in, (void)out;
	before++;
	return ASH_OK;
}

/* The port is bound to answer_before(), its methods go to `from`, and GET alone has a dial. */
static void split_get(struct dials *dials, uint32_t share, bool turns_comers)
{
	struct error error;
	struct binding *binding = sides.registry.bindings[*prices_port.id];
	struct binding plain = sides.dials.before;
	plain.invoke = answer_before;
	before = 0;
	sides.answer = note_side;
	assert_int_equal(dial_init(&sides.dial, &prices_port, GET, NULL, share, sides.metrics,
				   &sides.arena, &error),
			 0);
	assert_int_equal(dials_init(dials, &plain, &sides.dial.parts[DIAL_FROM].inside,
				    &sides.arena, &error),
			 0);
	dials_add(dials, &sides.dial, turns_comers);
	dials_bind(dials, binding);
}

static void ask(uint16_t method)
{
	Inner out;
	assert_int_equal(two_sides_call(&sides, method, "ann", NULL, &out, NULL), ASH_OK);
}

static void a_method_is_split_and_the_others_are_not(void **state)
{
	(void)state;
	struct dials dials;
	two_sides_set_up(&sides, 0, true);
	split_get(&dials, SPLIT_ALL, false);
	ask(GET);
	assert_int_equal(last, DIAL_TO);
	ask(SET);
	assert_int_equal(last, DIAL_FROM);
	ask(REPLACE);
	assert_int_equal(last, DIAL_FROM);
	assert_int_equal(before, 0);
	dial_turn(&sides.dial, 0);
	ask(GET);
	assert_int_equal(last, DIAL_FROM);
	two_sides_tear_down(&sides);
}

/* Its transaction is in this process, and so is what the port was bound to. */
static void what_joins_a_transaction_stays_where_that_is(void **state)
{
	(void)state;
	struct dials dials;
	two_sides_set_up(&sides, SPLIT_ALL, true);
	sides.answer = note_side;
	/* A dial of all methods is not for those that join. */
	assert_null(dials_at(registry_binding(&sides.registry, &prices_port), JOIN));
	assert_false(dial_has(&sides.dial, JOIN));
	assert_null(sides.dial.share[JOIN]);
	split_get(&dials, SPLIT_ALL, true);
	ask(JOIN);
	assert_int_equal(before, 1);
	two_sides_tear_down(&sides);
}

static void each_method_has_its_numbers(void **state)
{
	(void)state;
	struct dials dials;
	two_sides_set_up(&sides, 0, false);
	split_get(&dials, 1200, false);
	assert_int_equal(series_value(sides.dial.share[GET]), 1200);
	assert_null(sides.dial.share[SET]);
	dial_turn(&sides.dial, 3400);
	assert_int_equal(series_value(sides.dial.share[GET]), 3400);
	two_sides_tear_down(&sides);
}

/* They chose this process: what is split here is so only where both sides are here. */
static void calls_of_other_processes_go_inside(void **state)
{
	(void)state;
	struct dials dials;
	two_sides_set_up(&sides, 0, true);
	const struct binding *binding = registry_binding(&sides.registry, &prices_port);
	assert_ptr_equal(dials_at(binding, SET), &sides.dial);
	assert_ptr_equal(dials_inside(binding), &sides.dials.before);
	assert_null(dials_at(&sides.dials.before, SET));
	assert_ptr_equal(dials_inside(&sides.dials.before), &sides.dials.before);
	split_get(&dials, SPLIT_ALL, true);
	const struct binding *inside = dials_inside(binding);
	assert_ptr_equal(inside, &dials.comers.binding);
	assert_ptr_equal(dials_at(inside, GET), &sides.dial);
	/* The other methods are answered here, and not sent on to `from`. */
	assert_null(dials_at(inside, SET));
	assert_ptr_equal(dials.comers.ways[SET].straight, &dials.before);
	assert_ptr_equal(dials.calls.ways[SET].straight, &dials.others);
	two_sides_tear_down(&sides);
}

static void memory_may_run_out_while_they_are_made(void **state)
{
	(void)state;
	two_sides_set_up(&sides, 0, false);
	for (long n = 1;; n++) {
		struct dials dials;
		struct arena arena = {0};
		struct error error;
		const struct binding *binding = &sides.dials.before;
		mem_fail_from(n);
		int made = dials_init(&dials, binding, binding, &arena, &error);
		bool failed = mem_fail_never();
		assert_int_equal(made, failed ? -1 : 0);
		arena_release(&arena);
		if (!failed)
			break;
	}
	two_sides_tear_down(&sides);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_method_is_split_and_the_others_are_not),
		cmocka_unit_test(what_joins_a_transaction_stays_where_that_is),
		cmocka_unit_test(each_method_has_its_numbers),
		cmocka_unit_test(calls_of_other_processes_go_inside),
		cmocka_unit_test(memory_may_run_out_while_they_are_made),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
