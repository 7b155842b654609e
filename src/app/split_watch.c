/* SPDX-License-Identifier: Apache-2.0 */
/* How a process and the store keep in step on splits: shares come from there, what comparisons
 * found goes there. No call waits for it.
 *
 * Invariant: while the store cannot be asked, the dials stand where they stood. */
#include <stdio.h>
#include <string.h>

#include "app/split_item.h"
#include "app/splits.h"
#include "base/clock.h"

/* Between two looks at the store, in nanoseconds; and how many looks pass between two writings. */
#define WATCH_LOOK  ((uint64_t)500000000)
#define WATCH_WRITE 4

static const struct log_origin NOBODY = {0};

static int64_t now_of(const struct splits *splits)
{
	const struct clock *clock = splits->environment->clock;
	return clock->wall(clock);
}

/* ---- shares ---- */

static void turn(void *context, const char *name, uint32_t share, uint32_t file)
{
	const struct splits *splits = context;
	const struct logger *logger = splits->environment->logger;
	(void)file;
	for (size_t i = 0; i < splits->count; i++) {
		struct split_item *item = &splits->items[i];
		if (!item->bound || strcmp(item->said->name.text, name) != 0)
			continue;
		uint32_t before = dial_turn(&item->dial, share);
		if (before != share && logger)
			log_write(logger, LOG_INFO_LEVEL, &NOBODY,
				  "the split of %s: %u of 10000 go to %s, after %u", name, share,
				  item->said->to.text, before);
	}
}

/* Turns the dials to what the store has. One thread at a time, so that none turns one back to what
 * it read before another was there. */
static ash_status look(struct splits *splits, struct fault *fault)
{
	pthread_mutex_lock(&splits->looking);
	ash_status status = board_read(&splits->board, turn, splits, fault);
	pthread_mutex_unlock(&splits->looking);
	return status;
}

ash_status splits_set(struct splits *splits, const char *name, uint32_t share, const char *who,
		      struct fault *fault)
{
	uint32_t file = 0, before;
	struct fault unread;
	for (size_t i = 0; i < splits->count; i++)
		if (strcmp(splits->items[i].said->name.text, name) == 0)
			file = splits->items[i].said->share;
	ASH_TRY(board_set(&splits->board, name, share, file, now_of(splits), who, &before, fault));
	/* It is set: where it cannot be read now, the next look turns the dial. */
	(void)look(splits, &unread);
	return ASH_OK;
}

/* ---- what was found ---- */

static struct compare_counts added(const struct compare_counts *now,
				   const struct compare_counts *before)
{
	struct compare_counts counts = {
		.calls = now->calls - before->calls,
		.equal = now->equal - before->equal,
		.noisy = now->noisy - before->noisy,
		.different = now->different - before->different,
		.repeated = now->repeated - before->repeated,
		.others = now->others - before->others,
	};
	for (int side = 0; side < DIAL_SIDES; side++) {
		counts.failures[side] = now->failures[side] - before->failures[side];
		counts.took[side] = now->took[side] - before->took[side];
		counts.worst[side] = now->worst[side];
	}
	return counts;
}

/* Of the fields those with something new, by how much, at the front of splits->fields. */
static size_t added_fields(const struct splits *splits, const struct split_written *written,
			   size_t count, struct split_written *next)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		struct compare_field field = splits->fields[i];
		next->differed[i] = field.differed;
		next->noise[i] = field.noise;
		field.differed -= written->differed[i];
		field.noise -= written->noise[i];
		if (field.differed || field.noise)
			splits->fields[kept++] = field;
	}
	return kept;
}

static ash_status write_method(const struct splits *splits, const struct split_item *item,
			       uint16_t method, struct fault *fault)
{
	struct split_written *written = &item->written[method], next = *written;
	struct compare *compare = &item->shadow.compares[method];
	const char *name = item->port->methods[method].name;
	if (!compare->type)
		return ASH_OK;
	size_t count = compare_look(compare, &next.counts, splits->fields, COMPARE_FIELD_LIMIT);
	if (next.counts.calls == written->counts.calls)
		return ASH_OK;
	const struct compare_counts counts = added(&next.counts, &written->counts);
	count = added_fields(splits, written, count, &next);
	ASH_TRY(board_add(&splits->board, item->said->name.text, name, now_of(splits), &counts,
			  splits->fields, count, fault));
	*written = next;
	return ASH_OK;
}

static ash_status write_all(const struct splits *splits, struct fault *fault)
{
	for (size_t i = 0; i < splits->count; i++) {
		const struct split_item *item = &splits->items[i];
		for (uint16_t j = 0; item->bound && item->written && j < item->shadow.count; j++)
			ASH_TRY(write_method(splits, item, j, fault));
	}
	return ASH_OK;
}

/* ---- the thread ---- */

/* False: it is to stop. */
static bool wait_a_little(struct splits *splits)
{
	struct timespec until = clock_after(WATCH_LOOK);
	pthread_mutex_lock(&splits->lock);
	if (!splits->stopping)
		pthread_cond_timedwait(&splits->wake, &splits->lock, &until);
	bool on = !splits->stopping;
	pthread_mutex_unlock(&splits->lock);
	return on;
}

/* A failure is told when it begins, and when it is over. */
static void tell(struct splits *splits, ash_status status, const struct fault *fault)
{
	const struct logger *logger = splits->environment->logger;
	bool failing = status != ASH_OK;
	if (failing == splits->failing || !logger)
		return;
	splits->failing = failing;
	if (failing)
		log_write(logger, LOG_WARN_LEVEL, &NOBODY,
			  "splits stay as they are, as the store cannot be asked: %s",
			  fault->message);
	else
		log_write(logger, LOG_INFO_LEVEL, &NOBODY, "splits follow the store again");
}

static void *watch(void *context)
{
	struct splits *splits = context;
	struct fault fault;
	for (unsigned looks = 1; wait_a_little(splits); looks++) {
		ash_status status = look(splits, &fault);
		if (status == ASH_OK && looks % WATCH_WRITE == 0)
			status = write_all(splits, &fault);
		tell(splits, status, &fault);
	}
	return NULL;
}

static ash_status join(struct splits *splits, struct split_item *item, struct fault *fault)
{
	char who[BOARD_WHO_SIZE];
	uint32_t share;
	const struct placed *name = &item->said->name;
	snprintf(who, sizeof who, "%.80s, line %u", splits->placement->file, name->line);
	ASH_TRY(board_join(&splits->board, name->text, item->said->share, now_of(splits), who,
			   &share, fault));
	turn(splits, name->text, share, item->said->share);
	return ASH_OK;
}

ash_status splits_start(struct splits *splits, unsigned module, struct fault *fault)
{
	splits->board = (struct board){splits->environment->store, module};
	for (size_t i = 0; i < splits->count; i++)
		ASH_TRY(join(splits, &splits->items[i], fault));
	if (splits->pool)
		ASH_TRY(shadow_pool_start(splits->pool, fault));
	splits->running = pthread_create(&splits->thread, NULL, watch, splits) == 0;
	if (!splits->running)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
				 "the system gives no thread that looks at splits");
	return ASH_OK;
}

void splits_stop(struct splits *splits)
{
	struct fault fault;
	if (!splits || !splits->running)
		return;
	pthread_mutex_lock(&splits->lock);
	splits->stopping = true;
	pthread_cond_signal(&splits->wake);
	pthread_mutex_unlock(&splits->lock);
	pthread_join(splits->thread, NULL);
	splits->running = false;
	shadow_pool_stop(splits->pool);
	tell(splits, write_all(splits, &fault), &fault);
}
