/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"

static void reads_days_that_exist(void **state)
{
	(void)state;
	static const char *const DAYS[] = {"2026-01-31", "2024-02-29", "2000-02-29",
					   "0001-01-01", "9999-12-31", "2026-11-30"};
	for (size_t i = 0; i < sizeof DAYS / sizeof *DAYS; i++) {
		struct date date;
		assert_true(date_parse(str_of(DAYS[i]), &date));
		assert_int_equal(date.year, atoi(DAYS[i]));
		assert_int_equal(date.month, atoi(DAYS[i] + 5));
		assert_int_equal(date.day, atoi(DAYS[i] + 8));
	}
}

static void refuses_others_and_touches_nothing(void **state)
{
	(void)state;
	static const char *const TEXTS[] = {
		"",           "2026-02-30",  "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10",
		"2026-04-31", "2026-01-00",  "0000-01-01", "2026-1-01",  "2026/01/01", "2026-01-0x",
		"+026-01-01", "2026-01-011", " 2026-01-1", "2026-01- 1", "-001-01-01", "2026-+1-01",
	};
	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
		struct date date = {1, 2, 3};
		assert_false(date_parse(str_of(TEXTS[i]), &date));
		assert_int_equal(date.year * 100 + date.month * 10 + date.day, 123);
	}
}

static void orders_days(void **state)
{
	(void)state;
	const struct date DAYS[] = {
		{1, 12, 31}, {2026, 1, 1}, {2026, 1, 2}, {2026, 2, 1}, {2027, 1, 1}};
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < 5; j++) {
			int order = date_compare(DAYS[i], DAYS[j]);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
}

static void today_is_what_the_environment_says(void **state)
{
	(void)state;
	struct date day = {2031, 5, 6};
	setenv("ASHLAR_TODAY", "2031-05-06", 1);
	assert_int_equal(date_compare(clock_today(), day), 0);
	setenv("ASHLAR_TODAY", "tomorrow", 1);
	assert_true(date_compare(clock_today(), (struct date){2026, 1, 1}) > 0);
	assert_int_not_equal(date_compare(clock_today(), day), 0);
	unsetenv("ASHLAR_TODAY");
	assert_true(date_compare(clock_today(), (struct date){2026, 1, 1}) > 0);
}

static void time_goes_on(void **state)
{
	(void)state;
	uint64_t last = clock_monotonic();
	for (int i = 0; i < 1000; i++) {
		uint64_t now = clock_monotonic();
		assert_true(now >= last);
		last = now;
	}
}

static void ticks_are_never_ahead_and_go_on(void **state)
{
	(void)state;
	uint64_t first = clock_coarse(), last = first;
	assert_true(clock_coarse_tick() > 0);
	uint64_t coarse = clock_system.coarse(&clock_system);
	assert_true(coarse <= clock_system.monotonic(&clock_system));
	while (last == first) {
		last = clock_coarse();
		assert_true(last >= first);
		assert_true(last <= clock_monotonic());
	}
}

static void a_moment_to_come_is_after_now_and_does_not_run_over(void **state)
{
	(void)state;
	uint64_t now = clock_monotonic();
	struct timespec soon = clock_after(2500000000u), never = clock_after(UINT64_MAX);
	uint64_t at = (uint64_t)soon.tv_sec * 1000000000 + (uint64_t)soon.tv_nsec;
	assert_true(at >= now + 2500000000u && at <= clock_monotonic() + 2500000000u);
	assert_true(never.tv_sec > soon.tv_sec);
	assert_in_range(never.tv_nsec, 0, 999999999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_days_that_exist),
		cmocka_unit_test(refuses_others_and_touches_nothing),
		cmocka_unit_test(orders_days),
		cmocka_unit_test(a_moment_to_come_is_after_now_and_does_not_run_over),
		cmocka_unit_test(today_is_what_the_environment_says),
		cmocka_unit_test(time_goes_on),
		cmocka_unit_test(ticks_are_never_ahead_and_go_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
