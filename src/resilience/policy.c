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
	uint64_t now;  /* when last asked */
	uint64_t late; /* by how much, at most, it is later than that */
};

static inline void count(struct policy *policy, int what)
{
	unsigned mine = cells_mine();
	cells_count(&policy->cells[mine].counts[what], mine);
}

/* The time for deadlines and waits. */
static uint64_t now_of(struct passage *passage)
{
	passage->now = passage->call->clock->monotonic(passage->call->clock);
	passage->late = 0;
	return passage->now;
}

/* The time for the breaker, which may be late. */
static inline uint64_t about_now(struct passage *passage)
{
	const struct clock *clock = passage->call->clock;
	uint64_t tick = passage->policy->tick;
	if (__builtin_expect(tick == 0 || !clock->coarse, 0))
		return now_of(passage);
	passage->late = tick;
	passage->now =
		__builtin_expect(clock == &clock_system, 1) ? clock_coarse() : clock->coarse(clock);
	return passage->now;
}

/* The time for time-outs as well: not so late that the request's deadline could be over. */
static inline uint64_t begin(struct passage *passage)
{
	uint64_t now = about_now(passage);
	if (__builtin_expect(now + passage->late >= passage->call->deadline, 0))
		return now_of(passage);
	return now;
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

static void tell(const struct passage *passage, enum policy_refusal refusal)
{
	count(passage->policy, refusal);
	if (passage->call->refused)
		passage->call->refused(passage->call->context, refusal);
}

/* Apart from the calls that go well. */
__attribute__((noinline, cold)) static struct ended refuse(struct passage *passage,
							   enum policy_refusal refusal)
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
	fault_set(passage->fault, REFUSALS[refusal].status, REFUSALS[refusal].message,
		  passage->policy->settings.name);
	tell(passage, refusal);
	return (struct ended){REFUSALS[refusal].status, false};
}

/* Who opened it is worth knowing. */
__attribute__((noinline, cold)) static struct ended refuse_by_breaker(struct passage *passage)
{
	if (breaker_state_of(passage->policy->breaker) != BREAKER_FORCED_OPEN)
		return refuse(passage, POLICY_BY_BREAKER);
	fault_set(passage->fault, ASH_UNAVAILABLE,
		  "%s is not called: its circuit breaker was opened by hand",
		  passage->policy->settings.name);
	tell(passage, POLICY_BY_BREAKER);
	return (struct ended){ASH_UNAVAILABLE, false};
}

/* ---- the strategies, from the inside out ---- */

enum { ENTERED = POLICY_REFUSALS };

/* Waits for a place: ENTERED, or why not. Apart from the calls that find one. */
__attribute__((noinline, cold)) static enum policy_refusal wait_for_place(struct passage *passage,
									  uint64_t deadline)
{
	struct policy *policy = passage->policy;
	const struct policy_waiter *waiter = passage->call->waiter;
	if (policy->settings.queue_wait == 0 || policy->settings.queue == 0)
		return POLICY_BY_BULKHEAD;
	now_of(passage);
	uint64_t patience = lesser(policy->settings.queue_wait, left(passage, deadline));
	if (patience == 0 || !waiter->enter(waiter, &policy->bulkhead, patience))
		return POLICY_BY_BULKHEAD;
	if (now_of(passage) < deadline)
		return (enum policy_refusal)ENTERED;
	bulkhead_leave(&policy->bulkhead);
	return POLICY_BY_DEADLINE;
}

static inline struct ended attempt(struct passage *passage, const struct policy_attempt *told)
{
	ash_status status = passage->call->function(passage->call->context, told, passage->fault);
	if (__builtin_expect(status == ASH_DEADLINE_EXCEEDED, 0))
		count(passage->policy, POLICY_TIMED_OUT);
	return (struct ended){status, true};
}

static inline struct ended through_bulkhead(struct passage *passage,
					    const struct policy_attempt *told)
{
	struct policy *policy = passage->policy;
	bool bounded = policy->settings.places > 0;
	if (bounded && !bulkhead_enter(&policy->bulkhead, 0)) {
		enum policy_refusal refusal = wait_for_place(passage, told->deadline);
		if (refusal != (enum policy_refusal)ENTERED)
			return refuse(passage, refusal);
	}
	struct ended ended = attempt(passage, told);
	if (bounded)
		bulkhead_leave(&policy->bulkhead);
	return ended;
}

