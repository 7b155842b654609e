/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_UNDERWAY_H
#define PORT_UNDERWAY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <ashlar/module.h>

/* Which handlers run now, for whoever must end the process before they have. */

/* Requests that are kept; of more at once the rest is not listed. */
#define UNDERWAY_LIMIT 256

/* One request. Written by its own thread, read by any: each field by itself, so what is read of a
 * request that ends meanwhile may be the next one's. */
struct underway_slot {
	_Atomic(const void *) request; /* NULL: the slot is free */
	_Atomic(const ash_module *) module;
	_Atomic(const char *) name; /* of the method, event or schedule; NULL: not called yet */
	_Atomic uint64_t trace[2];
	_Atomic uint64_t started; /* of the environment's clock */
};

/* All of it zero at first. */
struct underway {
	struct underway_slot slots[UNDERWAY_LIMIT];
};

/* What is told of one. */
struct underway_item {
	const ash_module *module;
	const char *name;
	uint64_t trace[2];
	uint64_t started;
};

/* A slot for a request; NULL where `underway` is NULL, or all are taken. */
struct underway_slot *underway_enter(struct underway *underway, const void *request);

/* Says what the request runs. Takes NULL. */
void underway_tell(struct underway_slot *slot, const struct underway_item *item);

/* Takes NULL. */
void underway_leave(struct underway_slot *slot);

/* Calls `each` for all that run something; returns how many they are. Any thread. */
size_t underway_list(struct underway *underway,
		     void (*each)(void *context, const struct underway_item *item), void *context);

#endif
