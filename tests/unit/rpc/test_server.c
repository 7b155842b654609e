/* SPDX-License-Identifier: Apache-2.0 */
/* Ports over the wire, as a client sees them that sends what it likes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "google/protobuf/wrappers.pb-c.h"
#include "http/client.h"
#include "http/exchange.h"
#include "http/server.h"
#include "rpc/gzip.h"
#include "rpc/server.h"

#define TEXT (&google__protobuf__string_value__descriptor)

/* Bytes of a message that are taken. */
enum { LIMIT = 1000 };

typedef Google__Protobuf__StringValue text_message;

/* ---- the port ---- */

/* Calls that do not return while it is set, how many are there, and calls that are only counted. */
static atomic_bool held;
static atomic_int holding, counted;

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
	if (strcmp(in->value, "break") == 0)
		return ash_fail(call, ASH_DATA_LOSS, "it broke");
	if (strcmp(in->value, "hold") == 0) {
		atomic_fetch_add(&holding, 1);
		while (atomic_load(&held))
			usleep(1000);
	}
	if (strcmp(in->value, "count") == 0)
		atomic_fetch_add(&counted, 1);
	if (strcmp(in->value, "state") == 0) {
		((text_message *)reply)->value =
			ash_format(call, "[%.*s]", STR_ARG(call->request->trace_state));
		return ASH_OK;
	}
	if (strcmp(in->value, "who") == 0)
		((text_message *)reply)->value =
			ash_format(call, "%s %s %d", ash_caller(call), ash_idempotency_key(call),
				   ash_time_left(call) <= INT64_C(50000000000));
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

