/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "base/text.h"
#include "port/call.h"

/* Events: published into the outbox in the publisher's transaction, delivered to each subscriber in
 * its own. What is committed is delivered; an effect happens once; events of one key are handled in
 * the order in which they were committed (docs/internals/event.md).
 *
 * The tables are those of a module of the runtime's own, "ashlar_event", whose role no other
 * module has. */

/* An event's payload, in bytes, and its key. */
#define EVENT_PAYLOAD_LIMIT ((size_t)1 << 20)
#define EVENT_KEY_LIMIT     255

/* Dead letters, keys, or choreographies of one kind, of one listing. */
#define EVENT_LIST_LIMIT 1000

struct event_options {
	unsigned workers;  /* threads that deliver; 0: 2 */
	unsigned batch;    /* deliveries that a worker takes at once, at most; 0: 256 */
	unsigned attempts; /* before an event is a dead letter; 0: 8 */
	unsigned lease_ms; /* after which what a dead process had taken is free again; 0: 15,000 */
	unsigned retry_ms; /* least wait before a second attempt, doubled each time, with full
			       * jitter; 0: 200 */
	unsigned retry_most_ms; /* most wait; 0: 300,000 */
	unsigned handler_ms;    /* a handler's deadline; 0: 60,000 */
	unsigned poll_ms;       /* how often the outbox is looked at when nobody wakes it; 0: 200 */
	unsigned keep_days;     /* how long handled events stay, to be replayed; 0: 7 */
	unsigned dead_days;     /* how long dead letters stay; 0: until they are dealt with */
	unsigned sweep_batch;   /* old events that one transaction takes away; 0: 1,000 */
	bool block_keys;        /* a dead letter holds back the later events of its key */
};

struct event_hub;

/* What the store must know of the tables: to be the last of its modules. */
struct store_module event_store_module(void);

/* Finds who subscribes to what. `environment` must have its registry, and its store with
 * event_store_module() as the module after the registry's; it is given the hub, so that
 * ash_publish() works. Errors: ASH_RESOURCE_EXHAUSTED. */
ash_status event_hub_new(struct environment *environment, const struct event_options *options,
			 struct metrics *metrics, struct event_hub **out,
			 struct fault *fault) ASH_MUST_CHECK;

/* Stops, and frees. Takes NULL. */
void event_hub_free(struct event_hub *hub);

/* Starts the workers, which deliver until event_hub_stop(). Errors: ASH_RESOURCE_EXHAUSTED. */
ash_status event_hub_start(struct event_hub *hub, struct fault *fault) ASH_MUST_CHECK;

/* Takes nothing new, and waits for what is being handled. */
void event_hub_stop(struct event_hub *hub);

/* Lets the workers look at once: something was published, maybe by another process. */
void event_hub_wake(struct event_hub *hub);

/* Delivers what is due, on this thread, until nothing is; for tests, and for a host without
 * workers. Returns how many handlers ran. Errors: those of the store. */
ash_status event_hub_drain(struct event_hub *hub, size_t *handled,
			   struct fault *fault) ASH_MUST_CHECK;

/* ---- dead letters ---- */

/* What to list, requeue or discard; NULL and 0 are any. */
struct dead_filter {
	int64_t id;             /* of the event */
	const char *subscriber; /* a module's name */
	const char *event;      /* "orders.v1.OrderPlaced" */
	const char *status;     /* "not_found" */
	int64_t since;          /* died at or after, in microseconds since 1970 */
	/* For paging: what comes behind this id, or behind this subscriber's letter of it. */
	int64_t after;
	const char *after_subscriber;
	size_t most; /* listed: 0: EVENT_LIST_LIMIT, which is the most; changed: 0: all */
};

struct dead_letter {
	int64_t id;
	const char *subscriber;
	const char *publisher;
	const char *event;
	const char *key; /* "" without one */
	const char *status;
	const char *message; /* of the last failure */
	const char *trace;   /* of the request that published it */
	int64_t attempts;
	int64_t published_at; /* microseconds since 1970 */
	int64_t died_at;
	struct str payload;    /* as it was published */
	const ash_event *type; /* NULL: no module of the application publishes it any more */
};

/* Calls `each` for each dead letter, by id and subscriber; what it is given lasts until it returns;
 * stops when it returns false. `*more` is true where others come behind the last that fitted; the
 * pointer may be NULL. Errors: those of the store. */
ash_status event_dead_list(struct event_hub *hub, const struct dead_filter *filter,
			   bool (*each)(void *context, const struct dead_letter *letter),
			   void *context, bool *more, struct fault *fault) ASH_MUST_CHECK;

/* A key whose events a dead letter holds back from a subscriber, where `block_keys` says so. */
struct blocked_key {
	const char *subscriber;
	const char *key;
	int64_t id;      /* of the oldest dead letter */
	int64_t waiting; /* events that wait behind it */
};

/* Which of them to list; NULL and 0 are any. */
struct blocked_filter {
	const char *subscriber;
	const char *after_subscriber, *after_key; /* behind this one, for paging; both or none */
	size_t most;                              /* 0: EVENT_LIST_LIMIT, which is the most */
};

