/* SPDX-License-Identifier: Apache-2.0 */
/* Policies around a port of the same process: orders calls billing, whose handlers do as the test
 * says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "port/fixture.h"
#include "resilience/around.h"

#define MS UINT64_C(1000000)

/* ---- a clock that the test turns ---- */

static uint64_t now = 1000000 * MS;

static uint64_t test_monotonic(const struct clock *clock)
{
	(void)clock;
	return now;
}

static int64_t test_wall(const struct clock *clock)
{
	(void)clock;
	return 1;
}

static const struct clock test_clock = {.monotonic = test_monotonic, .wall = test_wall};

static void test_pause(const struct policy_waiter *waiter, uint64_t nanoseconds)
{
	(void)waiter;
	now += nanoseconds;
}

static const struct policy_waiter test_waiter = {.pause = test_pause};

/* ---- an application whose billing has policies ---- */

static struct fixture fixture;
static struct around_method methods[METHODS];
static struct around around;
static int attempts;

static struct policy *policy_of(const struct policy_settings *settings)
{
	assert_null(policy_mistake(settings));
	struct policy *policy = policy_new(settings);
	assert_non_null(policy);
	return policy;
}

static int set_up(void **state)
{
	(void)state;
	fixture_set_up(&fixture, true);
	fixture.environment.clock = &test_clock;
	attempts = 0;
	struct policy_settings settings = policy_defaults;
	settings.name = "billing.v1.Billing/Charge";
	settings.breaks = true;
	settings.retry.attempts = 3;
	settings.timeout = 100 * MS;
	for (int i = 0; i < METHODS; i++)
		methods[i] = (struct around_method){.policy = policy_of(&settings)};
	around = (struct around){.waiter = &test_waiter, .methods = methods};
	around_bind(&around, fixture.registry.bindings[*billing_port.id]);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < METHODS; i++)
		policy_free(methods[i].policy);
	fixture_tear_down(&fixture);
	return 0;
}

static struct policy_view look(int method)
{
	struct policy_view view;
	policy_look(methods[method].policy, now, &view);
	return view;
}

/* The spans of that name that were recorded; `*last` is the last. */
static int spans_of(const char *name, struct span *last)
{
	static struct span spans[256];
	uint64_t from = 0, lost;
	int found = 0;
	size_t count = recorder_read(fixture.recorder, &from, spans, 256, &lost);
	for (size_t i = 0; i < count; i++)
		if (strcmp(spans[i].name, name) == 0) {
			*last = spans[i];
			found++;
		}
	return found;
}

/* ---- what orders calls, and what billing answers ---- */

static ash_status call_method(ash_call *call, uint16_t method)
{
	struct sum in = {7}, out = {0};
	ASH_TRY(ash_call_port(call, &billing_port, method, &in, &out));
	assert_int_equal(out.cents, 8);
	return ASH_OK;
}

static ash_status call_charge(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	return call_method(call, CHARGE);
}

static ash_status call_charge_with_key(ash_call *call, const struct sum *in, struct sum *out)
{
	snprintf(call->request->idempotency_key, CALL_KEY_SIZE, "k1");
	return call_charge(call, in, out);
}

static ash_status call_total(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	return call_method(call, TOTAL);
}

static ash_status add_one(ash_call *call, const struct sum *in, struct sum *out)
{
	assert_string_equal(ash_module_name(call), "billing");
	assert_string_equal(ash_caller(call), "orders");
	attempts++;
	out->cents += in->cents + 1;
	return ASH_OK;
}

/* Is down twice, and leaves something in the reply each time. */
static ash_status be_down_twice(ash_call *call, const struct sum *in, struct sum *out)
{
	if (attempts == 2)
		return add_one(call, in, out);
	attempts++;
	out->cents = 1000;
	return ash_fail(call, ASH_UNAVAILABLE, "down %d", attempts);
}

static ash_status be_down(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	attempts++;
	return ash_fail(call, ASH_UNAVAILABLE, "down");
}

/* Is down, and so is all that would be tried after it. */
static ash_status open_the_circuit(ash_call *call, const struct sum *in, struct sum *out)
{
	policy_force(methods[CHARGE].policy, BREAKER_FORCED_OPEN, now);
	return be_down(call, in, out);
}

/* ---- tests ---- */

