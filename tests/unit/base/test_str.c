/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/str.h"

static void assert_str(struct str text, const char *expected)
{
	assert_int_equal(text.length, strlen(expected));
	assert_memory_equal(text.at ? text.at : "", expected, text.length);
}

static void compares_by_bytes(void **state)
{
	(void)state;
	assert_true(str_equal(STR("a"), STR("a")));
	assert_true(str_equal((struct str){0}, STR("")));
	assert_false(str_equal(STR("a"), STR("ab")));
	assert_int_equal(str_compare(STR("a"), STR("a")), 0);
	assert_true(str_compare(STR("a"), STR("ab")) < 0);
	assert_true(str_compare(STR("b"), STR("ab")) > 0);
	assert_true(str_compare(STR("\xC3"), STR("a")) > 0);
	assert_true(str_compare((struct str){0}, STR("a")) < 0);
	assert_int_equal(str_compare((struct str){0}, STR("")), 0);
}

static void knows_its_ends(void **state)
{
	(void)state;
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(STR("abc"), (struct str){0}));
	assert_false(str_starts(STR("a"), STR("ab")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_false(str_ends(STR("c"), STR("bc")));
	assert_true(str_ends((struct str){0}, (struct str){0}));
}

static void cuts_within_bounds(void **state)
{
	(void)state;
	assert_str(str_from(STR("abc"), 1), "bc");
	assert_str(str_from(STR("abc"), 9), "");
	assert_str(str_first(STR("abc"), 2), "ab");
	assert_str(str_first(STR("abc"), 9), "abc");
	assert_str(str_of(NULL), "");
}

static void finds_bytes(void **state)
{
	(void)state;
	assert_int_equal(str_find(STR("a/b/c"), '/'), 1);
	assert_int_equal(str_find_last(STR("a/b/c"), '/'), 3);
	assert_int_equal(str_find(STR("abc"), '/'), -1);
	assert_int_equal(str_find_last((struct str){0}, '/'), -1);
	assert_int_equal(str_find((struct str){"a\0b", 3}, 'b'), 2);
}

static void trims_blanks(void **state)
{
	(void)state;
	assert_str(str_trim(STR(" \t\r\na b\n ")), "a b");
	assert_str(str_trim(STR(" \n")), "");
	assert_str(str_trim((struct str){0}), "");
}

static void splits_at_each_separator(void **state)
{
	(void)state;
	struct str rest = STR("a,,b"), part;
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "a");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "b");
	assert_false(str_split(&rest, ',', &part));
	rest = STR("a,");
	assert_true(str_split(&rest, ',', &part));
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "");
	assert_false(str_split(&rest, ',', &part));
}

static void counts_edits(void **state)
{
	(void)state;
	assert_int_equal(str_distance(STR("kitten"), STR("sitting"), 9), 3);
	assert_int_equal(str_distance(STR("ab"), STR("ba"), 9), 1);
	assert_int_equal(str_distance(STR("ca"), STR("abc"), 9), 3);
	assert_int_equal(str_distance(STR(""), STR("abc"), 9), 3);
	assert_int_equal(str_distance(STR("same"), STR("same"), 0), 0);
	assert_int_equal(str_distance(STR("abcdef"), STR("uvwxyz"), 2), 3);
}

static void long_texts_are_far_apart(void **state)
{
	(void)state;
	char text[66];
	memset(text, 'a', sizeof text);
	assert_int_equal(str_distance((struct str){text, 65}, (struct str){text, 65}, 3), 4);
	assert_int_equal(str_distance((struct str){text, 64}, (struct str){text, 64}, 3), 0);
}

/* The plain recursion over the same edits. */
static unsigned slow_distance(struct str a, struct str b)
{
	if (a.length == 0 || b.length == 0)
		return (unsigned)(a.length + b.length);
	struct str a_less = str_from(a, 1), b_less = str_from(b, 1);
	unsigned best = slow_distance(a_less, b_less) + (a.at[0] != b.at[0]);
	unsigned other = slow_distance(a_less, b) + 1;
	best = other < best ? other : best;
	other = slow_distance(a, b_less) + 1;
	best = other < best ? other : best;
	if (a.length > 1 && b.length > 1 && a.at[0] == b.at[1] && a.at[1] == b.at[0]) {
		other = slow_distance(str_from(a, 2), str_from(b, 2)) + 1;
		best = other < best ? other : best;
	}
	return best;
}

static void counts_as_the_plain_recursion_does(void **state)
{
	(void)state;
	uint32_t dice = 1;
	for (int round = 0; round < 3000; round++) {
		char bytes[2][6];
		struct str texts[2];
		for (int i = 0; i < 2; i++) {
			for (int at = 0; at < 6; at++) {
				dice = dice * 1103515245 + 12345;
				bytes[i][at] = (char)('a' + (dice >> 16) % 3);
			}
			texts[i] = (struct str){bytes[i], (dice >> 20) % 7};
		}
		assert_int_equal(str_distance(texts[0], texts[1], 20),
				 slow_distance(texts[0], texts[1]));
	}
}

static void suggests_what_is_near_enough(void **state)
{
	(void)state;
	const struct str NAMES[] = {STR("billing"), STR("identity"), STR("orders"), STR("api")};
	assert_str(str_nearest(STR("biling"), NAMES, 4), "billing");
	assert_str(str_nearest(STR("oredrs"), NAMES, 4), "orders");
	assert_str(str_nearest(STR("apo"), NAMES, 4), "api");
	assert_str(str_nearest(STR("payments"), NAMES, 4), "");
	assert_str(str_nearest(STR("identity"), NAMES, 4), "identity");
	assert_str(str_nearest(STR("x"), NAMES, 0), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_by_bytes),
		cmocka_unit_test(knows_its_ends),
		cmocka_unit_test(cuts_within_bounds),
		cmocka_unit_test(finds_bytes),
		cmocka_unit_test(trims_blanks),
		cmocka_unit_test(splits_at_each_separator),
		cmocka_unit_test(counts_edits),
		cmocka_unit_test(long_texts_are_far_apart),
		cmocka_unit_test(counts_as_the_plain_recursion_does),
		cmocka_unit_test(suggests_what_is_near_enough),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
