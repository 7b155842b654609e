/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol's client against a remote that answers what the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "google/protobuf/wrappers.pb-c.h"
#include "rpc/client.h"
#include "rpc/gzip.h"
#include "rpc/measure.h"

typedef Google__Protobuf__StringValue string_value;

#define TYPE (&google__protobuf__string_value__descriptor)

static const ash_method METHODS[] = {
	{.name = "Say", .request = TYPE, .reply = TYPE},
	{.name = "Get", .request = TYPE, .reply = TYPE, .idempotency = ASH_NO_SIDE_EFFECTS},
};

/* Answers one request. Its end of the connection stays until the caller's is closed: with bytes of
 * the request unread the answer might be lost. */
struct remote {
	struct text answer;
	char request[8192];
	int fd, peer;
	pthread_t thread;
	struct rpc_remote rpc;
};

static void *answer_once(void *context)
{
	struct remote *remote = context;
	size_t length = 0;
	int fd = accept(remote->fd, NULL, NULL);
	while (length < sizeof remote->request - 1 && !strstr(remote->request, "\r\n\r\n")) {
		ssize_t got =
			recv(fd, remote->request + length, sizeof remote->request - 1 - length, 0);
		if (got <= 0)
			break;
		length += (size_t)got;
		remote->request[length] = '\0';
	}
	(void)send(fd, remote->answer.at, remote->answer.length, MSG_NOSIGNAL);
	remote->peer = fd;
	return NULL;
}

static void remote_start(struct remote *remote, const char *head, struct str body)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof at;
	char address[64];
	*remote = (struct remote){.fd = socket(AF_INET, SOCK_STREAM, 0)};
	text_addf(&remote->answer, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", head, body.length);
	text_add(&remote->answer, body);
	assert_int_equal(bind(remote->fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(remote->fd, 4), 0);
	assert_int_equal(getsockname(remote->fd, (struct sockaddr *)&at, &size), 0);
	(void)snprintf(address, sizeof address, "http://127.0.0.1:%u", ntohs(at.sin_port));
	assert_int_equal(http_client_new(address, NULL, &remote->rpc.client, NULL), ASH_OK);
	assert_int_equal(pthread_create(&remote->thread, NULL, answer_once, remote), 0);
}

static void remote_end(struct remote *remote)
{
	assert_int_equal(pthread_join(remote->thread, NULL), 0);
	http_client_free(remote->rpc.client);
	(void)close(remote->peer);
	text_release(&remote->answer);
	(void)close(remote->fd);
}

static ash_status ask(struct remote *remote, unsigned method, struct arena *arena,
		      string_value *reply, struct rpc_beside *beside, struct fault *fault)
{
	string_value in = GOOGLE__PROTOBUF__STRING_VALUE__INIT;
	in.value = (char *)(uintptr_t) "hello";
	const struct rpc_question question = {
		.name = method ? "a.v1.A/Get" : "a.v1.A/Say",
		.method = &METHODS[method],
		.message = &in,
		.time_left = 60000000000u,
		.caller = STR("orders"),
		.key = STR("k1"),
	};
	return rpc_ask(&remote->rpc, &question, arena, reply, beside, fault);
}

#define PROTO_HI STR("\n\002hi")

/* Each kind of answer, and what it is for the caller. */
static const struct kind {
	const char *head;
	const char *body;
	bool json;
	ash_status status;
	const char *message;
} KINDS[] = {
	{"200 OK\r\nContent-Type: application/proto", "\n\002hi", false, ASH_OK, ""},
	{"200 OK\r\nContent-Type: application/json; charset=utf-8", "\"hi\"", true, ASH_OK, ""},
	{"200 OK\r\nContent-Type: application/json", "\"hi\"", false, ASH_INTERNAL, "content type"},
	{"200 OK\r\nContent-Type: text/html", "<p>", false, ASH_UNKNOWN, "text/html"},
	{"200 OK", "\n\002hi", false, ASH_UNKNOWN, "content type"},
	{"200 OK\r\nContent-Type: application/proto", "\n\005hi", false, ASH_INTERNAL,
	 "a.v1.A/Say"},
	{"200 OK\r\nContent-Type: application/proto\r\nContent-Encoding: br", "x", false,
	 ASH_INTERNAL, "\"br\""},
	{"200 OK\r\nContent-Type: application/proto\r\nContent-Encoding: gzip", "no gzip", false,
	 ASH_INTERNAL, "broken gzip"},
	{"404 No\r\nContent-Type: application/json", "{\"code\":\"not_found\",\"message\":\"m\"}",
	 false, ASH_NOT_FOUND, "m"},
	{"503 No\r\nContent-Type: application/json", "{\"code\":\"gone\"}", false, ASH_UNAVAILABLE,
	 ""},
	{"400 No\r\nContent-Type: application/json", "no JSON", false, ASH_INTERNAL, "400"},
	{"400 No\r\nContent-Type: text/plain", "", false, ASH_INTERNAL, "400"},
	{"401 No", "", false, ASH_UNAUTHENTICATED, "401"},
	{"403 No", "", false, ASH_PERMISSION_DENIED, "403"},
	{"404 No", "", false, ASH_UNIMPLEMENTED, "404"},
	{"429 No", "", false, ASH_UNAVAILABLE, "429"},
	{"502 No", "", false, ASH_UNAVAILABLE, "502"},
	{"500 No", "", false, ASH_UNKNOWN, "500"},
	{"204 No Content", "", false, ASH_UNKNOWN,
	 "answered HTTP status 204 with neither a reply nor a failure of the Connect protocol, as "
	 "a "
	 "proxy or another program does"},
	{"302 Away\r\nLocation: /", "", false, ASH_UNKNOWN, "302"},
};

static void answers_are_what_the_protocol_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
		struct remote remote;
		struct fault fault = {0};
		string_value reply = GOOGLE__PROTOBUF__STRING_VALUE__INIT;
		_cleanup_(arena_release) struct arena arena = {0};
		remote_start(&remote, KINDS[i].head, str_of(KINDS[i].body));
		remote.rpc.json = KINDS[i].json;
		ash_status status = ask(&remote, 0, &arena, &reply, NULL, &fault);
		remote_end(&remote);
		assert_int_equal(status, KINDS[i].status);
		if (status == ASH_OK)
			assert_string_equal(reply.value, "hi");
		else
			assert_non_null(strstr(fault.message, KINDS[i].message));
	}
}