static void a_read_is_tried_again_and_its_trace_says_so(void **state)
{
	(void)state;
	struct span span = {0}, call = {0};
	fixture.orders = call_total;
	fixture.methods[TOTAL] = be_down_twice;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_int_equal(attempts, 3);
	assert_int_equal(spans_of("policy retry", &span), 2);
	assert_string_equal(span.detail, "attempt 3 after unavailable: down 2");
	assert_int_equal(span.status, ASH_OK);
	assert_int_equal(spans_of("billing.v1.Billing/Total", &call), 1);
	assert_true(span.parent == call.id);
	assert_int_equal(look(TOTAL).retries, 2);
	/* For whoever counts calls it was one. */
	assert_int_equal(series_value(around.inside.calls[TOTAL]), 1);
	assert_int_equal(series_value(around.inside.failures[TOTAL]), 0);
}

static void a_write_is_tried_again_only_with_a_key(void **state)
{
	(void)state;
	fixture.orders = call_charge;
	fixture.methods[CHARGE] = be_down_twice;
	assert_int_equal(fixture_place(&fixture), ASH_UNAVAILABLE);
	assert_string_equal(fixture.request.fault.message, "down 1");
	assert_int_equal(attempts, 1);
	attempts = 0;
	fixture.orders = call_charge_with_key;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_int_equal(attempts, 3);
}

static ash_status leave_open(ash_call *call, const struct sum *in, struct sum *out)
{
	ash_tx *tx;
	ASH_TRY(ash_begin(call, &tx));
	ASH_TRY(ash_exec(tx, "insert into billing.charge (id, cents) values (1, 700)"));
	if (attempts++ == 0)
		return ash_fail(call, ASH_ABORTED, "lost against another");
	out->cents = in->cents + 1;
	return ash_commit(tx);
}

static void an_attempt_leaves_no_transaction_to_the_next(void **state)
{
	(void)state;
	fixture.orders = call_charge_with_key;
	fixture.methods[CHARGE] = leave_open;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_int_equal(attempts, 2);
	assert_int_equal(fixture_charges(&fixture), 1);
}

static ash_status call_joined(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	ASH_TX(tx, call);
	snprintf(call->request->idempotency_key, CALL_KEY_SIZE, "k1");
	ASH_TRY(call_method(call, CHARGE_JOINED));
	return ash_commit(tx);
}

static void what_joins_a_transaction_is_tried_once(void **state)
{
	(void)state;
	fixture.orders = call_joined;
	fixture.methods[CHARGE_JOINED] = be_down_twice;
	assert_int_equal(fixture_place(&fixture), ASH_UNAVAILABLE);
	assert_int_equal(attempts, 1);
}

static void an_open_circuit_says_so(void **state)
{
	(void)state;
	struct span span = {0};
	fixture.orders = call_charge;
	fixture.methods[CHARGE] = add_one;
	policy_force(methods[CHARGE].policy, BREAKER_FORCED_OPEN, now);
	assert_int_equal(fixture_place(&fixture), ASH_UNAVAILABLE);
	assert_int_equal(attempts, 0);
	assert_int_equal(spans_of("policy refused", &span), 1);
	assert_int_equal(span.status, ASH_UNAVAILABLE);
	assert_string_equal(span.detail,
			    "by breaker: billing.v1.Billing/Charge is not called: its circuit "
			    "breaker was opened by hand");
	policy_force(methods[CHARGE].policy, BREAKER_OPEN, now);
	assert_int_equal(fixture_place(&fixture), ASH_UNAVAILABLE);
	assert_non_null(strstr(fixture.request.fault.message, "too many calls of it failed"));
	assert_int_equal(look(CHARGE).refused[POLICY_BY_BREAKER], 2);
	policy_reset(methods[CHARGE].policy, now);
	assert_int_equal(fixture_place(&fixture), ASH_OK);
}

static char logged[4096];

static void keep_line(void *context, const char *line, size_t length)
{
	(void)context;
	strncat(logged, line, length);
}

static void keep_log(void)
{
	static const struct logger logger = {.sink = keep_line,
					     .clock = &test_clock,
					     .least = LOG_INFO_LEVEL,
					     .service = "test"};
	logged[0] = '\0';
	fixture.environment.logger = &logger;
}

static int count_lines(void)
{
	int count = 0;
	for (const char *at = logged; (at = strchr(at, '\n')); at++)
		count++;
	return count;
}

static void place_refused(int count)
{
	for (int i = 0; i < count; i++) {
		assert_int_equal(fixture_place(&fixture), ASH_UNAVAILABLE);
		assert_true(fixture.request.fault.told);
		assert_true(fixture.request.fault.untried);
	}
}

