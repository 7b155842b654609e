/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that come, stay and go at every wrong moment, and a server that ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "client.h"
#include "http/exchange.h"
#include "http/server.h"

enum { LARGE = 4 << 20 };

static const char LARGE_BODY[LARGE];

/* More than the system's buffers take at once, however large it lets them grow. */
static char huge_body[256 << 20];
static atomic_int handled, gone;

static void stream_until_gone(struct http_exchange *exchange)
{
	http_begin_stream(exchange);
	for (int i = 0; i < 3000 && !http_is_gone(exchange) && !http_is_draining(exchange); i++) {
		if (!http_write(exchange, STR("data: x\n\n"), true))
			break;
		http_blocking_begin();
		usleep(1000);
		http_blocking_end();
	}
	atomic_fetch_add(&gone, 1);
}

static void block(struct http_exchange *exchange)
{
	http_blocking_begin();
	usleep(3000);
	http_blocking_end();
	(void)exchange;
}

/* Whether a handler is to block, and does. */
static atomic_bool stuck, in_stuck;

static void stay_stuck(void)
{
	atomic_store(&in_stuck, true);
	while (atomic_load(&stuck))
		usleep(1000);
	atomic_store(&in_stuck, false);
}

static void handle(void *context, struct http_exchange *exchange)
{
	struct str path = http_path(exchange);
	(void)context;
	atomic_fetch_add(&handled, 1);
	if (str_starts(path, STR("/deferred")) && http_defer(exchange))
		return;
	if (str_starts(path, STR("/slow")) || str_starts(path, STR("/deferred")))
		block(exchange);
	if (str_starts(path, STR("/hidden")))
		usleep(4000);
	if (str_starts(path, STR("/stuck")))
		stay_stuck();
	if (str_equal(path, STR("/events")))
		stream_until_gone(exchange);
	else if (str_ends(path, STR("/huge")))
		http_set_body(exchange, (struct str){huge_body, sizeof huge_body}, NULL, NULL);
	else if (str_ends(path, STR("/large")))
		http_set_body(exchange, (struct str){LARGE_BODY, LARGE}, NULL, NULL);
	else
		http_add_body(exchange, STR("hello\n"));
}

static struct http_server *start(struct http_server_options options)
{
	struct http_server *server = NULL;
	struct error error;
	options.handle = handle;
	if (!options.loops)
		options.loops = 2;
	if (http_server_start(&options, &server, &error) < 0)
		fail_msg("%s", error.message);
	atomic_store(&handled, 0);
	atomic_store(&gone, 0);
	return server;
}

static unsigned open_connections(const struct http_server *server)
{
	struct http_counters counters;
	http_server_count(server, &counters);
	return counters.open;
}

static uint64_t rejected(const struct http_server *server, enum http_rejection why)
{
	struct http_counters counters;
	http_server_count(server, &counters);
	return counters.rejected[why];
}

static void reset(int fd)
{
	struct linger linger = {.l_onoff = 1};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	close(fd);
}

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static const char *const REQUESTS[] = {
	REQUEST("/slow"),  REQUEST("/hidden"),         REQUEST("/deferred"), REQUEST("/slow/large"),
	REQUEST("/large"), REQUEST("/deferred/large"), REQUEST("/events"),   REQUEST("/")};
enum { REQUEST_COUNT = sizeof REQUESTS / sizeof *REQUESTS };

static void client_leaves_in_the_middle_of_a_handler(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){0});
	(void)state;
	for (int i = 0; i < 40 * REQUEST_COUNT; i++) {
		int fd = client_connect(http_server_port(server));
		client_send(fd, str_of(REQUESTS[i % REQUEST_COUNT]));
		usleep((unsigned)(i * 37 % 1500));
		if (i & 1)
			reset(fd);
		else
			close(fd);
	}
	client_wait_for(open_connections(server) == 0);
	client_wait_for(atomic_load(&gone) == 40);
	int status;
	_cleanup_(text_release) struct text answer = {0};
	client_exchange(http_server_port(server),
			STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), &answer);
	assert_int_equal(client_count_responses(&answer, &status), 1);
}

