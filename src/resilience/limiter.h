/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_LIMITER_H
#define RESILIENCE_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

/* A rate limit: so many calls a period, evenly, with a burst of so many at once (the generic cell
 * rate algorithm, ITU-T I.371, as virtual scheduling). One word, no lock, no timer. Any thread;
 * times are of one monotonic clock, in nanoseconds. A zeroed struct is to be given to
 * limiter_init(). */

struct limiter {
	uint64_t interval;     /* between two calls */
	uint64_t credit;       /* by which a call may come before its time */
	_Atomic uint64_t next; /* when the next call is due, were they even */
};

/* `calls` a `period`, of which `burst` may come at once; all at least 1, and a period has at least
 * a nanosecond a call. A burst as long as the calls of an hour is the most. */
void limiter_init(struct limiter *limiter, uint64_t calls, uint64_t period, uint64_t burst);

/* Whether a call may be made at `now`, or within `patience` from then; `*wait`, which may be NULL,
 * is how long to wait before it is made. When it may not, nothing is taken, and `*wait` is when it
 * could be asked again. */
bool limiter_permit(struct limiter *limiter, uint64_t now, uint64_t patience, uint64_t *wait);

#endif
