/* SPDX-License-Identifier: Apache-2.0 */
/* The server and the client over TLS: who is believed, who is refused and how that is told, and
 * what clients do that are cut off. Those that come too late have test_tls_slow.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <ftw.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "authority.h"
#include "base/mem.h"
#include "client.h"
#include "http/client_call.h"
#include "http/exchange.h"
#include "http/server.h"
#include "raw.h"
#include "http/tls.h"

enum { LARGE = 3 << 20, SECOND = 1000000000, NAME_SIZE = 512 };

static struct issued ours, theirs; /* authorities: the one that is believed, and another */
static char folder[64];
static char *large;

/* ---- files ---- */

static const char *path_of(const char *name, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "%s/%s", folder, name);
	return out;
}

/* Writes NAME.pem and NAME.key, signed by `by`. */
static void make_files(const char *name, const struct issued *by, const char *names, long from,
		       long until)
{
	char path[NAME_SIZE], file[64];
	struct issued made;
	issue(&made, by, names, from, until);
	snprintf(file, sizeof file, "%s.pem", name);
	issued_write_certificate(&made, path_of(file, path));
	snprintf(file, sizeof file, "%s.key", name);
	issued_write_key(&made, path_of(file, path));
	issued_release(&made);
}

static int set_up(void **state)
{
	char path[NAME_SIZE];
	(void)state;
	strcpy(folder, "/tmp/test_tls.XXXXXX");
	assert_non_null(mkdtemp(folder));
	issue_authority(&ours, "ours");
	issue_authority(&theirs, "theirs");
	issued_write_certificate(&ours, path_of("ca.pem", path));
	issued_write_certificate(&theirs, path_of("other_ca.pem", path));
	make_files("server", &ours, "DNS:localhost,IP:127.0.0.1,URI:spiffe://shop/front",
		   ISSUED_FROM, ISSUED_UNTIL);
	make_files("money", &ours, "DNS:money.shop.internal,DNS:*.cash.internal", ISSUED_FROM,
		   ISSUED_UNTIL);
	make_files("foreign", &theirs, "DNS:localhost,IP:127.0.0.1", ISSUED_FROM, ISSUED_UNTIL);
	make_files("old", &ours, "DNS:localhost,IP:127.0.0.1", -7200, -60);
	make_files("early", &ours, "DNS:localhost,IP:127.0.0.1", 600, 7200);
	large = malloc(LARGE);
	for (int i = 0; i < LARGE; i++)
		large[i] = (char)('a' + i % 23);
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status, (void)kind, (void)where;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	issued_release(&ours);
	issued_release(&theirs);
	free(large);
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* NULL for what is not there. */
static struct http_tls *load(const char *name, const char *client_ca, const char *ca)
{
	char certificate[NAME_SIZE], key[NAME_SIZE], one[NAME_SIZE], two[NAME_SIZE], file[64];
	struct http_tls_options options = {0};
	struct http_tls *tls;
	struct error error = {0};
	if (name) {
		snprintf(file, sizeof file, "%s.pem", name);
		options.certificate = path_of(file, certificate);
		snprintf(file, sizeof file, "%s.key", name);
		options.key = path_of(file, key);
	}
	options.client_ca = client_ca ? path_of(client_ca, one) : NULL;
	options.ca = ca ? path_of(ca, two) : NULL;
	if (http_tls_new(&options, &tls, &error) < 0)
		fail_msg("%s: %s", error.file, error.message);
	return tls;
}

/* ---- a server ---- */

static void handle_file(struct http_exchange *exchange)
{
	int file = memfd_create("body", MFD_CLOEXEC);
	assert_true(write(file, large, LARGE) == LARGE);
	http_set_file(exchange, file, 0, LARGE);
}

static void handle_stream(struct http_exchange *exchange)
{
	http_begin_stream(exchange);
	for (int i = 0; i < LARGE; i += LARGE / 16)
		http_write(exchange, (struct str){large + i, LARGE / 16}, i % 2);
}

static void handle_names(struct http_exchange *exchange)
{
	char names[NAME_SIZE];
	http_peer_names(exchange, names, sizeof names);
	http_add_body(exchange, str_of(names));
	http_add_body(exchange, http_peer_is(exchange, "money.shop.internal") ? STR(" money")
									      : STR(" nobody"));
	http_add_body(exchange, http_peer_is(exchange, "a.cash.internal") ? STR(" wild") : STR(""));
}

static void handle(void *context, struct http_exchange *exchange)
{
	struct str path = http_path(exchange);
	(void)context;
	if (str_equal(path, STR("/large"))) {
		http_set_body(exchange, (struct str){large, LARGE}, NULL, NULL);
	} else if (str_equal(path, STR("/file"))) {
		handle_file(exchange);
	} else if (str_equal(path, STR("/stream"))) {
		handle_stream(exchange);
	} else if (str_equal(path, STR("/names"))) {
		handle_names(exchange);
	} else if (str_equal(path, STR("/blocks"))) {
		http_blocking_begin();
		usleep(1000);
		http_blocking_end();
		http_add_body(exchange, STR("hello"));
	} else if (str_equal(path, STR("/deferred")) && http_defer(exchange)) {
		return;
	} else if (http_body(exchange).length) {
		http_add_body(exchange, http_body(exchange));
	} else {
		http_add_body(exchange, STR("hello"));
	}
}

static struct http_server *start(struct http_tls *tls)
{
	const struct http_server_options options = {.handle = handle,
						    .tls = tls,
						    .body_limit = LARGE,
						    .head_timeout_ms = CLIENT_PATIENCE,
						    .loops = 2};
	struct http_server *server;
	struct error error = {0};
	if (http_server_start(&options, &server, &error) < 0)
		fail_msg("%s", error.message);
	return server;
}

static uint64_t refused(const struct http_server *server)
{
	struct http_counters counters;
	http_server_count(server, &counters);
	return counters.rejected[HTTP_REJECTED_HANDSHAKE];
}

/* ---- our client ---- */

static struct http_client *new_client(const struct http_server *server, struct http_tls *tls,
				      const char *name)
{
	const struct http_client_options options = {.tls = tls,
						    .tls_name = name,
						    .connect_ns =
							    CLIENT_PATIENCE * UINT64_C(1000000),
						    .backoff_ns = 1,
						    .backoff_cap_ns = 1};
	struct http_client *client;
	struct fault fault;
	char address[64];
	snprintf(address, sizeof address, "https://127.0.0.1:%u", http_server_port(server));
	if (http_client_new(address, &options, &client, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
	return client;
}

static ash_status ask(struct http_client *client, const char *target, struct str body,
		      struct http_reply *reply, struct fault *fault)
{
	const struct http_request request = {
		.method = body.length ? STR("POST") : STR("GET"),
		.target = str_of(target),
		.body = body,
		.deadline = clock_monotonic() + (uint64_t)CLIENT_PATIENCE * 1000000,
	};
	return http_client_call(client, &request, reply, fault);
}

/* Tells what is wrong: only the thread of the test may assert. */
static bool is_answered(struct http_client *client, const char *target, struct str body,
			struct str expected)
{
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	struct fault fault = {0};
	if (ask(client, target, body, &reply, &fault) == ASH_OK && reply.answer.status == 200 &&
	    str_equal(reply.body, expected))
		return true;
	fprintf(stderr, "%s: status %d, %zu bytes %s\n", target, reply.answer.status,
		reply.body.length, fault.message);
	return false;
}

static void expect_body(struct http_client *client, const char *target, struct str body,
			struct str expected)
{
	assert_true(is_answered(client, target, body, expected));
}

static void expect_refusal(struct http_client *client, const char *why)
{
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	struct fault fault = {0};
	assert_int_equal(ask(client, "/", STR(""), &reply, &fault), ASH_UNAVAILABLE);
	if (!strstr(fault.message, why))
		fail_msg("\"%s\" instead of \"%s\"", fault.message, why);
}

static void answers_what_it_answers_without(void **state)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", NULL, "ca.pem");
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	_cleanup_(http_client_freep) struct http_client *client = new_client(server, tls, NULL);
	struct str all = {large, LARGE};
	struct http_client_counters counters;
	(void)state;
	for (int i = 0; i < 3; i++) {
		expect_body(client, "/", STR(""), STR("hello"));
		expect_body(client, "/", STR("small"), STR("small"));
		expect_body(client, "/large", STR(""), all);
		expect_body(client, "/", all, all);
		expect_body(client, "/file", STR(""), all);
		expect_body(client, "/stream", STR(""), all);
		expect_body(client, "/blocks", STR(""), STR("hello"));
		expect_body(client, "/deferred", STR(""), STR("hello"));
		expect_body(client, "/names", STR(""), STR(" nobody"));
	}
	http_client_count(client, &counters);
	assert_int_equal(counters.connects, 1);
	assert_int_equal(refused(server), 0);
}

static void a_name_is_believed(void **state)
{
	static const char *const NAMES[] = {"localhost", "LOCALHOST", "127.0.0.1",
					    "spiffe://shop/front"};
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", NULL, "ca.pem");
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	(void)state;
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		_cleanup_(http_client_freep) struct http_client *client =
			new_client(server, tls, NAMES[i]);
		expect_body(client, "/", STR(""), STR("hello"));
	}
}

static void a_wrong_name_is_not_believed(void **state)
{
	static const char *const NAMES[] = {"money.shop.internal",  "127.0.0.2",           "::1",
					    "spiffe://shop/front/", "spiffe://shop/money", "test"};
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", NULL, "ca.pem");
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	(void)state;
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		_cleanup_(http_client_freep) struct http_client *client =
			new_client(server, tls, NAMES[i]);
		expect_refusal(
			client,
			"the certificate is of somebody else (localhost, spiffe://shop/front)");
	}
}

