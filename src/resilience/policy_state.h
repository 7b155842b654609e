/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_POLICY_STATE_H
#define RESILIENCE_POLICY_STATE_H

#include "resilience/cells.h"
#include "resilience/policy.h"

/* What policy.c changes and policy_view.c shows. Private to this folder. */

enum policy_count {
	POLICY_CALLS = POLICY_REFUSALS, /* before it, the refusals */
	POLICY_ENDED,                   /* of these */
	POLICY_FAILED,
	POLICY_RETRIES,
	POLICY_TIMED_OUT,
	POLICY_FALLBACKS,
	POLICY_COUNTS,
};

/* See cells.h. */
struct policy_cell {
	_Alignas(CELLS_LINE) _Atomic uint64_t counts[POLICY_COUNTS];
};

struct policy {
	struct policy_cell cells[CELLS];
	struct policy_settings settings;
	struct breaker *breaker; /* never NULL: disabled where none is set */
	void *memory;            /* that it lies in */
	uint64_t tick;           /* how late its times may be; 0: see policy_is_coarse() */
	_Alignas(CELLS_LINE) struct limiter limiter;
	_Alignas(CELLS_LINE) struct bulkhead bulkhead;
	_Alignas(CELLS_LINE) struct retry_budget budget;
};

/* Calls that have begun and not ended; of those that begin or end meanwhile, some count. */
uint64_t policy_under_way(const struct policy *policy);

#endif