static void requests_say_who_calls_and_until_when(void **state)
{
	struct remote remote;
	struct rpc_beside beside = {0};
	string_value reply = GOOGLE__PROTOBUF__STRING_VALUE__INIT;
	_cleanup_(arena_release) struct arena arena = {0};
	(void)state;
	remote_start(&remote,
		     "200 OK\r\nContent-Type: application/proto\r\nX-A: b\r\nTrailer-X-C: d",
		     PROTO_HI);
	assert_int_equal(ask(&remote, 0, &arena, &reply, &beside, NULL), ASH_OK);
	remote_end(&remote);
	assert_ptr_equal(strstr(remote.request, "POST /a.v1.A/Say HTTP/1.1\r\n"), remote.request);
	assert_non_null(strstr(remote.request, "\r\nAshlar-Caller: orders\r\n"));
	assert_non_null(strstr(remote.request, "\r\nIdempotency-Key: k1\r\n"));
	assert_non_null(strstr(remote.request, "\r\nConnect-Timeout-Ms: 60000\r\n"));
	assert_non_null(strstr(remote.request, "\r\nConnect-Protocol-Version: 1\r\n"));
	assert_int_equal(beside.headers.count, 1);
	assert_string_equal(beside.headers.first->key, "x-a");
	assert_int_equal(beside.trailers.count, 1);
	assert_string_equal(beside.trailers.first->key, "x-c");
}

