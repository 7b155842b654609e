/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "scanned.h"

static void expect(const char *source, const char *listing)
{
	scanned_expect(LANGUAGE_GO, "a.go", str_of(source), ";", listing);
}

static void test_finds_imports(void **state)
{
	(void)state;
	expect("package a\nimport \"fmt\"\n", "2:9 import fmt;");
	expect("package a\n\nimport (\n\t\"fmt\"\n\t. \"x.org/y\"\n\t_ \"z\"\n\tq \"r/s\"\n)\n",
	       "4:3 import fmt;5:5 import x.org/y;6:5 import z;7:5 import r/s;");
	expect("package a; import `raw`; import ( \"b\"; \"c\" )\nimport()\n",
	       "1:20 import raw;1:36 import b;1:41 import c;");
	expect("package a\nimport (\"C\")\nimport q\"d\"\n", "2:10 import C;3:10 import d;");
}

static void test_skips_comments(void **state)
{
	(void)state;
	expect("// package x\n/* import \"no\" **/ //go:build a\npackage /* y */ a // \"b\"\n"
	       "/*\n#include <stdio.h>\n*/\nimport \"C\"\n// import \"no\"\n"
	       "import /* \"no\" */ \"d\"\nimport ( // \"no\"\n /* x */ \"e\" /* \"no\" */\n)\n",
	       "7:9 import C;9:20 import d;11:11 import e;");
}

static void test_stops_after_imports(void **state)
{
	(void)state;
	expect("package a\nimport \"b\"\nvar x = `\nimport \"c\"\n`\n", "2:9 import b;");
	expect("package a\nimportant \"b\"\n", "");
	expect("package a\nfunc f() {}\nimport \"b\"\n", "");
}

static void test_decodes_escapes(void **state)
{
	(void)state;
	expect("package a\nimport \"\\x66\\u006d\\164/\\U0001F600\"\n",
	       "2:9 import fmt/\xF0\x9F\x98\x80;");
	expect("package a\nimport \"\\q\"\n", "2:9 import \\q;");
	expect("package a\nimport \"a\\\"b\"\n", "2:9 import a\"b;");
}

static void test_survives_broken_source(void **state)
{
	(void)state;
	static const char *const NOTHING[] = {
		"",
		"package",
		"package ",
		"package 1",
		"package a\nimport",
		"package a\nimport \"",
		"package a\nimport `b",
		"package a\nimport \"b\nimport \"c\\",
		"package a\nimport (",
		"package a\nimport (\n1\n)))",
		"package a /*",
		"package a /* *",
		"import \"b\"\n",
		"packages a\nimport \"b\"\n",
	};
	for (size_t i = 0; i < sizeof NOTHING / sizeof *NOTHING; i++)
		expect(NOTHING[i], "");
	expect("package a\nimport (\n%%\n\"b\"\n\"c\n\"d\"", "4:2 import b;6:2 import d;");
}

static void test_takes_zero_bytes_as_part_of_the_file(void **state)
{
	(void)state;
	_cleanup_(scanned_release) struct scanned scanned = {0};
	scanned_make(&scanned, LANGUAGE_GO, "a.go",
		     STR("package a\nimport \"b\0c\"\nimport \"d\"\n"));
	assert_int_equal(scanned.facts.reference_count, 2);
	assert_int_equal(scanned.facts.references[0].target_length, 3);
	assert_int_equal(scanned.facts.references[1].line, 3);
}

static void test_tells_the_package(void **state)
{
	(void)state;
	_cleanup_(scanned_release) struct scanned scanned = {0};
	scanned_make(&scanned, LANGUAGE_GO, "a.go",
		     STR("\xEF\xBB\xBF// Doc.\npackage \xC3\xA9t\xC3\xA9_test\n"));
	assert_true(str_equal(scanned.facts.package, STR("\xC3\xA9t\xC3\xA9_test")));
	assert_int_equal(scanned.facts.lines, 2);
}

static void test_fails_cleanly_without_memory(void **state)
{
	(void)state;
	scanned_without_memory(LANGUAGE_GO, "a.go", STR("package a\nimport (\n\"b\"\n\"c\"\n)\n"),
			       2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_imports),
		cmocka_unit_test(test_skips_comments),
		cmocka_unit_test(test_stops_after_imports),
		cmocka_unit_test(test_decodes_escapes),
		cmocka_unit_test(test_survives_broken_source),
		cmocka_unit_test(test_takes_zero_bytes_as_part_of_the_file),
		cmocka_unit_test(test_tells_the_package),
		cmocka_unit_test(test_fails_cleanly_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
