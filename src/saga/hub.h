/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAGA_HUB_H
#define SAGA_HUB_H

#include "saga/saga.h"
#include "worker/workers.h"

/* Private to this folder. */

struct entry {
	const struct member *member;
	const ash_saga *saga;
	const char **names; /* "orders.checkout/reserve", one a step: of spans */
	int64_t hash;       /* of the names of its steps */
};

/* A saga as a worker has it. Texts live in an arena. */
struct taken {
	const char *name;
	const char *id;
	const char *trace;
	const char *cause; /* why it is undone; "": it is not */
	struct str input;
	int64_t fence;
	int64_t version;
	int64_t hash;
	enum saga_state state;
	int64_t step;
	int64_t attempts;    /* this one is counted */
	int64_t deadline_at; /* INT64_MAX: none */
	bool canceled;
	bool knows_kept;                      /* `kept` is as the tables are */
	struct str kept[ASH_SAGA_STEP_LIMIT]; /* by the steps that are recorded */
	struct arena *arena;
};

struct saga_hub {
	struct environment *environment;
	struct saga_options options;
	unsigned module;
	struct entry *entries;
	size_t entry_count;
	struct map by_name;             /* to the index of an entry */
	const char *peek, *take, *next; /* the statements that take what is due */
	struct arena arena;
	struct series *steps, *failures, *done, *compensated;    /* counters */
	struct series *running, *compensating, *parked, *oldest; /* gauges */
	struct workers workers;
	uint64_t sweep_at; /* of clock_monotonic(); the heart's own */
};

/* The saga of that name, or NULL. */
const struct entry *saga_find(const struct saga_hub *hub, const char *name);

/* Takes one that is due and runs it until it ends, waits or is to stop; `look` says whether there
 * was one, and if not, when there will be. Errors: those of the store while taking; what fails
 * later is noted in the saga. */
ash_status saga_advance(struct saga_hub *hub, struct workers_look *look,
			struct fault *fault) ASH_MUST_CHECK;

/* Attempts that a step has. */
int64_t saga_attempts_of(const ash_saga_retry *retry);

/* ---- measure.c ---- */

/* Makes the series, and has the gauges asked for when the metrics are written. */
ash_status saga_init_series(struct saga_hub *hub, struct metrics *metrics,
			    struct fault *fault) ASH_MUST_CHECK;

/* Counts a saga that has come to this state, where it is an end. */
void saga_count_end(struct saga_hub *hub, enum saga_state state);

/* ---- work.c ---- */

/* Makes the workers, which saga_hub_start() starts. */
void saga_init_workers(struct saga_hub *hub);

/* There is a saga to run: wakes a worker that idles, of this process or another. */
void saga_more(struct saga_hub *hub);

/* ---- tables.c ---- */

/* Where a saga is to stand. */
struct move {
	enum saga_state state;
	int64_t step, attempts;
	bool parked;
	bool keeps;          /* the lease: the same worker goes on */
	int64_t due_at;      /* microseconds since 1970 */
	ash_status status;   /* why; ASH_OK: nothing failed */
	const char *message; /* NULL: none */
	bool turns;          /* the message is why it is undone from here on */
};

/* What is now, by the application's clock, in microseconds since 1970. */
int64_t saga_now(const struct saga_hub *hub);
/* Opens a transaction of the tables' module. Ended by store_commit() and store_release(). */
ash_status saga_begin(struct saga_hub *hub, enum store_intent intent, struct store_session **out,
		      struct fault *fault) ASH_MUST_CHECK;

/* Spells the statements of saga_take(), once: sagas of modules that run in other processes are
 * theirs. Errors: ASH_RESOURCE_EXHAUSTED. */
ash_status saga_spell(struct saga_hub *hub, struct fault *fault) ASH_MUST_CHECK;

/* Takes what is due first, raises its fence and counts the attempt. Where nothing is, `look->next`
 * is when something will be, if that is soon. */
ash_status saga_take(struct saga_hub *hub, struct arena *arena, struct taken *out,
		     struct workers_look *look, struct fault *fault) ASH_MUST_CHECK;

/* Moves it, in the open transaction of `session`, whoever speaks in it. ASH_ABORTED: another has
 * taken it. `*canceled` says whether somebody asked for its end by now. */
ash_status saga_move_in(struct saga_hub *hub, struct store_session *session,
			const struct taken *taken, const struct move *move, bool *canceled,
			struct fault *fault) ASH_MUST_CHECK;

/* The same in a transaction of its own; `taken` then is as the tables are. */
ash_status saga_move(struct saga_hub *hub, struct taken *taken, const struct move *move,
		     struct fault *fault) ASH_MUST_CHECK;

/* Records the step `taken->step` with what it kept, in the open transaction. */
ash_status saga_record_in(struct saga_hub *hub, struct store_session *session,
			  const struct taken *taken, const char *step, struct str kept,
			  struct fault *fault) ASH_MUST_CHECK;

/* Records that the step before `taken->step` is undone, in the open transaction. */
ash_status saga_record_undo_in(struct saga_hub *hub, struct store_session *session,
			       const struct taken *taken, struct fault *fault) ASH_MUST_CHECK;

/* Reads what the steps kept into `taken`, unless it is known. */
ash_status saga_read_kept(struct saga_hub *hub, struct taken *taken,
			  struct fault *fault) ASH_MUST_CHECK;

/* Lengthens the lease. */
ash_status saga_beat(struct saga_hub *hub, const char *name, const char *id, int64_t fence,
		     struct fault *fault) ASH_MUST_CHECK;

#endif
