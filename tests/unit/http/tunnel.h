/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_HTTP_TUNNEL_H
#define TEST_HTTP_TUNNEL_H

#include <stdint.h>

#include "http/tls.h"

/* A way to a server of TLS for clients that send bytes as they are. */

/* What a server shows: a certificate of its own making. The caller frees it. */
struct http_tls *tunnel_tls(void);

/* One end of a connection to 127.0.0.1; what goes in comes out at the server, over TLS, and the
 * other way round. The end of one side is announced to the other. */
int tunnel_connect(uint16_t port);

#endif
