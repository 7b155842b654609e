/* SPDX-License-Identifier: Apache-2.0 */
/* Ports over the wire, as a client sees them that sends what it likes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "google/protobuf/wrappers.pb-c.h"
#include "http/client.h"
#include "http/server.h"
#include "rpc/gzip.h"
#include "rpc/server.h"

#define TEXT (&google__protobuf__string_value__descriptor)

/* Bytes of a message that are taken. */
enum { LIMIT = 1000 };

typedef Google__Protobuf__StringValue text_message;

/* ---- the port ---- */

/* Answers with what came; a text tells it what else to do. */
static ash_status say(const void *handlers, ash_call *call, const void *request, void *reply)
{
	const text_message *in = request;
	const char *key;
	const void *value;
	size_t length;
	(void)handlers;
	if (ash_metadata_at(call, ASH_METADATA_CAME, 0, &key, &value, &length))
		ASH_TRY(ash_metadata_add(call, ASH_METADATA_ANSWER, key, value, length));
	ASH_TRY(ash_metadata_add(call, ASH_METADATA_TRAILER, "end-bin", "\0", 1));
	if (strcmp(in->value, "fail") == 0) {
		ash_fail(call, ASH_NOT_FOUND, "no");
		return ash_fail_detail(call, TEXT, in);
	}
	if (strcmp(in->value, "who") == 0)
		((text_message *)reply)->value =
			ash_format(call, "%s %s %d", ash_caller(call), ash_idempotency_key(call),
				   ash_time_left(call) <= INT64_C(5000000000));
	else
		((text_message *)reply)->value = in->value;
	return ASH_OK;
}

static const ash_method METHODS[] = {
	{.name = "Say", .request = TEXT, .reply = TEXT},
	{.name = "Find", .request = TEXT, .reply = TEXT, .idempotency = ASH_NO_SIDE_EFFECTS},
};
static uint32_t port_id;
static const ash_port PORT = {"echo.v1.Echo", "echo", METHODS, 2, &port_id};
static const ash_invoke INVOKES[] = {say, say};

static bool has(const void *handlers, uint16_t method)
{
	(void)handlers;
	return method < 2;
}

static const ash_provides PROVIDES = {&PORT, INVOKES, has, 0, {"echo/module.yaml", 1, 1}};
static const ash_module MODULE = {.name = "echo",
				  .owner = "tests",
				  .contract = "",
				  .provides = &PROVIDES,
				  .provides_count = 1,
				  .code = ""};

static ash_status gate(void *context, const struct binding *binding, const char *caller,
		       struct fault *fault)
{
	(void)context;
	if (strcmp(caller, "stranger") == 0)
		return fault_set(fault, ASH_PERMISSION_DENIED, "%s may not call %s", caller,
				 binding->port->name);
	return ASH_OK;
}

/* ---- the server ---- */

static struct metrics *metrics;
static struct registry registry;
static struct environment environment;
static struct rpc_server rpc;
static struct arena arena;
static struct http_router *router;
static struct http_server *server;

static int start(void **state)
{
	static const ash_module *const MODULES[] = {&MODULE};
	struct error_list errors = {0};
	struct error error;
	(void)state;
	metrics = metrics_new();
	router = http_router_new();
	if (!metrics || !router ||
	    registry_build(MODULES, 1, metrics, &registry, &errors, &error) < 0 || errors.count)
		return -1;
	environment = (struct environment){.registry = &registry, .clock = &clock_system};
	rpc = (struct rpc_server){.environment = &environment,
				  .patience = UINT64_C(60000000000),
				  .limit = LIMIT,
				  .gzip_least = 100,
				  .gate = gate};
	const struct http_server_options options = {.handle = http_router_handle,
						    .context = router};
	if (rpc_server_add(&rpc, registry_binding(&registry, &PORT), &arena, router, &error) < 0 ||
	    http_router_build(router, &error) < 0)
		return -1;
	return http_server_start(&options, &server, &error);
}

static int stop(void **state)
{
	(void)state;
	http_server_free(server);
	http_router_free(router);
	registry_release(&registry);
	arena_release(&arena);
	metrics_free(metrics);
	return 0;
}

/* Sends "VERB PATH", more fields ("A: b\r\n") and a body; the answer must have all the texts. */
static void check_bytes(const char *line, const char *fields, struct str body,
			const char *const *expected)
{
	_cleanup_(text_release) struct text request = {0}, out = {0};
	text_addf(&request,
		  "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n",
		  line, body.length, fields);
	text_add(&request, body);
	client_exchange(http_server_port(server), text_str(&request), &out);
	for (; *expected; expected++)
		if (!out.at || !strstr(out.at, *expected))
			fail_msg("%s %s: '%s' is not in '%s'", line, fields, *expected,
				 out.at ? out.at : "");
}

#define CHECK(line, fields, body, ...)                                                             \
	check_bytes(line, fields, STR(body), (const char *const[]){__VA_ARGS__, NULL})

#define SAY  "POST /echo.v1.Echo/Say"
#define FIND "GET /echo.v1.Echo/Find?"
#define JSON "Content-Type: application/json\r\n"

