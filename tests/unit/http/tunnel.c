/* SPDX-License-Identifier: Apache-2.0 */
/* A thread for each connection, which ends when the server ends its side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authority.h"
#include "client.h"
#include "tunnel.h"

struct http_tls *tunnel_tls(void)
{
	char folder[] = "/tmp/tunnel.XXXXXX", certificate[64], key[64];
	struct issued authority, made;
	struct http_tls *tls;
	struct error error;
	assert_non_null(mkdtemp(folder));
	snprintf(certificate, sizeof certificate, "%s/certificate", folder);
	snprintf(key, sizeof key, "%s/key", folder);
	issue_authority(&authority, "tunnel");
	issue(&made, &authority, "DNS:localhost", ISSUED_FROM, ISSUED_UNTIL);
	issued_write_certificate(&made, certificate);
	issued_write_key(&made, key);
	assert_int_equal(http_tls_new(&(struct http_tls_options){certificate, key}, &tls, &error),
			 0);
	issued_release(&made);
	issued_release(&authority);
	unlink(certificate);
	unlink(key);
	rmdir(folder);
	return tls;
}

struct tunnel {
	SSL_CTX *context;
	SSL *ssl;
	int outer, inner;
	bool ended; /* the client sends no more */
};

/* From the client to the server. */
static void push(struct tunnel *tunnel)
{
	char bytes[4096];
	ssize_t got = recv(tunnel->inner, bytes, sizeof bytes, 0);
	if (got > 0 && SSL_write(tunnel->ssl, bytes, (int)got) > 0)
		return;
	tunnel->ended = true;
	if (got == 0)
		SSL_shutdown(tunnel->ssl);
}

/* From the server to the client; false at the end. */
static bool pull(struct tunnel *tunnel)
{
	char bytes[16384];
	int got = SSL_read(tunnel->ssl, bytes, sizeof bytes);
	return got > 0 && send(tunnel->inner, bytes, (size_t)got, MSG_NOSIGNAL) == got;
}

static void *carry(void *context)
{
	struct tunnel *tunnel = context;
	bool open = SSL_connect(tunnel->ssl) == 1;
	while (open) {
		struct pollfd ready[] = {{tunnel->outer, POLLIN, 0},
					 {tunnel->ended ? -1 : tunnel->inner, POLLIN, 0}};
		if (SSL_pending(tunnel->ssl) == 0 && poll(ready, 2, -1) < 0)
			break;
		if (SSL_pending(tunnel->ssl) || ready[0].revents)
			open = pull(tunnel);
		else if (ready[1].revents)
			push(tunnel);
	}
	SSL_free(tunnel->ssl);
	SSL_CTX_free(tunnel->context);
	close(tunnel->outer);
	close(tunnel->inner);
	free(tunnel);
	return NULL;
}

int tunnel_connect(uint16_t port)
{
	struct tunnel *tunnel = calloc(1, sizeof *tunnel);
	int ends[2];
	pthread_t thread;
	assert_non_null(tunnel);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	tunnel->context = SSL_CTX_new(TLS_client_method());
	tunnel->ssl = SSL_new(tunnel->context);
	tunnel->outer = client_connect(port);
	tunnel->inner = ends[1];
	SSL_set_fd(tunnel->ssl, tunnel->outer);
	assert_int_equal(pthread_create(&thread, NULL, carry, tunnel), 0);
	pthread_detach(thread);
	return ends[0];
}
