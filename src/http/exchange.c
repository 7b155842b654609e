/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers call. The request is views on the input, the response is gathered in the
 * thread's exchange; only streams send by themselves. */
#include "http/exchange.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "http/claim.h"
#include "http/respond.h"
#include "http/team.h"
#include "http/token.h"

enum { STREAM_FLUSH = 16 * 1024 };

static struct str part(const struct http_exchange *exchange, struct http_span span)
{
	return http_span_str(http_input_at(exchange->input), span);
}

struct str http_method(const struct http_exchange *exchange)
{
	return part(exchange, exchange->input->head.method);
}

struct str http_path(const struct http_exchange *exchange)
{
	struct str path = part(exchange, exchange->input->head.path);
	return path.length ? path : STR("/");
}

struct str http_query(const struct http_exchange *exchange)
{
	return part(exchange, exchange->input->head.query);
}

struct str http_authority(const struct http_exchange *exchange)
{
	return part(exchange, exchange->input->head.authority);
}

struct str http_field(const struct http_exchange *exchange, struct str name)
{
	const struct http_head *head = &exchange->input->head;
	for (size_t i = 0; i < head->count; i++)
		if (http_equal(part(exchange, head->fields[i].name), name))
			return part(exchange, head->fields[i].value);
	return (struct str){0};
}

bool http_field_once(const struct http_exchange *exchange, struct str name, struct str *out)
{
	const struct http_head *head = &exchange->input->head;
	size_t count = 0;
	*out = (struct str){0};
	for (size_t i = 0; i < head->count; i++) {
		if (!http_equal(part(exchange, head->fields[i].name), name))
			continue;
		*out = part(exchange, head->fields[i].value);
		count++;
	}
	return count <= 1;
}

bool http_field_at(const struct http_exchange *exchange, size_t index, struct str *name,
		   struct str *value)
{
	const struct http_head *head = &exchange->input->head;
	if (index >= head->count)
		return false;
	*name = part(exchange, head->fields[index].name);
	*value = part(exchange, head->fields[index].value);
	return true;
}

struct str http_body(const struct http_exchange *exchange)
{
	return http_input_body(exchange->input);
}

bool http_peer_is(const struct http_exchange *exchange, const char *name)
{
	struct http_conn *conn = exchange->conn;
	return conn->secure && tls_session_peer_is(http_session(conn), name);
}

void http_peer_names(const struct http_exchange *exchange, char *out, size_t size)
{
	*out = '\0';
	if (exchange->conn->secure)
		tls_session_peer(http_session(exchange->conn), out, size);
}

uint64_t http_arrived(const struct http_exchange *exchange)
{
	return exchange->input->arrived;
}

struct arena *http_arena(struct http_exchange *exchange)
{
	return &exchange->arena;
}

void http_set_status(struct http_exchange *exchange, int status)
{
	if (exchange->streaming)
		return;
	exchange->failed |= status < 200 || status > 599;
	exchange->status = status;
}

int http_status(const struct http_exchange *exchange)
{
	return exchange->status ? exchange->status : 200;
}

static void answered(struct http_exchange *exchange)
{
	if (!exchange->status)
		exchange->status = 200;
}

static bool is_reserved(struct str name)
{
	return http_equal(name, STR("Connection")) || http_equal(name, STR("Content-Length")) ||
	       http_equal(name, STR("Date")) || http_equal(name, STR("Transfer-Encoding"));
}

void http_add_field(struct http_exchange *exchange, struct str name, struct str value)
{
	if (!name.length || !http_chars_all(name, HTTP_CHAR_TOKEN) || is_reserved(name) ||
	    !http_chars_all(value, HTTP_CHAR_VALUE)) {
		exchange->failed = true;
		return;
	}
	text_add(&exchange->fields, name);
	text_add(&exchange->fields, STR(": "));
	text_add(&exchange->fields, value);
	text_add(&exchange->fields, STR("\r\n"));
}

static void drop_body(struct http_exchange *exchange)
{
	http_body_release(&exchange->body);
	exchange->body_length = 0;
}

void http_add_body(struct http_exchange *exchange, struct str bytes)
{
	answered(exchange);
	if (exchange->body.has_file)
		drop_body(exchange);
	text_add(&exchange->body.owned, bytes);
}

void http_set_body(struct http_exchange *exchange, struct str body, void (*done)(void *context),
		   void *context)
{
	answered(exchange);
	drop_body(exchange);
	exchange->body.left = body;
	exchange->body.done = done;
	exchange->body.context = context;
	exchange->body_length = body.length;
}

