/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/wide.h"

static void expect_as_one_by_one(struct str bytes)
{
	size_t newlines = 0;
	bool has_high = false;
	for (size_t i = 0; i < bytes.length; i++) {
		newlines += bytes.at[i] == '\n';
		has_high = has_high || (unsigned char)bytes.at[i] > 0x7F;
	}
	for (int wide = 0; wide < 2; wide++) {
		wide_allow(wide);
		struct bytes_survey survey = bytes_survey(bytes);
		assert_int_equal(survey.newlines, newlines);
		assert_int_equal(survey.has_high, has_high);
	}
}

static void finds_one_byte_anywhere(void **state)
{
	(void)state;
	static const char BYTES[] = {'\n', '\x80', '\xFF', '\x7F', '\x8A', '\0'};
	char text[100];
	for (size_t i = 0; i < sizeof BYTES; i++)
		for (size_t length = 0; length < sizeof text; length++)
			for (size_t at = 0; at < length; at++) {
				memset(text, 'a', sizeof text);
				text[at] = BYTES[i];
				expect_as_one_by_one((struct str){text, length});
				expect_as_one_by_one((struct str){text, at});
			}
}

/* Longer than what the lanes hold before they must be emptied. */
static void counts_nothing_but_newlines(void **state)
{
	(void)state;
	enum { SIZE = 3 * 255 * 32 + 77 };
	_cleanup_(mem_freep) char *text = mem_alloc(SIZE);
	assert_non_null(text);
	memset(text, '\n', SIZE);
	for (size_t length = SIZE - 100; length <= SIZE; length++)
		assert_int_equal(bytes_survey((struct str){text, length}).newlines, length);
}

static void agrees_on_bytes_at_random(void **state)
{
	(void)state;
	enum { SIZE = 20000, ROUNDS = 300 };
	_cleanup_(mem_freep) char *text = mem_alloc(SIZE);
	assert_non_null(text);
	uint32_t random = 1;
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t most = round % 3 == 0 ? 256 : 16;
		for (size_t i = 0; i < SIZE; i++) {
			random = random * 1664525 + 1013904223;
			text[i] = (char)((random >> 16) % most);
		}
		size_t from = random % 64;
		expect_as_one_by_one((struct str){text + from, SIZE - from - (random >> 8) % 9000});
	}
}

static void takes_nothing(void **state)
{
	(void)state;
	expect_as_one_by_one((struct str){"", 0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_one_byte_anywhere),
		cmocka_unit_test(counts_nothing_but_newlines),
		cmocka_unit_test(agrees_on_bytes_at_random),
		cmocka_unit_test(takes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
