/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_POLICY_H
#define RESILIENCE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "resilience/breaker.h"
#include "resilience/bulkhead.h"
#include "resilience/limiter.h"
#include "resilience/retry.h"

/* What stands between a caller and one method of a port, from the outside in: fallback, retry,
 * circuit breaker, rate limit, time-out, bulkhead. Each is left out unless it is set. A call is a
 * function, so this knows neither ports nor wires. Any thread; while all goes well a call takes no
 * lock and no memory. */

/* No deadline, and no time-out's. */
#define POLICY_NO_DEADLINE UINT64_MAX

/* A set of statuses, a bit each. */
#define POLICY_STATUS(status) ((uint32_t)1 << (status))

/* What speaks against who is called. The rest is an answer, and to the breaker a success; so is
 * NOT_FOUND. CANCELED is neither: it is the caller who went. */
#define POLICY_FAILURES                                                                            \
	(POLICY_STATUS(ASH_UNKNOWN) | POLICY_STATUS(ASH_DEADLINE_EXCEEDED) |                       \
	 POLICY_STATUS(ASH_RESOURCE_EXHAUSTED) | POLICY_STATUS(ASH_INTERNAL) |                     \
	 POLICY_STATUS(ASH_UNAVAILABLE) | POLICY_STATUS(ASH_DATA_LOSS))
#define POLICY_IGNORED POLICY_STATUS(ASH_CANCELED)

/* What may end otherwise the next time: nobody was there (UNAVAILABLE); the attempt took too long,
 * while the request still has time (DEADLINE_EXCEEDED); a transaction lost against another
 * (ABORTED). RESOURCE_EXHAUSTED may be added, where who is called means "not right now" by it. */
#define POLICY_RETRIED                                                                             \
	(POLICY_STATUS(ASH_UNAVAILABLE) | POLICY_STATUS(ASH_DEADLINE_EXCEEDED) |                   \
	 POLICY_STATUS(ASH_ABORTED))

struct policy_settings {
	const char *name;     /* of the method, for what is said to people; lasts as long as it */
	uint64_t timeout;     /* an attempt's, in nanoseconds; 0: none but the request's */
	uint32_t failures;    /* statuses that the breaker counts, and that fall back */
	uint32_t ignored;     /* neither failure nor success to the breaker */
	uint32_t retried;     /* statuses after which it is tried again */
	uint32_t retry_share; /* the budget's; see struct retry_budget */
	uint32_t retry_least;
	struct retry_settings retry; /* 1 attempt: none is tried again */
	bool breaks;                 /* whether there is a breaker */
	struct breaker_settings breaker;
	uint64_t limit; /* calls a `limit_period`; 0: no limit */
	uint64_t limit_period;
	uint64_t limit_burst;
	uint64_t limit_wait; /* the longest that a call waits for its time */
	uint32_t places;     /* calls at once; 0: no bulkhead */
	uint32_t queue;      /* that wait for a place */
	uint64_t queue_wait; /* and how long, at most */
};

/* No strategy is set; the others' defaults are, for who sets them. */
extern const struct policy_settings policy_defaults;

/* How a call waits, so that a server may know that its thread blocks, and a test may turn the
 * clock. Both may be called by any thread. */
struct policy_waiter {
	/* Lets so many nanoseconds pass. */
	void (*pause)(const struct policy_waiter *waiter, uint64_t nanoseconds);
	/* As bulkhead_enter(), of a bulkhead that was full a moment ago. */
	bool (*enter)(const struct policy_waiter *waiter, struct bulkhead *bulkhead,
		      uint64_t patience);
};

/* Sleeps, and says so to nobody. */
extern const struct policy_waiter policy_waiter_system;

/* What one attempt is told. */
struct policy_attempt {
	uint64_t deadline; /* the earlier one of the request's and its own; or POLICY_NO_DEADLINE */
	uint32_t number;   /* from 1 on; 0: it is the fallback's */
};

