/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "manifest/package_json.h"
#include "manifest/workspaces.h"

static const char WHOLE[] =
	"\xEF\xBB\xBF{\"name\": \"@a/b\", \"main\": \"m.js\", \"types\": \"t.d.ts\", \"module\": 1,"
	"\"exports\": {\".\": {\"browser\": \"./web.js\", \"@a/src\": \"./s.ts\", \"import\": "
	"[\"./i.mjs\", \"./j.mjs\"],"
	"\"default\": \"./d.js\"}, \"./no\": null, \"./f/*\": \"./f/*.js\"},"
	"\"imports\": {\"#x\": \"y\"},"
	"\"dependencies\": {\"c\": \"1\"}, \"peerDependencies\": {\"d\": \"workspace:*\", \"e\": "
	"5},"
	"\"workspaces\": {\"packages\": [\"p/*\", 7, \"q\"]}}";

static int read_whole(struct arena *arena, struct package_json *out)
{
	struct error error;
	return package_json_read("package.json", STR(WHOLE), arena, out, &error);
}

static void check_text(struct str text, const char *expected)
{
	assert_int_equal(text.length, strlen(expected));
	assert_memory_equal(text.at, expected, text.length);
}

static void reads_what_it_says(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct package_json package;
	(void)state;
	assert_int_equal(read_whole(&arena, &package), 0);
	check_text(package.name, "@a/b");
	assert_int_equal(package.mains.count, 2);
	check_text(package.mains.items[0], "t.d.ts");
	check_text(package.mains.items[1], "m.js");
	assert_int_equal(package.dependency_count, 3);
	check_text(package.dependencies[1].name, "d");
	check_text(package.dependencies[1].version, "workspace:*");
	check_text(package.dependencies[2].version, "");
	assert_int_equal(package.workspaces.count, 2);
	check_text(package.workspaces.items[1], "q");
	check_text(package.imports.items[0].key, "#x");
}

static void usual_conditions_come_first(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct package_json package;
	(void)state;
	assert_int_equal(read_whole(&arena, &package), 0);
	assert_int_equal(package.exports.count, 3);
	const struct str_list *targets = &package.exports.items[0].targets;
	assert_int_equal(targets->count, 5);
	check_text(targets->items[0], "./i.mjs");
	check_text(targets->items[1], "./j.mjs");
	check_text(targets->items[2], "./d.js");
	check_text(targets->items[3], "./s.ts");
	check_text(targets->items[4], "./web.js");
	assert_int_equal(package.exports.items[1].targets.count, 0);
}

static void exports_without_paths_are_the_root(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct package_json package;
	struct error error;
	(void)state;
	assert_int_equal(
		package_json_read("p", STR("{\"exports\": \"./a.js\"}"), &arena, &package, &error),
		0);
	assert_int_equal(package.exports.count, 1);
	check_text(package.exports.items[0].key, ".");
	check_text(package.exports.items[0].targets.items[0], "./a.js");
}

static void an_empty_target_is_none(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct package_json package;
	struct error error;
	(void)state;
	assert_int_equal(
		package_json_read("p", STR("{\"exports\": {\"node\": \"\", \"types\": \"./t\"}}"),
				  &arena, &package, &error),
		0);
	assert_int_equal(package.exports.items[0].targets.count, 1);
	check_text(package.exports.items[0].targets.items[0], "./t");
}

static void deep_conditions_are_left_out(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(text_release) struct text text = {0};
	struct package_json package;
	struct error error;
	(void)state;
	text_add(&text, STR("{\"exports\": "));
	for (int i = 0; i < 1000; i++)
		text_add(&text, STR("{\"node\": "));
	text_add(&text, STR("\"x\""));
	for (int i = 0; i < 1001; i++)
		text_add_byte(&text, '}');
	assert_int_equal(package_json_read("p", text_str(&text), &arena, &package, &error), 0);
	assert_int_equal(package.exports.items[0].targets.count, 0);
}

