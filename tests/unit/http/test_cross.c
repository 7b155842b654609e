/* SPDX-License-Identifier: Apache-2.0 */
/* Each request is handled once, and its answer is its own: whatever handlers do to their loops,
 * however bytes are cut, and whoever leaves. Each request has an id, which is counted where it is
 * handled, and which its answer must hold. What clients ask follows from a seed, which is printed;
 * ASHLAR_TEST_SEED gives it. Only the test's own thread asserts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "authority.h"
#include "base/mem.h"
#include "base/random.h"
#include "client.h"
#include "http/client_call.h"
#include "http/exchange.h"
#include "http/server.h"
#include "http/tls_session.h"

enum {
	WIRES = 6,   /* clients that pipeline, half of them over TLS */
	CALLERS = 4, /* and that call by a pool, likewise */
	CLIENTS = WIRES + CALLERS,
	IDS = 8192, /* of each client */
	DEPTH = 8,
	ID_LENGTH = 9, /* "00000001:" */
	PERIOD = 26,
	MOST = 200000, /* bytes of a body behind its id */
	NAP_US = 3000,
	SECOND = 1000000000,
	PATIENCE_MS = 60000,
};

/* How often a request must be handled. */
enum owed { OWED_NOTHING, OWED_ONCE_AT_MOST, OWED_ONCE };

static _Atomic unsigned char handled[CLIENTS * IDS];
static unsigned char owed[CLIENTS * IDS]; /* each part belongs to its client */
static atomic_uint borrowed;              /* bodies that were not given back */
static char pattern[MOST + PERIOD];
static atomic_bool failed;
static char reason[256];

/* Notes the first thing that is wrong; false. */
__attribute__((format(printf, 1, 2))) static bool wrong(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (!atomic_exchange(&failed, true))
		vsnprintf(reason, sizeof reason, format, arguments);
	va_end(arguments);
	return false;
}

static bool by_chance(unsigned of)
{
	return random_below(of) == 0;
}

/* ---- what is said ---- */

static void add_content(struct text *out, unsigned id, size_t length)
{
	text_addf(out, "%08u:", id);
	text_add(out, (struct str){pattern + id % PERIOD, length});
}

static bool is_content(struct str bytes, unsigned id, size_t length)
{
	char start[16];
	snprintf(start, sizeof start, "%08u:", id);
	return bytes.length == ID_LENGTH + length && memcmp(bytes.at, start, ID_LENGTH) == 0 &&
	       memcmp(bytes.at + ID_LENGTH, pattern + id % PERIOD, length) == 0;
}

/* One request: its path says all of it. */
struct asked {
	unsigned wait, form, id;
	size_t length; /* of the answer's content */
	size_t sent;   /* of the request's */
};

static void add_path(struct text *out, const struct asked *asked)
{
	text_addf(out, "/%u/%u/%u/%zu/%zu", asked->wait, asked->form, asked->id, asked->length,
		  asked->sent);
}

static struct asked read_path(struct str path)
{
	unsigned long numbers[5];
	char *at = (char *)(uintptr_t)path.at;
	for (int i = 0; i < 5; i++)
		numbers[i] = strtoul(at + 1, &at, 10);
	return (struct asked){(unsigned)numbers[0], (unsigned)numbers[1], (unsigned)numbers[2],
			      numbers[3], numbers[4]};
}

/* ---- a handler ---- */

/* What a handler does before it answers; true: it deferred. */

static bool wait_never(struct http_exchange *exchange, unsigned us)
{
	(void)exchange, (void)us;
	return false;
}

static bool wait_blocking(struct http_exchange *exchange, unsigned us)
{
	(void)exchange;
	http_blocking_begin();
	usleep(us / 4);
	http_blocking_end();
	return false;
}

static bool wait_hidden(struct http_exchange *exchange, unsigned us)
{
	(void)exchange;
	usleep(us);
	return false;
}

static bool wait_deferred(struct http_exchange *exchange, unsigned us)
{
	(void)us;
	return http_defer(exchange);
}

static bool wait_deferred_slowly(struct http_exchange *exchange, unsigned us)
{
	if (http_defer(exchange))
		return true;
	return wait_hidden(exchange, us);
}

