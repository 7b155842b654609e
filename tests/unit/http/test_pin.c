/* SPDX-License-Identifier: Apache-2.0 */
/* Processors of threads that have a loop, and of those that gave it away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "client.h"
#include "http/exchange.h"
#include "http/server.h"

enum { REQUESTS = 20, LOOPS = 2 };

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static unsigned crew;   /* processors of the test */
static atomic_int came; /* to "/meet", where nobody leaves before LOOPS have come */

/* What the calling thread may use: how many, and the first. */
static unsigned processors(int *first)
{
	cpu_set_t set;
	int at = 0;
	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return 0;
	while (at < CPU_SETSIZE - 1 && !CPU_ISSET(at, &set))
		at++;
	*first = at;
	return (unsigned)CPU_COUNT(&set);
}

/* Blocks without a word, until a watcher has taken the loop. */
static void block_hidden(const struct http_exchange *exchange)
{
	while (!http_has_blocked(exchange))
		usleep(1000);
}

static void handle(void *context, struct http_exchange *exchange)
{
	struct str path = http_path(exchange);
	int first = 0, other;
	unsigned before = processors(&first), after;
	char body[64];
	(void)context;
	if (str_equal(path, STR("/deferred")) && http_defer(exchange))
		return;
	if (str_equal(path, STR("/meet"))) {
		atomic_fetch_add(&came, 1);
		while (atomic_load(&came) < LOOPS)
			usleep(1000);
	}
	if (str_equal(path, STR("/hidden")))
		block_hidden(exchange);
	if (str_equal(path, STR("/told")))
		http_blocking_begin();
	/* A watcher has the loop first, and then lets its thread go. */
	bool blocks = str_equal(path, STR("/told")) || str_equal(path, STR("/hidden"));
	while ((after = processors(&other)) < crew && blocks)
		usleep(1000);
	if (str_equal(path, STR("/told")))
		http_blocking_end();
	snprintf(body, sizeof body, "%u %u %d", before, after, first);
	http_add_body(exchange, str_of(body));
}

static struct http_server *start(struct http_server_options options)
{
	options.handle = handle;
	return client_serve(&options);
}

struct answer {
	unsigned before, after;
	int first;
};

static struct answer read_answer(int fd)
{
	_cleanup_(text_release) struct text text = {0};
	struct answer answer = {0};
	assert_int_equal(client_read_response(fd, &text), 200);
	assert_int_equal(sscanf(strrchr(text.at, '\n') + 1, "%u %u %d", &answer.before,
				&answer.after, &answer.first),
			 3);
	return answer;
}

static struct answer ask(int fd, struct str request)
{
	assert_true(client_send(fd, request));
	return read_answer(fd);
}

static void who_blocks_may_go_where_it_likes(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.pin = true});
	const struct str requests[] = {STR(REQUEST("/told")), STR(REQUEST("/hidden"))};
	int first;
	(void)state;
	for (unsigned i = 0; i < REQUESTS; i++) {
		/* A new one: who lost its loop may still have the connection, and take the next. */
		int fd = client_connect(http_server_port(server));
		struct answer answer = ask(fd, requests[i % 2]);
		assert_int_equal(answer.before, 1);
		assert_int_equal(answer.after, crew);
		close(fd);
	}
	assert_int_equal(processors(&first), crew); /* the caller's own are as they were */
}

/* Its thread was made by one that is pinned. */
static void who_was_deferred_may_go_where_it_likes(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.pin = true});
	int fd = client_connect(http_server_port(server));
	(void)state;
	assert_int_equal(ask(fd, STR(REQUEST("/deferred"))).before, crew);
	close(fd);
}

static void loops_have_processors_of_their_own(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){
			.pin = true, .loops = LOOPS, .watch_ms = CLIENT_UNWATCHED});
	int fds[LOOPS];
	struct answer answers[LOOPS];
	(void)state;
	atomic_store(&came, 0);
	for (int i = 0; i < LOOPS; i++) {
		fds[i] = client_connect(http_server_port(server));
		assert_true(client_send(fds[i], STR(REQUEST("/meet"))));
	}
	for (int i = 0; i < LOOPS; i++) {
		answers[i] = read_answer(fds[i]);
		assert_int_equal(answers[i].before, 1);
		close(fds[i]);
	}
	assert_true((answers[0].first != answers[1].first) == (crew > 1));
}

static void nobody_is_pinned_unasked(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){0});
	int fd = client_connect(http_server_port(server));
	(void)state;
	assert_int_equal(ask(fd, STR(REQUEST("/"))).before, crew);
	close(fd);
}

int main(void)
{
	int first;
	crew = processors(&first);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_blocks_may_go_where_it_likes),
		cmocka_unit_test(who_was_deferred_may_go_where_it_likes),
		cmocka_unit_test(loops_have_processors_of_their_own),
		cmocka_unit_test(nobody_is_pinned_unasked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