/* Calls `each` for each, by subscriber and key; otherwise as event_dead_list(). */
ash_status event_blocked_list(struct event_hub *hub, const struct blocked_filter *filter,
			      bool (*each)(void *context, const struct blocked_key *blocked),
			      void *context, bool *more, struct fault *fault) ASH_MUST_CHECK;

/* How many there are. */
ash_status event_dead_count(struct event_hub *hub, const struct dead_filter *filter, int64_t *out,
			    struct fault *fault) ASH_MUST_CHECK;

/* Gives them to their subscribers again, with all attempts before them, in one transaction.
 * Their way back is kept: they may die again. */
ash_status event_dead_requeue(struct event_hub *hub, const struct dead_filter *filter, int64_t *out,
			      struct fault *fault) ASH_MUST_CHECK;

/* Takes them away for good. */
ash_status event_dead_discard(struct event_hub *hub, const struct dead_filter *filter, int64_t *out,
			      struct fault *fault) ASH_MUST_CHECK;

/* ---- replay ---- */

/* Delivers again, to one subscriber, the events (of one type, or NULL: all that it subscribes to)
 * that were published at or after `since` and are still kept. Errors: ASH_NOT_FOUND (the module
 * subscribes to no such event), and those of the store. */
ash_status event_replay(struct event_hub *hub, const char *subscriber, const char *event,
			int64_t since, int64_t *out, struct fault *fault) ASH_MUST_CHECK;

/* Takes away handled events, and dead letters, that are older than they are kept, so many a
 * transaction. Begins none after `until`, by clock_monotonic(), but the first; `*more`: there may
 * be more, and the next call goes on there. `*out` counts events. On one thread at a time. The
 * workers do it once an hour. Errors: those of the store. */
ash_status event_sweep(struct event_hub *hub, uint64_t until, int64_t *out, bool *more,
		       struct fault *fault) ASH_MUST_CHECK;

/* ---- choreographies that stand still ---- */

/* Why the next event of one has not come: what became of the last one's delivery to `actor`. */
enum stuck_why {
	STUCK_SILENT,   /* it was handled, and nothing was published that follows */
	STUCK_WAITING,  /* it waits: no worker of the module runs, or it is far behind */
	STUCK_HANDLING, /* it is being handled */
	STUCK_FAILING,  /* it failed, and will be tried again */
	STUCK_DEAD,     /* it is a dead letter */
	STUCK_LOST,     /* it was never given to the actor, or was discarded */
};

/* One that was begun, has not ended, and whose deadline has passed. */
struct stuck_flow {
	const char *choreography;     /* "orders.order" */
	const char *module;           /* that declares it */
	const char *key;              /* of its events */
	const char *event;            /* the last one that came */
	const char *next;             /* one that could have followed */
	const char *actor;            /* the module that publishes it, and should have acted */
	const char *trace;            /* of the last event */
	const char *status, *message; /* of the actor's last failure; "" without one */
	enum stuck_why why;
	int64_t event_id;
	int64_t attempts;
	int64_t started_at, at; /* of the first and the last event, microseconds since 1970 */
};

/* What to list; NULL and 0 are any. */
struct stuck_filter {
	const char *choreography;
	const char *module; /* that declares it */
	int64_t since;      /* begun at or after, microseconds since 1970 */
};

/* Calls `each` for each, by choreography and age, at most EVENT_LIST_LIMIT of a choreography; what
 * it is given lasts until it returns; stops when it returns false. Errors: those of the store. */
ash_status event_stuck_list(struct event_hub *hub, const struct stuck_filter *filter,
			    bool (*each)(void *context, const struct stuck_flow *stuck),
			    void *context, struct fault *fault) ASH_MUST_CHECK;

/* Whether a module of this process declares one. */
bool event_has_choreographies(const struct event_hub *hub);

/* ---- looking, for tests ---- */

/* An event as it was published. */
struct published {
	int64_t id;
	const char *publisher;
	const char *event;
	const char *key;   /* "" without one */
	const char *trace; /* of the request that published it, as a traceparent */
	struct str payload;
	const ash_event *type; /* NULL: no module of the application publishes it any more */
};

/* Calls `each` for each event that is kept, from the one after `after` on, by id; what it is given
 * lasts until it returns; stops when it returns false. Errors: those of the store. */
ash_status event_each_published(struct event_hub *hub, int64_t after,
				bool (*each)(void *context, const struct published *published),
				void *context, struct fault *fault) ASH_MUST_CHECK;

/* When the next delivery after `after` is due, in microseconds since 1970; INT64_MAX: none waits.
 * Errors: those of the store. */
ash_status event_next_due(struct event_hub *hub, int64_t after, int64_t *out,
			  struct fault *fault) ASH_MUST_CHECK;

/* An event as a CloudEvent in JSON (CloudEvents 1.0.2): how it leaves. `type` may be NULL: the
 * payload is then base64. Errors: those of message_to_json(). */
ash_status event_write_cloud(const struct dead_letter *letter, const char *source, struct text *out,
			     struct fault *fault) ASH_MUST_CHECK;

#endif
