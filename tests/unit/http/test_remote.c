/* SPDX-License-Identifier: Apache-2.0 */
/* The client against a remote that lies, in each way that we know of: every call ends within its
 * deadline with a fault that names the address, and nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/client_replicas.h"
#include "http/client_state.h"

#define OK    "HTTP/1.1 200 OK\r\n"
#define HELLO OK "Content-Length: 5\r\n\r\nhello"

enum after {
	KEEP,    /* reads the next request */
	CLOSE,   /* closes */
	RESET,   /* closes, and the kernel says reset */
	HALF,    /* sends no more, but still reads */
	HANG,    /* does nothing more */
	TRICKLE, /* sends one more byte each 20 ms */
	FLOOD,   /* sends `more` without end */
	SILENT,  /* closes without an answer when the second request came */
};

struct lie {
	const char *name;
	const char *bytes;
	enum after after;
	const char *more;
	ash_status status;
	const char *message; /* part of the fault's */
};

/* A remote that answers every request with the same lie. Its port is its own from start to end, so
 * that who connects while it does not listen meets nobody else. */
struct liar {
	const struct lie *lie;
	int fd;
	int holder; /* of the port */
	uint16_t port;
	unsigned accepted;
	bool stop;
	pthread_t thread;
};

static bool stopped(struct liar *liar)
{
	return __atomic_load_n(&liar->stop, __ATOMIC_ACQUIRE);
}

/* Waits until something is to be read, or the test is over (false). */
static bool await(struct liar *liar, int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	while (!stopped(liar))
		if (poll(&wait, 1, 5) > 0)
			return true;
	return false;
}

