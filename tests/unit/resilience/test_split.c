/* SPDX-License-Identifier: Apache-2.0 */
/* Shares over a million keys: as large as they say, and nested. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "resilience/split.h"

enum { KEYS = 1000000, KEY_SIZE = 48 };

static uint32_t slots[SPLIT_ALL];

static struct str key_of(char out[KEY_SIZE], int form, int number)
{
	static const char *const FORMS[] = {"%d", "customer-%08d", "%032x", "%d@example.org"};
	snprintf(out, KEY_SIZE, FORMS[form], (unsigned)number);
	return str_of(out);
}

static void fill(int form)
{
	char text[KEY_SIZE];
	for (int i = 0; i < SPLIT_ALL; i++)
		slots[i] = 0;
	for (int i = 0; i < KEYS; i++)
		slots[split_slot(key_of(text, form, i))]++;
}

/* Five standard deviations: one in a million comparisons is beyond, and the keys are fixed. */
static void a_share_is_within_sampling_error(void **state)
{
	(void)state;
	for (int form = 0; form < 4; form++) {
		uint32_t taken = 0;
		fill(form);
		for (int share = 0; share <= SPLIT_ALL; share++) {
			double part = (double)share / SPLIT_ALL;
			double off = taken - part * KEYS;
			assert_true(off * off <= 25 * KEYS * part * (1 - part) + 1e-6);
			taken += share < SPLIT_ALL ? slots[share] : 0;
		}
		assert_int_equal(taken, KEYS);
	}
}

static void who_was_taken_is_taken_when_the_share_grows(void **state)
{
	(void)state;
	struct split split;
	char text[KEY_SIZE];
	split_init(&split, 0);
	for (int i = 0; i < 1000; i++) {
		struct str key = key_of(text, 1, i);
		bool taken = false;
		for (uint32_t share = 0; share <= SPLIT_ALL; share += 20) {
			split_turn(&split, share);
			assert_true(split_takes(&split, key) >= taken);
			taken = split_takes(&split, key);
		}
		assert_true(taken);
		split_turn(&split, 0);
		assert_false(split_takes(&split, key));
	}
}

/* Shares are kept, and processes of two versions run beside each other. The numbers are from the
 * Python package xxhash. */
static void a_key_keeps_its_slot(void **state)
{
	(void)state;
	char longer[300];
	for (size_t i = 0; i < sizeof longer; i++)
		longer[i] = 'x';
	assert_int_equal(split_slot(STR("customer-1")), 8956);
	assert_int_equal(split_slot(STR("")), 3138);
	assert_int_equal(split_slot((struct str){longer, sizeof longer}), 9492);
}

static void the_dial_ends_at_all(void **state)
{
	(void)state;
	struct split split;
	split_init(&split, 20000);
	assert_int_equal(split_share(&split), SPLIT_ALL);
	assert_int_equal(split_turn(&split, 7), SPLIT_ALL);
	assert_int_equal(split_turn(&split, UINT32_MAX), 7);
	assert_int_equal(split_share(&split), SPLIT_ALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_is_within_sampling_error),
		cmocka_unit_test(who_was_taken_is_taken_when_the_share_grows),
		cmocka_unit_test(a_key_keeps_its_slot),
		cmocka_unit_test(the_dial_ends_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
