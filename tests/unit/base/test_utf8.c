/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/utf8.h"

/* Encodes as RFC 3629 does, and longer forms of it on demand. */
static size_t encode(uint32_t point, size_t length, unsigned char *out)
{
	static const unsigned char LEADS[] = {0, 0, 0xC0, 0xE0, 0xF0};
	if (length == 1) {
		out[0] = (unsigned char)point;
		return 1;
	}
	for (size_t i = length - 1; i > 0; i--) {
		out[i] = (unsigned char)(0x80 | (point & 0x3F));
		point >>= 6;
	}
	out[0] = (unsigned char)(LEADS[length] | point);
	return length;
}

static size_t shortest(uint32_t point)
{
	return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

static void takes_every_code_point_in_its_shortest_form_only(void **state)
{
	(void)state;
	for (uint32_t point = 0; point < 0x1FFFFF; point++) {
		bool allowed = point <= 0x10FFFF && !(point >= 0xD800 && point <= 0xDFFF);
		for (size_t length = shortest(point); length <= 4; length++) {
			unsigned char bytes[4];
			struct str text = {(const char *)bytes, encode(point, length, bytes)};
			bool good = allowed && length == shortest(point);
			if (utf8_length(text) != (good ? length : 0) || utf8_valid(text) != good)
				fail_msg("U+%04X in %zu bytes", point, length);
			if (utf8_length(str_first(text, length - 1)) != 0)
				fail_msg("U+%04X cut off", point);
		}
	}
}

static void refuses_stray_bytes(void **state)
{
	(void)state;
	for (int byte = 0x80; byte < 0x100; byte++) {
		char bytes[5] = {(char)byte, 'a', 'a', 'a', 0};
		assert_int_equal(utf8_length((struct str){bytes, 4}), 0);
		assert_false(utf8_valid((struct str){bytes, 4}));
	}
}

static void finds_one_bad_byte_anywhere(void **state)
{
	(void)state;
	char text[40];
	for (size_t length = 1; length < sizeof text; length++)
		for (size_t at = 0; at < length; at++) {
			memset(text, 'a', sizeof text);
			assert_true(utf8_valid((struct str){text, length}));
			text[at] = '\xFF';
			assert_false(utf8_valid((struct str){text, length}));
			if (at + 1 >= length)
				continue;
			text[at] = '\xC3';
			text[at + 1] = '\xA9';
			assert_true(utf8_valid((struct str){text, length}));
		}
}

static void counts_characters(void **state)
{
	(void)state;
	assert_int_equal(utf8_count(STR("")), 0);
	assert_int_equal(utf8_count(STR("abc")), 3);
	assert_int_equal(utf8_count(STR("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80")), 3);
	assert_int_equal(utf8_length((struct str){0}), 0);
	assert_true(utf8_valid((struct str){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_every_code_point_in_its_shortest_form_only),
		cmocka_unit_test(refuses_stray_bytes),
		cmocka_unit_test(finds_one_bad_byte_anywhere),
		cmocka_unit_test(counts_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
