/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of strategies around a call. Knows no port, no wire, and no clock but the one it is
 * given.
 *
 * Invariant: what a strategy takes (a permit, a place, a share of the budget) it gives back before
 * the call ends, however that ends; and what may have been done is not done again unless the call
 * says that it may be. */
#include "resilience/policy.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "resilience/policy_state.h"

/* How an attempt ended. */
struct ended {
	ash_status status;
	bool attempted; /* the function was called, so that something may have been done */
};

/* One call on its way. */
struct passage {
	struct policy *policy;
	const struct policy_call *call;
	struct fault *fault;
	uint64_t now; /* when last asked */
};

static void count(struct policy *policy, int what)
{
	static _Atomic unsigned next;
	static _Thread_local unsigned mine;
	if (__builtin_expect(mine == 0, 0))
		mine = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % POLICY_CELLS + 1;
	atomic_fetch_add_explicit(&policy->cells[mine - 1].counts[what], 1, memory_order_relaxed);
}

static uint64_t now_of(struct passage *passage)
{
	passage->now = passage->call->clock->monotonic(passage->call->clock);
	return passage->now;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t left(const struct passage *passage, uint64_t deadline)
{
	return deadline > passage->now ? deadline - passage->now : 0;
}

static bool has(uint32_t statuses, ash_status status)
{
	return (unsigned)status < 32 && (statuses & POLICY_STATUS(status));
}

/* ---- refusals ---- */

static struct ended refuse(struct passage *passage, enum policy_refusal refusal)
{
	static const struct {
		ash_status status;
		const char *message;
	} REFUSALS[] = {
		[POLICY_BY_BREAKER] = {ASH_UNAVAILABLE,
				       "%s is not called: too many calls of it failed or were "
				       "slow, and its circuit breaker is open"},
		[POLICY_BY_LIMITER] = {ASH_RESOURCE_EXHAUSTED,
				       "%s is not called: its rate limit is reached"},
		[POLICY_BY_BULKHEAD] = {ASH_RESOURCE_EXHAUSTED,
					"%s is not called: as many calls of it are under way as "
					"its bulkhead has places, and no place became free"},
		[POLICY_BY_DEADLINE] = {ASH_DEADLINE_EXCEEDED,
					"%s is not called: the deadline is over"},
	};
	count(passage->policy, refusal);
	fault_set(passage->fault, REFUSALS[refusal].status, REFUSALS[refusal].message,
		  passage->policy->settings.name);
	return (struct ended){REFUSALS[refusal].status, false};
}

/* ---- the strategies, from the inside out ---- */

static bool enter(struct passage *passage, uint64_t deadline)
{
	struct policy *policy = passage->policy;
	const struct policy_waiter *waiter = passage->call->waiter;
	uint64_t patience = lesser(policy->settings.queue_wait, left(passage, deadline));
	if (bulkhead_enter(&policy->bulkhead, 0))
		return true;
	if (patience == 0 || policy->settings.queue == 0)
		return false;
	bool entered = waiter->enter(waiter, &policy->bulkhead, patience);
	now_of(passage);
	return entered;
}

static struct ended attempt(struct passage *passage, const struct policy_attempt *told)
{
	ash_status status = passage->call->function(passage->call->context, told, passage->fault);
	if (status == ASH_DEADLINE_EXCEEDED)
		count(passage->policy, POLICY_TIMED_OUT);
	return (struct ended){status, true};
}

static struct ended through_bulkhead(struct passage *passage, const struct policy_attempt *told)
{
	struct policy *policy = passage->policy;
	if (policy->settings.places == 0)
		return attempt(passage, told);
	if (!enter(passage, told->deadline))
		return refuse(passage, POLICY_BY_BULKHEAD);
	struct ended ended = passage->now < told->deadline ? attempt(passage, told)
							   : refuse(passage, POLICY_BY_DEADLINE);
	bulkhead_leave(&policy->bulkhead);
	return ended;
}

static struct ended through_timeout(struct passage *passage, uint32_t number)
{
	uint64_t timeout = passage->policy->settings.timeout;
	uint64_t own = timeout ? sum(passage->now, timeout) : POLICY_NO_DEADLINE;
	const struct policy_attempt told = {lesser(passage->call->deadline, own), number};
	if (passage->now >= passage->call->deadline)
		return refuse(passage, POLICY_BY_DEADLINE);
	return through_bulkhead(passage, &told);
}

static struct ended through_limiter(struct passage *passage, uint32_t number)
{
	struct policy *policy = passage->policy;
	const struct policy_waiter *waiter = passage->call->waiter;
	uint64_t wait = 0;
	if (policy->settings.limit == 0)
		return through_timeout(passage, number);
	uint64_t patience =
		lesser(policy->settings.limit_wait, left(passage, passage->call->deadline));
	if (!limiter_permit(&policy->limiter, passage->now, patience, &wait))
		return refuse(passage, POLICY_BY_LIMITER);
	if (wait > 0) {
		waiter->pause(waiter, wait);
		now_of(passage);
	}
	return through_timeout(passage, number);
}

/* What was not attempted says nothing of who is called, and gives its permit back. */
static enum breaker_outcome outcome_of(const struct policy_settings *settings, struct ended ended)
{
	if (!ended.attempted || has(settings->ignored, ended.status))
		return BREAKER_IGNORED;
	return has(settings->failures, ended.status) ? BREAKER_FAILURE : BREAKER_SUCCESS;
}

/* The time that a call waits for the limiter is not the callee's: it counts from the permit all the
 * same, as the window's slow calls are what a caller sees. */
static struct ended through_breaker(struct passage *passage, uint32_t number)
{
	struct policy *policy = passage->policy;
	struct breaker_permit permit;
	if (!breaker_permit(policy->breaker, now_of(passage), &permit))
		return refuse(passage, POLICY_BY_BREAKER);
	struct ended ended = through_limiter(passage, number);
	breaker_record(policy->breaker, permit, outcome_of(&policy->settings, ended),
		       now_of(passage));
	return ended;
}

/* Whether the call is to be tried again after attempt `number`; waits until then. On true a share
 * of the budget is taken. */
static bool is_to_retry(struct passage *passage, struct ended ended, uint32_t number)
{
	struct policy *policy = passage->policy;
	const struct policy_waiter *waiter = passage->call->waiter;
	if (number >= policy->settings.retry.attempts || !ended.attempted ||
	    !passage->call->repeatable || !has(policy->settings.retried, ended.status))
		return false;
	uint64_t wait = retry_wait(&policy->settings.retry, number);
	if (wait >= left(passage, passage->call->deadline))
		return false;
	if (!retry_budget_permit(&policy->budget)) {
		count(policy, POLICY_BY_BUDGET);
		return false;
	}
	if (wait > 0)
		waiter->pause(waiter, wait);
	count(policy, POLICY_RETRIES);
	return true;
}

static struct ended through_retry(struct passage *passage)
{
	struct policy *policy = passage->policy;
	if (policy->settings.retry.attempts <= 1)
		return through_breaker(passage, 1);
	retry_budget_begin(&policy->budget);
	struct ended ended = through_breaker(passage, 1);
	for (uint32_t number = 1; is_to_retry(passage, ended, number); number++) {
		struct ended again = through_breaker(passage, number + 1);
		retry_budget_retried(&policy->budget);
		ended = (struct ended){again.status, true};
		if (!again.attempted)
			break;
	}
	retry_budget_end(&policy->budget);
	return ended;
}

/* ---- public ---- */

ash_status policy_call(struct policy *policy, const struct policy_call *call, struct fault *fault)
{
	struct passage passage = {policy, call, fault, 0};
	count(policy, POLICY_CALLS);
	struct ended ended = through_retry(&passage);
	if (__builtin_expect(ended.status == ASH_OK, 1))
		return ASH_OK;
	bool failed = !ended.attempted || has(policy->settings.failures, ended.status);
	bool safe = !ended.attempted || call->repeatable;
	if (call->fallback && failed && safe && passage.now < call->deadline) {
		count(policy, POLICY_FALLBACKS);
		const struct policy_attempt told = {call->deadline, 0};
		ended.status = call->fallback(call->context, &told, fault);
	}
	if (ended.status != ASH_OK)
		count(policy, POLICY_FAILED);
	return ended.status;
}

void policy_force(struct policy *policy, enum breaker_state state, uint64_t now)
{
	breaker_force(policy->breaker, state, now);
}

void policy_reset(struct policy *policy, uint64_t now)
{
	breaker_force(policy->breaker, policy->settings.breaks ? BREAKER_CLOSED : BREAKER_DISABLED,
		      now);
}
