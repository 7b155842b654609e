/* SPDX-License-Identifier: Apache-2.0 */
/* A port between two sides: a million calls by key, which failure may go to the other side, and a
 * dial that turns while threads call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "message/message.h"
#include "resilience/policy.h"
#include "resilience/two_sides.h"

static struct two_sides sides;

/* ---- shares ---- */

enum { KEYS = 1000000, KEY_SIZE = 32 };

static uint8_t went[KEYS]; /* 1: to the second, at the share before */
static unsigned counted[DIAL_SIDES];
static enum dial_side last;

static ash_status count_side(enum dial_side side, uint16_t method, ash_call *call, const Inner *in,
			     Inner *out)
{
	(void)method, (void)call, (void)in, (void)out;
	counted[side]++;
	last = side;
	return ASH_OK;
}

static void call_all_keys(unsigned share)
{
	struct request request;
	char name[KEY_SIZE];
	Inner in = {.name = name}, out;
	counted[DIAL_FROM] = counted[DIAL_TO] = 0;
	request_begin(&request, &sides.environment, CALL_NO_DEADLINE,
		      &(struct trace_context){.trace = {1, 2}});
	dial_turn(&sides.dial, share);
	for (int i = 0; i < KEYS; i++) {
		snprintf(name, sizeof name, "customer-%d", i);
		assert_int_equal(two_sides_call_in(&sides, &request, SET, &in, &out), ASH_OK);
		/* Who was taken before is taken still. */
		assert_true((last == DIAL_TO) >= went[i]);
		went[i] = last == DIAL_TO;
	}
	request_end(&request);
}

/* Five standard deviations. */
static void assert_share(double taken, double of, double share)
{
	double part = share / SPLIT_ALL, off = taken - part * of;
	assert_true(off * off <= 25 * of * part * (1 - part) + 1e-6);
}

static void a_million_keys_go_as_the_share_says(void **state)
{
	static const unsigned SHARES[] = {0, 1, 250, 5000, 9999, SPLIT_ALL};
	(void)state;
	two_sides_set_up(&sides, 0, false);
	sides.answer = count_side;
	memset(went, 0, sizeof went);
	for (size_t i = 0; i < sizeof SHARES / sizeof *SHARES; i++) {
		call_all_keys(SHARES[i]);
		assert_int_equal(counted[DIAL_FROM] + counted[DIAL_TO], KEYS);
		assert_share(counted[DIAL_TO], KEYS, SHARES[i]);
		/* The split's own numbers say the same. */
		assert_int_equal(series_value(sides.dial.share[SET]), SHARES[i]);
	}
	int64_t from = series_value(sides.dial.parts[DIAL_FROM].shown.calls[SET]);
	int64_t to = series_value(sides.dial.parts[DIAL_TO].shown.calls[SET]);
	assert_int_equal(from + to, 6 * KEYS);
	two_sides_tear_down(&sides);
}

/* All calls of a request go one way, and as many requests as the share says. */
static void without_a_key_a_trace_goes_one_way(void **state)
{
	enum { REQUESTS = 20000 };
	(void)state;
	struct request request;
	Inner in = {.name = NULL}, out;
	unsigned taken = 0;
	two_sides_set_up(&sides, 3000, false);
	sides.answer = count_side;
	for (int i = 0; i < REQUESTS; i++) {
		request_begin(&request, &sides.environment, CALL_NO_DEADLINE, NULL);
		assert_int_equal(two_sides_call_in(&sides, &request, SET, &in, &out), ASH_OK);
		enum dial_side first = last;
		assert_int_equal(two_sides_call_in(&sides, &request, GET, &in, &out), ASH_OK);
		assert_int_equal(first, last);
		taken += last == DIAL_TO;
		request_end(&request);
	}
	assert_share(taken, REQUESTS, 3000);
	two_sides_tear_down(&sides);
}

