/* SPDX-License-Identifier: Apache-2.0 */
/* Base64: RFC 4648's vectors, both alphabets, all lengths back and forth, what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/base64.h"
#include "base/mem.h"

static void vectors(void **state)
{
	(void)state;
	static const char *const CASES[][2] = {{"", ""},
					       {"f", "Zg=="},
					       {"fo", "Zm8="},
					       {"foo", "Zm9v"},
					       {"foob", "Zm9vYg=="},
					       {"fooba", "Zm9vYmE="},
					       {"foobar", "Zm9vYmFy"}};
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		_cleanup_(text_release) struct text text = {0};
		uint8_t bytes[16];
		size_t length;
		text_add_base64(&text, str_of(CASES[i][0]), true);
		assert_string_equal(text_str(&text).at, CASES[i][1]);
		assert_true(base64_decode(str_of(CASES[i][1]), bytes, &length));
		assert_int_equal(length, strlen(CASES[i][0]));
		assert_memory_equal(bytes, CASES[i][0], length);
	}
}

static void all_lengths(void **state)
{
	(void)state;
	char bytes[300];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 151 + 7);
	for (size_t length = 0; length < sizeof bytes; length++) {
		for (int padded = 0; padded < 2; padded++) {
			_cleanup_(text_release) struct text text = {0};
			uint8_t *back = malloc(base64_most(length * 4 / 3 + 4));
			size_t back_length;
			text_add_base64(&text, (struct str){bytes, length}, padded);
			for (size_t i = 0; padded == 0 && i < text.length; i++)
				text.at[i] = text.at[i] == '+'   ? '-'
					     : text.at[i] == '/' ? '_'
								 : text.at[i];
			assert_true(base64_decode(text_str(&text), back, &back_length));
			assert_int_equal(back_length, length);
			assert_memory_equal(back, bytes, length);
			free(back);
		}
	}
}

static void no_base64(void **state)
{
	(void)state;
	static const char *const CASES[] = {
		"=",    "a",    "a===", "aa=",  "aa===", "aaaa=", "aaaa====", "a=aa",
		"aa=a", "aa a", "aa\n", "ab==", "aab=",  "ab",    "a*aa",     "\303\244aa"};
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		uint8_t bytes[32];
		size_t length;
		assert_false(base64_decode(str_of(CASES[i]), bytes, &length));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(all_lengths),
		cmocka_unit_test(no_base64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
