/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing that is counted is lost, whoever had a cell before and however many threads there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "resilience/cells.h"

enum { THREADS = CELLS_OWN + 6, EACH = 1000, ROUNDS = 3 };

struct crowd {
	_Atomic uint64_t counters[CELLS];
	_Atomic unsigned owners[CELLS];
	pthread_barrier_t barrier;
};

static void *count(void *context)
{
	struct crowd *crowd = context;
	unsigned mine = cells_mine();
	atomic_fetch_add(&crowd->owners[mine], 1);
	pthread_barrier_wait(&crowd->barrier);
	for (int i = 0; i < EACH; i++)
		cells_count(&crowd->counters[cells_mine()], cells_mine());
	return cells_mine() == mine ? NULL : context;
}

static void *count_late(void *context)
{
	_Atomic uint64_t *counter = context;
	cells_count(&counter[cells_mine()], cells_mine());
	return NULL;
}

static uint64_t sum(const _Atomic uint64_t *counters)
{
	uint64_t all = 0;
	for (unsigned i = 0; i <= cells_last(); i++)
		all += counters[i];
	return all;
}

static void run(struct crowd *crowd)
{
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, crowd), 0);
	for (int i = 0; i < THREADS; i++) {
		void *wrong;
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
}

static void more_threads_than_cells_lose_nothing(void **state)
{
	(void)state;
	static struct crowd crowd;
	pthread_barrier_init(&crowd.barrier, NULL, THREADS);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		run(&crowd);
		assert_int_equal(sum(crowd.counters), (uint64_t)THREADS * EACH * round);
		/* Each cell but the shared one had one owner, and was free for the next round. */
		for (unsigned i = 1; i < CELLS; i++)
			assert_int_equal(crowd.owners[i], round);
		assert_int_equal(crowd.owners[0], (THREADS - CELLS_OWN) * round);
	}
	pthread_barrier_destroy(&crowd.barrier);
}

static void threads_one_after_the_other_have_the_same_cell(void **state)
{
	(void)state;
	static _Atomic uint64_t counters[CELLS];
	for (int i = 0; i < 200; i++) {
		pthread_t thread;
		assert_int_equal(pthread_create(&thread, NULL, count_late, counters), 0);
		pthread_join(thread, NULL);
	}
	assert_int_equal(counters[1], 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_threads_than_cells_lose_nothing),
		cmocka_unit_test(threads_one_after_the_other_have_the_same_cell),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
