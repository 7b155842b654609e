/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

/* Threads that help those of the program. Signals are for the program's own: a thread that is made
 * here has all of them blocked, SIGPIPE too, which sendfile() may send. Its maker's stay as they
 * were. It may run where the program's first thread may, though its maker may be pinned. */

#include <pthread.h>
#include <stdbool.h>

/* Runs run(context) on a thread that `*out` is there to join. False, and `*out` is not to be used:
 * the system gives no thread. */
bool thread_start(pthread_t *out, void *(*run)(void *), void *context);

/* Likewise, on a thread that nobody joins: it ends when run() returns. */
bool thread_start_apart(void *(*run)(void *), void *context);

#endif
