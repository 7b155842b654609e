/* SPDX-License-Identifier: Apache-2.0 */
/* Framing faults, each followed by a request that must stay hidden: a server that answers it can
 * be smuggled through (RFC 9112, sections 2.2, 3.2, 5, 6 and 7). Each gets one 4xx or 501 and a
 * closed connection; two well-formed requests get two answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "client.h"
#include "http/exchange.h"
#include "http/server.h"
#include "tunnel.h"

#define HIDDEN "GET /?hidden HTTP/1.1\r\nHost: a\r\n\r\n"
#define PAST   "39" /* 5 + the length of HIDDEN, so that a reader of Content-Length swallows it */
#define END    "0\r\n\r\n"
#define POST   "POST / HTTP/1.1\r\nHost: a\r\n"
#define CODING "Transfer-Encoding: chunked\r\n"
#define PAIR   POST "Content-Length: 5\r\n\r\nhello" HIDDEN
#define GET    "GET / HTTP/1.1\r\n"

struct vector {
	const char *name;
	struct str bytes;
	int responses;
};

#define FAULT(name, bytes)                                                                         \
	{                                                                                          \
		name, {bytes, sizeof(bytes) - 1}, 1                                                \
	}

static const struct vector VECTORS[] = {
	{"well-formed pair", {PAIR, sizeof PAIR - 1}, 2},
	FAULT("Content-Length and chunked",
	      POST "Content-Length: " PAST "\r\n" CODING "\r\n" END HIDDEN),
	FAULT("two lengths, 0 then n",
	      POST "Content-Length: 0\r\nContent-Length: 34\r\n\r\n" HIDDEN),
	FAULT("two lengths, n then 0",
	      POST "Content-Length: 34\r\nContent-Length: 0\r\n\r\n" HIDDEN),
	FAULT("two lengths that agree",
	      POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" HIDDEN),
	FAULT("length list 5,6", POST "Content-Length: 5,6\r\n\r\nhello" HIDDEN),
	FAULT("length list 5,5", POST "Content-Length: 5,5\r\n\r\nhello" HIDDEN),
	FAULT("length +5", POST "Content-Length: +5\r\n\r\nhello" HIDDEN),
	FAULT("length 0x5", POST "Content-Length: 0x5\r\n\r\nhello" HIDDEN),
	FAULT("length -5", POST "Content-Length: -5\r\n\r\nhello" HIDDEN),
	FAULT("length of 5 and a blank inside", POST "Content-Length: 5 0\r\n\r\nhello" HIDDEN),
	FAULT("length empty", POST "Content-Length: \r\n\r\n" HIDDEN),
	FAULT("length beyond 64 bits",
	      POST "Content-Length: 18446744073709551621\r\n\r\nhello" HIDDEN),
	FAULT("coding xchunked",
	      POST "Transfer-Encoding: xchunked\r\nContent-Length: " PAST "\r\n\r\n" END HIDDEN),
	FAULT("coding gzip, chunked", POST
	      "Transfer-Encoding: gzip, chunked\r\nContent-Length: " PAST "\r\n\r\n" END HIDDEN),
	FAULT("coding ,chunked",
	      POST "Transfer-Encoding: ,chunked\r\nContent-Length: " PAST "\r\n\r\n" END HIDDEN),
	FAULT("coding chunked, identity",
	      POST "Transfer-Encoding: chunked, identity\r\n\r\n" END HIDDEN),
	FAULT("coding chunked twice", POST CODING CODING "\r\n" END HIDDEN),
	FAULT("coding in quotes", POST "Transfer-Encoding: \"chunked\"\r\n\r\n" END HIDDEN),
	FAULT("coding after a vertical tab",
	      POST "Transfer-Encoding: \vchunked\r\n\r\n" END HIDDEN),
	FAULT("space before colon",
	      POST "Transfer-Encoding : chunked\r\nContent-Length: " PAST "\r\n\r\n" END HIDDEN),
	FAULT("folded coding",
	      POST "Transfer-Encoding:\r\n chunked\r\nContent-Length: " PAST "\r\n\r\n" END HIDDEN),
	FAULT("chunk size 0x..", POST CODING "\r\n0x5\r\nhello\r\n" END HIDDEN),
	FAULT("chunk size +5", POST CODING "\r\n+5\r\nhello\r\n" END HIDDEN),
	FAULT("chunk size -1", POST CODING "\r\n-1\r\nhello\r\n" END HIDDEN),
	FAULT("chunk size empty", POST CODING "\r\n\r\nhello\r\n" END HIDDEN),
	FAULT("chunk size with a blank before", POST CODING "\r\n 5\r\nhello\r\n" END HIDDEN),
	FAULT("chunk size with a blank behind", POST CODING "\r\n5 \r\nhello\r\n" END HIDDEN),
	FAULT("chunk size overflow", POST CODING "\r\n10000000000000005\r\nhello\r\n" END HIDDEN),
	FAULT("chunk line with bare LF", POST CODING "\r\n5\nhello\r\n" END HIDDEN),
	FAULT("chunk extension with bare LF", POST CODING "\r\n5;a\nhello\r\n" END HIDDEN),
	FAULT("chunk extension with bare CR", POST CODING "\r\n5;a\rb\r\nhello\r\n" END HIDDEN),
	FAULT("chunk without CRLF after data", POST CODING "\r\n5\r\nhelloXX" END HIDDEN),
	FAULT("chunk with bare LF after data", POST CODING "\r\n5\r\nhello\n" END HIDDEN),
	FAULT("trailer with bare LF", POST CODING "\r\n0\r\nA: b\n\r\n" HIDDEN),
	FAULT("trailer without a colon", POST CODING "\r\n0\r\nGET / HTTP/1.1\r\n\r\n" HIDDEN),
	FAULT("chunked in HTTP/1.0",
	      "POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n" CODING
	      "Content-Length: " PAST "\r\n\r\n" END HIDDEN),
	FAULT("header lines end in bare LF", "GET / HTTP/1.1\nHost: a\n\n"),
	FAULT("no Host", GET "\r\n"),
	FAULT("two Hosts", GET "Host: a\r\nHost: b\r\n\r\n"),
	FAULT("Host with a path", GET "Host: a/b\r\n\r\n"),
	FAULT("NUL in a value", GET "Host: a\r\nX: a\0b\r\n\r\n"),
	FAULT("bare CR in a value", GET "Host: a\r\nX: a\rY: b\r\n\r\n"),
	FAULT("space in a name", GET "Host: a\r\nX Y: b\r\n\r\n"),
	FAULT("control character in a name", GET "Host: a\r\nX\001Y: b\r\n\r\n"),
	FAULT("empty name", GET "Host: a\r\n: b\r\n\r\n"),
	FAULT("line without a colon", GET "Host: a\r\nfoobar\r\n\r\n"),
	FAULT("blank before the first header", GET " Host: a\r\n\r\n"),
	FAULT("two blanks in the request line", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
	FAULT("tab in the request line", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	FAULT("blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
	FAULT("bytes over ASCII in the target", "GET /\xC3\xA4 HTTP/1.1\r\nHost: a\r\n\r\n"),
	FAULT("target without a slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
	FAULT("version without a minor number", "GET / HTTP/1\r\nHost: a\r\n\r\n"),
	FAULT("version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n"),
	FAULT("request of HTTP/0.9", "GET /\r\n"),
	FAULT("two empty lines before the request", "\r\n\r\n" GET "Host: a\r\n\r\n"),
	FAULT("a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
};

enum { VECTOR_COUNT = sizeof VECTORS / sizeof *VECTORS };

static struct http_server *server;
static struct http_tls *tls;
static int (*reach)(uint16_t port) = client_connect;

static void handle(void *context, struct http_exchange *exchange)
{
	(void)context;
	http_add_body(exchange, STR("hello\n"));
}

static int start(void **state)
{
	struct http_server_options options = {
		.handle = handle, .tls = tls, .head_timeout_ms = CLIENT_PATIENCE};
	struct error error;
	(void)state;
	return http_server_start(&options, &server, &error);
}

static int stop(void **state)
{
	(void)state;
	http_server_free(server);
	http_tls_free(take(tls));
	return 0;
}

static int start_tls(void **state)
{
	tls = tunnel_tls();
	reach = tunnel_connect;
	return start(state);
}

static void judge(struct str bytes, unsigned responses)
{
	_cleanup_(text_release) struct text answers = {0};
	int fd = reach(http_server_port(server)), status;
	client_send(fd, bytes);
	if (responses == 2)
		shutdown(fd, SHUT_WR);
	assert_true(client_read_all(fd, &answers, CLIENT_PATIENCE));
	close(fd);
	assert_int_equal(client_count_responses(&answers, &status), responses);
	if (responses == 2)
		assert_int_equal(status, 200);
	else
		assert_true((status >= 400 && status < 500) || status == 501);
}

static void vector(void **state)
{
	const struct vector *vector = *state;
	judge(vector->bytes, (unsigned)vector->responses);
}

static void header_of_70_kb(void **state)
{
	_cleanup_(text_release) struct text request = {0};
	(void)state;
	text_add(&request, STR(GET "Host: a\r\nX: "));
	for (int i = 0; i < 70000; i++)
		text_add_byte(&request, 'a');
	text_add(&request, STR("\r\n\r\n"));
	judge(text_str(&request), 1);
}

static void headers_20000(void **state)
{
	_cleanup_(text_release) struct text request = {0};
	(void)state;
	text_add(&request, STR(GET "Host: a\r\n"));
	for (int i = 0; i < 20000; i++)
		text_addf(&request, "X%d: y\r\n", i);
	text_add(&request, STR("\r\n"));
	judge(text_str(&request), 1);
}

int main(void)
{
	struct CMUnitTest tests[VECTOR_COUNT + 2];
	for (int i = 0; i < VECTOR_COUNT; i++)
		tests[i] = (struct CMUnitTest){.name = VECTORS[i].name,
					       .test_func = vector,
					       .initial_state = (void *)(uintptr_t)&VECTORS[i]};
	tests[VECTOR_COUNT] = (struct CMUnitTest)cmocka_unit_test(header_of_70_kb);
	tests[VECTOR_COUNT + 1] = (struct CMUnitTest)cmocka_unit_test(headers_20000);
	int failed = cmocka_run_group_tests_name("plain", tests, start, stop);
	return failed + cmocka_run_group_tests_name("over TLS", tests, start_tls, stop);
}
