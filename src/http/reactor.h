/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_REACTOR_H
#define HTTP_REACTOR_H

#include "http/state.h"

/* One epoll that some loops wait at together, and the deadlines of its connections. Each event goes
 * to one of the threads that wait, whichever runs first (leader/followers, D. C. Schmidt). All
 * functions are for any thread. */

/* On the heap; NULL and `error` filled: ERROR_IO, ERROR_MEMORY. */
struct http_reactor *http_reactor_new(struct http_server *server, struct error *error);

/* Closes the connections and frees; no thread may be left. Takes NULL. */
void http_reactor_free(struct http_reactor *reactor);

/* Has one thread look around soon. */
void http_reactor_wake(struct http_reactor *reactor);

/* The next event, of which there may be none for `patience_ms` (-1: for ever). */
bool http_reactor_wait(struct http_reactor *reactor, int patience_ms, struct epoll_event *out);

/* When something is to be done without an event, as far as is known now; UINT64_MAX: never. */
uint64_t http_reactor_next(struct http_reactor *reactor);

/* Has a claimed connection looked at when conn->deadline has come.
 * `waits`: whether the caller is going to wait at this reactor; else who does is woken if it would
 * come too late. */
void http_reactor_watch(struct http_reactor *reactor, struct http_conn *conn, bool waits);

/* Never looks at a claimed connection again. */
void http_reactor_forget(struct http_reactor *reactor, struct http_conn *conn);

/* Claims a connection that is to be looked at now, NULL when there is none: one whose deadline has
 * come, or, `*expired` false, one that had an event just as this was asked. */
struct http_conn *http_reactor_take(struct http_reactor *reactor, uint64_t now, bool *expired);

/* Has all connections looked at soon: those that are quiet get little time from then on. Once:
 * after that it does nothing. */
void http_reactor_drain(struct http_reactor *reactor, uint64_t now);

#endif
