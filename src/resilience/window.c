/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of calls or of seconds, with running sums. Knows no rates and no states.
 * Invariant: the sums are those of the ring. */
#include "resilience/window.h"

#include <string.h>

#include "base/mem.h"

enum { FAILED = 1, SLOW = 2 };

bool window_init(struct window *window, bool timed, uint32_t size)
{
	*window = (struct window){.size = size, .timed = timed};
	if (timed)
		window->buckets = mem_alloc(size * sizeof *window->buckets);
	else
		window->ring = mem_alloc(size);
	return window->buckets || window->ring;
}

void window_release(struct window *window)
{
	mem_free(window->ring);
	mem_free(window->buckets);
	*window = (struct window){0};
}

void window_clear(struct window *window)
{
	window->calls = window->failures = window->slow = window->next = 0;
	if (window->timed)
		memset(window->buckets, 0, window->size * sizeof *window->buckets);
	else
		memset(window->ring, 0, window->size);
}

static void forget(struct window *window, struct window_bucket *bucket)
{
	window->calls -= bucket->calls;
	window->failures -= bucket->failures;
	window->slow -= bucket->slow;
	*bucket = (struct window_bucket){0};
}

void window_advance(struct window *window, uint64_t second)
{
	if (!window->timed || second <= window->second)
		return;
	uint64_t passed = second - window->second;
	if (passed > window->size)
		passed = window->size;
	for (uint64_t i = 0; i < passed; i++)
		forget(window, &window->buckets[(second - i) % window->size]);
	window->second = second;
}

static void add_timed(struct window *window, uint64_t second, uint32_t calls, bool failed,
		      bool slow)
{
	struct window_bucket *bucket = &window->buckets[second % window->size];
	bucket->calls += calls;
	bucket->failures += failed;
	bucket->slow += slow;
	window->calls += calls;
	window->failures += failed;
	window->slow += slow;
}

static void add_numbered(struct window *window, uint8_t call)
{
	uint8_t *place = &window->ring[window->next];
	window->next = window->next + 1 == window->size ? 0 : window->next + 1;
	if (window->calls == window->size) {
		window->failures -= *place & FAILED;
		window->slow -= (*place & SLOW) / SLOW;
	} else {
		window->calls++;
	}
	*place = call;
	window->failures += call & FAILED;
	window->slow += (call & SLOW) / SLOW;
}

void window_add(struct window *window, bool failed, bool slow)
{
	if (window->timed)
		add_timed(window, window->second, 1, failed, slow);
	else
		add_numbered(window, (uint8_t)((failed ? FAILED : 0) | (slow ? SLOW : 0)));
}

void window_add_good(struct window *window, uint64_t second, uint64_t count)
{
	if (window->timed) {
		bool kept = second <= window->second && window->second - second < window->size;
		uint32_t room = UINT32_MAX / 2 - window->calls;
		if (kept && window->calls < UINT32_MAX / 2)
			add_timed(window, second, count < room ? (uint32_t)count : room, false,
				  false);
		return;
	}
	for (uint64_t i = 0; i < count && i < window->size; i++)
		add_numbered(window, 0);
}
