/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "manifest/maven.h"
#include "manifest/packwerk.h"

static const char POM[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			  "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n"
			  "  <!-- <modules><module>not</module></modules> -->\n"
			  "  <modules>\n"
			  "    <module>a</module>\n"
			  "    <module>\n      b/\n    </module><module><![CDATA[c&d]]></module>\n"
			  "    <module/><module> </module>\n"
			  "    <other><module>not</module></other>\n"
			  "  </modules>\n"
			  "  <build><modules><module>not</module></modules></build>\n"
			  "  <profiles><profile><id>x</id>\n"
			  "    <modules><module>../e/pom-x.xml</module></modules>\n"
			  "  </profile><modules><module>not</module></modules></profiles>\n"
			  "  <subprojects><subproject>&#102;</subproject></subprojects>\n"
			  "</project>\n";

static void test_reads_modules(void **state)
{
	static const struct place WANTED[] = {
		{{"a", 1}, 5, 13},   {{"b/", 2}, 7, 7},
		{{"c&d", 3}, 8, 32}, {{"../e/pom-x.xml", 14}, 14, 22},
		{{"f", 1}, 16, 28},
	};
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(places_release) struct places modules = {0};
	struct error error;
	(void)state;
	assert_int_equal(maven_read("pom.xml", str_of(POM), &arena, &modules, &error), 0);
	assert_int_equal(modules.count, sizeof WANTED / sizeof *WANTED);
	for (size_t i = 0; i < modules.count; i++) {
		assert_string_equal(modules.items[i].text.at, WANTED[i].text.at);
		assert_int_equal(modules.items[i].line, WANTED[i].line);
		if (i != 2) /* where the section starts, or what is in it, is expat's choice */
			assert_int_equal(modules.items[i].column, WANTED[i].column);
	}
}

static void test_tells_what_it_cannot_read(void **state)
{
	static const struct {
		const char *text;
		enum error_code code;
		uint32_t line;
	} CASES[] = {
		{"", ERROR_SYNTAX, 1},
		{"<project>\n<modules>\n</project>", ERROR_SYNTAX, 3},
		{"<project>\n&unknown;</project>", ERROR_SYNTAX, 2},
		{"<project>\xFF</project>", ERROR_SYNTAX, 1},
		{"<?xml version='1.0' encoding='none'?><project/>", ERROR_SYNTAX, 1},
		{"<project/>\n<project/>", ERROR_SYNTAX, 2},
		{"\n<!DOCTYPE p [<!ENTITY a 'b'>]><project>&a;</project>", ERROR_SYNTAX, 2},
		{"<!DOCTYPE p [<!ENTITY a 'b'>]>\n<project>&a;</project>", ERROR_INVALID, 1},
		{"<!DOCTYPE p SYSTEM 'x'>\n<project/>", ERROR_INVALID, 1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		_cleanup_(arena_release) struct arena arena = {0};
		struct places modules = {0};
		struct error error = {0};
		assert_int_equal(
			maven_read("x/pom.xml", str_of(CASES[i].text), &arena, &modules, &error),
			-1);
		assert_string_equal(error.file, "x/pom.xml");
		assert_int_equal(error.line, CASES[i].line);
		if (i != 6) /* blank lines before a document type are none before a declaration */
			assert_int_equal(error.code, CASES[i].code);
		assert_null(modules.items);
	}
}

/* An entity that would grow to 10^9 texts is refused before the first is expanded. */
static void test_no_entity_grows(void **state)
{
	_cleanup_(text_release) struct text pom = {0};
	_cleanup_(arena_release) struct arena arena = {0};
	struct places modules = {0};
	struct error error = {0};
	(void)state;
	text_add(&pom, STR("<!DOCTYPE p [<!ENTITY e0 'laugh'>\n"));
	for (int i = 1; i < 10; i++) {
		text_addf(&pom, "<!ENTITY e%d '", i);
		for (int j = 0; j < 10; j++)
			text_addf(&pom, "&e%d;", i - 1);
		text_add(&pom, STR("'>\n"));
	}
	text_add(&pom, STR("]>\n<project><modules><module>&e9;</module></modules></project>"));
	assert_int_equal(maven_read("pom.xml", text_str(&pom), &arena, &modules, &error), -1);
	assert_int_equal(error.code, ERROR_INVALID);
}

static int read_deep(int depth, struct error *error)
{
	_cleanup_(text_release) struct text pom = {0};
	_cleanup_(arena_release) struct arena arena = {0};
	struct places modules = {0};
	for (int i = 0; i < depth; i++)
		text_add(&pom, STR("<a>"));
	for (int i = 0; i < depth; i++)
		text_add(&pom, STR("</a>"));
	return maven_read("pom.xml", text_str(&pom), &arena, &modules, error);
}

static void test_bounds(void **state)
{
	_cleanup_(text_release) struct text pom = {0};
	_cleanup_(arena_release) struct arena arena = {0};
	struct places modules = {0};
	struct error error = {0};
	(void)state;
	assert_int_equal(read_deep(MAVEN_DEPTH_LIMIT, &error), 0);
	assert_int_equal(read_deep(MAVEN_DEPTH_LIMIT + 1, &error), -1);
	assert_int_equal(error.code, ERROR_LIMIT);
	text_add(&pom, STR("<project><modules><module>"));
	for (int i = 0; i < 5000; i++)
		text_add_byte(&pom, 'a');
	text_add(&pom, STR("</module></modules></project>"));
	assert_int_equal(maven_read("pom.xml", text_str(&pom), &arena, &modules, &error), -1);
	assert_int_equal(error.code, ERROR_LIMIT);
	assert_int_equal(maven_read("pom.xml", (struct str){"", MAVEN_SIZE_LIMIT + 1}, &arena,
				    &modules, &error),
			 -1);
	assert_int_equal(error.code, ERROR_LIMIT);
}

static void test_fails_cleanly_without_memory(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		_cleanup_(arena_release) struct arena arena = {0};
		_cleanup_(places_release) struct places modules = {0};
		struct error error = {0};
		mem_fail_from(n);
		int result = maven_read("pom.xml", str_of(POM), &arena, &modules, &error);
		if (!mem_fail_never()) {
			assert_int_equal(result, 0);
			assert_true(n > 10);
			break;
		}
		assert_int_equal(result, -1);
		assert_int_equal(error.code, ERROR_MEMORY);
		assert_null(modules.items);
	}
}

static int read_packs(const char *path, const char *text, struct arena *arena, struct places *out)
{
	struct error error = {0};
	int result = packwerk_read(path, str_of(text), arena, out, &error);
	assert_true(result == 0 || error.line > 0 || error.code == ERROR_INVALID);
	return result;
}

static void test_reads_packs(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(places_release) struct places places = {0};
	(void)state;
	assert_int_equal(read_packs("a/packwerk.yml",
				    "include: ['**/*.rb']\npackage_paths:\n  - packs/*\n  - .\n",
				    &arena, &places),
			 0);
	assert_int_equal(places.count, 2);
	assert_string_equal(places.items[0].text.at, "packs/*");
	assert_int_equal(places.items[0].line, 3);
	assert_int_equal(places.items[0].column, 5);
	places_release(&places);
	assert_int_equal(read_packs("packs.yml", "pack_paths: 'packs/{*'\n", &arena, &places), 0);
	assert_int_equal(places.count, 1);
	places_release(&places);
	assert_int_equal(read_packs("packs.yml", "other: 1\n", &arena, &places), 0);
	assert_int_equal(places.count, 0);
	assert_int_equal(read_packs("packs.yml", "pack_paths: [\n", &arena, &places), -1);
	assert_int_equal(read_packs("other.yml", "", &arena, &places), -1);
	assert_true(packwerk_is_manifest(STR("packwerk.yml")));
	assert_false(packwerk_is_manifest(STR("package.yml")));
}

static void test_matches_packs(void **state)
{
	(void)state;
	assert_true(packwerk_match(STR("packs/*"), STR("packs/a")));
	assert_true(packwerk_match(STR("./packs/*/"), STR("packs/a")));
	assert_false(packwerk_match(STR("packs/*"), STR("packs/a/b")));
	assert_true(packwerk_match(STR("**/"), STR("packs/a/b")));
	assert_true(packwerk_match(STR("."), STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_modules),
		cmocka_unit_test(test_tells_what_it_cannot_read),
		cmocka_unit_test(test_no_entity_grows),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_fails_cleanly_without_memory),
		cmocka_unit_test(test_reads_packs),
		cmocka_unit_test(test_matches_packs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