static void a_remote_is_believed_by_its_authority_and_date(void **state)
{
	static const struct {
		const char *shown, *why;
	} CASES[] = {
		{"foreign", "the certificate is not believed: unable to get local issuer"},
		{"old", "the certificate is not believed: certificate has expired"},
		{"early", "the certificate is not believed: certificate is not yet valid"},
	};
	_cleanup_(http_tls_freep) struct http_tls *believes = load(NULL, NULL, "ca.pem");
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		_cleanup_(http_tls_freep) struct http_tls *tls = load(CASES[i].shown, NULL, NULL);
		_cleanup_(http_server_freep) struct http_server *server = start(tls);
		_cleanup_(http_client_freep) struct http_client *client =
			new_client(server, believes, NULL);
		expect_refusal(client, CASES[i].why);
		client_wait_for(refused(server) == 1);
	}
}

static void a_client_shows_its_certificate(void **state)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", "ca.pem", NULL);
	_cleanup_(http_tls_freep) struct http_tls *shows = load("money", NULL, "ca.pem");
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	_cleanup_(http_client_freep) struct http_client *client = new_client(server, shows, NULL);
	(void)state;
	/* A wildcard names nobody. */
	expect_body(client, "/names", STR(""), STR("money.shop.internal, *.cash.internal money"));
}

