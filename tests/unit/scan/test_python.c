/* SPDX-License-Identifier: Apache-2.0 */
/* What Python's scanner finds: each case is a source and the references in it, one a line,
 * as LINE:COLUMN KIND TARGET. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "scanned.h"

static void check_as(const char *path, struct str source, const char *expected)
{
	scanned_expect(LANGUAGE_PYTHON, path, source, "\n", expected);
}

static void check(const char *source, const char *expected)
{
	check_as("a.py", str_of(source), expected);
}

static void finds_plain_imports(void **state)
{
	(void)state;
	check("import a", "1:8 import a\n");
	check("import a.b, c as d ,e\n", "1:8 import a.b\n1:13 import c\n1:21 import e\n");
	check("import a . b\\\n . c\n", "1:8 import a.b.c\n");
	check("import \\\n  a\n", "2:3 import a\n");
	check("x = 1; import a; import b\n", "1:15 import a\n1:25 import b\n");
	check("if x: import a\nelse:\timport b\n", "1:14 import a\n2:14 import b\n");
	check("\fimport a\n", "1:9 import a\n");
	check("\xEF\xBB\xBFimport a\n", "1:8 import a\n");
	check("import \xC3\xA9t\xC3\xA9.a, b\n", "1:8 import \xC3\xA9t\xC3\xA9.a\n1:15 import b\n");
}

static void finds_from_imports(void **state)
{
	(void)state;
	check("from a.b import c, d as e\n", "1:6 import a.b.c\n1:6 import a.b.d\n");
	check("from . import x\nfrom ..p import q\nfrom.a import b\nfrom ... import(c)\n",
	      "1:6 import .x\n2:6 import ..p.q\n3:5 import .a.b\n4:6 import ...c\n");
	check("from a import *\nfrom .import*\n", "1:6 import a.*\n2:6 import .*\n");
	check("from a import (  # one (\n\tb as c, # two\n\n\td,\n)\nimport e\n",
	      "1:6 import a.b\n1:6 import a.d\n6:8 import e\n");
	check("from a \\\n  import b, \\\n  c\n", "1:6 import a.b\n1:6 import a.c\n");
	check("from \\\n  a . b import c\n", "2:3 import a.b.c\n");
	check("from template import simple, imp\nfrom importlib import a\n",
	      "1:6 import template.simple\n1:6 import template.imp\n2:6 import importlib.a\n");
}

static void passes_over_other_words(void **state)
{
	(void)state;
	check("important = 1\nx.import_ = 2\nreimport = a_import b\n", "");
	check("def f():\n  yield from x\n  raise X from y\n", "");
	check("# import a\nx = 'import b' # import c\n'''\nimport d\n'''\n", "");
	check("%timeit import a\n!from b import c\nimport d\n", "3:8 import d\n");
	check("import", "");
	check("from a import", "");
	check("from a b import c\nfrom import d\n", "");
}

static void passes_over_strings(void **state)
{
	(void)state;
	check("'\\\\'\nimport a\n", "2:8 import a\n");
	check("'\\'\nimport a'\nimport b\n", "2:8 import a\n3:8 import b\n");
	check("'a\\\nimport a'\nimport b\n", "3:8 import b\n");
	check("'a\\\r\nimport a'\r\nimport b\r\n", "3:8 import b\n");
	check("'''\\'''\nimport a\n'''\nimport b\n", "4:8 import b\n");
	check("\"\"\"a\"\"\nimport a\"\"\"\nimport b\n", "3:8 import b\n");
	check("r'\\'\nimport a\n", "2:8 import a\n");
	check("''\nimport a\n''\n", "2:8 import a\n");
	check("print 'it', `a`\nimport a\n", "2:8 import a\n");
	check("!echo don't\nimport a\n", "2:8 import a\n");
}

static void passes_over_formatted_strings(void **state)
{
	(void)state;
	check("f'{x['a']}'\nimport a\n", "2:8 import a\n");
	check("f'{x!r:{w}}'; rf\"{'\"'}\"\nimport a\n", "2:8 import a\n");
	check("f'{{'\nimport a\n", "2:8 import a\n");
	check("f'{f\"{f'{1}'}\"}'\nimport a\n", "2:8 import a\n");
	check("f'{\n x # '\n}'\nimport a\n", "4:8 import a\n");
	check("f'{d:%H\"%M}'\nimport a\n", "2:8 import a\n");
	check("f'{a[1:2]}{lambda: '}'}'\nimport a\n", "2:8 import a\n");
	check("f'\\N{DASH}\\{x}'\nimport a\n", "2:8 import a\n");
	check("t'''{x}\nimport a\n'''\nimport b\n", "4:8 import b\n");
	check("f''\nFR''''''\nimport a\n", "3:8 import a\n");
	check("f'{__import__(\"a\").b}{import_module('c')}'\n", "1:16 dynamic a\n1:38 dynamic c\n");
	check("f'{\nimport a\nf'{\nimport b\n", "2:8 import a\n4:8 import b\n");
	check("f'{\nimport a\nf'{z:\nimport b\n", "2:8 import a\n4:8 import b\n");
	check("f'''{f'\nimport a\n'''\nimport b\n", "4:8 import b\n");
	check("\rf'{__import__('a')\nimport b\r", "3:8 import b\n");
	check("print'x'; import a\nassert'''\nimport b\n'''\n", "1:18 import a\n");
}

static void finds_dynamic_imports(void **state)
{
	(void)state;
	check("importlib.import_module('a.b')\n", "1:26 dynamic a.b\n");
	check("import_module (\n # x\n name = r\"\"\"a\"\"\" 'b',)\n", "3:13 dynamic ab\n");
	check("__import__('a', fromlist=['b'])\nbuiltins.__import__('c')\n",
	      "1:13 dynamic a\n2:22 dynamic c\n");
	check("import_module(a)\nimport_module('a' + b)\nimport_module('a%s' % b)\n"
	      "import_module(f'a')\nx.import_module('a')\nmy_import_module('a')\n"
	      "import_module('')\nimport_module('a' if b else c)\n",
	      "");
}

static void joins_relative_dynamic_imports(void **state)
{
	(void)state;
	check("import_module('.x', package=__package__)\nimport_module('..x', __package__)\n",
	      "1:16 dynamic .x\n2:16 dynamic ..x\n");
	check("import_module('.x', package='a.b')\nimport_module('..x', 'a.b')\n",
	      "1:16 dynamic a.b.x\n2:16 dynamic a.x\n");
	check("import_module('.x', __name__)\nimport_module('..x', 'a')\nimport_module('.x', y)\n",
	      "1:16 dynamic *.x\n2:16 dynamic *..x\n3:16 dynamic *.x\n");
	check_as("b/__init__.py", STR("import_module('.x', __name__)\n"), "1:16 dynamic .x\n");
}

static void tells_type_imports(void **state)
{
	(void)state;
	check("if TYPE_CHECKING:\n    import a\nimport b\n", "2:12 type a\n3:8 import b\n");
	check("if typing.TYPE_CHECKING: from a import b; import c\nimport d\n",
	      "1:31 type a.b\n1:50 type c\n2:8 import d\n");
	check("def f():\n\tif (t.TYPE_CHECKING) : # x\n\n# y\n\t    import a\n\timport b\n",
	      "5:13 type a\n6:9 import b\n");
	check("if TYPE_CHECKING:\n  import a\nelse:\n  import b\n", "2:10 type a\n4:10 import b\n");
	check("if x:\n  import a\nelif TYPE_CHECKING:\n  import b\nelse:\n  import c\n",
	      "2:10 import a\n4:10 type b\n6:10 import c\n");
	check("if not TYPE_CHECKING:\n  import a\nelse:\n  import b\nimport c\n",
	      "2:10 import a\n4:10 type b\n5:8 import c\n");
	check("if TYPE_CHECKING:\n  X = [\n1, '''\n2'''\n]\n  if x:\n    import a\n\nimport b\n",
	      "7:12 type a\n9:8 import b\n");
	check("if TYPE_CHECKING or x:\n  import a\n", "2:10 import a\n");
	check("if MY_TYPE_CHECKING:\n  import a\nTYPE_CHECKING\nif x == TYPE_CHECKING:\n"
	      "  import b\n",
	      "2:10 import a\n5:10 import b\n");
	check("if TYPE_CHECKING:\r\n  import a\r\nimport b\r\n", "2:10 type a\n3:8 import b\n");
}

static void counts_lines_as_python_does(void **state)
{
	(void)state;
	check("import a\r\nimport b\r\n", "1:8 import a\n2:8 import b\n");
	check("# x\rimport a\r\r\nimport b\n", "2:8 import a\n4:8 import b\n");
	check_as("a.py", (struct str){"a\0b\nimport c\n", 13}, "2:8 import c\n");
}

static void is_silent_on_broken_source(void **state)
{
	(void)state;
	check("", "");
	check("\\", "");
	check("import a\n'''\nimport b\n", "1:8 import a\n");
	check("import a\nf'''{ import b\n", "1:8 import a\n");
	check("if TYPE_CHECKING:\n  x = (\nimport a", "3:8 type a\n");
	check("if TYPE_CHECKING:", "");
	check("import_module('a", "");
	check("mp\nimport", "");
}

enum { LARGE = 1 << 20 };

/* Each of these, repeated a million bytes long, must take no more than linear time; that it
 * ends before the test's time limit shows it. */
