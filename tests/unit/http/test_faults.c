/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that runs out at any point of a server's life, and events that the system refuses.
 * Requests may fail then, and connections may end; the server stands, and answers afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "client.h"
#include "http/exchange.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/server.h"

enum { LARGE = 1 << 20 };

static char large[LARGE];
static atomic_int refusals; /* of connections that are to be watched, still to come */

int __real_epoll_ctl(int epoll, int how, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int how, int fd, struct epoll_event *event);

int __wrap_epoll_ctl(int epoll, int how, int fd, struct epoll_event *event)
{
	if (how == EPOLL_CTL_ADD && atomic_load(&refusals) > 0) {
		atomic_fetch_sub(&refusals, 1);
		errno = ENOSPC; /* max_user_watches */
		return -1;
	}
	return __real_epoll_ctl(epoll, how, fd, event);
}

static void handle(void *context, struct http_exchange *exchange)
{
	struct str path = http_path(exchange), unescaped;
	(void)context;
	if (str_starts(path, STR("/deferred")) && http_defer(exchange))
		return;
	http_unescape(http_arena(exchange), http_query(exchange), true, &unescaped);
	if (str_equal(path, STR("/stream"))) {
		http_begin_stream(exchange);
		http_write(exchange, (struct str){large, LARGE}, true);
	} else if (str_equal(path, STR("/problem"))) {
		http_problem(exchange, 404, STR("nothing"));
	} else {
		http_blocking_begin();
		http_blocking_end();
		http_add_field(exchange, STR("Content-Type"), STR("text/plain"));
		http_add_body(exchange,
			      (struct str){large, str_ends(path, STR("large")) ? LARGE : 5});
		http_add_body(exchange, http_body(exchange));
	}
}

static const char *const REQUESTS[] = {
	"GET /?%20 HTTP/1.1\r\nHost: a\r\n\r\n",    "GET /deferred HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /large HTTP/1.1\r\nHost: a\r\n\r\n",   "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /problem HTTP/1.1\r\nHost: a\r\n\r\n", "BAD\r\n\r\n",
};

/* Sends in two pieces, so that the first has to be kept. Whether memory ran out. */
static bool ask(uint16_t port, const char *request)
{
	_cleanup_(text_release) struct text answer = {0};
	int fd = client_connect(port);
	client_send(fd, str_first(str_of(request), 9));
	usleep(300);
	client_send(fd, str_from(str_of(request), 9));
	bool failed = mem_fail_never(); /* the client needs memory too */
	client_read_all(fd, &answer, 3);
	close(fd);
	return failed;
}

static void server_stands_without_memory(void **state)
{
	struct http_server_options options = {.handle = handle, .loops = 1, .threads = 4};
	_cleanup_(http_server_freep) struct http_server *server = NULL;
	struct error error;
	int failures = 0;
	(void)state;
	assert_int_equal(http_server_start(&options, &server, &error), 0);
	for (size_t i = 0; i < sizeof REQUESTS / sizeof *REQUESTS; i++) {
		for (long n = 1; n < 16; n++) {
			mem_fail_from(n);
			failures += ask(http_server_port(server), REQUESTS[i]);
		}
	}
	assert_true(failures > 0);
	_cleanup_(text_release) struct text answer = {0};
	client_exchange(http_server_port(server),
			STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), &answer);
	assert_true(str_starts(text_str(&answer), STR("HTTP/1.1 200 OK\r\n")));
	struct http_counters counters;
	client_wait_for((http_server_count(server, &counters), counters.open == 0));
}

/* There was no memory for its thread, and nobody else asks. */
static void deferred_request_needs_no_other_to_be_handled(void **state)
{
	(void)state;
	for (long n = 1; n < 8; n++) {
		struct http_server_options options = {.handle = handle, .loops = 1, .threads = 4};
		_cleanup_(http_server_freep) struct http_server *server = NULL;
		_cleanup_(text_release) struct text answer = {0};
		struct error error;
		assert_int_equal(http_server_start(&options, &server, &error), 0);
		int fd = client_connect(http_server_port(server));
		usleep(20000);
		mem_fail_from(n);
		client_send(fd,
			    STR("GET /deferred HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
		usleep(20000);
		mem_fail_never();
		assert_true(client_read_all(fd, &answer, CLIENT_PATIENCE / 10));
		close(fd);
	}
}

/* Such a connection would never be heard of. */
static void who_cannot_be_watched_is_closed(void **state)
{
	const struct http_server_options options = {
		.handle = handle, .loops = 2, .head_timeout_ms = 10 * CLIENT_PATIENCE};
	_cleanup_(http_server_freep) struct http_server *server = client_serve(&options);
	_cleanup_(text_release) struct text answer = {0};
	struct http_counters counters;
	(void)state;
	atomic_store(&refusals, 3);
	for (int i = 0; i < 3; i++) {
		int fd = client_connect(http_server_port(server));
		assert_true(client_read_all(fd, &answer, CLIENT_PATIENCE));
		assert_int_equal(answer.length, 0);
		close(fd);
	}
	client_wait_for((http_server_count(server, &counters), counters.open == 0));
	assert_int_equal(counters.rejected[HTTP_REJECTED_SYSTEM], 3);
	client_exchange(http_server_port(server),
			STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), &answer);
	assert_non_null(strstr(answer.at, "200 OK"));
}

static void server_starts_or_says_why_not(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct http_server_options options = {.handle = handle, .loops = 2, .threads = 4};
		struct http_server *server = NULL;
		struct error error = {0};
		mem_fail_from(n);
		int result = http_server_start(&options, &server, &error);
		bool failed = mem_fail_never();
		http_server_free(server);
		assert_int_equal(result == 0, !failed);
		assert_int_equal(result == 0, server != NULL);
		if (!failed)
			break;
		assert_true(error.code != ERROR_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_stands_without_memory),
		cmocka_unit_test(deferred_request_needs_no_other_to_be_handled),
		cmocka_unit_test(who_cannot_be_watched_is_closed),
		cmocka_unit_test(server_starts_or_says_why_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
