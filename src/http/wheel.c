/* SPDX-License-Identifier: Apache-2.0 */
/* A wheel of rings, and a bit for each ring that is not empty. Knows no connection. */
#include "http/wheel.h"

#include <stddef.h>
#include <string.h>

enum { WORDS = HTTP_WHEEL_SLOTS / 64 };

void http_wheel_init(struct http_wheel *wheel, uint64_t now)
{
	memset(wheel, 0, sizeof *wheel);
	wheel->tick = now >> HTTP_WHEEL_SHIFT;
	for (unsigned i = 0; i < HTTP_WHEEL_SLOTS; i++)
		wheel->slots[i].next = wheel->slots[i].previous = &wheel->slots[i];
}

void http_wheel_remove(struct http_timer *timer)
{
	if (!timer->next)
		return;
	timer->previous->next = timer->next;
	timer->next->previous = timer->previous;
	timer->next = timer->previous = NULL;
}

/* Slots from that of wheel->tick on to the first that is in use; HTTP_WHEEL_SLOTS for none. */
static unsigned distance(const struct http_wheel *wheel)
{
	unsigned start = wheel->tick % HTTP_WHEEL_SLOTS;
	for (unsigned i = 0; i <= WORDS; i++) {
		unsigned word = (start / 64 + i) % WORDS;
		uint64_t bits = wheel->used[word];
		if (i == 0)
			bits &= ~UINT64_C(0) << start % 64;
		if (i == WORDS)
			bits &= ~(~UINT64_C(0) << start % 64);
		if (bits)
			return (word * 64 + (unsigned)__builtin_ctzll(bits) + HTTP_WHEEL_SLOTS -
				start) %
			       HTTP_WHEEL_SLOTS;
	}
	return HTTP_WHEEL_SLOTS;
}

void http_wheel_put(struct http_wheel *wheel, struct http_timer *timer, uint64_t when, uint64_t now)
{
	uint64_t tick = (when >> HTTP_WHEEL_SHIFT) + 1;
	http_wheel_remove(timer);
	if (distance(wheel) == HTTP_WHEEL_SLOTS)
		wheel->tick = now >> HTTP_WHEEL_SHIFT;
	if (tick < wheel->tick)
		tick = wheel->tick;
	if (tick >= wheel->tick + HTTP_WHEEL_SLOTS)
		tick = wheel->tick + HTTP_WHEEL_SLOTS - 1;
	unsigned slot = tick % HTTP_WHEEL_SLOTS;
	struct http_timer *head = &wheel->slots[slot];
	timer->tick = tick;
	timer->next = head;
	timer->previous = head->previous;
	head->previous->next = timer;
	head->previous = timer;
	wheel->used[slot / 64] |= UINT64_C(1) << slot % 64;
}

/* Takes the first timer of the first slot in use up to `last_tick`. The wheel goes on to that
 * slot, so that a timer that is put back lands behind it. */
static struct http_timer *first(struct http_wheel *wheel, uint64_t last_tick)
{
	for (;;) {
		unsigned steps = distance(wheel);
		if (steps == HTTP_WHEEL_SLOTS || wheel->tick + steps > last_tick)
			return NULL;
		unsigned slot = (wheel->tick + steps) % HTTP_WHEEL_SLOTS;
		struct http_timer *timer = wheel->slots[slot].next;
		if (timer != &wheel->slots[slot]) {
			wheel->tick += steps;
			http_wheel_remove(timer);
			return timer;
		}
		wheel->used[slot / 64] &= ~(UINT64_C(1) << slot % 64);
	}
}

struct http_timer *http_wheel_take(struct http_wheel *wheel, uint64_t now)
{
	uint64_t tick = now >> HTTP_WHEEL_SHIFT;
	struct http_timer *timer = first(wheel, tick);
	if (!timer && tick > wheel->tick)
		wheel->tick = tick;
	return timer;
}

struct http_timer *http_wheel_take_any(struct http_wheel *wheel)
{
	return first(wheel, UINT64_MAX);
}

uint64_t http_wheel_next(const struct http_wheel *wheel)
{
	unsigned steps = distance(wheel);
	return steps == HTTP_WHEEL_SLOTS ? UINT64_MAX : (wheel->tick + steps) << HTTP_WHEEL_SHIFT;
}
