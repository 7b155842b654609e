/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a connection: receive, answer all whole requests, send, wait. The same for a thread
 * with a loop and for one without; a handler inside may turn the first into the second.
 * What is not sent is moved to conn->output, and no request is read until that is gone. */
#include "http/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/claim.h"
#include "http/reactor.h"
#include "http/respond.h"
#include "http/team.h"

void http_conn_free(struct http_conn *conn)
{
	struct http_reactor *reactor = conn->reactor;
	struct http_server *server = reactor->server;
	http_reactor_forget(reactor, conn);
	if (conn->secure)
		tls_session_release(http_session(conn));
	/* A process that was forked may have the descriptor, and events would come as before. */
	epoll_ctl(reactor->epoll, EPOLL_CTL_DEL, conn->fd, NULL);
	close(conn->fd);
	http_input_free(conn->input);
	if (conn->output) {
		http_output_release(conn->output);
		mem_free(conn->output);
	}
	http_claim_close(server, conn);
	mem_free(conn);
	atomic_fetch_sub(&reactor->connections, 1);
	atomic_fetch_sub(&server->open, 1);
}

static enum http_waiting waits_for(struct http_conn *conn)
{
	if (conn->output)
		return HTTP_WAIT_WRITE;
	if (conn->closing)
		return HTTP_WAIT_LINGER;
	if (conn->input)
		return conn->input->stage == HTTP_INPUT_HEAD ? HTTP_WAIT_HEAD : HTTP_WAIT_BODY;
	if (conn->secure && tls_session_is_amid(http_session(conn)))
		return HTTP_WAIT_HEAD;
	return conn->fresh ? HTTP_WAIT_HEAD : HTTP_WAIT_IDLE;
}

/* When a wait begins. The loop's time is that of its round, which is long ago where a handler kept
 * the loop; and while the server drains there is little time to wait. */
static uint64_t wait_begins(const struct http_thread *thread)
{
	const struct http_loop *loop = thread->loop;
	bool exactly = !loop || atomic_load_explicit(&loop->late, memory_order_relaxed) ||
		       atomic_load_explicit(&thread->server->draining, memory_order_relaxed);
	return exactly ? clock_monotonic() : loop->now;
}

/* A deadline begins when the wait does; only that of an idle connection is renewed. */
static void set_deadline(const struct http_thread *thread, struct http_conn *conn)
{
	struct http_server *server = thread->server;
	enum http_waiting waiting = waits_for(conn);
	if (waiting == conn->waiting && waiting != HTTP_WAIT_IDLE)
		return;
	uint64_t patience = server->timeouts[waiting];
	bool is_quiet = waiting == HTTP_WAIT_IDLE || (waiting == HTTP_WAIT_HEAD && !conn->input);
	if (is_quiet && atomic_load_explicit(&server->draining, memory_order_relaxed) &&
	    patience > HTTP_QUIET_MS * UINT64_C(1000000))
		patience = HTTP_QUIET_MS * UINT64_C(1000000);
	conn->waiting = (uint8_t)waiting;
	conn->overdue = false;
	conn->deadline = wait_begins(thread) + patience;
}

/* Moves what could not be sent from the thread to the connection. */
static bool keep_output(struct http_thread *thread, struct http_conn *conn)
{
	conn->output = mem_alloc(sizeof *conn->output);
	if (!conn->output)
		return false;
	*conn->output = thread->output;
	thread->output = (struct http_output){0};
	conn->waiting = HTTP_WAIT_IDLE;
	return true;
}

/* Sends what the thread has put together. False when the connection is broken. */
static bool send_answers(struct http_thread *thread, struct http_conn *conn)
{
	bool blocked = false;
	if (http_output_is_empty(&thread->output))
		return !thread->output.head.failed; /* nothing to send, or no memory for it */
	return http_flush(thread, conn, &blocked) && (!blocked || keep_output(thread, conn));
}

