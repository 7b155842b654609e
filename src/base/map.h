/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"

/* Returned by map_get() for a key that the map does not hold. */
#define MAP_NONE UINT32_MAX

/* From byte strings, below 4 GiB, to 32-bit numbers. Keys are not copied: they must live as
 * long as the map. A zeroed struct is an empty map. Reading from several threads is safe while none
 * writes. */
struct map {
	struct map_slot *slots;
	size_t mask; /* number of slots - 1 */
	size_t count;
	uint64_t seed; /* of the hash */
};

/* Frees what the map holds, not the keys; it is then empty. */
void map_release(struct map *map);

/* Makes room for `count` keys in all, so that putting them needs no more memory.
 * Returns false, and changes nothing, without memory. */
bool map_reserve(struct map *map, size_t count) must_check;

/* The value of `key`, or MAP_NONE. */
uint32_t map_get(const struct map *map, struct str key);

/* Sets the value of `key`, new or not. `value` must not be MAP_NONE.
 * Returns false, and changes nothing, without memory. */
bool map_put(struct map *map, struct str key, uint32_t value) must_check;

/* The value of `key`, which becomes `value` if the key is new. MAP_NONE without memory. */
uint32_t map_get_or_put(struct map *map, struct str key, uint32_t value) must_check;

#endif
