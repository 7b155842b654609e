/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_POLICY_STATE_H
#define RESILIENCE_POLICY_STATE_H

#include "resilience/policy.h"

/* What policy.c changes and policy_view.c shows. Private to this folder. */

enum { POLICY_CELLS = 8, POLICY_CACHE_LINE = 64 };

enum policy_count {
	POLICY_CALLS = POLICY_REFUSALS, /* before it, the refusals */
	POLICY_FAILED,
	POLICY_RETRIES,
	POLICY_TIMED_OUT,
	POLICY_FALLBACKS,
	POLICY_COUNTS,
};

/* What few threads count; the sum of all cells is meant. */
struct policy_cell {
	_Alignas(POLICY_CACHE_LINE) _Atomic uint64_t counts[POLICY_COUNTS];
};

struct policy {
	struct policy_cell cells[POLICY_CELLS];
	struct policy_settings settings;
	struct breaker *breaker; /* never NULL: disabled where none is set */
	void *memory;            /* that it lies in */
	_Alignas(POLICY_CACHE_LINE) struct limiter limiter;
	_Alignas(POLICY_CACHE_LINE) struct bulkhead bulkhead;
	_Alignas(POLICY_CACHE_LINE) struct retry_budget budget;
};

#endif