static const char *const REPEATED[] = {
	"import ",
	"from ",
	"a.",
	"import.",
	"f'{",
	"f'{\n",
	"(",
	"'",
	"\"\"\"x ",
	"from a ",
	"\\\n",
	" \\\nimport",
	"if TYPE_CHECKING:\n",
	"if TYPE_CHECKING:\n ",
	"_C",
	"mp",
	"x.import ",
	"import_module(",
	"import_module('a' ",
	"f'{x:",
	"#",
	"_import_",
	"from\\\n",
	".",
};

static void takes_linear_time(void **state)
{
	(void)state;
	char *source = mem_alloc(LARGE + 32);
	assert_non_null(source);
	for (size_t i = 0; i < sizeof REPEATED / sizeof *REPEATED; i++) {
		_cleanup_(scanned_release) struct scanned scanned = {0};
		size_t length = strlen(REPEATED[i]);
		size_t at = 0;
		for (; at + length <= LARGE; at += length)
			memcpy(source + at, REPEATED[i], length);
		memcpy(source + at, "\nimport z", 9);
		scanned_make(&scanned, LANGUAGE_PYTHON, "a.py", (struct str){source, at + 9});
	}
	mem_free(source);
}

static void cuts_long_names(void **state)
{
	(void)state;
	_cleanup_(scanned_release) struct scanned scanned = {0};
	_cleanup_(text_release) struct text source = {0};
	text_add(&source, STR("from "));
	for (int i = 0; i < 2000; i++)
		text_add_byte(&source, 'a');
	text_add(&source, STR(" import b\n"));
	scanned_make(&scanned, LANGUAGE_PYTHON, "a.py", text_str(&source));
	assert_int_equal(scanned.facts.reference_count, 1);
	assert_int_equal(scanned.facts.references[0].target_length, 1000 + strlen("b"));
}

static void survives_want_of_memory(void **state)
{
	(void)state;
	scanned_without_memory(LANGUAGE_PYTHON, "a.py",
			       STR("import a.b\nfrom c import d\n__import__('e')\n"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_plain_imports),
		cmocka_unit_test(finds_from_imports),
		cmocka_unit_test(passes_over_other_words),
		cmocka_unit_test(passes_over_strings),
		cmocka_unit_test(passes_over_formatted_strings),
		cmocka_unit_test(finds_dynamic_imports),
		cmocka_unit_test(joins_relative_dynamic_imports),
		cmocka_unit_test(tells_type_imports),
		cmocka_unit_test(counts_lines_as_python_does),
		cmocka_unit_test(is_silent_on_broken_source),
		cmocka_unit_test(takes_linear_time),
		cmocka_unit_test(cuts_long_names),
		cmocka_unit_test(survives_want_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
