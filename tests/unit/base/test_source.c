/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/source.h"

struct place {
	char root[32];
	char path[64];
};

static struct place write_file(const char *content)
{
	struct place place = {.root = "/tmp/ashlar-source-XXXXXX"};
	struct error error;
	assert_non_null(mkdtemp(place.root));
	snprintf(place.path, sizeof place.path, "%s/a", place.root);
	assert_int_equal(0, file_write(place.path, str_of(content), &error));
	return place;
}

static void remove_file(const struct place *place)
{
	assert_int_equal(0, unlink(place->path));
	assert_int_equal(0, rmdir(place->root));
}

static void check_line(struct source *source, uint32_t number, const char *expected)
{
	struct str line;
	bool there = source_line(source, STR("a"), number, &line);
	assert_int_equal(expected != NULL, there);
	if (expected)
		assert_true(str_equal(str_of(expected), line));
}

static void finds_lines_by_number(void **state)
{
	(void)state;
	struct place place = write_file("one\ntwo\r\n\nlast");
	_cleanup_(source_release) struct source source = {.root = place.root};
	struct str line;
	check_line(&source, 4, "last");
	check_line(&source, 1, "one");
	check_line(&source, 2, "two");
	check_line(&source, 3, "");
	check_line(&source, 0, NULL);
	check_line(&source, 5, NULL);
	assert_false(source_line(&source, STR("missing"), 1, &line));
	check_line(&source, 1, "one");
	remove_file(&place);
}

static void has_no_line_after_the_last_newline(void **state)
{
	(void)state;
	struct place place = write_file("one\n");
	_cleanup_(source_release) struct source source = {.root = place.root};
	check_line(&source, 1, "one");
	check_line(&source, 2, NULL);
	remove_file(&place);
}

static void says_when_memory_ran_out(void **state)
{
	(void)state;
	struct place place = write_file("one\ntwo\n");
	for (long nth = 1;; nth++) {
		_cleanup_(source_release) struct source source = {.root = place.root};
		struct str line;
		mem_fail_from(nth);
		bool there = source_line(&source, STR("a"), 2, &line);
		if (!mem_fail_never()) {
			assert_true(there);
			break;
		}
		assert_false(there);
		assert_true(source.failed);
	}
	remove_file(&place);
}

static void matches_what_stands_on_the_line(void **state)
{
	(void)state;
	struct str line = STR("from orders.api import place, \xC3\xA9t\xC3\xA9");
	assert_int_equal(10, source_match(line, 6, STR("orders.api.place")));
	assert_int_equal(6, source_match(line, 6, STR("orders")));
	assert_int_equal(3, source_match(line, 31, STR("\xC3\xA9t\xC3\xA9")));
	assert_int_equal(1, source_match(line, 33, STR("\xC3\xA9t\xC3\xA9")));
	assert_int_equal(0, source_match(line, 6, STR("billing")));
	assert_int_equal(0, source_match(line, 0, STR("from")));
	assert_int_equal(0, source_match(line, 4000000000u, STR("from")));
	assert_int_equal(0, source_match(line, 500, STR("from")));
	assert_int_equal(0, source_match(STR(""), 1, STR("from")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_lines_by_number),
		cmocka_unit_test(has_no_line_after_the_last_newline),
		cmocka_unit_test(says_when_memory_ran_out),
		cmocka_unit_test(matches_what_stands_on_the_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
