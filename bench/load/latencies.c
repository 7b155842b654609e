/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket is the exponent of a duration and its next six bits; durations below 64 ns have one
 * each. */
#include "load/latencies.h"

static unsigned bucket_of(uint64_t duration)
{
	if (duration < LATENCIES_PART)
		return (unsigned)duration;
	unsigned shift = 57 - (unsigned)__builtin_clzll(duration);
	return (shift + 1) * LATENCIES_PART + (unsigned)(duration >> shift) - LATENCIES_PART;
}

/* The longest duration of a bucket. */
static uint64_t end_of(unsigned bucket)
{
	if (bucket < LATENCIES_PART)
		return bucket;
	unsigned shift = bucket / LATENCIES_PART - 1;
	return ((uint64_t)(bucket % LATENCIES_PART + LATENCIES_PART + 1) << shift) - 1;
}

void latencies_add(struct latencies *latencies, uint64_t duration)
{
	latencies->buckets[bucket_of(duration)]++;
	latencies->count++;
	latencies->sum += duration;
	if (duration > latencies->most)
		latencies->most = duration;
}

void latencies_merge(struct latencies *into, const struct latencies *more)
{
	for (unsigned i = 0; i < LATENCIES_BUCKETS; i++)
		into->buckets[i] += more->buckets[i];
	into->count += more->count;
	into->sum += more->sum;
	if (more->most > into->most)
		into->most = more->most;
}

uint64_t latencies_at(const struct latencies *latencies, double share)
{
	uint64_t before = 0;
	for (unsigned i = 0; i < LATENCIES_BUCKETS; i++) {
		before += latencies->buckets[i];
		if (before && (double)before >= share * (double)latencies->count)
			return end_of(i) < latencies->most ? end_of(i) : latencies->most;
	}
	return latencies->most;
}
