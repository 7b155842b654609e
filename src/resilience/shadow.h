/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_SHADOW_H
#define RESILIENCE_SHADOW_H

#include "port/call.h"
#include "resilience/compare.h"
#include "resilience/dial.h"

/* Calls of a split port that are made to its other side as well, after the caller has its answer
 * and by threads of their own, so that both answers can be compared. Nobody waits for them: where
 * there are more than the threads can make, they are dropped and counted. */

/* Calls that wait, and bytes of their messages, of all ports of a process. */
#define SHADOW_QUEUE_LIMIT  1000
#define SHADOW_MEMORY_LIMIT ((size_t)32 << 20)

/* Of the calls that are compared, so many of 10,000 ask `from` twice; the first one does, too. */
#define SHADOW_NOISE_SHARE 1000

struct shadow_options {
	unsigned threads;  /* 0: 2 */
	unsigned queue;    /* calls that wait; 0, and more than the limit: the limit */
	uint64_t patience; /* nanoseconds for one call; 0: 2 s */
};

/* The threads and the queue, for all ports. */
struct shadow_pool;

struct shadow_settings {
	uint32_t share;            /* of the calls, of 10,000 */
	bool writes;               /* also methods that have effects, which are then there twice */
	const struct map *ignored; /* paths of replies that are not compared; lives as long */
};

struct shadow_series {
	struct series *results[COMPARE_VERDICTS];
	struct series *dropped;
};

/* Of one dial. */
struct shadow {
	struct shadow_pool *pool;
	const struct dial *dial;
	uint32_t share;
	struct compare *compares; /* one a method; its type is NULL where none is made */
	uint16_t count;
	struct shadow_series *series; /* one a method */
};

/* A call that will be made to the other side, too. */
struct shadow_sample {
	const struct shadow *shadow; /* NULL: it will not */
	uint64_t started;
};

/* Makes the pool; `environment` outlives it. NULL without memory. */
struct shadow_pool *shadow_pool_new(const struct environment *environment,
				    const struct shadow_options *options);

/* Starts the threads. Errors: ASH_RESOURCE_EXHAUSTED. */
ash_status shadow_pool_start(struct shadow_pool *pool, struct fault *fault) must_check;

/* Makes no more calls: waits for those under way, drops those that wait. Takes NULL. */
void shadow_pool_stop(struct shadow_pool *pool);

/* Stops and frees. No call of a port may be under way. Takes NULL. */
void shadow_pool_free(struct shadow_pool *pool);

/* For tests: waits until no call waits and none is under way. */
void shadow_pool_settle(struct shadow_pool *pool);

/* Shadows the dial's methods: those that have no side effects or, where `writes`, all. The
 * dial's sides are set; it gets the shadow. `shadow` is to be released in any case. Errors:
 * ERROR_MEMORY, ERROR_LIMIT (metrics). */
int shadow_init(struct shadow *shadow, struct shadow_pool *pool, struct dial *dial,
		const struct shadow_settings *settings, struct metrics *metrics,
		struct error *error) must_check;

/* Frees the comparisons. Takes a zeroed struct. */
void shadow_release(struct shadow *shadow);

/* Decides whether the call that is about to be made is to be made to the other side, too. */
void shadow_begin(const struct shadow *shadow, uint16_t method, const ash_call *call,
		  struct shadow_sample *out);

/* The call has been answered by `side`: copies all that the other one needs and puts it into the
 * queue. `in` and `out` are the call's messages. */
void shadow_end(const struct shadow_sample *sample, enum dial_side side, uint16_t method,
		const ash_call *call, const void *in, const void *out, ash_status status);

#endif
