/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_WHEEL_H
#define HTTP_WHEEL_H

#include <stdint.h>

/* Deadlines of many things, of which nearly none is ever reached. A thing stands in the slot of
 * the time at which it is to be looked at, which is its deadline or before: a deadline that
 * moves away costs nothing, the thing is looked at in vain once and put back. One thread. */

enum {
	HTTP_WHEEL_SHIFT = 24,  /* one tick is 2^24 ns, 16.8 ms */
	HTTP_WHEEL_SLOTS = 512, /* 8.6 s; what is later is looked at again by then */
};

struct http_timer {
	struct http_timer *next; /* NULL while it stands in no wheel */
	struct http_timer *previous;
	uint64_t tick;
};

struct http_wheel {
	struct http_timer slots[HTTP_WHEEL_SLOTS]; /* heads of rings */
	uint64_t used[HTTP_WHEEL_SLOTS / 64];      /* which slots may hold something */
	uint64_t tick;                             /* all before were looked at */
};

/* Makes an empty wheel at `now` (ns, as all times here). */
void http_wheel_init(struct http_wheel *wheel, uint64_t now);

/* Has the timer looked at when `when` has come, or at the end of the wheel where that is sooner.
 * It may stand in the wheel already. */
void http_wheel_put(struct http_wheel *wheel, struct http_timer *timer, uint64_t when,
		    uint64_t now);

/* Takes the timer out, if it is in. */
void http_wheel_remove(struct http_timer *timer);

/* Takes one timer out whose time has come; NULL when there is none. */
struct http_timer *http_wheel_take(struct http_wheel *wheel, uint64_t now);

/* Takes any timer out; NULL when the wheel is empty. */
struct http_timer *http_wheel_take_any(struct http_wheel *wheel);

/* When something may have to be looked at; UINT64_MAX when nothing is in. */
uint64_t http_wheel_next(const struct http_wheel *wheel);

#endif
