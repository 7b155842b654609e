/* SPDX-License-Identifier: Apache-2.0 */
/* Requests over HTTP: a server of the host's own routes on a free port of this machine, started by
 * the first of them, and a client. The test's thread waits for each answer, so that only one thread
 * is at work at any time. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "http/client_call.h"
#include "kit/kit.h"

/* Bytes of a body that a failure shows. */
#define KIT_BODY_LIMIT 2000

/* An answer that a test was given; in its arena, but for the reply's memory. */
struct kit_answer {
	ash_test_answer answer; /* first */
	struct http_reply reply;
	struct kit_answer *next;
};

/* ---- the server ---- */

static void start_server(const struct kit_place *place)
{
	ash_test *test = place->test;
	const struct http_server_options options = {
		.loops = 1, .handle = http_router_handle, .context = test->host.router};
	struct http_server *server = NULL;
	struct error error;
	if (http_server_start(&options, &server, &error) < 0)
		kit_fail(place, "starting a server for the test failed: %s", error.message);
	atomic_store(&test->host.server, server);
}

static void make_client(const struct kit_place *place)
{
	ash_test *test = place->test;
	char address[40];
	struct fault fault;
	snprintf(address, sizeof address, "http://127.0.0.1:%u",
		 http_server_port(atomic_load(&test->host.server)));
	kit_require(place,
		    http_client_new(address, &(const struct http_client_options){.connections = 1},
				    &test->client, &fault),
		    "making a client for the test", &fault);
}

void kit_stop_server(ash_test *test)
{
	for (struct kit_answer *answer = test->answers; answer; answer = answer->next)
		http_reply_release(&answer->reply);
	test->answers = NULL;
	http_client_free(test->client);
	test->client = NULL;
	http_server_free(atomic_exchange(&test->host.server, NULL));
}

/* ---- a request ---- */

static bool has_field(const ash_test_request *request, const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < ASH_TEST_FIELDS && request->fields[i]; i++)
		if (strncasecmp(request->fields[i], name, length) == 0 &&
		    request->fields[i][length] == ':')
			return true;
	return false;
}

/* The lines of the head; in the test's arena. */
static struct str write_fields(const struct kit_place *place, const ash_test_request *request)
{
	struct arena *arena = &place->test->arena;
	const char *type = "Content-Type: application/json\r\n";
	const char *lines = request->body && !has_field(request, "Content-Type") ? type : "";
	for (size_t i = 0; lines && i < ASH_TEST_FIELDS && request->fields[i]; i++) {
		if (strpbrk(request->fields[i], "\r\n") || !strchr(request->fields[i], ':'))
			kit_fail(place, "\"%s\" is no field of a header", request->fields[i]);
		lines = arena_format(arena, "%s%s\r\n", lines, request->fields[i]);
	}
	if (!lines)
		kit_fail(place, "there is no memory left");
	return str_of(lines);
}

static struct kit_answer *new_answer(const struct kit_place *place)
{
	ash_test *test = place->test;
	struct kit_answer *answer = arena_alloc(&test->arena, sizeof *answer);
	if (!answer)
		kit_fail(place, "there is no memory left");
	answer->next = test->answers;
	test->answers = answer;
	return answer;
}

static void call(const struct kit_place *place, const ash_test_request *request,
		 struct kit_answer *answer)
{
	ash_test *test = place->test;
	struct fault fault;
	/* The application answers within its own deadline, if it answers at all. */
	uint64_t patience = (uint64_t)test->settings.deadline * 1000000000 + KIT_PATIENCE;
	const struct http_request asked = {
		.method = str_of(request->method),
		.target = str_of(request->path),
		.fields = write_fields(place, request),
		.body = request->body ? str_of(request->body) : (struct str){0},
		.deadline = clock_monotonic() + patience,
	};
	ash_status status = http_client_call(test->client, &asked, &answer->reply, &fault);
	if (status != ASH_OK)
		kit_fail(place, "%s %s had no answer, but %s: %s", request->method, request->path,
			 ash_status_name(status), fault.message);
}

const ash_test_answer *ash_test_send_(ash_test *test, const char *file, int line,
				      const ash_test_request *request)
{
	const struct kit_place place = {test, file, line};
	if (!atomic_load(&test->host.server))
		start_server(&place);
	if (!test->client)
		make_client(&place);
	struct kit_answer *answer = new_answer(&place);
	call(&place, request, answer);
	struct str body = arena_str(&test->arena, answer->reply.body);
	if (!body.at)
		kit_fail(&place, "there is no memory left");
	answer->answer = (ash_test_answer){answer->reply.answer.status, body.at, body.length};
	return &answer->answer;
}

/* ---- its answer ---- */

const char *ash_test_field_of(ash_test *test, const ash_test_answer *answer, const char *name)
{
	const struct kit_place place = {test, "ash_test_field_of", 0};
	const struct kit_answer *whole = (const struct kit_answer *)answer;
	struct str value = http_reply_field(&whole->reply, str_of(name));
	if (!value.at)
		return NULL;
	value = arena_str(&test->arena, value);
	if (!value.at)
		kit_fail(&place, "there is no memory left");
	return value.at;
}

void ash_expect_answer_(ash_test *test, const char *file, int line, const ash_test_answer *answer,
			int status, const char *part)
{
	const struct kit_place place = {test, file, line};
	int shown = answer->length < KIT_BODY_LIMIT ? (int)answer->length : KIT_BODY_LIMIT;
	if (answer->status != status)
		kit_fail(&place, "the answer is %d, not %d:\n    %.*s", answer->status, status,
			 shown, answer->body);
	if (!memmem(answer->body, answer->length, part, strlen(part)))
		kit_fail(&place, "the answer is without \"%s\":\n    %.*s", part, shown,
			 answer->body);
}