void http_set_file(struct http_exchange *exchange, int fd, uint64_t offset, uint64_t length)
{
	answered(exchange);
	drop_body(exchange);
	exchange->body.file = fd;
	exchange->body.has_file = true;
	exchange->body.file_at = (int64_t)offset;
	exchange->body.file_left = length;
	exchange->body_length = length;
}

void http_reset(struct http_exchange *exchange)
{
	if (exchange->streaming)
		return;
	drop_body(exchange);
	text_clear(&exchange->fields);
	exchange->status = 0;
	exchange->failed = false;
}

/* Waits until the client takes more; false when it does not in time. */
static bool wait_writable(struct http_exchange *exchange)
{
	struct pollfd ready = {.fd = exchange->conn->fd, .events = POLLOUT};
	http_blocking_begin();
	int count;
	do
		count = poll(&ready, 1, (int)exchange->thread->server->options.write_timeout_ms);
	while (count < 0 && errno == EINTR);
	http_blocking_end();
	return count > 0 && (ready.revents & POLLOUT);
}

/* Sends all that was put together. */
static bool flush_stream(struct http_exchange *exchange)
{
	bool blocked = true;
	while (blocked && !exchange->broken) {
		exchange->broken = !http_flush(exchange->thread, exchange->conn, &blocked);
		if (blocked && !exchange->broken)
			exchange->broken = !wait_writable(exchange);
	}
	return !exchange->broken;
}

void http_begin_stream(struct http_exchange *exchange)
{
	/* Who deferred has no answer to begin: it would be the next request's. */
	if (exchange->streaming || exchange->deferred)
		return;
	answered(exchange);
	if (exchange->failed || exchange->fields.failed) {
		http_reset(exchange);
		exchange->status = 500;
	}
	drop_body(exchange);
	exchange->streaming = true;
	http_send_head(exchange);
}

static bool has_body(const struct http_exchange *exchange)
{
	return !str_equal(http_method(exchange), STR("HEAD")) && exchange->status != 204 &&
	       exchange->status != 304;
}

bool http_write(struct http_exchange *exchange, struct str piece, bool flush)
{
	struct text *out = &exchange->thread->output.head;
	bool chunked = exchange->input->head.minor;
	if (!exchange->streaming || exchange->broken)
		return false;
	if (piece.length && has_body(exchange)) {
		if (chunked)
			text_addf(out, "%zx\r\n", piece.length);
		text_add(out, piece);
		if (chunked)
			text_add(out, STR("\r\n"));
	}
	return flush || out->length > STREAM_FLUSH ? flush_stream(exchange) : !out->failed;
}

void http_end_stream(struct http_exchange *exchange)
{
	struct http_conn *conn = exchange->conn;
	if (exchange->broken) {
		conn->closing = true;
		conn->lingers = false;
		shutdown(conn->fd, SHUT_RDWR);
	} else if (has_body(exchange) && exchange->input->head.minor) {
		text_add(&exchange->thread->output.head, STR("0\r\n\r\n"));
	}
}

bool http_is_gone(const struct http_exchange *exchange)
{
	return exchange->broken || http_claim_is_gone(exchange->conn);
}

bool http_is_draining(const struct http_exchange *exchange)
{
	return atomic_load(&exchange->thread->server->draining);
}

bool http_defer(struct http_exchange *exchange)
{
	struct http_thread *thread = exchange->thread;
	if (exchange->deferred)
		return true;
	if (!http_team_has_loop(thread) || thread->alone || thread->output.head.length ||
	    exchange->streaming)
		return false;
	if (exchange->conn->input != exchange->input) {
		exchange->conn->input = http_input_keep(exchange->input);
		if (!exchange->conn->input)
			return false;
		http_input_clear(&thread->input);
	}
	return exchange->deferred = true;
}

bool http_has_blocked(const struct http_exchange *exchange)
{
	return !http_team_has_loop(exchange->thread);
}

void http_blocking_begin(void)
{
	struct http_thread *thread = http_team_self();
	bool blocked;
	if (!thread || !thread->in_handler || thread->blocking++ || !thread->loop)
		return;
	if (!http_output_is_empty(&thread->output) && !thread->exchange.streaming)
		(void)http_flush(thread, thread->exchange.conn, &blocked);
	http_team_give_loop(thread);
}

void http_blocking_end(void)
{
	struct http_thread *thread = http_team_self();
	if (thread && thread->in_handler)
		thread->blocking--;
}