static void a_client_is_refused_by_its_certificate(void **state)
{
	static const struct {
		const char *shown, *why;
	} CASES[] = {
		{NULL, "certificate required"},
		{"foreign", "unknown ca"},
		{"old", "certificate expired"},
		{"early", "bad certificate"},
	};
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", "ca.pem", NULL);
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		_cleanup_(http_tls_freep) struct http_tls *shows =
			load(CASES[i].shown, NULL, "ca.pem");
		_cleanup_(http_client_freep) struct http_client *client =
			new_client(server, shows, NULL);
		expect_refusal(client, CASES[i].why);
		client_wait_for(refused(server) == i + 1);
	}
}

static void https_needs_whom_to_believe(void **state)
{
	struct http_client *client;
	struct fault fault;
	(void)state;
	assert_int_equal(http_client_new("https://127.0.0.1:1", NULL, &client, &fault),
			 ASH_INVALID_ARGUMENT);
	assert_non_null(strstr(fault.message, "whom to believe"));
}

static int listen_somewhere(char address[64])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(listener, 5), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &length), 0);
	snprintf(address, 64, "https://127.0.0.1:%u", ntohs(at.sin_port));
	return listener;
}

/* Accepts nothing: the handshake gets no answer. */
static void a_deadline_holds_in_the_handshake(void **state)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = load(NULL, NULL, "ca.pem");
	_cleanup_(http_reply_release) struct http_reply reply = {0};
	struct http_client *client;
	struct fault fault = {0};
	char address[64];
	int listener = listen_somewhere(address);
	(void)state;
	assert_int_equal(http_client_new(address, &(struct http_client_options){.tls = tls},
					 &client, &fault),
			 ASH_OK);
	const struct http_request request = {STR("GET"), STR("/"),
					     .deadline = clock_monotonic() + SECOND / 5};
	assert_int_equal(http_client_call(client, &request, &reply, &fault), ASH_DEADLINE_EXCEEDED);
	http_client_free(client);
	close(listener);
}

