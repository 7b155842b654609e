/* SPDX-License-Identifier: Apache-2.0 */
/* What the protocol is made of: codes, times, failures, metadata, compressed bodies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "rpc/code.h"
#include "rpc/failure.h"
#include "rpc/gzip.h"
#include "rpc/metadata.h"
#include "rpc/timeout.h"

static void codes_are_spelled(void **state)
{
	(void)state;
	for (int i = ASH_CANCELED; i <= ASH_UNAUTHENTICATED; i++)
		assert_int_equal(rpc_code_parse(str_of(ash_status_name((ash_status)i))), i);
	assert_int_equal(rpc_code_parse(STR("ok")), ASH_OK);
	assert_int_equal(rpc_code_parse(STR("Canceled")), ASH_OK);
	assert_int_equal(rpc_code_of_http(404), ASH_UNIMPLEMENTED);
	assert_int_equal(rpc_code_of_http(429), ASH_UNAVAILABLE);
	assert_int_equal(rpc_code_of_http(500), ASH_UNKNOWN);
}

static void times_are_ten_digits(void **state)
{
	(void)state;
	uint64_t time = 7;
	char text[RPC_TIMEOUT_SIZE];
	assert_true(rpc_timeout_parse(STR("9999999999"), &time));
	assert_int_equal(time, 9999999999000000);
	assert_true(rpc_timeout_parse(STR("0"), &time));
	assert_false(rpc_timeout_parse(STR("10000000000"), &time));
	assert_false(rpc_timeout_parse(STR("-1"), &time));
	assert_false(rpc_timeout_parse(STR(""), &time));
	rpc_timeout_format(1500001, text);
	assert_string_equal(text, "2");
	rpc_timeout_format(UINT64_MAX, text);
	assert_string_equal(text, "9999999999");
}

static void failures_come_back(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(text_release) struct text json = {0};
	struct fault_detail second = {NULL, "a.B", {"", 0}};
	struct fault_detail first = {&second, "a.C", {"\0\xff", 2}};
	struct fault fault, read;
	fault_set(&fault, ASH_NOT_FOUND, "no \"x\"");
	fault.details = &first;
	rpc_failure_write(&fault, &json);
	assert_string_equal(json.at,
			    "{\"code\":\"not_found\",\"message\":\"no \\\"x\\\"\",\"details\":["
			    "{\"type\":\"a.C\",\"value\":\"AP8\"},"
			    "{\"type\":\"a.B\",\"value\":\"\"}]}");
	assert_true(rpc_failure_read(text_str(&json), ASH_UNKNOWN, &arena, &read));
	assert_int_equal(read.status, ASH_NOT_FOUND);
	assert_string_equal(read.message, fault.message);
	assert_string_equal(read.details->type, "a.C");
	assert_true(str_equal(read.details->value, first.value));
	assert_string_equal(read.details->next->type, "a.B");
	assert_null(read.details->next->next);
}

/* A text of ours holds no NUL: what stands around it is kept. */
static void failures_with_a_nul_are_read(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	struct fault read;
	assert_true(
		rpc_failure_read(STR("{\"code\":\"not_found\",\"message\":\"a\\u0000b\\u0000\"}"),
				 ASH_UNKNOWN, &arena, &read));
	assert_int_equal(read.status, ASH_NOT_FOUND);
	assert_string_equal(read.message, "a\xef\xbf\xbd"
					  "b\xef\xbf\xbd");
	assert_true(rpc_failure_read(STR("{\"code\":\"not_found\",\"message\":\"\\\\u0000\"}"),
				     ASH_UNKNOWN, &arena, &read));
	assert_string_equal(read.message, "\\u0000");
	assert_false(rpc_failure_read(STR("{\"code\":\"\\u0000"), ASH_UNKNOWN, &arena, &read));
	assert_false(rpc_failure_read(STR("\\"), ASH_UNKNOWN, &arena, &read));
}

static void failures_of_others_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		ash_status expected; /* ASH_OK: refused */
	} CASES[] = {
		{"{}", ASH_UNAVAILABLE},
		{"{\"code\":\"none\",\"x\":[{}],\"details\":null}", ASH_UNAVAILABLE},
		{"{\"code\":null,\"message\":null}", ASH_UNAVAILABLE},
		{"{\"code\":\"aborted\",\"details\":[{\"type\":\"a\",\"value\":\"AA==\","
		 "\"debug\":{\"a\":1}}]}",
		 ASH_ABORTED},
		{"", ASH_OK},
		{"[]", ASH_OK},
		{"{\"code\":1}", ASH_OK},
		{"{\"details\":{}}", ASH_OK},
		{"{\"details\":[1]}", ASH_OK},
		{"{\"details\":[{\"type\":\"a\",\"value\":\"!\"}]}", ASH_OK},
	};
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		_cleanup_(arena_release) struct arena arena = {0};
		struct fault fault = {.status = ASH_OK};
		bool good =
			rpc_failure_read(str_of(CASES[i].json), ASH_UNAVAILABLE, &arena, &fault);
		assert_int_equal(good, CASES[i].expected != ASH_OK);
		assert_int_equal(fault.status, CASES[i].expected);
	}
}

