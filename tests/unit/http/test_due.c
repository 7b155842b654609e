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
#include <unistd.h>

#include "base/mem.h"
#include "client.h"
#include "http/exchange.h"
#include "http/server.h"

enum { DUE_MS = 1500, AT_ONCE_MS = 5000, WATCH_MS = 20 };

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static atomic_bool pumps;

static void handle(void *context, struct http_exchange *exchange)
{
	struct str path = http_path(exchange);
	(void)context;
	if (str_equal(path, STR("/hidden")))
		usleep(5 * WATCH_MS * 1000);
	http_add_body(exchange, STR("hello\n"));
}

static struct http_server *start(struct http_server_options options)
{
	struct http_server *server;
	struct error error = {0};
	options.handle = handle;
	if (http_server_start(&options, &server, &error) < 0)
		fail_msg("%s", error.message);
	return server;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deadlines_come_among_handlers_that_lose_the_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
