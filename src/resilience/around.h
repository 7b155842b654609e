/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_AROUND_H
#define RESILIENCE_AROUND_H

#include "port/registry.h"
#include "resilience/policy.h"

/* Policies around a port, one a method, wherever it is bound: to handlers of this process or to
 * another process. Who calls does not see them. */

/* Calls that a strategy did not let through. */
struct around_refusals {
	_Atomic uint64_t count;   /* that the log was not told of yet */
	_Atomic uint64_t told_at; /* by the clock, when it was told last; 0: never */
};

struct around_method {
	struct policy *policy;          /* NULL: none, the call goes straight through */
	const struct binding *fallback; /* another port that answers in its place, or NULL */
	uint16_t fallback_method;       /* of that port, with the same messages */
	/* State of the breaker that was told of last; with AROUND_UNTOLD once refusals are not. */
	_Atomic uint32_t seen;
	struct around_refusals refusals[POLICY_REFUSALS];
};

#define AROUND_UNTOLD ((uint32_t)1 << 31)

/* How often the log is told of one kind of refusal of a method, at most, in nanoseconds. */
#define AROUND_TELLING ((uint64_t)10000000000)

/* Whoever binds it owns it and all that it points to, longer than any call. */
struct around {
	struct binding inside;              /* what the port was bound to before */
	const struct policy_waiter *waiter; /* how calls wait */
	struct around_method *methods;      /* one a method of the port */
};

/* Puts `around`, of which all but `inside` is set, around what the port is bound to. Before the
 * first call. */
void around_bind(struct around *around, struct binding *binding);

/* What the port is bound to inside of its policies: for callers that have been through such
 * policies in their own process. The binding itself, where there are none. */
const struct binding *around_inside(const struct binding *binding);

/* The `struct around` of the port; NULL where there is none. */
const struct around *around_of(const struct binding *binding);

/* A port_invoke: makes the call as the method's policy has it. It may be repeated where the method
 * is idempotent or the request has an idempotency key; never inside of an open transaction, which
 * an attempt that failed may have spoilt. Records spans: "policy retry" around each attempt after
 * the first, "policy fallback" around what answers instead, "policy refused" where a strategy
 * does not let it through. Lines of the log say when the circuit is in another state than at the
 * call before, when calls begin to be refused, and then how many were, every ten seconds; such a
 * failure is `told`, and `untried` where the breaker refused the first attempt. Takes no memory
 * while all goes well. Errors: those of the call and of policy_call(). */
ash_status around_invoke(const struct binding *binding, uint16_t method, ash_call *call,
			 const void *in, void *out) must_check;

#endif