static bool wait_after_deferring(struct http_exchange *exchange, unsigned us)
{
	bool deferred = http_defer(exchange);
	usleep(us);
	return deferred;
}

static bool wait_blocking_after_deferring(struct http_exchange *exchange, unsigned us)
{
	bool deferred = http_defer(exchange);
	(void)wait_blocking(exchange, us);
	return deferred;
}

static bool wait_before_deferring(struct http_exchange *exchange, unsigned us)
{
	usleep(us);
	return http_defer(exchange);
}

static bool wait_blocking_before_deferring(struct http_exchange *exchange, unsigned us)
{
	(void)wait_blocking(exchange, us);
	return http_defer(exchange);
}

static bool (*const WAITS[])(struct http_exchange *exchange, unsigned us) = {
	wait_never,
	wait_blocking,
	wait_hidden,
	wait_deferred,
	wait_deferred_slowly,
	wait_after_deferring,
	wait_blocking_after_deferring,
	wait_before_deferring,
	wait_blocking_before_deferring,
};
enum { WAIT_COUNT = sizeof WAITS / sizeof *WAITS };

/* How it answers. */

static void answer_copy(struct http_exchange *exchange, const struct asked *asked)
{
	_cleanup_(text_release) struct text content = {0};
	add_content(&content, asked->id, asked->length);
	http_add_body(exchange, text_str(&content));
}

static void give_back(void *content)
{
	atomic_fetch_sub(&borrowed, 1);
	text_release(content);
	free(content);
}

static void answer_borrowed(struct http_exchange *exchange, const struct asked *asked)
{
	struct text *content = calloc(1, sizeof *content);
	add_content(content, asked->id, asked->length);
	atomic_fetch_add(&borrowed, 1);
	http_set_body(exchange, text_str(content), give_back, content);
}

static void answer_file(struct http_exchange *exchange, const struct asked *asked)
{
	_cleanup_(text_release) struct text content = {0};
	int file = memfd_create("content", MFD_CLOEXEC);
	add_content(&content, asked->id, asked->length);
	if (write(file, content.at, content.length) != (ssize_t)content.length)
		(void)wrong("a file cannot be written");
	http_set_file(exchange, file, 0, content.length);
}

static void answer_stream(struct http_exchange *exchange, const struct asked *asked)
{
	_cleanup_(text_release) struct text content = {0};
	add_content(&content, asked->id, asked->length);
	struct str left = text_str(&content);
	http_begin_stream(exchange);
	for (unsigned i = 0; left.length; i++) {
		struct str piece = str_first(left, 1 + left.length / 3);
		if (!http_write(exchange, piece, (asked->id + i) % 2))
			return;
		if ((asked->id / 2 + i) % 4 == 0)
			(void)wait_hidden(exchange, asked->id % NAP_US);
		else if ((asked->id / 2 + i) % 4 == 1)
			(void)wait_blocking(exchange, asked->id % NAP_US);
		left = str_from(left, piece.length);
	}
}

static void (*const FORMS[])(struct http_exchange *exchange, const struct asked *asked) = {
	answer_copy,
	answer_borrowed,
	answer_file,
	answer_stream,
};
enum { FORM_COUNT = sizeof FORMS / sizeof *FORMS };

static void handle(void *context, struct http_exchange *exchange)
{
	struct asked asked = read_path(http_path(exchange));
	char id[16];
	(void)context;
	if (asked.wait >= WAIT_COUNT || asked.form >= FORM_COUNT || asked.id >= CLIENTS * IDS) {
		(void)wrong("a path that nobody asked for");
		return;
	}
	if (!is_content(http_body(exchange), asked.id, asked.sent))
		(void)wrong("request %u came with another body", asked.id);
	if (WAITS[asked.wait](exchange, asked.id * 37 % NAP_US))
		return;
	if (atomic_fetch_add(&handled[asked.id], 1))
		(void)wrong("request %u was handled twice", asked.id);
	if (!is_content(http_body(exchange), asked.id, asked.sent))
		(void)wrong("the body of request %u did not stay", asked.id);
	snprintf(id, sizeof id, "%u", asked.id);
	http_add_field(exchange, STR("Id"), str_of(id));
	FORMS[asked.form](exchange, &asked);
}

/* ---- clients ---- */

