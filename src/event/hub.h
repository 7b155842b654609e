/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_HUB_H
#define EVENT_HUB_H

#include <stdatomic.h>

#include "event/event.h"
#include "worker/workers.h"

/* A subscriber of an event. */
struct subscription {
	const struct member *member;
	const ash_subscribes *subscribes;
	uint64_t topic;          /* of the subscriber, for rings */
	uint32_t next;           /* the event's next subscription, from 1; 0: none */
	_Atomic unsigned prompt; /* runs in a row that did nothing long before their transaction */
};

/* A choreography of a module of this process. */
struct watched {
	const ash_module *module;
	const ash_choreography *choreography;
	struct series *stuck; /* gauge */
};

struct event_hub {
	struct environment *environment;
	struct event_options options;
	unsigned module; /* the store's index of the tables' module */
	struct subscription *subscriptions;
	size_t subscription_count;
	struct map first;      /* from an event's name to its first subscription + 1 */
	struct map publishers; /* from an event's name to the index of its publisher */
	/* The statements that take what is due: what was never tried, and what was. */
	const char *peek[2], *take[2], *mark[2], *least[2];
	/* Where there are others: nothing that is due before it waits for a subscriber of this
	 * process; microseconds since 1970. And when it is looked for the next time. */
	_Atomic int64_t floor[2];
	_Atomic uint64_t floor_due[2];
	/* Of subscribers that run in this process, and of those that run in others alone. */
	uint64_t topics, others_topics;
	bool others; /* there are such ones */
	struct arena arena;
	struct series *published, *delivered, *retried, *died; /* counters */
	struct series *waiting, *dead, *lag;                   /* gauges */
	struct workers workers;
	_Atomic unsigned size;      /* of the next batch: as many as are handled in a short time */
	_Atomic uint64_t again_due; /* of clock_monotonic(): when workers look for what was tried */
	_Atomic uint64_t behind_wait; /* nanoseconds until what waits for its key is looked for */
	_Atomic int64_t swept_at;     /* microseconds, of work.c alone */
	int64_t swept_to;             /* id of the event that a sweep under way came to */
	int64_t watched_at;           /* the same; of the heart's thread */
	struct watched *watched;
	size_t watched_count;
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
	bool handled;          /* its handler is done and had no transaction: to be completed */
	struct delivery *next; /* of its group */
};

/* Takes a batch (of what was never tried, or, `again`, of what was) and delivers it. `*handled`
 * grows by what was tried; `look` says what else there is. Errors: those of the store. */
ash_status hub_deliver(struct event_hub *hub, bool again, size_t *handled,
		       struct workers_look *look, struct fault *fault) ASH_MUST_CHECK;

/* ---- stuck.c ---- */

/* How long ago flows were begun that the gauges count, beyond their deadline. */
#define STUCK_LOOK_BACK_S 86400

/* Finds the choreographies and makes their gauges. Errors: ASH_RESOURCE_EXHAUSTED. */
ash_status hub_init_watched(struct event_hub *hub, struct metrics *metrics,
			    struct fault *fault) ASH_MUST_CHECK;

/* Counts those that stand still into the gauges, and logs where they got more. Errors: those of the
 * store. */
ash_status hub_watch(struct event_hub *hub, struct fault *fault) ASH_MUST_CHECK;

/* ---- work.c ---- */

/* Makes the workers, which event_hub_start() starts. */
void hub_init_workers(struct event_hub *hub);

/* There is something to deliver to these subscribers: wakes one worker that idles, of this process
 * or another. */
void hub_more(struct event_hub *hub, uint64_t topics);

/* What failed is due again in so many microseconds: a worker looks then. */
void hub_due(struct event_hub *hub, int64_t microseconds);

/* ---- group.c ---- */

/* Deliveries of one worker that share a transaction, each behind a savepoint. Only on SQLite, which
 * has one writer at a time: elsewhere what one of them locks would keep others waiting for all. */
