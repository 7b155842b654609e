/* SPDX-License-Identifier: Apache-2.0 */
/* The one door to the heap, with a fault hook for tests. */
#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a block that has pages of its own. */
enum { LARGE = 256 * 1024 };

/* Allocations left until they fail; negative: never. One relaxed load when unused. */
static atomic_long fault_countdown = -1;
static atomic_bool fault_met = false;

static bool must_fail(void)
{
	long left = atomic_load_explicit(&fault_countdown, memory_order_relaxed);
	while (left > 1)
		if (atomic_compare_exchange_weak(&fault_countdown, &left, left - 1))
			return false;
	if (left < 0)
		return false;
	atomic_store(&fault_met, true);
	return true;
}

void mem_keep_little(void)
{
#ifdef M_MMAP_THRESHOLD
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
#endif
}

void mem_fail_from(long nth)
{
	atomic_store(&fault_met, false);
	atomic_store(&fault_countdown, nth);
}

bool mem_fail_never(void)
{
	atomic_store(&fault_countdown, -1);
	return atomic_load(&fault_met);
}

void *mem_alloc(size_t size)
{
	return must_fail() ? NULL : calloc(1, size ? size : 1);
}

void *mem_resize(void *memory, size_t size)
{
	return must_fail() ? NULL : realloc(memory, size ? size : 1);
}

char *mem_copy(const char *bytes, size_t length)
{
	char *copy = mem_alloc(length + 1);
	if (copy && length)
		memcpy(copy, bytes, length);
	return copy;
}

void mem_free(void *memory)
{
	free(memory);
}

bool mem_reserve(void *items, size_t *capacity, size_t needed, size_t item_size)
{
	if (needed <= *capacity)
		return true;
	size_t wanted = *capacity ? *capacity * 2 : 8;
	if (wanted < needed)
		wanted = needed;
	if (wanted > SIZE_MAX / item_size)
		return false;
	void *grown;
	memcpy(&grown, items, sizeof grown);
	grown = mem_resize(grown, wanted * item_size);
	if (!grown)
		return false;
	memcpy(items, &grown, sizeof grown);
	*capacity = wanted;
	return true;
}

void mem_freep(void *pointer)
{
	void *memory;
	memcpy(&memory, pointer, sizeof memory);
	mem_free(memory);
}
