/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include "http/conn.h"

/* One epoll and what hangs on it. */

/* On the heap; NULL and `error` filled: ERROR_IO, ERROR_MEMORY. */
struct http_loop *http_loop_new(struct http_server *server, struct error *error);

/* Closes the connections and frees; no thread may be left. Takes NULL. */
void http_loop_free(struct http_loop *loop);

/* Has the loop's thread look around soon; for any thread. */
void http_loop_wake(struct http_loop *loop);

/* Puts a claimed connection before the loop's owner; for any thread. */
void http_loop_send(struct http_loop *loop, struct http_conn *conn, enum http_message message);

/* Makes a new connection known to the loop's owner, before it has events; for any thread. */
void http_loop_send_fresh(struct http_loop *loop, struct http_conn *conn);

/* Frees a closed connection as soon as nothing can point to it; for the loop's owner. */
void http_loop_bury(struct http_loop *loop, struct http_conn *conn);

/* Of a loop that is late: there was more than was taken, so the next round is late, too. */
void http_loop_stay_late(struct http_loop *loop);

/* Serves until the thread loses the loop, or the server ends. */
void http_loop_serve(struct http_thread *thread, struct http_loop *loop);

#endif