struct group {
	struct shared_transaction shared; /* open from the first handler's part on */
	struct event_hub *hub;
	struct delivery *members; /* what is done in it, the last first */
	struct delivery *failed;  /* what was, and is not: to be delivered alone */
	uint64_t published;       /* topics */
	bool saga_started;
};

/* An empty one. */
void group_init(struct group *group, struct event_hub *hub);

/* Whether the handler may run while the group's transaction is open, which keeps all others who
 * write waiting: by what it did before. */
bool group_takes(const struct subscription *subscription);

/* Notes how long a handler ran before its transaction, in nanoseconds. */
void group_learn(struct subscription *subscription, uint64_t before);

/* The delivery is done in the group's transaction, by `request`. */
void group_add(struct group *group, struct delivery *delivery, const struct request *request);

/* Commits what is open. Where that cannot be, all of it is taken back and `failed`. */
void group_end(struct group *group);

/* ---- tables.c, take.c: the tables, one function a step; each in a transaction of its own unless
 * it says otherwise ---- */

/* Spells the statements of delivery_take(), once: what subscribers of other processes wait for is
 * theirs. Errors: ASH_RESOURCE_EXHAUSTED. */
ash_status delivery_spell(struct event_hub *hub, struct fault *fault) ASH_MUST_CHECK;

/* Takes what is due, for the lease's time, and counts the attempt: at most `most` of what was never
 * tried, or, `again`, fewer of what was. `*out` lives in `arena`, in the order of ids and, within
 * one, of subscribers. `look` is told whether something waits for its key, and, `again`, when
 * something is due that is not yet. */
ash_status delivery_take(struct event_hub *hub, int64_t token, bool again, size_t most,
			 struct arena *arena, struct delivery **out, size_t *count,
			 struct workers_look *look, struct fault *fault) ASH_MUST_CHECK;

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

/* After an outage of the store: due again after a wait, and the attempt does not count. Where a
 * port was out of reach, half of the attempts at most are used up, and the wait is that of the last
 * one then. ASH_ABORTED: the lease was lost. */
ash_status delivery_postpone(struct event_hub *hub, const struct delivery *delivery,
			     const struct fault *why, struct fault *fault) ASH_MUST_CHECK;

/* Gives back what was taken and not tried. */
ash_status delivery_give_back(struct event_hub *hub, int64_t token,
			      struct fault *fault) ASH_MUST_CHECK;

/* Lengthens the lease of a batch. */
ash_status delivery_beat(struct event_hub *hub, int64_t token, struct fault *fault) ASH_MUST_CHECK;

/* Frees what was leased longer ago than a lease lasts; dead where that was the last attempt. */
ash_status delivery_rescue(struct event_hub *hub, int64_t *died, int64_t *freed,
			   struct fault *fault) ASH_MUST_CHECK;

/* How many wait, how many are dead, and for how long the oldest that is due has waited, in
 * microseconds. */
ash_status delivery_measure(struct event_hub *hub, int64_t *waiting, int64_t *dead, int64_t *lag,
			    struct fault *fault) ASH_MUST_CHECK;

/* What is now, and what is then, by the application's clock. */
int64_t hub_now(const struct event_hub *hub);
ash_value hub_later(const struct event_hub *hub, int64_t microseconds);

/* Nanoseconds by the same clock, to tell how long something took. */
uint64_t hub_ticks(const struct event_hub *hub);

/* Whether the store is PostgreSQL: then the tables' SQL may be PostgreSQL's own. */
bool hub_on_postgresql(const struct event_hub *hub);

/* Opens a transaction of the tables' module. Ended by store_commit() and store_release(). */
ash_status hub_begin(struct event_hub *hub, enum store_intent intent, struct store_session **out,
		     struct fault *fault) ASH_MUST_CHECK;

/* The type of an event that a module of the application publishes, or NULL. */
const ash_event *hub_type(const struct event_hub *hub, const char *event);

/* A wait before attempt `attempts` + 1, in microseconds, at least one: full jitter (Brooker,
 * "Exponential Backoff and Jitter", 2015). */
int64_t hub_backoff(const struct event_options *options, int64_t attempts);

#endif
