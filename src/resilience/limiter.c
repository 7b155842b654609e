/* SPDX-License-Identifier: Apache-2.0 */
/* Invariant: `next` only grows; a call moves it on by one interval from the later of itself and
 * now. */
#include "resilience/limiter.h"

#include <stdatomic.h>
#include <stddef.h>

#define HOUR (UINT64_C(3600) * 1000000000)

void limiter_init(struct limiter *limiter, uint64_t calls, uint64_t period, uint64_t burst)
{
	limiter->interval = period / calls ? period / calls : 1;
	uint64_t most = HOUR / limiter->interval;
	limiter->credit = (burst - 1 < most ? burst - 1 : most) * limiter->interval;
	atomic_init(&limiter->next, 0);
}

bool limiter_permit(struct limiter *limiter, uint64_t now, uint64_t patience, uint64_t *wait)
{
	uint64_t next = atomic_load_explicit(&limiter->next, memory_order_relaxed);
	uint64_t until, due;
	do {
		due = next > now ? next : now;
		until = due - now > limiter->credit ? due - now - limiter->credit : 0;
		if (until > patience)
			break;
	} while (!atomic_compare_exchange_weak_explicit(
		&limiter->next, &next, due + limiter->interval, memory_order_relaxed,
		memory_order_relaxed));
	if (wait)
		*wait = until;
	return until <= patience;
}