static void what_has_no_effects_goes_by_get(void **state)
{
	struct remote remote;
	string_value reply = GOOGLE__PROTOBUF__STRING_VALUE__INIT;
	_cleanup_(arena_release) struct arena arena = {0};
	(void)state;
	remote_start(&remote, "200 OK\r\nContent-Type: application/proto", PROTO_HI);
	remote.rpc.get = true;
	assert_int_equal(ask(&remote, 1, &arena, &reply, NULL, NULL), ASH_OK);
	remote_end(&remote);
	assert_non_null(strstr(remote.request, "GET /a.v1.A/Get?connect=v1&base64=1&encoding=proto"
					       "&message=CgVoZWxsbw HTTP/1.1\r\n"));
	assert_null(strstr(remote.request, "Content-Type"));
}

static void large_answers_are_refused_as_they_unfold(void **state)
{
	struct remote remote;
	struct fault fault = {0};
	string_value reply = GOOGLE__PROTOBUF__STRING_VALUE__INIT;
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(text_release) struct text zeros = {0}, zipped = {0};
	(void)state;
	for (size_t i = 0; i < 100000; i++)
		text_add_byte(&zeros, '\0');
	assert_int_equal(rpc_gzip(text_str(&zeros), &zipped, NULL), ASH_OK);
	remote_start(&remote, "200 OK\r\nContent-Type: application/proto\r\nContent-Encoding: gzip",
		     text_str(&zipped));
	remote.rpc.message_limit = 50000;
	assert_int_equal(ask(&remote, 0, &arena, &reply, NULL, &fault), ASH_RESOURCE_EXHAUSTED);
	remote_end(&remote);
}

static void bodies_travel_in_gzip_both_ways(void **state)
{
	struct remote remote;
	string_value reply = GOOGLE__PROTOBUF__STRING_VALUE__INIT;
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(text_release) struct text zipped = {0};
	(void)state;
	assert_int_equal(rpc_gzip(PROTO_HI, &zipped, NULL), ASH_OK);
	remote_start(&remote, "200 OK\r\nContent-Type: application/proto\r\nContent-Encoding: gzip",
		     text_str(&zipped));
	remote.rpc.gzip = true;
	assert_int_equal(ask(&remote, 0, &arena, &reply, NULL, NULL), ASH_OK);
	remote_end(&remote);
	assert_string_equal(reply.value, "hi");
	assert_non_null(strstr(remote.request, "\r\nContent-Encoding: gzip\r\n"));
}

