/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Heap memory. Every allocation of the project passes through here, so that a test
 * can make the Nth one fail. */

/* Returns zeroed memory, or NULL. The caller frees it with mem_free(). */
void *mem_alloc(size_t size) must_check;

/* Resizes as realloc() does; new bytes are not zeroed. NULL leaves `memory` as it was. */
void *mem_resize(void *memory, size_t size) must_check;

/* Returns a NUL-terminated copy of `length` bytes, or NULL. */
char *mem_copy(const char *bytes, size_t length) must_check;

/* Takes NULL. */
void mem_free(void *memory);

/* Makes room for `needed` items of `item_size` bytes in a growing array. `items` is the
 * address of a typed pointer (`&list->items`), `capacity` counts items. Grows by doubling.
 * Returns false, and changes nothing, without memory or when the size would overflow. */
bool mem_reserve(void *items, size_t *capacity, size_t needed, size_t item_size) must_check;

/* For programs that run long: blocks of 256 KiB or more go back to the system when they are freed,
 * whatever was freed before. Left alone, glibc keeps what threads freed of as many bytes as the
 * largest block had that any of them freed, times two, for each of its arenas. Before the first
 * thread. Does nothing where the C library is another. */
void mem_keep_little(void);

/* For tests: the `nth` allocation from now on (1 is the next) fails, and all after it,
 * until mem_fail_never(). `nth` is at least 1. Safe while other threads allocate. */
void mem_fail_from(long nth);

/* For tests: allocations succeed again. Returns whether any was made to fail. */
bool mem_fail_never(void);

/* mem_free() for _cleanup_(mem_freep). */
void mem_freep(void *pointer);

/* Runs `function(&variable)` when the variable goes out of scope. */
#define _cleanup_(function) __attribute__((cleanup(function)))

/* Takes the pointer out of an owning variable, which then owns nothing. */
#define take(pointer)                                                                              \
	({                                                                                         \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})

#endif
