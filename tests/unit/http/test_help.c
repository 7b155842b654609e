/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that helps a loop whose own thread sleeps, and is held up by the first request it takes:
 * what it leaves must not wait for it. Loops sleep and are helped where the system has no time for
 * their thread; here it is put behind one that computes. */
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

enum {
	CONNECTIONS = 8,
	ROUNDS = 6,
	ROUNDS_AT_MOST = 60,
	WATCH_MS = 500,
	AT_ONCE_MS = 1000,
	LATE_MS = 4000,
	LONG_MS = 600000
};

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

/* Two connections of a loop that is starved, and one of the other. */
struct scene {
	struct http_server *server;
	int fds[CONNECTIONS], starved[2], other;
	pthread_t computer;
};

/* Finds out who belongs to which loop, and tells the thread that is to be starved. The answer may
 * be that of a helper: then a round says nothing. */
static pid_t cast(struct scene *scene)
{
	pid_t sleeper = ask(scene->fds[0], STR(REQUEST("/")));
	scene->starved[0] = scene->fds[0];
	for (int i = 1; i < CONNECTIONS; i++) {
		usleep(1000);
		if (ask(scene->fds[i], STR(REQUEST("/"))) == sleeper)
			scene->starved[1] = scene->fds[i];
		else
			scene->other = scene->fds[i];
	}
	return sleeper;
}

static void set_scene(struct scene *scene)
{
	/* No time-out is near; the wheel turns once in a while all the same. */
	struct http_server_options options = {.loops = 2,
					      .watch_ms = WATCH_MS,
					      .head_timeout_ms = LONG_MS,
					      .idle_timeout_ms = LONG_MS,
					      .handle = handle};
	struct error error = {0};
	pid_t sleeper = 0;
	*scene = (struct scene){.starved = {-1, -1}, .other = -1};
	atomic_store(&came, 0);
	atomic_store(&open, false);
	if (http_server_start(&options, &scene->server, &error) < 0)
		fail_msg("%s", error.message);
	for (int i = 0; i < CONNECTIONS; i++)
		scene->fds[i] = client_connect(http_server_port(scene->server));
	while (scene->other < 0 || scene->starved[1] < 0)
		sleeper = cast(scene);
	if (!in_turns())
		scene->computer = starve(sleeper);
}

/* How many requests another than their loop's own thread took. */
static uint64_t clear_scene(struct scene *scene)
{
	struct http_counters counters = {0};
	atomic_store(&computing, false);
	if (scene->computer)
		pthread_join(scene->computer, NULL);
	for (int i = 0; i < CONNECTIONS; i++)
		close(scene->fds[i]);
	http_server_count(scene->server, &counters);
	http_server_free(scene->server);
	return counters.helped;
}

/* Whether both requests are with a handler within that time. */
static bool comes_within(unsigned ms)
{
	while (atomic_load(&came) < 2 && ms-- > 0)
		usleep(1000);
	return atomic_load(&came) == 2;
}

static void who_is_held_up_while_he_helps_holds_up_nobody_else(void **state)
{
	struct scene scene;
	uint64_t helped = 0;
	unsigned late = 0, rounds = 0;
	(void)state;
	for (; rounds < ROUNDS || (!helped && !in_turns() && rounds < ROUNDS_AT_MOST); rounds++) {
		_cleanup_(text_release) struct text answers = {0};
		set_scene(&scene);
		for (int i = 0; i < 2; i++)
			assert_true(client_send(scene.starved[i], STR(REQUEST("/gate"))));
		while (atomic_load(&came) == 0) {
			ask(scene.other, STR(REQUEST("/")));
			usleep(1000); /* he helps after his answer, and needs no second reason to */
		}
		/* Who has been woken comes now that he is starved, or then. */
		bool both = comes_within(AT_ONCE_MS);
		atomic_store(&computing, false);
		late += !both && !comes_within(LATE_MS);
		atomic_store(&open, true);
		for (int i = 0; i < 2; i++)
			assert_int_equal(client_read_response(scene.starved[i], &answers), 200);
		helped += clear_scene(&scene);
	}
	assert_true(helped > 0 || in_turns());
	assert_in_range(late, 0, rounds / 2); /* the machine may be busy */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_held_up_while_he_helps_holds_up_nobody_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
