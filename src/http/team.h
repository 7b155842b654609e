/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_TEAM_H
#define HTTP_TEAM_H

#include "http/state.h"

/* Who works on what: loops that need a thread, requests that were deferred, threads that have
 * nothing to do. */

/* Starts the first threads, one a loop, and the watcher. */
int http_team_start(struct http_server *server, struct error *error) must_check;

/* Waits for all threads, which must have been told to stop, and frees them. */
void http_team_end(struct http_server *server);

/* Before and after a handler. False: another thread has the loop by now. */
void http_team_enter_handler(struct http_thread *thread);
void http_team_leave_handler(struct http_thread *thread);

/* Inside a handler: whether the thread still has its loop. */
bool http_team_has_loop(const struct http_thread *thread);

/* Inside a handler: gives the loop of the thread to another. Without one to take it, nothing. */
void http_team_give_loop(struct http_thread *thread);

/* Gives a claimed connection, whose request is complete, to a thread without a loop. False when
 * there is none and none can be made: it is still the caller's. */
bool http_team_defer(struct http_server *server, struct http_conn *conn);

/* The server thread that calls, or NULL. */
struct http_thread *http_team_self(void);

#endif
