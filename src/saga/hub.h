/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAGA_HUB_H
#define SAGA_HUB_H

#include <pthread.h>
#include <stdatomic.h>

#include "saga/saga.h"

/* Private to this folder. */

/* Threads that run steps. */
#define SAGA_WORKER_LIMIT 64

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
	struct str input;
	int64_t fence;
	int64_t version;
	int64_t hash;
	enum saga_state state;
	int64_t step;
	int64_t attempts;    /* this one is counted */
	int64_t deadline_at; /* INT64_MAX: none */
	bool canceled;
	struct taken *next; /* of those under a lease */
};

struct saga_hub {
	struct environment *environment;
	struct saga_options options;
	unsigned module;
	struct entry *entries;
	size_t entry_count;
	struct map by_name; /* to the index of an entry */
	struct arena arena;
	struct series *steps, *failures;             /* counters */
	struct series *unfinished, *parked, *oldest; /* gauges */

	pthread_mutex_t lock;
	pthread_cond_t wake, rest;
	uint64_t wakes;          /* under the lock */
	unsigned idle;           /* under the lock */
	struct store_bell *bell; /* under the lock; NULL: none yet */
	bool stopping, beating;  /* under the lock */
	bool running;
	_Atomic bool stop;
	struct taken *held; /* under the lock: what is being run, for the heartbeat */
	pthread_t workers[SAGA_WORKER_LIMIT], heart;
	unsigned worker_count;
};

/* The saga of that name, or NULL. */
const struct entry *saga_find(const struct saga_hub *hub, const char *name);

/* Takes one that is due and runs it until it ends, waits or is to stop. `*found`: there was one.
 * Errors: those of the store while taking; what fails later is noted in the saga. */
ash_status saga_advance(struct saga_hub *hub, bool *found, struct fault *fault) ASH_MUST_CHECK;

/* There is a saga to run: wakes a worker that idles, of this process or another. */
void saga_more(struct saga_hub *hub);

/* Begins and ends the heartbeat's care for what a worker has. */
void saga_hold(struct saga_hub *hub, struct taken *taken);
void saga_let_go(struct saga_hub *hub, const struct taken *taken);

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
};

/* What is now, by the application's clock, in microseconds since 1970. */
int64_t saga_now(const struct saga_hub *hub);
/* store_release() for _cleanup_. */
void saga_session_releasep(struct store_session **session);
/* Opens a transaction of the tables' module. Ended by store_commit() and store_release(). */
ash_status saga_begin(struct saga_hub *hub, enum store_intent intent, struct store_session **out,
		      struct fault *fault) ASH_MUST_CHECK;

/* Takes what is due first, raises its fence and counts the attempt. */
ash_status saga_take(struct saga_hub *hub, struct arena *arena, struct taken *out, bool *found,
		     struct fault *fault) ASH_MUST_CHECK;

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

/* Reads what the first `count` steps kept into `kept`, their bytes into `arena`; what is not
 * recorded, or kept nothing, stays as it was. */
ash_status saga_read_kept(struct saga_hub *hub, const struct taken *taken, struct arena *arena,
			  struct str *kept, size_t count, struct fault *fault) ASH_MUST_CHECK;

/* Lengthens the lease. */
ash_status saga_beat(struct saga_hub *hub, const char *name, const char *id, int64_t fence,
		     struct fault *fault) ASH_MUST_CHECK;

#define SAGA_EXEC(session, affected, fault, sql, ...)                                              \
	store_exec((session), (sql), (const ash_value[]){__VA_ARGS__},                             \
		   sizeof((const ash_value[]){__VA_ARGS__}) / sizeof(ash_value), (affected),       \
		   (fault))
#define SAGA_QUERY(session, out, fault, sql, ...)                                                  \
	store_query((session), (sql), (const ash_value[]){__VA_ARGS__},                            \
		    sizeof((const ash_value[]){__VA_ARGS__}) / sizeof(ash_value), (out), (fault))

#endif