/* ---- a client that does as it is told ---- */

static void raw_send(struct raw *raw, struct str bytes)
{
	assert_int_equal(SSL_write(raw->ssl, bytes.at, (int)bytes.length), (int)bytes.length);
}

/* All up to the end; whether that was announced. */
static bool raw_read_all(struct raw *raw, struct text *out)
{
	char buffer[4096];
	int got;
	while ((got = SSL_read(raw->ssl, buffer, sizeof buffer)) > 0)
		text_add(out, (struct str){buffer, (size_t)got});
	text_add(out, STR(""));
	return SSL_get_error(raw->ssl, got) == SSL_ERROR_ZERO_RETURN;
}

static void a_pipeline_is_answered_and_the_end_announced(void **state)
{
	static const int VERSIONS[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", NULL, NULL);
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		_cleanup_(raw_release) struct raw raw = {0};
		_cleanup_(text_release) struct text answers = {0};
		int first;
		raw_begin(&raw, server);
		SSL_set_min_proto_version(raw.ssl, VERSIONS[i]);
		SSL_set_max_proto_version(raw.ssl, VERSIONS[i]);
		assert_int_equal(SSL_connect(raw.ssl), 1);
		raw_send(&raw, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"
				   "GET /deferred HTTP/1.1\r\nHost: a\r\n\r\nGET /large "
				   "HTTP/1.1\r\nHost: a\r\n\r\n"
				   "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
		assert_true(raw_read_all(&raw, &answers));
		assert_int_equal(client_count_responses(&answers, &first), 4);
	}
}

static void a_bad_request_is_refused_and_the_end_announced(void **state)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", NULL, NULL);
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	_cleanup_(raw_release) struct raw raw = {0};
	_cleanup_(text_release) struct text answers = {0};
	int first;
	(void)state;
	raw_begin(&raw, server);
	assert_int_equal(SSL_connect(raw.ssl), 1);
	raw_send(&raw, STR("GET  / HTTP/1.1\r\nHost: a\r\n\r\nmore that nobody reads"));
	assert_true(raw_read_all(&raw, &answers));
	assert_int_equal(client_count_responses(&answers, &first), 1);
	assert_int_equal(first, 400);
}

static void old_versions_are_refused(void **state)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", NULL, NULL);
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	_cleanup_(raw_release) struct raw raw = {0};
	(void)state;
	raw_begin(&raw, server);
	SSL_set_security_level(raw.ssl, 0);
	SSL_set_cipher_list(raw.ssl, "ALL:@SECLEVEL=0");
	SSL_set_min_proto_version(raw.ssl, TLS1_VERSION);
	SSL_set_max_proto_version(raw.ssl, TLS1_1_VERSION);
	assert_true(SSL_connect(raw.ssl) <= 0);
	client_wait_for(refused(server) == 1);
}

static void only_http_1_1_is_spoken(void **state)
{
	static const struct {
		const char *offer;
		unsigned length;
		bool good;
	} CASES[] = {{"\x02h2", 3, false}, {"\x02h2\x08http/1.1", 12, true}};
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", NULL, NULL);
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	const unsigned char *chosen;
	unsigned length;
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		_cleanup_(raw_release) struct raw raw = {0};
		raw_begin(&raw, server);
		SSL_set_alpn_protos(raw.ssl, (const unsigned char *)CASES[i].offer,
				    CASES[i].length);
		assert_int_equal(SSL_connect(raw.ssl) == 1, CASES[i].good);
		SSL_get0_alpn_selected(raw.ssl, &chosen, &length);
		assert_int_equal(length, CASES[i].good ? 8 : 0);
	}
}

