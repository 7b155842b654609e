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
	unsigned workers;     /* threads; 0: 2 */
	unsigned lease_ms;    /* after which another takes what a dead process had; 0: 15,000 */
	unsigned step_ms;     /* a step's deadline; 0: 60,000 */
	unsigned poll_ms;     /* how often a worker looks when nobody wakes it; 0: 200 */
	unsigned keep_days;   /* how long ended sagas stay, and their ids are known; 0: 30 */
	unsigned sweep_batch; /* ended sagas that one transaction takes away; 0: 500 */
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

enum saga_state { SAGA_RUNNING, SAGA_COMPENSATING, SAGA_DONE, SAGA_COMPENSATED };

/* "running", "compensating", "done", "compensated". */
const char *saga_state_name(enum saga_state state);

/* Times are microseconds since 1970; 0: there is none. */
struct saga_line {
	const char *name;
	const char *id;
	const char *module;
	enum saga_state state;
	bool parked;      /* waits for a person: see message */
	bool canceled;    /* somebody asked for its end */
	bool fits;        /* the code of this program can run it */
	int64_t step;     /* recorded, or, compensating, still to be undone */
	int64_t steps;    /* of the code; 0: it is not known here */
	int64_t attempts; /* begun of the step that is next, or of undoing it */
	int64_t most;     /* attempts of it; 0: not known here */
	int64_t started_at, ended_at, deadline_at;
	int64_t due_at;      /* the next attempt, where none is under way */
	int64_t lease_until; /* under which a process has it */
	const char *trace;   /* of the request that started it */
	const char *status;  /* of the last failure; "" without one */
	const char *message;
	const char *cause; /* why it is undone; "": it is not */
};

/* "parked", or the name of its state. */
const char *saga_line_state(const struct saga_line *line);

/* The names that saga_line_state() gives, and "unfinished", which is all but the ended ones. */
#define SAGA_STATE_NAMES 6
extern const char *const saga_state_names[SAGA_STATE_NAMES];

/* What to list; NULL and 0 are any. Times are microseconds since 1970. */
struct saga_filter {
	const char *name;
	const char *id;
	const char *module;
	const char *state; /* one of saga_state_names */
	int64_t since;     /* started at or after */
	int64_t before;    /* started at or before */
	/* Listed behind this one, which started at `after_at`; NULL: from the first on. */
	const char *after_name, *after_id;
	int64_t after_at;
	size_t most; /* 0: SAGA_LIST_LIMIT, which is the most */
};

/* Calls `each` for each, the oldest first, then by name and id; what it is given lasts until it
 * returns; stops when it returns false. Errors: those of the store. */
ash_status saga_list(struct saga_hub *hub, const struct saga_filter *filter,
		     bool (*each)(void *context, const struct saga_line *line), void *context,
		     struct fault *fault) ASH_MUST_CHECK;

/* When the next saga after `after` is due, in microseconds since 1970; INT64_MAX: none waits.
 * Errors: those of the store. */
ash_status saga_next_due(struct saga_hub *hub, int64_t after, int64_t *out,
			 struct fault *fault) ASH_MUST_CHECK;

/* A step of one saga. */
struct saga_step_line {
	const char *name; /* of the step */
	bool undoes;      /* the code has something that takes it back */
	int64_t attempts; /* until it was recorded; 0: it is not */
	int64_t recorded_at;
	int64_t undo_attempts; /* until it was undone; 0: it is not */
	int64_t undone_at;
};

/* Calls `each` for each step of the saga, in their order: those of the code, or, where the code
 * does not fit, those that are recorded. Errors: those of the store. */
ash_status saga_steps(struct saga_hub *hub, const struct saga_line *line,
		      bool (*each)(void *context, const struct saga_step_line *step), void *context,
		      struct fault *fault) ASH_MUST_CHECK;

/* Takes away what ended longer ago than it is kept, so many a transaction; from then on its id may
 * be used again. Begins none after `until`, by clock_monotonic(), but the first; `*more`: there is
 * more. The workers do it once an hour. Errors: those of the store. */
ash_status saga_sweep(struct saga_hub *hub, uint64_t until, int64_t *out, bool *more,
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
