/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_CALL_H
#define PORT_CALL_H

#include <ashlar/call.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "port/metadata.h"
#include "port/registry.h"
#include "store/store.h"
#include "telemetry/log.h"
#include "port/underway.h"
#include "telemetry/span.h"

/* What a call lives in: one request, delivery or tick, and below it the calls of ports, one
 * within the other, all on one thread. */

/* Calls within one another: a chain that is longer calls itself. */
#define CALL_DEPTH_LIMIT 64

/* Bytes of an idempotency key, with its NUL. */
#define CALL_KEY_SIZE 288

/* What keys begin with that the runtime makes: for an event, a tick or a step. Nobody who sends a
 * request over a route, or to an open port, may send such a one, and so have it taken for done
 * before it is. */
#define CALL_OWN_KEY "ashlar/"

/* No deadline. */
#define CALL_NO_DEADLINE STORE_NO_DEADLINE

struct event_hub;
struct saga_hub;

/* What all calls of an application share. */
struct environment {
	const struct registry *registry;
	struct store *store; /* NULL: no module keeps data */
	struct recorder *recorder;
	const struct logger *logger;
	const struct clock *clock;
	struct underway *underway; /* NULL: nobody asks what runs */
	struct event_hub *events;  /* NULL: nothing can be published */
	/* Called after a transaction in which something was published was committed, with who hears
	 * of it. */
	void (*published)(struct event_hub *events, uint64_t topics);
	struct saga_hub *sagas; /* NULL: none can be started */
	/* Called after a transaction in which a saga was started was committed. */
	void (*saga_started)(struct saga_hub *sagas);
};

/* A transaction in which several deliveries have a part each, one after the other, behind
 * savepoints. Whoever lends it to their requests ends it. */
struct shared_transaction {
	struct store_session *session; /* NULL: none of them has opened it yet */
	uint64_t asked_at; /* of clock->monotonic(): when the last request asked for its part */
	/* Called where it is open and a request, before its part, is about to do what may wait:
	 * ends it. */
	void (*part)(struct shared_transaction *shared);
};

/* What the calls of one request share. */
struct request {
	const struct environment *environment;
	struct arena arena;
	uint64_t deadline;          /* of clock->monotonic(), or CALL_NO_DEADLINE */
	struct trace_context trace; /* its span is the caller's; after the first call, that one */
	struct str trace_state;     /* that came with it, for the next; in the arena, or empty */
	struct fault fault;         /* told last */
	struct store_session *session; /* while a transaction is open */
	/* A delivery's: called right after its transaction was opened, by the handler's ASH_TX or
	 * when it returned without one. Whoever made the request commits: request_commit(). */
	ash_status (*opened)(struct request *request, void *context);
	/* The same, right before it is committed. Either may be NULL. */
	ash_status (*closing)(struct request *request, void *context);
	struct shared_transaction *shared; /* of the delivery; NULL: it has one of its own */
	void *context;
	bool holds;  /* the transaction is the delivery's: commits inside of it wait for its end */
	bool spoilt; /* a part of the transaction was taken back: the rest must be, too */
	uint64_t published; /* topics of who hears of it, in the open transaction; 0: nothing */
	bool saga_started;  /* in it, too */
	bool gave_up;       /* ash_give_up() was called */
	bool lost;          /* a delivery's: another process has taken it */
	bool worker;        /* a worker of few runs it, and no caller waits for its answer */
	bool shadow;        /* nobody waits for it: it is made to be compared with another */
	unsigned depth;
	/* Of the request's first call: what came is there before it, what it answers after. May be
	 * NULL; in the request's arena. */
	struct call_metadata *metadata;
	struct underway_slot *slot;      /* or NULL */
	char trace_id[TRACE_ID_HEX + 1]; /* as text, once it was asked for */
	char idempotency_key[CALL_KEY_SIZE];
};