static void renegotiation_is_refused(void **state)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", NULL, NULL);
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	_cleanup_(raw_release) struct raw raw = {0};
	(void)state;
	raw_begin(&raw, server);
	SSL_set_max_proto_version(raw.ssl, TLS1_2_VERSION);
	assert_int_equal(SSL_connect(raw.ssl), 1);
	assert_int_equal(SSL_renegotiate(raw.ssl), 1);
	assert_true(SSL_do_handshake(raw.ssl) <= 0);
	assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
}

static void a_key_update_changes_nothing(void **state)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", NULL, NULL);
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	_cleanup_(raw_release) struct raw raw = {0};
	_cleanup_(text_release) struct text answers = {0};
	int first;
	(void)state;
	raw_begin(&raw, server);
	assert_int_equal(SSL_connect(raw.ssl), 1);
	raw_send(&raw, STR("GET / HTTP/1.1\r\n"));
	assert_int_equal(SSL_key_update(raw.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
	raw_send(&raw, STR("Host: a\r\nConnection: close\r\n\r\n"));
	assert_true(raw_read_all(&raw, &answers));
	assert_int_equal(client_count_responses(&answers, &first), 1);
	assert_int_equal(first, 200);
}

/* Every byte that the client makes is sent alone. */
static void a_slow_client_is_answered(void **state)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", NULL, NULL);
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	_cleanup_(raw_release) struct raw raw = {0};
	_cleanup_(text_release) struct text answer = {0};
	BIO *out = BIO_new(BIO_s_mem()), *in = BIO_new(BIO_s_mem());
	char buffer[4096], byte;
	int got = 0, written = 0, first;
	(void)state;
	raw_begin(&raw, server);
	SSL_set_bio(raw.ssl, in, out);
	SSL_set_connect_state(raw.ssl);
	while (!strstr(answer.length ? answer.at : "", "hello")) {
		struct pollfd ready = {raw.fd, POLLIN, 0};
		if (!written && SSL_do_handshake(raw.ssl) == 1)
			written = SSL_write(raw.ssl, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
		while (BIO_read(out, &byte, 1) == 1) {
			assert_int_equal(send(raw.fd, &byte, 1, MSG_NOSIGNAL), 1);
			sched_yield();
		}
		assert_int_equal(poll(&ready, 1, CLIENT_PATIENCE), 1);
		got = (int)recv(raw.fd, buffer, 7, 0);
		assert_true(got > 0);
		BIO_write(in, buffer, got);
		while (written && (got = SSL_read(raw.ssl, buffer, sizeof buffer)) > 0)
			text_add(&answer, (struct str){buffer, (size_t)got});
		text_add_byte(&answer, '\0');
		answer.length--;
	}
	assert_int_equal(client_count_responses(&answer, &first), 1);
}

/* ---- a remote that ends as it is told ---- */

struct ender {
	struct http_tls *tls;
	int listener;
	bool announces;
	const char *answer;
};

/* Answers one request, and ends the connection with close_notify or without. */
static void *end_one(void *context)
{
	struct ender *ender = context;
	char certificate[NAME_SIZE], key[NAME_SIZE], request[4096];
	SSL_CTX *own = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate_file(own, path_of("server.pem", certificate), SSL_FILETYPE_PEM);
	SSL_CTX_use_PrivateKey_file(own, path_of("server.key", key), SSL_FILETYPE_PEM);
	int fd = accept(ender->listener, NULL, NULL);
	SSL *ssl = SSL_new(own);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof request) > 0)
		SSL_write(ssl, ender->answer, (int)strlen(ender->answer));
	if (ender->announces)
		SSL_shutdown(ssl);
	SSL_free(ssl);
	SSL_CTX_free(own);
	close(fd);
	return NULL;
}

static ash_status ask_ender(struct ender *ender, struct fault *fault, struct http_reply *reply)
{
	struct http_client *client;
	pthread_t thread;
	char address[64];
	ender->listener = listen_somewhere(address);
	assert_int_equal(pthread_create(&thread, NULL, end_one, ender), 0);
	const struct http_client_options options = {
		.tls = ender->tls, .connect_ns = CLIENT_PATIENCE * UINT64_C(1000000)};
	assert_int_equal(http_client_new(address, &options, &client, fault), ASH_OK);
	ash_status status = ask(client, "/", STR(""), reply, fault);
	http_client_free(client);
	pthread_join(thread, NULL);
	close(ender->listener);
	return status;
}

