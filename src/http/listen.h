/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "http/state.h"

/* The listening socket, which all loops watch; a connection goes to the loop with the fewest. */

/* Opens server->listener by the options, and sets port or path. Errors as http_server_start(). */
int http_listen(struct http_server *server, struct error *error) must_check;

/* Closes the listener and removes the file of a Unix socket. */
void http_listen_end(struct http_server *server);

/* Has the loop be told of connections. */
int http_watch_listener(struct http_loop *loop, struct error *error) must_check;

/* Accepts some connections. `thread` owns `loop`. */
void http_accept_some(struct http_thread *thread, struct http_loop *loop);

/* Accepts all that wait, and then no more. */
void http_accept_last(struct http_thread *thread, struct http_loop *loop);

/* Goes on accepting, if that was stopped for want of descriptors long enough ago. */
void http_accept_again(struct http_loop *loop);

#endif
