/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts that are too large, too deep or too many, and memory that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "fixture.h"

static struct fixture fixture;

static int tear_down(void **state)
{
	(void)state;
	mem_fail_never();
	fixture_release(&fixture);
	return 0;
}

static void assert_errors(const char *wanted)
{
	_cleanup_(text_release) struct text errors = {0};
	assert_int_equal(fixture.result, 0);
	fixture_errors(&fixture, &errors);
	assert_string_equal(text_str(&errors).at, wanted);
}

static void repeat(struct text *out, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		text_add(out, str_of(text));
}

static void a_file_over_the_size_limit_is_told(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text large = {0};
	repeat(&large, "# 0123456789abc\n", CONTRACT_SIZE_LIMIT / 16);
	text_add_byte(&large, '\n');
	fixture_add(&fixture, "ashlar.yaml", text_str(&large));
	fixture_load(&fixture);
	assert_errors("ashlar.yaml: is larger than 1048576 bytes\n");
	assert_true(fixture.contracts.found);
}

static void deep_nesting_is_refused(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text deep = {0};
	text_addf(&deep, "version: 1\nmodules: ");
	repeat(&deep, "[", 300000);
	fixture_add(&fixture, "ashlar.yaml", text_str(&deep));
	fixture_load(&fixture);
	assert_errors("ashlar.yaml:2:41: is nested more than 32 levels deep\n");
}

static void an_alias_bomb_stays_small(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text bomb = {0};
	text_addf(&bomb, "version: 1\nl0: &l0 [x]\n");
	for (int i = 1; i <= 30; i++)
		text_addf(&bomb, "l%d: &l%d [*l%d, *l%d, *l%d]\n", i, i, i - 1, i - 1, i - 1);
	fixture_add(&fixture, "ashlar.yaml", text_str(&bomb));
	fixture_load(&fixture);
	assert_int_equal(fixture.result, 0);
	assert_int_equal(fixture.errors.count, 31 + 31 + 90);
	assert_true(fixture.contracts.arena.used < 1 << 20);
}

