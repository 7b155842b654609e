/* SPDX-License-Identifier: Apache-2.0 */
/* A fair lock: the one writer that SQLite has. Invariant: while somebody waits, it is never free,
 * so that nobody who comes later is before them. */
#include "turn.h"

#include "engine.h"

struct turn_waiter {
	struct turn_waiter *next;
	pthread_cond_t called;
	bool has_turn;
};

void turn_init(struct turn *turn)
{
	*turn = (struct turn){0};
	pthread_mutex_init(&turn->lock, NULL);
}

void turn_release(struct turn *turn)
{
	pthread_mutex_destroy(&turn->lock);
}

bool turn_try(struct turn *turn)
{
	pthread_mutex_lock(&turn->lock);
	bool free = !turn->taken;
	turn->taken = true;
	pthread_mutex_unlock(&turn->lock);
	return free;
}

static void leave_queue(struct turn *turn, const struct turn_waiter *waiter)
{
	struct turn_waiter *before = NULL;
	for (struct turn_waiter *other = turn->first; other != waiter; other = other->next)
		before = other;
	if (before)
		before->next = waiter->next;
	else
		turn->first = waiter->next;
	if (turn->last == waiter)
		turn->last = before;
}

bool turn_take(struct turn *turn, uint64_t deadline)
{
	struct turn_waiter self = {NULL, PTHREAD_COND_INITIALIZER, false};
	struct timespec until = store_timespec(deadline);
	pthread_mutex_lock(&turn->lock);
	if (!turn->taken) {
		turn->taken = self.has_turn = true;
	} else {
		*(turn->last ? &turn->last->next : &turn->first) = &self;
		turn->last = &self;
	}
	int error = 0;
	while (!self.has_turn && error == 0)
		error = pthread_cond_clockwait(&self.called, &turn->lock, CLOCK_MONOTONIC, &until);
	if (!self.has_turn)
		leave_queue(turn, &self);
	pthread_mutex_unlock(&turn->lock);
	pthread_cond_destroy(&self.called);
	return self.has_turn;
}

void turn_give(struct turn *turn)
{
	pthread_mutex_lock(&turn->lock);
	struct turn_waiter *next = turn->first;
	if (next) {
		turn->first = next->next;
		if (!turn->first)
			turn->last = NULL;
		next->has_turn = true;
		pthread_cond_signal(&next->called);
	} else {
		turn->taken = false;
	}
	pthread_mutex_unlock(&turn->lock);
}
