/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "scanned.h"

static void expect_in(const char *path, const char *source, const char *listing)
{
	scanned_expect(LANGUAGE_C, path, str_of(source), ";", listing);
}

static void expect(const char *source, const char *listing)
{
	expect_in("a.c", source, listing);
}

static void test_finds_includes(void **state)
{
	(void)state;
	expect("#include <stdio.h>\n#include \"a/b.h\"\n",
	       "1:11 include stdio.h;2:11 include a/b.h;");
	expect("  #  include\t\"a.h\"\n#import <b.h>\n#include_next <c.h>\n#include<d>",
	       "1:15 include a.h;2:10 include b.h;3:16 include c.h;4:10 include d;");
	expect("#include MACRO\n#include MACRO_(x)\n", "1:10 include MACRO;2:10 include MACRO_;");
	expect("%:include \"a.h\"\n %: include <b>\n", "1:12 include a.h;2:14 include b;");
	expect("#include <it's//a\"/*.h> // '\n#include \"b.h\" /*\n*/\n",
	       "1:11 include it's//a\"/*.h;2:11 include b.h;");
	expect("#ifdef A\n#include \"a\"\n#else\n#include \"b\"\n#endif\n",
	       "2:11 include a;4:11 include b;");
}

static void test_tells_forms_apart(void **state)
{
	(void)state;
	static const uint8_t FORMS[] = {INCLUDE_QUOTE,      INCLUDE_ANGLE, INCLUDE_QUOTE_NEXT,
					INCLUDE_ANGLE_NEXT, INCLUDE_MACRO, INCLUDE_MODULE};
	_cleanup_(scanned_release) struct scanned scanned = {0};
	scanned_make(&scanned, LANGUAGE_C, "a.cc",
		     STR("#include \"a\"\n#include <b>\n#include_next \"c\"\n#include_next <d>\n"
			 "#include E\nimport f;\n"));
	assert_int_equal(scanned.facts.reference_count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(scanned.facts.references[i].form, FORMS[i]);
}

static void test_takes_no_other_directive(void **state)
{
	(void)state;
	expect("#define A \"a.h\"\n#if __has_include(<b.h>)\n#pragma include \"c\"\n"
	       "#includes \"d\"\n#error #include \"e\"\n# \n#\n##include \"f\"\nx #include \"g\"\n",
	       "");
	expect("#include\n\"a\"\n#include 'b'\n#include \"c\n#include <d\n#include <>\n", "");
}

static void test_skips_comments(void **state)
{
	(void)state;
	expect("/* \n#include \"a\"\n*//*\n#include \"b\"\n**/\n#include \"c\"\n",
	       "6:11 include c;");
	expect("// \\\n#include \"a\"\n// \\ \r\n#include \"b\"\n//\n#include \"c\"\n",
	       "6:11 include c;");
	expect("/* x */ /* y\n*/ # /* z\n */ include /**/ <a.h>\nx /*\n*/ #include <b.h>\n",
	       "3:19 include a.h;");
	expect("/\\\n*\n#include \"a\"\n*/\n/\\\n/ \\\n#include \"b\"\n#include \"c\"\n",
	       "8:11 include c;");
	expect("a = b / *c;\n#include \"a\"\n/*\n#include \"b\"\n", "2:11 include a;");
}

static void test_skips_literals(void **state)
{
	(void)state;
	expect("char *s = \"/*\";\n#include \"a\"\nchar c = '\"';\n#include \"b\"\n",
	       "2:11 include a;4:11 include b;");
	expect("\"\\\"/*\" '\\'' '\\\\'\n#include \"a\"\n", "2:11 include a;");
	expect("\"x\\\n#include \\\"a\\\"\\\n\"\n#include \"b\"\n", "4:11 include b;");
	expect("#error don't /\n#include \"a\"\n\"open /*\n#include \"b\"\n",
	       "2:11 include a;4:11 include b;");
	expect("int x = 1'000'000 + 0xA'B; char c = u8'\"', d = L'\\'';\n#include \"a\"\n",
	       "2:11 include a;");
	expect("int x = 1'0; /* ' */\n#include \"a\"\n", "2:11 include a;");
}

static void test_skips_raw_strings(void **state)
{
	(void)state;
	expect("s = R\"(\n#include \"a\"\n\" )\";\n#include \"b\"\n", "4:11 include b;");
	expect("s = u8R\"x(\n)\"\n#include \"a\"\n)x\";\n#include \"b\"\n", "5:11 include b;");
	expect("s = FOOR\"(\n#include \"a\"\n", "2:11 include a;");
	expect("s = R\"no good(\n#include \"a\"\n", "2:11 include a;");
	expect("s = R\"(\n#include \"a\"\n", "");
}

static void test_follows_spliced_lines(void **state)
{
	(void)state;
	expect("#\\\ninclude \"a\"\n# include \\\r\n \"b\"\n", "2:10 include a;4:3 include b;");
	expect("x \\\n#include \"a\"\n \\\n \\\n#include \"b\"\n", "5:11 include b;");
}

static void test_skips_if_0(void **state)
{
	(void)state;
	expect("#if 0\n#include \"a\"\n#if 1\n#include \"b\"\n#else\n#include \"c\"\n#endif\n"
	       "#include \"d\"\n#endif\n#include \"e\"\n",
	       "10:11 include e;");
	expect("# if /* */ 0 // off\n#include \"a\"\n#else\n#include \"b\"\n#endif\n",
	       "4:11 include b;");
	expect("#if 0\n#include \"a\"\n#elif B\n#include \"b\"\n#else\n#include \"c\"\n#endif\n",
	       "4:11 include b;6:11 include c;");
	expect("#if 0\n/*\n#endif\n*/ \"\\\n#endif\" don't\n#include \"a\"\n#endif\n#include "
	       "\"b\"\n",
	       "8:11 include b;");
	expect("#if 0 || A\n#include \"a\"\n#endif\n#if 00\n#if 0x1\n#if 0.1\n#include \"b\"\n",
	       "2:11 include a;7:11 include b;");
	expect("#if 0\n#include \"a\"\n", "");
}

static void test_remembers_macros_for_headers(void **state)
{
	(void)state;
	static const char *const NAMES[] = {"A \"x/y.h\"", "B\t<vector>", "E \"e.h\""};
	_cleanup_(scanned_release) struct scanned scanned = {0};
	scanned_make(
		&scanned, LANGUAGE_C, "a.h",
		STR("#define A \"x/y.h\"\n # define B\t<vector> // b\n#define C \"%d.\"\n"
		    "#define D(x) \"d.h\"\n#define E \"e.h\" /* e */\n/*\n#define F \"f.h\"\n*/\n"
		    "#define G \"g.h\" \"h\"\n#define H \"no\"\n#define I <a b>\n"));
	assert_int_equal(scanned.facts.declaration_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(str_equal(scanned.facts.declarations[i].name, str_of(NAMES[i])));
}

static void test_finds_modules(void **state)
{
	(void)state;
	expect_in("a.cpp", "import <a.h>;\nimport \"b.h\";\nexport import c.d;\nimport e ;\n",
		  "1:9 import a.h;2:9 import b.h;3:15 import c.d;4:8 import e;");
	expect_in("a.cpp", "module;\n#include <x>\nmodule a.b;\nimport :p;\nimport std;\n",
		  "2:11 include x;3:8 import a.b;4:8 import a.b:p;5:8 import std;");
	expect_in("a.cpp", "export module a:p;\nimport :q;\nmodule :private;\n", "2:8 import a:q;");
	expect_in("a.cpp", "/*\nimport a;\n*/\n import b;\nimport(c);\nimport d\nimports e;\n", "");
	expect_in("a.c", "import a;\n", "");
}

static void test_tells_the_module(void **state)
{
	(void)state;
	_cleanup_(scanned_release) struct scanned scanned = {0};
	scanned_make(&scanned, LANGUAGE_C, "a.cpp", STR("export module a.b:p;\n"));
	assert_true(str_equal(scanned.facts.package, STR("a.b:p")));
	assert_int_equal(scanned.facts.declaration_count, 1);
}

static void test_survives_broken_source(void **state)
{
	(void)state;
	static const char *const SOURCES[] = {
		"",           "#",        "%:",         "#include",    "#include \"",
		"#include <", "/*",       "/",          "//",          "\"",
		"'",          "\\",       "R\"",        "R\"(",        "R\"x(y)x",
		"#if 0",      "#if",      "#define",    "#define A",   "#define A \"",
		"# /*",       "# /* */",  "#\\",        "1'",          "export",
		"import",     "import ",  "import a",   "import a.",   "module",
		"module a:",  "import <", "import :p;", "#include \\", "#endif\n#else",
	};
	for (size_t i = 0; i < sizeof SOURCES / sizeof *SOURCES; i++)
		expect_in("a.cc", SOURCES[i], "");
}

/* A scan that is not linear would not come to its end. */
static void test_is_linear(void **state)
{
	(void)state;
	static const char *const PIECES[] = {
		"#",       "# ",          "#/*",          "#/**/",      "#\\\n",       "\"",
		"'",       "1'",          "R\"(",         "R\"",        "\\",          "/",
		"/*/",     "#define A <", "#define A \"", "#include <", "#include \"", "#if 0\n",
		"#if 0/*", "a'",          "/**/#",        "\\ ",        "# /*\n",      "#\n/*",
		" ",       "import <",    "\nimport a.",  "\nmodule",
	};
	for (size_t i = 0; i < sizeof PIECES / sizeof *PIECES; i++) {
		_cleanup_(text_release) struct text source = {0};
		while (source.length < (1 << 19))
			text_add(&source, str_of(PIECES[i]));
		_cleanup_(scanned_release) struct scanned scanned = {0};
		scanned_make(&scanned, LANGUAGE_C, "a.cc", text_str(&source));
		assert_false(scanned.facts.failed);
	}
}

static void test_fails_cleanly_without_memory(void **state)
{
	(void)state;
	scanned_without_memory(LANGUAGE_C, "a.cc",
			       STR("#include A\n#define A \"a.h\"\nimport b;\n"
				   "export module c;\nimport :d;\n"),
			       3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_includes),
		cmocka_unit_test(test_tells_forms_apart),
		cmocka_unit_test(test_takes_no_other_directive),
		cmocka_unit_test(test_skips_comments),
		cmocka_unit_test(test_skips_literals),
		cmocka_unit_test(test_skips_raw_strings),
		cmocka_unit_test(test_follows_spliced_lines),
		cmocka_unit_test(test_skips_if_0),
		cmocka_unit_test(test_remembers_macros_for_headers),
		cmocka_unit_test(test_finds_modules),
		cmocka_unit_test(test_tells_the_module),
		cmocka_unit_test(test_survives_broken_source),
		cmocka_unit_test(test_is_linear),
		cmocka_unit_test(test_fails_cleanly_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
