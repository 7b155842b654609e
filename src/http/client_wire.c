/* SPDX-License-Identifier: Apache-2.0 */
/* One request out and one answer in, over a socket that never blocks. Knows no pool. What is in
 * `reply->bytes` is: the head, the body as far as it was decoded, what was not looked at yet. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/client_state.h"
#include "http/server.h"

/* Room that is made before each read, and the parts of a request. */
enum { READ_ROOM = 4096, PARTS = 7, HEAD_END = 64 };

void client_tell(struct client_call *call)
{
	if (!call->told)
		http_blocking_begin();
	call->told = true;
}

int client_poll(struct client_call *call, short events, uint64_t until)
{
	const int *cancel = call->request->cancel;
	struct pollfd waited[] = {{.fd = call->fd, .events = events},
				  {.fd = cancel ? *cancel : -1, .events = POLLIN}};
	client_tell(call);
	for (;;) {
		uint64_t now = clock_monotonic(), left = until > now ? until - now : 0;
		struct timespec wait = {(time_t)(left / 1000000000), (long)(left % 1000000000)};
		int ready = ppoll(waited, cancel ? 2 : 1, until == UINT64_MAX ? NULL : &wait, NULL);
		call->given_up = ready > 0 && waited[1].revents != 0;
		if (ready > 0)
			return call->given_up ? 0 : waited[0].revents;
		if (ready == 0 || errno != EINTR)
			return ready;
	}
}

static ash_status late(struct client_call *call, const char *what)
{
	if (call->given_up)
		return fault_set(call->fault, ASH_CANCELED,
				 "%s: the caller gave up while %s (%zu bytes of it had come)",
				 call->client->name, what, call->received);
	return fault_set(call->fault, ASH_DEADLINE_EXCEEDED,
			 "%s: the deadline passed while %s (%zu bytes of it had come)",
			 call->client->name, what, call->received);
}

static ash_status broke(struct client_call *call, const char *what, const char *why)
{
	call->broken = true;
	return fault_set(call->fault, ASH_UNAVAILABLE, "%s: %s: %s (%zu bytes of it had come)",
			 call->client->name, what, why, call->received);
}

static ash_status bad(struct client_call *call, const char *why)
{
	return fault_set(call->fault, ASH_INTERNAL, "%s: no good HTTP/1.1: %s", call->client->name,
			 why);
}

static ash_status too_large(struct client_call *call)
{
	return fault_set(call->fault, ASH_RESOURCE_EXHAUSTED,
			 "%s: the body of the answer is over %zu bytes", call->client->name,
			 call->client->options.body_limit);
}

/* Moves the parts on past what was sent; returns how many are left. */
static size_t skip_parts(struct iovec **parts, size_t count, size_t sent)
{
	while (count && sent >= (*parts)->iov_len) {
		sent -= (*parts)->iov_len;
		++*parts;
		count--;
	}
	if (count) {
		(*parts)->iov_base = (char *)(*parts)->iov_base + sent;
		(*parts)->iov_len -= sent;
	}
	return count;
}

/* Waits until more can be sent. An answer that comes before the request is out ends the sending,
 * and the connection with it. */
static ash_status await_room(struct client_call *call, bool *answered)
{
	int ready = client_poll(call, POLLIN | POLLOUT, call->request->deadline);
	if (ready == 0)
		return late(call, "sending the request");
	if (ready < 0)
		return broke(call, "sending the request", strerror(errno));
	*answered = (ready & POLLIN) != 0 && !(ready & POLLOUT) &&
		    (!call->session || client_has_answer(call->session));
	return ASH_OK;
}

static ash_status send_parts(struct client_call *call, struct iovec *parts, size_t count)
{
	bool answered = false;
	while (!answered && (count = skip_parts(&parts, count, 0)) > 0) {
		struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
		ssize_t sent = call->session
				       ? client_seal(call, parts, count)
				       : sendmsg(call->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent >= 0) {
			call->sent += (size_t)sent;
			count = skip_parts(&parts, count, (size_t)sent);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			ASH_TRY(await_room(call, &answered));
		} else if ((errno == EPIPE || errno == ECONNRESET) &&
			   !(call->kept && !call->sent)) {
			/* The answer may say why nothing more is taken. */
			call->ended = answered = true;
		} else if (errno != EINTR) {
			return broke(call, "sending the request", strerror(errno));
		}
	}
	if (answered)
		call->ended = true;
	return ASH_OK;
}

