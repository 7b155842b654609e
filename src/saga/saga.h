/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAGA_SAGA_H
#define SAGA_SAGA_H

#include <ashlar/saga.h>

#include "port/call.h"

/* Sagas that run: started in the starter's transaction, advanced a step at a time under a lease, by
 * any process (docs/internals/saga.md). The tables are those of a module of the runtime's own,
 * "ashlar_saga". */

/* Sagas of one application, and of one listing. */
#define SAGA_LIMIT      1000
#define SAGA_LIST_LIMIT 1000

/* A saga and the module whose steps they are. */
struct saga_of {
	const char *module;
	const ash_saga *saga;
};

struct saga_options {
	unsigned workers;  /* threads; 0: 2 */
	unsigned lease_ms; /* after which another takes what a dead process had; 0: 15,000 */
	unsigned step_ms;  /* a step's deadline; 0: 60,000 */
	unsigned poll_ms;  /* how often a worker looks when nobody wakes it; 0: 200 */
};

struct saga_hub;

/* What the store must know of the tables. */
struct store_module saga_store_module(void);

/* Makes the hub. `module` is the index of saga_store_module() among the store's modules. The sagas
 * live as long as the hub, and so does `environment`, which is given it so that ash_saga_start()
 * works. Errors: ASH_INVALID_ARGUMENT (two of one name, no such module, no steps or too many, two
 * steps of one name, a step without `run`), ASH_RESOURCE_EXHAUSTED. */
ash_status saga_hub_new(struct environment *environment, unsigned module,
			const struct saga_of *sagas, size_t count,
			const struct saga_options *options, struct metrics *metrics,
			struct saga_hub **out, struct fault *fault) ASH_MUST_CHECK;

/* Stops, and frees. Takes NULL. */
void saga_hub_free(struct saga_hub *hub);

/* Starts the workers. Errors: ASH_RESOURCE_EXHAUSTED. */
ash_status saga_hub_start(struct saga_hub *hub, struct fault *fault) ASH_MUST_CHECK;

/* Takes nothing new and waits for the steps that run; a saga goes on where it stands. */
void saga_hub_stop(struct saga_hub *hub);

/* Runs what is due on this thread until nothing is; returns how many sagas it took. Errors: those
 * of the store. */
ash_status saga_hub_drain(struct saga_hub *hub, size_t *taken, struct fault *fault) ASH_MUST_CHECK;

/* ---- looking, and by hand ---- */

enum saga_state { SAGA_RUNNING, SAGA_UNDOING, SAGA_DONE, SAGA_UNDONE };

/* "running", "undoing", "done", "undone". */
const char *saga_state_name(enum saga_state state);

struct saga_line {
	const char *name;
	const char *id;
	enum saga_state state;
	bool parked;  /* waits for a person: see message */
	int64_t step; /* recorded, or, undoing, still to be undone */
	int64_t attempts;
	int64_t started_at; /* microseconds since 1970 */
	const char *status; /* of the last failure; "" without one */
	const char *message;
};

/* What to list; NULL and 0 are any. */
struct saga_filter {
	const char *name;
	const char *id;
	bool unfinished; /* neither done nor undone */
	bool parked;
	int64_t before; /* started at or before, in microseconds since 1970 */
};

/* Calls `each` for each, the oldest first, at most SAGA_LIST_LIMIT; what it is given lasts until it
 * returns; stops when it returns false. Errors: those of the store. */
ash_status saga_list(struct saga_hub *hub, const struct saga_filter *filter,
		     bool (*each)(void *context, const struct saga_line *line), void *context,
		     struct fault *fault) ASH_MUST_CHECK;

/* Has a running saga undone, after the step that runs. Errors: ASH_NOT_FOUND (none such that runs),
 * and those of the store. */
ash_status saga_cancel(struct saga_hub *hub, const char *name, const char *id,
		       struct fault *fault) ASH_MUST_CHECK;

/* Lets a parked saga go on, with all attempts before it. Errors: ASH_NOT_FOUND (none such that is
 * parked), and those of the store. */
ash_status saga_resume(struct saga_hub *hub, const char *name, const char *id,
		       struct fault *fault) ASH_MUST_CHECK;

#endif
