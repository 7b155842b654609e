/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>

#include "base/thread.h"

static bool refused;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*function)(void *), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*function)(void *), void *context);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*function)(void *), void *context)
{
	return refused ? EAGAIN : __real_pthread_create(thread, attributes, function, context);
}

struct seen {
	sigset_t blocked;
	sem_t done;
};

static void *see(void *context)
{
	struct seen *seen = context;
	pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
	sem_post(&seen->done);
	return seen;
}

static const int SIGNALS[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1, SIGCHLD};

/* Of this thread only SIGUSR1 is blocked, before and after. */
static void expect_own_mask(void)
{
	sigset_t now;
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	for (size_t i = 0; i < sizeof SIGNALS / sizeof *SIGNALS; i++)
		assert_int_equal(sigismember(&now, SIGNALS[i]), SIGNALS[i] == SIGUSR1);
}

static void expect_all_blocked(const struct seen *seen)
{
	for (size_t i = 0; i < sizeof SIGNALS / sizeof *SIGNALS; i++)
		assert_int_equal(sigismember(&seen->blocked, SIGNALS[i]), 1);
}

static int set_up(void **state)
{
	static struct seen seen;
	sigset_t own;
	sigemptyset(&own);
	sigaddset(&own, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &own, NULL);
	sigemptyset(&seen.blocked);
	refused = false;
	*state = &seen;
	return sem_init(&seen.done, 0, 0);
}

static int tear_down(void **state)
{
	struct seen *seen = *state;
	return sem_destroy(&seen->done);
}

static void a_thread_takes_no_signals(void **state)
{
	struct seen *seen = *state;
	pthread_t thread;
	void *result;
	assert_true(thread_start(&thread, see, seen));
	expect_own_mask();
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, seen);
	expect_all_blocked(seen);
}

static void one_apart_takes_none_either(void **state)
{
	struct seen *seen = *state;
	assert_true(thread_start_apart(see, seen));
	expect_own_mask();
	while (sem_wait(&seen->done) != 0)
		;
	expect_all_blocked(seen);
}

static void without_a_thread_the_makers_signals_are_as_before(void **state)
{
	struct seen *seen = *state;
	pthread_t thread;
	refused = true;
	assert_false(thread_start(&thread, see, seen));
	expect_own_mask();
	assert_false(thread_start_apart(see, seen));
	expect_own_mask();
}

static void *count_processors(void *context)
{
	cpu_set_t set;
	int *count = context;
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		*count = CPU_COUNT(&set);
	return NULL;
}

/* Pins itself to the first processor that it has, and makes a thread that tells of its own. */
static void *make_pinned(void *context)
{
	cpu_set_t all, one;
	pthread_t thread;
	int first = 0;
	sched_getaffinity(0, sizeof all, &all);
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	if (sched_setaffinity(0, sizeof one, &one) == 0 &&
	    thread_start(&thread, count_processors, context))
		pthread_join(thread, NULL);
	return NULL;
}

static void a_thread_is_not_pinned_with_its_maker(void **state)
{
	pthread_t maker;
	int all = 0, its = 0;
	(void)state;
	count_processors(&all);
	assert_int_equal(pthread_create(&maker, NULL, make_pinned, &its), 0);
	pthread_join(maker, NULL);
	assert_int_equal(its, all);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_thread_takes_no_signals),
		TEST(one_apart_takes_none_either),
		TEST(without_a_thread_the_makers_signals_are_as_before),
		TEST(a_thread_is_not_pinned_with_its_maker),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