/* As a handler of orders calls: what the request knows goes along, and a span joins both. */
static void calls_go_along_with_what_the_request_knows(void **state)
{
	static const ash_port PORT = {"a.v1.A", "a", METHODS, 2, NULL};
	static const ash_module ORDERS = {.name = "orders"}, A = {.name = "a"};
	static char *names[] = {(char *)(uintptr_t) "a.v1.A/Say", (char *)(uintptr_t) "a.v1.A/Get"};
	struct remote remote;
	struct span span;
	char expected[128], id[SPAN_ID_HEX + 1];
	string_value in = GOOGLE__PROTOBUF__STRING_VALUE__INIT;
	string_value reply = GOOGLE__PROTOBUF__STRING_VALUE__INIT;
	struct recorder *recorder = recorder_new(16, 1.0, &clock_system);
	const struct environment environment = {.clock = &clock_system, .recorder = recorder};
	const struct member orders = {.module = &ORDERS}, a = {.module = &A};
	struct request request = {
		.environment = &environment,
		.deadline = clock_monotonic() + 60000000000u,
		.trace = {{1, 2}, 3, TRACE_SAMPLED},
		.trace_state = STR("rojo=1,congo=2"),
		.idempotency_key = "k2",
		.worker = true,
	};
	const ash_call from = {.request = &request, .member = &orders, .origin = ""};
	ash_call call = {
		.request = &request, .member = &a, .caller = &from, .origin = "", .span = 4};
	(void)state;
	remote_start(&remote,
		     "404 No\r\nContent-Type: application/json\r\nX-A: b\r\nTrailer-X-C: d",
		     STR("{\"code\":\"not_found\",\"message\":\"no a\"}"));
	const struct binding binding = {.port = &PORT, .handlers = &remote.rpc, .names = names};
	struct call_metadata came = {0};
	remote.rpc.patience = 20000000000u;
	assert_true(
		metadata_add(&came.lists[ASH_METADATA_CAME], &request.arena, STR("x-m"), STR("n")));
	call.metadata = &came;
	assert_int_equal(rpc_invoke(&binding, 0, &call, &in, &reply), ASH_NOT_FOUND);
	remote_end(&remote);
	assert_string_equal(request.fault.message, "no a");
	assert_string_equal(call.metadata->lists[ASH_METADATA_ANSWER].first->key, "x-a");
	assert_string_equal(call.metadata->lists[ASH_METADATA_TRAILER].first->key, "x-c");
	assert_non_null(strstr(remote.request, "\r\nx-m: n\r\n"));
	assert_int_equal(recorder_find(recorder, request.trace.trace, &span, 1), 1);
	assert_int_equal(span.kind, SPAN_CLIENT);
	assert_int_equal(span.parent, 4);
	assert_int_equal(span.status, ASH_NOT_FOUND);
	span_id_format(span.id, id);
	(void)snprintf(expected, sizeof expected,
		       "\r\ntraceparent: 00-00000000000000010000000000000002-%s-01\r\n", id);
	assert_non_null(strstr(remote.request, expected));
	assert_non_null(strstr(remote.request, "\r\ntracestate: rojo=1,congo=2\r\n"));
	assert_non_null(strstr(remote.request, "\r\nAshlar-Caller: orders\r\n"));
	assert_non_null(strstr(remote.request, "\r\nIdempotency-Key: k2\r\n"));
	const char *timeout = strstr(remote.request, "\r\nConnect-Timeout-Ms: ");
	assert_non_null(timeout);
	assert_in_range(strtol(timeout + strlen("\r\nConnect-Timeout-Ms: "), NULL, 10), 1, 20000);
	arena_release(&request.arena);
	recorder_free(recorder);
}

/* What a call within the application makes of an answer: it says whose it is. */
static void check_judged(const char *head, struct str body, ash_status status, const char *message)
{
	static const ash_port PORT = {"a.v1.A", "a", METHODS, 2, NULL};
	static const ash_module A = {.name = "a"};
	static char *names[] = {(char *)(uintptr_t) "a.v1.A/Say", (char *)(uintptr_t) "a.v1.A/Get"};
	const struct environment environment = {.clock = &clock_system};
	const struct member a = {.module = &A};
	struct remote remote;
	struct request request = {.environment = &environment, .deadline = CALL_NO_DEADLINE};
	ash_call call = {.request = &request, .member = &a, .origin = ""};
	string_value in = GOOGLE__PROTOBUF__STRING_VALUE__INIT;
	string_value reply = GOOGLE__PROTOBUF__STRING_VALUE__INIT;
	remote_start(&remote, head, body);
	remote.rpc.message_limit = 100;
	const struct binding binding = {.port = &PORT, .handlers = &remote.rpc, .names = names};
	assert_int_equal(rpc_invoke(&binding, 0, &call, &in, &reply), status);
	remote_end(&remote);
	assert_int_equal(request.fault.status, status);
	if (strncmp(request.fault.message, "a.v1.A/Say: http://127.0.0.1:", 29) != 0 ||
	    !strstr(request.fault.message, message))
		fail_msg("'%s' is not in '%s'", message, request.fault.message);
	arena_release(&request.arena);
}

/* The remote is named, and not taken for what it is not. */
static void failures_of_the_remote_are_judged(void **state)
{
	static const char LARGE[200] = {0};
	(void)state;
	check_judged("404 No", STR("x"), ASH_UNIMPLEMENTED, " does not serve it: ");
	check_judged("405 No", STR("x"), ASH_UNIMPLEMENTED, "HTTP status 405");
	check_judged("501 No", STR("x"), ASH_UNIMPLEMENTED, "HTTP status 501");
	check_judged("500 No", STR("x"), ASH_UNKNOWN,
		     " answered HTTP status 500 with neither a reply nor a failure");
	check_judged("400 No\r\nContent-Type: application/json", STR("{\"code\":\"ok\"}"),
		     ASH_INTERNAL, " answered internal and said no more");
	check_judged("200 OK\r\nContent-Type: application/proto", (struct str){LARGE, sizeof LARGE},
		     ASH_INTERNAL, " 200 bytes; the limit is 100");
}

