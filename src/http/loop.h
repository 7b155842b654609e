/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include "http/state.h"

/* The right to take events of a reactor and to run handlers for them, which one thread has at a
 * time: so no more run at once than there are processors. */

/* On the heap; NULL when there is no memory. Takes no part of the reactor. */
struct http_loop *http_loop_new(struct http_reactor *reactor);

/* Its handler keeps it, as no thread is left: nobody may have looked for events meanwhile. For any
 * thread with server->lock. */
void http_loop_be_late(struct http_loop *loop);

/* Serves until the thread loses the loop, or the server ends. */
void http_loop_serve(struct http_thread *thread, struct http_loop *loop);

#endif
