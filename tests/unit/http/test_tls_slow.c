/* SPDX-License-Identifier: Apache-2.0 */
/* A server over TLS and clients that say nothing, stop, or speak something else. It ends those that
 * are slow after some time. On a slow machine a client that is quick may be, too: then it begins
 * anew, and that is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <signal.h>
#include <unistd.h>

#include "base/mem.h"
#include "client.h"
#include "http/exchange.h"
#include "http/server.h"
#include "raw.h"
#include "tunnel.h"

enum { HEAD_MS = 3000, SOON_MS = 500 };

static void handle(void *context, struct http_exchange *exchange)
{
	(void)context;
	http_add_body(exchange, STR("hello"));
}

static struct http_server *start(struct http_tls *tls, uint32_t head_timeout_ms)
{
	const struct http_server_options options = {
		.handle = handle, .tls = tls, .head_timeout_ms = head_timeout_ms, .loops = 2};
	struct http_server *server;
	struct error error = {0};
	if (http_server_start(&options, &server, &error) < 0)
		fail_msg("%s", error.message);
	return server;
}

/* Ended for their slowness were so many, and of those that began anew some. */
static void expect_slow(const struct http_server *server, unsigned slow, unsigned anew)
{
	struct http_counters counters;
	http_server_count(server, &counters);
	assert_in_range(counters.rejected[HTTP_REJECTED_SLOW_HEAD], slow, slow + anew);
}

/* Whether the server closes; it may say something before. */
static bool is_closed(int fd)
{
	_cleanup_(text_release) struct text out = {0};
	return client_read_all(fd, &out, CLIENT_PATIENCE);
}

/* Asks one thing; whether it is answered. */
static bool raw_ask(struct raw *raw, const struct http_server *server)
{
	static const char ASKED[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	char answer[4096];
	raw_begin(raw, server);
	return SSL_connect(raw->ssl) == 1 && SSL_write(raw->ssl, ASKED, sizeof ASKED - 1) > 0 &&
	       SSL_read(raw->ssl, answer, sizeof answer) > 0;
}

/* A connection that was answered once. */
static void raw_begin_in_time(struct raw *raw, const struct http_server *server, unsigned *anew)
{
	for (;; ++*anew) {
		uint64_t since = clock_monotonic();
		bool good = raw_ask(raw, server);
		if (good || clock_monotonic() - since < HEAD_MS * UINT64_C(1000000)) {
			assert_true(good);
			return;
		}
		raw_release(raw);
	}
}

static void who_says_nothing_is_closed(void **state)
{
	static const char PART[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
	_cleanup_(http_server_freep) struct http_server *server = start(*state, HEAD_MS);
	int silent = client_connect(http_server_port(server));
	int partial = client_connect(http_server_port(server));
	struct raw other;
	unsigned anew = 0;
	client_send(partial, (struct str){PART, sizeof PART - 1});
	raw_begin_in_time(&other, server, &anew);
	assert_true(is_closed(silent));
	assert_true(is_closed(partial));
	expect_slow(server, 2, anew);
	raw_release(&other);
	close(silent);
	close(partial);
}

/* The rest of a record is awaited no longer than the rest of a head. */
static void who_stops_amid_a_record_is_closed(void **state)
{
	enum { CUTS = 4 };
	static const struct str PART = {"\x17\x03\x03\x01\x00"
					"ab",
					7};
	_cleanup_(http_server_freep) struct http_server *server = start(*state, HEAD_MS);
	struct raw raws[CUTS];
	unsigned anew = 0;
	for (size_t i = 0; i < CUTS; i++) {
		raw_begin_in_time(&raws[i], server, &anew);
		client_send(raws[i].fd, str_first(PART, 1 + 2 * i));
	}
	for (size_t i = 0; i < CUTS; i++) {
		assert_true(is_closed(raws[i].fd));
		raw_release(&raws[i]);
	}
	expect_slow(server, CUTS, anew);
}

/* What could be the beginning of a handshake is ended by the time. */
static void what_is_no_tls_is_refused(void **state)
{
	static const struct {
		const char *bytes, *answer;
	} CASES[] = {
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "speaks TLS: call it by https://"},
		{"POST / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 "},
		{"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", ""},
		{"\x16\x03\x01\x7f\xff garbage and more of it", ""},
		{"\x80\x2e\x01\x03\x01 an old hello", ""},
	};
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		_cleanup_(http_server_freep) struct http_server *server =
			start(*state, *CASES[i].answer ? CLIENT_PATIENCE : SOON_MS);
		_cleanup_(text_release) struct text answer = {0};
		int fd = client_connect(http_server_port(server));
		client_send(fd, str_of(CASES[i].bytes));
		assert_true(client_read_all(fd, &answer, CLIENT_PATIENCE));
		text_add(&answer, STR(""));
		if (*CASES[i].answer)
			assert_non_null(strstr(answer.at, CASES[i].answer));
		close(fd);
	}
}

static int set_up(void **state)
{
	signal(SIGPIPE, SIG_IGN); /* of a client that was too slow, and goes on */
	*state = tunnel_tls();
	return 0;
}

static int tear_down(void **state)
{
	http_tls_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_says_nothing_is_closed),
		cmocka_unit_test(who_stops_amid_a_record_is_closed),
		cmocka_unit_test(what_is_no_tls_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