static void a_body_that_is_cut_off_is_no_answer(void **state)
{
	static const struct {
		const char *answer;
		bool announces;
		ash_status status;
	} CASES[] = {
		{"HTTP/1.1 200 OK\r\n\r\nhello", true, ASH_OK},
		{"HTTP/1.1 200 OK\r\n\r\nhello", false, ASH_UNAVAILABLE},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, ASH_OK},
		{"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", true, ASH_UNAVAILABLE},
		{"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", false, ASH_UNAVAILABLE},
		{"HTTP/1.1 200 OK\r\n", false, ASH_UNAVAILABLE},
	};
	_cleanup_(http_tls_freep) struct http_tls *tls = load(NULL, NULL, "ca.pem");
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		_cleanup_(http_reply_release) struct http_reply reply = {0};
		struct ender ender = {
			.tls = tls, .announces = CASES[i].announces, .answer = CASES[i].answer};
		struct fault fault = {0};
		assert_int_equal(ask_ender(&ender, &fault, &reply), CASES[i].status);
		if (CASES[i].status == ASH_OK)
			assert_true(str_equal(reply.body, STR("hello")));
		else if (!CASES[i].announces)
			assert_non_null(strstr(fault.message, "without an end of TLS"));
	}
}

/* ---- files that are replaced ---- */

static int count_of(struct http_tls *tls)
{
	struct http_tls_facts facts;
	http_tls_describe(tls, &facts);
	return (int)facts.reloads;
}

static void new_files_are_for_new_connections(void **state)
{
	struct error error = {0};
	make_files("replaced", &ours, "DNS:first.internal", ISSUED_FROM, ISSUED_UNTIL);
	_cleanup_(http_tls_freep) struct http_tls *tls = load("replaced", NULL, NULL);
	_cleanup_(http_tls_freep) struct http_tls *believes = load(NULL, NULL, "ca.pem");
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	_cleanup_(http_client_freep) struct http_client *one =
		new_client(server, believes, "first.internal");
	_cleanup_(http_client_freep) struct http_client *two =
		new_client(server, believes, "second.internal");
	(void)state;
	expect_body(one, "/", STR(""), STR("hello"));
	assert_int_equal(http_tls_refresh(tls, false, &error), 0);
	make_files("replaced", &ours, "DNS:second.internal", ISSUED_FROM, ISSUED_UNTIL);
	assert_int_equal(http_tls_refresh(tls, false, &error), 0);
	assert_int_equal(http_tls_refresh(tls, false, &error), 1);
	assert_int_equal(http_tls_refresh(tls, false, &error), 0);
	assert_int_equal(count_of(tls), 1);
	expect_body(one, "/", STR(""), STR("hello"));
	expect_body(two, "/", STR(""), STR("hello"));
	struct http_client_counters counters;
	http_client_count(one, &counters);
	assert_int_equal(counters.connects, 1);
}

static void write_file(const char *name, const char *content)
{
	char path[NAME_SIZE];
	FILE *file = fopen(path_of(name, path), "we");
	assert_true(file && fputs(content, file) >= 0);
	fclose(file);
}

static void expect_kept(struct http_tls *tls, const char *file, const char *why)
{
	struct error error = {0};
	assert_int_equal(http_tls_refresh(tls, true, &error), -1);
	if (!strstr(error.file, file) || !strstr(error.message, why))
		fail_msg("%s: %s", error.file, error.message);
	/* It is told once. */
	assert_int_equal(http_tls_refresh(tls, false, &error), 0);
	assert_int_equal(http_tls_refresh(tls, false, &error), 0);
}

