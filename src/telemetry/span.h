/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TELEMETRY_SPAN_H
#define TELEMETRY_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ashlar/status.h>

#include "base/clock.h"
#include "telemetry/trace_context.h"

/* Spans that have ended, kept in one ring in memory: the newest are there to be looked at and to
 * be exported, the oldest are overwritten. Recording takes no lock and no allocation. */

/* Bytes of `detail`, with its NUL. */
#define SPAN_DETAIL_SIZE 104

/* Spans in the ring, at most; a power of 2. */
#define SPAN_RING_LIMIT ((size_t)1 << 20)

/* The numbers are OTLP's. */
enum span_kind {
	SPAN_INTERNAL = 1, /* a port in this process, a statement */
	SPAN_SERVER = 2,   /* a request that came in */
	SPAN_CLIENT = 3,   /* a call to another process */
	SPAN_PRODUCER = 4, /* an event that was published */
	SPAN_CONSUMER = 5, /* an event that is handled */
};

struct span {
	uint64_t trace[2];
	uint64_t id;
	uint64_t parent;    /* 0: it is the root of its trace */
	int64_t start;      /* nanoseconds since 1970 in UTC */
	uint64_t duration;  /* nanoseconds */
	const char *name;   /* lives as long as the recorder, as do the next two */
	const char *module; /* that did the work */
	const char *owner;  /* the team */
	enum span_kind kind;
	ash_status status;
	char detail[SPAN_DETAIL_SIZE]; /* a path, a statement, why it failed; NUL-terminated */
};

struct recorder;

/* Makes a ring for `capacity` spans, which is rounded up to a power of 2, at most
 * SPAN_RING_LIMIT. `ratio` of new traces are sampled, 0.0 to 1.0. `clock` must outlive it.
 * NULL without memory. */
struct recorder *recorder_new(size_t capacity, double ratio, const struct clock *clock);

/* Takes NULL. Nobody may record any more. */
void recorder_free(struct recorder *recorder);

/* Whether a new trace is to be sampled; a request that comes with a trace keeps its own flag. */
bool recorder_samples(const struct recorder *recorder);

/* Nanoseconds since 1970 of a moment that was read from the clock's monotonic(); a wall clock that
 * is set is followed within ten seconds. Any thread. */
int64_t recorder_wall(struct recorder *recorder, uint64_t monotonic);

/* Keeps a copy of an ended span. Any thread. `detail` may be of any length and is cut at a whole
 * UTF-8 character; `span->detail` is not read. */
void recorder_add(struct recorder *recorder, const struct span *span, const char *detail);

/* Spans recorded so far: the place after the newest. */
uint64_t recorder_end(const struct recorder *recorder);

/* Copies spans in the order in which they were recorded, from place `*from` on, at most `most`
 * of them, into `out`; moves `*from` behind the last. Places that were overwritten, or never
 * filled, are passed over and counted in `*lost`. Ends before a place that is being written.
 * Returns how many. */
size_t recorder_read(const struct recorder *recorder, uint64_t *from, struct span *out, size_t most,
		     uint64_t *lost);

/* Copies the spans of one trace that are still there, oldest first. Returns how many; at most
 * `most`. Looks through the whole ring. */
size_t recorder_find(const struct recorder *recorder, const uint64_t trace[2], struct span *out,
		     size_t most);

#endif
