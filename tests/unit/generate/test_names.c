/* SPDX-License-Identifier: Apache-2.0 */
/* Names in C. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "generate/names.h"

static struct arena arena;

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void as_protoc_gen_c_has_them(void **state)
{
	(void)state;
	assert_string_equal(name_of_type(&arena, "billing.v1.ChargeRequest"),
			    "Billing__V1__ChargeRequest");
	assert_string_equal(name_of_type(&arena, "a_b.c_d"), "AB__CD");
	assert_string_equal(name_of_descriptor(&arena, "billing.v1.HTTPGet2.LinesEntry"),
			    "billing__v1__httpget2__lines_entry");
	assert_string_equal(name_of_values(&arena, "billing.v1.StateOf"), "BILLING__V1__STATE_OF");
}

static void in_snake_and_camel(void **state)
{
	(void)state;
	static const char *const CASES[][2] = {
		{"OrderPlaced", "order_placed"},
		{"HTTPGet", "http_get"},
		{"GetURL", "get_url"},
		{"A", "a"},
		{"AB", "ab"},
		{"get", "get"},
		{"Reset2Zero", "reset2_zero"},
		{"V2Get", "v2_get"},
		{"Get_It", "get_it"},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
		assert_string_equal(name_in_snake(&arena, str_of(CASES[i][0])), CASES[i][1]);
	assert_string_equal(name_in_camel(&arena, STR("order_placed_2x")), "OrderPlaced2x");
	assert_string_equal(name_in_capitals(&arena, STR("a_b2")), "A_B2");
}

static void of_packages(void **state)
{
	(void)state;
	static const char *const CASES[][3] = {
		{"billing", "billing", "billing"},
		{"billing.v1", "billing", "billing"},
		{"acme.shop.billing.v1", "billing", "billing"},
		{"billing.v2", "billing", "billing_v2"},
		{"acme.billing.v1beta1", "billing", "billing_v1beta1"},
		{"acme.billing", "billing", "billing"},
		{"v1", "v1", "v1"},
		{"acme.vat", "vat", "vat"},
		{"", "", ""},
	};
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		assert_true(str_equal(package_word(str_of(CASES[i][0])), str_of(CASES[i][1])));
		assert_string_equal(name_of_package(&arena, str_of(CASES[i][0])), CASES[i][2]);
	}
}

static void words(void **state)
{
	(void)state;
	assert_true(is_word_of_c("while"));
	assert_true(is_word_of_c("alignas"));
	assert_false(is_word_of_c("delete"));
	assert_false(is_word_of_c(""));
	assert_true(is_identifier(STR("a_1B")));
	assert_false(is_identifier(STR("1a")));
	assert_false(is_identifier(STR("a-b")));
	assert_false(is_identifier(STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(as_protoc_gen_c_has_them, tear_down),
		cmocka_unit_test_teardown(in_snake_and_camel, tear_down),
		cmocka_unit_test_teardown(of_packages, tear_down),
		cmocka_unit_test(words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
