/* SPDX-License-Identifier: Apache-2.0 */
/* From a whole request through the handler to bytes in the thread's output. Responses of a
 * pipeline are put together there, in order; a body that is not copied ends such a run. */
#include "http/respond.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "http/team.h"

enum { COPY_LIMIT = 16 * 1024, TAKEN_CAPACITY = 64 * 1024 };

static const char *const REASONS[600] = {
	[100] = "Continue",
	[101] = "Switching Protocols",
	[200] = "OK",
	[201] = "Created",
	[202] = "Accepted",
	[203] = "Non-Authoritative Information",
	[204] = "No Content",
	[205] = "Reset Content",
	[206] = "Partial Content",
	[300] = "Multiple Choices",
	[301] = "Moved Permanently",
	[302] = "Found",
	[303] = "See Other",
	[304] = "Not Modified",
	[307] = "Temporary Redirect",
	[308] = "Permanent Redirect",
	[400] = "Bad Request",
	[401] = "Unauthorized",
	[402] = "Payment Required",
	[403] = "Forbidden",
	[404] = "Not Found",
	[405] = "Method Not Allowed",
	[406] = "Not Acceptable",
	[407] = "Proxy Authentication Required",
	[408] = "Request Timeout",
	[409] = "Conflict",
	[410] = "Gone",
	[411] = "Length Required",
	[412] = "Precondition Failed",
	[413] = "Content Too Large",
	[414] = "URI Too Long",
	[415] = "Unsupported Media Type",
	[416] = "Range Not Satisfiable",
	[417] = "Expectation Failed",
	[421] = "Misdirected Request",
	[422] = "Unprocessable Content",
	[425] = "Too Early",
	[426] = "Upgrade Required",
	[428] = "Precondition Required",
	[429] = "Too Many Requests",
	[431] = "Request Header Fields Too Large",
	[451] = "Unavailable For Legal Reasons",
	[499] = "Client Closed Request",
	[500] = "Internal Server Error",
	[501] = "Not Implemented",
	[502] = "Bad Gateway",
	[503] = "Service Unavailable",
	[504] = "Gateway Timeout",
	[505] = "HTTP Version Not Supported",
};

const char *http_reason(int status)
{
	const char *reason = status >= 100 && status < 600 ? REASONS[status] : NULL;
	return reason ? reason : "Unknown";
}

const char *http_date_line(struct http_thread *thread)
{
	struct timespec now;
	struct tm parts;
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (now.tv_sec != thread->date_second) {
		thread->date_second = now.tv_sec;
		gmtime_r(&now.tv_sec, &parts);
		strftime(thread->date, sizeof thread->date, "Date: %a, %d %b %Y %T GMT\r\n",
			 &parts);
	}
	return thread->date;
}

void http_refusal_write(struct text *out, int status, const char *why, const char *date)
{
	char body[512];
	int length = snprintf(
		body, sizeof body,
		"{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}\n",
		http_reason(status), status, why);
	text_addf(out,
		  "HTTP/1.1 %d %s\r\n%sContent-Type: application/problem+json\r\n"
		  "Content-Length: %d\r\nConnection: close\r\n\r\n%s",
		  status, http_reason(status), date, length, body);
}

static enum http_rejection rejection(uint16_t status)
{
	switch (status) {
	case 413: return HTTP_REJECTED_BODY;
	case 414:
	case 431: return HTTP_REJECTED_HEAD;
	default: return HTTP_REJECTED_SYNTAX;
	}
}

void http_refuse(struct http_thread *thread, struct http_conn *conn, uint16_t status,
		 const char *why)
{
	if (status != 408)
		http_count(thread, rejection(status), 1);
	http_count(thread, HTTP_COUNT_STATUS + status / 100, 1);
	http_refusal_write(&thread->output.head, status, why, http_date_line(thread));
	conn->closing = conn->lingers = true;
}

bool http_flush(struct http_thread *thread, struct http_conn *conn, bool *blocked)
{
	uint64_t bytes = 0;
	if (thread->output.head.failed)
		return false;
	enum http_send result = http_conn_send(conn, &thread->output, &bytes);
	http_count(thread, HTTP_COUNT_SENT, bytes);
	*blocked = result == HTTP_SEND_BLOCKED;
	return result != HTTP_SEND_FAILED;
}

static char *put(char *at, struct str text)
{
	memcpy(at, text.at, text.length);
	return at + text.length;
}

static char *put_number(char *at, uint64_t number)
{
	char digits[20];
	size_t count = 0;
	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10));
	while (count)
		*at++ = digits[--count];
	return at;
}

static bool has_no_length(int status)
{
	return status == 204 || status == 304;
}

