/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "manifest/tsconfig.h"

static const char WHOLE[] =
	"{ // line \"comment\"\n"
	"\t/* block } */ \"extends\": [\"./a\", \"b\",],\n"
	"\t\"compilerOptions\": {\"baseUrl\": \"src\", \"outDir\": \"dist\",\n"
	"\t\t\"paths\": {\"@/*\": [\"x/*\", 5], \"// no comment\": [\"y\"], /*,*/},\n"
	"\t\t\"rootDirs\": [\"one\", \"two\"] },\n"
	"\t\"references\": [{\"path\": \"../c\"}, {}],\n"
	"\t\"files\": [], \"include\": [\"src\"] }";

static int read_whole(struct arena *arena, struct tsconfig *out)
{
	struct error error;
	return tsconfig_read("tsconfig.json", STR(WHOLE), arena, out, &error);
}

static void check_text(struct str text, const char *expected)
{
	assert_int_equal(text.length, strlen(expected));
	assert_memory_equal(text.at, expected, text.length);
}

static void reads_what_it_says(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct tsconfig config;
	(void)state;
	assert_int_equal(read_whole(&arena, &config), 0);
	assert_int_equal(config.extends.count, 2);
	check_text(config.base_url, "src");
	check_text(config.out_dir, "dist");
	assert_null(config.root_dir.at);
	assert_int_equal(config.path_count, 2);
	assert_true(config.paths[0].star);
	check_text(config.paths[0].prefix, "@/");
	check_text(config.paths[0].suffix, "");
	assert_int_equal(config.paths[0].targets.count, 1);
	check_text(config.paths[1].prefix, "// no comment");
	assert_int_equal(config.root_dirs.count, 2);
	assert_int_equal(config.references.count, 1);
	assert_true(config.has_files);
	assert_true(config.has_include);
	assert_false(config.has_exclude);
}

static void errors_keep_their_place(void **state)
{
	static const struct {
		const char *text;
		uint32_t line;
	} SAMPLES[] = {
		{"{\n// comment\n/* two\nlines */ oops }", 4},
		{"{\"a\": \"unclosed\n}", 1},
		{"{} /* unclosed", 0},
		{"[1, 2, ]", 1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof SAMPLES / sizeof *SAMPLES; i++) {
		_cleanup_(arena_release) struct arena arena = {0};
		struct tsconfig config;
		struct error error = {0};
		int result = tsconfig_read("t", str_of(SAMPLES[i].text), &arena, &config, &error);
		assert_int_equal(result, SAMPLES[i].line ? -1 : 0);
		assert_int_equal(error.line, SAMPLES[i].line);
	}
}

static void empty_says_nothing(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct tsconfig config;
	struct error error;
	(void)state;
	assert_int_equal(tsconfig_read("t", STR(" // nothing\n"), &arena, &config, &error), 0);
	assert_int_equal(config.path_count, 0);
	assert_null(config.base_url.at);
}

static void too_large_is_refused(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	char *large = mem_alloc(JSON_SIZE_LIMIT + 1);
	struct tsconfig config;
	struct error error;
	(void)state;
	assert_non_null(large);
	int result = tsconfig_read("t", (struct str){large, JSON_SIZE_LIMIT + 1}, &arena, &config,
				   &error);
	mem_free(large);
	assert_int_equal(result, -1);
	assert_int_equal(error.code, ERROR_LIMIT);
}

static void survives_want_of_memory(void **state)
{
	(void)state;
	for (long nth = 1;; nth++) {
		_cleanup_(arena_release) struct arena arena = {0};
		struct tsconfig config;
		mem_fail_from(nth);
		int result = read_whole(&arena, &config);
		if (!mem_fail_never()) {
			assert_int_equal(result, 0);
			break;
		}
		assert_int_equal(result, -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_says),
		cmocka_unit_test(errors_keep_their_place),
		cmocka_unit_test(empty_says_nothing),
		cmocka_unit_test(too_large_is_refused),
		cmocka_unit_test(survives_want_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
