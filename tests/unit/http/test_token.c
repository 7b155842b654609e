/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, lists, Accept, escapes, forms, problem documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/token.h"

static void characters_are_those_of_the_rfcs(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		bool alnum = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
			     (byte >= 'a' && byte <= 'z');
		bool token = byte && (alnum || strchr("!#$%&'*+-.^_`|~", (int)byte));
		bool plain = byte && (alnum || strchr("-._~", (int)byte));
		assert_int_equal((http_chars[byte] & HTTP_CHAR_TOKEN) != 0, token);
		assert_int_equal((http_chars[byte] & HTTP_CHAR_PLAIN) != 0, plain);
		assert_int_equal((http_chars[byte] & HTTP_CHAR_VALUE) != 0,
				 byte == '\t' || (byte >= ' ' && byte != 0x7F));
	}
}

static void lists_are_taken_apart(void **state)
{
	static const char *const EXPECTED[] = {"a", "\"b, \\\" c\"", "d;e=f"};
	struct str list = STR(" , a,, \"b, \\\" c\" ,\td;e=f , "), element;
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(http_list_next(&list, &element));
		assert_true(str_equal(element, str_of(EXPECTED[i])));
	}
	assert_false(http_list_next(&list, &element));
	assert_true(http_list_has(STR("keep-alive, Upgrade"), STR("upgrade")));
	assert_false(http_list_has(STR("keep-alive, Upgrades"), STR("upgrade")));
	struct str open = STR("\"never closed, a\\");
	assert_true(http_list_next(&open, &element));
	assert_false(http_list_next(&open, &element));
}

static void accept_is_weighed(void **state)
{
	static const struct {
		const char *accept, *type;
		int weight;
	} CASES[] = {
		{"", "text/html", 1000},
		{"text/html", "text/html", 1000},
		{"text/html", "text/plain", 0},
		{"text/*;q=0.5, text/html;q=0", "text/plain", 500},
		{"text/*;q=0.5, text/html;q=0", "text/html", 0},
		{"*/*;q=0.1, application/JSON; charset=utf-8 ; q=0.25", "application/json", 250},
		{"*/*;q=0.1", "a/b", 100},
		{"a/b;q=1.5", "a/b", 0},
		{"a/b;q=0.001", "a/b", 1},
		{"a/b;q=x", "a/b", 0},
		{"a/b;q=0.1, a/b;q=0.9", "a/b", 900},
		{"/*", "a/b", 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
		assert_int_equal(http_accept(str_of(CASES[i].accept), str_of(CASES[i].type)),
				 CASES[i].weight);
}

static void escapes_are_taken_back(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct str out;
	(void)state;
	assert_true(http_unescape(&arena, STR("a%20b+c%C3%a4"), false, &out));
	assert_true(str_equal(out, STR("a b+c\xC3\xA4")));
	assert_true(http_unescape(&arena, STR("a+b%2B"), true, &out));
	assert_true(str_equal(out, STR("a b+")));
	static const char *const BAD[] = {"%", "%4", "%g0", "%0g", "a%%", "%-1"};
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
		assert_false(http_unescape(&arena, str_of(BAD[i]), false, &out));
	assert_false(arena.failed);
}

static void forms_are_read(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct str value;
	struct str query = STR("&a=1&&b=x%3Dy+z&c&=d&a=2&e=");
	(void)state;
	assert_int_equal(http_query_get(&arena, query, STR("a"), &value), HTTP_FOUND);
	assert_true(str_equal(value, STR("1")));
	assert_int_equal(http_query_get(&arena, query, STR("b"), &value), HTTP_FOUND);
	assert_true(str_equal(value, STR("x=y z")));
	assert_int_equal(http_query_get(&arena, query, STR("c"), &value), HTTP_FOUND);
	assert_int_equal(value.length, 0);
	assert_int_equal(http_query_get(&arena, query, STR(""), &value), HTTP_FOUND);
	assert_true(str_equal(value, STR("d")));
	assert_int_equal(http_query_get(&arena, query, STR("e"), &value), HTTP_FOUND);
	assert_int_equal(value.length, 0);
	assert_int_equal(http_query_get(&arena, query, STR("f"), &value), HTTP_MISSING);
	assert_int_equal(http_query_get(&arena, STR("a=%&b=1"), STR("b"), &value), HTTP_MALFORMED);
	assert_int_equal(http_query_get(&arena, (struct str){0}, STR("a"), &value), HTTP_MISSING);
}

static void problems_are_written(void **state)
{
	_cleanup_(text_release) struct text out = {0};
	(void)state;
	http_problem_write(&out, 404, STR("not_found"), STR("there is no \"order\" 7"));
	assert_string_equal(out.at,
			    "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
			    "\"detail\":\"there is no \\\"order\\\" 7\",\"code\":\"not_found\"}\n");
	text_clear(&out);
	http_problem_write(&out, 599, STR(""), STR(""));
	assert_string_equal(out.at,
			    "{\"type\":\"about:blank\",\"title\":\"Unknown\",\"status\":599}\n");
}

/* The table of the Connect protocol. */
static void statuses_are_those_of_connect(void **state)
{
	static const int EXPECTED[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
				       400, 409, 400, 501, 500, 503, 500, 401};
	(void)state;
	for (int i = 0; i < 17; i++)
		assert_int_equal(http_status_of((ash_status)i), EXPECTED[i]);
	assert_int_equal(http_status_of((ash_status)99), 500);
}

static void a_media_type_is_in_utf8(void **state)
{
	static const struct str JSON = {"application/json", 16};
	static const char *const GOOD[] = {"application/json",
					   "Application/JSON ",
					   "application/json;charset=utf-8",
					   "application/json ; Charset=\"UTF-8\" ; a=b",
					   "application/json;a=b",
					   "application/json;"};
	static const char *const BAD[] = {"",
					  "application/jsonx",
					  "text/json",
					  "application",
					  "application/json;charset=iso-8859-1",
					  "application/json; a=b; charset=utf-16",
					  "application/json;charset",
					  "charset=utf-8"};
	(void)state;
	for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
		assert_true(http_is_media(str_of(GOOD[i]), JSON));
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
		assert_false(http_is_media(str_of(BAD[i]), JSON));
	assert_false(http_is_media((struct str){0}, JSON));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_are_those_of_the_rfcs),
		cmocka_unit_test(lists_are_taken_apart),
		cmocka_unit_test(accept_is_weighed),
		cmocka_unit_test(escapes_are_taken_back),
		cmocka_unit_test(forms_are_read),
		cmocka_unit_test(problems_are_written),
		cmocka_unit_test(statuses_are_those_of_connect),
		cmocka_unit_test(a_media_type_is_in_utf8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
