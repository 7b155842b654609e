/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing, at most three quarters full; hashes by XXH3, with the
 * random bytes that the kernel gave the process, so that no tree can be made to be slow. */
#include "base/map.h"

#include <sys/auxv.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct map_slot {
	const char *key; /* NULL: empty */
	uint32_t length;
	uint32_t value;
	uint64_t hash;
};

enum { SLOTS_FIRST = 16 };

/* A key of no bytes still needs an address that is not NULL. */
static const char EMPTY_KEY[] = "";

static uint64_t random_seed(void)
{
	unsigned long address = getauxval(AT_RANDOM);
	const void *bytes;
	uint64_t seed = 0;
	memcpy(&bytes, &address, sizeof bytes);
	if (bytes)
		memcpy(&seed, bytes, sizeof seed);
	return seed;
}

static uint64_t hash_of(const struct map *map, struct str key)
{
	return XXH3_64bits_withSeed(key.at, key.length, map->seed);
}

void map_release(struct map *map)
{
	mem_free(map->slots);
	*map = (struct map){0};
}

static struct map_slot *find(const struct map *map, struct str key, uint64_t hash)
{
	size_t at = hash & map->mask;
	for (;; at = (at + 1) & map->mask) {
		struct map_slot *slot = &map->slots[at];
		if (!slot->key)
			return slot;
		if (slot->hash == hash && slot->length == key.length &&
		    memcmp(slot->key, key.at, key.length) == 0)
			return slot;
	}
}

/* So many keys may be in so many slots. */
static size_t most_of(size_t slots)
{
	return slots / 4 * 3;
}

static bool grow(struct map *map, size_t slots)
{
	struct map wider = {.count = map->count, .seed = map->slots ? map->seed : random_seed()};
	wider.mask = slots - 1;
	wider.slots = mem_alloc(slots * sizeof *wider.slots);
	if (!wider.slots)
		return false;
	for (size_t i = 0; map->slots && i <= map->mask; i++) {
		const struct map_slot *slot = &map->slots[i];
		if (slot->key)
			*find(&wider, (struct str){slot->key, slot->length}, slot->hash) = *slot;
	}
	mem_free(map->slots);
	*map = wider;
	return true;
}

/* The slot of `key`, taken if it was empty; NULL without memory. */
static struct map_slot *find_or_take(struct map *map, struct str key, uint32_t value)
{
	if (!key.at)
		key.at = EMPTY_KEY;
	if (!map->slots && !grow(map, SLOTS_FIRST))
		return NULL;
	if (map->count >= most_of(map->mask + 1) && !grow(map, (map->mask + 1) * 2))
		return NULL;
	uint64_t hash = hash_of(map, key);
	struct map_slot *slot = find(map, key, hash);
	if (!slot->key) {
		*slot = (struct map_slot){key.at, (uint32_t)key.length, value, hash};
		map->count++;
	}
	return slot;
}

bool map_reserve(struct map *map, size_t count)
{
	size_t slots = map->slots ? map->mask + 1 : SLOTS_FIRST;
	while (most_of(slots) < count && slots <= SIZE_MAX / 4)
		slots *= 2;
	return (map->slots && slots == map->mask + 1) || grow(map, slots);
}

uint32_t map_get(const struct map *map, struct str key)
{
	if (!map->slots)
		return MAP_NONE;
	if (!key.at)
		key.at = EMPTY_KEY;
	const struct map_slot *slot = find(map, key, hash_of(map, key));
	return slot->key ? slot->value : MAP_NONE;
}

bool map_put(struct map *map, struct str key, uint32_t value)
{
	struct map_slot *slot = find_or_take(map, key, value);
	if (!slot)
		return false;
	slot->value = value;
	return true;
}

uint32_t map_get_or_put(struct map *map, struct str key, uint32_t value)
{
	struct map_slot *slot = find_or_take(map, key, value);
	return slot ? slot->value : MAP_NONE;
}
