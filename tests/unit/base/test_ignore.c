/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/ignore.h"
#include "base/mem.h"

struct row {
	const char *lines;
	const char *path; /* a folder has '/' behind it */
	enum ignore_verdict verdict;
};

static const struct row ROWS[] = {
	{"", "a", IGNORE_SILENT},
	{"a", "a", IGNORE_YES},
	{"a", "x/a", IGNORE_YES},
	{"a", "x/a/", IGNORE_YES},
	{"a", "a/x", IGNORE_SILENT},
	{"/a", "a", IGNORE_YES},
	{"/a", "x/a", IGNORE_SILENT},
	{"x/a", "x/a", IGNORE_YES},
	{"x/a", "y/x/a", IGNORE_SILENT},
	{"a/", "a/", IGNORE_YES},
	{"a/", "a", IGNORE_SILENT},
	{"a/", "x/a/", IGNORE_YES},
	{"x/a/", "y/x/a/", IGNORE_SILENT},
	{"**/x/a/", "y/x/a/", IGNORE_YES},
	{"*.o", "x/a.o", IGNORE_YES},
	{"*.o", ".o", IGNORE_YES},
	{"*.o", "x.o/a", IGNORE_SILENT},
	{"*.tar.*", "a.tar.gz", IGNORE_YES},
	{"a*", "x/ab", IGNORE_YES},
	{"/*.c", "a.c", IGNORE_YES},
	{"/*.c", "x/a.c", IGNORE_SILENT},
	{"x/*", "x/a/b", IGNORE_SILENT},
	{"x/**", "x/a/b", IGNORE_YES},
	{"x/**/b", "x/b", IGNORE_YES},
	{"*.o\n!keep.o", "keep.o", IGNORE_NO},
	{"!keep.o\n*.o", "keep.o", IGNORE_YES},
	{"!a", "a", IGNORE_NO},
	{"!!a", "!a", IGNORE_NO},
	{"\\!a", "!a", IGNORE_YES},
	{"#a", "#a", IGNORE_SILENT},
	{"\\#a", "#a", IGNORE_YES},
	{" #a", " #a", IGNORE_YES},
	{"a  ", "a", IGNORE_YES},
	{"a\\ ", "a ", IGNORE_YES},
	{"a\\  ", "a ", IGNORE_YES},
	{"a \\ b", "a  b", IGNORE_YES},
	{"a\t", "a", IGNORE_SILENT},
	{"a\t", "a\t", IGNORE_YES},
	{"a\r\nb\r\n", "a", IGNORE_YES},
	{"a\r\nb\r", "b", IGNORE_YES},
	{"a\n\n\nb", "b", IGNORE_YES},
	{"\xEF\xBB\xBF"
	 "a",
	 "a", IGNORE_YES},
	{"a\\", "a", IGNORE_SILENT},
	{"a\\", "a\\", IGNORE_SILENT},
	{"/", "a", IGNORE_SILENT},
	{"//", "a", IGNORE_SILENT},
	{"!", "a", IGNORE_SILENT},
	{"\\*", "*", IGNORE_YES},
	{"\\*", "a", IGNORE_SILENT},
	{"[ab]", "x/b", IGNORE_YES},
	{"**", "x/a", IGNORE_YES},
	{"**/", "x/a", IGNORE_SILENT},
	{"**/", "x/a/", IGNORE_YES},
	{"**a", "x/ba", IGNORE_YES},
	/* What git does and its page does not tell: the bytes before a wildcard go first. */
	{"foo**/bar", "foo/x/bar", IGNORE_YES},
	{"foo**/bar", "foobar", IGNORE_YES},
};

static void reads_lines_as_git_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		_cleanup_(arena_release) struct arena arena = {0};
		struct ignore_file file = ignore_parse(str_of(ROWS[i].lines), &arena);
		struct str path = str_of(ROWS[i].path);
		bool is_folder = str_ends(path, STR("/"));
		path.length -= is_folder;
		if (ignore_match(&file, path, is_folder) != ROWS[i].verdict)
			fail_msg("'%s' on '%s'", ROWS[i].lines, ROWS[i].path);
	}
}

static void a_nul_ends_a_line(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	struct ignore_file file = ignore_parse((struct str){"a\0b\nc", 5}, &arena);
	assert_int_equal(file.count, 2);
	assert_int_equal(ignore_match(&file, STR("a"), false), IGNORE_YES);
	assert_int_equal(ignore_match(&file, STR("c"), false), IGNORE_YES);
}

static void a_pattern_that_is_too_long_is_skipped(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	static char line[IGNORE_PATTERN_LIMIT + 2];
	memset(line, 'a', sizeof line);
	struct str text = {line, IGNORE_PATTERN_LIMIT};
	assert_int_equal(ignore_parse(text, &arena).count, 1);
	text.length++;
	assert_int_equal(ignore_parse(text, &arena).count, 0);
}

static void the_text_need_not_live_on(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	char lines[] = "a*c\nb";
	struct ignore_file file = ignore_parse(str_of(lines), &arena);
	memset(lines, 'x', sizeof lines - 1);
	assert_int_equal(ignore_match(&file, STR("abc"), false), IGNORE_YES);
	assert_int_equal(ignore_match(&file, STR("b"), false), IGNORE_YES);
}

static void the_nearest_file_that_speaks_decides(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	const struct ignore_chain *top = ignore_chain_add(NULL, STR("*.o\n/x/y\n"), 0, &arena);
	const struct ignore_chain *below = ignore_chain_add(top, STR("!keep.o\n/y"), 2, &arena);
	assert_true(ignore_chain_match(top, STR("x/keep.o"), false));
	assert_false(ignore_chain_match(below, STR("x/keep.o"), false));
	assert_true(ignore_chain_match(below, STR("x/a.o"), false));
	assert_true(ignore_chain_match(below, STR("x/y"), true));
	assert_false(ignore_chain_match(below, STR("x/z"), false));
	assert_false(ignore_chain_match(NULL, STR("a"), false));
}

static void every_failing_allocation_is_told(void **state)
{
	(void)state;
	static char lines[100000];
	memset(lines, '\n', sizeof lines);
	lines[sizeof lines - 1] = 'a';
	for (long nth = 1;; nth++) {
		_cleanup_(arena_release) struct arena arena = {0};
		mem_fail_from(nth);
		const struct ignore_chain *chain =
			ignore_chain_add(NULL, (struct str){lines, sizeof lines}, 0, &arena);
		bool failed = mem_fail_never();
		assert_int_equal(chain == NULL, failed);
		assert_int_equal(arena.failed, failed);
		if (!failed)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lines_as_git_does),
		cmocka_unit_test(a_nul_ends_a_line),
		cmocka_unit_test(a_pattern_that_is_too_long_is_skipped),
		cmocka_unit_test(the_text_need_not_live_on),
		cmocka_unit_test(the_nearest_file_that_speaks_decides),
		cmocka_unit_test(every_failing_allocation_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
