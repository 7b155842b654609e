/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/gitconfig.h"
#include "base/mem.h"

struct row {
	const char *content;
	const char *value; /* of core.excludesfile; NULL: not there */
};

static const struct row ROWS[] = {
	{"", NULL},
	{"[core]\nexcludesfile = a", "a"},
	{"[core]\n\texcludesFile=a\n", "a"},
	{"[CORE]\n\tExcludesFile  =  a b  \n", "a b"},
	{"[core] excludesfile = a", "a"},
	{"\xEF\xBB\xBF[core]\nexcludesfile = a", "a"},
	{"[core]\r\nexcludesfile = a\r\n", "a"},
	{"[core]\nexcludesfile", "true"},
	{"[core]\nexcludesfile\n", "true"},
	{"[core]\nexcludesfile =\n", ""},
	{"[core]\nexcludesfile = a\nexcludesfile = b\n", "b"},
	{"[core]\nexcludesfile = a\n[other]\nexcludesfile = b\n[core]\nbare = true\n", "a"},
	{"[core]\nexcludesfile = a # b\n", "a"},
	{"[core]\nexcludesfile = a ; b\n", "a"},
	{"[core]\nexcludesfile = \"a # b\" c\n", "a # b c"},
	{"[core]\nexcludesfile = \" a \"  \n", " a "},
	{"[core]\nexcludesfile = a\\\n  b\n", "a  b"},
	{"[core]\nexcludesfile = a\\\r\nb\n", "ab"},
	{"[core]\nexcludesfile = \\\"a\\\\b\\tc\\nd\\b\n", "\"a\\b\tc\nd\b"},
	{"[core]\nexcludesfile = a\\", "a"},
	{"# [core]\nexcludesfile = a\n", NULL},
	{"; x\n[core] # y\nexcludesfile = a\n", "a"},
	{"[core \"sub\"]\nexcludesfile = a\n", NULL},
	{"[core \"a\\\"]\"]\nexcludesfile = a\n", NULL},
	{"[core.sub]\nexcludesfile = a\n", NULL},
	{"[core\nexcludesfile = a\n", NULL},
	{"[core]\n= x\n@\nexcludesfile = a\n", "a"},
	{"[core]\nexcludesfiles = a\n", NULL},
	{"excludesfile = a\n", NULL},
};

static void finds_the_last_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		_cleanup_(text_release) struct text value = {0};
		text_add(&value, STR("before"));
		bool found =
			gitconfig_find(str_of(ROWS[i].content), STR("core.excludesfile"), &value);
		const char *expected = ROWS[i].value ? ROWS[i].value : "before";
		if (found != (ROWS[i].value != NULL) || strcmp(value.at, expected) != 0)
			fail_msg("'%s' gives '%s'", ROWS[i].content, value.at);
	}
}

static void every_failing_allocation_is_told(void **state)
{
	(void)state;
	for (long nth = 1;; nth++) {
		_cleanup_(text_release) struct text value = {0};
		mem_fail_from(nth);
		gitconfig_find(STR("[core]\nexcludesfile = 0123456789\n"), STR("core.excludesfile"),
			       &value);
		bool failed = mem_fail_never();
		assert_int_equal(value.failed, failed);
		if (!failed)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_last_value),
		cmocka_unit_test(every_failing_allocation_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
