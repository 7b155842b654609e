/* SPDX-License-Identifier: Apache-2.0 */
#include "raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <unistd.h>

#include "client.h"

void raw_begin(struct raw *raw, const struct http_server *server)
{
	raw->context = SSL_CTX_new(TLS_client_method());
	raw->fd = client_connect(http_server_port(server));
	raw->ssl = SSL_new(raw->context);
	assert_non_null(raw->ssl);
	SSL_set_fd(raw->ssl, raw->fd);
}

void raw_release(struct raw *raw)
{
	SSL_free(raw->ssl);
	SSL_CTX_free(raw->context);
	if (raw->fd > 0)
		close(raw->fd);
	ERR_clear_error();
}
