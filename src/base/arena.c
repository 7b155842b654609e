/* SPDX-License-Identifier: Apache-2.0 */
/* A list of blocks, each twice as large as the one before up to BLOCK_MOST; requests are
 * cut off the newest. A request that is larger than a block gets one of its own.
 * Invariant: the newest block is the first of the list, and `end` is how far its pages are in. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

/* PAGES_IN: bytes whose pages one call brings in, at a fraction of what a fault each costs. */
enum { BLOCK_FIRST = 4096, BLOCK_MOST = 1 << 20, PAGES_IN = 64 * 1024, PAGE = 4096 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	alignas(max_align_t) char bytes[];
};

void arena_release(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;
		mem_free(arena->blocks);
		arena->blocks = next;
	}
	*arena = (struct arena){0};
}

static struct arena_block *block_new(struct arena *arena, size_t size)
{
	struct arena_block *block = mem_alloc(sizeof *block + size);
	if (!block) {
		arena->failed = true;
		return NULL;
	}
	block->size = size;
	arena->used += sizeof *block + size;
	return block;
}

static void *alloc_large(struct arena *arena, size_t size)
{
	struct arena_block *block = block_new(arena, size);
	if (!block)
		return NULL;
	if (arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		arena->blocks = block;
		arena->at = arena->end = block->bytes + size;
	}
	return block->bytes;
}

static bool open_block(struct arena *arena)
{
	size_t size = arena->blocks ? arena->blocks->size * 2 : BLOCK_FIRST;
	if (size > BLOCK_MOST)
		size = BLOCK_MOST;
	struct arena_block *block = block_new(arena, size);
	if (!block)
		return false;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->at = arena->end = block->bytes;
	return true;
}

/* What the kernel does not do (before Linux 5.14) the faults do. */
static void bring_in(char *at, size_t size)
{
#ifdef MADV_POPULATE_WRITE
	char *page = at - ((uintptr_t)at & (PAGE - 1));
	madvise(page, size + (size_t)(at - page), MADV_POPULATE_WRITE);
#else
	(void)at, (void)size;
#endif
}

/* Moves `end` on until there are `size` bytes behind `at`. False: the block has no more. */
static bool extend(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	if (!block || size > (size_t)(block->bytes + block->size - arena->at))
		return false;
	while (size > (size_t)(arena->end - arena->at)) {
		size_t step = (size_t)(block->bytes + block->size - arena->end);
		if (block->size > PAGES_IN) {
			step = step < PAGES_IN ? step : PAGES_IN;
			bring_in(arena->end, step);
		}
		arena->end += step;
	}
	return true;
}

/* Memory whose address is a multiple of `unit`, a power of two. */
static void *alloc_aligned(struct arena *arena, size_t size, size_t unit)
{
	if (size == 0)
		size = 1;
	if (size > SIZE_MAX / 2) {
		arena->failed = true;
		return NULL;
	}
	size_t gap = -(uintptr_t)arena->at & (unit - 1);
	if (gap + size > (size_t)(arena->end - arena->at) && !extend(arena, gap + size)) {
		if (size > BLOCK_FIRST / 2)
			return alloc_large(arena, size);
		if (!open_block(arena) || !extend(arena, size))
			return NULL;
		gap = 0;
	}
	char *memory = arena->at + gap;
	arena->at = memory + size;
	return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return alloc_aligned(arena, size, alignof(max_align_t));
}

char *arena_bytes(struct arena *arena, size_t size)
{
	return alloc_aligned(arena, size, 1);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / 2 / size) {
		arena->failed = true;
		return NULL;
	}
	return arena_alloc(arena, count * size);
}

struct str arena_str(struct arena *arena, struct str text)
{
	char *copy = arena_bytes(arena, text.length + 1);
	if (!copy)
		return (struct str){0};
	if (text.length)
		memcpy(copy, text.at, text.length);
	return (struct str){copy, text.length};
}

const char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		arena->failed = true;
		return NULL;
	}
	char *text = arena_bytes(arena, (size_t)length + 1);
	if (!text)
		return NULL;
	va_start(arguments, format);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return text;
}

void arena_adopt(struct arena *into, struct arena *from)
{
	into->failed |= from->failed;
	struct arena_block **last = &from->blocks;
	while (*last)
		last = &(*last)->next;
	if (into->blocks) {
		*last = into->blocks->next;
		into->blocks->next = from->blocks;
	} else {
		into->blocks = from->blocks;
		into->at = from->at;
		into->end = from->end;
	}
	into->used += from->used;
	*from = (struct arena){0};
}
