/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines, whoever is in a handler when they come, and whatever else comes then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "client.h"
#include "http/exchange.h"
#include "http/server.h"

enum { DUE_MS = 1500, AT_ONCE_MS = 5000, WATCH_MS = 20, LARGE = 64 << 20 };

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

/* More than the system's buffers take at once. */
static char large[LARGE];
static atomic_int came;
static atomic_bool held, pumps;

static void wait_at_gate(void)
{
	atomic_fetch_add(&came, 1);
	while (atomic_load(&held))
		usleep(1000);
}

static void handle(void *context, struct http_exchange *exchange)
{
	struct str path = http_path(exchange);
	(void)context;
	if (str_equal(path, STR("/gate")))
		wait_at_gate();
	if (str_equal(path, STR("/hidden")))
		usleep(5 * WATCH_MS * 1000);
	if (str_equal(path, STR("/large")))
		http_set_body(exchange, (struct str){large, LARGE}, NULL, NULL);
	else
		http_add_body(exchange, STR("hello\n"));
}

static struct http_server *start(struct http_server_options options)
{
	options.handle = handle;
	atomic_store(&came, 0);
	atomic_store(&held, true);
	return client_serve(&options);
}

static void hear(int fd)
{
	_cleanup_(text_release) struct text answer = {0};
	assert_int_equal(client_read_response(fd, &answer), 200);
}

/* A connection that was asked one thing, and is idle. */
static int connect_idle(const struct http_server *server)
{
	int fd = client_connect(http_server_port(server));
	assert_true(client_send(fd, STR(REQUEST("/"))));
	hear(fd);
	return fd;
}

static void tell(int fd, struct str bytes)
{
	assert_true(client_send(fd, bytes));
	client_await_arrival(fd);
}

/* Has a handler come to a gate. */
static void have_come(int fd, struct str request)
{
	int before = atomic_load(&came);
	assert_true(client_send(fd, request));
	client_wait_for(atomic_load(&came) > before);
}

static void *pump(void *pointer)
{
	const int *fd = pointer;
	while (atomic_load(&pumps)) {
		assert_true(client_send(*fd, STR(REQUEST("/hidden"))));
		hear(*fd);
	}
	return NULL;
}

/* Each event costs its thread the loop, and there is always another. */
static void deadlines_come_among_handlers_that_lose_the_loop(void **state)
{
	enum { PUMPS = 24 };
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){
			.loops = 1, .watch_ms = WATCH_MS, .head_timeout_ms = DUE_MS});
	_cleanup_(text_release) struct text answer = {0};
	pthread_t threads[PUMPS];
	int fds[PUMPS];
	(void)state;
	for (int i = 0; i < PUMPS; i++)
		fds[i] = connect_idle(server);
	int slow = connect_idle(server);
	tell(slow, STR("GET / HT"));
	usleep(20000); /* for the server to have looked */
	atomic_store(&pumps, true);
	for (int i = 0; i < PUMPS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, pump, &fds[i]), 0);
	bool ended = client_read_all(slow, &answer, AT_ONCE_MS);
	atomic_store(&pumps, false);
	for (int i = 0; i < PUMPS; i++)
		pthread_join(threads[i], NULL);
	assert_true(ended);
	for (int i = 0; i < PUMPS; i++)
		close(fds[i]);
	close(slow);
}

/* Takes what came so far of an answer that is under way. */
static void take_some(int fd)
{
	static char some[1 << 20];
	for (int pauses = 0; pauses < 10; usleep(1000))
		pauses = recv(fd, some, sizeof some, MSG_DONTWAIT) > 0 ? 0 : pauses + 1;
}

/* A handler kept the loop for longer than they have time; the clients did not. */
static void what_came_in_time_is_not_late(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.loops = 1,
						   .watch_ms = CLIENT_UNWATCHED,
						   .head_timeout_ms = DUE_MS,
						   .body_timeout_ms = DUE_MS,
						   .write_timeout_ms = DUE_MS});
	struct http_counters counters;
	int fds[8];
	(void)state;
	int holder = connect_idle(server), reader = connect_idle(server);
	for (int i = 0; i < 8; i++)
		fds[i] = client_connect(http_server_port(server));
	client_wait_for((http_server_count(server, &counters), counters.open == 10));
	tell(fds[6], STR("GET / HT"));
	tell(fds[7], STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1"));
	tell(reader, STR(REQUEST("/large")));
	usleep(20000); /* for the server to have looked */
	have_come(holder, STR(REQUEST("/gate")));
	for (int i = 0; i < 6; i++)
		tell(fds[i], STR(REQUEST("/")));
	tell(fds[6], STR("TP/1.1\r\nHost: a\r\n\r\n"));
	tell(fds[7], STR("2"));
	take_some(reader);
	usleep((DUE_MS + 300) * 1000);
	atomic_store(&held, false);
	hear(holder);
	for (int i = 0; i < 8; i++) {
		hear(fds[i]);
		close(fds[i]);
	}
	http_server_count(server, &counters);
	assert_int_equal(counters.rejected[HTTP_REJECTED_SLOW_READER], 0);
	close(reader);
	close(holder);
}

/* No thread is left for the loops of two handlers that stay. Who is left sleeps, and did not know
 * of a deadline that the second of them set. */
static void deadlines_come_while_handlers_keep_loops(void **state)
{
	enum { GATES = 3 };
	_cleanup_(http_server_freep) struct http_server *server = start(
		(struct http_server_options){.loops = 3, .threads = 4, .head_timeout_ms = DUE_MS});
	_cleanup_(text_release) struct text answer = {0};
	int fds[GATES];
	(void)state;
	for (int i = 0; i < GATES; i++)
		fds[i] = connect_idle(server);
	int slow = connect_idle(server);
	usleep(2 * DUE_MS * 1000); /* now nothing is to be done for long */
	for (int i = 0; i < GATES; i++) {
		if (i == GATES - 1)
			tell(slow, STR("GET / HT"));
		usleep(20000);
		have_come(fds[i], STR(REQUEST("/gate")));
	}
	bool ended = client_read_all(slow, &answer, AT_ONCE_MS);
	atomic_store(&held, false);
	for (int i = 0; i < GATES; i++) {
		hear(fds[i]);
		close(fds[i]);
	}
	assert_true(ended);
	assert_true(str_starts(text_str(&answer), STR("HTTP/1.1 408 ")));
	close(slow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deadlines_come_among_handlers_that_lose_the_loop),
		cmocka_unit_test(what_came_in_time_is_not_late),
		cmocka_unit_test(deadlines_come_while_handlers_keep_loops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
