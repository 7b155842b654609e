/* SPDX-License-Identifier: Apache-2.0 */
/* What a client gets for what it sends, and what a handler can answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "client.h"
#include "http/exchange.h"
#include "http/server.h"

enum { LARGE = 3 << 20, LIMIT = 200000 };

static struct http_server *server;
static char *large;
static atomic_int done_calls;

static void count_done(void *context)
{
	atomic_fetch_add((atomic_int *)context, 1);
}

static void answer_empty(struct http_exchange *exchange)
{
	http_set_status(exchange, 204);
}

static void answer_nothing(struct http_exchange *exchange)
{
	(void)exchange;
}

static void answer_echo(struct http_exchange *exchange)
{
	http_add_body(exchange, http_body(exchange));
}

static void answer_request(struct http_exchange *exchange)
{
	struct str all[] = {http_method(exchange), http_path(exchange), http_query(exchange),
			    http_authority(exchange), http_field(exchange, STR("x-test"))};
	struct str name, value;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		http_add_body(exchange, all[i]);
		http_add_body(exchange, STR("|"));
	}
	for (size_t i = 0; http_field_at(exchange, i, &name, &value); i++)
		http_add_body(exchange, name);
	http_add_body(exchange, http_field(exchange, STR("missing")).at ? STR("!") : STR("."));
}

static void answer_unchanged(struct http_exchange *exchange)
{
	http_set_status(exchange, 304);
	http_add_field(exchange, STR("ETag"), STR("\"1\""));
	http_add_body(exchange, STR("never seen"));
}

static void answer_bad_value(struct http_exchange *exchange)
{
	http_add_field(exchange, STR("Location"), STR("/\r\nSet-Cookie: a=b"));
	http_add_body(exchange, STR("never seen"));
}

static void answer_bad_name(struct http_exchange *exchange)
{
	http_add_field(exchange, STR("Content-Length"), STR("5"));
}

static void answer_bad_status(struct http_exchange *exchange)
{
	http_set_status(exchange, 99);
}

static void answer_borrowed(struct http_exchange *exchange)
{
	http_set_body(exchange, (struct str){large, LARGE}, count_done, &done_calls);
}

static void answer_small_borrowed(struct http_exchange *exchange)
{
	http_set_body(exchange, STR("never seen"), count_done, &done_calls);
	http_set_body(exchange, STR("small"), count_done, &done_calls);
}

static void answer_copied(struct http_exchange *exchange)
{
	http_add_body(exchange, (struct str){large, LARGE});
}

static void answer_file(struct http_exchange *exchange)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	http_set_file(exchange, fd, 1, 3);
}

static void answer_short_file(struct http_exchange *exchange)
{
	http_set_file(exchange, open("/dev/null", O_RDONLY | O_CLOEXEC), 0, 10);
}

static void answer_empty_file(struct http_exchange *exchange)
{
	http_set_file(exchange, open("/dev/null", O_RDONLY | O_CLOEXEC), 0, 0);
}

static void answer_file_and_more(struct http_exchange *exchange)
{
	answer_file(exchange);
	http_add_body(exchange, STR("more"));
}

static void answer_stream_and_more(struct http_exchange *exchange)
{
	http_begin_stream(exchange);
	http_write(exchange, STR("one"), false);
	http_set_status(exchange, 204);
	http_begin_stream(exchange);
	http_write(exchange, STR("two"), false);
	answer_file_and_more(exchange);
}

static void answer_stream(struct http_exchange *exchange)
{
	http_add_field(exchange, STR("Content-Type"), STR("text/event-stream"));
	http_begin_stream(exchange);
	http_write(exchange, STR("data: 1\n\n"), true);
	http_blocking_begin();
	usleep(1000);
	http_blocking_end();
	http_write(exchange, STR(""), true);
	http_write(exchange, STR("data: 2\n\n"), false);
}

static void answer_large_stream(struct http_exchange *exchange)
{
	http_begin_stream(exchange);
	for (int i = 0; i < LARGE; i += 1024)
		if (!http_write(exchange, (struct str){large + i, 1024}, false))
			return;
}

static void answer_sleep(struct http_exchange *exchange)
{
	http_blocking_begin();
	http_blocking_begin();
	usleep(2000);
	http_blocking_end();
	http_blocking_end();
	answer_echo(exchange);
}

static void answer_hidden_sleep(struct http_exchange *exchange)
{
	for (int i = 0; i < CLIENT_PATIENCE && !http_has_blocked(exchange); i++)
		usleep(1000);
	http_add_body(exchange, http_has_blocked(exchange) ? STR("blocked") : STR("not seen"));
}

static void answer_deferred(struct http_exchange *exchange)
{
	if (http_defer(exchange)) {
		http_set_body(exchange, STR("never seen"), count_done, &done_calls);
		return;
	}
	http_add_body(exchange, http_has_blocked(exchange) ? STR("deferred ") : STR("inline "));
	http_add_body(exchange, http_body(exchange));
}

/* Loses its loop after it deferred. */
static void answer_deferred_late(struct http_exchange *exchange)
{
	if (http_defer(exchange)) {
		http_blocking_begin();
		http_blocking_end();
		return;
	}
	http_add_body(exchange, http_has_blocked(exchange) ? STR("late") : STR("inline"));
}

