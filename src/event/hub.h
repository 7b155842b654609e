/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_HUB_H
#define EVENT_HUB_H

#include <pthread.h>
#include <stdatomic.h>

#include "event/event.h"

/* Threads that deliver. */
#define EVENT_WORKER_LIMIT 64

/* A subscriber of an event. */
struct subscription {
	const struct member *member;
	const ash_subscribes *subscribes;
	uint32_t next; /* the event's next subscription, from 1; 0: none */
};

struct event_hub {
	struct environment *environment;
	struct event_options options;
	unsigned module; /* the store's index of the tables' module */
	struct subscription *subscriptions;
	size_t subscription_count;
	struct map first;      /* from an event's name to its first subscription + 1 */
	struct map publishers; /* from an event's name to the index of its publisher */
	struct arena arena;
	struct series *published, *delivered, *retried, *died; /* counters */
	struct series *waiting, *dead, *lag;                   /* gauges */

	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_cond_t rest;     /* of the heartbeat */
	uint64_t wakes;          /* under the lock: counts what there was to wake for */
	unsigned idle;           /* under the lock: workers that wait */
	struct store_bell *bell; /* under the lock; NULL: none yet */
	bool stopping;           /* under the lock */
	bool beating;            /* under the lock: the heartbeat goes on */
	bool running;
	_Atomic bool stop;     /* the same, for workers in the middle of a batch */
	_Atomic unsigned size; /* of the next batch: as many as are handled in a short time */
	pthread_t workers[EVENT_WORKER_LIMIT], heart;
	unsigned worker_count;
	struct lease *leases;     /* under the lock: what is being handled, for the heartbeat */
	_Atomic int64_t swept_at; /* microseconds since 1970 */
};

/* A batch that a worker has taken. */
struct lease {
	int64_t token;
	struct lease *next;
};

/* One delivery as it was taken. Texts and payload live in an arena. */
struct delivery {
	int64_t id;
	int64_t token; /* of the lease */
	int64_t fence;
	int64_t attempts; /* this one is counted */
	const char *subscriber;
	const char *event;
	const char *trace;
	struct str payload;
	bool handled; /* its handler is done and had no transaction: to be completed */
};

/* Takes a batch (of what was never tried, or, `again`, of what was) and delivers it. `*handled`
 * grows by what was tried. Errors: those of the store. */
ash_status hub_deliver(struct event_hub *hub, bool again, size_t *handled,
		       struct fault *fault) ASH_MUST_CHECK;

/* There is something to deliver: wakes one worker that idles, of this process or another. */
void hub_more(struct event_hub *hub);

/* ---- tables.c, take.c: the tables, one function a step; each in a transaction of its own unless
 * it says otherwise ---- */

/* Takes what is due, for the lease's time, and counts the attempt: at most `most` of what was never
 * tried, or, `again`, fewer of what was. `*out` lives in `arena`, in the order of ids and, within
 * one, of subscribers. */
ash_status delivery_take(struct event_hub *hub, int64_t token, bool again, size_t most,
			 struct arena *arena, struct delivery **out, size_t *count,
			 struct fault *fault) ASH_MUST_CHECK;

/* How many of those that were tried `attempts` times may be taken at once: the more often, the
 * fewer, and the last attempt is made alone, so that one that ends its process each time does not
 * take others along to the dead letters. */
size_t hub_retry_batch(const struct event_options *options, int64_t attempts);

/* Takes deliveries away whose handlers had no transaction, and notes them in the inbox: all of the
 * lease up to `last`, which are `count`. ASH_ABORTED: one is another's by now; nothing is done. */
ash_status delivery_complete_all(struct event_hub *hub, const struct delivery *last, size_t count,
				 struct fault *fault) ASH_MUST_CHECK;

/* In the transaction of the subscriber, as its last step: takes the delivery away and notes it in
 * the inbox. ASH_ABORTED: the lease was lost, and another has it. */
ash_status delivery_complete(struct event_hub *hub, struct request *request,
			     const struct delivery *delivery) ASH_MUST_CHECK;

/* After a failure: due again after a wait, or dead. `*died` says which. ASH_ABORTED: the lease was
 * lost. */
ash_status delivery_fail(struct event_hub *hub, const struct delivery *delivery, ash_status why,
			 const char *message, bool for_good, bool *died,
			 struct fault *fault) ASH_MUST_CHECK;

/* After an outage of the store: due again after a wait, and the attempt does not count.
 * ASH_ABORTED: the lease was lost. */
ash_status delivery_postpone(struct event_hub *hub, const struct delivery *delivery,
			     const struct fault *why, struct fault *fault) ASH_MUST_CHECK;

/* Gives back what was taken and not tried. */
ash_status delivery_give_back(struct event_hub *hub, int64_t token,
			      struct fault *fault) ASH_MUST_CHECK;

/* Lengthens the lease of a batch. */
ash_status delivery_beat(struct event_hub *hub, int64_t token, struct fault *fault) ASH_MUST_CHECK;

/* Frees what was leased longer ago than a lease lasts; dead where that was the last attempt. */
ash_status delivery_rescue(struct event_hub *hub, int64_t *died,
			   struct fault *fault) ASH_MUST_CHECK;

/* How many wait, how many are dead, and for how long the oldest that is due has waited, in
 * microseconds. */
ash_status delivery_measure(struct event_hub *hub, int64_t *waiting, int64_t *dead, int64_t *lag,
			    struct fault *fault) ASH_MUST_CHECK;

/* What is now, and what is then, by the application's clock. */
int64_t hub_now(const struct event_hub *hub);
ash_value hub_later(const struct event_hub *hub, int64_t microseconds);

/* Whether the store is PostgreSQL: then the tables' SQL may be PostgreSQL's own. */
bool hub_on_postgresql(const struct event_hub *hub);

/* Opens a transaction of the tables' module. Ended by store_commit() and store_release(). */
ash_status hub_begin(struct event_hub *hub, enum store_intent intent, struct store_session **out,
		     struct fault *fault) ASH_MUST_CHECK;

/* store_release() for _cleanup_. */
void hub_session_releasep(struct store_session **session);

/* Runs the statement; `values` is a brace list. */
#define HUB_EXEC(session, affected, fault, sql, ...)                                               \
	store_exec((session), (sql), (const ash_value[]){__VA_ARGS__},                             \
		   sizeof((const ash_value[]){__VA_ARGS__}) / sizeof(ash_value), (affected),       \
		   (fault))
#define HUB_QUERY(session, out, fault, sql, ...)                                                   \
	store_query((session), (sql), (const ash_value[]){__VA_ARGS__},                            \
		    sizeof((const ash_value[]){__VA_ARGS__}) / sizeof(ash_value), (out), (fault))

/* The type of an event that a module of the application publishes, or NULL. */
const ash_event *hub_type(const struct event_hub *hub, const char *event);

/* A wait before attempt `attempts` + 1, in microseconds: full jitter (Brooker, "Exponential Backoff
 * and Jitter", 2015). */
int64_t hub_backoff(const struct event_options *options, int64_t attempts);

#endif
