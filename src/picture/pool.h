/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PICTURE_POOL_H
#define PICTURE_POOL_H

#include <stdint.h>

#include "base/map.h"
#include "base/str.h"
#include "base/text.h"

/* Texts that stand once in the page's data and are named by their numbers elsewhere. */
struct pool {
	struct map numbers;
	struct text list; /* the texts as JSON strings with commas between */
	uint32_t count;
	bool failed;
};

/* Frees the numbers and the list; the texts are not its own. */
void pool_release(struct pool *pool);

/* The number of `text`, which must live as long as the pool; 0 for the empty one. */
uint32_t pool_number(struct pool *pool, struct str text);

/* Adds the texts as a JSON array; the first is empty. */
void pool_write(const struct pool *pool, struct text *out);

#endif