/* Status line and the fields that are the server's own; 256 bytes are enough for all. */
static void add_head(struct http_thread *thread, struct http_exchange *exchange)
{
	char head[256], *at = head;
	struct text *out = &thread->output.head;
	at = put(at, STR("HTTP/1.1 "));
	at = put_number(at, (uint64_t)exchange->status);
	*at++ = ' ';
	at = put(at, str_of(http_reason(exchange->status)));
	at = put(at, STR("\r\n"));
	at = put(at, str_of(http_date_line(thread)));
	if (exchange->streaming && exchange->input->head.minor) {
		at = put(at, STR("Transfer-Encoding: chunked\r\n"));
	} else if (!exchange->streaming && !has_no_length(exchange->status)) {
		at = put(at, STR("Content-Length: "));
		at = put_number(at, exchange->body_length);
		at = put(at, STR("\r\n"));
	}
	if (exchange->closes)
		at = put(at, STR("Connection: close\r\n"));
	else if (!exchange->input->head.minor)
		at = put(at, STR("Connection: keep-alive\r\n"));
	text_add(out, (struct str){head, (size_t)(at - head)});
	if (exchange->fields.length)
		text_add(out, text_str(&exchange->fields));
	text_add(out, STR("\r\n"));
}

/* Whether the connection ends with this response; a pipeline behind it is told by lingering. */
static void decide_end(struct http_thread *thread, struct http_exchange *exchange)
{
	struct http_conn *conn = exchange->conn;
	struct http_input *input = exchange->input;
	bool drains = atomic_load_explicit(&thread->server->draining, memory_order_relaxed);
	size_t end = input->start + input->head.length + input->body;
	exchange->closes = input->head.close || drains || conn->closing ||
			   (exchange->streaming && !input->head.minor);
	if (!exchange->closes)
		return;
	conn->closing = true;
	conn->lingers |= drains || end < input->length;
}

static bool is_head_request(const struct http_exchange *exchange)
{
	return str_equal(http_method(exchange), STR("HEAD"));
}

/* Hands the body to the output: what is small is copied behind the head. */
static void add_body(struct http_thread *thread, struct http_exchange *exchange)
{
	struct http_body *body = &exchange->body;
	if (is_head_request(exchange) || has_no_length(exchange->status)) {
		http_body_release(body);
		return;
	}
	if (body->file_left || body->left.length > COPY_LIMIT) {
		thread->output.body = *body;
		*body = (struct http_body){0};
		return;
	}
	text_add(&thread->output.head, body->left);
	if (body->done || body->has_file || body->owned.capacity > TAKEN_CAPACITY) {
		http_body_release(body);
	} else {
		text_clear(&body->owned);
		body->left = (struct str){0};
	}
}

void http_send_head(struct http_exchange *exchange)
{
	struct http_thread *thread = exchange->thread;
	decide_end(thread, exchange);
	http_count(thread, HTTP_COUNT_STATUS + (unsigned)exchange->status / 100, 1);
	add_head(thread, exchange);
}

static void finish(struct http_thread *thread, struct http_exchange *exchange)
{
	if (exchange->streaming) {
		http_end_stream(exchange);
		http_body_release(&exchange->body);
		return;
	}
	if (exchange->failed || exchange->fields.failed || exchange->body.owned.failed ||
	    exchange->arena.failed || !exchange->status) {
		http_reset(exchange);
		exchange->failed = false;
		http_set_status(exchange, 500);
	}
	if (exchange->body.owned.length) {
		exchange->body.left = text_str(&exchange->body.owned);
		exchange->body_length = exchange->body.left.length;
	}
	http_send_head(exchange);
	add_body(thread, exchange);
}

static void begin(struct http_thread *thread, struct http_conn *conn, struct http_input *input)
{
	struct http_exchange *exchange = &thread->exchange;
	exchange->thread = thread;
	exchange->conn = conn;
	exchange->input = input;
	exchange->status = 0;
	exchange->body_length = 0;
	exchange->failed = exchange->streaming = exchange->broken = false;
	exchange->deferred = exchange->closes = false;
	text_clear(&exchange->fields);
	thread->in_handler = true;
	thread->blocking = 0;
}

bool http_respond(struct http_thread *thread, struct http_conn *conn, struct http_input *input)
{
	const struct http_server_options *options = &thread->server->options;
	struct http_exchange *exchange = &thread->exchange;
	begin(thread, conn, input);
	http_team_enter_handler(thread);
	options->handle(options->context, exchange);
	thread->in_handler = false;
	http_team_leave_handler(thread);
	/* The input lies elsewhere then, even where the loop was lost after that. */
	bool deferred = exchange->deferred;
	if (!deferred) {
		http_count(thread, HTTP_COUNT_REQUESTS, 1);
		finish(thread, exchange);
	}
	if (exchange->arena.blocks || exchange->arena.failed)
		arena_release(&exchange->arena);
	if (deferred)
		http_body_release(&exchange->body);
	return !deferred;
}
