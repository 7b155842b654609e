/* SPDX-License-Identifier: Apache-2.0 */
/* Both counts are in one word, so that who leaves sees who waits. Invariant: no more than `most`
 * are inside; who waits takes the place itself, so a place that is free is never kept for
 * anyone. */
#include "resilience/bulkhead.h"

#include <stdatomic.h>

#include "base/clock.h"

#define WAITING ((uint64_t)1 << 32)

void bulkhead_init(struct bulkhead *bulkhead, uint32_t most, uint32_t waiting_most)
{
	pthread_condattr_t attributes;
	bulkhead->most = most;
	bulkhead->waiting_most = waiting_most;
	atomic_init(&bulkhead->count, 0);
	pthread_mutex_init(&bulkhead->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&bulkhead->left, &attributes);
	pthread_condattr_destroy(&attributes);
}

void bulkhead_release(struct bulkhead *bulkhead)
{
	pthread_cond_destroy(&bulkhead->left);
	pthread_mutex_destroy(&bulkhead->lock);
}

/* Takes a place, and `less` off the word with it; false: there is none. */
static bool take_place(struct bulkhead *bulkhead, uint64_t less)
{
	uint64_t count = atomic_load(&bulkhead->count);
	do
		if ((uint32_t)count >= bulkhead->most)
			return false;
	while (!atomic_compare_exchange_weak(&bulkhead->count, &count, count + 1 - less));
	return true;
}

/* False: too many wait already. */
static bool begin_to_wait(struct bulkhead *bulkhead)
{
	uint64_t count = atomic_load(&bulkhead->count);
	do
		if (count >> 32 >= bulkhead->waiting_most)
			return false;
	while (!atomic_compare_exchange_weak(&bulkhead->count, &count, count + WAITING));
	return true;
}

static bool wait_for_place(struct bulkhead *bulkhead, uint64_t patience)
{
	struct timespec until = clock_after(patience);
	bool taken = false, late = false;
	if (!begin_to_wait(bulkhead))
		return false;
	pthread_mutex_lock(&bulkhead->lock);
	while (!(taken = take_place(bulkhead, WAITING)) && !late)
		late = pthread_cond_timedwait(&bulkhead->left, &bulkhead->lock, &until) != 0;
	pthread_mutex_unlock(&bulkhead->lock);
	if (!taken)
		atomic_fetch_sub(&bulkhead->count, WAITING);
	return taken;
}

bool bulkhead_enter(struct bulkhead *bulkhead, uint64_t patience)
{
	return take_place(bulkhead, 0) || (patience > 0 && wait_for_place(bulkhead, patience));
}

void bulkhead_leave(struct bulkhead *bulkhead)
{
	uint64_t before = atomic_fetch_sub(&bulkhead->count, 1);
	if (before < WAITING)
		return;
	pthread_mutex_lock(&bulkhead->lock);
	pthread_cond_signal(&bulkhead->left);
	pthread_mutex_unlock(&bulkhead->lock);
}

void bulkhead_look(const struct bulkhead *bulkhead, uint32_t *inside, uint32_t *waiting)
{
	uint64_t count = atomic_load(&bulkhead->count);
	*inside = (uint32_t)count;
	*waiting = (uint32_t)(count >> 32);
}
