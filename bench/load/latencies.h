/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOAD_LATENCIES_H
#define LOAD_LATENCIES_H

#include <stdint.h>

/* Durations in buckets whose width is a 64th of their size at most, as HdrHistogram counts them
 * (hdrhistogram.org): a percentile is at most 1.6 % above the true one. */

enum { LATENCIES_PART = 64, LATENCIES_BUCKETS = 59 * LATENCIES_PART };

/* Zeroed, it is empty. */
struct latencies {
	uint64_t buckets[LATENCIES_BUCKETS];
	uint64_t count;
	uint64_t sum; /* nanoseconds */
	uint64_t most;
};

/* Counts one duration, in nanoseconds. */
void latencies_add(struct latencies *latencies, uint64_t duration);

/* Adds all of `more`. */
void latencies_merge(struct latencies *into, const struct latencies *more);

/* The duration, in nanoseconds, that a share of them (0 to 1) does not exceed; 0 when empty. */
uint64_t latencies_at(const struct latencies *latencies, double share);

#endif
