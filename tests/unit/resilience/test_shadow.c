/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that are made to the other side, too: which, what the caller sees of it, and what is
 * counted. */
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
#include "resilience/shadow.h"
#include "resilience/two_sides.h"

/* However long a thread stands still, in nanoseconds. */
#define PATIENCE UINT64_C(60000000000)

static struct two_sides sides;
static struct shadow_pool *pool;
static struct shadow shadow;
static _Atomic int asked[DIAL_SIDES];
static _Atomic int shadowed[DIAL_SIDES];

static void set_up(uint32_t share, bool writes, const struct shadow_options *options)
{
	struct error error;
	const struct shadow_settings settings = {.share = SPLIT_ALL, .writes = writes};
	two_sides_set_up(&sides, share, false);
	for (int i = 0; i < DIAL_SIDES; i++) {
		atomic_store(&asked[i], 0);
		atomic_store(&shadowed[i], 0);
	}
	pool = shadow_pool_new(&sides.environment, options);
	assert_non_null(pool);
	assert_int_equal(shadow_init(&shadow, pool, &sides.dial, &settings, sides.metrics, &error),
			 0);
}

static void start(void)
{
	struct fault fault;
	assert_int_equal(shadow_pool_start(pool, &fault), ASH_OK);
}

static void tear_down(void)
{
	shadow_pool_free(pool);
	shadow_release(&shadow);
	two_sides_tear_down(&sides);
}

static int64_t results(enum compare_verdict verdict)
{
	return series_value(shadow.series[GET].results[verdict]);
}

/* Both answer alike, but for a counter in `cents` where `noisy`. */
static bool noisy;

static ash_status answer_alike(enum dial_side side, uint16_t method, ash_call *call,
			       const Inner *in, Inner *out)
{
	(void)method;
	int number = atomic_fetch_add(&asked[side], 1);
	if (call->request->shadow)
		atomic_fetch_add(&shadowed[side], 1);
	assert_string_equal(ash_caller(call), "orders");
	out->name = ash_format(call, "hello %s", in->name ? in->name : "");
	out->cents = noisy ? number * 2 + (int)side : 5;
	return out->name ? ASH_OK : ash_fail(call, ASH_RESOURCE_EXHAUSTED, "no memory");
}

static void reads_are_made_to_both_and_compared(void **state)
{
	(void)state;
	Inner out;
	noisy = false;
	set_up(5000, false, &(struct shadow_options){.threads = 2, .patience = PATIENCE});
	sides.answer = answer_alike;
	start();
	for (int i = 0; i < 500; i++) {
		char name[20];
		snprintf(name, sizeof name, "k%d", i);
		assert_int_equal(two_sides_call(&sides, GET, name, NULL, &out, NULL), ASH_OK);
	}
	shadow_pool_settle(pool);
	struct compare_counts counts;
	compare_look(&shadow.compares[GET], &counts, NULL, 0);
	assert_int_equal(counts.calls, 500);
	assert_int_equal(counts.equal, 500);
	assert_int_equal(results(COMPARE_EQUAL), 500);
	assert_true(counts.repeated > 0 && counts.repeated < 250);
	/* Each side was asked by each call; `from` by those that ask twice once more. */
	assert_int_equal(atomic_load(&asked[DIAL_TO]), 500);
	assert_int_equal(atomic_load(&asked[DIAL_FROM]), 500 + counts.repeated);
	assert_int_equal(series_value(shadow.series[GET].dropped), 0);
	/* Nobody counts them as the port's calls. */
	assert_int_equal(series_value(sides.dials.before.calls[GET]), 500);
	tear_down();
}

static void what_is_new_each_time_is_noise(void **state)
{
	(void)state;
	Inner out;
	noisy = true;
	set_up(0, false, &(struct shadow_options){.threads = 1, .patience = PATIENCE});
	sides.answer = answer_alike;
	start();
	for (int i = 0; i < 200; i++)
		assert_int_equal(two_sides_call(&sides, GET, "ann", NULL, &out, NULL), ASH_OK);
	shadow_pool_settle(pool);
	assert_true(results(COMPARE_NOISY) + results(COMPARE_EQUAL) == 200);
	tear_down();
}

