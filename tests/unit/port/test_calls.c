/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of ports within a process: who may call whom, what a failure says, what is recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "port/fixture.h"

static struct fixture fixture;

static int set_up(void **state)
{
	(void)state;
	fixture_set_up(&fixture, false);
	return 0;
}

static int set_up_sampled(void **state)
{
	(void)state;
	fixture_set_up(&fixture, true);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_tear_down(&fixture);
	return 0;
}

static ash_status call_charge(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	struct sum want = {700}, got = {0};
	ASH_TRY(ash_call_port(call, &billing_port, CHARGE, &want, &got));
	assert_int_equal(got.cents, 701);
	return ASH_OK;
}

static ash_status add_one(ash_call *call, const struct sum *in, struct sum *out)
{
	assert_string_equal(ash_module_name(call), "billing");
	assert_string_equal(ash_caller(call), "orders");
	out->cents = in->cents + 1;
	return ASH_OK;
}

static int64_t counted(struct series *const *series, int method)
{
	return series_value(series[method]);
}

static void a_call_reaches_the_handler_and_its_answer_comes_back(void **state)
{
	(void)state;
	fixture.orders = call_charge;
	fixture.methods[CHARGE] = add_one;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	const struct binding *binding = registry_binding(&fixture.registry, &billing_port);
	assert_int_equal(counted(binding->calls, CHARGE), 1);
	assert_int_equal(counted(binding->failures, CHARGE), 0);
	assert_int_equal(counted(binding->calls, TOTAL), 0);
}

static ash_status decline(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	return ash_fail(call, ASH_NOT_FOUND, "there is no card %d", 7);
}

static void a_failure_says_why_to_whoever_asked(void **state)
{
	(void)state;
	fixture.orders = call_charge;
	fixture.methods[CHARGE] = decline;
	assert_int_equal(fixture_place(&fixture), ASH_NOT_FOUND);
	assert_string_equal(fixture.request.fault.message, "there is no card 7");
	const struct binding *binding = registry_binding(&fixture.registry, &billing_port);
	assert_int_equal(counted(binding->failures, CHARGE), 1);
}

static ash_status fail_silently(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)call, (void)in, (void)out;
	return ASH_DATA_LOSS;
}

static void a_failure_without_a_word_gets_one(void **state)
{
	(void)state;
	fixture.orders = call_charge;
	fixture.methods[CHARGE] = fail_silently;
	assert_int_equal(fixture_place(&fixture), ASH_DATA_LOSS);
	assert_string_equal(fixture.request.fault.message, "billing answered data_loss");
}

static ash_status call_orders(ash_call *call, const struct sum *in, struct sum *out)
{
	return ash_call_port(call, &orders_port, 0, in, out);
}

static void a_module_may_call_only_what_it_depends_on(void **state)
{
	(void)state;
	fixture.orders = call_charge;
	fixture.methods[CHARGE] = call_orders;
	assert_int_equal(fixture_place(&fixture), ASH_PERMISSION_DENIED);
	assert_string_equal(fixture.request.fault.message,
			    "billing may not call orders.v1.Orders: its contract "
			    "(billing/module.yaml:1) does not depend on orders");
}

static uint32_t nobodys_id;
static const ash_method NOBODYS_METHODS[] = {{.name = "Ask"}};
static const ash_port nobodys_port = {"x.v1.X", "x", NOBODYS_METHODS, 1, &nobodys_id};

static ash_status call_nobody(ash_call *call, const struct sum *in, struct sum *out)
{
	return ash_call_port(call, &nobodys_port, 0, in, out);
}

static void a_port_that_nobody_provides_is_unimplemented(void **state)
{
	(void)state;
	fixture.orders = call_nobody;
	assert_int_equal(fixture_place(&fixture), ASH_UNIMPLEMENTED);
	assert_non_null(strstr(fixture.request.fault.message, "x.v1.X"));
}

static ash_status call_itself(ash_call *call, const struct sum *in, struct sum *out)
{
	return ash_call_port(call, &billing_port, CHARGE, in, out);
}

