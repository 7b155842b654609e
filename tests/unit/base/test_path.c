/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/path.h"

static void assert_str(struct str text, const char *expected)
{
	assert_int_equal(text.length, strlen(expected));
	assert_memory_equal(text.at, expected, text.length);
}

static void takes_paths_apart(void **state)
{
	(void)state;
	assert_str(path_folder(STR("a/b/c.d")), "a/b");
	assert_str(path_folder(STR("c.d")), "");
	assert_str(path_folder(STR("")), "");
	assert_str(path_name(STR("a/b/c.d")), "c.d");
	assert_str(path_name(STR("c")), "c");
	assert_str(path_extension(STR("a.b/c.tar.gz")), "gz");
	assert_str(path_extension(STR("a.b/c")), "");
	assert_str(path_extension(STR(".bashrc")), "");
	assert_str(path_extension(STR("a/.x.y")), "y");
	assert_str(path_extension(STR("a.")), "");
}

struct resolution {
	const char *folder;
	const char *relative;
	const char *expected; /* NULL: leaves the root */
};

static const struct resolution RESOLUTIONS[] = {
	{"a/b", "c", "a/b/c"},
	{"a/b", "./c/./d", "a/b/c/d"},
	{"a/b", "../c", "a/c"},
	{"a/b", "../../c", "c"},
	{"a/b", "../..", ""},
	{"a/b", "../../..", NULL},
	{"a/b", "c/../../../../d", NULL},
	{"", "a", "a"},
	{"", "..", NULL},
	{"", "", ""},
	{"a/b", "", "a/b"},
	{"a/b", "/c", "c"},
	{"a/b", "/", ""},
	{"a/b", "/../c", NULL},
	{"a/b", "c//d/", "a/b/c/d"},
	{"a/./b//", "c", "a/b/c"},
	{"a/../b", "c", "b/c"},
	{"a", "...", "a/..."},
	{"a", "..b/.c", "a/..b/.c"},
};

static void resolves(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof RESOLUTIONS / sizeof *RESOLUTIONS; i++) {
		char buffer[PATH_LIMIT];
		struct str out = STR("untouched");
		const struct resolution *row = &RESOLUTIONS[i];
		bool done = path_resolve(str_of(row->folder), str_of(row->relative), buffer, &out);
		assert_int_equal(done, row->expected != NULL);
		assert_str(out, row->expected ? row->expected : "untouched");
		if (done)
			assert_int_equal(out.at[out.length], '\0');
	}
}

static void refuses_what_is_too_long(void **state)
{
	(void)state;
	char buffer[PATH_LIMIT];
	static char name[2 * PATH_LIMIT];
	struct str out;
	memset(name, 'a', sizeof name);
	for (size_t length = PATH_LIMIT - 5; length < PATH_LIMIT + 5; length++) {
		bool fits = path_resolve(STR(""), (struct str){name, length}, buffer, &out);
		assert_int_equal(fits, length + 2 <= PATH_LIMIT);
		if (fits)
			assert_int_equal(out.length, length);
		if (fits && path_resolve(STR("b"), (struct str){name, length}, buffer, &out))
			assert_true(out.length < PATH_LIMIT);
	}
	assert_false(path_resolve((struct str){name, sizeof name}, STR("a"), buffer, &out));
}

static void knows_what_is_within(void **state)
{
	(void)state;
	assert_true(path_is_within(STR("a/b"), STR("a")));
	assert_true(path_is_within(STR("a"), STR("a")));
	assert_true(path_is_within(STR("a"), STR("")));
	assert_true(path_is_within(STR(""), STR("")));
	assert_false(path_is_within(STR("ab"), STR("a")));
	assert_false(path_is_within(STR("a"), STR("a/b")));
	assert_false(path_is_within(STR(""), STR("a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_paths_apart),
		cmocka_unit_test(resolves),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(knows_what_is_within),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
