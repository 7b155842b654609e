/* SPDX-License-Identifier: Apache-2.0 */
/* When a request came, wherever it had to wait for its handler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "client.h"
#include "http/exchange.h"
#include "http/server.h"

/* In microseconds a request waits; the system is asked when it came, and the answer may be late. */
enum { MOST = 100, WAIT_US = 1000000 };

static atomic_bool held;
static atomic_int inside;
static _Atomic uint64_t arrived[MOST], began[MOST];

/* "/hN" is held, "/gN" once it gave its loop away, "/dN" on a thread of its own, "/pN" is not. */
static void handle(void *context, struct http_exchange *exchange)
{
	struct str path = http_path(exchange);
	int number = atoi(path.at + 2);
	(void)context;
	if (path.at[1] == 'd' && http_defer(exchange))
		return;
	atomic_store(&arrived[number], http_arrived(exchange));
	atomic_store(&began[number], clock_monotonic());
	http_blocking_begin();
	while (path.at[1] == 'g' && !http_has_blocked(exchange)) {
		http_blocking_end(); /* who is to take it is not back from another request yet */
		usleep(1000);
		http_blocking_begin();
	}
	atomic_fetch_add(&inside, 1); /* the loop is given away, or cannot be */
	while (path.at[1] != 'p' && atomic_load(&held))
		usleep(1000);
	http_blocking_end();
	http_add_body(exchange, STR("hello\n"));
}

/* No watcher takes the loop from a handler before that says what it does. */
static struct http_server *start(unsigned threads)
{
	const struct http_server_options options = {.handle = handle,
						    .loops = 1,
						    .threads = threads,
						    .watch_ms = CLIENT_UNWATCHED,
						    .head_timeout_ms = CLIENT_PATIENCE};
	struct http_server *server = NULL;
	struct error error;
	if (http_server_start(&options, &server, &error) < 0)
		fail_msg("%s", error.message);
	atomic_store(&inside, 0);
	atomic_store(&held, true);
	return server;
}

static void ask(int fd, char kind, int number)
{
	char line[100];
	snprintf(line, sizeof line, "GET /%c%d HTTP/1.1\r\nHost: a\r\n\r\n", kind, number);
	assert_true(client_send(fd, str_of(line)));
}

static int ask_anew(const struct http_server *server, char kind, int number)
{
	int fd = client_connect(http_server_port(server));
	ask(fd, kind, number);
	return fd;
}

static void hear(int fd)
{
	_cleanup_(text_release) struct text answer = {0};
	assert_int_equal(client_read_response(fd, &answer), 200);
}

static void request_that_waits_for_nothing(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server = start(4);
	(void)state;
	int fd = client_connect(http_server_port(server));
	for (int i = 0; i < 20; i++) {
		uint64_t sent = clock_monotonic();
		ask(fd, 'p', i);
		hear(fd);
		assert_true(arrived[i] >= sent);
		assert_true(arrived[i] <= began[i]);
	}
	close(fd);
}

static void request_that_waits_for_a_thread(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server = start(3);
	(void)state;
	int first = ask_anew(server, 'd', 0);
	client_wait_for(atomic_load(&inside) == 1);
	uint64_t sent = clock_monotonic();
	int second = ask_anew(server, 'd', 1);
	int third = ask_anew(server, 'p', 2); /* the loop has seen the second by then */
	hear(third);
	usleep(WAIT_US);
	assert_int_equal(atomic_load(&inside), 2);
	uint64_t released = clock_monotonic();
	atomic_store(&held, false);
	hear(first);
	hear(second);
	assert_in_range(arrived[1], sent, released - (uint64_t)WAIT_US * 1000);
	assert_true(began[1] >= released);
	close(first);
	close(second);
	close(third);
}

/* All threads are in handlers, so nobody looks: what came is with the system, on connections that
 * were there and on those that were not even accepted. There are more than one round takes. */
static void requests_that_nobody_sees(void **state)
{
	enum { KEPT = 40, ALL = 80 };
	_cleanup_(http_server_freep) struct http_server *server = start(2);
	int fds[ALL], holders[2];
	(void)state;
	for (int i = 0; i < KEPT; i++) {
		fds[i] = ask_anew(server, 'p', i);
		hear(fds[i]);
	}
	atomic_store(&inside, 0);
	for (int i = 0; i < 2; i++) {
		holders[i] = ask_anew(server, i == 0 ? 'g' : 'h', ALL + i);
		client_wait_for(atomic_load(&inside) == i + 1);
	}
	uint64_t sent = clock_monotonic();
	for (int i = 0; i < ALL; i++)
		if (i < KEPT)
			ask(fds[i], 'p', i);
		else
			fds[i] = ask_anew(server, 'p', i);
	usleep(WAIT_US);
	assert_int_equal(atomic_load(&inside), 2);
	uint64_t released = clock_monotonic();
	atomic_store(&held, false);
	for (int i = 0; i < ALL; i++) {
		hear(fds[i]);
		assert_in_range(arrived[i], sent, released);
		assert_true(began[i] >= released);
		close(fds[i]);
	}
	for (int i = 0; i < 2; i++) {
		hear(holders[i]);
		close(holders[i]);
	}
	int after = client_connect(http_server_port(server));
	for (int i = 0; i < 3; i++) { /* and then the loop keeps time again */
		sent = clock_monotonic();
		ask(after, 'p', i);
		hear(after);
		assert_true(arrived[i] >= sent);
	}
	close(after);
}

static void request_in_pieces(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server = start(4);
	(void)state;
	int fd = client_connect(http_server_port(server));
	client_send(fd, STR("GET /p0 HTTP/1.1\r\nHost: a\r\n\r\nGET /p1 HT"));
	hear(fd);
	uint64_t middle = clock_monotonic();
	client_send(fd, STR("TP/1.1\r\nHost: a\r\n\r\nGET /p2 HTTP/1.1\r\nHos"));
	hear(fd);
	uint64_t last = clock_monotonic();
	client_send(fd, STR("t: a\r\n\r\nGET /p3 HTTP/1.1\r\nHost: a\r\n\r\n"));
	hear(fd);
	hear(fd);
	assert_true(arrived[0] <= middle && arrived[1] <= middle);
	assert_in_range(arrived[2], middle, last);
	assert_true(arrived[3] >= last);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_that_waits_for_nothing),
		cmocka_unit_test(request_that_waits_for_a_thread),
		cmocka_unit_test(requests_that_nobody_sees),
		cmocka_unit_test(request_in_pieces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
