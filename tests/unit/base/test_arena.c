/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/mem.h"

static void gives_zeroed_aligned_memory_of_any_size(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	for (size_t size = 0; size < 20000; size += 1 + size / 3) {
		unsigned char *memory = arena_alloc(&arena, size);
		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xAB, size);
	}
	assert_false(arena.failed);
}

static void pieces_do_not_overlap(void **state)
{
	(void)state;
	enum { PIECES = 3000 };
	_cleanup_(arena_release) struct arena arena = {0};
	unsigned char *pieces[PIECES];
	for (size_t i = 0; i < PIECES; i++) {
		size_t size = i * 7919 % 5000 + 1;
		pieces[i] = i % 2 ? arena_alloc(&arena, size)
				  : (unsigned char *)arena_bytes(&arena, size);
		memset(pieces[i], (int)(i % 251), size);
	}
	for (size_t i = 0; i < PIECES; i++)
		for (size_t at = 0; at < i * 7919 % 5000 + 1; at++)
			assert_int_equal(pieces[i][at], i % 251);
}

static void a_large_piece_may_come_first(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	unsigned char *large = arena_alloc(&arena, 100000);
	assert_non_null(large);
	memset(large, 0xAB, 100000);
	for (size_t i = 0; i < 1000; i++) {
		unsigned char *small = arena_alloc(&arena, 100);
		assert_non_null(small);
		assert_int_equal(small[0] + small[99], 0);
		memset(small, 0xCD, 100);
	}
	assert_int_equal(large[0], 0xAB);
	assert_int_equal(large[99999], 0xAB);
}

static void bytes_are_packed(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	char *first = arena_bytes(&arena, 3);
	assert_ptr_equal(arena_bytes(&arena, 1), first + 3);
}

static void nothing_is_still_an_address(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	assert_non_null(arena_alloc(&arena, 0));
	assert_non_null(arena_array(&arena, 0, 8));
	assert_non_null(arena_str(&arena, (struct str){0}).at);
}

static void refuses_sizes_that_overflow(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	assert_null(arena_array(&arena, SIZE_MAX / 8, 16));
	assert_true(arena.failed);
	arena_release(&arena);
	assert_false(arena.failed);
	assert_null(arena_alloc(&arena, SIZE_MAX - 3));
	assert_true(arena.failed);
}

static void copies_and_formats_texts(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	char source[] = "abcdef";
	struct str copy = arena_str(&arena, (struct str){source, 3});
	source[0] = 'x';
	assert_string_equal(copy.at, "abc");
	assert_int_equal(copy.length, 3);
	assert_string_equal(arena_format(&arena, "%s-%d", "a", 7), "a-7");
}

static void adopted_memory_lives_on(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena into = {0};
	struct arena from = {0}, empty = {0};
	const char *old = arena_format(&into, "old");
	arena_adopt(&into, &empty);
	const char *adopted = arena_format(&from, "adopted");
	char *large = arena_alloc(&from, 100000);
	arena_adopt(&into, &from);
	assert_null(from.blocks);
	assert_int_equal(from.used, 0);
	large[99999] = 'x';
	const char *young = arena_format(&into, "young");
	assert_string_equal(old, "old");
	assert_string_equal(adopted, "adopted");
	assert_string_equal(young, "young");
	arena_alloc(&from, 10);
	arena_release(&from);
}

static void an_empty_arena_adopts(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena into = {0};
	struct arena from = {0};
	char *first = arena_bytes(&from, 5);
	arena_adopt(&into, &from);
	assert_ptr_equal(arena_bytes(&into, 1), first + 5);
}

static void failure_is_adopted_too(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena into = {0};
	struct arena from = {0};
	mem_fail_from(1);
	assert_null(arena_alloc(&from, 1));
	mem_fail_never();
	arena_adopt(&into, &from);
	assert_true(into.failed);
	assert_false(from.failed);
}

static void use_everything(struct arena *arena)
{
	struct arena other = {0};
	arena_alloc(arena, 10);
	arena_alloc(arena, 100000);
	arena_str(arena, STR("text"));
	arena_format(arena, "%05000d", 1);
	arena_alloc(&other, 1);
	arena_adopt(arena, &other);
}

static void every_failing_allocation_is_told(void **state)
{
	(void)state;
	for (long nth = 1;; nth++) {
		_cleanup_(arena_release) struct arena arena = {0};
		mem_fail_from(nth);
		use_everything(&arena);
		bool failed = mem_fail_never();
		assert_int_equal(arena.failed, failed);
		if (!failed)
			break;
		assert_in_range(nth, 1, 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_aligned_memory_of_any_size),
		cmocka_unit_test(pieces_do_not_overlap),
		cmocka_unit_test(a_large_piece_may_come_first),
		cmocka_unit_test(bytes_are_packed),
		cmocka_unit_test(nothing_is_still_an_address),
		cmocka_unit_test(refuses_sizes_that_overflow),
		cmocka_unit_test(copies_and_formats_texts),
		cmocka_unit_test(adopted_memory_lives_on),
		cmocka_unit_test(an_empty_arena_adopts),
		cmocka_unit_test(failure_is_adopted_too),
		cmocka_unit_test(every_failing_allocation_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