static void half_closed_client_gets_its_answers(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){0});
	static const char *const PATHS[] = {"/", "/slow", "/hidden", "/deferred"};
	(void)state;
	for (int i = 0; i < 4; i++) {
		_cleanup_(text_release) struct text request = {0}, answer = {0};
		int fd = client_connect(http_server_port(server)), status;
		text_addf(&request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n" REQUEST("/slow"),
			  PATHS[i]);
		client_send(fd, text_str(&request));
		shutdown(fd, SHUT_WR);
		assert_true(client_read_all(fd, &answer, CLIENT_PATIENCE));
		assert_int_equal(client_count_responses(&answer, &status), 2);
		close(fd);
	}
	client_wait_for(open_connections(server) == 0);
}

static void large_answer_reaches_a_half_closed_client(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){0});
	_cleanup_(text_release) struct text answer = {0};
	(void)state;
	int fd = client_connect(http_server_port(server));
	client_send(fd, STR(REQUEST("/large") REQUEST("/slow/large")));
	shutdown(fd, SHUT_WR);
	usleep(20000);
	assert_true(client_read_all(fd, &answer, CLIENT_PATIENCE));
	assert_true(answer.length > 2 * (size_t)LARGE);
	close(fd);
}

/* A connection whose first byte was there before the time for a head had passed; adds those on
 * which the machine was too slow for that. */
static int begin_in_time(const struct http_server *server, uint32_t head_timeout_ms,
			 uint64_t *too_late)
{
	for (;; ++*too_late) {
		uint64_t since = clock_monotonic();
		int fd = client_connect(http_server_port(server));
		client_send(fd, STR("G"));
		client_await_arrival(fd);
		if (clock_monotonic() - since < head_timeout_ms * UINT64_C(1000000))
			return fd;
		close(fd);
	}
}

static void slow_heads_are_ended(void **state)
{
	enum { HEAD_MS = 200 };
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.loops = 1, .head_timeout_ms = HEAD_MS});
	_cleanup_(text_release) struct text answer = {0};
	uint64_t too_late = 0;
	(void)state;
	int silent = client_connect(http_server_port(server)), status;
	int drip = begin_in_time(server, HEAD_MS, &too_late);
	uint64_t until = clock_monotonic() + (uint64_t)CLIENT_PATIENCE * 1000000;
	client_send(drip, STR("ET / HTTP/1.1\r\nHost: a\r\nX: "));
	while (!client_read_all(drip, &answer, 10) && clock_monotonic() < until)
		client_send(drip, STR("0"));
	assert_int_equal(client_count_responses(&answer, &status), 1);
	assert_int_equal(status, 408);
	assert_true(client_read_all(silent, &answer, CLIENT_PATIENCE));
	assert_int_equal(client_count_responses(&answer, &status), 1);
	assert_in_range(rejected(server, HTTP_REJECTED_SLOW_HEAD), 2, 2 + too_late);
	close(drip);
	close(silent);
}

static void slow_bodies_are_ended(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.body_timeout_ms = 200});
	_cleanup_(text_release) struct text answer = {0};
	(void)state;
	int fd = client_connect(http_server_port(server)), status;
	uint64_t until = clock_monotonic() + (uint64_t)CLIENT_PATIENCE * 1000000;
	client_send(fd, STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"));
	while (!client_read_all(fd, &answer, 10) && clock_monotonic() < until)
		client_send(fd, STR("x"));
	assert_int_equal(client_count_responses(&answer, &status), 1);
	assert_int_equal(status, 408);
	assert_int_equal(rejected(server, HTTP_REJECTED_SLOW_BODY), 1);
	close(fd);
}

static void idle_connections_are_closed(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.loops = 1, .idle_timeout_ms = 200});
	_cleanup_(text_release) struct text answer = {0};
	(void)state;
	static const char *const FIRST[] = {REQUEST("/"), REQUEST("/slow"), REQUEST("/deferred")};
	for (int i = 0; i < 3; i++) {
		uint64_t since = clock_monotonic();
		int fd = client_connect(http_server_port(server));
		client_send(fd, str_of(FIRST[i]));
		assert_int_equal(client_read_response(fd, &answer), 200);
		assert_true(client_read_all(fd, &answer, CLIENT_PATIENCE));
		assert_true(clock_monotonic() - since >= 200 * UINT64_C(1000000));
		close(fd);
	}
}

static void slow_readers_are_ended(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.write_timeout_ms = 200});
	(void)state;
	int plain = client_connect(http_server_port(server));
	int detached = client_connect(http_server_port(server));
	client_send(plain, STR(REQUEST("/huge")));
	client_send(detached, STR(REQUEST("/slow/huge")));
	client_wait_for(rejected(server, HTTP_REJECTED_SLOW_READER) == 2);
	client_wait_for(open_connections(server) == 0);
	close(plain);
	close(detached);
}

