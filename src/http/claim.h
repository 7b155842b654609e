/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_CLAIM_H
#define HTTP_CLAIM_H

#include "http/state.h"

/* Who works on a connection: one thread at a time, any of them. What the system tells of may be
 * told late, to a thread that was held up meanwhile, when the connection is closed and its memory
 * freed. So an event carries a number that was never another's, and only who claims by it gets the
 * connection. */

/* Gives a new connection its number, and the caller the first claim. */
uint64_t http_claim_open(struct http_server *server, struct http_conn *conn);

/* Claims the connection with that number for an event; `hangup`: its client hung up. NULL: it is
 * closed, or another thread works on it, which is told. */
struct http_conn *http_claim(struct http_server *server, uint64_t number, bool hangup);

/* Claims a connection that nobody works on, without telling; false when somebody does. It must not
 * be freed meanwhile. */
bool http_claim_quiet(struct http_conn *conn);

/* Ends a claim; the connection is not to be touched any more. False: it is still claimed, and there
 * was an event meanwhile. */
bool http_claim_leave(struct http_conn *conn);

/* Whether the client of a claimed connection hung up meanwhile. */
bool http_claim_is_gone(const struct http_conn *conn);

/* Has no event find a claimed connection any more, so that it can be freed. */
void http_claim_close(struct http_server *server, struct http_conn *conn);

#endif
