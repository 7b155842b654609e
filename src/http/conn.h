/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include "http/state.h"

/* A connection between its events. Both functions take it from wherever it stands as far as it
 * goes, and then leave it to its loop, or close it. The caller has claimed it (HTTP_BUSY), and must
 * not touch it after that. */

/* There was an event, or it is back; `hangup` as the system said. */
void http_conn_work(struct http_thread *thread, struct http_conn *conn, bool hangup);

/* The time that a quiet connection had is over; the caller owns its loop. */
void http_conn_expire(struct http_thread *thread, struct http_conn *conn);

/* Closes the descriptor and frees what the connection holds, but not itself. */
void http_conn_close(struct http_conn *conn);

#endif
