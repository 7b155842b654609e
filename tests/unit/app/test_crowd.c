/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "app/crowd.h"

static void many_files_leave_the_usual_bound(void **state)
{
	(void)state;
	assert_int_equal(crowd_bound(UINT32_MAX, 16, 0), 16384);
	assert_int_equal(crowd_bound(1 << 20, 1000, 6400), 16384);
}

static void store_and_others_are_kept_files(void **state)
{
	(void)state;
	uint32_t alone = crowd_bound(4096, 16, 0);
	assert_in_range(alone, 2048, 4096 - 2 * 16 - 32);
	assert_int_equal(crowd_bound(4096, 116, 0), alone - 200);
	assert_int_equal(crowd_bound(4096, 16, 64), alone - 64);
}

static void somebody_is_always_let_in(void **state)
{
	uint32_t before = 0;
	(void)state;
	for (uint32_t files = 0; files < 5000; files++) {
		uint32_t bound = crowd_bound(files, 16, 64);
		assert_true(bound > 0);
		assert_true(bound >= before);
		assert_true(files < 16 || bound < files);
		before = bound;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_files_leave_the_usual_bound),
		cmocka_unit_test(store_and_others_are_kept_files),
		cmocka_unit_test(somebody_is_always_let_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