static void errors_have_a_place(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct package_json package;
	struct error error;
	(void)state;
	assert_int_equal(package_json_read("a/package.json", STR("{\n  \"name\": oops\n}"), &arena,
					   &package, &error),
			 -1);
	assert_int_equal(error.code, ERROR_SYNTAX);
	assert_string_equal(error.file, "a/package.json");
	assert_int_equal(error.line, 2);
	assert_int_equal(package_json_read("p", STR("[]"), &arena, &package, &error), -1);
	assert_int_equal(package_json_read("p", STR(""), &arena, &package, &error), -1);
}

static void survives_want_of_memory(void **state)
{
	(void)state;
	for (long nth = 1;; nth++) {
		_cleanup_(arena_release) struct arena arena = {0};
		struct package_json package;
		mem_fail_from(nth);
		int result = read_whole(&arena, &package);
		if (!mem_fail_never()) {
			assert_int_equal(result, 0);
			break;
		}
		assert_int_equal(result, -1);
	}
}

static void workspaces_are_read(void **state)
{
	static const struct {
		const char *path;
		const char *text;
		size_t count;
	} SAMPLES[] = {
		{"a/package.json", "{\"workspaces\": [\"x\", \"y/*\"]}", 2},
		{"a/package.json", "{\"workspaces\": {\"packages\": [\"x\"]}}", 1},
		{"a/package.json", "{}", 0},
		{"a/lerna.json", "{\"packages\": [\"x\"],}", 1},
		{"a/pnpm-workspace.yaml", "packages:\n  - x\n  - 'y/**'\n  - {z: 1}\n", 2},
		{"a/pnpm-workspace.yaml", "catalog:\n  a: 1\n", 0},
		{"a/pnpm-workspace.yaml", "", 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof SAMPLES / sizeof *SAMPLES; i++) {
		_cleanup_(arena_release) struct arena arena = {0};
		struct str_list patterns;
		struct error error;
		assert_int_equal(workspaces_read(SAMPLES[i].path, str_of(SAMPLES[i].text), &arena,
						 &patterns, &error),
				 0);
		assert_int_equal(patterns.count, SAMPLES[i].count);
	}
}

static void broken_workspaces_are_errors(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct str_list patterns;
	struct error error;
	(void)state;
	assert_int_equal(workspaces_read("pnpm-workspace.yaml", STR("packages:\n  - [x\n"), &arena,
					 &patterns, &error),
			 -1);
	assert_int_equal(error.code, ERROR_SYNTAX);
	assert_true(error.line > 0);
	assert_int_equal(workspaces_read("other.txt", STR(""), &arena, &patterns, &error), -1);
	assert_int_equal(error.code, ERROR_INVALID);
	assert_false(workspaces_is_manifest(STR("other.txt")));
	assert_true(workspaces_is_manifest(STR("lerna.json")));
}

static void patterns_match_folders(void **state)
{
	static const struct str ITEMS[] = {{"./a/*/", 6}, {"b/**", 4}, {"!b/no", 5}, {".", 1}};
	static const struct str_list PATTERNS = {ITEMS, 4};
	(void)state;
	assert_true(workspaces_match(&PATTERNS, STR("a/x")));
	assert_false(workspaces_match(&PATTERNS, STR("a/x/y")));
	assert_true(workspaces_match(&PATTERNS, STR("b/x/y")));
	assert_false(workspaces_match(&PATTERNS, STR("b/no")));
	assert_true(workspaces_match(&PATTERNS, STR("")));
	assert_false(workspaces_match(&PATTERNS, STR("c")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_says),
		cmocka_unit_test(usual_conditions_come_first),
		cmocka_unit_test(exports_without_paths_are_the_root),
		cmocka_unit_test(an_empty_target_is_none),
		cmocka_unit_test(deep_conditions_are_left_out),
		cmocka_unit_test(errors_have_a_place),
		cmocka_unit_test(survives_want_of_memory),
		cmocka_unit_test(workspaces_are_read),
		cmocka_unit_test(broken_workspaces_are_errors),
		cmocka_unit_test(patterns_match_folders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
