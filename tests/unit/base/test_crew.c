/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/crew.h"

enum { TASKS = 10000 };

struct job {
	atomic_uint next;
	atomic_uint seen[CREW_LIMIT];
	unsigned char done[TASKS];
};

static void work(void *context, unsigned worker)
{
	struct job *job = context;
	atomic_fetch_add(&job->seen[worker], 1);
	for (unsigned task; (task = atomic_fetch_add(&job->next, 1)) < TASKS;)
		job->done[task]++;
}

static void does_everything_once(void **state)
{
	(void)state;
	static const unsigned COUNTS[] = {1, 2, 3, CREW_LIMIT, CREW_LIMIT + 1, 1000};
	for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++) {
		static struct job job;
		job = (struct job){0};
		crew_run(COUNTS[i], work, &job);
		for (unsigned task = 0; task < TASKS; task++)
			assert_int_equal(job.done[task], 1);
		for (unsigned worker = 0; worker < CREW_LIMIT; worker++)
			assert_int_equal(job.seen[worker], worker < COUNTS[i]);
	}
}

static void worker_0_always_runs(void **state)
{
	(void)state;
	static struct job job;
	crew_run(0, work, &job);
	assert_int_equal(job.seen[0], 1);
}

static void uses_the_processors_it_may(void **state)
{
	(void)state;
	cpu_set_t all, one;
	unsigned size = crew_size();
	assert_in_range(size, 1, CREW_LIMIT);
	assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
	assert_int_equal(crew_size(), 1);
	assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
	assert_int_equal(crew_size(), size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_everything_once),
		cmocka_unit_test(worker_0_always_runs),
		cmocka_unit_test(uses_the_processors_it_may),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