/* Makes the call; fills `fault` where it fails. It has to end by the deadline: nobody ends it. */
typedef ash_status (*policy_function)(void *context, const struct policy_attempt *attempt,
				      struct fault *fault);

/* The strategies that end a call before it is made, or keep it from being made again. */
enum policy_refusal {
	POLICY_BY_BREAKER,
	POLICY_BY_LIMITER,
	POLICY_BY_BULKHEAD,
	POLICY_BY_DEADLINE, /* it was over before the attempt began */
	POLICY_BY_BUDGET,   /* no more retries right now: the failure stands */
	POLICY_REFUSALS,
};

struct policy_call {
	const struct clock *clock; /* its coarse() is used where the policy may */
	const struct policy_waiter *waiter;
	uint64_t deadline; /* of the request, by the clock; or POLICY_NO_DEADLINE */
	bool repeatable;   /* the method is idempotent, or the call has an idempotency key */
	policy_function function;
	policy_function fallback; /* or NULL */
	/* Told of each refusal when it is made, after the fault was; or NULL. */
	void (*refused)(void *context, enum policy_refusal by);
	void *context;
};

/* How it stands, for metrics and for people. */
struct policy_view {
	struct breaker_view breaker; /* BREAKER_DISABLED, where there is none */
	uint32_t failure_rate;       /* basis points of the window's calls; 0 of none */
	uint32_t slow_rate;
	uint64_t open_until; /* by the clock; 0 in other states */
	uint32_t inside;     /* the bulkhead */
	uint32_t waiting;    /* for a place in it */
	uint32_t active;     /* calls under way, of which */
	uint32_t retrying;   /* are in another attempt */
	uint32_t retry_most; /* that may be, right now */
	uint64_t calls;      /* ever, as all below */
	uint64_t failed;     /* for whoever called: after retries and fallback */
	uint64_t retries;    /* attempts after the first */
	uint64_t timed_out;  /* attempts that answered DEADLINE_EXCEEDED */
	uint64_t fallbacks;  /* calls that the fallback took */
	uint64_t refused[POLICY_REFUSALS];
};

struct policy;

/* Why the settings cannot be: a text that lasts, or NULL. */
const char *policy_mistake(const struct policy_settings *settings);

/* The settings are good and are copied. NULL without memory. */
struct policy *policy_new(const struct policy_settings *settings);

/* Whether it reads the coarse clock where there is one: so it does where a tick more or less
 * decides nothing, as there is no rate limit, the breaker's window is not of seconds, and the
 * time-out, the breaker's waits and what it calls slow are 100 ms or longer. An attempt then has up
 * to a tick more than the time-out, never less. The request's deadline, and waits for a place or
 * before a retry, are judged by the exact clock all the same. */
bool policy_is_coarse(const struct policy *policy);

/* Takes NULL. No call may be under way. */
void policy_free(struct policy *policy);

/* Makes the call as the policy has it, and answers how it ended. What is not repeatable is neither
 * tried again nor given to the fallback once it was attempted: what failed may have been done.
 * Errors of its own: ASH_UNAVAILABLE (the circuit is open), ASH_RESOURCE_EXHAUSTED (rate limit,
 * bulkhead), ASH_DEADLINE_EXCEEDED (over before it began); none of them is tried again. */
ash_status policy_call(struct policy *policy, const struct policy_call *call,
		       struct fault *fault) must_check;

/* The state that the breaker was left in by the last call; costs next to nothing. */
enum breaker_state policy_state(const struct policy *policy);

/* Puts the breaker into a state by hand, as breaker_force() does, also where none is set. */
void policy_force(struct policy *policy, enum breaker_state state, uint64_t now);

/* Forgets what the breaker knows and what was forced: closed, or disabled where none is set. */
void policy_reset(struct policy *policy, uint64_t now);

/* How it stands at `now`. */
void policy_look(struct policy *policy, uint64_t now, struct policy_view *out);

/* "breaker", "limiter", "bulkhead", "deadline", "budget". */
const char *policy_refusal_name(enum policy_refusal refusal);

#endif