static void both_codecs_are_answered(void **state)
{
	(void)state;
	CHECK(SAY, JSON, "\"hi\"", "HTTP/1.1 200", "Content-Type: application/json\r\n",
	      "\r\n\r\n\"hi\"", "trailer-end-bin: AA\r\n");
	CHECK(SAY, "Content-Type: application/json; charset=utf-8\r\n", "\"hi\"", "200");
	CHECK(SAY, "Content-Type: application/proto\r\n", "\n\2hi", "HTTP/1.1 200",
	      "Content-Type: application/proto\r\n", "\r\n\r\n\n\2hi");
	CHECK(SAY, "Content-Type: application/proto\r\nContent-Encoding: gzip\r\n", "",
	      "HTTP/1.1 200");
	CHECK(SAY, JSON "X-Some: thing\r\n", "\"hi\"", "x-some: thing\r\n");
	CHECK(SAY,
	      JSON "Ashlar-Caller: shop\r\nIdempotency-Key: k1\r\nConnect-Timeout-Ms: 5000\r\n"
		   "Connect-Protocol-Version: 1\r\n",
	      "\"who\"", "\"shop k1 1\"");
}

static void what_has_no_effects_is_got(void **state)
{
	(void)state;
	CHECK(FIND "connect=v1&encoding=json&message=%22hi%22", "", "", "HTTP/1.1 200", "\"hi\"",
	      "Vary: Accept-Encoding\r\n");
	CHECK(FIND "encoding=proto&base64=1&message=CgJoaQ", "", "", "\r\n\r\n\n\2hi");
	CHECK(FIND "encoding=json&base64=1&message=!", "", "", "400", "not valid base64");
	CHECK(FIND "encoding=json&message=%4", "", "", "400", "broken escape");
	CHECK(FIND "encoding=json", "", "", "400", "message is missing");
	CHECK(FIND "connect=v2&encoding=json&message=1", "", "", "400", "must be v1");
	CHECK(FIND "encoding=json&message=1&compression=br", "", "", "501", "gzip, identity");
	CHECK(FIND "encoding=text&message=1", "", "", "415");
	CHECK(FIND "encoding=json&message=%22hi%22", "", "x", "415");
	CHECK("GET /echo.v1.Echo/Say?encoding=json&message=1", "", "", "405", "Allow: ");
}

static void failures_are_told(void **state)
{
	(void)state;
	CHECK(SAY, JSON "A-B: c\r\n", "\"fail\"", "HTTP/1.1 404",
	      "Content-Type: application/json\r\n", "a-b: c\r\n", "trailer-end-bin: AA\r\n",
	      "{\"code\":\"not_found\",\"message\":\"no\",\"details\":["
	      "{\"type\":\"google.protobuf.StringValue\",\"value\":\"CgRmYWls\"}]}");
	CHECK(SAY, JSON, "{", "HTTP/1.1 400", "\"code\":\"invalid_argument\"");
	CHECK(SAY, "Content-Type: text/plain\r\n", "x", "HTTP/1.1 415",
	      "Accept-Post: application/proto, application/json\r\n");
	CHECK(SAY, "", "x", "HTTP/1.1 415");
	CHECK(SAY, JSON "Connect-Protocol-Version: 2\r\n", "1", "400", "must be 1");
	CHECK(SAY, JSON "Connect-Timeout-Ms: -1\r\n", "1", "400", "Connect-Timeout-Ms");
	CHECK(SAY, JSON "Connect-Timeout-Ms: 0\r\n", "1", "504", "deadline_exceeded");
	CHECK(SAY, JSON "Content-Encoding: br\r\n", "1", "501", "unimplemented", "gzip, identity");
	CHECK(SAY, JSON "Content-Encoding: gzip\r\n", "1", "400", "not valid gzip");
	CHECK(SAY, JSON "a-bin: !\r\n", "1", "400", "a-bin is not valid base64");
	CHECK(SAY, JSON "Ashlar-Caller: stranger\r\n", "1", "403", "permission_denied",
	      "stranger may not call echo.v1.Echo");
	CHECK("PUT /echo.v1.Echo/Say", "", "", "405", "Allow: ");
	CHECK("POST /echo.v1.Echo/None", JSON, "1", "404");
}

static void sizes_are_of_what_is_uncompressed(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text json = {0}, gzip = {0}, long_name = {0};
	struct fault fault;
	text_addf(&json, "\"%0*d\"", LIMIT - 2, 0);
	assert_int_equal(rpc_gzip(text_str(&json), &gzip, &fault), ASH_OK);
	check_bytes(SAY, JSON "Content-Encoding: gzip\r\nAccept-Encoding: br, gzip;q=0.5\r\n",
		    text_str(&gzip),
		    (const char *const[]){"HTTP/1.1 200", "Content-Encoding: gzip\r\n", NULL});
	text_clear(&json);
	text_clear(&gzip);
	text_addf(&json, "\"%0*d\"", LIMIT - 1, 0);
	assert_int_equal(rpc_gzip(text_str(&json), &gzip, &fault), ASH_OK);
	check_bytes(SAY, JSON "Content-Encoding: gzip\r\n", text_str(&gzip),
		    (const char *const[]){"HTTP/1.1 429", "resource_exhausted", NULL});
	check_bytes(SAY, JSON, text_str(&json),
		    (const char *const[]){"HTTP/1.1 429", "resource_exhausted", NULL});
	text_addf(&long_name, JSON "Ashlar-Caller: %0*d\r\n", RPC_CALLER_SIZE, 0);
	CHECK(SAY, long_name.at, "1", "400", "Ashlar-Caller is longer than 255 bytes");
}

static void metadata_has_bounds(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text fields = {0};
	text_add(&fields, STR(JSON));
	for (int i = 0; i < METADATA_LIMIT + 1; i++)
		text_addf(&fields, "a%d: b\r\n", i);
	CHECK(SAY, fields.at, "1", "429", "more metadata");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_codecs_are_answered),
		cmocka_unit_test(what_has_no_effects_is_got),
		cmocka_unit_test(failures_are_told),
		cmocka_unit_test(sizes_are_of_what_is_uncompressed),
		cmocka_unit_test(metadata_has_bounds),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
