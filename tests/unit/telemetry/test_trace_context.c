/* SPDX-License-Identifier: Apache-2.0 */
/* W3C Trace Context: the examples and the rules of its recommendation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "telemetry/trace_context.h"

#define GOOD "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static void a_traceparent_survives_the_round_trip(void **state)
{
	(void)state;
	struct trace_context context;
	char out[TRACEPARENT_SIZE], id[TRACE_ID_HEX + 1];
	assert_true(trace_parse(STR(GOOD), &context));
	assert_int_equal(context.flags, TRACE_SAMPLED);
	trace_format(&context, out);
	assert_string_equal(out, GOOD);
	trace_id_format(&context, id);
	assert_string_equal(id, "4bf92f3577b34da6a3ce929d0e0e4736");
}

static void a_malformed_traceparent_is_ignored(void **state)
{
	(void)state;
	static const char *const BAD[] = {
		"",
		"00",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
		"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
		"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
		"00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
	};
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		struct trace_context context = {.span = 7};
		if (trace_parse(str_of(BAD[i]), &context))
			fail_msg("'%s' was taken", BAD[i]);
		assert_int_equal(context.span, 7);
	}
}

static void a_later_version_may_go_on(void **state)
{
	(void)state;
	struct trace_context context;
	assert_true(trace_parse(
		STR("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-what.else"),
		&context));
	assert_int_equal(context.flags, TRACE_SAMPLED | TRACE_RANDOM);
}

static void a_new_trace_is_random_and_valid(void **state)
{
	(void)state;
	struct trace_context a = trace_start(true), b = trace_start(false), read;
	char out[TRACEPARENT_SIZE];
	assert_int_equal(a.flags, TRACE_SAMPLED | TRACE_RANDOM);
	assert_int_equal(b.flags, TRACE_RANDOM);
	assert_true(a.trace[0] != b.trace[0] && a.trace[1] != b.trace[1]);
	a.span = trace_span_id();
	trace_format(&a, out);
	assert_true(trace_parse(str_of(out), &read));
	assert_memory_equal(read.trace, a.trace, sizeof a.trace);
	assert_true(read.span == a.span);
}

static void an_id_is_found_by_its_hex_in_either_case(void **state)
{
	(void)state;
	uint64_t id[2] = {0};
	assert_true(trace_id_parse(STR("4BF92f3577b34da6a3ce929d0e0e4736"), id));
	assert_true(id[0] == 0x4bf92f3577b34da6 && id[1] == 0xa3ce929d0e0e4736);
	assert_false(trace_id_parse(STR("4bf92f3577b34da6a3ce929d0e0e473"), id));
	assert_false(trace_id_parse(STR("4bf92f3577b34da6a3ce929d0e0e473x"), id));
	assert_false(trace_id_parse(STR("00000000000000000000000000000000"), id));
}

static void a_tracestate_is_kept_as_far_as_it_is_valid(void **state)
{
	(void)state;
	char out[TRACE_STATE_LIMIT + 1];
	assert_int_equal(trace_state_copy(STR("rojo=00f067aa0ba902b7 , congo=t61rcWkgMzE"), out),
			 39);
	assert_string_equal(out, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
	static const char *const BAD[] = {"a", "a=", "=b", "A=b", "a=b=c", "a=\x01", "_a=b"};
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
		assert_int_equal(trace_state_copy(str_of(BAD[i]), out), 0);
}

static void a_long_tracestate_loses_whole_members_from_its_end(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text state_text = {0};
	char out[TRACE_STATE_LIMIT + 1];
	for (int i = 0; i < 32; i++)
		text_addf(&state_text, "%sk%02d=%020d", i ? "," : "", i, i);
	size_t length = trace_state_copy(text_str(&state_text), out);
	assert_in_range(length, TRACE_STATE_LIMIT - 25, TRACE_STATE_LIMIT);
	assert_int_equal(length % 25, 24);
	text_add(&state_text, STR(",one=more"));
	assert_int_equal(trace_state_copy(text_str(&state_text), out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_traceparent_survives_the_round_trip),
		cmocka_unit_test(a_malformed_traceparent_is_ignored),
		cmocka_unit_test(a_later_version_may_go_on),
		cmocka_unit_test(a_new_trace_is_random_and_valid),
		cmocka_unit_test(an_id_is_found_by_its_hex_in_either_case),
		cmocka_unit_test(a_tracestate_is_kept_as_far_as_it_is_valid),
		cmocka_unit_test(a_long_tracestate_loses_whole_members_from_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