/* Who is told so may do it elsewhere, or again. */
static void what_was_never_sent_is_told_as_untried(void **state)
{
	struct remote remote = {.fd = -1};
	struct fault fault = {0};
	string_value reply = GOOGLE__PROTOBUF__STRING_VALUE__INIT;
	_cleanup_(arena_release) struct arena arena = {0};
	static const char *const ADDRESS = "unix:/nowhere/a.socket";
	(void)state;
	assert_int_equal(http_replicas_new(&ADDRESS, 1, NULL, &remote.rpc.replicas, NULL), ASH_OK);
	remote.rpc.client = http_replicas_first(remote.rpc.replicas);
	assert_int_equal(ask(&remote, 0, &arena, &reply, NULL, &fault), ASH_UNAVAILABLE);
	assert_true(fault.untried);
	assert_ptr_equal(strstr(fault.message, "a.v1.A/Say: unix:/nowhere/a.socket"),
			 fault.message);
	http_replicas_free(remote.rpc.replicas);
}

static void check_line(const struct text *lines, const char *metric, const char *labels, int value)
{
	char line[256];
	(void)snprintf(line, sizeof line, "%s{process=\"money\",address=\"here\"%s} %d\n", metric,
		       labels, value);
	if (!strstr(lines->at, line))
		fail_msg("'%s' is not in '%s'", line, lines->at);
}

static void clients_are_measured(void **state)
{
	struct remote remote;
	struct rpc_measure measure = {0}, none = {0};
	string_value reply = GOOGLE__PROTOBUF__STRING_VALUE__INIT;
	struct metrics *metrics = metrics_new();
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(text_release) struct text lines = {0};
	(void)state;
	remote_start(&remote, "200 OK\r\nContent-Type: application/proto", PROTO_HI);
	assert_int_equal(
		rpc_measure_init(&measure, remote.rpc.client, "money", "here", metrics, NULL),
		ASH_OK);
	assert_int_equal(ask(&remote, 0, &arena, &reply, NULL, NULL), ASH_OK);
	for (int turn = 0; turn < 2; turn++) /* nothing is counted twice */
		rpc_measure_refresh(&measure);
	rpc_measure_refresh(&none);
	metrics_write(metrics, &lines);
	check_line(&lines, "ashlar_remote_connections", ",state=\"open\"", 1);
	check_line(&lines, "ashlar_remote_connections", ",state=\"idle\"", 1);
	check_line(&lines, "ashlar_remote_callers_waiting", "", 0);
	check_line(&lines, "ashlar_remote_connects_total", ",result=\"made\"", 1);
	check_line(&lines, "ashlar_remote_connects_total", ",result=\"failed\"", 0);
	check_line(&lines, "ashlar_remote_calls_total", ",result=\"answered\"", 1);
	check_line(&lines, "ashlar_remote_calls_total", ",result=\"failed\"", 0);
	check_line(&lines, "ashlar_remote_repeats_total", "", 0);
	check_line(&lines, "ashlar_remote_refused_total", "", 0);
	remote_end(&remote);
	metrics_free(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_what_the_protocol_says),
		cmocka_unit_test(requests_say_who_calls_and_until_when),
		cmocka_unit_test(what_has_no_effects_goes_by_get),
		cmocka_unit_test(large_answers_are_refused_as_they_unfold),
		cmocka_unit_test(bodies_travel_in_gzip_both_ways),
		cmocka_unit_test(failures_of_the_remote_are_judged),
		cmocka_unit_test(what_was_never_sent_is_told_as_untried),
		cmocka_unit_test(clients_are_measured),
		cmocka_unit_test(calls_go_along_with_what_the_request_knows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