/* The outcome of a transaction's begin, for the call that began it. */
struct ash_tx {
	struct request *request;
	ash_call *call;        /* NULL: there is none */
	struct ash_rows *rows; /* that were opened in it */
	unsigned before;       /* the module that spoke before a joined part */
	bool joined;           /* the transaction is another's; that one commits */
	bool wrote;            /* a statement ran in this part */
};

/* The lists of one call, made when the first of them is used. */
struct call_metadata {
	struct metadata lists[ASH_METADATA_TRAILED + 1];
};

struct ash_call {
	struct request *request;
	const struct member *member; /* whose handler runs */
	const ash_call *caller;      /* NULL: the first call of the request */
	const char *origin;          /* name of a caller that is not in this process, or "" */
	uint64_t span;
	uint64_t parent;                /* of the span */
	struct call_metadata *metadata; /* NULL: none */
	struct ash_tx tx;
	bool reads; /* the method has no side effects: its transaction only reads */
	bool joins; /* the request's first, or, by methods that join alone, within that one */
};

/* A span inside of a call: of a statement, of an event that is published. */
struct call_span {
	uint64_t id; /* 0: the request is not sampled */
	uint64_t started;
};

/* Begins one; costs next to nothing when the request is not sampled. */
struct call_span call_span_begin(const ash_call *call);

/* Ends and records it. `name` lives as long as the application; `detail`, which is copied, says
 * what was done, or why it failed; or NULL. */
void call_span_end(const ash_call *call, const struct call_span *span, enum span_kind kind,
		   const char *name, ash_status status, const char *detail);

/* Begins a request: zeroes the struct but keeps the arena's memory. `trace` is the caller's, or
 * NULL: a new one, sampled or not as the recorder decides. */
void request_begin(struct request *request, const struct environment *environment,
		   uint64_t deadline, const struct trace_context *trace);

/* Of a request that came at `arrived`, of clock->monotonic(), and may have waited for a thread:
 * ASH_DEADLINE_EXCEEDED, told, when its time is over and nothing is to be done for it. */
ash_status request_check_wait(struct request *request, uint64_t arrived) must_check;

/* Ends it: rolls back what is open, frees the arena. */
void request_end(struct request *request);

/* Commits the transaction of a delivery (see `opened`), opening it first where the handler did
 * not; of a shared one it keeps the part, and who lent it looks at `published` and `saga_started`
 * when it has committed. Errors: those of ash_begin() and ash_commit(); told in request->fault. */
ash_status request_commit(struct request *request, const struct member *member) must_check;

/* Takes back what is open: the transaction, or its part of one that it shares; a shared one whose
 * part cannot be taken back cannot be committed either. */
void request_rollback(struct request *request);

/* Calls a method of a port from outside: over HTTP, from a test. `origin` names the caller.
 * Errors: as ash_call_port(); told in request->fault. */
ash_status request_call(struct request *request, const char *origin, const struct binding *binding,
			uint16_t method, const void *in, void *out) must_check;

/* Runs a handler that is no port's: of an event or a schedule. `name` is the span's. */
ash_status request_run(struct request *request, const struct member *member, const char *origin,
		       enum span_kind kind, const char *name,
		       ash_status (*handler)(void *context, ash_call *call),
		       void *context) must_check;

/* ---- what a port_invoke is made of that makes several attempts of one call ---- */

/* Makes an attempt of the call by `binding`, the one inside of the call's own, until `deadline` (as
 * a request's). What a handler left open is ended, and what an earlier attempt answered beside its
 * reply is forgotten; `out` must be empty again. Errors: as ash_call_port(), told in the
 * request's fault. */
ash_status call_attempt(ash_call *call, const struct binding *binding, uint16_t method,
			uint64_t deadline, const void *in, void *out) must_check;

/* Calls a method of another port in place of the call: for the same caller, with the same key and
 * metadata, answering to whom the call would. Whether the caller may is not asked. Errors: as
 * ash_call_port(), told in the request's fault. */
ash_status call_instead(ash_call *call, const struct binding *binding, uint16_t method,
			const void *in, void *out) must_check;

#endif
