/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "manifest/compile_commands.h"

/* "DIRECTORY|FILE|ARGUMENT|...;" for each command. */
static bool list(void *context, const struct compile_command *command)
{
	struct text *out = context;
	text_add(out, command->directory);
	text_add_byte(out, '|');
	text_add(out, command->file);
	for (size_t i = 0; i < command->argument_count; i++) {
		text_add_byte(out, '|');
		text_add(out, command->arguments[i]);
	}
	text_add_byte(out, ';');
	return !out->failed;
}

static void expect(const char *content, const char *listing)
{
	_cleanup_(text_release) struct text found = {0};
	struct error error;
	assert_int_equal(compile_commands_read(str_of(content), "c.json", list, &found, &error), 0);
	assert_string_equal(found.at ? found.at : "", listing);
}

static void test_reads_commands(void **state)
{
	(void)state;
	expect("[]", "");
	expect(" [ { } ] \n", "|;");
	expect("[{\"directory\":\"/d\",\"file\":\"a.c\",\"command\":\"cc -I x  -c a.c \"}]",
	       "/d|a.c|cc|-I|x|-c|a.c;");
	expect("[{\"arguments\":[\"cc\",\"-I a\"],\"file\":\"b\"},{\"arguments\":[]}]",
	       "|b|cc|-I a;|;");
	expect("[{\"output\":{\"a\":[1,\"]\",null]},\"x\":-1.5e3,\"y\":true,\"file\":\"c\"}]",
	       "|c;");
}

static void test_undoes_escapes_and_quotes(void **state)
{
	(void)state;
	expect("[{\"file\":\"a\\\\b\\/c\\u0041\\u00e9\\t\"}]", "|a\\b/cA?\t;");
	expect("[{\"command\":\"cc '-I a' \\\"-D x\\\" a\\\\ b -DH=\\\\\\\"h.h\\\\\\\" ''\"}]",
	       "||cc|-I a|-D x|a b|-DH=\"h.h\"|;");
	expect("[{\"arguments\":[\"-DH=\\\"h.h\\\"\"]}]", "||-DH=\"h.h\";");
	expect("[{\"command\":\"open 'quote\"}]", "||open|quote;");
}

static void test_tells_the_place_of_an_error(void **state)
{
	static const struct {
		const char *content;
		uint32_t line;
		uint32_t column;
	} CASES[] = {
		{"", 1, 1},
		{"{}", 1, 1},
		{"[\n {\"file\": 1}]", 2, 11},
		{"[{\"file\" \"a\"}]", 1, 10},
		{"[{\"file\": \"a}]", 1, 15},
		{"[{} {}]", 1, 5},
		{"[{}] x", 1, 6},
		{"[{\"a\":}]", 1, 7},
		{"[{\"arguments\":\"a\"}]", 1, 15},
		{"[{\"arguments\":[\"a\" \"b\"]}]", 1, 20},
		{"[{\"file\":\"a\"", 1, 13},
	};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		_cleanup_(text_release) struct text found = {0};
		struct error error = {0};
		assert_int_equal(compile_commands_read(str_of(CASES[i].content), "c.json", list,
						       &found, &error),
				 -1);
		assert_int_equal(error.code, ERROR_SYNTAX);
		assert_int_equal(error.line, CASES[i].line);
		assert_int_equal(error.column, CASES[i].column);
	}
}

static void test_refuses_deep_nesting(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text content = {0}, found = {0};
	struct error error = {0};
	text_addf(&content, "[{\"x\":");
	for (int i = 0; i < 100000; i++)
		text_add_byte(&content, '[');
	assert_int_equal(compile_commands_read(text_str(&content), "c.json", list, &found, &error),
			 -1);
	assert_int_equal(error.code, ERROR_SYNTAX);
}

static void test_fails_cleanly_without_memory(void **state)
{
	(void)state;
	static const char CONTENT[] = "[{\"command\":\"cc 'a b' -c\",\"file\":\"\\t\"},"
				      "{\"arguments\":[\"a\",\"b\\n\"]}]";
	for (long n = 1;; n++) {
		_cleanup_(text_release) struct text found = {0};
		struct error error = {0};
		mem_fail_from(n);
		int result = compile_commands_read(str_of(CONTENT), "c.json", list, &found, &error);
		if (!mem_fail_never()) {
			assert_int_equal(result, 0);
			break;
		}
		assert_int_equal(result, -1);
		assert_int_equal(error.code, ERROR_MEMORY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_commands),
		cmocka_unit_test(test_undoes_escapes_and_quotes),
		cmocka_unit_test(test_tells_the_place_of_an_error),
		cmocka_unit_test(test_refuses_deep_nesting),
		cmocka_unit_test(test_fails_cleanly_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
