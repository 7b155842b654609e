/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <string.h>

#include "http/wheel.h"

#define MS UINT64_C(1000000)

enum { COUNT = 400 };

static struct http_wheel wheel;
static struct http_timer timers[COUNT];
static uint64_t deadlines[COUNT];

static int clear(void **state)
{
	(void)state;
	memset(timers, 0, sizeof timers);
	return 0;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

/* Takes what is due and puts back what was looked at too early, as a loop does. */
static unsigned take_expired(uint64_t now)
{
	struct http_timer *timer;
	unsigned expired = 0;
	while ((timer = http_wheel_take(&wheel, now))) {
		size_t i = (size_t)(timer - timers);
		if (deadlines[i] > now) {
			http_wheel_put(&wheel, timer, deadlines[i], now);
		} else {
			deadlines[i] = 0;
			expired++;
		}
	}
	return expired;
}

static void each_timer_ends_at_its_time(void **state)
{
	uint64_t seed = 1, now = 1000 * MS, end = now + 60000 * MS;
	unsigned expired = 0;
	(void)state;
	http_wheel_init(&wheel, now);
	for (int i = 0; i < COUNT; i++) {
		deadlines[i] = now + next_random(&seed) % (50000 * MS);
		http_wheel_put(&wheel, &timers[i], deadlines[i], now);
	}
	for (; now < end; now += 20 * MS) {
		expired += take_expired(now);
		for (int i = 0; i < COUNT; i++)
			assert_true(deadlines[i] == 0 || deadlines[i] + 40 * MS > now);
	}
	assert_int_equal(expired, COUNT);
	assert_true(http_wheel_next(&wheel) == UINT64_MAX);
}

static void waiting_as_told_misses_nothing(void **state)
{
	uint64_t seed = 7, now = 5 * MS;
	unsigned expired = 0, rounds = 0;
	(void)state;
	http_wheel_init(&wheel, now);
	for (int i = 0; i < COUNT; i++) {
		deadlines[i] = now + next_random(&seed) % (100000 * MS);
		http_wheel_put(&wheel, &timers[i], deadlines[i], now);
	}
	for (uint64_t next; (next = http_wheel_next(&wheel)) != UINT64_MAX; rounds++) {
		now = next > now ? next : now;
		expired += take_expired(now);
		assert_true(rounds < 100 * COUNT);
	}
	assert_int_equal(expired, COUNT);
}

/* A server that nobody asked for an hour has an empty wheel that stood still. */
static void wheel_that_stood_still_goes_on(void **state)
{
	uint64_t now = 10 * MS, later = now + 3600 * 1000 * MS;
	(void)state;
	http_wheel_init(&wheel, now);
	deadlines[0] = later + 10000 * MS;
	http_wheel_put(&wheel, &timers[0], deadlines[0], later);
	assert_int_equal(take_expired(later), 0);
	assert_true(http_wheel_next(&wheel) > later + 8000 * MS);
	assert_int_equal(take_expired(later + 9000 * MS), 0);
	assert_int_equal(take_expired(later + 10020 * MS), 1);
}

static void late_thread_gets_them_all(void **state)
{
	(void)state;
	http_wheel_init(&wheel, 0);
	for (int i = 0; i < COUNT; i++) {
		deadlines[i] = (uint64_t)i * 100 * MS;
		http_wheel_put(&wheel, &timers[i], deadlines[i], 0);
	}
	assert_int_equal(take_expired(1000 * COUNT * MS), COUNT);
}

static void timers_may_move_and_leave(void **state)
{
	(void)state;
	http_wheel_init(&wheel, 0);
	http_wheel_remove(&timers[0]);
	for (int i = 0; i < 3; i++)
		http_wheel_put(&wheel, &timers[i], 1000 * MS, 0);
	http_wheel_put(&wheel, &timers[0], 20 * MS, 0);
	http_wheel_remove(&timers[1]);
	assert_ptr_equal(http_wheel_take(&wheel, 60 * MS), &timers[0]);
	assert_null(http_wheel_take(&wheel, 60 * MS));
	assert_ptr_equal(http_wheel_take_any(&wheel), &timers[2]);
	assert_null(http_wheel_take_any(&wheel));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_timer_ends_at_its_time, clear),
		cmocka_unit_test_setup(waiting_as_told_misses_nothing, clear),
		cmocka_unit_test_setup(wheel_that_stood_still_goes_on, clear),
		cmocka_unit_test_setup(late_thread_gets_them_all, clear),
		cmocka_unit_test_setup(timers_may_move_and_leave, clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
