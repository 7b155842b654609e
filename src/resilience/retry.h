/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_RETRY_H
#define RESILIENCE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* When to try again, and whether at all. The wait is exponential with full jitter (M. Brooker,
 * "Exponential Backoff and Jitter", 2015). A budget over all calls of a port keeps retries a share
 * of what is under way (as Envoy's), so that they do not finish off who is already down. */

struct retry_settings {
	uint32_t attempts; /* in all, with the first */
	uint64_t base;     /* nanoseconds, the most before the second attempt */
	double growth;     /* of that from attempt to attempt */
	uint64_t most;     /* and its bound */
};

/* 3 attempts; 100 ms, doubled, at most 10 s. */
extern const struct retry_settings retry_defaults;

/* Why the settings cannot be: a text that lasts, or NULL. */
const char *retry_mistake(const struct retry_settings *settings);

/* Nanoseconds to wait after attempt number `failed` (from 1 on) failed. */
uint64_t retry_wait(const struct retry_settings *settings, uint32_t failed);

/* Any thread. Who calls knows how many calls are under way. */
struct retry_budget {
	uint32_t share; /* basis points of the calls under way that may be retries */
	uint32_t least; /* that may be in any case */
	_Atomic uint32_t retrying;
};

/* Envoy's: 2,000 basis points, at least 3. */
void retry_budget_init(struct retry_budget *budget, uint32_t share, uint32_t least);

/* How many of `calls` under way may be retries. */
uint32_t retry_budget_most(const struct retry_budget *budget, uint64_t calls);

/* Whether one of `calls` under way may try again; when it answers true, retry_budget_retried() must
 * follow after that attempt. */
bool retry_budget_permit(struct retry_budget *budget, uint64_t calls);
void retry_budget_retried(struct retry_budget *budget);

#endif
