/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite in want of what the system gives: what is told of it, and that it passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "fixture.h"

#define MS UINT64_C(1000000)

static struct rlimit descriptors;

static int set_up(void **state)
{
	return getrlimit(RLIMIT_NOFILE, &descriptors) < 0 ? -1 : fixture_set_up(state);
}

static int tear_down(void **state)
{
	return setrlimit(RLIMIT_NOFILE, &descriptors) < 0 ? -1 : fixture_tear_down(state);
}

static void want_of_descriptors_is_named_and_passes(void **state)
{
	struct fixture *fixture = *state;
	struct store_session *first = NULL, *second = NULL;
	struct fault fault;
	uint64_t until = clock_monotonic() + 60000 * MS;
	assert_int_equal(store_acquire(fixture->store, STORE_NO_DEADLINE, &first, &fault), ASH_OK);
	int lowest = dup(STDERR_FILENO);
	assert_true(lowest >= 0);
	close(lowest);
	const struct rlimit none = {(rlim_t)lowest, descriptors.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(store_acquire(fixture->store, STORE_NO_DEADLINE, &second, &fault),
			 ASH_UNAVAILABLE);
	assert_true(fault.outage);
	assert_non_null(strstr(fault.message, "too many open files"));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &descriptors), 0);
	/* A connection that could not be made is not tried again at once. */
	while (store_acquire(fixture->store, STORE_NO_DEADLINE, &second, &fault) != ASH_OK &&
	       clock_monotonic() < until)
		usleep(1000);
	assert_non_null(second);
	store_release(second);
	store_release(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(want_of_descriptors_is_named_and_passes, set_up,
						tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
