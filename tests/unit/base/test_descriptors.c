/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/resource.h>

#include "base/descriptors.h"

static struct rlimit before;

static int keep(void **state)
{
	(void)state;
	return getrlimit(RLIMIT_NOFILE, &before);
}

static int restore(void **state)
{
	(void)state;
	return setrlimit(RLIMIT_NOFILE, &before);
}

static void soft_limit_becomes_the_hard_one(void **state)
{
	const struct rlimit low = {64, before.rlim_max};
	struct rlimit now;
	(void)state;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(descriptors_limit(), 64);
	descriptors_raise();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(now.rlim_cur, before.rlim_max);
	assert_int_equal(now.rlim_max, before.rlim_max);
	assert_true(descriptors_limit() > 64);
	descriptors_raise();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(now.rlim_cur, before.rlim_max);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(soft_limit_becomes_the_hard_one, keep, restore),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