static void broken_files_are_refused_and_the_old_stay(void **state)
{
	char path[NAME_SIZE];
	make_files("broken", &ours, "DNS:localhost,IP:127.0.0.1", ISSUED_FROM, ISSUED_UNTIL);
	_cleanup_(http_tls_freep) struct http_tls *tls = load("broken", NULL, "ca.pem");
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	(void)state;
	write_file("broken.pem", "no certificate\n");
	expect_kept(tls, "broken.pem", "holds no certificate");
	assert_int_equal(unlink(path_of("broken.pem", path)), 0);
	expect_kept(tls, "broken.pem", "cannot be read: No such file");
	make_files("broken", &ours, "DNS:localhost", -7200, -60);
	expect_kept(tls, "broken.pem", "expired on 2");
	make_files("broken", &ours, "DNS:localhost", ISSUED_FROM, ISSUED_UNTIL);
	write_file("broken.key", "no key\n");
	expect_kept(tls, "broken.key", "holds no key");
	make_files("another", &ours, "DNS:localhost", ISSUED_FROM, ISSUED_UNTIL);
	char other[NAME_SIZE];
	assert_int_equal(rename(path_of("another.key", path), path_of("broken.key", other)), 0);
	expect_kept(tls, "broken.key", "the key does not fit the certificate in");
	assert_int_equal(count_of(tls), 0);
	_cleanup_(http_client_freep) struct http_client *client = new_client(server, tls, NULL);
	expect_body(client, "/", STR(""), STR("hello"));
}

static void files_are_judged(void **state)
{
	_cleanup_(http_tls_freep) struct http_tls *old = load("old", NULL, NULL);
	_cleanup_(http_tls_freep) struct http_tls *good = load("server", "ca.pem", NULL);
	_cleanup_(http_tls_freep) struct http_tls *early = load("early", NULL, NULL);
	struct http_tls_facts facts;
	struct error error = {0};
	int64_t now = (int64_t)time(NULL);
	(void)state;
	assert_int_equal(http_tls_judge(good, now, &error), 0);
	assert_int_equal(http_tls_judge(old, now, &error), -1);
	assert_non_null(strstr(error.file, "old.pem"));
	assert_non_null(strstr(error.message, "the certificate (localhost) expired on 2"));
	assert_int_equal(http_tls_judge(early, now, &error), -1);
	assert_non_null(strstr(error.message, "is not good before 2"));
	http_tls_describe(good, &facts);
	assert_true(facts.shows && facts.asks);
	assert_true(facts.ends > now + ISSUED_UNTIL - 600 && facts.ends <= now + ISSUED_UNTIL);
	assert_string_equal(facts.names, "localhost, spiffe://shop/front");
}

static void options_that_do_not_fit_are_refused(void **state)
{
	char certificate[NAME_SIZE], key[NAME_SIZE], missing[NAME_SIZE];
	path_of("server.pem", certificate);
	path_of("server.key", key);
	path_of("missing.pem", missing);
	const struct {
		struct http_tls_options options;
		enum error_code code;
	} CASES[] = {
		{{.certificate = certificate}, ERROR_INVALID},
		{{.key = key}, ERROR_INVALID},
		{{.client_ca = certificate}, ERROR_INVALID},
		{{.certificate = missing, .key = key}, ERROR_IO},
		{{.certificate = certificate, .key = missing}, ERROR_IO},
		{{.certificate = key, .key = key}, ERROR_SYNTAX},
		{{.certificate = certificate, .key = certificate}, ERROR_SYNTAX},
		{{.ca = missing}, ERROR_IO},
		{{.ca = key}, ERROR_SYNTAX},
		{{.certificate = certificate, .key = key, .client_ca = key}, ERROR_SYNTAX},
	};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct http_tls *tls = NULL;
		struct error error = {0};
		assert_int_equal(http_tls_new(&CASES[i].options, &tls, &error), -1);
		assert_int_equal(error.code, CASES[i].code);
		assert_true(*error.message);
	}
}

static void a_server_needs_a_certificate(void **state)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = load(NULL, NULL, "ca.pem");
	const struct http_server_options options = {.handle = handle, .tls = tls};
	struct http_server *server;
	struct error error = {0};
	(void)state;
	assert_int_equal(http_server_start(&options, &server, &error), -1);
	assert_int_equal(error.code, ERROR_INVALID);
}

/* ---- all at once ---- */

enum { CALLERS = 6 };

struct storm {
	const struct http_server *server;
	struct http_tls *tls;
	uint64_t until; /* when a slow machine has done enough */
	atomic_int left, wrong;
};