/* What a server tells of connections that it turns away. */
struct told {
	_Atomic unsigned times[HTTP_REJECTIONS];
	_Atomic int error;
	_Atomic uint64_t bound, count;
};

static void note_told(void *context, const struct http_turned_away *turned)
{
	struct told *told = context;
	atomic_store(&told->error, turned->error);
	atomic_store(&told->bound, turned->bound);
	atomic_store(&told->count, turned->count);
	atomic_fetch_add(&told->times[turned->why], 1); /* last: it is waited for */
}

static void too_many_connections_are_told(void **state)
{
	struct told told = {0};
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.connections = 4,
						   .head_timeout_ms = 2 * CLIENT_PATIENCE,
						   .tell = note_told,
						   .tell_context = &told});
	_cleanup_(text_release) struct text answer = {0};
	int fds[4], status;
	(void)state;
	for (int i = 0; i < 4; i++)
		fds[i] = client_connect(http_server_port(server));
	client_wait_for(open_connections(server) == 4);
	int fifth = client_connect(http_server_port(server));
	assert_true(client_read_all(fifth, &answer, CLIENT_PATIENCE));
	assert_int_equal(client_count_responses(&answer, &status), 1);
	assert_int_equal(status, 503);
	close(fifth);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	client_wait_for(open_connections(server) == 0);
	assert_int_equal(rejected(server, HTTP_REJECTED_CONNECTIONS), 1);
	assert_int_equal(told.times[HTTP_REJECTED_CONNECTIONS], 1);
	assert_int_equal(told.bound, 4);
	assert_int_equal(told.count, 1);
}

/* Thousands may be turned away in a second. */
static void turning_away_is_told_now_and_then(void **state)
{
	struct told told = {0};
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.connections = 1,
						   .head_timeout_ms = 2 * CLIENT_PATIENCE,
						   .tell = note_told,
						   .tell_context = &told});
	uint64_t since = clock_monotonic();
	(void)state;
	int one = client_connect(http_server_port(server));
	client_wait_for(open_connections(server) == 1);
	for (unsigned i = 1; i <= 20; i++) {
		close(client_connect(http_server_port(server)));
		client_wait_for(rejected(server, HTTP_REJECTED_CONNECTIONS) == i);
	}
	client_wait_for(told.times[HTTP_REJECTED_CONNECTIONS] > 0); /* after it was counted */
	unsigned times = told.times[HTTP_REJECTED_CONNECTIONS];
	uint64_t most = 1 + (clock_monotonic() - since) / (HTTP_TELL_MS * UINT64_C(1000000));
	assert_in_range(times, 1, most);
	close(one);
}

static void too_few_threads_still_answer_all(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.threads = 3});
	int fds[24];
	(void)state;
	for (int i = 0; i < 24; i++) {
		fds[i] = client_connect(http_server_port(server));
		client_send(fds[i], str_of(REQUESTS[i % 3]));
	}
	for (int i = 0; i < 24; i++) {
		_cleanup_(text_release) struct text answer = {0};
		assert_int_equal(client_read_response(fds[i], &answer), 200);
		close(fds[i]);
	}
	struct http_counters counters;
	http_server_count(server, &counters);
	assert_int_equal(counters.threads, 3);
}

static struct rlimit descriptors;

static int keep_limit(void **state)
{
	(void)state;
	return getrlimit(RLIMIT_NOFILE, &descriptors);
}

/* Whatever came of the test: without descriptors all later ones fail, too. */
static int restore_limit(void **state)
{
	(void)state;
	return setrlimit(RLIMIT_NOFILE, &descriptors);
}

static void connect_late(int fd, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
}

/* Descriptors run out, and come back. Both sides take them from one process, so when the client's
 * socket() fails, the server may just have accepted all there was: the last connection is made with
 * a socket of before, and then the server has none. */
