/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"

static void grows_and_stays_terminated(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text text = {0};
	assert_string_equal(text_str(&text).at, "");
	text_add(&text, STR("ab"));
	text_add_byte(&text, 'c');
	text_add(&text, (struct str){0});
	text_addf(&text, "%d%s", 12, "x");
	assert_string_equal(text.at, "abc12x");
	for (int i = 0; i < 10000; i++)
		text_addf(&text, "%s", "0123456789");
	assert_int_equal(text.length, 100006);
	assert_int_equal(text.at[text.length], '\0');
}

static void is_used_again_after_clear(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text text = {0};
	text_clear(&text);
	text_add(&text, STR("abc"));
	char *memory = text.at;
	text.failed = true;
	text_clear(&text);
	assert_false(text.failed);
	assert_string_equal(text.at, "");
	text_add(&text, STR("d"));
	assert_ptr_equal(text.at, memory);
	assert_string_equal(text.at, "d");
}

static void keeps_bytes_of_any_kind(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text text = {0};
	text_add(&text, (struct str){"a\0b", 3});
	assert_int_equal(text.length, 3);
	assert_memory_equal(text.at, "a\0b", 4);
}

struct escape {
	const char *in;
	const char *json;
	const char *xml;
};

static const struct escape ESCAPES[] = {
	{"plain", "\"plain\"", "plain"},
	{"", "\"\"", ""},
	{"a\"b\\c", "\"a\\\"b\\\\c\"", "a&quot;b\\c"},
	{"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"", "\xEF\xBF\xBD\xEF\xBF\xBD\n\r\t"},
	{"\x01\x1F\x7F", "\"\\u0001\\u001f\\u007f\"", "\xEF\xBF\xBD\xEF\xBF\xBD\x7F"},
	{"<a & 'b'>", "\"<a & 'b'>\"", "&lt;a &amp; &#39;b&#39;&gt;"},
	{"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
	 "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
	{"a\xFF\xC3", "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
	{"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"",
	 "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
	{"\xEF\xBF\xBE", "\"\xEF\xBF\xBE\"", "\xEF\xBF\xBD"},
	{"\xEF\xBF\xBF", "\"\xEF\xBF\xBF\"", "\xEF\xBF\xBD"},
};

static void escapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ESCAPES / sizeof *ESCAPES; i++) {
		_cleanup_(text_release) struct text json = {0};
		_cleanup_(text_release) struct text xml = {0};
		text_add_json(&json, str_of(ESCAPES[i].in));
		text_add_xml(&xml, str_of(ESCAPES[i].in));
		assert_string_equal(json.at, ESCAPES[i].json);
		assert_string_equal(text_str(&xml).at, ESCAPES[i].xml);
	}
}

static void escapes_a_nul(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text text = {0};
	text_add_json(&text, (struct str){"\0", 1});
	text_add_xml(&text, (struct str){"\0", 1});
	assert_string_equal(text.at, "\"\\u0000\"\xEF\xBF\xBD");
}

static void add_of_every_kind(struct text *text)
{
	text_add(text, STR("abc"));
	text_add_json(text, STR("a\"\n\x01\xFF"));
	text_add_xml(text, STR("a<b&\xFF"));
	text_addf(text, "%0500d", 1);
	text_add_byte(text, 'x');
}

static void every_failing_allocation_is_told(void **state)
{
	(void)state;
	for (long nth = 1;; nth++) {
		_cleanup_(text_release) struct text text = {0};
		mem_fail_from(nth);
		add_of_every_kind(&text);
		bool failed = mem_fail_never();
		assert_int_equal(text.failed, failed);
		size_t length = text.length;
		text_add(&text, STR("more"));
		assert_int_equal(text.length, failed ? length : length + 4);
		if (!failed)
			break;
		assert_in_range(nth, 1, 20);
	}
}

static void refuses_a_length_that_overflows(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text text = {0};
	text_add(&text, (struct str){"", SIZE_MAX - 1});
	assert_true(text.failed);
	assert_int_equal(text.length, 0);
}

static void test_counts(void **state)
{
	_cleanup_(text_release) struct text text = {0};
	(void)state;
	text_add_count(&text, 0, "line");
	text_add(&text, STR(", "));
	text_add_count(&text, 1, "line");
	text_add(&text, STR(", "));
	text_add_count(&text, 999, "line");
	text_add(&text, STR(", "));
	text_add_count(&text, 1000, "line");
	text_add(&text, STR(", "));
	text_add_number(&text, UINT64_MAX);
	assert_string_equal(text.at, "0 lines, 1 line, 999 lines, 1,000 lines, "
				     "18,446,744,073,709,551,615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(grows_and_stays_terminated),
		cmocka_unit_test(is_used_again_after_clear),
		cmocka_unit_test(keeps_bytes_of_any_kind),
		cmocka_unit_test(escapes),
		cmocka_unit_test(escapes_a_nul),
		cmocka_unit_test(every_failing_allocation_is_told),
		cmocka_unit_test(refuses_a_length_that_overflows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
