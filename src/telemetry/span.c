/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of ended spans. A writer draws a place, takes the slot by its sequence number, copies
 * word by word, and gives the slot back; a reader copies and then looks whether the number is
 * still the same (a sequence lock per slot: Boehm, "Can seqlocks get along with programming
 * language memory models?", 2012).
 *
 * Sequence of a slot: 0 never written; 2 * place + 1 being written; 2 * place + 2 holds `place`. */
#include "telemetry/span.h"

#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/utf8.h"

enum {
	WORDS = sizeof(struct span) / sizeof(uint64_t),
	DETAIL_WORD = offsetof(struct span, detail) / sizeof(uint64_t),
};
_Static_assert(sizeof(struct span) % sizeof(uint64_t) == 0 &&
		       offsetof(struct span, detail) % sizeof(uint64_t) == 0 &&
		       SPAN_DETAIL_SIZE % sizeof(uint64_t) == 0,
	       "a span is copied word by word, its detail last");

struct slot {
	_Atomic uint64_t sequence;
	_Atomic uint64_t words[WORDS];
};

struct recorder {
	_Atomic uint64_t end;
	_Alignas(64) size_t mask; /* slots - 1 */
	uint64_t threshold;       /* a trace is sampled when 64 random bits are below */
	bool all;                 /* each is */
	const struct clock *clock;
	_Atomic int64_t offset;    /* from monotonic to wall time, in nanoseconds, */
	_Atomic uint64_t measured; /* as it was then, by the monotonic clock */
	struct slot slots[];
};

/* How old the offset may be, in nanoseconds: the wall clock may be set. */
#define OFFSET_LASTS UINT64_C(10000000000)

static int64_t measure_offset(const struct clock *clock)
{
	return clock->wall(clock) * 1000 - (int64_t)clock->monotonic(clock);
}

struct recorder *recorder_new(size_t capacity, double ratio, const struct clock *clock)
{
	size_t slots = 1;
	while (slots < capacity && slots < SPAN_RING_LIMIT)
		slots *= 2;
	struct recorder *recorder = mem_alloc(sizeof *recorder + slots * sizeof(struct slot));
	if (!recorder)
		return NULL;
	recorder->mask = slots - 1;
	recorder->all = ratio >= 1.0;
	recorder->threshold = ratio > 0.0 && ratio < 1.0 ? (uint64_t)(ratio * 0x1p64) : 0;
	recorder->clock = clock;
	atomic_init(&recorder->offset, measure_offset(clock));
	atomic_init(&recorder->measured, clock->monotonic(clock));
	return recorder;
}

void recorder_free(struct recorder *recorder)
{
	mem_free(recorder);
}

bool recorder_samples(const struct recorder *recorder)
{
	return recorder->all || (recorder->threshold && random_u64() < recorder->threshold);
}

int64_t recorder_wall(struct recorder *recorder, uint64_t monotonic)
{
	uint64_t measured = atomic_load_explicit(&recorder->measured, memory_order_relaxed);
	if (__builtin_expect(monotonic > measured && monotonic - measured > OFFSET_LASTS, 0) &&
	    atomic_compare_exchange_strong(&recorder->measured, &measured, monotonic))
		atomic_store_explicit(&recorder->offset, measure_offset(recorder->clock),
				      memory_order_relaxed);
	return (int64_t)monotonic + atomic_load_explicit(&recorder->offset, memory_order_relaxed);
}

/* Takes the slot for `place`; false when a slower writer has it, or a faster one had it. */
static bool take_slot(struct slot *slot, uint64_t place)
{
	uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed);
	return sequence % 2 == 0 && sequence < 2 * place + 1 &&
	       atomic_compare_exchange_strong_explicit(&slot->sequence, &sequence, 2 * place + 1,
						       memory_order_acq_rel, memory_order_relaxed);
}

/* Copies `size` bytes, a whole number of words. */
static void write_words(struct slot *slot, size_t first, const void *from, size_t size)
{
	for (size_t i = 0; i < size / sizeof(uint64_t); i++) {
		uint64_t word;
		memcpy(&word, (const char *)from + i * sizeof word, sizeof word);
		atomic_store_explicit(&slot->words[first + i], word, memory_order_release);
	}
}

/* Of the detail only what is before its NUL, and that; what a longer one left behind it stays. */
static void write_detail(struct slot *slot, const char *detail)
{
	char copy[SPAN_DETAIL_SIZE];
	size_t length = detail ? strnlen(detail, SPAN_DETAIL_SIZE) : 0;
	if (length == SPAN_DETAIL_SIZE)
		length = utf8_cut(detail, SPAN_DETAIL_SIZE - 1);
	size_t size = (length / sizeof(uint64_t) + 1) * sizeof(uint64_t);
	memset(copy + size - sizeof(uint64_t), 0, sizeof(uint64_t));
	if (length > 0)
		memcpy(copy, detail, length);
	write_words(slot, DETAIL_WORD, copy, size);
}

void recorder_add(struct recorder *recorder, const struct span *span, const char *detail)
{
	uint64_t place = atomic_fetch_add_explicit(&recorder->end, 1, memory_order_relaxed);
	struct slot *slot = &recorder->slots[place & recorder->mask];
	if (!take_slot(slot, place))
		return;
	write_words(slot, 0, span, DETAIL_WORD * sizeof(uint64_t));
	write_detail(slot, detail);
	atomic_store_explicit(&slot->sequence, 2 * place + 2, memory_order_release);
}

uint64_t recorder_end(const struct recorder *recorder)
{
	return atomic_load_explicit(&recorder->end, memory_order_acquire);
}

enum met {
	MET_SPAN,
	MET_BUSY,    /* drawn, and not written yet */
	MET_NOTHING, /* overwritten */
};

static enum met read_place(const struct recorder *recorder, uint64_t place, struct span *out)
{
	const struct slot *slot = &recorder->slots[place & recorder->mask];
	uint64_t before = atomic_load_explicit(&slot->sequence, memory_order_acquire);
	if (before < 2 * place + 2)
		return MET_BUSY;
	if (before > 2 * place + 2)
		return MET_NOTHING;
	uint64_t words[WORDS];
	for (size_t i = 0; i < WORDS; i++)
		words[i] = atomic_load_explicit(&slot->words[i], memory_order_acquire);
	if (atomic_load_explicit(&slot->sequence, memory_order_relaxed) != before)
		return MET_NOTHING;
	memcpy(out, words, sizeof *out);
	return MET_SPAN;
}

size_t recorder_read(const struct recorder *recorder, uint64_t *from, struct span *out, size_t most,
		     uint64_t *lost)
{
	uint64_t end = recorder_end(recorder), place = *from;
	size_t count = 0;
	if (end - place > recorder->mask + 1) {
		*lost += end - place - (recorder->mask + 1);
		place = end - (recorder->mask + 1);
	}
	for (; place < end && count < most; place++) {
		enum met met = read_place(recorder, place, &out[count]);
		if (met == MET_BUSY)
			break;
		count += met == MET_SPAN;
		*lost += met == MET_NOTHING;
	}
	*from = place;
	return count;
}

size_t recorder_find(const struct recorder *recorder, const uint64_t trace[2], struct span *out,
		     size_t most)
{
	uint64_t end = recorder_end(recorder);
	uint64_t place = end > recorder->mask + 1 ? end - (recorder->mask + 1) : 0;
	size_t count = 0;
	for (; place < end && count < most; place++)
		if (read_place(recorder, place, &out[count]) == MET_SPAN &&
		    out[count].trace[0] == trace[0] && out[count].trace[1] == trace[1])
			count++;
	return count;
}
