/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CREW_H
#define BASE_CREW_H

/* Threads that work on one thing together. */

/* Most threads that are ever used at once. */
#define CREW_LIMIT 64

/* Processors this process may run on, between 1 and CREW_LIMIT. */
unsigned crew_size(void);

/* Runs work(context, worker) once for each worker of 0 to count - 1, each on a thread of
 * its own (worker 0 on the caller's), and returns when all are done. Where the system
 * gives fewer threads, fewer workers run: the work must be taken from a shared queue, not
 * divided by worker. Worker 0 always runs. */
void crew_run(unsigned count, void (*work)(void *context, unsigned worker), void *context);

#endif