/* Goes on after it deferred. */
static void answer_deferred_twice(struct http_exchange *exchange)
{
	if (http_defer(exchange) && http_defer(exchange)) {
		http_begin_stream(exchange);
		http_write(exchange, STR("never seen"), false);
		return;
	}
	http_add_body(exchange, http_body(exchange));
}

static const struct {
	struct str path;
	void (*answer)(struct http_exchange *);
} PAGES[] = {
	{{"/empty", 6}, answer_empty},
	{{"/nothing", 8}, answer_nothing},
	{{"/echo", 5}, answer_echo},
	{{"/request", 8}, answer_request},
	{{"/unchanged", 10}, answer_unchanged},
	{{"/bad-value", 10}, answer_bad_value},
	{{"/bad-name", 9}, answer_bad_name},
	{{"/bad-status", 11}, answer_bad_status},
	{{"/borrowed", 9}, answer_borrowed},
	{{"/small-borrowed", 15}, answer_small_borrowed},
	{{"/copied", 7}, answer_copied},
	{{"/file", 5}, answer_file},
	{{"/short-file", 11}, answer_short_file},
	{{"/stream", 7}, answer_stream},
	{{"/large-stream", 13}, answer_large_stream},
	{{"/sleep", 6}, answer_sleep},
	{{"/hidden-sleep", 13}, answer_hidden_sleep},
	{{"/deferred", 9}, answer_deferred},
	{{"/deferred-late", 14}, answer_deferred_late},
	{{"/deferred-twice", 15}, answer_deferred_twice},
	{{"/empty-file", 11}, answer_empty_file},
	{{"/file-and-more", 14}, answer_file_and_more},
	{{"/stream-and-more", 16}, answer_stream_and_more},
};

static void handle(void *context, struct http_exchange *exchange)
{
	(void)context;
	for (size_t i = 0; i < sizeof PAGES / sizeof *PAGES; i++) {
		if (str_equal(http_path(exchange), PAGES[i].path)) {
			PAGES[i].answer(exchange);
			return;
		}
	}
	http_add_body(exchange, STR("hello\n"));
}

static int start(void **state)
{
	struct http_server_options options = {
		.handle = handle, .body_limit = LIMIT, .head_timeout_ms = CLIENT_PATIENCE};
	struct error error;
	(void)state;
	large = malloc(LARGE);
	for (int i = 0; i < LARGE; i++)
		large[i] = (char)('a' + i % 23);
	return http_server_start(&options, &server, &error);
}

static int stop(void **state)
{
	(void)state;
	http_server_free(server);
	free(large);
	return 0;
}