struct client {
	pthread_t thread;
	unsigned index;
	unsigned asked;
	uint64_t seed, until;
	uint16_t port;
	struct http_tls *tls;     /* NULL: without */
	struct http_client *pool; /* of a caller */
};

static bool may_ask(const struct client *client, unsigned count)
{
	return client->asked + count <= IDS && !atomic_load(&failed) &&
	       clock_monotonic() < client->until;
}

/* Few bodies are large, and they are of all sizes that the server distinguishes. */
static size_t any_length(void)
{
	return random_below(by_chance(12) ? by_chance(3) ? MOST : 40000 : 300);
}

static struct asked ask_any(struct client *client)
{
	struct asked asked = {
		.wait = (unsigned)random_below(WAIT_COUNT),
		.form = (unsigned)random_below(FORM_COUNT),
		.id = client->index * IDS + client->asked++,
		.length = any_length(),
		.sent = by_chance(30) ? random_below(70000) : random_below(300),
	};
	owed[asked.id] = OWED_ONCE_AT_MOST;
	return asked;
}

/* ---- a client that pipelines ---- */

struct wire {
	struct client *client;
	int fd;
	struct tls_session session;
	bool slow;
	size_t piece;   /* that is being sent */
	struct text in; /* from the first byte of an answer on */
	size_t body;    /* bytes of it that were decoded */
	bool has_head;
	struct http_chunks chunks;
	struct http_answer answer;
};

struct pipeline {
	struct text out;
	struct asked asked[DEPTH];
	unsigned count;
	unsigned answered;
	unsigned leaves;     /* after so many answers */
	size_t stops[DEPTH]; /* offsets in `out` where a status 100 is awaited */
	unsigned stop_count;
	unsigned continued;
	size_t cut; /* bytes sent at once at most */
	bool closes, half_closes;
};

static void add_chunks(struct text *out, struct str content)
{
	while (content.length) {
		size_t most = content.length < 5000 ? content.length : 5000;
		struct str piece = str_first(content, 1 + random_below(most));
		text_addf(out, "%zx\r\n", piece.length);
		text_add(out, piece);
		text_add(out, STR("\r\n"));
		content = str_from(content, piece.length);
	}
	text_add(out, STR("0\r\n\r\n"));
}

static void add_request(struct pipeline *line, const struct asked *asked, bool last)
{
	_cleanup_(text_release) struct text content = {0};
	struct text *out = &line->out;
	bool chunked = by_chance(6), waits = by_chance(8);
	add_content(&content, asked->id, asked->sent);
	text_add(out, STR("POST "));
	add_path(out, asked);
	text_add(out, STR(" HTTP/1.1\r\nHost: a\r\n"));
	if (waits)
		text_add(out, STR("Expect: 100-continue\r\n"));
	if (last && line->closes)
		text_add(out, STR("Connection: close\r\n"));
	if (chunked)
		text_add(out, STR("Transfer-Encoding: chunked\r\n\r\n"));
	else
		text_addf(out, "Content-Length: %zu\r\n\r\n", content.length);
	if (waits)
		line->stops[line->stop_count++] = out->length;
	if (chunked)
		add_chunks(out, text_str(&content));
	else
		text_add(out, text_str(&content));
}

static void fill(struct client *client, struct pipeline *line)
{
	static const size_t CUTS[] = {MOST, MOST, 30000, 1500, 200, 40};
	unsigned cut = (unsigned)random_below(sizeof CUTS / sizeof *CUTS);
	line->count = by_chance(3) ? 1 : 1 + (unsigned)random_below(DEPTH);
	line->closes = by_chance(10);
	line->half_closes = !line->closes && !client->tls && by_chance(10);
	line->leaves = by_chance(12) ? (unsigned)random_below(line->count) : UINT32_MAX;
	for (unsigned i = 0; i < line->count; i++) {
		line->asked[i] = ask_any(client);
		add_request(line, &line->asked[i], i + 1 == line->count);
	}
	line->cut = CUTS[line->out.length > 20000 ? cut / 2 : cut];
}

