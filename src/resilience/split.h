/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_SPLIT_H
#define RESILIENCE_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* A share of the traffic for a second implementation. A key falls into one of 10,000 slots by the
 * hash of all of it, and the slots below the share go to the second: so a key always goes the same
 * way, in every process, and when the share grows who went to the second still does. The same key
 * has the same slot in all splits, so that one user is not in the first here and in the second
 * there. Any thread. */

/* Slots, and the share that says all: basis points. */
#define SPLIT_ALL 10000

struct split {
	_Atomic uint32_t share;
};

/* Of 0 (none) to SPLIT_ALL; more counts as all. */
void split_init(struct split *split, uint32_t share);

/* Turns the dial, from the next call on; answers what it was. */
uint32_t split_turn(struct split *split, uint32_t share);

/* What it is. */
uint32_t split_share(const struct split *split);

/* The key's slot, 0 to 9,999: XXH3 of 64 bits with no seed, modulo 10,000. Never changes between
 * versions, for shares are kept. */
uint32_t split_slot(struct str key);

/* Whether the call with this key goes to the second. */
bool split_takes(const struct split *split, struct str key);

#endif