static void check(const char *request, const char *start_of_answer, const char *end_of_answer)
{
	_cleanup_(text_release) struct text answer = {0};
	client_exchange(http_server_port(server), str_of(request), &answer);
	struct str all = text_str(&answer);
	if (!str_starts(all, str_of(start_of_answer)) || !str_ends(all, str_of(end_of_answer)))
		fail_msg("%s gives %s", request, answer.at);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static void request_is_shown_to_the_handler(void **state)
{
	(void)state;
	check("PUT /request?a=%20 HTTP/1.1\r\nHost: b:1\r\nX-Test: yes\r\nConnection: "
	      "close\r\n\r\n",
	      "HTTP/1.1 200 OK\r\nDate: ",
	      "\r\n\r\nPUT|/request|a=%20|b:1|yes|HostX-TestConnection.");
	check("GET http://c?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	      "HTTP/1.1 200 OK\r\n", "Connection: close\r\n\r\nhello\n");
}

static void bodies_come_whole(void **state)
{
	(void)state;
	check("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
	      "HTTP/1.1 200", "\r\n\r\nabc");
	check("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: "
	      "chunked\r\n\r\n"
	      "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
	      "HTTP/1.1 200", "\r\n\r\nabc");
}

static void responses_without_a_body(void **state)
{
	(void)state;
	check(GET("/empty"), "HTTP/1.1 204 No Content\r\n", "Connection: close\r\n\r\n");
	check(GET("/unchanged"), "HTTP/1.1 304 Not Modified\r\n", "ETag: \"1\"\r\n\r\n");
	check("HEAD /copied HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	      "HTTP/1.1 200 OK\r\n", "Content-Length: 3145728\r\nConnection: close\r\n\r\n");
	check("HEAD /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	      "HTTP/1.1 200 OK\r\n", "Content-Type: text/event-stream\r\n\r\n");
	check("HEAD /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n",
	      "Content-Length: 3\r\nConnection: close\r\n\r\n");
}

static void wrong_responses_become_500(void **state)
{
	static const char *const REQUESTS[] = {GET("/nothing"), GET("/bad-value"), GET("/bad-name"),
					       GET("/bad-status")};
	(void)state;
	for (size_t i = 0; i < sizeof REQUESTS / sizeof *REQUESTS; i++)
		check(REQUESTS[i], "HTTP/1.1 500 Internal Server Error\r\n",
		      "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

static void old_clients_are_answered(void **state)
{
	(void)state;
	check("GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "hello\n");
	check("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n",
	      "HTTP/1.1 200 OK\r\n", "Connection: close\r\n\r\nhello\n");
	check("GET /stream HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n",
	      "\r\n\r\ndata: 1\n\ndata: 2\n\n");
}

static void streams_are_chunked(void **state)
{
	(void)state;
	check(GET("/stream"), "HTTP/1.1 200 OK\r\n",
	      "\r\n\r\n9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n");
}

static void files_are_sent(void **state)
{
	(void)state;
	check(GET("/file"), "HTTP/1.1 200 OK\r\n", "\r\n\r\nELF");
	check(GET("/short-file"), "HTTP/1.1 200 OK\r\n", "Connection: close\r\n\r\n");
}

static void bodies_over_the_limit_are_refused(void **state)
{
	(void)state;
	check("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200001\r\n\r\n", "HTTP/1.1 413 ",
	      "}\n");
	check("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n30D41\r\n",
	      "HTTP/1.1 413 ", "\"detail\":\"the body is too large\"}\n");
}

static void large_bodies_reach_a_slow_reader(void **state)
{
	static const char *const REQUESTS[] = {GET("/borrowed"), GET("/copied"),
					       GET("/large-stream")};
	(void)state;
	atomic_store(&done_calls, 0);
	for (size_t i = 0; i < sizeof REQUESTS / sizeof *REQUESTS; i++) {
		_cleanup_(text_release) struct text answer = {0};
		int fd = client_connect(http_server_port(server));
		client_send(fd, str_of(REQUESTS[i]));
		usleep(50000);
		assert_true(client_read_all(fd, &answer, CLIENT_PATIENCE));
		close(fd);
		assert_true(answer.length > LARGE && answer.length < LARGE + LARGE / 100);
		const char *body = strstr(answer.at, "\r\n\r\n") + 4;
		if (i < 2)
			assert_memory_equal(body, large, LARGE);
		else
			assert_true(str_ends(text_str(&answer), STR("\r\n0\r\n\r\n")));
	}
	client_wait_for(atomic_load(&done_calls) == 1);
}

static void borrowed_bodies_are_given_back(void **state)
{
	(void)state;
	atomic_store(&done_calls, 0);
	check(GET("/small-borrowed"), "HTTP/1.1 200", "\r\n\r\nsmall");
	client_wait_for(atomic_load(&done_calls) == 2);
	check("HEAD /borrowed HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200",
	      "Content-Length: 3145728\r\nConnection: close\r\n\r\n");
	client_wait_for(atomic_load(&done_calls) == 3);
	int fd = client_connect(http_server_port(server));
	client_send(fd, STR(GET("/borrowed")));
	usleep(20000);
	close(fd);
	client_wait_for(atomic_load(&done_calls) == 4);
}

static void pipelines_are_answered_in_order(void **state)
{
	static const char *const PATHS[] = {"/echo",   "/sleep", "/echo", "/deferred", "/stream",
					    "/copied", "/sleep", "/file", "/echo"};
	enum { PATH_COUNT = sizeof PATHS / sizeof *PATHS };
	_cleanup_(text_release) struct text request = {0}, answer = {0};
	(void)state;
	for (int i = 0; i < 3 * PATH_COUNT; i++)
		text_addf(&request,
			  "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n%s\r\n<%03d>",
			  PATHS[i % PATH_COUNT],
			  i == 3 * PATH_COUNT - 1 ? "Connection: close\r\n" : "", i);
	client_exchange(http_server_port(server), text_str(&request), &answer);
	const char *at = answer.at;
	for (int i = 0; i < 3 * PATH_COUNT; i++) {
		char mark[6];
		snprintf(mark, sizeof mark, "<%03d>", i);
		assert_non_null(at = strstr(at, "HTTP/1.1 200 OK\r\n"));
		at++;
		if (strstr("/echo /sleep /deferred", PATHS[i % PATH_COUNT]))
			assert_non_null(at = strstr(at, mark));
	}
	assert_null(strstr(at, "HTTP/1.1"));
}

static void requests_may_come_byte_by_byte(void **state)
{
	_cleanup_(text_release) struct text answer = {0};
	const char *request = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
			      "5\r\nhello\r\n0\r\n\r\nGET /echo HTTP/1.1\r\nHost: a\r\n"
			      "Connection: close\r\nContent-Length: 2\r\n\r\nab";
	(void)state;
	int fd = client_connect(http_server_port(server));
	for (const char *at = request; *at; at++) {
		assert_true(client_send(fd, (struct str){at, 1}));
		usleep(200);
	}
	assert_true(client_read_all(fd, &answer, CLIENT_PATIENCE));
	close(fd);
	assert_non_null(strstr(answer.at, "\r\n\r\nhelloHTTP/1.1 200 OK\r\n"));
	assert_true(str_ends(text_str(&answer), STR("\r\n\r\nab")));
}

static void client_that_waits_is_told_to_continue(void **state)
{
	_cleanup_(text_release) struct text answer = {0};
	(void)state;
	int fd = client_connect(http_server_port(server));
	client_send(fd, STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
			    "Expect: 100-continue\r\n\r\n"));
	assert_int_equal(client_read_response(fd, &answer), 100);
	client_send(fd, STR("ab"));
	assert_int_equal(client_read_response(fd, &answer), 200);
	assert_true(str_ends(text_str(&answer), STR("\r\n\r\nab")));
	client_send(fd, STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
			    "Expect: 100-continue\r\n\r\nab"));
	assert_int_equal(client_read_response(fd, &answer), 200);
	close(fd);
}

static void large_uploads_come_whole(void **state)
{
	_cleanup_(text_release) struct text request = {0}, answer = {0};
	(void)state;
	text_addf(&request,
		  "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
		  "Content-Length: %d\r\n\r\n",
		  LIMIT);
	text_add(&request, (struct str){large, LIMIT});
	client_exchange(http_server_port(server), text_str(&request), &answer);
	assert_true(answer.length > LIMIT);
	assert_memory_equal(answer.at + answer.length - LIMIT, large, LIMIT);
}

static void handlers_that_block_lose_their_loop(void **state)
{
	struct http_counters before, after;
	(void)state;
	http_server_count(server, &before);
	check(GET("/hidden-sleep"), "HTTP/1.1 200", "\r\n\r\nblocked");
	/* The watcher counts it when the handler knows already. */
	client_wait_for((http_server_count(server, &after), after.taken > before.taken));
}

/* No watcher comes before they do so themselves. */
static void handlers_give_their_loop_away(void **state)
{
	const struct http_server_options options = {.handle = handle, .watch_ms = CLIENT_UNWATCHED};
	struct http_server *outer = server;
	struct http_counters counters;
	struct error error;
	(void)state;
	assert_int_equal(http_server_start(&options, &server, &error), 0);
	check("POST /deferred HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: "
	      "2\r\n\r\nab",
	      "HTTP/1.1 200", "\r\n\r\ndeferred ab");
	check(GET("/sleep"), "HTTP/1.1 200", "\r\n\r\n");
	http_server_count(server, &counters);
	assert_int_equal(counters.deferred, 1);
	assert_int_equal(counters.blocked, 1);
	assert_int_equal(counters.taken, 0);
	http_server_free(server);
	server = outer;
}

/* The second came after the first was answered: nothing of the first is left in the connection. */
static void a_deferred_request_is_answered_once(void **state)
{
	const struct str late = STR("GET /deferred-late HTTP/1.1\r\nHost: a\r\n\r\n");
	_cleanup_(text_release) struct text first = {0}, second = {0};
	int fd = client_connect(http_server_port(server)), status;
	(void)state;
	assert_true(client_send(fd, late));
	assert_int_equal(client_read_response(fd, &first), 200);
	assert_true(str_ends(text_str(&first), STR("\r\n\r\nlate")));
	assert_true(client_send(fd, late));
	assert_true(client_send(fd, STR(GET("/"))));
	assert_true(client_read_all(fd, &second, CLIENT_PATIENCE));
	close(fd);
	assert_int_equal(client_count_responses(&second, &status), 2);
	assert_true(str_ends(text_str(&second), STR("hello\n")));
}

static void a_handler_that_defers_twice_is_called_again_once(void **state)
{
	(void)state;
	check("POST /deferred-twice HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
	      "Connection: close\r\n\r\nabc",
	      "HTTP/1.1 200 OK\r\n", "Content-Length: 3\r\nConnection: close\r\n\r\nabc");
}

static void check_pair(const char *requests, const char *end_of_first, const char *start_of_second)
{
	_cleanup_(text_release) struct text answers = {0};
	client_exchange(http_server_port(server), str_of(requests), &answers);
	const char *second = answers.length > 9 ? strstr(answers.at + 9, "HTTP/1.1 ") : NULL;
	if (!second || !str_starts(str_of(second), str_of(start_of_second)) ||
	    !str_ends((struct str){answers.at, (size_t)(second - answers.at)},
		      str_of(end_of_first)))
		fail_msg("%s gives %s", requests, answers.at);
}

/* What a handler does too much is not the beginning of the next answer. */
static void answers_end_where_they_say(void **state)
{
	(void)state;
	check_pair("GET /file-and-more HTTP/1.1\r\nHost: a\r\n\r\n" GET("/empty"), "\r\n\r\nmore",
		   "HTTP/1.1 204 No Content\r\n");
	check_pair("GET /stream-and-more HTTP/1.1\r\nHost: a\r\n\r\n" GET("/empty"),
		   "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n", "HTTP/1.1 204 No Content\r\n");
}

static int count_descriptors(void)
{
	int count = 0;
	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void empty_files_are_closed(void **state)
{
	struct http_counters counters;
	(void)state;
	client_wait_for((http_server_count(server, &counters), counters.open == 0));
	int before = count_descriptors();
	for (int i = 0; i < 3; i++)
		check("GET /empty-file HTTP/1.1\r\nHost: a\r\n\r\n"
		      "GET /empty-file HTTP/1.1\r\nHost: a\r\n\r\n" GET("/borrowed"),
		      "HTTP/1.1 200 OK\r\n", "");
	client_wait_for(count_descriptors() <= before);
}

static void counters_count(void **state)
{
	struct http_counters before, after;
	(void)state;
	client_wait_for((http_server_count(server, &before), before.open == 0));
	check(GET("/"), "HTTP/1.1 200", "hello\n");
	check("BAD\r\n", "HTTP/1.1 400", "}\n");
	check(GET("/nothing"), "HTTP/1.1 500", "\r\n\r\n");
	client_wait_for((http_server_count(server, &after), after.open == 0));
	assert_int_equal(after.accepted - before.accepted, 3);
	assert_int_equal(after.requests - before.requests, 2);
	assert_int_equal(after.statuses[2] - before.statuses[2], 1);
	assert_int_equal(after.statuses[4] - before.statuses[4], 1);
	assert_int_equal(after.statuses[5] - before.statuses[5], 1);
	assert_int_equal(
		after.rejected[HTTP_REJECTED_SYNTAX] - before.rejected[HTTP_REJECTED_SYNTAX], 1);
	assert_true(after.received > before.received && after.sent > before.sent);
	assert_true(after.threads >= 2);
}

static int start_at(const char *address, uint16_t port, struct http_server **out,
		    struct error *error)
{
	struct http_server_options options = {
		.handle = handle, .address = address, .port = port, .loops = 1};
	return http_server_start(&options, out, error);
}

static void addresses_that_cannot_be_are_errors(void **state)
{
	struct http_server *other = NULL;
	struct error error = {0};
	(void)state;
	assert_int_equal(start_at("127.0.0.1", http_server_port(server), &other, &error), -1);
	assert_int_equal(error.code, ERROR_BUSY);
	assert_int_equal(start_at("localhost", 0, &other, &error), -1);
	assert_int_equal(error.code, ERROR_INVALID);
	assert_int_equal(http_server_start(&(struct http_server_options){0}, &other, &error), -1);
	assert_int_equal(error.code, ERROR_INVALID);
	struct http_server_options options = {.handle = handle, .loops = 4, .threads = 4};
	assert_int_equal(http_server_start(&options, &other, &error), -1);
	assert_int_equal(error.code, ERROR_INVALID);
	assert_null(other);
}

static void version_6_is_spoken(void **state)
{
	_cleanup_(http_server_freep) struct http_server *other = NULL;
	struct error error;
	(void)state;
	if (start_at("::1", 0, &other, &error) < 0)
		skip(); /* a machine without IPv6 */
	assert_true(http_server_port(other) > 0);
}

static int connect_local(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

static void unix_socket_is_listened_on(void **state)
{
	char path[] = "/tmp/ashlar-http-XXXXXX";
	_cleanup_(text_release) struct text answer = {0};
	struct http_server *other = NULL, *third = NULL;
	struct error error;
	(void)state;
	close(mkstemp(path));
	assert_int_equal(start_at(path, 0, &other, &error), -1); /* a file that is no socket */
	unlink(path);
	assert_int_equal(start_at(path, 0, &other, &error), 0);
	assert_int_equal(start_at(path, 0, &third, &error), -1);
	int fd = connect_local(path);
	client_send(fd, STR(GET("/")));
	assert_true(client_read_all(fd, &answer, CLIENT_PATIENCE));
	assert_true(str_ends(text_str(&answer), STR("hello\n")));
	close(fd);
	http_server_free(other);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void socket_of_a_crashed_server_is_taken_over(void **state)
{
	char path[] = "/tmp/ashlar-http-XXXXXX";
	_cleanup_(http_server_freep) struct http_server *other = NULL;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct error error;
	(void)state;
	close(mkstemp(path));
	unlink(path);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
	assert_int_equal(start_at(path, 0, &other, &error), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_is_shown_to_the_handler),
		cmocka_unit_test(bodies_come_whole),
		cmocka_unit_test(responses_without_a_body),
		cmocka_unit_test(wrong_responses_become_500),
		cmocka_unit_test(old_clients_are_answered),
		cmocka_unit_test(streams_are_chunked),
		cmocka_unit_test(files_are_sent),
		cmocka_unit_test(bodies_over_the_limit_are_refused),
		cmocka_unit_test(large_bodies_reach_a_slow_reader),
		cmocka_unit_test(borrowed_bodies_are_given_back),
		cmocka_unit_test(pipelines_are_answered_in_order),
		cmocka_unit_test(requests_may_come_byte_by_byte),
		cmocka_unit_test(client_that_waits_is_told_to_continue),
		cmocka_unit_test(large_uploads_come_whole),
		cmocka_unit_test(handlers_that_block_lose_their_loop),
		cmocka_unit_test(handlers_give_their_loop_away),
		cmocka_unit_test(a_deferred_request_is_answered_once),
		cmocka_unit_test(a_handler_that_defers_twice_is_called_again_once),
		cmocka_unit_test(answers_end_where_they_say),
		cmocka_unit_test(empty_files_are_closed),
		cmocka_unit_test(counters_count),
		cmocka_unit_test(addresses_that_cannot_be_are_errors),
		cmocka_unit_test(version_6_is_spoken),
		cmocka_unit_test(unix_socket_is_listened_on),
		cmocka_unit_test(socket_of_a_crashed_server_is_taken_over),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