static bool wire_connect(struct wire *wire)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons(wire->client->port)};
	int on = 1, little = 4096;
	wire->slow = by_chance(6);
	wire->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (wire->slow)
		setsockopt(wire->fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
	if (connect(wire->fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    (wire->client->tls && !tls_session_connect(&wire->session, wire->client->tls, wire->fd,
						       "127.0.0.1", "127.0.0.1")))
		return wrong("cannot connect");
	http_answer_init(&wire->answer, false);
	return true;
}

static void wire_close(struct wire *wire)
{
	struct linger linger = {.l_onoff = 1};
	if (by_chance(2))
		setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	tls_session_release(&wire->session);
	close(wire->fd);
	text_release(&wire->in);
}

/* How much was moved; 0: it has to wait, -1: there is an end. */

static ssize_t wire_send(struct wire *wire, struct str bytes)
{
	size_t sent = 0;
	if (!wire->client->tls) {
		ssize_t count = send(wire->fd, bytes.at, bytes.length, MSG_NOSIGNAL | MSG_DONTWAIT);
		return count < 0 && errno == EAGAIN ? 0 : count;
	}
	enum tls_result result = tls_session_send(&wire->session, bytes, &sent);
	return result == TLS_DONE                                        ? (ssize_t)sent
	       : result == TLS_AWAITS_READ || result == TLS_AWAITS_WRITE ? 0
									 : -1;
}

static ssize_t take_bytes(struct wire *wire, char *out, size_t size)
{
	size_t got = 0;
	if (!wire->client->tls) {
		ssize_t count = recv(wire->fd, out, size, MSG_DONTWAIT);
		return count < 0 && errno == EAGAIN ? 0 : count <= 0 ? -1 : count;
	}
	enum tls_result result = tls_session_receive(&wire->session, out, size, &got);
	return result == TLS_DONE                                        ? (ssize_t)got
	       : result == TLS_AWAITS_READ || result == TLS_AWAITS_WRITE ? 0
									 : -1;
}

static ssize_t wire_receive(struct wire *wire)
{
	char bytes[16384];
	if (wire->slow)
		usleep((unsigned)random_below(300));
	ssize_t got = take_bytes(wire, bytes, wire->slow ? 2000 : sizeof bytes);
	if (got > 0)
		text_add(&wire->in, (struct str){bytes, (size_t)got});
	return got;
}

/* Removes what was read of `in` up to there. */
static void forget(struct wire *wire, size_t length)
{
	memmove(wire->in.at, wire->in.at + length, wire->in.length - length);
	wire->in.length -= length;
	wire->body = 0;
	wire->has_head = false;
	wire->chunks = (struct http_chunks){0};
	http_answer_init(&wire->answer, false);
}

/* Whether the body is whole; its chunks are put together where they lie. */
static enum http_parse read_body(struct wire *wire)
{
	size_t end = wire->answer.length + wire->body, used, made;
	if (wire->answer.framing == HTTP_FRAMING_LENGTH) {
		wire->body = (size_t)wire->answer.content_length;
		return wire->in.length < wire->answer.length + wire->body ? HTTP_PARSE_MORE
									  : HTTP_PARSE_DONE;
	}
	if (wire->answer.framing != HTTP_FRAMING_CHUNKS)
		return HTTP_PARSE_BAD;
	char *at = wire->in.at + end;
	enum http_parse result = http_chunks_decode(&wire->chunks, at, wire->in.length - end, at,
						    2 * MOST, &used, &made);
	memmove(at + made, at + used, wire->in.length - end - used);
	wire->in.length -= used - made;
	wire->body += made;
	return result;
}

static bool is_answer_to(const struct wire *wire, const struct asked *asked)
{
	struct str id = http_answer_field(&wire->answer, wire->in.at, STR("Id"));
	struct str body = {wire->in.at + wire->answer.length, wire->body};
	if (wire->answer.status != 200)
		return wrong("request %u: status %u", asked->id, wire->answer.status);
	if (!id.at || strtoul(id.at, NULL, 10) != asked->id)
		return wrong("request %u got the answer to %.*s", asked->id,
			     (int)(id.at ? id.length : 0), id.at ? id.at : "");
	if (!is_content(body, asked->id, asked->length))
		return wrong("request %u (wait %u, form %u): the answer holds another body",
			     asked->id, asked->wait, asked->form);
	return true;
}

/* Takes one head or body. HTTP_PARSE_MORE: it is not whole yet. */
static enum http_parse take_part(struct wire *wire, struct pipeline *line)
{
	enum http_parse result;
	if (!wire->has_head) {
		result = http_answer_parse(&wire->answer, wire->in.at, wire->in.length);
		wire->has_head = result == HTTP_PARSE_DONE;
		if (wire->has_head && wire->answer.status == 100) {
			line->continued++;
			forget(wire, wire->answer.length);
		}
		return result;
	}
	result = read_body(wire);
	if (result != HTTP_PARSE_DONE)
		return result;
	if (!is_answer_to(wire, &line->asked[line->answered++]))
		return HTTP_PARSE_BAD;
	forget(wire, wire->answer.length + wire->body);
	return result;
}

static bool take_answers(struct wire *wire, struct pipeline *line)
{
	enum http_parse result = HTTP_PARSE_DONE;
	while (result == HTTP_PARSE_DONE && line->answered < line->count && wire->in.length)
		result = take_part(wire, line);
	if (result == HTTP_PARSE_BAD)
		return wrong("request %u: no good answer", line->asked[0].id);
	return line->continued <= line->stop_count || wrong("a status 100 too many");
}

/* Up to where may be sent for now. */
static size_t send_limit(const struct pipeline *line)
{
	return line->continued < line->stop_count ? line->stops[line->continued] : line->out.length;
}

/* Sends one piece; false where the connection is broken. */
static bool send_piece(struct wire *wire, const struct pipeline *line, size_t *sent)
{
	struct str left = str_from(str_first(text_str(&line->out), send_limit(line)), *sent);
	if (!wire->piece)
		wire->piece = 1 + random_below(line->cut);
	ssize_t count = left.length ? wire_send(wire, str_first(left, wire->piece)) : 0;
	if (count < 0)
		return false;
	if (count)
		wire->piece = 0;
	*sent += (size_t)count;
	if (by_chance(20))
		usleep((unsigned)random_below(500));
	return true;
}

static bool await(struct wire *wire, bool sends)
{
	struct pollfd waited = {.fd = wire->fd, .events = POLLIN};
	if (sends)
		waited.events |= POLLOUT;
	return poll(&waited, 1, PATIENCE_MS) > 0;
}

/* Sends the pipeline and reads its answers; false when the wire is over. */
static bool talk(struct wire *wire, struct pipeline *line)
{
	size_t sent = 0;
	ssize_t got;
	while (line->answered < line->count) {
		if (line->answered >= line->leaves)
			return false;
		bool going = send_piece(wire, line, &sent);
		if (sent == line->out.length && line->half_closes)
			shutdown(wire->fd, SHUT_WR);
		got = wire_receive(wire);
		if (!take_answers(wire, line))
			return false;
		if ((!going || got < 0) && line->answered < line->count)
			return wrong("request %u: the connection ended",
				     line->asked[line->answered].id);
		if (got == 0 && !await(wire, sent < send_limit(line)))
			return wrong("request %u: no answer in time",
				     line->asked[line->answered].id);
	}
	if (wire->in.length)
		return wrong("there are bytes behind the answer to %u",
			     line->asked[line->count - 1].id);
	return true;
}

static bool await_end(struct wire *wire, const struct pipeline *line)
{
	ssize_t got;
	while ((got = wire_receive(wire)) == 0)
		if (!await(wire, false))
			return wrong("after request %u: no end", line->asked[0].id);
	return got < 0 || wrong("after request %u: more than asked for", line->asked[0].id);
}

/* One pipeline; whether there may be another. */
static bool run_pipeline(struct wire *wire)
{
	struct pipeline line = {0};
	fill(wire->client, &line);
	bool good = talk(wire, &line), goes_on = good && !line.closes && !line.half_closes;
	if (good && !goes_on)
		(void)await_end(wire, &line);
	for (unsigned i = 0; i < line.count && good; i++)
		owed[line.asked[i].id] = OWED_ONCE;
	text_release(&line.out);
	return goes_on;
}

static void *run_wires(void *context)
{
	struct client *client = context;
	random_seed(client->seed + client->index);
	while (may_ask(client, DEPTH)) {
		struct wire wire = {.client = client};
		bool goes_on = wire_connect(&wire);
		for (int i = 0; goes_on && i < 20 && may_ask(client, DEPTH); i++)
			goes_on = run_pipeline(&wire);
		wire_close(&wire);
	}
	return NULL;
}

/* ---- a client with a pool ---- */

/* A descriptor that can be read soon. */
static int give_up_soon(void)
{
	struct itimerspec soon = {.it_value.tv_nsec = 1 + (long)random_below(3000000)};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	timerfd_settime(timer, 0, &soon, NULL);
	return timer;
}

static bool is_reply_to(const struct http_reply *reply, const struct asked *asked)
{
	struct str id = http_reply_field(reply, STR("Id"));
	if (reply->answer.status != 200)
		return wrong("call %u: status %u", asked->id, reply->answer.status);
	if (!id.at || strtoul(id.at, NULL, 10) != asked->id)
		return wrong("call %u got the answer to %.*s", asked->id,
			     (int)(id.at ? id.length : 0), id.at ? id.at : "");
	return is_content(reply->body, asked->id, asked->length) ||
	       wrong("call %u: the answer holds another body", asked->id);
}

/* Some have little time, and some are given up. */
static void call_once(struct client *client, struct http_reply *reply)
{
	_cleanup_(text_release) struct text target = {0}, content = {0};
	struct asked asked = ask_any(client);
	bool hurries = by_chance(10), gives_up = by_chance(10);
	int timer = gives_up ? give_up_soon() : -1;
	uint64_t patience = hurries ? random_below(3000000) : 60 * (uint64_t)SECOND;
	struct fault fault = {0};
	add_path(&target, &asked);
	add_content(&content, asked.id, asked.sent);
	const struct http_request request = {
		.method = STR("POST"),
		.target = text_str(&target),
		.body = text_str(&content),
		.deadline = clock_monotonic() + patience,
		.cancel = gives_up ? &timer : NULL,
	};
	ash_status status = http_client_call(client->pool, &request, reply, &fault);
	if (status == ASH_OK && is_reply_to(reply, &asked))
		owed[asked.id] = OWED_ONCE;
	if (status != ASH_OK && !(hurries && status == ASH_DEADLINE_EXCEEDED) &&
	    !(gives_up && status == ASH_CANCELED))
		(void)wrong("call %u: %s", asked.id, fault.message);
	if (gives_up)
		close(timer);
}

static void *run_calls(void *context)
{
	struct client *client = context;
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	random_seed(client->seed + client->index);
	while (may_ask(client, 1))
		call_once(client, &reply);
	return NULL;
}

/* ---- all together ---- */

static struct http_tls *make_tls(void)
{
	char folder[] = "/tmp/test_cross.XXXXXX", paths[3][64];
	static const char *const NAMES[] = {"ca", "certificate", "key"};
	struct issued authority, made;
	struct http_tls *tls;
	struct error error;
	assert_non_null(mkdtemp(folder));
	for (int i = 0; i < 3; i++)
		snprintf(paths[i], sizeof paths[i], "%s/%s", folder, NAMES[i]);
	issue_authority(&authority, "cross");
	issue(&made, &authority, "DNS:localhost,IP:127.0.0.1", ISSUED_FROM, ISSUED_UNTIL);
	issued_write_certificate(&authority, paths[0]);
	issued_write_certificate(&made, paths[1]);
	issued_write_key(&made, paths[2]);
	const struct http_tls_options options = {
		.certificate = paths[1], .key = paths[2], .ca = paths[0]};
	assert_int_equal(http_tls_new(&options, &tls, &error), 0);
	issued_release(&made);
	issued_release(&authority);
	for (int i = 0; i < 3; i++)
		unlink(paths[i]);
	rmdir(folder);
	return tls;
}

static struct http_server *start(struct http_tls *tls, unsigned loops, unsigned threads)
{
	const struct http_server_options options = {.handle = handle,
						    .tls = tls,
						    .loops = loops,
						    .threads = threads,
						    .head_timeout_ms = PATIENCE_MS,
						    .write_timeout_ms = PATIENCE_MS};
	struct http_server *server;
	struct error error = {0};
	if (http_server_start(&options, &server, &error) < 0)
		fail_msg("%s", error.message);
	return server;
}

static struct http_client *new_pool(const struct http_server *server, struct http_tls *tls)
{
	/* On a slow machine calls have no time to connect: it is not the address's fault. */
	const struct http_client_options options = {.connections = 2,
						    .tls = tls,
						    .connect_ns = 60 * (uint64_t)SECOND,
						    .backoff_ns = 60 * (uint64_t)SECOND};
	struct http_client *pool;
	struct fault fault;
	char address[64];
	snprintf(address, sizeof address, "%s://127.0.0.1:%u", tls ? "https" : "http",
		 http_server_port(server));
	if (http_client_new(address, &options, &pool, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
	return pool;
}

static unsigned count_descriptors(void)
{
	unsigned count = 0;
	DIR *folder = opendir("/proc/self/fd");
	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static uint64_t choose_seed(void)
{
	const char *given = getenv("ASHLAR_TEST_SEED");
	return given ? strtoull(given, NULL, 10) : random_below(UINT32_MAX);
}

/* Has all clients ask for a while. */
static void storm(struct http_server *const servers[2], struct http_tls *tls, uint64_t seed)
{
	static struct client clients[CLIENTS];
	_cleanup_(http_client_freep) struct http_client *plain = new_pool(servers[0], NULL);
	_cleanup_(http_client_freep) struct http_client *secure = new_pool(servers[1], tls);
	uint64_t time = getenv("ASHLAR_TEST_SHORT") ? SECOND / 4 : 2 * (uint64_t)SECOND;
	for (unsigned i = 0; i < CLIENTS; i++) {
		bool is_secure = i % 2, calls = i >= WIRES;
		clients[i] = (struct client){
			.index = i,
			.seed = seed,
			.until = clock_monotonic() + time,
			.port = http_server_port(servers[is_secure]),
			.tls = is_secure ? tls : NULL,
			.pool = is_secure ? secure : plain,
		};
		assert_int_equal(pthread_create(&clients[i].thread, NULL,
						calls ? run_calls : run_wires, &clients[i]),
				 0);
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		pthread_join(clients[i].thread, NULL);
}

/* Ends the server; what it counted is added. */
static void end(struct http_server *server, struct http_counters *sum)
{
	struct http_counters counters;
	if (http_server_drain(server, PATIENCE_MS) != 0)
		(void)wrong("a connection does not end");
	http_server_count(server, &counters);
	sum->requests += counters.requests;
	sum->blocked += counters.blocked;
	sum->taken += counters.taken;
	sum->deferred += counters.deferred;
	http_server_free(server);
}

static uint64_t check_counts(void)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < CLIENTS * IDS; i++) {
		sum += handled[i];
		if (handled[i] > (owed[i] ? 1 : 0) || (owed[i] == OWED_ONCE && !handled[i]))
			(void)wrong("request %u was handled %u times", i, handled[i]);
	}
	return sum;
}

static void each_request_is_handled_once_and_gets_its_own_answer(void **state)
{
	uint64_t seed = choose_seed();
	struct http_counters sum = {0};
	(void)state;
	print_message("ASHLAR_TEST_SEED=%llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (char)('a' + i % PERIOD);
	struct http_tls *tls = make_tls();
	/* Up to four loops share a reactor. */
	unsigned descriptors = count_descriptors(), loops = 1 + (unsigned)(seed / 16 % 9);
	unsigned threads = loops + 3 + (unsigned)(seed % 16);
	struct http_server *const servers[] = {start(NULL, loops, threads),
					       start(tls, loops, threads)};
	storm(servers, tls, seed);
	end(servers[0], &sum);
	end(servers[1], &sum);
	http_tls_free(tls);
	uint64_t all = check_counts();
	print_message("%llu requests: %llu loops given away, %llu taken; %llu deferred\n",
		      (unsigned long long)all, (unsigned long long)sum.blocked,
		      (unsigned long long)sum.taken, (unsigned long long)sum.deferred);
	if (atomic_load(&failed))
		fail_msg("%s", reason);
	assert_int_equal(sum.requests, all);
	assert_int_equal(atomic_load(&borrowed), 0);
	assert_int_equal(count_descriptors(), descriptors);
	assert_true(all < 500 || (sum.blocked && sum.taken && sum.deferred));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_is_handled_once_and_gets_its_own_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
