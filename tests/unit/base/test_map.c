/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/map.h"

static void an_empty_map_has_nothing(void **state)
{
	(void)state;
	_cleanup_(map_release) struct map map = {0};
	assert_int_equal(map_get(&map, STR("a")), MAP_NONE);
	assert_int_equal(map_get(&map, (struct str){0}), MAP_NONE);
	map_release(&map);
}

static void puts_and_replaces(void **state)
{
	(void)state;
	_cleanup_(map_release) struct map map = {0};
	assert_true(map_put(&map, STR("a"), 1));
	assert_true(map_put(&map, STR("b"), 2));
	assert_true(map_put(&map, STR("a"), 3));
	assert_int_equal(map_get(&map, STR("a")), 3);
	assert_int_equal(map_get(&map, STR("b")), 2);
	assert_int_equal(map_get(&map, STR("c")), MAP_NONE);
	assert_int_equal(map.count, 2);
	assert_int_equal(map_get_or_put(&map, STR("a"), 9), 3);
	assert_int_equal(map_get_or_put(&map, STR("c"), 9), 9);
	assert_int_equal(map_get(&map, STR("c")), 9);
}

static void empty_and_binary_keys_are_keys(void **state)
{
	(void)state;
	_cleanup_(map_release) struct map map = {0};
	assert_true(map_put(&map, (struct str){0}, 0));
	assert_int_equal(map_get(&map, STR("")), 0);
	assert_true(map_put(&map, (struct str){"\0", 1}, 1));
	assert_true(map_put(&map, (struct str){"\0\0", 2}, 2));
	assert_int_equal(map_get(&map, (struct str){"\0", 1}), 1);
	assert_int_equal(map_get(&map, (struct str){"\0\0", 2}), 2);
	assert_int_equal(map_get(&map, STR("")), 0);
}

static void reserves_room(void **state)
{
	(void)state;
	static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz";
	_cleanup_(map_release) struct map map = {0};
	assert_true(map_put(&map, (struct str){LETTERS, 1}, 0));
	assert_true(map_reserve(&map, 26));
	mem_fail_from(1);
	for (uint32_t i = 1; i < 26; i++)
		assert_true(map_put(&map, (struct str){LETTERS + i, 1}, i));
	assert_true(map_reserve(&map, 26));
	assert_false(map_reserve(&map, 1000));
	assert_true(mem_fail_never());
	for (uint32_t i = 0; i < 26; i++)
		assert_int_equal(map_get(&map, (struct str){LETTERS + i, 1}), i);
}

static void holds_many(void **state)
{
	(void)state;
	enum { KEYS = 20000 };
	static char names[KEYS][12];
	_cleanup_(map_release) struct map map = {0};
	for (uint32_t i = 0; i < KEYS; i++) {
		snprintf(names[i], sizeof names[i], "key%u", i);
		assert_int_equal(map_get_or_put(&map, str_of(names[i]), i), i);
	}
	for (uint32_t i = 0; i < KEYS; i++) {
		assert_int_equal(map_get(&map, str_of(names[i])), i);
		names[i][0] = 'K';
		assert_int_equal(map_get(&map, str_of(names[i])), MAP_NONE);
		names[i][0] = 'k';
	}
	assert_int_equal(map.count, KEYS);
}

static void a_failing_allocation_changes_nothing(void **state)
{
	(void)state;
	_cleanup_(map_release) struct map map = {0};
	char names[100][8];
	mem_fail_from(1);
	assert_false(map_put(&map, STR("a"), 1));
	assert_int_equal(map_get_or_put(&map, STR("a"), 1), MAP_NONE);
	assert_int_equal(map.count, 0);
	mem_fail_never();
	uint32_t kept = 0;
	for (uint32_t i = 0; i < 100; i++) {
		snprintf(names[i], sizeof names[i], "k%u", i);
		mem_fail_from(1);
		bool done = map_put(&map, str_of(names[i]), i);
		bool failed = mem_fail_never();
		assert_int_equal(done, !failed);
		assert_int_equal(map_get(&map, str_of(names[i])), done ? i : MAP_NONE);
		if (failed)
			assert_true(map_put(&map, str_of(names[i]), i));
		assert_int_equal(map.count, ++kept);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_has_nothing),
		cmocka_unit_test(puts_and_replaces),
		cmocka_unit_test(empty_and_binary_keys_are_keys),
		cmocka_unit_test(reserves_room),
		cmocka_unit_test(holds_many),
		cmocka_unit_test(a_failing_allocation_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