static void want_of_descriptors_passes(void **state)
{
	struct told told = {0};
	_cleanup_(
		http_server_freep) struct http_server *server = start((struct http_server_options){
		.head_timeout_ms = 2 * CLIENT_PATIENCE, .tell = note_told, .tell_context = &told});
	int fds[64], count = 0;
	(void)state;
	int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(late >= 0);
	const struct rlimit few = {.rlim_cur = (rlim_t)late + 41, .rlim_max = descriptors.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	while (count < 64 && (fds[count] = client_try_connect(http_server_port(server))) >= 0)
		count++;
	connect_late(late, http_server_port(server));
	client_wait_for(told.times[HTTP_REJECTED_SYSTEM] > 0);
	assert_int_equal(told.error, EMFILE);
	close(late);
	while (count > 2)
		close(fds[--count]);
	restore_limit(NULL);
	for (int i = 0; i < 5; i++) {
		_cleanup_(text_release) struct text answer = {0};
		int fd = client_connect(http_server_port(server));
		client_send(fd, STR(REQUEST("/")));
		assert_int_equal(client_read_response(fd, &answer), 200);
		close(fd);
	}
	while (count)
		close(fds[--count]);
}

static bool is_instrumented(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#else
	return getenv("ASHLAR_TEST_SHORT") != NULL; /* as valgrind's run sets it */
#endif
}

/* What the heap holds, for connections that had a request each and are idle since. */
static void idle_connection_takes_little_memory(void **state)
{
	enum { COUNT = 400 };
	/* A watcher would have threads added, which take memory too. */
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.watch_ms = CLIENT_UNWATCHED});
	int fds[COUNT];
	(void)state;
	if (is_instrumented())
		skip();
	struct mallinfo2 before = mallinfo2();
	for (int i = 0; i < COUNT; i++) {
		_cleanup_(text_release) struct text answer = {0};
		fds[i] = client_connect(http_server_port(server));
		client_send(fds[i], STR(REQUEST("/")));
		assert_int_equal(client_read_response(fds[i], &answer), 200);
	}
	struct mallinfo2 after = mallinfo2();
	size_t each = (after.uordblks - before.uordblks) / COUNT;
	print_message("an idle connection takes %zu bytes of the heap\n", each);
	assert_in_range(each, 1, 512);
	for (int i = 0; i < COUNT; i++)
		close(fds[i]);
}

/* A connection that is quiet for less is not closed while a server drains. */
#define QUIET_NS UINT64_C(250000000)

struct visitor {
	pthread_t thread;
	uint16_t port;
	unsigned seed;
	atomic_int answered;
	int lost; /* requests that were sent and not answered */
};

/* Asks until the server says that it ends, or ended a connection that was quiet for too long. */
static void *ask_until_the_end(void *pointer)
{
	struct visitor *visitor = pointer;
	static const char *const ASKED[] = {REQUEST("/"), REQUEST("/slow"), REQUEST("/deferred")};
	uint64_t last = clock_monotonic();
	bool open = true;
	int fd = client_connect(visitor->port);
	for (int i = 0; open; i++) {
		_cleanup_(text_release) struct text answer = {0};
		uint64_t now = clock_monotonic();
		client_send(fd, str_of(ASKED[(i + (int)visitor->seed) % 3]));
		bool in_time = i == 0 || clock_monotonic() - last < QUIET_NS;
		bool answered = client_read_response(fd, &answer) == 200;
		visitor->answered += answered;
		visitor->lost += !answered && (in_time || answer.length);
		open = answered && !strstr(answer.at, "Connection: close");
		last = now;
	}
	close(fd);
	return NULL;
}

static void *ask_while_stuck(void *pointer)
{
	struct visitor *visitor = pointer;
	int fd = client_connect(visitor->port);
	while (atomic_load(&stuck)) {
		_cleanup_(text_release) struct text answer = {0};
		client_send(fd, STR(REQUEST("/")));
		visitor->lost += client_read_response(fd, &answer) != 200;
		visitor->answered += atomic_load(&stuck);
	}
	close(fd);
	return NULL;
}

/* One of two loops is in a handler that does not end, and no watcher comes: all connections are
 * served by the other. */
