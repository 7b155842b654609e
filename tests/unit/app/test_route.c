/* SPDX-License-Identifier: Apache-2.0 */
/* Path, query and body as one JSON object, and as the message that is read from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "app/route.h"
#include "base/mem.h"
#include "things.pb-c.h"

static const ProtobufCMessageDescriptor *const FIND = &things__v1__find__descriptor;

/* The JSON of a request without parts of the path; "" and the fault's message where it fails. */
static void written(const char *query, const char *body, const char *expected)
{
	_cleanup_(text_release) struct text json = {0};
	_cleanup_(arena_release) struct arena arena = {0};
	struct fault fault;
	ash_status status = route_write_json(FIND, "/things", NULL, str_of(query), str_of(body),
					     &arena, &json, &fault);
	assert_string_equal(status == ASH_OK ? text_str(&json).at : fault.message, expected);
}

static void query_and_body_are_one_object(void **state)
{
	(void)state;
	written("", "", "{}");
	written("", "{}", "{}");
	written("name=a", "", "{\"name\":\"a\"}");
	written("name=a+b%22", " { } ", "{\"name\":\"a b\\\"\"}");
	written("name=a", "{\"most\":1}", "{\"name\":\"a\",\"most\":1}");
	written("", "\n{\"most\":1}\n", "{\"most\":1}");
	written("most=5&onlyNew=true", "", "{\"most\":\"5\",\"onlyNew\":true}");
	written("only_new=false&only_new=x", "", "{\"only_new\":false,\"only_new\":\"x\"}");
	written("sizes=1&name=a&sizes=2", "", "{\"sizes\":[\"1\",\"2\"],\"name\":\"a\"}");
}

static void what_cannot_be_is_refused(void **state)
{
	(void)state;
	char query[4 * ROUTE_QUERY_LIMIT + 5];
	for (size_t i = 0; i + 1 < sizeof query; i++)
		query[i] = "a=1&"[i % 4];
	query[sizeof query - 1] = '\0';
	written("color_=1", "", "the query parameter 'color_' is not known");
	written("Name=1", "", "the query parameter 'Name' is not known");
	written("only__new=true", "", "the query parameter 'only__new' is not known");
	written("name=%4", "", "the query holds a broken escape");
	written("", "[]", "the body is no JSON object");
	written("", "x", "the body is no JSON object");
	written(query, "", "the query has more than 100 parameters");
}

/* Reads what was written; the message where that fails. */
static void read(const char *query, const char *body, Things__V1__Find *out, struct arena *arena,
		 const char *expected)
{
	_cleanup_(text_release) struct text json = {0};
	struct fault fault = {.message = ""};
	ash_status status = route_write_json(FIND, "/things", NULL, str_of(query), str_of(body),
					     arena, &json, &fault);
	assert_int_equal(status, ASH_OK);
	struct str kept = arena_str(arena, text_str(&json));
	if (message_from_json(FIND, kept, arena, out, &fault) == ASH_OK)
		fault.message[0] = '\0';
	if (!*expected)
		assert_string_equal(fault.message, "");
	else if (!strstr(fault.message, expected))
		fail_msg("'%s' is not in '%s'", expected, fault.message);
}

static void values_are_of_their_types(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	Things__V1__Find find;
	read("name=7&most=-5&only_new=true&sizes=1&sizes=2&color=COLOR_RED&token=aGk=", "", &find,
	     &arena, "");
	assert_string_equal(find.name, "7");
	assert_int_equal(find.most, -5);
	assert_true(find.only_new);
	assert_int_equal(find.n_sizes, 2);
	assert_int_equal(find.sizes[1], 2);
	assert_int_equal(find.color, THINGS__V1__COLOR__COLOR_RED);
	assert_int_equal(find.token.len, 2);
	read("only_new=yes", "", &find, &arena, "only_new: it wants true or false");
	read("most=x", "", &find, &arena, "most");
	read("most=1&most=2", "", &find, &arena, "most");
	read("most=1", "{\"most\":1}", &find, &arena, "most");
	read("name=a", "{,\"most\":1}", &find, &arena, "it wants the name of a field");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(query_and_body_are_one_object),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(values_are_of_their_types),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
