/* SPDX-License-Identifier: Apache-2.0 */
/* When to try again. Knows no calls. Invariant: no more retry than the budget last let. */
#include "resilience/retry.h"

#include <stdatomic.h>
#include <stddef.h>

#include "base/random.h"

const struct retry_settings retry_defaults = {
	.attempts = 3, .base = 100000000, .growth = 2.0, .most = UINT64_C(10000000000)};

const char *retry_mistake(const struct retry_settings *settings)
{
	if (settings->attempts < 1 || settings->attempts > 100)
		return "attempts are 1 to 100";
	if (!(settings->growth >= 1.0 && settings->growth <= 100.0))
		return "the wait grows by a factor of 1 to 100";
	if (settings->base < 1 || settings->base > settings->most)
		return "the wait is above 0 and at most its bound";
	return NULL;
}

uint64_t retry_wait(const struct retry_settings *settings, uint32_t failed)
{
	double most = (double)settings->most, wait = (double)settings->base;
	for (uint32_t i = 1; i < failed && wait < most; i++)
		wait *= settings->growth;
	return random_below((wait < most ? (uint64_t)wait : settings->most) + 1);
}

void retry_budget_init(struct retry_budget *budget, uint32_t share, uint32_t least)
{
	budget->share = share;
	budget->least = least;
	atomic_init(&budget->retrying, 0);
}

uint32_t retry_budget_most(const struct retry_budget *budget, uint64_t calls)
{
	uint64_t most = (calls < UINT32_MAX ? calls : UINT32_MAX) * budget->share / 10000;
	return most > budget->least ? (uint32_t)most : budget->least;
}

bool retry_budget_permit(struct retry_budget *budget, uint64_t calls)
{
	uint32_t most = retry_budget_most(budget, calls);
	uint32_t retrying = atomic_load_explicit(&budget->retrying, memory_order_relaxed);
	do
		if (retrying >= most)
			return false;
	while (!atomic_compare_exchange_weak_explicit(&budget->retrying, &retrying, retrying + 1,
						      memory_order_relaxed, memory_order_relaxed));
	return true;
}

void retry_budget_retried(struct retry_budget *budget)
{
	atomic_fetch_sub_explicit(&budget->retrying, 1, memory_order_relaxed);
}
