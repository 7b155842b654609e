/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_HTTP_RAW_H
#define TEST_HTTP_RAW_H

#include <openssl/ssl.h>

#include "http/server.h"

/* A client over TLS that does as it is told, through OpenSSL itself; any certificate will do. */
struct raw {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
};

/* Connects to the server; the handshake is the caller's. Fails the test without memory. */
void raw_begin(struct raw *raw, const struct http_server *server);

/* Frees, and closes where `fd` is above 0. */
void raw_release(struct raw *raw);

#endif