static bool tell(int fd, const char *bytes)
{
	size_t length = strlen(bytes);
	return send(fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* Sends the bytes again and again, whole each time, up to the end of the test or the client. */
static void flood(struct liar *liar, int fd, const char *bytes)
{
	size_t length = strlen(bytes), at = 0;
	while (!stopped(liar)) {
		ssize_t sent = send(fd, bytes + at, length - at, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (sent > 0)
			at = (at + (size_t)sent) % length;
	}
}

static void go_on(struct liar *liar, int fd)
{
	const struct lie *lie = liar->lie;
	const struct linger reset = {.l_onoff = 1};
	const struct timeval soon = {.tv_usec = 20000};
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
	if (lie->after == RESET)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	if (lie->after == HALF)
		(void)shutdown(fd, SHUT_WR);
	while (lie->after == TRICKLE && !stopped(liar) && tell(fd, lie->more))
		usleep(20000);
	if (lie->after == FLOOD)
		flood(liar, fd, lie->more);
	while ((lie->after == HANG || lie->after == HALF) && !stopped(liar))
		usleep(1000);
}

static void serve(struct liar *liar, int fd)
{
	char bytes[4096];
	for (unsigned turn = 0; await(liar, fd); turn++) {
		if (recv(fd, bytes, sizeof bytes, 0) <= 0)
			break;
		if (liar->lie->after == SILENT && turn)
			break;
		if (!tell(fd, liar->lie->bytes))
			break;
		if (liar->lie->after != KEEP && liar->lie->after != SILENT) {
			go_on(liar, fd);
			break;
		}
	}
	(void)close(fd);
}

static void *lie_on(void *context)
{
	struct liar *liar = context;
	while (await(liar, liar->fd)) {
		int fd = accept(liar->fd, NULL, NULL);
		__atomic_add_fetch(&liar->accepted, 1, __ATOMIC_RELAXED);
		serve(liar, fd);
	}
	return NULL;
}

/* A socket of the port; 0: of any. Until one listens, another may have the same. */
static int bind_to(uint16_t port, struct sockaddr_in *at)
{
	socklen_t length = sizeof *at;
	const int on = 1;
	*at = (struct sockaddr_in){.sin_family = AF_INET,
				   .sin_port = htons(port),
				   .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &length), 0);
	return fd;
}

/* After liar_pause(). */
static void liar_resume(struct liar *liar)
{
	struct sockaddr_in at;
	liar->stop = false;
	liar->fd = bind_to(liar->port, &at);
	assert_int_equal(listen(liar->fd, 16), 0);
	assert_int_equal(pthread_create(&liar->thread, NULL, lie_on, liar), 0);
}

static void liar_start(struct liar *liar, const struct lie *lie)
{
	struct sockaddr_in at;
	*liar = (struct liar){.lie = lie, .holder = bind_to(0, &at)};
	liar->port = ntohs(at.sin_port);
	liar_resume(liar);
}

/* Has connections refused. */
static void liar_pause(struct liar *liar)
{
	__atomic_store_n(&liar->stop, true, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(liar->thread, NULL), 0);
	(void)close(liar->fd);
	liar->fd = -1;
}

static void liar_end(struct liar *liar)
{
	if (liar->fd >= 0)
		liar_pause(liar);
	(void)close(liar->holder);
}

static struct http_client *client_of(uint16_t port, const struct http_client_options *options)
{
	char address[64];
	struct http_client *client = NULL;
	(void)snprintf(address, sizeof address, "http://127.0.0.1:%u", port);
	assert_int_equal(http_client_new(address, options, &client, NULL), ASH_OK);
	return client;
}

/* Asks with a deadline so many milliseconds away. */
static ash_status ask(struct http_client *client, unsigned ms, bool repeatable,
		      struct http_reply *reply, struct fault *fault)
{
	struct http_request request = {
		.method = STR("POST"),
		.target = STR("/a.v1.A/Do"),
		.fields = STR("X-A: b\r\n"),
		.body = STR("{}"),
		.repeatable = repeatable,
		.deadline = clock_monotonic() + (uint64_t)ms * 1000000,
	};
	return http_client_call(client, &request, reply, fault);
}

/* Enough on a slow machine where an end is expected, and little where the deadline is. */
enum { LONG = 60000, SHORT = 1000 };

#define LATE ASH_DEADLINE_EXCEEDED
#define GONE ASH_UNAVAILABLE
#define BAD  ASH_INTERNAL
#define BIG  ASH_RESOURCE_EXHAUSTED

static const struct lie LIES[] = {
	{"closes at once", "", CLOSE, NULL, GONE, "before its header was whole"},
	{"resets at once", "", RESET, NULL, GONE, ""},
	{"says nothing", "", HANG, NULL, LATE, "waiting for the answer"},
	{"half-closes", "", HALF, NULL, GONE, "before its header was whole"},
	{"half a head", OK "X: ", CLOSE, NULL, GONE, "before its header was whole"},
	{"half a head, then hangs", OK "X: ", HANG, NULL, LATE, "waiting for the answer"},
	{"a head in a trickle", OK "X: ", TRICKLE, "a", LATE, "waiting for the answer"},
	{"a head without end", OK "X: ", FLOOD, "aaaaaaaaaaaaaaaa", BAD, "too long"},
	{"fields without end", OK, FLOOD, "X: a\r\nY: b\r\n", BAD, "too many header lines"},
	{"1xx without end", "HTTP/1.1 102 Wait\r\n\r\n", FLOOD, "HTTP/1.1 102 Wait\r\n\r\n", BAD,
	 "1xx"},
	{"a body that is short", OK "Content-Length: 9\r\n\r\nhello", CLOSE, NULL, GONE,
	 "Content-Length bytes"},
	{"a body that is short, half-closed", OK "Content-Length: 9\r\n\r\nhello", HALF, NULL, GONE,
	 "Content-Length bytes"},
	{"a body that is reset", OK "Content-Length: 9\r\n\r\nhello", RESET, NULL, GONE, ""},
	{"a body that hangs", OK "Content-Length: 9\r\n\r\nhello", HANG, NULL, LATE, "waiting"},
	{"a body in a trickle", OK "Content-Length: 90000\r\n\r\n", TRICKLE, "a", LATE, "waiting"},
	{"a length over the bound", OK "Content-Length: 100001\r\n\r\n", HANG, NULL, BIG, "100000"},
	{"a body without end", OK "\r\n", FLOOD, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", BIG, "100000"},
	{"chunks without end", OK "Transfer-Encoding: chunked\r\n\r\n", FLOOD,
	 "10\r\naaaaaaaaaaaaaaaa\r\n", BIG, "100000"},
	{"trailers without end", OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", FLOOD, "X: a\r\n",
	 BAD, "trailer"},
	{"a chunk that is cut", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhe", CLOSE, NULL, GONE,
	 "last chunk"},
	{"no last chunk", OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", CLOSE, NULL, GONE,
	 "last chunk"},
	{"a chunk size of 0x", OK "Transfer-Encoding: chunked\r\n\r\n0x2\r\nhe\r\n", HANG, NULL,
	 BAD, "hexadecimal"},
	{"a chunk size with +", OK "Transfer-Encoding: chunked\r\n\r\n+2\r\nhe\r\n", HANG, NULL,
	 BAD, "hexadecimal"},
	{"a huge chunk", OK "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", HANG, NULL,
	 BIG, "100000"},
	{"two lengths", OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", HANG, NULL, BAD,
	 "two Content-Length"},
	{"length and chunks", OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	 HANG, NULL, BAD, "both"},
	{"bare LF", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", HANG, NULL, BAD, "control"},
	{"another protocol", "SSH-2.0-OpenSSH_9.2p1\r\n", HANG, NULL, BAD, "version of HTTP"},
	{"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", HANG, NULL, BAD, "another version"},
};

static unsigned open_files(void)
{
	unsigned count = 0;
	for (int fd = 0; fd < 256; fd++)
		count += lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
	return count;
}

static void each_lie_is_a_clear_error(void **state)
{
	(void)state;
	unsigned before = open_files();
	for (size_t i = 0; i < sizeof LIES / sizeof *LIES; i++) {
		struct liar liar;
		struct fault fault = {0};
		struct http_client_counters counters;
		_cleanup_(http_reply_release) struct http_reply reply = {0};
		char name[64];
		liar_start(&liar, &LIES[i]);
		struct http_client *client =
			client_of(liar.port, &(struct http_client_options){.body_limit = 100000});
		ash_status status =
			ask(client, LIES[i].status == LATE ? SHORT : LONG, true, &reply, &fault);
		if (status != LIES[i].status || !strstr(fault.message, LIES[i].message))
			print_error("%s: %s\n", LIES[i].name, fault.message);
		assert_int_equal(status, LIES[i].status);
		assert_non_null(strstr(fault.message, LIES[i].message));
		(void)snprintf(name, sizeof name, "http://127.0.0.1:%u: ", liar.port);
		assert_non_null(strstr(fault.message, name));
		assert_false(fault.untried);
		http_client_count(client, &counters);
		assert_int_equal(counters.open, 0);
		assert_int_equal(counters.failures, 1);
		http_client_free(client);
		liar_end(&liar);
	}
	assert_int_equal(open_files(), before);
}

static const struct lie TRUTHS[] = {
	{"a length", HELLO, KEEP, NULL, ASH_OK, "hello"},
	{"chunks",
	 OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\nT: u\r\n\r\n", KEEP,
	 NULL, ASH_OK, "hello"},
	{"1xx before", "HTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 100 Go\r\n\r\n" HELLO, KEEP,
	 NULL, ASH_OK, "hello"},
	{"no body", "HTTP/1.1 204 None\r\n\r\n", KEEP, NULL, ASH_OK, ""},
	{"up to the end", OK "\r\nhello", CLOSE, NULL, ASH_OK, "hello"},
	{"up to half the end", OK "\r\nhello", HALF, NULL, ASH_OK, "hello"},
	{"an error of the remote", "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno", KEEP, NULL,
	 ASH_OK, "no"},
	{"more than was said", HELLO "HTTP/1.1 200 Smuggled\r\n", KEEP, NULL, ASH_OK, "hello"},
};

static void good_answers_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof TRUTHS / sizeof *TRUTHS; i++) {
		struct liar liar;
		struct http_client_counters counters;
		_cleanup_(http_reply_release) struct http_reply reply = {0};
		liar_start(&liar, &TRUTHS[i]);
		struct http_client *client = client_of(liar.port, NULL);
		for (unsigned turn = 0; turn < 3; turn++) {
			assert_int_equal(ask(client, LONG, true, &reply, NULL), ASH_OK);
			assert_true(str_equal(reply.body, str_of(TRUTHS[i].message)));
			http_client_count(client, &counters);
			bool kept = TRUTHS[i].after == KEEP && !strstr(TRUTHS[i].bytes, "Smuggled");
			assert_int_equal(counters.idle, kept);
			assert_int_equal(counters.connects, kept ? 1 : turn + 1);
			if (TRUTHS[i].after == HALF)
				break;
		}
		http_client_free(client);
		liar_end(&liar);
	}
}

static const struct lie SLOWNESS = {"", OK "Content-Length: 5\r\n\r\n", TRICKLE, "a", ASH_OK, ""};

/* A pause between two bytes ends a read's own waiting, and not the call. */
static void slow_answers_are_waited_for(void **state)
{
	struct liar liar;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	(void)state;
	liar_start(&liar, &SLOWNESS);
	struct http_client *client = client_of(liar.port, NULL);
	assert_int_equal(ask(client, LONG, false, &reply, NULL), ASH_OK);
	assert_true(str_equal(reply.body, STR("aaaaa")));
	http_client_free(client);
	liar_end(&liar);
}

static void desks_are_used_again(void **state)
{
	struct http_client *client = client_of(1, NULL);
	struct http_desk *many[40], *desk = http_client_take_desk(client);
	(void)state;
	assert_non_null(desk);
	text_add(&desk->fields, STR("X-A: b\r\n"));
	http_client_leave_desk(client, desk);
	assert_ptr_equal(http_client_take_desk(client), desk);
	assert_int_equal(desk->fields.length, 0);
	assert_true(desk->fields.capacity > 0);
	for (size_t i = 0; i < 70000; i++)
		text_add_byte(&desk->body, 'a');
	http_client_leave_desk(client, desk); /* too large to be kept */
	desk = http_client_take_desk(client);
	assert_int_equal(desk->fields.capacity, 0);
	http_client_leave_desk(client, desk);
	http_client_leave_desk(client, NULL);
	for (size_t i = 0; i < 40; i++)
		assert_non_null(many[i] = http_client_take_desk(client));
	for (size_t i = 0; i < 40; i++)
		http_client_leave_desk(client, many[i]);
	http_client_free(client);
}

/* Where the name "moving" is; and whether looking it up hangs. */
static _Atomic unsigned moved_to;
static atomic_bool hanging;

static int look_up(const char *name, const char *port, const struct addrinfo *hints,
		   struct addrinfo **list)
{
	char text[8];
	if (strcmp(name, "moving") != 0 || strcmp(port, "80") != 0)
		return EAI_NONAME;
	while (atomic_load(&hanging))
		usleep(1000);
	(void)snprintf(text, sizeof text, "%u", atomic_load(&moved_to));
	return getaddrinfo("127.0.0.1", text, hints, list);
}

static struct http_client *client_of_name(const char *address)
{
	const struct http_client_options options = {.look_up = look_up,
						    .connect_ns = LONG * UINT64_C(1000000),
						    .backoff_ns = 1000000,
						    .backoff_cap_ns = 1000000};
	struct http_client *client = NULL;
	assert_int_equal(http_client_new(address, &options, &client, NULL), ASH_OK);
	return client;
}

static struct http_client *client_of_moving(uint16_t port)
{
	atomic_store(&moved_to, port);
	return client_of_name("http://moving");
}

/* A remote that is gone where it was, and is found where its name leads now. */
static void names_are_looked_up_again(void **state)
{
	struct liar before, after;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	(void)state;
	liar_start(&before, &TRUTHS[4]); /* each connection is closed */
	struct http_client *client = client_of_moving(before.port);
	assert_int_equal(ask(client, LONG, true, &reply, NULL), ASH_OK);
	liar_pause(&before);
	liar_start(&after, &TRUTHS[0]);
	atomic_store(&moved_to, after.port);
	uint64_t until = clock_monotonic() + LONG * UINT64_C(1000000);
	while (ask(client, LONG, true, &reply, NULL) != ASH_OK) {
		assert_true(clock_monotonic() < until);
		usleep(1000);
	}
	assert_int_equal(__atomic_load_n(&after.accepted, __ATOMIC_RELAXED), 1);
	http_client_free(client);
	liar_end(&before);
	liar_end(&after);
}

/* Calls end, and the client goes, while a name server says nothing. */
static void a_hanging_look_up_delays_nothing(void **state)
{
	struct liar liar;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	(void)state;
	liar_start(&liar, &TRUTHS[4]);
	struct http_client *client = client_of_moving(liar.port);
	assert_int_equal(ask(client, LONG, true, &reply, NULL), ASH_OK);
	liar_pause(&liar);
	atomic_store(&hanging, true);
	for (unsigned turn = 0; turn < 20; turn++) {
		assert_int_equal(ask(client, LONG, true, &reply, NULL), ASH_UNAVAILABLE);
		usleep(2000);
	}
	http_client_free(client);
	atomic_store(&hanging, false);
	liar_end(&liar);
}

/* A name server that says nothing costs each call its deadline, and no more. */
static void a_first_look_up_may_hang(void **state)
{
	struct liar liar;
	struct fault fault;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	(void)state;
	liar_start(&liar, &TRUTHS[0]);
	atomic_store(&hanging, true);
	struct http_client *client = client_of_moving(liar.port);
	for (unsigned turn = 0; turn < 3; turn++) {
		assert_int_equal(ask(client, 20, true, &reply, &fault), ASH_DEADLINE_EXCEEDED);
		assert_string_equal(fault.message, "http://moving: the deadline passed while "
						   "moving was looked up");
	}
	atomic_store(&hanging, false);
	assert_int_equal(ask(client, LONG, true, &reply, NULL), ASH_OK);
	http_client_free(client);
	liar_end(&liar);
}

/* A name that nobody knows is told, and looked up again: it may come later. */
static void a_name_may_be_unknown(void **state)
{
	struct fault fault;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	struct http_client *client = client_of_name("http://nowhere");
	(void)state;
	assert_int_equal(ask(client, LONG, true, &reply, &fault), ASH_UNAVAILABLE);
	assert_string_equal(fault.message,
			    "http://nowhere: looking up nowhere: Name or service not known");
	http_client_free(client);
}

static const struct lie SILENCE = {"", HELLO, SILENT, NULL, ASH_OK, ""};

/* A kept connection that breaks before any answer: only what may be sent twice is. */
static void only_what_is_safe_is_repeated(void **state)
{
	struct liar liar;
	struct fault fault;
	struct http_client_counters counters;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	(void)state;
	liar_start(&liar, &SILENCE);
	struct http_client *client = client_of(liar.port, NULL);
	assert_int_equal(ask(client, LONG, false, &reply, &fault), ASH_OK);
	assert_int_equal(ask(client, LONG, false, &reply, &fault), ASH_UNAVAILABLE);
	assert_int_equal(ask(client, LONG, true, &reply, &fault), ASH_OK);
	assert_int_equal(ask(client, LONG, true, &reply, &fault), ASH_OK);
	http_client_count(client, &counters);
	assert_int_equal(counters.repeats, 1);
	assert_int_equal(counters.connects, 3);
	assert_int_equal(counters.open, 1);
	http_client_free(client);
	liar_end(&liar);
}

/* A remote that tells why it ends an idle connection, just after it was looked at: no answer
 * to a request of which nothing left. */
static void what_was_not_sent_is_not_answered(void **state)
{
	struct http_client *client = client_of(1, NULL);
	const struct http_request request = {
		.method = STR("GET"), .target = STR("/"), .deadline = UINT64_MAX};
	(void)state;
	for (int kept = 0; kept < 2; kept++) {
		struct http_reply reply = {0};
		struct fault fault = {0};
		int pair[2];
		bool good = false;
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		assert_true(tell(pair[1], HELLO));
		close(pair[1]);
		struct client_call call = {client, &request, &reply, &fault, .fd = pair[0]};
		call.kept = kept;
		ash_status status = client_send(&call);
		if (status == ASH_OK)
			status = client_receive(&call, &good);
		/* A new one was closed for the sake of this call. */
		assert_int_equal(status, kept ? ASH_UNAVAILABLE : ASH_OK);
		assert_int_equal(call.broken, kept);
		assert_false(good);
		http_reply_release(&reply);
		close(pair[0]);
	}
	http_client_free(client);
}

static void dead_address_is_left_alone(void **state)
{
	struct liar liar;
	struct fault fault;
	struct http_client_counters counters;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	(void)state;
	liar_start(&liar, &TRUTHS[0]);
	liar_pause(&liar);
	struct http_client *client = client_of(
		liar.port, &(struct http_client_options){.backoff_ns = 3600000000000u,
							 .backoff_cap_ns = 3600000000000u});
	assert_int_equal(ask(client, LONG, true, &reply, &fault), ASH_UNAVAILABLE);
	assert_non_null(strstr(fault.message, "connecting: "));
	assert_true(fault.untried);
	assert_int_equal(ask(client, LONG, true, &reply, &fault), ASH_UNAVAILABLE);
	assert_non_null(strstr(fault.message, "tried again in"));
	assert_true(fault.untried);
	http_client_count(client, &counters);
	assert_int_equal(counters.connect_failures, 1);
	assert_int_equal(counters.left_alone, 1);
	http_client_free(client);
	liar_end(&liar);
}

static void probe_finds_the_address_back(void **state)
{
	struct liar liar;
	struct http_client_counters counters;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	(void)state;
	liar_start(&liar, &TRUTHS[0]);
	liar_pause(&liar);
	struct http_client *client =
		client_of(liar.port, &(struct http_client_options){.backoff_ns = 1000,
								   .backoff_cap_ns = 1000});
	assert_int_equal(ask(client, LONG, true, &reply, NULL), ASH_UNAVAILABLE);
	liar_resume(&liar);
	usleep(1000);
	assert_int_equal(ask(client, LONG, true, &reply, NULL), ASH_OK);
	http_client_count(client, &counters);
	assert_int_equal(counters.connects, 1);
	http_client_free(client);
	liar_end(&liar);
}

static void old_connections_are_closed(void **state)
{
	struct liar liar;
	struct http_client_counters counters;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	(void)state;
	liar_start(&liar, &TRUTHS[0]);
	struct http_client *client =
		client_of(liar.port, &(struct http_client_options){.idle_ns = 1});
	assert_int_equal(ask(client, LONG, false, &reply, NULL), ASH_OK);
	assert_int_equal(ask(client, LONG, false, &reply, NULL), ASH_OK);
	http_client_count(client, &counters);
	assert_int_equal(counters.connects, 2);
	assert_int_equal(counters.open, 1);
	http_client_free(client);
	liar_end(&liar);
}

struct caller {
	struct http_client *client;
	unsigned good;
};

static void *call_often(void *context)
{
	struct caller *caller = context;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	for (unsigned i = 0; i < 200; i++)
		caller->good += ask(caller->client, LONG, true, &reply, NULL) == ASH_OK &&
				str_equal(reply.body, STR("hello"));
	return NULL;
}

/* More callers than connections: all get their turn, over the one connection. */
static void callers_wait_for_their_turn(void **state)
{
	struct liar liar;
	struct caller callers[4];
	pthread_t threads[4];
	struct http_client_counters counters;
	(void)state;
	liar_start(&liar, &TRUTHS[0]);
	struct http_client *client =
		client_of(liar.port, &(struct http_client_options){.connections = 1});
	for (unsigned i = 0; i < 4; i++) {
		callers[i] = (struct caller){client, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(callers[i].good, 200);
	}
	http_client_count(client, &counters);
	assert_int_equal(counters.calls, 800);
	assert_int_equal(counters.connects, 1);
	assert_int_equal(counters.waiting, 0);
	http_client_free(client);
	liar_end(&liar);
}

struct hung {
	struct http_client *client;
	int given_up[2];
	ash_status status;
};

/* Holds the connection until it is to give up. */
static void *hang(void *context)
{
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	struct hung *hung = context;
	const struct http_request request = {
		.method = STR("POST"),
		.target = STR("/"),
		.deadline = UINT64_MAX,
		.cancel = hung->given_up,
	};
	hung->status = http_client_call(hung->client, &request, &reply, NULL);
	return NULL;
}

static const struct lie HANGS = {"", "", HANG, NULL, LATE, ""};

static void waiting_ends_at_the_deadline(void **state)
{
	struct liar liar;
	pthread_t thread;
	struct fault fault;
	struct http_client_counters counters = {0};
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	(void)state;
	liar_start(&liar, &HANGS);
	struct hung hung = {
		.client = client_of(liar.port, &(struct http_client_options){.connections = 1})};
	assert_int_equal(pipe(hung.given_up), 0);
	assert_int_equal(pthread_create(&thread, NULL, hang, &hung), 0);
	while (!counters.open)
		http_client_count(hung.client, &counters);
	assert_int_equal(ask(hung.client, 30, true, &reply, &fault), LATE);
	assert_non_null(strstr(fault.message, "all 1 connections were in use"));
	assert_int_equal(write(hung.given_up[1], "x", 1), 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(hung.status, ASH_CANCELED);
	http_client_count(hung.client, &counters);
	assert_int_equal(counters.open, 0);
	(void)close(hung.given_up[0]);
	(void)close(hung.given_up[1]);
	http_client_free(hung.client);
	liar_end(&liar);
}

static void caller_may_give_up(void **state)
{
	struct liar liar;
	struct fault fault;
	int given_up[2];
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	(void)state;
	liar_start(&liar, &HANGS);
	struct http_client *client = client_of(liar.port, NULL);
	assert_int_equal(pipe(given_up), 0);
	assert_int_equal(write(given_up[1], "x", 1), 1);
	const struct http_request request = {
		.method = STR("POST"),
		.target = STR("/"),
		.deadline = UINT64_MAX,
		.cancel = given_up,
	};
	assert_int_equal(http_client_call(client, &request, &reply, &fault), ASH_CANCELED);
	assert_non_null(strstr(fault.message, "the caller gave up"));
	(void)close(given_up[0]);
	(void)close(given_up[1]);
	http_client_free(client);
	liar_end(&liar);
}

static void wrong_addresses_are_refused(void **state)
{
	static const char *const WRONG[] = {
		"",
		"localhost:80",
		"https://a",
		"http://",
		"http://:80",
		"http://a:",
		"http://a:0",
		"http://a:65536",
		"http://a:b",
		"http://a/path",
		"http://[::1",
		"http://[::1]80",
		"unix:relative.sock",
		"unix:",
		"http://a b",
		"http://a\r\nX: y",
	};
	struct http_client *client = NULL;
	(void)state;
	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
		struct fault fault;
		assert_int_equal(http_client_new(WRONG[i], NULL, &client, &fault),
				 ASH_INVALID_ARGUMENT);
		assert_null(client);
	}
}

static void requests_cannot_be_split(void **state)
{
	static const struct http_request WRONG[] = {
		{.method = {"GET X", 5}, .target = {"/", 1}},
		{.method = {"GET", 3}, .target = {"/ HTTP/1.1\r\nA: b", 16}},
		{.method = {"GET", 3}, .target = {"a", 1}},
		{.method = {"GET", 3}, .target = {"/", 1}, .fields = {"A: b", 4}},
		{.method = {"GET", 3}, .target = {"/", 1}, .fields = {"A: b\n", 5}},
		{.method = {"GET", 3}, .target = {"/", 1}, .fields = {"A: b\r\n\r\n", 8}},
		{.method = {"GET", 3}, .target = {"/", 1}, .fields = {"\r\n", 2}},
	};
	struct http_client *client = client_of(1, NULL);
	struct http_reply reply = {0};
	(void)state;
	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
		assert_int_equal(http_client_call(client, &WRONG[i], &reply, NULL),
				 ASH_INVALID_ARGUMENT);
	http_client_free(client);
}

/* Memory that runs out at any point: an error, or an answer; nothing is lost. */
static void memory_may_run_out(void **state)
{
	struct liar liar;
	(void)state;
	liar_start(&liar, &TRUTHS[1]);
	for (long nth = 1;; nth++) {
		_cleanup_(http_reply_release) struct http_reply reply = {0};
		_cleanup_(http_client_freep) struct http_client *client = NULL;
		char address[64];
		(void)snprintf(address, sizeof address, "http://127.0.0.1:%u", liar.port);
		mem_fail_from(nth);
		ash_status status = http_client_new(address, NULL, &client, NULL);
		if (status == ASH_OK)
			status = ask(client, LONG, true, &reply, NULL);
		bool failed = mem_fail_never();
		assert_int_equal(status, failed ? ASH_RESOURCE_EXHAUSTED : ASH_OK);
		if (!failed)
			break;
	}
	liar_end(&liar);
}

/* ---- several addresses ---- */

static ash_status ask_one_of(struct http_replicas *replicas, struct http_reply *reply,
			     struct fault *fault)
{
	const struct http_request request = {
		.method = STR("POST"),
		.target = STR("/a.v1.A/Do"),
		.fields = STR(""),
		.body = STR("{}"),
		.deadline = clock_monotonic() + (uint64_t)LONG * 1000000,
	};
	return http_replicas_call(replicas, &request, HTTP_DOWN_LAST, reply, fault);
}

static struct http_replicas *replicas_of(const struct liar *one, const struct liar *other)
{
	char texts[2][64];
	const char *const addresses[] = {texts[0], texts[1]};
	struct http_replicas *replicas = NULL;
	(void)snprintf(texts[0], sizeof texts[0], "http://127.0.0.1:%u", one->port);
	(void)snprintf(texts[1], sizeof texts[1], "http://127.0.0.1:%u", other->port);
	assert_int_equal(http_replicas_new(addresses, 2, NULL, &replicas, NULL), ASH_OK);
	return replicas;
}

static void replicas_take_turns_and_stand_in(void **state)
{
	struct liar one, other;
	struct fault fault;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	(void)state;
	liar_start(&one, &TRUTHS[4]);
	liar_start(&other, &TRUTHS[4]);
	struct http_replicas *replicas = replicas_of(&one, &other);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(ask_one_of(replicas, &reply, &fault), ASH_OK);
	liar_pause(&other);
	assert_int_equal(other.accepted, 2);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(ask_one_of(replicas, &reply, &fault), ASH_OK);
	liar_pause(&one);
	assert_int_equal(one.accepted, 6);
	assert_int_equal(ask_one_of(replicas, &reply, &fault), ASH_UNAVAILABLE);
	assert_int_equal(reply.sent, 0);
	http_replicas_free(replicas);
	liar_end(&one);
	liar_end(&other);
}

/* Who has seen a part of the request may have done what it says. */
static void what_was_sent_goes_to_nobody_else(void **state)
{
	struct liar one, other;
	struct fault fault;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	(void)state;
	liar_start(&one, &LIES[0]);
	liar_start(&other, &TRUTHS[0]);
	struct http_replicas *replicas = replicas_of(&one, &other);
	assert_int_equal(ask_one_of(replicas, &reply, &fault), ASH_UNAVAILABLE);
	assert_true(reply.sent > 0);
	http_replicas_free(replicas);
	liar_end(&one);
	liar_end(&other);
	assert_int_equal(other.accepted, 0);
}

/* Neither one that hangs nor one that refuses has a turn while another is up. */
static void replicas_that_are_down_have_no_turn(void **state)
{
	struct liar good, hung;
	struct fault fault;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	(void)state;
	liar_start(&good, &TRUTHS[4]);
	liar_start(&hung, &TRUTHS[4]);
	struct http_replicas *replicas = replicas_of(&good, &hung);
	http_replicas_mark(replicas, 1, false);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(ask_one_of(replicas, &reply, &fault), ASH_OK);
	http_replicas_mark(replicas, 1, true);
	http_replicas_mark(replicas, 1, false);
	liar_pause(&good);
	assert_int_equal(good.accepted, 5);
	/* What is marked as up is not there: better the other one than nobody. */
	assert_int_equal(ask_one_of(replicas, &reply, &fault), ASH_OK);
	http_replicas_mark(replicas, 0, false);
	assert_int_equal(ask_one_of(replicas, &reply, &fault), ASH_OK);
	http_replicas_free(replicas);
	liar_end(&good);
	liar_end(&hung);
	assert_int_equal(hung.accepted, 2);
}

static ash_status ask_nobody_that_is_down(struct http_replicas *replicas, struct fault *fault)
{
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	const struct http_request request = {
		.method = STR("GET"),
		.target = STR("/"),
		.fields = STR(""),
		.body = STR(""),
		.deadline = clock_monotonic() + (uint64_t)LONG * 1000000,
	};
	return http_replicas_call(replicas, &request, HTTP_DOWN_NEVER, &reply, fault);
}

static void nobody_is_asked_where_all_are_down(void **state)
{
	struct liar one, other;
	struct fault fault;
	(void)state;
	liar_start(&one, &TRUTHS[4]);
	liar_start(&other, &TRUTHS[4]);
	struct http_replicas *replicas = replicas_of(&one, &other);
	http_replicas_mark(replicas, 0, false);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(ask_nobody_that_is_down(replicas, &fault), ASH_OK);
	http_replicas_mark(replicas, 1, false);
	assert_int_equal(ask_nobody_that_is_down(replicas, &fault), ASH_UNAVAILABLE);
	assert_true(fault.untried);
	assert_non_null(strstr(fault.message, "did not answer"));
	http_replicas_mark(replicas, 0, true);
	assert_int_equal(ask_nobody_that_is_down(replicas, &fault), ASH_OK);
	http_replicas_free(replicas);
	liar_end(&one);
	liar_end(&other);
	assert_int_equal(one.accepted, 1);
	assert_int_equal(other.accepted, 2);
}

static void replicas_may_find_no_memory(void **state)
{
	static const char *const ADDRESSES[] = {"http://127.0.0.1:1", "http://127.0.0.1:2"};
	(void)state;
	for (long nth = 1;; nth++) {
		struct http_replicas *replicas = NULL;
		mem_fail_from(nth);
		ash_status status = http_replicas_new(ADDRESSES, 2, NULL, &replicas, NULL);
		bool failed = mem_fail_never();
		assert_int_equal(status, failed ? ASH_RESOURCE_EXHAUSTED : ASH_OK);
		http_replicas_free(replicas);
		if (!failed)
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_lie_is_a_clear_error),
		cmocka_unit_test(good_answers_are_read),
		cmocka_unit_test(slow_answers_are_waited_for),
		cmocka_unit_test(desks_are_used_again),
		cmocka_unit_test(names_are_looked_up_again),
		cmocka_unit_test(a_hanging_look_up_delays_nothing),
		cmocka_unit_test(a_first_look_up_may_hang),
		cmocka_unit_test(a_name_may_be_unknown),
		cmocka_unit_test(only_what_is_safe_is_repeated),
		cmocka_unit_test(what_was_not_sent_is_not_answered),
		cmocka_unit_test(dead_address_is_left_alone),
		cmocka_unit_test(probe_finds_the_address_back),
		cmocka_unit_test(old_connections_are_closed),
		cmocka_unit_test(callers_wait_for_their_turn),
		cmocka_unit_test(waiting_ends_at_the_deadline),
		cmocka_unit_test(caller_may_give_up),
		cmocka_unit_test(wrong_addresses_are_refused),
		cmocka_unit_test(requests_cannot_be_split),
		cmocka_unit_test(memory_may_run_out),
		cmocka_unit_test(replicas_take_turns_and_stand_in),
		cmocka_unit_test(what_was_sent_goes_to_nobody_else),
		cmocka_unit_test(replicas_that_are_down_have_no_turn),
		cmocka_unit_test(nobody_is_asked_where_all_are_down),
		cmocka_unit_test(replicas_may_find_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