static inline struct ended through_timeout(struct passage *passage, uint32_t number)
{
	uint64_t timeout = passage->policy->settings.timeout, deadline = passage->call->deadline;
	uint64_t own = timeout ? sum(passage->now + passage->late, timeout) : POLICY_NO_DEADLINE;
	if (passage->now >= deadline)
		return refuse(passage, POLICY_BY_DEADLINE);
	return through_bulkhead(passage, &(struct policy_attempt){lesser(deadline, own), number});
}

/* Whether the limit lets the call through; waits until then. */
static bool is_within_limit(struct passage *passage)
{
	struct policy *policy = passage->policy;
	const struct policy_waiter *waiter = passage->call->waiter;
	uint64_t wait = 0;
	uint64_t patience =
		lesser(policy->settings.limit_wait, left(passage, passage->call->deadline));
	if (!limiter_permit(&policy->limiter, passage->now, patience, &wait))
		return false;
	if (wait > 0) {
		waiter->pause(waiter, wait);
		now_of(passage);
	}
	return true;
}

static inline struct ended through_limiter(struct passage *passage, uint32_t number)
{
	if (passage->policy->settings.limit > 0 && !is_within_limit(passage))
		return refuse(passage, POLICY_BY_LIMITER);
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
static inline struct ended through_breaker(struct passage *passage, uint32_t number)
{
	struct policy *policy = passage->policy;
	struct breaker_permit permit;
	if (__builtin_expect(!breaker_permit(policy->breaker, begin(passage), &permit), 0))
		return refuse_by_breaker(passage);
	struct ended ended = through_limiter(passage, number);
	breaker_record(policy->breaker, permit, outcome_of(&policy->settings, ended),
		       about_now(passage));
	return ended;
}

/* Whether the call is to be tried again after attempt `number`; waits until then. On true a share
 * of the budget is taken. */
static bool is_to_retry(struct passage *passage, struct ended ended, uint32_t number)
{
	struct policy *policy = passage->policy;
	const struct policy_waiter *waiter = passage->call->waiter;
	if (!has(policy->settings.retried, ended.status) || !ended.attempted ||
	    number >= policy->settings.retry.attempts || !passage->call->repeatable)
		return false;
	uint64_t wait = retry_wait(&policy->settings.retry, number);
	now_of(passage);
	if (wait >= left(passage, passage->call->deadline))
		return false;
	if (!retry_budget_permit(&policy->budget, policy_under_way(policy))) {
		tell(passage, POLICY_BY_BUDGET);
		return false;
	}
	if (wait > 0)
		waiter->pause(waiter, wait);
	count(policy, POLICY_RETRIES);
	return true;
}

/* Whether another attempt follows attempt `number`, which did not go well or was not the first.
 * Apart from the calls that go well, as fall_back() is. */
__attribute__((noinline, cold)) static bool goes_on(struct passage *passage, struct ended *ended,
						    uint32_t number)
{
	if (number > 1) {
		retry_budget_retried(&passage->policy->budget);
		if (!ended->attempted) {
			ended->attempted = true; /* before, that is */
			return false;
		}
	}
	return is_to_retry(passage, *ended, number);
}

/* What the caller gets after a failure. */
__attribute__((noinline, cold)) static ash_status fall_back(struct passage *passage,
							    struct ended ended)
{
	struct policy *policy = passage->policy;
	const struct policy_call *call = passage->call;
	bool failed = !ended.attempted || has(policy->settings.failures, ended.status);
	bool safe = !ended.attempted || call->repeatable;
	if (call->fallback && failed && safe && now_of(passage) < call->deadline) {
		count(policy, POLICY_FALLBACKS);
		const struct policy_attempt told = {call->deadline, 0};
		ended.status = call->fallback(call->context, &told, passage->fault);
	}
	if (ended.status != ASH_OK)
		count(policy, POLICY_FAILED);
	return ended.status;
}

/* ---- public ---- */

ash_status policy_call(struct policy *policy, const struct policy_call *call, struct fault *fault)
{
	unsigned mine = cells_mine();
	_Atomic uint64_t *counts = policy->cells[mine].counts;
	struct passage passage = {policy, call, fault, 0, 0};
	cells_count(&counts[POLICY_CALLS], mine);
	struct ended ended;
	uint32_t number = 0;
	do
		ended = through_breaker(&passage, ++number);
	while (__builtin_expect(ended.status != ASH_OK || number > 1, 0) &&
	       goes_on(&passage, &ended, number));
	if (__builtin_expect(ended.status != ASH_OK, 0))
		ended.status = fall_back(&passage, ended);
	cells_count(&counts[POLICY_ENDED], mine);
	return ended.status;
}

enum breaker_state policy_state(const struct policy *policy)
{
	return breaker_state_of(policy->breaker);
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
