/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/str.h"

/* A day of the proleptic Gregorian calendar. */
struct date {
	int year;  /* 1 to 9999 */
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
};

/* Nanoseconds since some point in the past; never goes back. */
uint64_t clock_monotonic(void);

/* As clock_gettime(). For clock_coarse() alone, which half of its time would be the way there. */
typedef int clock_reader(clockid_t clock, struct timespec *out);
extern _Atomic(clock_reader *) clock_reader_of_ticks;

/* The same as it was when the system's clock ticked last: never ahead of clock_monotonic(), behind
 * it by a tick at most (4 ms as most systems are built), and read in a fraction of the time. */
static inline uint64_t clock_coarse(void)
{
	struct timespec now;
	atomic_load_explicit(&clock_reader_of_ticks, memory_order_relaxed)(CLOCK_MONOTONIC_COARSE,
									   &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* How long such a tick is, in nanoseconds; UINT64_MAX where that is not known. */
uint64_t clock_coarse_tick(void);

/* Microseconds since 1970-01-01T00:00:00Z; may go back when the system's clock is set. */
int64_t clock_wall(void);

/* So many nanoseconds from now, as a wait on CLOCK_MONOTONIC takes it. Saturates. */
struct timespec clock_after(uint64_t nanoseconds);

/* The time as the runtime sees it, so that a test may turn it. Safe from any thread. */
struct clock {
	uint64_t (*monotonic)(const struct clock *clock); /* as clock_monotonic() */
	int64_t (*wall)(const struct clock *clock);       /* as clock_wall() */
	/* As clock_coarse(); NULL: monotonic() is to be asked. */
	uint64_t (*coarse)(const struct clock *clock);
};

/* The system's. */
extern const struct clock clock_system;

/* Today in UTC; the day in the environment variable ASHLAR_TODAY (YYYY-MM-DD) where that is
 * set and valid, for tests and for asking what will have expired by then. */
struct date clock_today(void);

/* Reads YYYY-MM-DD; false, and `out` untouched, when it is not such a text or no such day
 * exists (2026-02-30). */
bool date_parse(struct str text, struct date *out);

/* Below, at or above 0 as `a` is before, at or after `b`. */
int date_compare(struct date a, struct date b);

#endif