static struct iovec part(struct str text)
{
	return (struct iovec){(char *)(uintptr_t)text.at, text.length};
}

/* The last field, where there is a body, and the empty line; at the end of `out`. */
static struct str head_end(bool bodiless, size_t length, char out[HEAD_END])
{
	static const struct str FIELD = {"Content-Length: ", 16}, END = {"\r\n\r\n", 4};
	char *end = out + HEAD_END, *at = end - END.length;
	if (bodiless)
		return STR("\r\n");
	memcpy(at, END.at, END.length);
	do
		*--at = (char)('0' + length % 10);
	while (length /= 10);
	at -= FIELD.length;
	memcpy(at, FIELD.at, FIELD.length);
	return (struct str){at, (size_t)(end - at)};
}

ash_status client_send(struct client_call *call)
{
	const struct http_request *request = call->request;
	const struct http_client *client = call->client;
	char end[HEAD_END];
	bool bodiless =
		str_equal(request->method, STR("GET")) || str_equal(request->method, STR("HEAD"));
	struct iovec parts[PARTS] = {
		part(request->method),
		part(STR(" ")),
		part(request->target),
		part((struct str){client->middle, client->middle_length}),
		part(request->fields),
		part(head_end(bodiless, request->body.length, end)),
		part(bodiless ? (struct str){NULL, 0} : request->body),
	};
	return send_parts(call, parts, PARTS);
}

/* Whether a read may wait by itself, for CLIENT_SLICE_US: the end of the time is not near, and
 * nobody can give up meanwhile. */
static bool may_wait(const struct client_call *call)
{
	uint64_t slices = 2 * CLIENT_SLICE_US * UINT64_C(1000), now = clock_monotonic();
	return !call->request->cancel && call->request->deadline > now &&
	       call->request->deadline - now > slices;
}

static ash_status read_failed(struct client_call *call)
{
	char why[HTTP_TLS_NAMES_SIZE + 100];
	if (!call->session || errno != EPROTO)
		return broke(call, "reading the answer", strerror(errno));
	tls_session_why(call->session, why, sizeof why);
	return broke(call, "reading the answer", why);
}

/* What came may lie in the session already, and the socket have no more: so it is read first. */
static ash_status receive_secure(struct client_call *call, ssize_t *got)
{
	struct http_reply *reply = call->reply;
	short events = POLLIN;
	for (;;) {
		*got = client_unseal(call, reply->bytes + reply->length,
				     reply->capacity - reply->length, &events);
		if (*got >= 0)
			return ASH_OK;
		if (errno != EAGAIN)
			return read_failed(call);
		int ready = client_poll(call, events, call->request->deadline);
		if (ready == 0)
			return late(call, "waiting for the answer");
		if (ready < 0)
			return read_failed(call);
	}
}

/* What mostly comes soon takes one call of the system; only when it does not the call waits by
 * client_poll(). */
