/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection must not lose on its way from thread to thread: its order, its deadline, its
 * end. Where something has to come just then, a handler holds the loop meanwhile, and no watcher
 * takes it away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "client.h"
#include "http/exchange.h"
#include "http/server.h"

enum { IDLE_MS = 200, LARGE = 66000 };

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

/* Handlers of "/gate" and "/told", numbered from 1: those that came, and those that may go. */
static atomic_int came, opened;

static void wait_at_gate(void)
{
	int mine = atomic_fetch_add(&came, 1) + 1;
	while (atomic_load(&opened) < mine)
		usleep(1000);
}

static void handle(void *context, struct http_exchange *exchange)
{
	struct str path = http_path(exchange);
	(void)context;
	mem_fail_never();
	if (str_equal(path, STR("/deferred")) && http_defer(exchange))
		return;
	if (str_equal(path, STR("/gate")))
		wait_at_gate();
	if (str_equal(path, STR("/told"))) {
		http_blocking_begin();
		wait_at_gate();
		http_blocking_end();
	}
	if (str_equal(path, STR("/blocks"))) {
		http_blocking_begin();
		usleep(20000); /* for what the system tells of it to come meanwhile */
		http_blocking_end();
	}
	http_add_body(exchange, path);
	if (str_equal(path, STR("/starved")))
		mem_fail_from(1);
}

static struct http_server *start(struct http_server_options options)
{
	options.handle = handle;
	atomic_store(&came, 0);
	atomic_store(&opened, 0);
	return client_serve(&options);
}

/* A connection that was asked one thing, and is idle. */
static int connect_idle(const struct http_server *server)
{
	_cleanup_(text_release) struct text answer = {0};
	int fd = client_connect(http_server_port(server));
	assert_true(client_send(fd, STR(REQUEST("/"))));
	assert_int_equal(client_read_response(fd, &answer), 200);
	return fd;
}

/* Has a handler come to the gate. */
static void have_come(int fd, struct str request)
{
	int before = atomic_load(&came);
	assert_true(client_send(fd, request));
	client_wait_for(atomic_load(&came) > before);
}

/* Has a handler hold the loop. */
static void hold(int fd)
{
	have_come(fd, STR(REQUEST("/gate")));
}

/* The second answer was the first that left. */
static void an_answer_without_memory_is_not_replaced_by_the_next(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.loops = 1, .watch_ms = CLIENT_UNWATCHED});
	char byte;
	(void)state;
	int fd = client_connect(http_server_port(server));
	assert_true(client_send(fd, STR(REQUEST("/starved") REQUEST("/deferred"))));
	ssize_t got = recv(fd, &byte, 1, 0);
	mem_fail_never();
	assert_int_equal(got, 0);
	close(fd);
}

/* Connections that were not asked anything yet. */
static void connect_many(const struct http_server *server, int *fds, unsigned count)
{
	struct http_counters counters;
	for (unsigned i = 0; i < count; i++)
		fds[i] = client_connect(http_server_port(server));
	client_wait_for((http_server_count(server, &counters), counters.open == count));
}

/* Its time is over, and just then it asks for something that gives the loop away. */
static void who_asks_at_the_last_moment_is_timed_again(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.loops = 1,
						   .watch_ms = CLIENT_UNWATCHED,
						   .head_timeout_ms = CLIENT_PATIENCE,
						   .idle_timeout_ms = IDLE_MS});
	_cleanup_(text_release) struct text answer = {0};
	int fds[4];
	(void)state;
	connect_many(server, fds, 4);
	int late = fds[3];
	hold(fds[0]);
	/* In one round it is answered, and the loop is held again. */
	assert_true(client_send(late, STR(REQUEST("/"))));
	client_await_arrival(late);
	assert_true(client_send(fds[1], STR(REQUEST("/gate"))));
	client_await_arrival(fds[1]);
	atomic_store(&opened, 1);
	assert_int_equal(client_read_response(late, &answer), 200);
	client_wait_for(atomic_load(&came) == 2);
	assert_true(client_send(fds[2], STR(REQUEST("/gate"))));
	client_await_arrival(fds[2]);
	usleep((IDLE_MS + 100) * 1000);
	atomic_store(&opened, 2);
	client_wait_for(atomic_load(&came) == 3);
	/* The system told of another only, and the time is up. */
	assert_true(client_send(late, STR(REQUEST("/blocks"))));
	client_await_arrival(late);
	atomic_store(&opened, 3);
	assert_int_equal(client_read_response(late, &answer), 200);
	assert_true(client_read_all(late, &answer, CLIENT_PATIENCE));
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