static void collect(void *context, struct str name, struct str value)
{
	text_addf(context, "%.*s=%.*s;", STR_ARG(name), STR_ARG(value));
}

static void metadata_travels(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(text_release) struct text out = {0};
	struct metadata metadata = {0};
	struct fault fault;
	static const char *const FIELDS[][2] = {{"X-One", "a, b"},     {"x-bin", "AP8=, QQ"},
						{"Content-Type", "x"}, {"Connect-X", "y"},
						{"a~b", "z"},          {"x-one", ""}};
	for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++)
		assert_int_equal(rpc_metadata_read(str_of(FIELDS[i][0]), str_of(FIELDS[i][1]),
						   &metadata, &arena, &fault),
				 ASH_OK);
	assert_true(rpc_metadata_write(&metadata, STR("trailer-"), collect, &out));
	assert_string_equal(out.at, "trailer-x-one=a, b;trailer-x-bin=AP8;trailer-x-bin=QQ;"
				    "trailer-x-one=;");
	assert_int_equal(rpc_metadata_read(STR("a-bin"), STR("!"), &metadata, &arena, &fault),
			 ASH_INVALID_ARGUMENT);
	while (metadata.count < METADATA_LIMIT)
		assert_int_equal(rpc_metadata_read(STR("k"), STR("v"), &metadata, &arena, &fault),
				 ASH_OK);
	assert_int_equal(rpc_metadata_read(STR("k"), STR("v"), &metadata, &arena, &fault),
			 ASH_RESOURCE_EXHAUSTED);
}

enum { BOMB = 4 << 20 };

static void bodies_are_bounded(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text gzip = {0}, out = {0};
	_cleanup_(mem_freep) char *zeros = mem_alloc(BOMB);
	struct fault fault;
	assert_non_null(zeros);
	memset(zeros, 0, BOMB);
	assert_int_equal(rpc_gzip((struct str){zeros, BOMB}, &gzip, &fault), ASH_OK);
	assert_true(gzip.length < BOMB / 100);
	assert_int_equal(rpc_gunzip(text_str(&gzip), BOMB, &out, &fault), ASH_OK);
	assert_int_equal(out.length, BOMB);
	assert_memory_equal(out.at, zeros, BOMB);
	text_release(&out);
	assert_int_equal(rpc_gunzip(text_str(&gzip), 1000, &out, &fault), ASH_RESOURCE_EXHAUSTED);
	assert_true(out.capacity <= 64 * 1024);
	assert_int_equal(rpc_gunzip(text_str(&gzip), BOMB - 1, &out, &fault),
			 ASH_RESOURCE_EXHAUSTED);
	assert_int_equal(rpc_gunzip(STR("no gzip"), 1000, &out, &fault), ASH_INVALID_ARGUMENT);
	text_clear(&out);
	assert_int_equal(
		rpc_gunzip(str_first(text_str(&gzip), gzip.length - 1), BOMB, &out, &fault),
		ASH_INVALID_ARGUMENT);
	text_add_byte(&gzip, 'x');
	text_clear(&out);
	assert_int_equal(rpc_gunzip(text_str(&gzip), BOMB, &out, &fault), ASH_INVALID_ARGUMENT);
}

/* Every Nth allocation fails: an error, and nothing is lost. */
static void memory_may_run_out(void **state)
{
	(void)state;
	for (long nth = 1;; nth++) {
		_cleanup_(arena_release) struct arena arena = {0};
		_cleanup_(text_release) struct text gzip = {0}, out = {0}, fields = {0};
		struct metadata metadata = {0};
		struct fault fault;
		mem_fail_from(nth);
		bool good =
			rpc_gzip(STR("hello"), &gzip, &fault) == ASH_OK &&
			rpc_gunzip(text_str(&gzip), 10, &out, &fault) == ASH_OK &&
			rpc_metadata_read(STR("a-bin"), STR("AA"), &metadata, &arena, &fault) ==
				ASH_OK &&
			rpc_metadata_write(&metadata, STR(""), collect, &fields) &&
			rpc_failure_read(STR("{\"details\":[{\"type\":\"a\",\"value\":\"AA\"}]}"),
					 ASH_UNKNOWN, &arena, &fault);
		bool failed = mem_fail_never();
		assert_true(good || failed);
		if (!failed)
			break;
		assert_true(!good || fields.failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_spelled),
		cmocka_unit_test(times_are_ten_digits),
		cmocka_unit_test(failures_come_back),
		cmocka_unit_test(failures_with_a_nul_are_read),
		cmocka_unit_test(failures_of_others_are_read),
		cmocka_unit_test(metadata_travels),
		cmocka_unit_test(bodies_are_bounded),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
