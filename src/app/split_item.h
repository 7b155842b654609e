/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_SPLIT_ITEM_H
#define APP_SPLIT_ITEM_H

#include <pthread.h>

#include "app/splits.h"
#include "resilience/dials.h"
#include "resilience/shadow.h"

/* Between the files of splits. */

/* What of a method's comparison the store knows already. */
struct split_written {
	struct compare_counts counts;
	uint64_t differed[COMPARE_FIELD_LIMIT];
	uint64_t noise[COMPARE_FIELD_LIMIT];
};

/* One side, with its names looked up. */
struct split_side {
	const struct placed *said;
	const char *module;
	const struct placement_process *process; /* NULL: the file has no processes */
	bool here;
};

/* One split of the file. */
struct split_item {
	const struct placement_split *said;
	const ash_port *port;
	uint16_t method; /* or DIAL_ALL */
	struct split_side sides[DIAL_SIDES];
	bool bound; /* in this process */
	struct dial dial;
	struct shadow shadow;
	struct map ignored;
	struct split_written *written; /* one a method; NULL: nothing is compared */
};

struct splits {
	const struct placement *placement;
	const struct placement_process *self;
	const struct environment *environment;
	struct metrics *metrics;
	struct board board;
	struct split_item *items; /* as many as the file has splits */
	size_t count;
	struct shadow_pool *pool; /* NULL: no split has a shadow */
	struct arena arena;
	struct compare_field *fields; /* of one method, while it is written */
	pthread_mutex_t looking;      /* from reading shares to turning the dials */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool running;
	bool stopping; /* under the lock */
	bool failing;  /* the store does not answer: told once */
};

#endif