static void writes_are_left_alone(void **state)
{
	(void)state;
	Inner out;
	noisy = false;
	set_up(0, false, &(struct shadow_options){.threads = 1, .patience = PATIENCE});
	sides.answer = answer_alike;
	start();
	assert_int_equal(two_sides_call(&sides, SET, "ann", "k1", &out, NULL), ASH_OK);
	assert_int_equal(two_sides_call(&sides, REPLACE, "ann", "k1", &out, NULL), ASH_OK);
	shadow_pool_settle(pool);
	assert_int_equal(atomic_load(&asked[DIAL_TO]), 0);
	tear_down();
	/* Unless they are asked for; and the side that counts is never asked twice. */
	set_up(0, true, &(struct shadow_options){.threads = 1, .patience = PATIENCE});
	sides.answer = answer_alike;
	start();
	for (int i = 0; i < 100; i++)
		assert_int_equal(two_sides_call(&sides, SET, "ann", "k1", &out, NULL), ASH_OK);
	shadow_pool_settle(pool);
	assert_int_equal(atomic_load(&asked[DIAL_TO]), 100);
	assert_int_equal(atomic_load(&asked[DIAL_FROM]), 100);
	tear_down();
}

/* No thread makes them: two wait, the others are dropped, and the caller has its answer. */
static void a_full_queue_drops_and_counts(void **state)
{
	(void)state;
	Inner out;
	noisy = false;
	set_up(0, false, &(struct shadow_options){.queue = 2});
	sides.answer = answer_alike;
	for (int i = 0; i < 10; i++)
		assert_int_equal(two_sides_call(&sides, GET, "ann", NULL, &out, NULL), ASH_OK);
	assert_int_equal(series_value(shadow.series[GET].dropped), 8);
	assert_int_equal(atomic_load(&asked[DIAL_TO]), 0);
	/* Who waits when it ends is dropped, too. */
	shadow_pool_stop(pool);
	assert_int_equal(series_value(shadow.series[GET].dropped), 10);
	assert_int_equal(two_sides_call(&sides, GET, "ann", NULL, &out, NULL), ASH_OK);
	assert_int_equal(series_value(shadow.series[GET].dropped), 11);
	tear_down();
}

static void a_large_message_has_no_room(void **state)
{
	(void)state;
	Inner out, in = {.name = mem_alloc(SHADOW_MEMORY_LIMIT + 1)};
	struct request request;
	noisy = false;
	set_up(0, false, &(struct shadow_options){.queue = 0});
	sides.answer = answer_alike;
	assert_non_null(in.name);
	memset(in.name, 'x', SHADOW_MEMORY_LIMIT);
	request_begin(&request, &sides.environment, CALL_NO_DEADLINE, NULL);
	assert_int_equal(two_sides_call_in(&sides, &request, GET, &in, &out), ASH_OK);
	request_end(&request);
	mem_free(in.name);
	assert_int_equal(series_value(shadow.series[GET].dropped), 1);
	tear_down();
}

/* A side that answers a shadow's call, and calls the port again: that one casts no shadow. */
static ash_status call_again(enum dial_side side, uint16_t method, ash_call *call, const Inner *in,
			     Inner *out)
{
	char name[] = "deeper";
	Inner deeper = {.name = name}, reply;
	atomic_fetch_add(&asked[side], 1);
	if (strcmp(in->name, "deeper") == 0)
		return ASH_OK;
	out->cents = 1;
	every__v1__inner__init(&reply);
	const struct binding *binding = registry_binding(&sides.registry, &prices_port);
	return binding->invoke(binding, method, call, &deeper, &reply);
}

static void a_shadow_casts_none(void **state)
{
	(void)state;
	Inner out;
	struct compare_counts counts;
	set_up(0, false, &(struct shadow_options){.threads = 1, .patience = PATIENCE});
	sides.answer = call_again;
	start();
	assert_int_equal(two_sides_call(&sides, GET, "ann", NULL, &out, NULL), ASH_OK);
	shadow_pool_settle(pool);
	compare_look(&shadow.compares[GET], &counts, NULL, 0);
	assert_int_equal(counts.calls, 2);
	tear_down();
}

