/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "http/state.h"

/* The listening socket, which all reactors watch; a connection goes to the one with the fewest. */

/* Opens server->listener by the options, and sets port or path. Errors as http_server_start(). */
int http_listen(struct http_server *server, struct error *error) must_check;

/* Closes the listener and removes the file of a Unix socket. */
void http_listen_end(struct http_server *server);

/* Has the reactor be told of connections. */
int http_watch_listener(struct http_reactor *reactor, struct error *error) must_check;

/* Accepts a connection, and works on it if there is anything to do yet. `thread` owns `loop`, and
 * may lose it. False when there was none. */
bool http_accept_one(struct http_thread *thread, struct http_loop *loop);

/* Has the reactor accept no more. Once: after that it does nothing. */
void http_accept_end(struct http_reactor *reactor);

/* Goes on accepting, if that was stopped for want of descriptors long enough ago. */
void http_accept_again(struct http_loop *loop);

#endif