static void loop_that_is_stuck_keeps_no_request(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.watch_ms = CLIENT_UNWATCHED});
	struct visitor visitors[8];
	(void)state;
	atomic_store(&stuck, true);
	for (unsigned i = 0; i < 8; i++) {
		visitors[i] = (struct visitor){.port = http_server_port(server)};
		assert_int_equal(
			pthread_create(&visitors[i].thread, NULL, ask_while_stuck, &visitors[i]),
			0);
	}
	client_wait_for(open_connections(server) == 8);
	int fd = client_connect(http_server_port(server));
	client_send(fd, STR(REQUEST("/stuck")));
	client_wait_for(atomic_load(&in_stuck));
	int before[8];
	for (int i = 0; i < 8; i++)
		before[i] = atomic_load(&visitors[i].answered);
	for (int i = 0; i < 8; i++)
		client_wait_for(atomic_load(&visitors[i].answered) > before[i] + 1);
	assert_true(atomic_load(&in_stuck));
	atomic_store(&stuck, false);
	for (int i = 0; i < 8; i++) {
		pthread_join(visitors[i].thread, NULL);
		assert_int_equal(visitors[i].lost, 0);
	}
	close(fd);
}

static void drain_loses_nothing(void **state)
{
	(void)state;
	for (int round = 0; round < 5; round++) {
		_cleanup_(http_server_freep) struct http_server *server =
			start((struct http_server_options){.head_timeout_ms = CLIENT_PATIENCE});
		struct visitor visitors[12];
		struct http_counters counters;
		int quiet = client_connect(http_server_port(server)), answered = 0;
		for (unsigned i = 0; i < 12; i++) {
			visitors[i] = (struct visitor){.port = http_server_port(server), .seed = i};
			assert_int_equal(pthread_create(&visitors[i].thread, NULL,
							ask_until_the_end, &visitors[i]),
					 0);
		}
		for (int i = 0; i < 12; i++)
			client_wait_for(atomic_load(&visitors[i].answered) > 0);
		uint64_t since = clock_monotonic();
		assert_int_equal(http_server_drain(server, CLIENT_PATIENCE), 0);
		assert_true(clock_monotonic() - since > QUIET_NS); /* the quiet one's time */
		for (int i = 0; i < 12; i++) {
			pthread_join(visitors[i].thread, NULL);
			assert_int_equal(visitors[i].lost, 0);
			answered += visitors[i].answered;
		}
		assert_true(answered >= 12);
		http_server_count(server, &counters);
		assert_int_equal(counters.requests, answered);
		close(quiet);
	}
}

static void drain_ends_with_its_patience(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){0});
	_cleanup_(text_release) struct text answer = {0};
	(void)state;
	int fd = client_connect(http_server_port(server));
	client_send(fd, STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
			    "Expect: 100-continue\r\n\r\n"));
	assert_int_equal(client_read_response(fd, &answer), 100);
	uint64_t since = clock_monotonic();
	assert_int_equal(http_server_drain(server, 300), 1);
	assert_true(clock_monotonic() - since < (uint64_t)CLIENT_PATIENCE * 1000000);
	close(fd);
}

static void streams_end_with_a_drain(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){0});
	_cleanup_(text_release) struct text answer = {0};
	(void)state;
	int fd = client_connect(http_server_port(server));
	client_send(fd, STR(REQUEST("/events")));
	client_wait_for(atomic_load(&handled) == 1);
	assert_int_equal(http_server_drain(server, CLIENT_PATIENCE), 0);
	assert_true(client_read_all(fd, &answer, CLIENT_PATIENCE));
	assert_true(str_ends(text_str(&answer), STR("\r\n0\r\n\r\n")));
	close(fd);
}

static unsigned random_below(unsigned *seed, unsigned bound)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 16) % bound;
}

static void misbehave(struct visitor *visitor, int fd)
{
	_cleanup_(text_release) struct text answer = {0};
	struct str request = str_of(REQUESTS[random_below(&visitor->seed, REQUEST_COUNT)]);
	switch (random_below(&visitor->seed, 6)) {
	case 0: client_send(fd, str_first(request, random_below(&visitor->seed, 30))); break;
	case 1: client_send(fd, STR("\r\n\r\nX\r\n\r\n")); break;
	case 2:
		client_send(fd, request);
		client_send(fd, request);
		break;
	case 3:
		client_send(fd, request);
		shutdown(fd, SHUT_WR);
		break;
	case 4:
		client_send(fd, request);
		client_read_all(fd, &answer, 5);
		break;
	default:
		client_send(fd, STR(REQUEST("/slow")));
		visitor->answered += client_read_response(fd, &answer) == 200;
	}
	usleep(random_below(&visitor->seed, 3000));
}

static void *storm(void *pointer)
{
	struct visitor *visitor = pointer;
	for (int i = 0; i < 150; i++) {
		int fd = client_connect(visitor->port);
		misbehave(visitor, fd);
		if (random_below(&visitor->seed, 2))
			reset(fd);
		else
			close(fd);
	}
	return NULL;
}