static void a_chain_that_calls_itself_ends(void **state)
{
	(void)state;
	fixture.orders = call_charge;
	fixture.methods[CHARGE] = call_itself;
	assert_int_equal(fixture_place(&fixture), ASH_FAILED_PRECONDITION);
	assert_non_null(strstr(fixture.request.fault.message, "calls itself"));
	assert_int_equal(fixture.request.depth, 0);
}

static void a_call_after_the_deadline_is_not_made(void **state)
{
	(void)state;
	struct sum in = {0}, out = {0};
	fixture.orders = call_charge;
	fixture.methods[CHARGE] = add_one;
	request_begin(&fixture.request, &fixture.environment, clock_monotonic() - 1, NULL);
	assert_int_equal(request_call(&fixture.request, "test",
				      registry_binding(&fixture.registry, &orders_port), 0, &in,
				      &out),
			 ASH_DEADLINE_EXCEEDED);
	request_end(&fixture.request);
	const struct binding *binding = registry_binding(&fixture.registry, &billing_port);
	assert_int_equal(counted(binding->calls, CHARGE), 0);
}

static ash_status use_what_lasts(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	char *text = ash_format(call, "%0*d", 5000, 7);
	assert_int_equal(strlen(text), 5000);
	int *numbers = ash_alloc(call, 100 * sizeof *numbers);
	for (int i = 0; i < 100; i++)
		assert_int_equal(numbers[i], 0);
	assert_true(ash_time_left(call) == INT64_MAX);
	assert_in_range(ash_now(call), clock_wall() - 60000000, clock_wall() + 60000000);
	assert_int_equal(strlen(ash_trace_id(call)), 32);
	assert_string_equal(ash_caller(call), "test");
	assert_string_equal(ash_idempotency_key(call), "");
	return ASH_OK;
}

static void a_handler_has_memory_and_knows_where_it_is(void **state)
{
	(void)state;
	fixture.orders = use_what_lasts;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
}

static void a_sampled_request_leaves_a_span_a_call(void **state)
{
	(void)state;
	struct span spans[8];
	uint64_t from = 0, lost = 0;
	fixture.orders = call_charge;
	fixture.methods[CHARGE] = decline;
	assert_int_equal(fixture_place(&fixture), ASH_NOT_FOUND);
	assert_int_equal(recorder_read(fixture.recorder, &from, spans, 8, &lost), 2);
	assert_string_equal(spans[0].name, "billing.v1.Billing/Charge");
	assert_string_equal(spans[1].name, "orders.v1.Orders/Place");
	assert_string_equal(spans[0].module, "billing");
	assert_string_equal(spans[0].owner, "payments");
	assert_string_equal(spans[0].detail, "there is no card 7");
	assert_int_equal(spans[0].status, ASH_NOT_FOUND);
	assert_int_equal(spans[0].kind, SPAN_INTERNAL);
	assert_int_equal(spans[1].kind, SPAN_SERVER);
	assert_true(spans[0].parent == spans[1].id && spans[1].parent == 0);
	assert_memory_equal(spans[0].trace, spans[1].trace, sizeof spans[0].trace);
	assert_true(spans[0].start >= spans[1].start && spans[0].duration <= spans[1].duration);
}

static void an_unsampled_one_leaves_none(void **state)
{
	(void)state;
	fixture.orders = call_charge;
	fixture.methods[CHARGE] = add_one;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_int_equal(recorder_end(fixture.recorder), 0);
}

#define WITH(test, up) cmocka_unit_test_setup_teardown(test, up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(a_call_reaches_the_handler_and_its_answer_comes_back, set_up),
		WITH(a_failure_says_why_to_whoever_asked, set_up),
		WITH(a_failure_without_a_word_gets_one, set_up),
		WITH(a_module_may_call_only_what_it_depends_on, set_up),
		WITH(a_port_that_nobody_provides_is_unimplemented, set_up),
		WITH(a_chain_that_calls_itself_ends, set_up),
		WITH(a_call_after_the_deadline_is_not_made, set_up),
		WITH(a_handler_has_memory_and_knows_where_it_is, set_up),
		WITH(a_sampled_request_leaves_a_span_a_call, set_up_sampled),
		WITH(an_unsampled_one_leaves_none, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