static void a_key_may_be_a_number(void **state)
{
	(void)state;
	struct request request;
	struct error error;
	Inner in = {.cents = 42}, out;
	char text[] = "42";
	two_sides_set_up(&sides, 0, false);
	sides.answer = count_side;
	assert_int_equal(dial_init(&sides.dial, &prices_port, DIAL_ALL, "cents", 0, sides.metrics,
				   &sides.arena, &error),
			 0);
	request_begin(&request, &sides.environment, CALL_NO_DEADLINE, NULL);
	dial_turn(&sides.dial, split_slot(str_of(text)));
	assert_int_equal(two_sides_call_in(&sides, &request, SET, &in, &out), ASH_OK);
	assert_int_equal(last, DIAL_FROM);
	dial_turn(&sides.dial, split_slot(str_of(text)) + 1);
	assert_int_equal(two_sides_call_in(&sides, &request, SET, &in, &out), ASH_OK);
	assert_int_equal(last, DIAL_TO);
	request_end(&request);
	assert_null(dial_key_mistake(message_field(&every__v1__inner__descriptor, "cents")));
	assert_non_null(dial_key_mistake(message_field(&every__v1__inner__descriptor, "items")));
	assert_non_null(dial_key_mistake(message_field(&every__v1__inner__descriptor, "inner")));
	two_sides_tear_down(&sides);
}

/* ---- what is given to the other side ---- */

static ash_status told; /* what `to` answers */
static bool untried;
static int asked[DIAL_SIDES];

static ash_status fail_at_to(enum dial_side side, uint16_t method, ash_call *call, const Inner *in,
			     Inner *out)
{
	(void)method, (void)in;
	asked[side]++;
	assert_int_equal(out->cents, 0);
	assert_string_equal(ash_caller(call), "orders");
	out->cents = 1 + (int)side;
	if (side == DIAL_FROM || told == ASH_OK)
		return ASH_OK;
	ash_fail(call, told, "to is %s", ash_status_name(told));
	if (untried)
		fault_untried(&call->request->fault, told);
	return told;
}

static const ash_status FAILURES[] = {
	ASH_UNAVAILABLE, ASH_DEADLINE_EXCEEDED, ASH_RESOURCE_EXHAUSTED,
	ASH_INTERNAL,    ASH_UNKNOWN,           ASH_DATA_LOSS};

/* As the page for operators says it. */
static bool goes_to_from(uint16_t method, const char *key, bool same_data, bool remote)
{
	bool failure = false;
	for (size_t i = 0; i < sizeof FAILURES / sizeof *FAILURES; i++)
		failure |= FAILURES[i] == told;
	if (!failure)
		return false;
	if (method == GET || (remote && untried))
		return true;
	return same_data && (method == REPLACE || key);
}

static void try_one(uint16_t method, const char *key, bool same_data, bool remote)
{
	Inner out;
	struct fault fault;
	int64_t before = series_value(sides.dial.fallbacks[method]);
	asked[DIAL_FROM] = asked[DIAL_TO] = 0;
	bool falls = goes_to_from(method, key, same_data, remote);
	ash_status status = two_sides_call(&sides, method, "ann", key, &out, &fault);
	assert_int_equal(asked[DIAL_TO], 1);
	assert_int_equal(asked[DIAL_FROM], falls);
	assert_int_equal(series_value(sides.dial.fallbacks[method]), before + falls);
	assert_int_equal(status, falls ? ASH_OK : told);
	if (status == ASH_OK)
		assert_int_equal(out.cents, falls ? 1 : 2);
}

static void only_what_is_safe_falls_back(void **state)
{
	(void)state;
	for (int shape = 0; shape < 4; shape++) {
		bool same_data = shape & 1, remote = shape & 2;
		two_sides_set_up(&sides, SPLIT_ALL, remote);
		sides.answer = fail_at_to;
		sides.dial.same_data = same_data;
		for (int status = ASH_OK; status <= ASH_UNAUTHENTICATED; status++)
			for (int way = 0; way < 2 * 2 * JOIN; way++) {
				told = (ash_status)status;
				untried = way & 1;
				try_one((uint16_t)(way / 4), way & 2 ? "k1" : NULL, same_data,
					remote);
			}
		two_sides_tear_down(&sides);
	}
}

static void from_never_falls_back_to_the_new_side(void **state)
{
	(void)state;
	Inner out;
	two_sides_set_up(&sides, 0, true);
	sides.answer = fail_at_to;
	told = ASH_OK;
	asked[DIAL_TO] = 0;
	assert_int_equal(two_sides_call(&sides, GET, "ann", NULL, &out, NULL), ASH_OK);
	assert_int_equal(asked[DIAL_TO], 0);
	two_sides_tear_down(&sides);
}

