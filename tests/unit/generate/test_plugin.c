/* SPDX-License-Identifier: Apache-2.0 */
/* The plug-in as protoc runs it, over requests that were recorded: bytes that are no request, and
 * memory that runs out at every allocation. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "generate/plugin.h"

static void read_request(struct text *out)
{
	struct error error;
	assert_int_equal(file_read(REQUEST, (size_t)1 << 20, out, &error), 0);
	assert_int_equal(chdir(SHOP), 0);
}

static void files_are_made(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text request = {0}, response = {0};
	struct error error;
	read_request(&request);
	assert_int_equal(plugin_answer(text_str(&request), &response, &error), 0);
	assert_non_null(memmem(response.at, response.length, "billing.module.c", 16));
	assert_non_null(memmem(response.at, response.length, "billing_publish_charged", 23));
}

static void bytes_that_are_no_request(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text request = {0}, response = {0};
	struct error error;
	read_request(&request);
	assert_int_equal(plugin_answer(STR("\xFF\xFF"), &response, &error), -1);
	assert_int_equal(error.code, ERROR_SYNTAX);
	/* Cut off anywhere it is refused, or asks for less. */
	for (size_t length = 0; length < request.length; length += 7) {
		text_clear(&response);
		if (plugin_answer((struct str){request.at, length}, &response, &error) < 0)
			assert_int_equal(error.code, ERROR_SYNTAX);
	}
}

static void memory_may_run_out(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text request = {0};
	read_request(&request);
	for (long n = 1;; n++) {
		_cleanup_(text_release) struct text response = {0};
		struct error error = {0};
		mem_fail_from(n);
		int result = plugin_answer(text_str(&request), &response, &error);
		if (!mem_fail_never()) {
			assert_int_equal(result, 0);
			assert_non_null(memmem(response.at, response.length, "billing.port.h", 14));
			assert_true(n > 20);
			break;
		}
		if (result == 0) /* a suggestion, or the text of an error, was lost */
			assert_null(memmem(response.at, response.length, "billing.port.h", 14));
		else
			assert_int_equal(error.code, ERROR_MEMORY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_made),
		cmocka_unit_test(bytes_that_are_no_request),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
