/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include "http/state.h"

/* A connection between its events. http_conn_work() and http_conn_expire() take it from wherever it
 * stands as far as it goes, and then leave it to its reactor, or close it. The caller has claimed
 * it, and must not touch it after that. */

/* There was an event, or it is back; `hangup` as the system said. */
void http_conn_work(struct http_thread *thread, struct http_conn *conn, bool hangup);

/* The time that a quiet connection had is over. */
void http_conn_expire(struct http_thread *thread, struct http_conn *conn);

/* Closes the connection and frees it. */
void http_conn_free(struct http_conn *conn);

#endif
