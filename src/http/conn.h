/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include "http/state.h"

/* A connection between its events. Both functions take it from wherever it stands as far as it
 * goes, and then leave it to its loop, or close it; the caller must not touch it after that. */

/* The owner of the loop met an event, or has it back; `hangup` as the system said. */
void http_conn_work(struct http_thread *thread, struct http_conn *conn, bool hangup);

/* The time that a quiet connection had is over; the caller owns its loop. */
void http_conn_expire(struct http_thread *thread, struct http_conn *conn);

/* Closes at once, for the owner of its loop or when no thread is left. */
void http_conn_close(struct http_conn *conn);

#endif
