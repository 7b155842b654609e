/* SPDX-License-Identifier: Apache-2.0 */
/* Percentiles of the load generator, beside those of the sorted durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/random.h"
#include "load/latencies.h"

enum { COUNT = 10000 };

static const double SHARES[] = {0.01, 0.5, 0.9, 0.99, 0.999, 1};

static int by_size(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
	return one < other ? -1 : one > other;
}

/* A percentile is never below the true one, and at most a 64th above. */
static void compare(const struct latencies *found, uint64_t *sorted, size_t count)
{
	qsort(sorted, count, sizeof *sorted, by_size);
	assert_int_equal(found->count, count);
	assert_int_equal(found->most, sorted[count - 1]);
	for (size_t i = 0; i < sizeof SHARES / sizeof SHARES[0]; i++) {
		size_t rank = (size_t)(SHARES[i] * (double)count + 0.999999);
		uint64_t truth = sorted[rank - 1], at = latencies_at(found, SHARES[i]);
		assert_true(at >= truth);
		assert_true(at - truth <= truth / LATENCIES_PART);
	}
}

static void test_percentiles_are_those_of_the_sorted_durations(void **state)
{
	static uint64_t durations[COUNT];
	(void)state;
	for (unsigned bits = 1; bits <= 64; bits++) {
		struct latencies *one = calloc(2, sizeof *one), *other = one + 1;
		random_seed(bits);
		for (size_t i = 0; i < COUNT; i++) {
			durations[i] = random_u64() >> (64 - bits);
			latencies_add(i % 3 ? one : other, durations[i]);
		}
		latencies_merge(one, other);
		compare(one, durations, COUNT);
		free(one);
	}
}

static void test_nothing_took_no_time(void **state)
{
	static const struct latencies none;
	(void)state;
	assert_int_equal(latencies_at(&none, 0.99), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles_are_those_of_the_sorted_durations),
		cmocka_unit_test(test_nothing_took_no_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