/* Thousands in a second are a line when they begin, one each ten seconds, and one in the end. */
static void refusals_are_told_by_their_number(void **state)
{
	(void)state;
	keep_log();
	fixture.orders = call_charge;
	fixture.methods[CHARGE] = add_one;
	policy_force(methods[CHARGE].policy, BREAKER_FORCED_OPEN, now);
	place_refused(1000);
	assert_int_equal(count_lines(), 2);
	assert_non_null(strstr(logged, "is forced_open, was closed"));
	assert_non_null(strstr(logged, "Charge are refused: its circuit is open"));
	assert_non_null(strstr(logged, "\"span_id\":\""));
	assert_null(strstr(logged, "\"span_id\":\"0000000000000000\""));
	now += 10001 * MS;
	place_refused(500);
	assert_int_equal(count_lines(), 3);
	assert_non_null(strstr(logged,
			       "1000 calls of billing.v1.Billing/Charge were refused in the "
			       "last 11 s: its circuit is open"));
	policy_reset(methods[CHARGE].policy, now);
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_non_null(strstr(logged, "is closed, was forced_open"));
	assert_non_null(strstr(logged, "499 calls of "));
	assert_int_equal(count_lines(), 5);
	now += 60000 * MS;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_int_equal(count_lines(), 5);
	/* Later it is news again. */
	policy_force(methods[CHARGE].policy, BREAKER_FORCED_OPEN, now);
	logged[0] = '\0';
	place_refused(2);
	assert_int_equal(count_lines(), 2);
	assert_non_null(strstr(logged, "Charge are refused: its circuit is open"));
}

/* A probe that calls again, and once more, until nobody is let through. */
static ash_status probe_within(ash_call *call, const struct sum *in, struct sum *out)
{
	const struct binding *binding = fixture.registry.bindings[*billing_port.id];
	attempts++;
	assert_int_not_equal(around_invoke(binding, CHARGE, call, in, out), ASH_OK);
	return around_invoke(binding, CHARGE, call, in, out);
}

/* While few are let through to probe, the others are not the end of it. */
static void refusals_beside_probes_are_counted_on(void **state)
{
	(void)state;
	keep_log();
	fixture.orders = call_charge;
	fixture.methods[CHARGE] = probe_within;
	policy_force(methods[CHARGE].policy, BREAKER_OPEN, now);
	place_refused(3);
	now += 60001 * MS;
	assert_int_equal(fixture_place(&fixture), ASH_UNAVAILABLE);
	assert_true(attempts > 1);
	assert_non_null(strstr(logged, "is half_open, was open"));
	assert_non_null(strstr(logged, "is open, was half_open"));
	assert_non_null(strstr(logged, "3 calls of "));
	assert_int_equal(count_lines(), 5);
}

/* An attempt before it may have done something. */
static void only_what_had_no_attempt_is_untried(void **state)
{
	(void)state;
	fixture.orders = call_charge_with_key;
	fixture.methods[CHARGE] = open_the_circuit;
	assert_int_equal(fixture_place(&fixture), ASH_UNAVAILABLE);
	assert_int_equal(attempts, 1);
	assert_non_null(strstr(fixture.request.fault.message, "opened by hand"));
	assert_false(fixture.request.fault.untried);
	assert_int_equal(fixture_place(&fixture), ASH_UNAVAILABLE);
	assert_int_equal(attempts, 1);
	assert_true(fixture.request.fault.untried);
}

static void the_log_says_when_a_circuit_changes_and_only_then(void **state)
{
	(void)state;
	keep_log();
	fixture.orders = call_charge;
	fixture.methods[CHARGE] = be_down;
	for (int i = 0; i < 99; i++)
		assert_int_equal(fixture_place(&fixture), ASH_UNAVAILABLE);
	assert_string_equal(logged, "");
	for (int i = 0; i < 3; i++)
		assert_int_equal(fixture_place(&fixture), ASH_UNAVAILABLE);
	assert_non_null(strstr(logged, "\"level\":\"warn\""));
	assert_non_null(
		strstr(logged, "the circuit of billing.v1.Billing/Charge is open, was closed"));
	assert_non_null(strstr(
		logged, "calls of billing.v1.Billing/Charge are refused: its circuit is open"));
	assert_int_equal(count_lines(), 2);
	logged[0] = '\0';
	now += 60000 * MS;
	fixture.methods[CHARGE] = add_one;
	for (int i = 0; i < 12; i++)
		assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_non_null(strstr(logged, "is half_open, was open"));
	assert_non_null(strstr(logged, "is closed, was half_open"));
}