static ash_status receive_plain(struct client_call *call, ssize_t *got)
{
	struct http_reply *reply = call->reply;
	for (bool waits = may_wait(call);; waits = false) {
		int ready = waits ? 1 : client_poll(call, POLLIN, call->request->deadline);
		if (ready == 0)
			return late(call, "waiting for the answer");
		*got = ready < 0 ? -1
				 : recv(call->fd, reply->bytes + reply->length,
					reply->capacity - reply->length, waits ? 0 : MSG_DONTWAIT);
		if (*got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		return *got < 0 ? read_failed(call) : ASH_OK;
	}
}

/* One read; *end where the remote sends no more. */
static ash_status receive(struct client_call *call, bool *end)
{
	struct http_reply *reply = call->reply;
	ssize_t got = 0;
	if (!mem_reserve(&reply->bytes, &reply->capacity, reply->length + READ_ROOM, 1))
		return fault_memory(call->fault);
	client_tell(call);
	ASH_TRY(call->session ? receive_secure(call, &got) : receive_plain(call, &got));
	*end = got == 0;
	reply->length += (size_t)got;
	call->received += (size_t)got;
	return ASH_OK;
}

/* Forgets a head of status 1xx; what came behind it moves to the front. */
static ash_status skip_interim(struct client_call *call)
{
	struct http_reply *reply = call->reply;
	size_t length = reply->answer.length;
	if (++call->interim > HTTP_INTERIM_LIMIT)
		return bad(call, "there is no end of answers of status 1xx");
	memmove(reply->bytes, reply->bytes + length, reply->length - length);
	reply->length -= length;
	http_answer_init(&reply->answer, reply->answer.to_head);
	return ASH_OK;
}

static ash_status receive_head(struct client_call *call)
{
	struct http_reply *reply = call->reply;
	for (;;) {
		enum http_parse result =
			http_answer_parse(&reply->answer, reply->bytes, reply->length);
		if (result == HTTP_PARSE_BAD)
			return bad(call, reply->answer.why);
		if (result == HTTP_PARSE_DONE && reply->answer.status >= 200)
			return ASH_OK;
		if (result == HTTP_PARSE_DONE) {
			ASH_TRY(skip_interim(call));
			continue;
		}
		bool end = false;
		ASH_TRY(receive(call, &end));
		if (end)
			return broke(call, "reading the answer",
				     "the connection was closed before its header was whole");
	}
}

static ash_status receive_length(struct client_call *call)
{
	struct http_reply *reply = call->reply;
	if (reply->answer.content_length > call->client->options.body_limit)
		return too_large(call);
	size_t wanted = (size_t)reply->answer.content_length;
	while (reply->length - reply->answer.length < wanted) {
		bool end = false;
		ASH_TRY(receive(call, &end));
		if (end)
			return broke(call, "reading the answer",
				     "the connection was closed before Content-Length bytes came");
	}
	reply->body.length = wanted;
	return ASH_OK;
}

static ash_status receive_to_end(struct client_call *call)
{
	struct http_reply *reply = call->reply;
	for (bool end = false; !end;) {
		reply->body.length = reply->length - reply->answer.length;
		if (reply->body.length > call->client->options.body_limit)
			return too_large(call);
		ASH_TRY(receive(call, &end));
	}
	return ASH_OK;
}

/* Decodes where the bytes lie; what follows is moved to the end of the decoded body. */
static enum http_parse decode(struct client_call *call)
{
	struct http_reply *reply = call->reply;
	size_t end = reply->answer.length + reply->body.length, consumed, produced;
	char *at = reply->bytes + end;
	enum http_parse result =
		http_chunks_decode(&call->chunks, at, reply->length - end, at,
				   call->client->options.body_limit, &consumed, &produced);
	memmove(at + produced, at + consumed, reply->length - end - consumed);
	reply->length -= consumed - produced;
	reply->body.length += produced;
	return result;
}

static ash_status receive_chunks(struct client_call *call)
{
	for (;;) {
		enum http_parse result = decode(call);
		if (result == HTTP_PARSE_DONE)
			return ASH_OK;
		if (result == HTTP_PARSE_BAD && call->chunks.status == 413)
			return too_large(call);
		if (result == HTTP_PARSE_BAD)
			return bad(call, call->chunks.why);
		bool end = false;
		ASH_TRY(receive(call, &end));
		if (end)
			return broke(call, "reading the answer",
				     "the connection was closed before the last chunk");
	}
}

static ash_status receive_nothing(struct client_call *call)
{
	(void)call;
	return ASH_OK;
}

static ash_status (*const RECEIVE[])(struct client_call *) = {
	[HTTP_FRAMING_NONE] = receive_nothing,
	[HTTP_FRAMING_LENGTH] = receive_length,
	[HTTP_FRAMING_CHUNKS] = receive_chunks,
	[HTTP_FRAMING_CLOSE] = receive_to_end,
};

ash_status client_receive(struct client_call *call, bool *good)
{
	struct http_reply *reply = call->reply;
	http_answer_init(&reply->answer, str_equal(call->request->method, STR("HEAD")));
	reply->length = 0;
	reply->body = (struct str){NULL, 0};
	call->chunks = (struct http_chunks){0};
	ASH_TRY(receive_head(call));
	ASH_TRY(RECEIVE[reply->answer.framing](call));
	reply->body.at = reply->bytes + reply->answer.length;
	*good = !reply->answer.close && !call->ended &&
		reply->length == reply->answer.length + reply->body.length;
	return ASH_OK;
}
