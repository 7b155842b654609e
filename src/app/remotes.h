/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_REMOTES_H
#define APP_REMOTES_H

#include "base/text.h"
#include "placement/placement.h"
#include "rpc/client.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

/* Where a process says that it lives, also while all its threads are in handlers. */
#define ALIVE_PATH "/healthz"

/* The other processes of a placement, as far as they have addresses: how they are called, and
 * whether they answer. */
struct remotes;

/* Knows them; opens nothing. `placement`, `self` (one of its processes) and `logger` must outlive
 * it. `*out` belongs to the caller. Errors: ERROR_MEMORY. */
int remotes_new(const struct placement *placement, const struct placement_process *self,
		const struct logger *logger, struct remotes **out, struct error *error) must_check;

/* Stops and frees. No call may be under way. Takes NULL. */
void remotes_free(struct remotes *remotes);

/* Where the ports of that module are called; NULL: in no process with an address. What it points to
 * is good for calls after remotes_start(), and lives as long as the remotes. */
const struct rpc_remote *remotes_of(const struct remotes *remotes, const char *module);

/* The same of a process; NULL: it has no address, or is this one. */
const struct rpc_remote *remotes_at(const struct remotes *remotes,
				    const struct placement_process *process);

/* The process of that module is one that this one calls: whether it is up is of interest. Before
 * remotes_start(). Errors: ERROR_MEMORY, ERROR_LIMIT (metrics). */
int remotes_watch(struct remotes *remotes, const char *module, struct metrics *metrics,
		  struct error *error) must_check;

/* The same of a process. */
int remotes_watch_at(struct remotes *remotes, const struct placement_process *process,
		     struct metrics *metrics, struct error *error) must_check;

/* `tls` is for addresses of https, and outlives the remotes; NULL: there is none such. Workers'
 * calls take `patience` nanoseconds at most. Looks names up, and has a thread ask each watched
 * address every two seconds whether it is there, twice a second while one is not: that one has no
 * turn while another is up. A worker's call of a process of which none is fails at once. Errors:
 * those of http_client_new(), ASH_RESOURCE_EXHAUSTED. */
ash_status remotes_start(struct remotes *remotes, struct http_tls *tls, uint64_t patience,
			 struct fault *fault) ASH_MUST_CHECK;

/* Asks no more. Takes NULL. */
void remotes_stop(struct remotes *remotes);

/* Writes of those that are watched ",\"remotes\":[{\"process\":...,\"address\":...,\"up\":true},
 * ...]", with null for what is not known yet. Any thread. */
void remotes_write(const struct remotes *remotes, struct text *out);

/* Asks each address, over TARGET ("/ashlar/traces/..."), for spans as inspect.c writes them, for at
 * most a second in all, and adds them to `out`: each with a comma before it where `*some` says that
 * there are some already, and says so then. Who does not answer so is left out. Any thread. */
void remotes_add_spans(const struct remotes *remotes, const char *target, bool *some,
		       struct text *out);

#endif
