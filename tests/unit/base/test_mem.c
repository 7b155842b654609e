/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <malloc.h>
#include <string.h>

#include "base/crew.h"
#include "base/mem.h"

static void memory_is_zeroed(void **state)
{
	(void)state;
	_cleanup_(mem_freep) char *memory = mem_alloc(1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(memory[i], 0);
	_cleanup_(mem_freep) void *nothing = mem_alloc(0);
	assert_non_null(nothing);
	mem_free(NULL);
}

static void copies_are_terminated(void **state)
{
	(void)state;
	_cleanup_(mem_freep) char *copy = mem_copy("abcdef", 3);
	assert_string_equal(copy, "abc");
	_cleanup_(mem_freep) char *empty = mem_copy(NULL, 0);
	assert_string_equal(empty, "");
}

/* Whether it has pages of its own; `*known` is false under an allocator that does not say so. */
static bool has_pages(size_t size, bool *known)
{
	size_t before = mallinfo2().hblks;
	_cleanup_(mem_freep) char *block = mem_alloc(size);
	assert_non_null(block);
	size_t after = mallinfo2().hblks;
	*known = mallinfo2().arena > 0 && after >= before;
	return after > before;
}

/* Freeing a large block makes glibc keep all that are smaller, unless it is told not to. */
static void large_blocks_go_back(void **state)
{
	bool known;
	(void)state;
	bool had = has_pages((size_t)8 << 20, &known);
	if (!known || !had)
		skip();
	mem_keep_little();
	assert_true(has_pages((size_t)4 << 20, &known));
	assert_true(has_pages((size_t)8 << 20, &known));
	assert_true(has_pages((size_t)512 << 10, &known));
	assert_false(has_pages((size_t)64 << 10, &known));
}

static void arrays_grow_by_doubling(void **state)
{
	(void)state;
	_cleanup_(mem_freep) int *items = NULL;
	size_t capacity = 0, grown = 0;
	for (size_t i = 0; i < 10000; i++) {
		size_t before = capacity;
		assert_true(mem_reserve(&items, &capacity, i + 1, sizeof *items));
		grown += capacity != before;
		items[i] = (int)i;
	}
	assert_in_range(grown, 1, 14);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(items[i], i);
}

static void arrays_that_overflow_are_refused(void **state)
{
	(void)state;
	_cleanup_(mem_freep) int *items = NULL;
	size_t capacity = 0;
	assert_false(mem_reserve(&items, &capacity, SIZE_MAX / 2, sizeof *items));
	assert_null(items);
	assert_int_equal(capacity, 0);
}

static void the_nth_and_all_after_it_fail(void **state)
{
	(void)state;
	for (long nth = 1; nth < 5; nth++) {
		mem_fail_from(nth);
		for (long i = 1; i < 8; i++) {
			_cleanup_(mem_freep) void *memory = mem_alloc(1);
			assert_int_equal(memory != NULL, i < nth);
		}
		assert_true(mem_fail_never());
	}
	mem_fail_from(2);
	_cleanup_(mem_freep) void *memory = mem_alloc(1);
	assert_non_null(memory);
	assert_false(mem_fail_never());
}

static void a_failed_growth_changes_nothing(void **state)
{
	(void)state;
	_cleanup_(mem_freep) int *items = NULL;
	size_t capacity = 0;
	assert_true(mem_reserve(&items, &capacity, 1, sizeof *items));
	items[0] = 7;
	size_t before = capacity;
	mem_fail_from(1);
	assert_false(mem_reserve(&items, &capacity, before + 1, sizeof *items));
	assert_true(mem_fail_never());
	assert_int_equal(capacity, before);
	assert_int_equal(items[0], 7);
}

static void allocate_much(void *context, unsigned worker)
{
	size_t *given = (size_t *)context + worker;
	for (int i = 0; i < 1000; i++) {
		void *memory = mem_alloc(1);
		*given += memory != NULL;
		mem_free(memory);
	}
}

static void threads_count_together(void **state)
{
	(void)state;
	size_t given[4] = {0};
	mem_fail_from(1501);
	crew_run(4, allocate_much, given);
	assert_true(mem_fail_never());
	assert_int_equal(given[0] + given[1] + given[2] + given[3], 1500);
}

static void what_is_taken_is_not_freed(void **state)
{
	(void)state;
	char *kept;
	{
		_cleanup_(mem_freep) char *owned = mem_copy("abc", 3);
		kept = take(owned);
		assert_null(owned);
	}
	assert_string_equal(kept, "abc");
	mem_free(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed),
		cmocka_unit_test(copies_are_terminated),
		cmocka_unit_test(large_blocks_go_back),
		cmocka_unit_test(arrays_grow_by_doubling),
		cmocka_unit_test(arrays_that_overflow_are_refused),
		cmocka_unit_test(the_nth_and_all_after_it_fail),
		cmocka_unit_test(a_failed_growth_changes_nothing),
		cmocka_unit_test(threads_count_together),
		cmocka_unit_test(what_is_taken_is_not_freed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