static ash_status gate(void *context, const struct binding *binding, uint16_t method,
		       const char *caller, const struct http_exchange *exchange,
		       struct fault *fault)
{
	(void)context, (void)method, (void)exchange;
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
static struct rpc_refusing refusing;
static struct arena arena;
static struct http_router *router;
static struct http_server *server;

static void show_page(void *context, struct http_exchange *exchange, const struct http_match *match)
{
	(void)context, (void)match;
	http_add_body(exchange, STR("a page"));
}

/* Routes of an application beside its ports; the last takes any path. */
static const char *const PAGES[] = {"/other.v1.Other/{path...}", "/echo.v1.Echo/Help",
				    "/{path...}"};

static bool catches; /* POST, too, finds a page at any path */

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
	refusing = (struct rpc_refusing){&registry, router};
	http_router_otherwise(router, rpc_server_refuse, &refusing);
	for (size_t i = 0; i < sizeof PAGES / sizeof *PAGES; i++)
		if (http_router_add(router, "GET", PAGES[i], show_page, NULL, &error) < 0)
			return -1;
	if ((catches && http_router_add(router, "POST", "/{a}/{b}", show_page, NULL, &error) < 0) ||
	    rpc_server_add(&rpc, registry_binding(&registry, &PORT), &arena, router, &error) < 0 ||
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
	CHECK(SAY, "Content-Type: Application/JSON\r\nContent-Encoding: Identity\r\n", "\"hi\"",
	      "200");
	CHECK(SAY, "Content-Type: application/proto\r\n", "\n\2hi", "HTTP/1.1 200",
	      "Content-Type: application/proto\r\n", "\r\n\r\n\n\2hi");
	CHECK(SAY, "Content-Type: application/proto\r\nContent-Encoding: gzip\r\n", "",
	      "HTTP/1.1 200");
	CHECK(SAY, JSON "X-Some: thing\r\n", "\"hi\"", "x-some: thing\r\n");
	CHECK(SAY,
	      JSON "Ashlar-Caller: shop\r\nIdempotency-Key: k1\r\nConnect-Timeout-Ms: 50000\r\n"
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
	CHECK(SAY, JSON "Ashlar-Caller: stranger\r\nAshlar-Caller: shop\r\n", "1", "400",
	      "Ashlar-Caller is there more than once");
	CHECK(SAY, JSON "Idempotency-Key: a\r\nIdempotency-Key: a\r\n", "1", "400",
	      "Idempotency-Key is there more than once");
	CHECK(SAY, "Content-Type: application/json; charset=iso-8859-1\r\n", "1", "415", "UTF-8");
	CHECK("PUT /echo.v1.Echo/Say", "", "", "405", "Allow: ");
	CHECK(SAY, "", "x", "application/problem+json",
	      "the Content-Type of a call is application/json");
	CHECK(FIND "encoding=text&message=1", "", "", "415", "encoding=json");
}

static bool is_refused(const char *line)
{
	_cleanup_(text_release) struct text request = {0}, out = {0};
	text_addf(&request, "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", line);
	client_exchange(http_server_port(server), text_str(&request), &out);
	return strstr(out.at, "HTTP/1.1 404") && strstr(out.at, "{\"code\":\"unimplemented\"");
}

/* Also where another method of HTTP would find something: a page. */
static void methods_that_are_not_served_are_told_so(void **state)
{
	(void)state;
	CHECK("POST /echo.v1.Echo/None", JSON, "1", "404", "Content-Type: application/json\r\n",
	      "\"code\":\"unimplemented\"", "echo.v1.Echo/None is not served here");
	CHECK("POST /other.v1.Other/a/b", JSON, "1", "405", "Allow: GET, HEAD");
	CHECK("PUT /other.v1.Other/Say", JSON, "1", "405");
	CHECK("GET /other.v1.Other/Say", "", "", "HTTP/1.1 200");
	assert_true(is_refused("POST /other.v1.Other/Say"));
	assert_true(is_refused("POST /a.B/_1"));
	assert_false(is_refused("POST /Other/Say"));
	assert_false(is_refused("POST /a..B/Say"));
	assert_false(is_refused("POST /.B/Say"));
	assert_false(is_refused("POST /a./Say"));
	assert_false(is_refused("POST /a.B/"));
	assert_false(is_refused("POST /a.B"));
	assert_false(is_refused("POST /a.B/Say/More"));
	assert_false(is_refused("POST /a.B/S%61y"));
}

/* A page that takes any path is no answer to a call. */
static void what_is_got_and_not_served_is_no_page(void **state)
{
	(void)state;
	CHECK("GET /any/page", "", "", "HTTP/1.1 200", "a page");
	CHECK("GET /echo.v1.Echo/Help", "", "", "HTTP/1.1 200", "a page");
	CHECK("GET /echo.v1.Echo/None", "", "", "HTTP/1.1 404",
	      "Content-Type: application/json\r\n", "\"code\":\"unimplemented\"",
	      "echo.v1.Echo/None is not served here");
	CHECK("HEAD /echo.v1.Echo/None", "", "", "HTTP/1.1 404");
	CHECK("GET /echo.v1.Echo/Say", "", "", "HTTP/1.1 405", "Allow: POST\r\n", "called by POST");
	CHECK("HEAD /echo.v1.Echo/Say", "", "", "HTTP/1.1 405", "Allow: POST\r\n");
	CHECK(FIND "connect=v1&encoding=json&message=%22hi%22", "", "", "HTTP/1.1 200", "\"hi\"");
	assert_true(is_refused("GET /echo.v1.Echo/None?connect=v1&encoding=json&message=1"));
	assert_true(is_refused("GET /new.v1.New/Say?encoding=json&connect=v1"));
	assert_false(is_refused("GET /new.v1.New/Say?encoding=json"));
	assert_false(is_refused("GET /new.v1.New/Say?connect=v2"));
	assert_false(is_refused("GET /new.v1.New/Say?%4=&connect=v1"));
	assert_false(is_refused("GET /other.v1.Other/Say?connect=v1"));
	assert_false(is_refused("GET /echo.v1.Echo/None/More?connect=v1"));
}

static void what_is_posted_and_not_served_is_no_page(void **state)
{
	(void)state;
	CHECK("POST /any/page", JSON, "1", "HTTP/1.1 200", "a page");
	CHECK("POST /new.v1.New/Say", JSON, "1", "HTTP/1.1 200", "a page");
	CHECK("POST /new.v1.New/Say", JSON "Connect-Protocol-Version: 1\r\n", "1", "HTTP/1.1 404",
	      "\"code\":\"unimplemented\"");
	assert_true(is_refused("POST /echo.v1.Echo/None"));
	CHECK("GET /echo.v1.Echo/Say", "", "", "HTTP/1.1 405", "Allow: POST\r\n");
	CHECK(SAY, JSON, "\"hi\"", "HTTP/1.1 200", "\"hi\"");
}

#define PARENT "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"

static void a_trace_keeps_its_state(void **state)
{
	(void)state;
	CHECK(SAY, JSON PARENT "tracestate: a=1,b=2\r\n", "\"state\"", "\"[a=1,b=2]\"");
	CHECK(SAY,
	      JSON PARENT "Tracestate: a=1\r\nX-A: b\r\nTracestate: b=2\r\ntracestate: c=3\r\n",
	      "\"state\"", "\"[a=1,b=2,c=3]\"");
	CHECK(SAY, JSON PARENT "tracestate: no list\r\n", "\"state\"", "\"[]\"");
	CHECK(SAY, JSON "tracestate: a=1\r\n", "\"state\"", "\"[]\"");
}

static void keep_line(void *context, const char *line, size_t length)
{
	text_add(context, (struct str){line, length});
}

/* Failures of the callee are told under the caller's trace, and those of the caller are not. */
static void failures_of_ours_are_logged(void **state)
{
	_cleanup_(text_release) struct text lines = {0};
	const struct logger logger = {
		.sink = keep_line, .context = &lines, .clock = &clock_system, .service = "tests"};
	(void)state;
	environment.logger = &logger;
	CHECK(SAY, JSON PARENT, "\"fail\"", "HTTP/1.1 404");
	assert_int_equal(lines.length, 0);
	CHECK(SAY, JSON PARENT, "\"break\"", "HTTP/1.1 500", "data_loss");
	assert_non_null(lines.at);
	assert_non_null(strstr(lines.at, "echo.v1.Echo/Say: data_loss: it broke"));
	assert_non_null(strstr(lines.at, "0af7651916cd43dd8448eb211c80319c"));
	assert_non_null(strstr(lines.at, "\"echo\""));
	environment.logger = NULL;
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

static int ask_small(const struct http_server *where, const char *fields, const char *body)
{
	_cleanup_(text_release) struct text request = {0};
	int fd = client_connect(http_server_port(where));
	text_addf(&request, SAY " HTTP/1.1\r\nHost: a\r\n" JSON "%sContent-Length: %zu\r\n\r\n%s",
		  fields, strlen(body), body);
	assert_true(client_send(fd, text_str(&request)));
	return fd;
}

/* Its time is over before a thread is free, also where the server sees late that it came: it is
 * answered so, and nothing is done. */
static void a_call_that_waited_too_long_is_not_begun(void **state)
{
	const struct http_server_options options = {
		.handle = http_router_handle, .context = router, .loops = 1, .threads = 2};
	_cleanup_(http_server_freep) struct http_server *small = NULL;
	struct error error;
	int fds[2];
	(void)state;
	assert_int_equal(http_server_start(&options, &small, &error), 0);
	atomic_store(&held, true);
	for (int i = 0; i < 2; i++) {
		fds[i] = ask_small(small, "", "\"hold\"");
		client_wait_for(atomic_load(&holding) == i + 1);
	}
	int late = ask_small(small, "Connect-Timeout-Ms: 50\r\n", "\"count\"");
	int patient = ask_small(small, "Connect-Timeout-Ms: 100000\r\n", "\"count\"");
	usleep(4000000);
	atomic_store(&held, false);
	_cleanup_(text_release) struct text answer = {0};
	assert_int_equal(client_read_response(late, &answer), 504);
	assert_non_null(strstr(answer.at,
			       "{\"code\":\"deadline_exceeded\",\"message\":\"the request "
			       "came "));
	assert_int_equal(client_read_response(patient, &answer), 200);
	assert_int_equal(atomic_load(&counted), 1);
	for (int i = 0; i < 2; i++)
		close(fds[i]);
	close(late);
	close(patient);
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
		cmocka_unit_test(methods_that_are_not_served_are_told_so),
		cmocka_unit_test(what_is_got_and_not_served_is_no_page),
		cmocka_unit_test(a_trace_keeps_its_state),
		cmocka_unit_test(failures_of_ours_are_logged),
		cmocka_unit_test(sizes_are_of_what_is_uncompressed),
		cmocka_unit_test(a_call_that_waited_too_long_is_not_begun),
		cmocka_unit_test(metadata_has_bounds),
	};
	const struct CMUnitTest catching[] = {
		cmocka_unit_test(what_is_posted_and_not_served_is_no_page),
	};
	int failed = cmocka_run_group_tests(tests, start, stop);
	catches = true;
	return failed + cmocka_run_group_tests(catching, start, stop);
}