static ash_status fail_as_shadow(enum dial_side side, uint16_t method, ash_call *call,
				 const Inner *in, Inner *out)
{
	(void)method, (void)in, (void)out;
	atomic_fetch_add(&asked[side], 1);
	assert_true(side == DIAL_FROM || ash_time_left(call) <= 2000000000);
	return side == DIAL_TO ? ash_fail(call, ASH_INTERNAL, "broken") : ASH_OK;
}

static void a_failure_of_the_other_side_is_nobodys(void **state)
{
	(void)state;
	Inner out;
	struct compare_counts counts;
	set_up(0, false, &(struct shadow_options){.threads = 1});
	sides.answer = fail_as_shadow;
	start();
	assert_int_equal(two_sides_call(&sides, GET, "ann", NULL, &out, NULL), ASH_OK);
	shadow_pool_settle(pool);
	compare_look(&shadow.compares[GET], &counts, NULL, 0);
	assert_int_equal(counts.different, 1);
	assert_int_equal(counts.failures[DIAL_TO], 1);
	assert_int_equal(series_value(sides.dials.before.failures[GET]), 0);
	tear_down();
}

enum { THREADS = 4, CALLS = 500 };

static void *call_many(void *context)
{
	(void)context;
	Inner out;
	for (int i = 0; i < CALLS; i++)
		if (two_sides_call(&sides, GET, "ann", NULL, &out, NULL) != ASH_OK)
			return NULL;
	return context;
}

static void threads_put_while_threads_take(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	noisy = false;
	set_up(5000, false,
	       &(struct shadow_options){.threads = 2, .queue = 50, .patience = PATIENCE});
	sides.answer = answer_alike;
	start();
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call_many, &sides), 0);
	for (int i = 0; i < THREADS; i++) {
		void *result = NULL;
		pthread_join(threads[i], &result);
		assert_non_null(result);
	}
	shadow_pool_settle(pool);
	struct compare_counts counts;
	compare_look(&shadow.compares[GET], &counts, NULL, 0);
	assert_int_equal(counts.calls + (uint64_t)series_value(shadow.series[GET].dropped),
			 THREADS * CALLS);
	assert_int_equal(counts.equal, counts.calls);
	tear_down();
}

/* The caller has its answer, whatever the shadow lacks. */
static void memory_may_run_out(void **state)
{
	(void)state;
	noisy = false;
	for (long n = 1;; n++) {
		struct error error;
		const struct shadow_settings settings = {.share = SPLIT_ALL};
		Inner out;
		two_sides_set_up(&sides, 0, false);
		sides.answer = fail_as_shadow;
		struct compare_counts counts = {0};
		mem_fail_from(n);
		pool = shadow_pool_new(&sides.environment, &(struct shadow_options){.threads = 1});
		shadow = (struct shadow){.pool = NULL};
		bool made = pool && shadow_init(&shadow, pool, &sides.dial, &settings,
						sides.metrics, &error) == 0;
		ash_status status = two_sides_call(&sides, GET, "ann", NULL, &out, NULL);
		bool failed = mem_fail_never();
		assert_int_equal(status, ASH_OK);
		assert_true(made || failed);
		if (made && !failed) {
			start();
			shadow_pool_settle(pool);
			compare_look(&shadow.compares[GET], &counts, NULL, 0);
			assert_int_equal(counts.calls, 1);
		}
		tear_down();
		if (!failed)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_are_made_to_both_and_compared),
		cmocka_unit_test(what_is_new_each_time_is_noise),
		cmocka_unit_test(writes_are_left_alone),
		cmocka_unit_test(a_full_queue_drops_and_counts),
		cmocka_unit_test(a_large_message_has_no_room),
		cmocka_unit_test(a_shadow_casts_none),
		cmocka_unit_test(a_failure_of_the_other_side_is_nobodys),
		cmocka_unit_test(threads_put_while_threads_take),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
