/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static void fills_and_returns_minus_one(void **state)
{
	(void)state;
	struct error error;
	assert_int_equal(error_set(&error, ERROR_LIMIT, "more than %d", 7), -1);
	assert_int_equal(error.code, ERROR_LIMIT);
	assert_string_equal(error.message, "more than 7");
	assert_string_equal(error.file, "");
	assert_int_equal(error.line + error.column, 0);
	assert_int_equal(error_at(&error, ERROR_SYNTAX, "a.c", 3, 4, "%s", "wrong"), -1);
	assert_int_equal(error.line * 10 + error.column, 34);
	assert_int_equal(error_at(&error, ERROR_SYNTAX, NULL, 0, 0, "x"), -1);
	assert_string_equal(error.file, "");
	assert_int_equal(error_memory(&error), -1);
	assert_int_equal(error.code, ERROR_MEMORY);
}

static void nobody_has_to_listen(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, ERROR_IO, "x"), -1);
	assert_int_equal(error_at(NULL, ERROR_IO, "a", 1, 1, "x"), -1);
	assert_int_equal(error_memory(NULL), -1);
}

static void cuts_long_texts(void **state)
{
	(void)state;
	struct error error;
	char text[3000];
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '\0';
	error_at(&error, ERROR_IO, text, 1, 1, "%s", text);
	assert_int_equal(strlen(error.file), sizeof error.file - 1);
	assert_int_equal(strlen(error.message), sizeof error.message - 1);
}

static void formats_what_is_known(void **state)
{
	(void)state;
	struct error error;
	char text[100];
	error_set(&error, ERROR_IO, "m");
	error_format(&error, text, sizeof text);
	assert_string_equal(text, "m");
	error_at(&error, ERROR_IO, "f", 0, 0, "m");
	error_format(&error, text, sizeof text);
	assert_string_equal(text, "f: m");
	error_at(&error, ERROR_IO, "f", 2, 0, "m");
	error_format(&error, text, sizeof text);
	assert_string_equal(text, "f:2: m");
	error_at(&error, ERROR_IO, "f", 2, 3, "m");
	error_format(&error, text, sizeof text);
	assert_string_equal(text, "f:2:3: m");
	error_format(&error, text, 4);
	assert_string_equal(text, "f:2");
}

static void sorts_by_place_and_keeps_the_order_of_equals(void **state)
{
	(void)state;
	_cleanup_(error_list_clear) struct error_list list = {0};
	static const struct {
		const char *file;
		uint32_t line, column;
	} PLACES[] = {{"b", 1, 1}, {"a", 2, 1}, {"a", 1, 9}, {"b", 1, 1}, {"a", 1, 2}, {"", 0, 0}};
	static const unsigned ORDER[] = {5, 4, 2, 1, 0, 3};
	for (unsigned i = 0; i < 6; i++)
		error_list_at(&list, ERROR_IO, PLACES[i].file, PLACES[i].line, PLACES[i].column,
			      "%u", i);
	error_list_sort(&list);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(atoi(list.items[i].message), ORDER[i]);
}

static void counts_what_is_past_the_limit(void **state)
{
	(void)state;
	_cleanup_(error_list_clear) struct error_list list = {0};
	for (int i = 0; i < ERROR_LIST_LIMIT + 7; i++)
		error_list_at(&list, ERROR_IO, "f", 1, 1, "%d", i);
	assert_int_equal(list.count, ERROR_LIST_LIMIT);
	assert_int_equal(list.dropped, 7);
	assert_string_equal(list.items[ERROR_LIST_LIMIT - 1].message, "199");
	error_list_clear(&list);
	assert_int_equal(list.count + list.dropped, 0);
	error_list_sort(&list);
}

static void counts_what_there_was_no_memory_for(void **state)
{
	(void)state;
	_cleanup_(error_list_clear) struct error_list list = {0};
	mem_fail_from(1);
	error_list_at(&list, ERROR_IO, "f", 1, 1, "x");
	assert_true(mem_fail_never());
	assert_int_equal(list.count, 0);
	assert_int_equal(list.dropped, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_and_returns_minus_one),
		cmocka_unit_test(nobody_has_to_listen),
		cmocka_unit_test(cuts_long_texts),
		cmocka_unit_test(formats_what_is_known),
		cmocka_unit_test(sorts_by_place_and_keeps_the_order_of_equals),
		cmocka_unit_test(counts_what_is_past_the_limit),
		cmocka_unit_test(counts_what_there_was_no_memory_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
