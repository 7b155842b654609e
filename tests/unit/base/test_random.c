/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"

static void a_seed_gives_the_same_numbers_again(void **state)
{
	(void)state;
	uint64_t first[8];
	random_seed(42);
	for (int i = 0; i < 8; i++)
		first[i] = random_u64();
	random_seed(42);
	for (int i = 0; i < 8; i++)
		assert_true(random_u64() == first[i]);
	random_seed(43);
	assert_true(random_u64() != first[0]);
}

/* With 1,000 draws for each of 7 values a count is beyond 6 standard deviations (29) by chance
 * once in 500 million runs; the seed makes it the same run every time. */
static void below_a_bound_each_is_as_likely(void **state)
{
	(void)state;
	int counts[7] = {0};
	random_seed(1);
	for (int i = 0; i < 7000; i++)
		counts[random_below(7)]++;
	for (int i = 0; i < 7; i++)
		assert_in_range(counts[i], 1000 - 6 * 30, 1000 + 6 * 30);
	assert_int_equal(random_below(1), 0);
}

static void a_forked_child_draws_other_numbers(void **state)
{
	(void)state;
	int pipe_ends[2];
	assert_int_equal(pipe(pipe_ends), 0);
	random_u64();
	pid_t child = fork();
	if (child == 0) {
		uint64_t drawn = random_u64();
		_exit(write(pipe_ends[1], &drawn, sizeof drawn) != sizeof drawn);
	}
	uint64_t mine = random_u64(), its = mine;
	assert_int_equal(read(pipe_ends[0], &its, sizeof its), sizeof its);
	assert_true(its != mine);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forked_child_draws_other_numbers),
		cmocka_unit_test(a_seed_gives_the_same_numbers_again),
		cmocka_unit_test(below_a_bound_each_is_as_likely),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
