/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_SCHEDULE_H
#define APP_SCHEDULE_H

#include "port/call.h"
#include "store/store.h"

/* Schedules of the modules' contracts. Of all processes over one store, one runs a tick: the
 * handler's transaction and the note that the tick was run commit together. A tick at which no
 * process runs is missed. */

struct schedules;

/* What the store must know of the table: to be the module after the events'. */
struct store_module schedules_store_module(void);

/* Reads all schedules, whose handlers have `patience` nanoseconds each; NULL in `*out` where there
 * are none. What is no schedule goes to `errors` with its place. Errors: ERROR_MEMORY. */
int schedules_new(const struct environment *environment, uint64_t patience, struct schedules **out,
		  struct error_list *errors, struct error *error) must_check;

/* Stops, and frees. Takes NULL. */
void schedules_free(struct schedules *schedules);

/* Starts the thread that runs what is due. Errors: ASH_RESOURCE_EXHAUSTED. */
ash_status schedules_start(struct schedules *schedules, struct fault *fault) ASH_MUST_CHECK;

/* Runs nothing more, and waits for the handler that runs. Takes NULL. */
void schedules_stop(struct schedules *schedules);

/* Runs what was due at or before `now`, microseconds since 1970, on this thread; for the schedules'
 * own thread, and tests. Returns how many handlers ended well. */
size_t schedules_run_due(struct schedules *schedules, int64_t now);

/* When the next one is due, in microseconds since 1970; for tests, which have no thread that waits
 * for it. */
int64_t schedules_next(const struct schedules *schedules);

#endif
