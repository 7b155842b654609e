/* SPDX-License-Identifier: Apache-2.0 */
/* Cron's fields, their errors, and ticks over months, leap years and both kinds of day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/civil.h"
#include "base/cron.h"

static int64_t at(int64_t year, unsigned month, unsigned day, int hour, int minute)
{
	int64_t days = civil_days((struct civil){year, month, day});
	return (days * 24 * 60 + hour * 60 + minute) * 60000000;
}

static int64_t next(const char *text, int64_t after)
{
	struct cron cron;
	char buffer[160];
	assert_null(cron_parse(str_of(text), &cron, buffer, sizeof buffer));
	return cron_next(&cron, after);
}

static void ticks(void **state)
{
	(void)state;
	static const struct {
		const char *cron;
		int from[5], to[5];
	} CASES[] = {
		{"* * * * *", {2026, 11, 21, 6, 26}, {2026, 11, 21, 6, 27}},
		{"30 2 * * *", {2026, 11, 21, 6, 26}, {2026, 11, 22, 2, 30}},
		{"30 2 * * *", {2026, 11, 21, 2, 29}, {2026, 11, 21, 2, 30}},
		{"*/15 8-18 * * 1-5", {2026, 11, 20, 18, 45}, {2026, 11, 23, 8, 0}},
		{"0 0 29 2 *", {2026, 1, 1, 0, 0}, {2028, 2, 29, 0, 0}},
		{"0 0 29 2 *", {2096, 3, 1, 0, 0}, {2104, 2, 29, 0, 0}},
		{"0 0 13 * 5", {2026, 11, 21, 0, 0}, {2026, 11, 27, 0, 0}},
		{"0 0 1 1 7", {2026, 1, 2, 0, 0}, {2026, 1, 4, 0, 0}},
		{"0 0 */10 * 7", {2026, 11, 2, 0, 0}, {2027, 1, 31, 0, 0}},
		{"59 23 31 12 *", {2026, 12, 31, 23, 58}, {2026, 12, 31, 23, 59}},
		{" 1,2,5-7   0 * *\t* ", {2026, 5, 5, 0, 2}, {2026, 5, 5, 0, 5}},
		{"0 0 1 1 *", {1969, 6, 1, 0, 0}, {1970, 1, 1, 0, 0}},
	};
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		const int *from = CASES[i].from, *to = CASES[i].to;
		int64_t start = at(from[0], (unsigned)from[1], (unsigned)from[2], from[3], from[4]);
		int64_t end = at(to[0], (unsigned)to[1], (unsigned)to[2], to[3], to[4]);
		if (next(CASES[i].cron, start) != end)
			print_error("%s\n", CASES[i].cron);
		assert_int_equal(next(CASES[i].cron, start), end);
		assert_int_equal(next(CASES[i].cron, end - 1), end);
	}
	assert_true(next("0 0 30 2 *", 0) == INT64_MAX);
}

static void wrong_fields(void **state)
{
	(void)state;
	static const char *const CASES[] = {"",
					    "*",
					    "* * * *",
					    "* * * * * *",
					    "60 * * * *",
					    "* 24 * * *",
					    "* * 0 * *",
					    "* * 32 * *",
					    "* * * 13 *",
					    "* * * * 8",
					    "5-1 * * * *",
					    "*/0 * * * *",
					    "5/2 * * * *",
					    "1, * * * *",
					    ",1 * * * *",
					    "a * * * *",
					    "1-2-3 * * * *",
					    "99999999999 * * * *",
					    "-1 * * * *",
					    "** * * * *"};
	struct cron cron = {.minutes = 7};
	char buffer[160];
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		assert_non_null(cron_parse(str_of(CASES[i]), &cron, buffer, sizeof buffer));
		assert_int_equal(cron.minutes, 7);
	}
	assert_string_equal(cron_parse(STR("0 25 * * *"), &cron, buffer, sizeof buffer),
			    "the hour '25' is not in 0 to 23");
}

static void calendar(void **state)
{
	(void)state;
	for (int64_t day = -800000; day < 800000; day += 7) {
		struct civil date = civil_of(day);
		assert_int_equal(civil_days(date), day);
		assert_true(civil_is_day(date));
	}
	assert_int_equal(civil_days((struct civil){2000, 3, 1}), 11017);
	assert_false(civil_is_day((struct civil){1900, 2, 29}));
	assert_true(civil_is_day((struct civil){2000, 2, 29}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks),
		cmocka_unit_test(wrong_fields),
		cmocka_unit_test(calendar),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