static void storm_of_clients_leaves_nothing_behind(void **state)
{
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.head_timeout_ms = 100, .idle_timeout_ms = 100});
	struct visitor visitors[8];
	int answered = 0;
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		visitors[i] =
			(struct visitor){.port = http_server_port(server), .seed = 77 * i + 1};
		assert_int_equal(pthread_create(&visitors[i].thread, NULL, storm, &visitors[i]), 0);
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(visitors[i].thread, NULL);
		answered += visitors[i].answered;
	}
	client_wait_for(open_connections(server) == 0);
	assert_true(answered > 0);
}

/* A process that a handler's program forked has the descriptors, too, until it executes something:
 * so the system still knows a connection that was closed, and could tell of it. */
static void what_was_closed_is_told_of_no_more(void **state)
{
	enum { COUNT = 20 };
	_cleanup_(http_server_freep) struct http_server *server =
		start((struct http_server_options){.loops = 1});
	int fds[COUNT];
	(void)state;
	for (int i = 0; i < COUNT; i++) {
		_cleanup_(text_release) struct text answer = {0};
		fds[i] = client_connect(http_server_port(server));
		client_send(fds[i], STR(REQUEST("/")));
		assert_int_equal(client_read_response(fds[i], &answer), 200);
	}
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	assert_true(child > 0);
	for (int i = 0; i < COUNT; i++)
		client_send(fds[i], STR("GET / HTTP/1.0\r\n\r\n"));
	client_wait_for(open_connections(server) == 0);
	for (int round = 0; round < 3; round++) {
		_cleanup_(text_release) struct text answer = {0};
		client_exchange(http_server_port(server), STR("GET / HTTP/1.0\r\n\r\n"), &answer);
		for (int i = 0; i < COUNT; i++)
			client_send(fds[i], STR("x"));
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (int i = 0; i < COUNT; i++)
		close(fds[i]);
}

static void an_end_awaits_no_watcher(void **state)
{
	struct http_server *server =
		start((struct http_server_options){.watch_ms = CLIENT_PATIENCE});
	uint64_t since = clock_monotonic();
	(void)state;
	http_server_free(server);
	assert_true(clock_monotonic() - since < CLIENT_PATIENCE / 2 * UINT64_C(1000000));
}

/* A server is freed while clients are in all states. */
static void server_ends_in_the_middle(void **state)
{
	(void)state;
	for (int round = 0; round < 10; round++) {
		struct http_server *server = start((struct http_server_options){0});
		int fds[24];
		for (int i = 0; i < 24; i++) {
			fds[i] = client_connect(http_server_port(server));
			struct str request = str_of(REQUESTS[i % REQUEST_COUNT]);
			if (i % REQUEST_COUNT != 6) /* a stream that is not drained goes on */
				client_send(fds[i], str_first(request, i < 8 ? 9 : request.length));
		}
		usleep((unsigned)round * 500);
		http_server_free(server);
		for (int i = 0; i < 24; i++)
			close(fds[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_connection_takes_little_memory),
		cmocka_unit_test(client_leaves_in_the_middle_of_a_handler),
		cmocka_unit_test(half_closed_client_gets_its_answers),
		cmocka_unit_test(large_answer_reaches_a_half_closed_client),
		cmocka_unit_test(slow_heads_are_ended),
		cmocka_unit_test(slow_bodies_are_ended),
		cmocka_unit_test(idle_connections_are_closed),
		cmocka_unit_test(slow_readers_are_ended),
		cmocka_unit_test(too_many_connections_are_told),
		cmocka_unit_test(turning_away_is_told_now_and_then),
		cmocka_unit_test(too_few_threads_still_answer_all),
		cmocka_unit_test_setup_teardown(want_of_descriptors_passes, keep_limit,
						restore_limit),
		cmocka_unit_test(loop_that_is_stuck_keeps_no_request),
		cmocka_unit_test(drain_loses_nothing),
		cmocka_unit_test(drain_ends_with_its_patience),
		cmocka_unit_test(streams_end_with_a_drain),
		cmocka_unit_test(storm_of_clients_leaves_nothing_behind),
		cmocka_unit_test(what_was_closed_is_told_of_no_more),
		cmocka_unit_test(an_end_awaits_no_watcher),
		cmocka_unit_test(server_ends_in_the_middle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