/* Goes on with what the client did not take before. False when the connection is broken. */
static bool send_rest(struct http_thread *thread, struct http_conn *conn)
{
	uint64_t bytes = 0;
	enum http_send result = http_conn_send(conn, conn->output, &bytes);
	http_count(thread, HTTP_COUNT_SENT, bytes);
	if (bytes)
		conn->waiting = HTTP_WAIT_IDLE;
	if (result == HTTP_SEND_DONE) {
		http_output_release(conn->output);
		mem_free(conn->output);
		conn->output = NULL;
	}
	return result != HTTP_SEND_FAILED;
}

static void continue_input(struct http_thread *thread, struct http_input *input)
{
	if (!input->continued)
		return;
	input->continued = false;
	text_add(&thread->output.head, STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* Answers the whole requests of `input`. False when the one in conn->input is to be deferred. */
static bool answer_all(struct http_thread *thread, struct http_conn *conn, struct http_input *input)
{
	uint16_t status;
	const char *why;
	while (!conn->closing && !conn->output && !http_input_is_empty(input)) {
		enum http_parse result = http_input_advance(
			input, thread->server->options.body_limit, &status, &why);
		if (result == HTTP_PARSE_MORE) {
			if (input->stage != HTTP_INPUT_HEAD)
				continue_input(thread, input);
			return true;
		}
		if (result == HTTP_PARSE_BAD) {
			http_refuse(thread, conn, status, why);
			return true;
		}
		if (!http_respond(thread, conn, input))
			return false;
		conn->waiting = HTTP_WAIT_IDLE;
		http_input_next(input);
		if (thread->output.head.failed) /* no answer may take another's place */
			conn->closing = true;
		if (thread->output.head.length > HTTP_FLUSH_SIZE ||
		    thread->output.body.left.length || thread->output.body.file_left)
			conn->closing |= !send_answers(thread, conn);
	}
	return true;
}

/* What comes of a connection in one step. */
enum step {
	STEP_ON,       /* more can be done */
	STEP_WAIT,     /* nothing until the next event */
	STEP_CLOSE,    /* over */
	STEP_DEFERRED, /* another thread is to have it */
};

/* Keeps what is left of a request in the thread's buffer. */
static bool keep_input(struct http_thread *thread, struct http_conn *conn)
{
	struct http_input *input = &thread->input;
	if (!http_input_is_empty(input) && !conn->closing)
		conn->input = http_input_keep(input);
	bool kept = http_input_is_empty(input) || conn->closing || conn->input;
	http_input_clear(input);
	return kept;
}

static void drop_empty_input(struct http_conn *conn)
{
	if (conn->input && (http_input_is_empty(conn->input) || conn->closing)) {
		http_input_free(conn->input);
		conn->input = NULL;
	}
}

/* Answers what is in the connection's own input. */
static enum step answer_kept(struct http_thread *thread, struct http_conn *conn)
{
	if (!answer_all(thread, conn, conn->input))
		return STEP_DEFERRED;
	drop_empty_input(conn);
	return send_answers(thread, conn) ? STEP_ON : STEP_CLOSE;
}

/* When the bytes just received had come, at the latest. The system counts in its ticks. */
static uint64_t ask_arrival(const struct http_conn *conn)
{
	enum { TICK_MS = 20 };
	struct tcp_info info = {0};
	socklen_t size = sizeof info;
	uint64_t waited = 0;
	if (getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	    info.tcpi_last_data_recv > TICK_MS)
		waited = (info.tcpi_last_data_recv - TICK_MS) * UINT64_C(1000000);
	uint64_t now = clock_monotonic(); /* not before it was asked: that would be too early */
	return waited < now ? now - waited : now;
}

/* When they came: of the event that told of them, which counts once. */
static uint64_t take_arrival(struct http_thread *thread, struct http_conn *conn)
{
	uint64_t told = conn->late ? 0 : thread->told;
	thread->told = 0;
	conn->late = false;
	return told ? told : ask_arrival(conn);
}

/* Answers what just came into the thread's buffer. */
static enum step answer_received(struct http_thread *thread, struct http_conn *conn, size_t length)
{
	struct http_input *input = &thread->input;
	uint64_t arrived = take_arrival(thread, conn);
	conn->fresh = false;
	if (conn->input) {
		if (!http_input_append(conn->input, input->bytes, length))
			return STEP_CLOSE;
		conn->input->latest = arrived;
		return answer_kept(thread, conn);
	}
	input->length = length;
	input->arrived = input->latest = arrived;
	if (!answer_all(thread, conn, input))
		return STEP_DEFERRED;
	if (!keep_input(thread, conn))
		return STEP_CLOSE;
	return send_answers(thread, conn) ? STEP_ON : STEP_CLOSE;
}

/* Who speaks HTTP where TLS is spoken is told so, as far as one packet goes. */
static void refuse_plain(struct http_thread *thread, struct http_conn *conn)
{
	_cleanup_(text_release) struct text answer = {0};
	http_refusal_write(&answer, 400, "this address speaks TLS: call it by https://",
			   http_date_line(thread));
	if (!answer.failed)
		(void)!send(conn->fd, answer.at, answer.length, MSG_NOSIGNAL);
}

/* The client is heard out, so that it can read the alert that says why. */
static enum step refuse_handshake(struct http_thread *thread, struct http_conn *conn)
{
	if (tls_session_met_plain(http_session(conn)))
		refuse_plain(thread, conn);
	http_count(thread, HTTP_REJECTED_HANDSHAKE, 1);
	conn->closing = conn->lingers = true;
	return STEP_ON;
}

/* Takes a part of what is there: what is left of a record is told by no event. */
static enum step receive_secure(struct http_thread *thread, struct http_conn *conn)
{
	struct tls_session *session = http_session(conn);
	size_t length;
	switch (tls_session_receive(session, thread->buffer, sizeof thread->buffer, &length)) {
	case TLS_DONE: break;
	case TLS_AWAITS_READ:
	case TLS_AWAITS_WRITE: return STEP_WAIT;
	case TLS_BROKEN:
		return tls_session_is_ready(session) ? STEP_CLOSE : refuse_handshake(thread, conn);
	default: return STEP_CLOSE;
	}
	http_count(thread, HTTP_COUNT_RECEIVED, (uint64_t)length);
	return answer_received(thread, conn, length);
}

/* Takes what is there; `hangup`: up to the end. */
static enum step receive(struct http_thread *thread, struct http_conn *conn, bool hangup)
{
	ssize_t length = recv(conn->fd, thread->buffer, sizeof thread->buffer, 0);
	if (length < 0)
		return errno == EINTR ? STEP_ON : errno == EAGAIN ? STEP_WAIT : STEP_CLOSE;
	if (length == 0)
		return STEP_CLOSE;
	http_count(thread, HTTP_COUNT_RECEIVED, (uint64_t)length);
	enum step step = answer_received(thread, conn, (size_t)length);
	bool drained = (size_t)length < sizeof thread->buffer && !hangup;
	return step == STEP_ON && drained && !conn->closing ? STEP_WAIT : step;
}

/* Drops what a client still sends that was told that its connection ends. */
static enum step discard(struct http_thread *thread, struct http_conn *conn)
{
	ssize_t length = recv(conn->fd, thread->buffer, sizeof thread->buffer, 0);
	if (length < 0)
		return errno == EINTR ? STEP_ON : errno == EAGAIN ? STEP_WAIT : STEP_CLOSE;
	conn->discarded += (uint32_t)length;
	return length == 0 || conn->discarded > HTTP_LINGER_LIMIT ? STEP_CLOSE : STEP_ON;
}

/* All is sent, and no more is read. */
static enum step end(struct http_thread *thread, struct http_conn *conn)
{
	if (conn->secure && !conn->ended && tls_session_end(http_session(conn)) == TLS_AWAITS_WRITE)
		return STEP_WAIT;
	if (!conn->lingers)
		return STEP_CLOSE;
	if (!conn->ended) {
		shutdown(conn->fd, SHUT_WR);
		conn->ended = true;
	}
	return discard(thread, conn);
}

static enum step advance(struct http_thread *thread, struct http_conn *conn, bool hangup)
{
	if (conn->output) {
		if (!send_rest(thread, conn))
			return STEP_CLOSE;
		if (conn->output)
			return STEP_WAIT;
		if (conn->input && !conn->closing)
			return answer_kept(thread, conn);
	}
	if (conn->closing)
		return end(thread, conn);
	return conn->secure ? receive_secure(thread, conn) : receive(thread, conn, hangup);
}

static void count_expired(struct http_thread *thread, const struct http_conn *conn)
{
	static const int8_t REASONS[HTTP_WAITS] = {
		[HTTP_WAIT_IDLE] = -1,
		[HTTP_WAIT_HEAD] = HTTP_REJECTED_SLOW_HEAD,
		[HTTP_WAIT_BODY] = HTTP_REJECTED_SLOW_BODY,
		[HTTP_WAIT_WRITE] = HTTP_REJECTED_SLOW_READER,
		[HTTP_WAIT_LINGER] = -1,
	};
	if (REASONS[conn->waiting] >= 0)
		http_count(thread, (unsigned)REASONS[conn->waiting], 1);
}

/* Leaves a connection that waits to its reactor. False: an event came meanwhile, look again. */
static bool settle(struct http_thread *thread, struct http_conn *conn)
{
	set_deadline(thread, conn);
	if (conn->check > conn->deadline)
		http_reactor_watch(conn->reactor, conn,
				   thread->loop && thread->loop->reactor == conn->reactor);
	return http_claim_leave(conn);
}

/* Gives the connection to another thread. Without one its request is answered here. */
static enum step defer(struct http_thread *thread, struct http_conn *conn)
{
	if (http_team_defer(thread->server, conn)) {
		http_count(thread, HTTP_COUNT_DEFERRED, 1);
		return STEP_DEFERRED;
	}
	thread->alone = true;
	enum step step = answer_kept(thread, conn);
	thread->alone = false;
	return step;
}

/* Works until there is nothing to do, or no connection. */
static void work(struct http_thread *thread, struct http_conn *conn, bool hangup, enum step step)
{
	for (;;) {
		while (step == STEP_ON)
			step = advance(thread, conn, hangup);
		if (step == STEP_DEFERRED) {
			if ((step = defer(thread, conn)) == STEP_DEFERRED)
				return;
			hangup = true; /* of which may have been told before */
			continue;
		}
		if (step == STEP_CLOSE) {
			http_conn_free(conn);
			http_output_release(&thread->output);
			return;
		}
		if (settle(thread, conn))
			return;
		step = STEP_ON;
		hangup = true;
	}
}

void http_conn_work(struct http_thread *thread, struct http_conn *conn, bool hangup)
{
	bool ready = conn->input && conn->input->stage == HTTP_INPUT_READY && !conn->output;
	work(thread, conn, hangup, ready ? answer_kept(thread, conn) : STEP_ON);
}

/* Whether the client did what is awaited, and nobody looked yet: all threads may have been held up
 * for longer than it had. Once a wait: it may do so without an end. */
static bool has_acted(const struct http_conn *conn)
{
	struct pollfd ready = {.fd = conn->fd,
			       .events = conn->waiting == HTTP_WAIT_WRITE ? POLLOUT : POLLIN};
	return conn->waiting != HTTP_WAIT_LINGER && !conn->overdue && poll(&ready, 1, 0) > 0;
}

void http_conn_expire(struct http_thread *thread, struct http_conn *conn)
{
	if (has_acted(conn)) {
		conn->overdue = true;
		work(thread, conn, false, STEP_ON);
		return;
	}
	count_expired(thread, conn);
	bool partial = conn->waiting == HTTP_WAIT_HEAD || conn->waiting == HTTP_WAIT_BODY;
	if (!partial || !conn->input) {
		http_conn_free(conn);
		return;
	}
	http_refuse(thread, conn, 408, "the request did not come in time");
	drop_empty_input(conn);
	work(thread, conn, false, send_answers(thread, conn) ? STEP_ON : STEP_CLOSE);
}
