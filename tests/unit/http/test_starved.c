/* SPDX-License-Identifier: Apache-2.0 */
/* One of two threads gets no time of the system, and a handler holds up the other: what came to
 * them must not wait for either. The thread is put behind one that computes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "client.h"
#include "http/exchange.h"
#include "http/server.h"

enum { HELD = 2, ROUNDS = 6, WATCH_MS = 500, AT_ONCE_MS = 1000, LATE_MS = 4000, LONG_MS = 600000 };

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static atomic_int came; /* to "/gate", which lets nobody go before it is open */
static atomic_bool open, computing;

static void handle(void *context, struct http_exchange *exchange)
{
	struct str path = http_path(exchange);
	char body[32];
	(void)context;
	if (str_equal(path, STR("/gate"))) {
		atomic_fetch_add(&came, 1);
		while (!atomic_load(&open))
			usleep(1000);
	}
	snprintf(body, sizeof body, "%ld", syscall(SYS_gettid));
	http_add_body(exchange, str_of(body));
}

/* Asks, and tells which thread answered. */
static pid_t ask(int fd, struct str request)
{
	_cleanup_(text_release) struct text answer = {0};
	assert_true(client_send(fd, request));
	assert_int_equal(client_read_response(fd, &answer), 200);
	return (pid_t)strtol(strrchr(answer.at, '\n') + 1, NULL, 10);
}

static void *compute(void *unused)
{
	while (atomic_load(&computing))
		;
	return unused;
}

/* Puts one thread behind another that computes, on one processor. */
static pthread_t starve(pid_t loop)
{
	struct sched_param param = {0};
	cpu_set_t all, one;
	pthread_t thread;
	int processor = 0;
	assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
	while (!CPU_ISSET(processor, &all))
		processor++;
	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	atomic_store(&computing, true);
	assert_int_equal(pthread_create(&thread, NULL, compute, NULL), 0);
	assert_int_equal(pthread_setaffinity_np(thread, sizeof one, &one), 0);
	assert_int_equal(sched_setaffinity(loop, sizeof one, &one), 0);
	assert_int_equal(sched_setscheduler(loop, SCHED_IDLE, &param), 0);
	return thread;
}

/* Under valgrind one thread runs at a time: who is starved keeps all from running. */
static bool in_turns(void)
{
	return getenv("ASHLAR_TEST_SHORT");
}

struct scene {
	struct http_server *server;
	int held[HELD], other;
	pthread_t computer;
};

static void set_scene(struct scene *scene)
{
	/* No time-out is near; the wheel turns once in a while all the same. */
	struct http_server_options options = {.loops = 2,
					      .watch_ms = WATCH_MS,
					      .head_timeout_ms = LONG_MS,
					      .idle_timeout_ms = LONG_MS,
					      .handle = handle};
	struct error error = {0};
	*scene = (struct scene){0};
	atomic_store(&came, 0);
	atomic_store(&open, false);
	if (http_server_start(&options, &scene->server, &error) < 0)
		fail_msg("%s", error.message);
	for (int i = 0; i < HELD; i++) {
		scene->held[i] = client_connect(http_server_port(scene->server));
		ask(scene->held[i], STR(REQUEST("/")));
	}
	scene->other = client_connect(http_server_port(scene->server));
	pid_t starved = ask(scene->other, STR(REQUEST("/")));
	if (!in_turns())
		scene->computer = starve(starved);
}

static void clear_scene(struct scene *scene)
{
	atomic_store(&computing, false);
	if (scene->computer)
		pthread_join(scene->computer, NULL);
	for (int i = 0; i < HELD; i++)
		close(scene->held[i]);
	close(scene->other);
	http_server_free(scene->server);
}

/* Whether all requests are with a handler within that time, while others come: who was woken for
 * one of them may have been the thread that gets no time. */
static bool come_within(struct scene *scene, unsigned ms)
{
	for (; atomic_load(&came) < HELD && ms-- > 0; usleep(1000))
		ask(scene->other, STR(REQUEST("/")));
	return atomic_load(&came) == HELD;
}

static void who_gets_no_time_or_is_held_up_holds_up_nobody_else(void **state)
{
	unsigned late = 0;
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		_cleanup_(text_release) struct text answers = {0};
		struct scene scene;
		set_scene(&scene);
		for (int i = 0; i < HELD; i++)
			assert_true(client_send(scene.held[i], STR(REQUEST("/gate"))));
		/* Who was woken comes now that nobody is starved, or then. */
		bool all = come_within(&scene, AT_ONCE_MS);
		atomic_store(&computing, false);
		late += !all && !come_within(&scene, LATE_MS);
		atomic_store(&open, true);
		for (int i = 0; i < HELD; i++)
			assert_int_equal(client_read_response(scene.held[i], &answers), 200);
		clear_scene(&scene);
	}
	assert_in_range(late, 0, ROUNDS / 2); /* the machine may be busy */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_gets_no_time_or_is_held_up_holds_up_nobody_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