static double cpu_seconds(void)
{
	struct timespec used;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* Loads lists of `count` words and as many unknown keys. Returns the seconds it took. */
static double load_many(int count)
{
	_cleanup_(text_release) struct text list = {0};
	_cleanup_(text_release) struct text keys = {0};
	text_addf(&list, "version: 1\nexclude: [");
	for (int i = 0; i < count; i++)
		text_addf(&list, "x%d,", i);
	text_addf(&list, "x7]\nmodules: [\"*\"]\n");
	for (int i = 0; i < count; i++)
		text_addf(&keys, "k%d: 1\n", i);
	text_addf(&keys, "k7: 1\nmodule: a\n");
	fixture_add(&fixture, "ashlar.yaml", text_str(&list));
	fixture_add(&fixture, "a/module.yaml", text_str(&keys));
	double start = cpu_seconds();
	fixture_load(&fixture);
	double used = cpu_seconds() - start;
	assert_int_equal(fixture.result, 0);
	assert_int_equal(fixture.contracts.exclude.count, count);
	assert_int_equal(fixture.errors.count, ERROR_LIST_LIMIT);
	assert_int_equal(fixture.errors.dropped, count + 2 - ERROR_LIST_LIMIT);
	fixture_release(&fixture);
	return used;
}

/* Ten times as much takes some ten times as long, where a search in pairs takes a hundred. */
static void long_lists_and_mappings_are_read_in_linear_time(void **state)
{
	(void)state;
	double small = 0, large = 0;
	load_many(5000);
	for (int i = 0; i < 3; i++) { /* the least: others may be on the processor, too */
		double time = load_many(5000);
		small = i == 0 || time < small ? time : small;
		time = load_many(50000);
		large = i == 0 || time < large ? time : large;
	}
	assert_true(large < 40 * small);
}

/* With more errors than are kept, those that are kept must not depend on the threads. */
static void errors_are_the_same_in_every_run(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text first = {0};
	fixture_write(&fixture, "== ashlar.yaml\nversion: 1\nmodules: [\"*\"]\n");
	for (int i = 0; i < 300; i++) {
		char path[32], content[100];
		snprintf(path, sizeof path, "m%03d/module.yaml", i);
		snprintf(content, sizeof content, "module: m%03d\na: 1\nb: 2\n", i);
		fixture_add(&fixture, path, str_of(content));
	}
	fixture_load(&fixture);
	assert_int_equal(fixture.errors.count, ERROR_LIST_LIMIT);
	assert_int_equal(fixture.errors.dropped, 600 - ERROR_LIST_LIMIT);
	fixture_errors(&fixture, &first);
	for (int i = 0; i < 10; i++) {
		fixture_load(&fixture);
		assert_errors(text_str(&first).at);
	}
}

static void too_many_patterns_are_told(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text root = {0};
	text_addf(&root, "version: 1\nmodules: [");
	for (int i = 0; i <= CONTRACT_PATTERN_LIMIT; i++)
		text_addf(&root, "%s\"a/*%d\"", i ? "," : "", i);
	text_addf(&root, "]\n");
	fixture_add(&fixture, "ashlar.yaml", text_str(&root));
	fixture_load(&fixture);
	assert_int_equal(fixture.result, 0);
	assert_int_equal(fixture.errors.items[0].line, 2);
	bool told = false;
	for (size_t i = 0; i < fixture.errors.count; i++)
		told |= fixture.errors.items[i].code == ERROR_LIMIT;
	assert_true(told);
}

static const char FAULTY[] =
	"== ashlar.yaml\n"
	"version: 1\n"
	"modules: [\"src/*\", x]\n"
	"layers: [edge, {name: domain}]\n"
	"outside: [none]\n"
	"languages: {python: {roots: [src]}, c: {includes: [src], compile_commands: none}}\n"
	"forbidden: [{from: [a], to: [b]}]\n"
	"independent: [{modules: [a, b]}]\n"
	"== src/a/module.yaml\n"
	"module: a\n"
	"layer: domian\n"
	"depends_on: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r]\n"
	"public: [x/, \"y*\"]\n"
	"roots: [tests/a]\n"
	"data: {owns: [t, u.v]}\n"
	"ports: [p]\n"
	"events: {publishes: [e], subscribes: [f]}\n"
	"exceptions: [{rule: layer, to: b, reason: x, owner: y, until: 2027-01-01}]\n"
	"k1: 1\nk2: 2\nk3: 1\nk4: 2\nk5: 1\nk6: 2\nk7: 1\nk8: 2\nk1: 3\n"
	"== src/b/module.yaml\n"
	"module: b\n"
	"roots: [tests]\n"
	"data: {owns: [u]}\n"
	"depends_on: [\n"
	"== tests/a/t.py\n";

/* Every allocation fails once, and all after it: either all went well, or the failure is
 * told; and nothing leaks (which the sanitizers see). */
static void memory_may_run_out_anywhere(void **state)
{
	(void)state;
	long nth = 1;
	bool failed = true;
	fixture_write(&fixture, FAULTY);
	for (; failed; nth++) {
		mem_fail_from(nth);
		fixture_load(&fixture);
		failed = mem_fail_never();
		if (fixture.result < 0) {
			assert_true(failed);
			assert_int_equal(fixture.error.code, ERROR_MEMORY);
		} else if (failed) {
			/* Only the list of errors may have got shorter. */
			assert_true(fixture.errors.dropped > 0);
		}
	}
	assert_int_equal(fixture.result, 0);
	assert_true(nth > 50);
	assert_true(fixture.errors.count > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_file_over_the_size_limit_is_told, tear_down),
		cmocka_unit_test_teardown(deep_nesting_is_refused, tear_down),
		cmocka_unit_test_teardown(an_alias_bomb_stays_small, tear_down),
		cmocka_unit_test_teardown(long_lists_and_mappings_are_read_in_linear_time,
					  tear_down),
		cmocka_unit_test_teardown(errors_are_the_same_in_every_run, tear_down),
		cmocka_unit_test_teardown(too_many_patterns_are_told, tear_down),
		cmocka_unit_test_teardown(memory_may_run_out_anywhere, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
