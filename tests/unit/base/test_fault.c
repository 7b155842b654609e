/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_fault_holds_status_and_sentence(void **state)
{
	(void)state;
	struct fault fault;
	assert_int_equal(fault_set(&fault, ASH_NOT_FOUND, "there is no order %d", 7),
			 ASH_NOT_FOUND);
	assert_int_equal(fault.status, ASH_NOT_FOUND);
	assert_string_equal(fault.message, "there is no order 7");
	assert_int_equal(fault_set(NULL, ASH_ABORTED, "nobody asks"), ASH_ABORTED);
}

static void a_long_sentence_is_cut_at_a_whole_character(void **state)
{
	(void)state;
	struct fault fault;
	char text[2048] = "";
	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'x', shift);
		for (size_t i = shift; i + 4 <= 1400; i += 4)
			memcpy(text + i, "\xF0\x9F\x8C\x8D", 4);
		fault_set(&fault, ASH_INTERNAL, "%s", text);
		size_t length = strlen(fault.message);
		assert_in_range(length, 1019, 1023);
		assert_int_equal((length - shift) % 4, 0);
	}
}

static void every_status_has_the_name_of_the_protocol(void **state)
{
	(void)state;
	assert_string_equal(ash_status_name(ASH_OK), "ok");
	assert_string_equal(ash_status_name(ASH_INVALID_ARGUMENT), "invalid_argument");
	assert_string_equal(ash_status_name(ASH_UNAUTHENTICATED), "unauthenticated");
	assert_string_equal(ash_status_name((ash_status)17), "unknown");
	assert_string_equal(ash_status_name((ash_status)-1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_holds_status_and_sentence),
		cmocka_unit_test(a_long_sentence_is_cut_at_a_whole_character),
		cmocka_unit_test(every_status_has_the_name_of_the_protocol),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
