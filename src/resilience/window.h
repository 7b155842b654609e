/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_WINDOW_H
#define RESILIENCE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/* The outcomes of the last calls, by number or by time. Not for sharing between threads: the
 * breaker holds its lock around it. */

/* Calls, or seconds, of a window. */
#define WINDOW_LIMIT 100000

struct window_bucket {
	uint32_t calls;
	uint32_t failures;
	uint32_t slow;
};

struct window {
	uint32_t size;
	bool timed;     /* `size` are seconds, and not calls */
	uint32_t calls; /* in the window, as the next two */
	uint32_t failures;
	uint32_t slow;
	uint8_t *ring; /* by number: what each call was, at its place modulo `size` */
	uint32_t next; /* place of the next call */
	struct window_bucket *buckets; /* by time: one a second, at the second modulo `size` */
	uint64_t second;               /* the newest; those of the last `size` count */
};

/* Makes an empty window; false without memory. `size` is 1 to WINDOW_LIMIT. */
bool window_init(struct window *window, bool timed, uint32_t size);
void window_release(struct window *window);

/* Forgets all calls. */
void window_clear(struct window *window);

/* Forgets what is too old at `second`, which never goes back; nothing to do by number. */
void window_advance(struct window *window, uint64_t second);

/* Adds a call that ended now. */
void window_add(struct window *window, bool failed, bool slow);

/* Adds `count` calls that were neither failures nor slow and ended in `second`; those too old are
 * left out. */
void window_add_good(struct window *window, uint64_t second, uint64_t count);

#endif
