/* SPDX-License-Identifier: Apache-2.0 */
/* Invariant: whether a key is taken depends on the key and the share alone. */
#include "resilience/split.h"

#include <stdatomic.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint32_t bounded(uint32_t share)
{
	return share < SPLIT_ALL ? share : SPLIT_ALL;
}

void split_init(struct split *split, uint32_t share)
{
	atomic_init(&split->share, bounded(share));
}

uint32_t split_turn(struct split *split, uint32_t share)
{
	return atomic_exchange_explicit(&split->share, bounded(share), memory_order_relaxed);
}

uint32_t split_share(const struct split *split)
{
	return atomic_load_explicit(&split->share, memory_order_relaxed);
}

uint32_t split_slot(struct str key)
{
	return (uint32_t)(XXH3_64bits(key.at, key.length) % SPLIT_ALL);
}

bool split_takes(const struct split *split, struct str key)
{
	return split_slot(key) < split_share(split);
}