static void a_trace_says_the_side(void **state)
{
	(void)state;
	static struct span spans[16];
	uint64_t from = 0, lost;
	Inner out;
	bool found[DIAL_SIDES] = {false, false};
	two_sides_set_up(&sides, SPLIT_ALL, false);
	sides.answer = fail_at_to;
	told = ASH_UNAVAILABLE;
	assert_int_equal(two_sides_call(&sides, GET, "ann", NULL, &out, NULL), ASH_OK);
	size_t count = recorder_read(sides.recorder, &from, spans, 16, &lost);
	for (size_t i = 0; i < count; i++) {
		found[DIAL_TO] |= strcmp(spans[i].name, "split to prices@back") == 0 &&
				  spans[i].status == ASH_UNAVAILABLE;
		found[DIAL_FROM] |= strcmp(spans[i].name, "split from prices@front") == 0 &&
				    spans[i].status == ASH_OK;
	}
	assert_true(found[DIAL_FROM] && found[DIAL_TO]);
	two_sides_tear_down(&sides);
}

/* ---- a dial that turns while threads call ---- */

enum { THREADS = 4, CALLS = 30000 };

static _Atomic uint8_t answered[THREADS * CALLS];
static _Atomic unsigned by_side[DIAL_SIDES];
static atomic_int callers;

/* Begins and ends on its side, whatever the dial does meanwhile. */
static ash_status answer_once(enum dial_side side, uint16_t method, ash_call *call, const Inner *in,
			      Inner *out)
{
	(void)method, (void)call;
	atomic_fetch_add(&answered[in->cents], 1);
	atomic_fetch_add(&by_side[side], 1);
	out->cents = in->cents * 2 + (int)side;
	return ASH_OK;
}

static void *call_many(void *context)
{
	int first = *(const int *)context * CALLS;
	char name[KEY_SIZE];
	for (int i = first; i < first + CALLS; i++) {
		struct request request;
		Inner in = {.name = name, .cents = i}, out;
		snprintf(name, sizeof name, "k%d", i);
		request_begin(&request, &sides.environment, CALL_NO_DEADLINE,
			      &(struct trace_context){.trace = {1, 2}});
		ash_status status = two_sides_call_in(&sides, &request, SET, &in, &out);
		request_end(&request);
		if (status != ASH_OK || out.cents / 2 != i)
			break;
	}
	atomic_fetch_sub(&callers, 1);
	return NULL;
}

static void no_call_is_lost_or_made_twice_while_the_dial_turns(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	int numbers[THREADS];
	two_sides_set_up(&sides, 0, false);
	sides.answer = answer_once;
	atomic_store(&callers, THREADS);
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, call_many, &numbers[i]), 0);
	}
	for (uint32_t share = 0; atomic_load(&callers) > 0; share = (share + 777) % (SPLIT_ALL + 1))
		dial_turn(&sides.dial, share);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS * CALLS; i++)
		assert_int_equal(atomic_load(&answered[i]), 1);
	assert_int_equal(atomic_load(&by_side[DIAL_FROM]) + atomic_load(&by_side[DIAL_TO]),
			 THREADS * CALLS);
	two_sides_tear_down(&sides);
}

static void memory_may_run_out_while_it_is_made(void **state)
{
	(void)state;
	two_sides_set_up(&sides, 0, false);
	for (long n = 1;; n++) {
		struct dial dial = {.same_data = false};
		struct metrics *metrics = metrics_new();
		struct arena arena = {0};
		struct error error;
		const struct binding *binding = &sides.dial.parts[DIAL_TO].inside;
		mem_fail_from(n);
		int made = dial_init(&dial, &prices_port, DIAL_ALL, NULL, 5, metrics, &arena,
				     &error) < 0 ||
					   dial_set(&dial, DIAL_TO, "x", binding, false, metrics,
						    &arena, &error) < 0
				   ? -1
				   : 0;
		bool failed = mem_fail_never();
		assert_int_equal(made, failed ? -1 : 0);
		arena_release(&arena);
		metrics_free(metrics);
		if (!failed)
			break;
	}
	two_sides_tear_down(&sides);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_keys_go_as_the_share_says),
		cmocka_unit_test(without_a_key_a_trace_goes_one_way),
		cmocka_unit_test(a_key_may_be_a_number),
		cmocka_unit_test(only_what_is_safe_falls_back),
		cmocka_unit_test(from_never_falls_back_to_the_new_side),
		cmocka_unit_test(a_trace_says_the_side),
		cmocka_unit_test(no_call_is_lost_or_made_twice_while_the_dial_turns),
		cmocka_unit_test(memory_may_run_out_while_it_is_made),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
