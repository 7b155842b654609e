/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_BULKHEAD_H
#define RESILIENCE_BULKHEAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A bulkhead: no more than so many calls at once, so that one slow port cannot take all threads.
 * Who comes above that waits, if at all, no longer than it may, and no more of them than so many.
 * Any thread. While nobody waits, entering and leaving take no lock. */

/* Calls at once, and waiting. */
#define BULKHEAD_LIMIT 100000

struct bulkhead {
	uint32_t most;
	uint32_t waiting_most;
	_Atomic uint64_t count; /* inside, and above 32 bits those that wait */
	pthread_mutex_t lock;
	pthread_cond_t left;
};

/* `most` is 1 to BULKHEAD_LIMIT; `waiting_most` 0 to that. */
void bulkhead_init(struct bulkhead *bulkhead, uint32_t most, uint32_t waiting_most);

/* Nobody may be inside. */
void bulkhead_release(struct bulkhead *bulkhead);

/* Enters, waiting at most `patience` nanoseconds. When it answers true, bulkhead_leave() must
 * follow. */
bool bulkhead_enter(struct bulkhead *bulkhead, uint64_t patience);

/* Leaves, and lets one who waits in. */
void bulkhead_leave(struct bulkhead *bulkhead);

/* How many are inside, and how many wait. */
void bulkhead_look(const struct bulkhead *bulkhead, uint32_t *inside, uint32_t *waiting);

#endif
