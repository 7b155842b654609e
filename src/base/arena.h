/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Memory that is freed all at once. Not for sharing between threads.
 * A zeroed struct is an empty arena. */
struct arena {
	struct arena_block *blocks;
	char *at;
	char *end;
	size_t used; /* bytes taken from the heap, for statistics */
	bool failed; /* an allocation failed since arena_release() */
};

/* Frees everything that came from the arena; it is then empty and may be used again. */
void arena_release(struct arena *arena);

/* Returns zeroed memory, aligned for any type, that lives as long as the arena;
 * NULL, and `failed` set, without memory. */
void *arena_alloc(struct arena *arena, size_t size);

/* Like arena_alloc(), for bytes: not aligned. */
char *arena_bytes(struct arena *arena, size_t size);

/* Like arena_alloc() for `count` items of `size` bytes; NULL also when that overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A NUL-terminated copy; its `at` is NULL, and `failed` set, without memory. */
struct str arena_str(struct arena *arena, struct str text);

/* A NUL-terminated formatted text; NULL, and `failed` set, without memory. */
const char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Moves all memory of `from` to `into`; `from` is then empty. What was allocated from
 * `from` lives as long as `into`. */
void arena_adopt(struct arena *into, struct arena *from);

#endif
