/* SPDX-License-Identifier: Apache-2.0 */
/* Slots that requests take and give back. A request lives on its thread's stack, so its address
 * finds the same slot again and again, and threads do not meet in one. */
#include "port/underway.h"

#define RELAXED memory_order_relaxed

struct underway_slot *underway_enter(struct underway *underway, const void *request)
{
	if (!underway)
		return NULL;
	size_t at = ((uintptr_t)request >> 6) * 0x9E3779B97F4A7C15U >> 32;
	for (size_t i = 0; i < UNDERWAY_LIMIT; i++) {
		struct underway_slot *slot = &underway->slots[(at + i) % UNDERWAY_LIMIT];
		const void *nobody = NULL;
		if (atomic_compare_exchange_strong_explicit(&slot->request, &nobody, request,
							    memory_order_acquire, RELAXED))
			return slot;
	}
	return NULL;
}

void underway_tell(struct underway_slot *slot, const struct underway_item *item)
{
	if (!slot)
		return;
	atomic_store_explicit(&slot->module, item->module, RELAXED);
	atomic_store_explicit(&slot->trace[0], item->trace[0], RELAXED);
	atomic_store_explicit(&slot->trace[1], item->trace[1], RELAXED);
	atomic_store_explicit(&slot->started, item->started, RELAXED);
	atomic_store_explicit(&slot->name, item->name, memory_order_release);
}

void underway_leave(struct underway_slot *slot)
{
	if (!slot)
		return;
	atomic_store_explicit(&slot->name, NULL, RELAXED);
	atomic_store_explicit(&slot->request, NULL, memory_order_release);
}

size_t underway_list(struct underway *underway,
		     void (*each)(void *context, const struct underway_item *item), void *context)
{
	size_t count = 0;
	for (size_t i = 0; i < UNDERWAY_LIMIT; i++) {
		struct underway_slot *slot = &underway->slots[i];
		struct underway_item item = {
			.name = atomic_load_explicit(&slot->name, memory_order_acquire),
			.module = atomic_load_explicit(&slot->module, RELAXED),
			.trace = {atomic_load_explicit(&slot->trace[0], RELAXED),
				  atomic_load_explicit(&slot->trace[1], RELAXED)},
			.started = atomic_load_explicit(&slot->started, RELAXED),
		};
		if (!item.name)
			continue;
		each(context, &item);
		count++;
	}
	return count;
}
