/* SPDX-License-Identifier: Apache-2.0 */
/* A policy's settings, its making, and how it stands. Calls nothing. Invariant: a policy that was
 * made has a breaker, so that it can be opened by hand whatever its settings. */
#include <stdatomic.h>
#include <time.h>

#include "base/mem.h"
#include "resilience/policy.h"
#include "resilience/policy_state.h"

#define SECOND UINT64_C(1000000000)

/* The shortest time that may be measured by ticks, and the longest of these: a tenth of it. */
#define COARSE_LEAST (SECOND / 10)
#define COARSE_TICK  (COARSE_LEAST / 10)

const struct policy_settings policy_defaults = {
	.name = "",
	.failures = POLICY_FAILURES,
	.ignored = POLICY_IGNORED,
	.retried = POLICY_RETRIED,
	.retry_share = 2000,
	.retry_least = 3,
	.retry = {.attempts = 1, .base = 100000000, .growth = 2.0, .most = UINT64_C(10000000000)},
	.breaker = {.window = BREAKER_COUNT,
		    .size = 100,
		    .least_calls = 100,
		    .failure_rate = 5000,
		    .slow_rate = 10000,
		    .slow = 60 * SECOND,
		    .probes = 10,
		    .half_open_most = 60 * SECOND,
		    .open = 60 * SECOND,
		    .growth = 1.0,
		    .open_most = 3600 * SECOND},
	.limit_period = SECOND,
	.limit_burst = 1,
};

/* ---- waiting ---- */

static void pause_for(const struct policy_waiter *waiter, uint64_t nanoseconds)
{
	(void)waiter;
	struct timespec until = clock_after(nanoseconds);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
		;
}

static bool enter_waiting(const struct policy_waiter *waiter, struct bulkhead *bulkhead,
			  uint64_t patience)
{
	(void)waiter;
	return bulkhead_enter(bulkhead, patience);
}

const struct policy_waiter policy_waiter_system = {pause_for, enter_waiting};

/* ---- settings ---- */

static const char *limit_mistake(const struct policy_settings *settings)
{
	if (settings->limit == 0)
		return NULL;
	if (settings->limit_period < settings->limit)
		return "a rate limit has at least a nanosecond a call";
	return settings->limit_burst < 1 ? "a burst is of at least 1 call" : NULL;
}

const char *policy_mistake(const struct policy_settings *settings)
{
	const char *mistake = retry_mistake(&settings->retry);
	if (!mistake)
		mistake = breaker_mistake(&settings->breaker);
	if (!mistake)
		mistake = limit_mistake(settings);
	if (mistake)
		return mistake;
	if (settings->places > BULKHEAD_LIMIT || settings->queue > BULKHEAD_LIMIT)
		return "a bulkhead has at most 100000 places, and as many wait";
	if (settings->retry_share > 10000)
		return "a retry budget is at most 100 %";
	if (settings->failures & settings->ignored)
		return "a status is either a failure or ignored";
	return NULL;
}

/* Times are late by a tick at most, which is to be a small part of what they are held against. */
static bool may_be_coarse(const struct policy_settings *settings)
{
	const struct breaker_settings *breaker = &settings->breaker;
	if (settings->limit || (settings->timeout && settings->timeout < COARSE_LEAST))
		return false;
	return !settings->breaks ||
	       (breaker->window != BREAKER_TIME && breaker->slow >= COARSE_LEAST &&
		breaker->open >= COARSE_LEAST &&
		(breaker->half_open_most == 0 || breaker->half_open_most >= COARSE_LEAST));
}

struct policy *policy_new(const struct policy_settings *settings)
{
	void *memory = mem_alloc(sizeof(struct policy) + CELLS_LINE);
	if (!memory)
		return NULL;
	uintptr_t line = CELLS_LINE;
	struct policy *policy = (void *)(((uintptr_t)memory + line - 1) & -line);
	policy->memory = memory;
	policy->settings = *settings;
	if (may_be_coarse(settings) && clock_coarse_tick() <= COARSE_TICK)
		policy->tick = clock_coarse_tick();
	policy->breaker = breaker_new(&settings->breaker);
	if (!policy->breaker) {
		mem_free(memory);
		return NULL;
	}
	policy_reset(policy, 0);
	if (settings->limit > 0)
		limiter_init(&policy->limiter, settings->limit, settings->limit_period,
			     settings->limit_burst);
	bulkhead_init(&policy->bulkhead, settings->places, settings->queue);
	retry_budget_init(&policy->budget, settings->retry_share, settings->retry_least);
	return policy;
}

bool policy_is_coarse(const struct policy *policy)
{
	return policy->tick > 0;
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	bulkhead_release(&policy->bulkhead);
	breaker_free(policy->breaker);
	mem_free(policy->memory);
}

/* ---- how it stands ---- */

static uint64_t counted(const struct policy *policy, int what)
{
	uint64_t all = 0;
	for (unsigned i = 0; i < CELLS; i++)
		all += atomic_load_explicit(&policy->cells[i].counts[what], memory_order_relaxed);
	return all;
}

uint64_t policy_under_way(const struct policy *policy)
{
	uint64_t all = 0;
	for (unsigned i = 0, last = cells_last(); i <= last; i++) {
		const _Atomic uint64_t *counts = policy->cells[i].counts;
		uint64_t ended = atomic_load_explicit(&counts[POLICY_ENDED], memory_order_relaxed);
		uint64_t begun = atomic_load_explicit(&counts[POLICY_CALLS], memory_order_relaxed);
		all += begun > ended ? begun - ended : 0;
	}
	return all;
}

static uint32_t rate(uint32_t part, uint32_t calls)
{
	return calls ? (uint32_t)((uint64_t)part * 10000 / calls) : 0;
}

void policy_look(struct policy *policy, uint64_t now, struct policy_view *out)
{
	const struct retry_budget *budget = &policy->budget;
	uint64_t active = policy_under_way(policy);
	*out = (struct policy_view){
		.breaker = breaker_look(policy->breaker, now),
		.active = (uint32_t)active,
		.retrying = atomic_load_explicit(&budget->retrying, memory_order_relaxed),
		.retry_most = retry_budget_most(budget, active),
		.calls = counted(policy, POLICY_CALLS),
		.failed = counted(policy, POLICY_FAILED),
		.retries = counted(policy, POLICY_RETRIES),
		.timed_out = counted(policy, POLICY_TIMED_OUT),
		.fallbacks = counted(policy, POLICY_FALLBACKS),
	};
	const struct breaker_view *breaker = &out->breaker;
	out->failure_rate = rate(breaker->failures, breaker->calls);
	out->slow_rate = rate(breaker->slow, breaker->calls);
	out->open_until = breaker->wait ? now + breaker->wait : 0;
	bulkhead_look(&policy->bulkhead, &out->inside, &out->waiting);
	for (int i = 0; i < POLICY_REFUSALS; i++)
		out->refused[i] = counted(policy, i);
}

const char *policy_refusal_name(enum policy_refusal refusal)
{
	static const char *const NAMES[] = {[POLICY_BY_BREAKER] = "breaker",
					    [POLICY_BY_LIMITER] = "limiter",
					    [POLICY_BY_BULKHEAD] = "bulkhead",
					    [POLICY_BY_DEADLINE] = "deadline",
					    [POLICY_BY_BUDGET] = "budget"};
	return NAMES[refusal];
}
