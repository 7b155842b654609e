/* SPDX-License-Identifier: Apache-2.0 */
/* A list of blocks, each twice as large as the one before up to BLOCK_MOST; requests are
 * cut off the newest. A request that is larger than a block gets one of its own. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK_FIRST = 4096, BLOCK_MOST = 1 << 20 };

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
	arena->at = block->bytes;
	arena->end = block->bytes + size;
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
	size_t room = (size_t)(arena->end - arena->at);
	size_t gap = -(uintptr_t)arena->at & (unit - 1);
	if (gap > room || size > room - gap) {
		if (size > BLOCK_FIRST / 2)
			return alloc_large(arena, size);
		if (!open_block(arena))
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