/* A handler kept the loop for longer than a connection may be idle, as no thread was left. */
static void who_was_answered_late_is_idle_from_then_on(void **state)
{
	enum { LATE_MS = 1000 };
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.loops = 1,
						   .threads = 2,
						   .watch_ms = CLIENT_UNWATCHED,
						   .head_timeout_ms = CLIENT_PATIENCE,
						   .idle_timeout_ms = LATE_MS});
	_cleanup_(text_release) struct text answer = {0};
	int fds[2];
	(void)state;
	connect_many(server, fds, 2);
	have_come(fds[0], STR(REQUEST("/told")));
	have_come(fds[1], STR(REQUEST("/told")));
	usleep((LATE_MS + 300) * 1000);
	uint64_t since = clock_monotonic();
	atomic_store(&opened, 2);
	assert_int_equal(client_read_response(fds[1], &answer), 200);
	assert_true(client_read_all(fds[1], &answer, CLIENT_PATIENCE));
	assert_true(clock_monotonic() - since >= LATE_MS * UINT64_C(1000000));
	close(fds[0]);
	close(fds[1]);
}

/* Whether a connection that is idle is closed in time, while one thread waits that knows of no
 * deadline that is near, and the one that set this one is kept. */
static bool is_closed_in_time(void)
{
	enum { FAR_MS = 600000, SOON_MS = 6000 };
	_cleanup_(
		http_server_freep) struct http_server *server = start((struct http_server_options){
		.loops = 2, .threads = 3, .head_timeout_ms = FAR_MS, .idle_timeout_ms = IDLE_MS});
	_cleanup_(text_release) struct text answer = {0};
	int fds[2];
	connect_many(server, fds, 2);
	have_come(fds[0], STR(REQUEST("/told"))); /* with the third thread */
	int idle = connect_idle(server);
	have_come(fds[1], STR(REQUEST("/gate")));
	bool closed = client_read_all(idle, &answer, SOON_MS);
	atomic_store(&opened, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(client_read_response(fds[i], &answer), 200);
		close(fds[i]);
	}
	close(idle);
	return closed;
}

static void a_deadline_is_kept_by_who_is_left(void **state)
{
	enum { ROUNDS = 6 };
	int late = 0;
	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		late += !is_closed_in_time();
	assert_in_range(late, 0, 1); /* the machine may be busy */
}

/* The end was told with the first bytes, of which the thread's buffer takes a part only. */
static void an_end_behind_a_deferred_request_is_seen(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.loops = 1, .watch_ms = CLIENT_UNWATCHED});
	_cleanup_(text_release) struct text asked = {0}, answers = {0};
	int status;
	(void)state;
	int other = connect_idle(server), fd = connect_idle(server);
	text_addf(
		&asked,
		REQUEST("/deferred") "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%*d",
		LARGE, LARGE, 1);
	hold(other);
	assert_true(client_send(fd, text_str(&asked)));
	shutdown(fd, SHUT_WR);
	usleep(50000); /* for all of it to be there */
	atomic_store(&opened, 1);
	assert_true(client_read_all(fd, &answers, CLIENT_PATIENCE));
	assert_int_equal(client_count_responses(&answers, &status), 2);
	close(fd);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_without_memory_is_not_replaced_by_the_next),
		cmocka_unit_test(who_asks_at_the_last_moment_is_timed_again),
		cmocka_unit_test(who_was_answered_late_is_idle_from_then_on),
		cmocka_unit_test(a_deadline_is_kept_by_who_is_left),
		cmocka_unit_test(an_end_behind_a_deferred_request_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
