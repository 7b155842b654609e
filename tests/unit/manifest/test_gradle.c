/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "manifest/gradle.h"

struct parsed {
	struct gradle_settings settings;
	struct arena arena;
};

static void parsed_release(struct parsed *parsed)
{
	gradle_release(&parsed->settings);
	arena_release(&parsed->arena);
}

static void parse(struct parsed *parsed, const char *path, const char *script)
{
	struct error error;
	assert_int_equal(
		gradle_read(path, str_of(script), &parsed->arena, &parsed->settings, &error), 0);
}

/* The folders of all projects with a blank after each, and '!' for each computed word. */
static const char *folders(struct parsed *parsed)
{
	const char *all = "";
	for (size_t i = 0; i < parsed->settings.count; i++)
		all = arena_format(&parsed->arena, "%s%s ", all,
				   parsed->settings.projects[i].folder.at);
	for (size_t i = 0; i < parsed->settings.computed.count; i++)
		all = arena_format(&parsed->arena, "%s!", all);
	return all;
}

struct script {
	const char *script;
	const char *folders;
};

static void check(const char *path, const struct script *scripts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_(parsed_release) struct parsed parsed = {0};
		parse(&parsed, path, scripts[i].script);
		assert_string_equal(folders(&parsed), scripts[i].folders);
	}
}

static void test_reads_groovy(void **state)
{
	static const struct script SCRIPTS[] = {
		{"", ""},
		{"include 'a'", "a "},
		{"include ':a:b', \"c\"\n", "a/b c "},
		{"include('a', 'b')\ninclude ( 'c' )", "a b c "},
		{"include 'a',\n\n  // later\n  'b', /* 'x', */ 'c'\n'd'\n", "a b c "},
		{"include(\n  'a'\n  ,\n  'b',\n)\n", "a b "},
		{"include 'a'; include 'b'", "a b "},
		{"include(['a', 'b'] as String[])", "a b "},
		{"include '''a''', \"\"\"b\"\"\"\n", "a b "},
		{"includeFlat 'a', 'b'\n", "../a ../b "},
		{"includeBuild 'build-logic'\n", "build-logic "},
		{"includeBuild('../x') { name = 'y' }\ninclude 'a'", "../x a "},
		{"pluginManagement { includeBuild \"$rootDir/p\" }", "p "},
		{"settings.include 'a'\nthis.include 'b'\n", "a b "},
		{"if (x) { include 'a' } else { include 'b' }", "a b "},
		{"include 'a' \\\n  , 'b'\n", "a b "},
		{"\xEF\xBB\xBFinclude 'a'\n", "a "},
		{"include 'a', \\\r\n'b'\r\n", "a b "},
	};
	(void)state;
	check("settings.gradle", SCRIPTS, sizeof SCRIPTS / sizeof *SCRIPTS);
}

static void test_reads_kotlin(void **state)
{
	static const struct script SCRIPTS[] = {
		{"include(\":a\", \":b:c\")\n", "a b/c "},
		{"include(listOf(\"a\", \"b\"))\n", "a b "},
		{"include(*arrayOf(\"a\", \"b\"))\n", "a b "},
		{"include(*listOf(\"a\").toTypedArray())\n", "a "},
		{"/* one /* two */ include(\"x\") */ include(\"a\")", "a "},
		{"val c = '\"'\ninclude(\"a\")\n", "a "},
		{"val r = \"\"\"\ninclude(\"x\")\\\"\"\"\ninclude(\"a\")\n", "a "},
		{"val half = 1 / 2 // '\ninclude(\"a\")\nval q = 3 / 4\n", "a "},
		{"println(\"${f(\"}\\\"\")} x\")\ninclude(\"a\")", "a "},
	};
	(void)state;
	check("x/settings.gradle.kts", SCRIPTS, sizeof SCRIPTS / sizeof *SCRIPTS);
}

static void test_moves_projects(void **state)
{
	static const struct script SCRIPTS[] = {
		{"include ':a'\nproject(':a').projectDir = file('x/y')\n", "x/y "},
		{"project(':a').projectDir = file('x')\ninclude 'a'\n", "x "},
		{"include ':a'\nproject(':a').projectDir = new File(settingsDir, '../x')\n",
		 "../x "},
		{"include ':a'\nproject(':a').projectDir = new File(rootDir, \"/x\")\n", "x "},
		{"include 'a'\nproject(':a').projectDir =\n    File(settingsDir, \"x\")\n", "x "},
		{"include 'a'\nproject(':a').projectDir = file(\"${rootDir}/x\")\n", "x "},
		{"include 'a'\nproject(':a').projectDir = \"$rootDir/x\" as File\n", "x "},
		{"include 'a'\nproject(':a').projectDir = rootDir.resolve(\"x\")\n", "x "},
		{"include 'a'\nproject(\":a\").setProjectDir(file(\"x\"))\n", "x "},
		{"include 'a:b'\nfindProject(':a:b')?.projectDir = file('x')\n", "x "},
		{"include 'a'\nproject(':a').name = 'b'\n", "a "},
		{"include 'a'\nproject(':a').projectDir = file(where)\n", "a !"},
		{"include 'a'\nproject(':a').projectDir = file(\"$base/a\")\n", "a !"},
		{"include 'a'\nproject(':a').projectDir = file('x' + y)\n", "a !"},
		{"include 'a'\nproject(':a').projectDir = null\n", "a !"},
	};
	(void)state;
	check("settings.gradle", SCRIPTS, sizeof SCRIPTS / sizeof *SCRIPTS);
}

