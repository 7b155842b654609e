/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_TURN_H
#define STORE_TURN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A lock that is given to those who wait in the order in which they came. */
struct turn {
	pthread_mutex_t lock;
	bool taken;
	struct turn_waiter *first;
	struct turn_waiter *last;
};

/* A free lock; and its end, when nobody has it. */
void turn_init(struct turn *turn);
void turn_release(struct turn *turn);

/* Takes it if nobody has it or waits for it. */
bool turn_try(struct turn *turn);

/* Takes it, waiting until `deadline` (of clock_monotonic()); false when that has passed. */
bool turn_take(struct turn *turn, uint64_t deadline);

/* Hands it to the next one. */
void turn_give(struct turn *turn);

#endif
