/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "manifest/gomod.h"

static const char WHOLE[] = "// Deprecated: x\n"
			    "module example.com/a // b\n"
			    "go 1.22\n"
			    "toolchain go1.23.0\n"
			    "require x.org/one v1.0.0\n"
			    "require (\r\n"
			    "\tx.org/two v1.0.0 // indirect\r\n"
			    "\n"
			    "\t\"x.org/three\" `v2.0.0`\n"
			    ")\n"
			    "retract [v1.0.0, v1.1.0] // oops\n"
			    "exclude (\n\tx.org/one v0.9.0\n)\n"
			    "replace x.org/one => ../one\n"
			    "replace (\n"
			    "\tx.org/two v1.0.0 => ./two\n"
			    "\tx.org/three => y.org/three v3.0.0\n"
			    "\tx.org/four => y.org/four\n"
			    ")\n"
			    "use (\n./a\n)\n"
			    "use ./b\n"
			    "use (\n\t.\n\t./c\n)\n"
			    "later and (unknown)\n"
			    "empty ( )\n";

struct parsed {
	struct gomod mod;
	struct error_list problems;
};

static void parsed_release(struct parsed *parsed)
{
	gomod_release(&parsed->mod);
	error_list_clear(&parsed->problems);
}

static void parse(struct parsed *parsed, const char *content)
{
	struct error error;
	assert_int_equal(
		gomod_parse(str_of(content), "go.mod", &parsed->problems, &parsed->mod, &error), 0);
}

static void assert_str(struct str found, const char *wanted)
{
	assert_true(str_equal(found, str_of(wanted)));
}

static void test_reads_all_directives(void **state)
{
	(void)state;
	_cleanup_(parsed_release) struct parsed parsed = {0};
	parse(&parsed, WHOLE);
	assert_int_equal(parsed.problems.count, 0);
	assert_str(parsed.mod.module, "example.com/a");
	assert_int_equal(parsed.mod.module_line, 2);
	assert_int_equal(parsed.mod.require_count, 3);
	assert_str(parsed.mod.requires[1].path, "x.org/two");
	assert_str(parsed.mod.requires[2].path, "x.org/three");
	assert_int_equal(parsed.mod.requires[2].line, 9);
	assert_int_equal(parsed.mod.replace_count, 4);
	assert_str(parsed.mod.replaces[1].with, "./two");
	assert_true(parsed.mod.replaces[1].with_is_folder);
	assert_str(parsed.mod.replaces[2].with, "y.org/three");
	assert_false(parsed.mod.replaces[2].with_is_folder);
	assert_false(parsed.mod.replaces[3].with_is_folder);
}

static void test_reads_uses(void **state)
{
	(void)state;
	_cleanup_(parsed_release) struct parsed parsed = {0};
	parse(&parsed, "go 1.22\nuse ./b\nuse (\n\t.\n\t./c // d\n)\n");
	assert_int_equal(parsed.mod.use_count, 3);
	assert_str(parsed.mod.uses[0].folder, "./b");
	assert_str(parsed.mod.uses[1].folder, ".");
	assert_str(parsed.mod.uses[2].folder, "./c");
	assert_int_equal(parsed.mod.uses[2].line, 5);
	assert_int_equal(parsed.mod.uses[2].column, 2);
}

static void test_tells_what_it_cannot_read(void **state)
{
	static const struct {
		const char *content;
		uint32_t line;
		uint32_t column;
	} CASES[] = {
		{"\nmodule\n", 2, 1},
		{"module a b\n", 1, 1},
		{"module a\nmodule b\n", 2, 8},
		{"require a\n", 1, 9},
		{"require (\n\ta v1 x\n)\n", 2, 2},
		{"replace a b\n", 1, 9},
		{"replace a =>\n", 1, 9},
		{"replace a => b c d\n", 1, 9},
		{"replace a v1 b ../c\n", 1, 9},
		{"replace => ../c\n", 1, 9},
		{"use a b\n", 1, 5},
		{"go 1\n  require (\na v1\n", 2, 3},
	};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		_cleanup_(parsed_release) struct parsed parsed = {0};
		parse(&parsed, CASES[i].content);
		assert_int_equal(parsed.problems.count, 1);
		assert_int_equal(parsed.problems.items[0].line, CASES[i].line);
		assert_int_equal(parsed.problems.items[0].column, CASES[i].column);
		assert_string_equal(parsed.problems.items[0].file, "go.mod");
	}
}

static void test_fails_cleanly_without_memory(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		_cleanup_(parsed_release) struct parsed parsed = {0};
		struct error error = {0};
		mem_fail_from(n);
		int result =
			gomod_parse(str_of(WHOLE), "go.mod", &parsed.problems, &parsed.mod, &error);
		if (!mem_fail_never()) {
			assert_int_equal(result, 0);
			break;
		}
		assert_int_equal(result, -1);
		assert_int_equal(error.code, ERROR_MEMORY);
		assert_null(parsed.mod.requires);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_all_directives),
		cmocka_unit_test(test_reads_uses),
		cmocka_unit_test(test_tells_what_it_cannot_read),
		cmocka_unit_test(test_fails_cleanly_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