static void another_port_answers_in_its_place(void **state)
{
	(void)state;
	struct span span = {0}, call = {0};
	methods[CHARGE].fallback =
		around_inside(registry_binding(&fixture.registry, &billing_port));
	methods[CHARGE].fallback_method = TOTAL;
	fixture.orders = call_charge_with_key;
	fixture.methods[CHARGE] = be_down;
	fixture.methods[TOTAL] = add_one;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_int_equal(attempts, 4);
	assert_int_equal(spans_of("policy fallback", &span), 1);
	assert_string_equal(span.detail, "billing.v1.Billing/Total after unavailable: down");
	assert_int_equal(spans_of("billing.v1.Billing/Total", &call), 1);
	assert_true(call.parent == span.id);
	/* A write whose outcome is not known is not done by another. */
	fixture.orders = call_charge;
	assert_int_equal(fixture_place(&fixture), ASH_UNAVAILABLE);
	assert_int_equal(attempts, 5);
	assert_int_equal(look(CHARGE).fallbacks, 1);
}

static uint64_t request_deadline;

static ash_status take_long(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	attempts++;
	uint64_t left = (uint64_t)ash_time_left(call);
	assert_int_equal(left,
			 request_deadline - now < 100 * MS ? request_deadline - now : 100 * MS);
	now += left;
	return ash_fail(call, ASH_DEADLINE_EXCEEDED, "too long");
}

static ash_status call_until(ash_call *call, const struct sum *in, struct sum *out)
{
	call->request->deadline = request_deadline = now + 1000 * MS;
	ash_status status = call_total(call, in, out);
	assert_int_equal(call->request->deadline, request_deadline);
	return status;
}

static void attempts_share_the_requests_deadline(void **state)
{
	(void)state;
	fixture.orders = call_until;
	fixture.methods[TOTAL] = take_long;
	assert_int_equal(fixture_place(&fixture), ASH_DEADLINE_EXCEEDED);
	assert_int_equal(attempts, 3);
	assert_true(now <= request_deadline);
	assert_int_equal(look(TOTAL).timed_out, 3);
}

static ash_status answer_beside(ash_call *call, const struct sum *in, struct sum *out)
{
	char value[] = {(char)('1' + attempts), '\0'};
	ASH_TRY(ash_metadata_add(call, ASH_METADATA_ANSWER, "attempt", value, 1));
	return be_down_twice(call, in, out);
}

static ash_status read_beside(ash_call *call, const struct sum *in, struct sum *out)
{
	const char *key;
	const void *value;
	size_t length;
	ASH_TRY(ash_metadata_add(call, ASH_METADATA_NEXT, "sent", "x", 1));
	ASH_TRY(call_total(call, in, out));
	assert_true(ash_metadata_at(call, ASH_METADATA_ANSWERED, 0, &key, &value, &length));
	assert_string_equal(value, "3");
	assert_false(ash_metadata_at(call, ASH_METADATA_ANSWERED, 1, &key, &value, &length));
	return ASH_OK;
}

static void only_the_last_attempt_answers_beside_its_reply(void **state)
{
	(void)state;
	fixture.orders = read_beside;
	fixture.methods[TOTAL] = answer_beside;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
}

static ash_status call_without_memory(ash_call *call, const struct sum *in, struct sum *out)
{
	mem_fail_from(1);
	ash_status status = call_charge(call, in, out);
	assert_false(mem_fail_never());
	return status;
}

static void a_call_that_goes_well_takes_no_memory(void **state)
{
	(void)state;
	fixture.orders = call_without_memory;
	fixture.methods[CHARGE] = add_one;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
}

static void a_method_without_a_policy_is_called_as_before(void **state)
{
	(void)state;
	struct policy *policy = methods[CHARGE].policy;
	methods[CHARGE].policy = NULL;
	fixture.orders = call_charge_with_key;
	fixture.methods[CHARGE] = be_down_twice;
	assert_int_equal(fixture_place(&fixture), ASH_UNAVAILABLE);
	assert_int_equal(attempts, 1);
	methods[CHARGE].policy = policy;
	const struct binding *binding = registry_binding(&fixture.registry, &billing_port);
	assert_ptr_equal(around_of(binding), &around);
	assert_ptr_equal(around_inside(binding), &around.inside);
	assert_null(around_of(&around.inside));
	assert_ptr_equal(around_inside(&around.inside), &around.inside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_read_is_tried_again_and_its_trace_says_so, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_write_is_tried_again_only_with_a_key, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_attempt_leaves_no_transaction_to_the_next,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_joins_a_transaction_is_tried_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_open_circuit_says_so, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refusals_are_told_by_their_number, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(only_what_had_no_attempt_is_untried, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(refusals_beside_probes_are_counted_on, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_log_says_when_a_circuit_changes_and_only_then,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_port_answers_in_its_place, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(attempts_share_the_requests_deadline, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(only_the_last_attempt_answers_beside_its_reply,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_call_that_goes_well_takes_no_memory, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_method_without_a_policy_is_called_as_before,
						set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