static void *call_often(void *context)
{
	static const char *const TARGETS[] = {"/", "/blocks", "/deferred", "/stream"};
	struct storm *storm = context;
	for (int i = 0; i < 4 || (i < 20 && clock_monotonic() < storm->until); i++) {
		_cleanup_(http_client_freep) struct http_client *client =
			new_client(storm->server, storm->tls, NULL);
		for (int j = i; j < i + 3; j++) {
			struct str body = j % 4 == 3 ? (struct str){large, LARGE} : STR("hello");
			if (!is_answered(client, TARGETS[j % 4], STR(""), body))
				atomic_fetch_add(&storm->wrong, 1);
		}
	}
	atomic_fetch_sub(&storm->left, 1);
	return NULL;
}

static void many_call_while_files_are_read_again(void **state)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", "ca.pem", NULL);
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	uint64_t time = getenv("ASHLAR_TEST_SHORT") ? 0 : 3 * (uint64_t)SECOND;
	struct storm storm = {server, tls, clock_monotonic() + time, CALLERS, 0};
	pthread_t threads[CALLERS];
	struct error error;
	(void)state;
	for (int i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call_often, &storm), 0);
	while (atomic_load(&storm.left)) {
		assert_int_equal(http_tls_refresh(tls, true, &error), 1);
		usleep(5000);
	}
	for (int i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&storm.wrong), 0);
	assert_int_equal(refused(server), 0);
}

static void memory_that_runs_out_ends_a_call(void **state)
{
	_cleanup_(http_tls_freep) struct http_tls *tls = load("server", NULL, "ca.pem");
	_cleanup_(http_server_freep) struct http_server *server = start(tls);
	(void)state;
	for (long nth = 1;; nth++) {
		_cleanup_(http_client_freep) struct http_client *client =
			new_client(server, tls, NULL);
		_cleanup_(http_reply_release) struct http_reply reply = {0};
		struct fault fault = {0};
		mem_fail_from(nth);
		ash_status status = ask(client, "/", STR("body"), &reply, &fault);
		bool failed = mem_fail_never();
		if (!failed) {
			assert_int_equal(status, ASH_OK);
			break;
		}
		assert_true(status == ASH_OK || *fault.message);
	}
}

static void memory_that_runs_out_loads_nothing(void **state)
{
	char certificate[NAME_SIZE], key[NAME_SIZE];
	const struct http_tls_options options = {path_of("server.pem", certificate),
						 path_of("server.key", key)};
	(void)state;
	for (long nth = 1;; nth++) {
		struct http_tls *tls = NULL;
		struct error error = {0};
		mem_fail_from(nth);
		int result = http_tls_new(&options, &tls, &error);
		bool failed = mem_fail_never();
		assert_int_equal(result, failed ? -1 : 0);
		http_tls_free(tls);
		if (!failed)
			break;
		assert_int_equal(error.code, ERROR_MEMORY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_what_it_answers_without),
		cmocka_unit_test(a_name_is_believed),
		cmocka_unit_test(a_wrong_name_is_not_believed),
		cmocka_unit_test(a_remote_is_believed_by_its_authority_and_date),
		cmocka_unit_test(a_client_shows_its_certificate),
		cmocka_unit_test(a_client_is_refused_by_its_certificate),
		cmocka_unit_test(https_needs_whom_to_believe),
		cmocka_unit_test(a_deadline_holds_in_the_handshake),
		cmocka_unit_test(a_pipeline_is_answered_and_the_end_announced),
		cmocka_unit_test(a_bad_request_is_refused_and_the_end_announced),
		cmocka_unit_test(old_versions_are_refused),
		cmocka_unit_test(only_http_1_1_is_spoken),
		cmocka_unit_test(renegotiation_is_refused),
		cmocka_unit_test(a_key_update_changes_nothing),
		cmocka_unit_test(a_slow_client_is_answered),
		cmocka_unit_test(a_body_that_is_cut_off_is_no_answer),
		cmocka_unit_test(new_files_are_for_new_connections),
		cmocka_unit_test(broken_files_are_refused_and_the_old_stay),
		cmocka_unit_test(files_are_judged),
		cmocka_unit_test(options_that_do_not_fit_are_refused),
		cmocka_unit_test(a_server_needs_a_certificate),
		cmocka_unit_test(many_call_while_files_are_read_again),
		cmocka_unit_test(memory_that_runs_out_ends_a_call),
		cmocka_unit_test(memory_that_runs_out_loads_nothing),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