static void test_tells_what_is_computed(void **state)
{
	static const struct script SCRIPTS[] = {
		{"include projects.toArray(new String[0])\ninclude 'a'\n", "a !"},
		{"['a', 'b'].each { include it }\n", "!"},
		{"include \"lib:${it.name}\"\n", "!"},
		{"include \"lib:$it\", 'a'\n", "a !"},
		{"include 'a' + x, 'b'\n", "b !"},
		{"include 'a\\u0062'\n", "!"},
		{"include(listOf(\"a\").map { \":$it\" })\n", "!"},
	};
	(void)state;
	check("settings.gradle", SCRIPTS, sizeof SCRIPTS / sizeof *SCRIPTS);
}

static void test_passes_over_what_is_no_project(void **state)
{
	static const struct script SCRIPTS[] = {
		{"// include 'a'\n/* include 'b' */ # include 'c'\n", "c "},
		{"def s = \"include 'a'\"\n", ""},
		{"def s = '''\ninclude 'a'\n'''\n", ""},
		{"spec.include 'a'\nfoo?.include('b')\n", ""},
		{"fileTree('.') { include '*.gradle', 'a?' }\n", ""},
		{"x ==~ /include 'a'/\nf(/'/)\ninclude 'b'\n", "b "},
		{"x = $/include 'a' ' /$\ninclude 'b'\n", "b "},
		{"def a = b / c; def d = e / f\ninclude 'a'\n", "a "},
		{"include = 'a'\ninclude\n'b'\ncopy(include: 'c')\n", ""},
		{"included 'a'\nreinclude 'b'\n", ""},
		{"include ''\n", ""},
		{"s = 'open\ninclude 'a'\n", "a "},
		{"s = '''open\ninclude 'a'\n", ""},
		{"/* open\ninclude 'a'\n", ""},
		{"project(x).projectDir = y\nproject(':a')\nproject\nproject(", ""},
	};
	(void)state;
	check("settings.gradle", SCRIPTS, sizeof SCRIPTS / sizeof *SCRIPTS);
}

static void test_knows_places(void **state)
{
	_cleanup_(parsed_release) struct parsed parsed = {0};
	(void)state;
	parse(&parsed, "settings.gradle",
	      "/* \xC3\xA9\n */ include '\xC3\xA9', 'b',\n\t'c'\ninclude x\n");
	const struct gradle_project *projects = parsed.settings.projects;
	assert_int_equal(parsed.settings.count, 3);
	assert_int_equal(projects[0].line, 2);
	assert_int_equal(projects[0].column, 13);
	assert_int_equal(projects[1].column, 18);
	assert_int_equal(projects[2].line, 3);
	assert_int_equal(projects[2].column, 2);
	assert_int_equal(parsed.settings.computed.items[0].line, 4);
	assert_int_equal(parsed.settings.computed.items[0].column, 9);
}

static void test_refuses_too_much(void **state)
{
	_cleanup_(parsed_release) struct parsed parsed = {0};
	_cleanup_(text_release) struct text script = {0};
	struct error error = {0};
	(void)state;
	for (int i = 0; i <= PLACES_LIMIT; i++)
		text_add(&script, STR("include 'a'\n"));
	assert_int_equal(gradle_read("settings.gradle", text_str(&script), &parsed.arena,
				     &parsed.settings, &error),
			 -1);
	assert_int_equal(error.code, ERROR_LIMIT);
	assert_int_equal(error.line, PLACES_LIMIT + 1);
	assert_int_equal(parsed.settings.count, 0);
	assert_int_equal(gradle_read("settings.gradle", (struct str){"", GRADLE_SIZE_LIMIT + 1},
				     &parsed.arena, &parsed.settings, &error),
			 -1);
	assert_int_equal(error.code, ERROR_LIMIT);
}

static void test_fails_cleanly_without_memory(void **state)
{
	static const char SCRIPT[] = "include 'a', 'b:c'\nincludeBuild 'd'\ninclude x\n"
				     "project(':a').projectDir = file('e')\n";
	(void)state;
	for (long n = 1;; n++) {
		_cleanup_(parsed_release) struct parsed parsed = {0};
		struct error error = {0};
		mem_fail_from(n);
		int result = gradle_read("settings.gradle", str_of(SCRIPT), &parsed.arena,
					 &parsed.settings, &error);
		if (!mem_fail_never()) {
			assert_int_equal(result, 0);
			assert_true(n > 4);
			break;
		}
		assert_int_equal(result, -1);
		assert_int_equal(error.code, ERROR_MEMORY);
		assert_null(parsed.settings.projects);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_groovy),
		cmocka_unit_test(test_reads_kotlin),
		cmocka_unit_test(test_moves_projects),
		cmocka_unit_test(test_tells_what_is_computed),
		cmocka_unit_test(test_passes_over_what_is_no_project),
		cmocka_unit_test(test_knows_places),
		cmocka_unit_test(test_refuses_too_much),
		cmocka_unit_test(test_fails_cleanly_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
