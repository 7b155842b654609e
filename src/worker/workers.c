/* SPDX-License-Identifier: Apache-2.0 */
/* Workers, what wakes them, and their heart. Must not know what the work is, nor its tables.
 *
 * Who makes work wakes one worker of its process that idles, and where none does, the bell of the
 * store rings for the other processes. A worker that finds more than it can take wakes the next.
 * Invariant: for each wake one of those that idle is called, or, where all of them are already,
 * `wakes` is counted, and a worker begins to wait only while that is what it was before it last
 * looked: so somebody looks after each wake. One of those that idle looks by itself now and then,
 * too, so a ring that is lost costs time only: the rarer the longer nothing was, but often again
 * while the bell does not work. */
#include "worker/workers.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"

void workers_log(const struct workers *workers, const char *doing, const struct fault *fault)
{
	const struct log_origin origin = {workers->options.module, NULL, NULL};
	if (workers->options.logger)
		log_write(workers->options.logger, LOG_ERROR_LEVEL, &origin, "%s: %s", doing,
			  fault->message);
}

/* ---- a worker ---- */

/* While the store is out of order all workers fail, again and again: the rest is counted. */
static void tell_failure(struct workers *workers, ash_status status, const struct fault *fault)
{
	const struct log_origin origin = {workers->options.module, NULL, NULL};
	struct workers_untold *untold = &workers->untold[status];
	pthread_mutex_lock(&workers->lock);
	uint64_t now = clock_monotonic(), before = untold->count++;
	bool due = now >= untold->next;
	if (due)
		*untold = (struct workers_untold){0, now + WORKERS_TELL_MS * UINT64_C(1000000)};
	pthread_mutex_unlock(&workers->lock);
	if (due && before && workers->options.logger)
		log_write(workers->options.logger, LOG_ERROR_LEVEL, &origin,
			  "%s: %s (and %" PRIu64 " times more since this was told last)",
			  workers->options.taking, fault->message, before);
	else if (due)
		workers_log(workers, workers->options.taking, fault);
}

/* Data that is damaged gets well by no work, and each look is a line of the log. */
#define DAMAGE_WAIT_MS 30000

static void wait_until(struct workers *workers, uint64_t due)
{
	uint64_t now = clock_monotonic();
	struct timespec until = clock_after(due > now ? due - now : 0);
	(void)!pthread_cond_timedwait(&workers->wake, &workers->lock, &until);
}

static uint64_t shortest_period(const struct workers *workers)
{
	return (uint64_t)workers->options.poll_ms * 1000000;
}

/* What a worker knows of its last look. */
struct last {
	struct workers_look look;
	bool alone;    /* nobody had called it */
	bool good;     /* it did not fail */
	uint64_t seen; /* the wakes before it */
};

/* When one is to look by itself, after a look. */
static void plan(struct workers *workers, struct last *last)
{
	uint64_t longest = shortest_period(workers) * WORKERS_IDLE_FACTOR;
	if (last->look.found || !last->good || !workers->bell || !store_bell_works(workers->bell))
		workers->period = shortest_period(workers);
	else if (last->alone)
		workers->period = 2 * workers->period < longest ? 2 * workers->period : longest;
	workers->look_at = clock_monotonic() + workers->period;
	if (last->look.next < workers->due)
		workers->due = last->look.next;
	if (last->look.behind)
		last->seen = ++workers->wakes;
}

static uint64_t next_look(const struct workers *workers)
{
	return workers->due < workers->look_at ? workers->due : workers->look_at;
}

/* Waits until it is called, or until one of those that idle is to look by itself: the others wait
 * on. Who was busy when somebody woke the workers does not wait. False: it is to stop. */
static bool wait_for_work(struct workers *workers, struct last *last)
{
	pthread_mutex_lock(&workers->lock);
	plan(workers, last);
	workers->idle++;
	while (!workers->stopping && workers->wakes == last->seen && workers->called == 0 &&
	       clock_monotonic() < next_look(workers)) {
		wait_until(workers, next_look(workers));
		last->seen = workers->wakes;
	}
	last->alone = workers->wakes == last->seen && workers->called == 0;
	uint64_t now = clock_monotonic();
	workers->look_at = now + workers->period;
	if (now >= workers->due)
		workers->due = UINT64_MAX;
	workers->idle--;
	workers->called -= workers->called > 0;
	last->seen = workers->wakes;
	bool on = !workers->stopping;
	pthread_mutex_unlock(&workers->lock);
	return on;
}

/* Goes on at once, or, where the data is damaged, after a rest in which nobody wakes it. False: it
 * is to stop. */
static bool go_on(struct workers *workers, struct last *last, bool damaged)
{
	uint64_t until = clock_monotonic() + DAMAGE_WAIT_MS * UINT64_C(1000000);
	pthread_mutex_lock(&workers->lock);
	while (damaged && !workers->stopping && clock_monotonic() < until)
		wait_until(workers, until);
	last->seen = workers->wakes;
	last->alone = false;
	bool on = !workers->stopping;
	pthread_mutex_unlock(&workers->lock);
	return on;
}

static void *work(void *context)
{
	struct workers *workers = context;
	const struct workers_options *options = &workers->options;
	struct last last;
	bool on = go_on(workers, &last, false);
	while (on) {
		struct fault fault;
		last.look = (struct workers_look){.next = UINT64_MAX};
		ash_status status = options->work(options->context, &last.look, &fault);
		bool damaged = status == ASH_DATA_LOSS;
		last.good = status == ASH_OK;
		if (status != ASH_OK && status != ASH_ABORTED)
			tell_failure(workers, status, &fault);
		if (damaged || (last.good && last.look.more))
			on = go_on(workers, &last, damaged);
		else
			on = wait_for_work(workers, &last);
	}
	return NULL;
}

/* ---- the heart ---- */

void workers_hold(struct workers *workers, struct lease *lease)
{
	pthread_mutex_lock(&workers->lock);
	lease->next = workers->leases;
	workers->leases = lease;
	pthread_mutex_unlock(&workers->lock);
}

void workers_let_go(struct workers *workers, const struct lease *lease)
{
	pthread_mutex_lock(&workers->lock);
	struct lease **at = &workers->leases;
	while (*at != lease)
		at = &(*at)->next;
	*at = lease->next;
	pthread_mutex_unlock(&workers->lock);
}

/* The work may be done while its lease is lengthened. */
struct copy {
	char name[LEASE_TEXT_LIMIT + 1], id[LEASE_TEXT_LIMIT + 1];
	int64_t token;
};

static size_t copy_leases(struct workers *workers, struct copy copies[WORKERS_LIMIT])
{
	size_t count = 0;
	pthread_mutex_lock(&workers->lock);
	for (const struct lease *at = workers->leases; at && count < WORKERS_LIMIT; at = at->next) {
		struct copy *copy = &copies[count++];
		snprintf(copy->name, sizeof copy->name, "%s", at->name);
		snprintf(copy->id, sizeof copy->id, "%s", at->id);
		copy->token = at->token;
	}
	pthread_mutex_unlock(&workers->lock);
	return count;
}

static void beat(struct workers *workers)
{
	const struct workers_options *options = &workers->options;
	struct copy copies[WORKERS_LIMIT];
	size_t count = copy_leases(workers, copies);
	for (size_t i = 0; i < count; i++) {
		struct fault fault;
		const struct lease lease = {copies[i].token, copies[i].name, copies[i].id, NULL};
		if (options->beat(options->context, &lease, &fault) != ASH_OK)
			workers_log(workers, "lengthening a lease", &fault);
	}
}

/* Until the next beat. False: it was the last. */
static bool rest(struct workers *workers)
{
	struct timespec until = clock_after((uint64_t)workers->options.beat_ms * 1000000);
	int result = 0;
	pthread_mutex_lock(&workers->lock);
	while (workers->beating && result == 0)
		result = pthread_cond_timedwait(&workers->rest, &workers->lock, &until);
	bool on = workers->beating;
	pthread_mutex_unlock(&workers->lock);
	return on;
}

static void *keep_leases(void *context)
{
	struct workers *workers = context;
	while (rest(workers)) {
		beat(workers);
		if (workers->options.beaten)
			workers->options.beaten(workers->options.context);
	}
	return NULL;
}

/* ---- waking ---- */

/* The bell of a process that works, or one that only rings: made when it is first needed. */
static void ring(struct workers *workers, uint64_t about)
{
	struct fault fault = {ASH_OK};
	pthread_mutex_lock(&workers->lock);
	if (!workers->bell && !workers->running &&
	    store_bell_open(workers->options.store, 0, NULL, NULL, &workers->bell, &fault) !=
		    ASH_OK)
		workers_log(workers, "waking other processes", &fault);
	if (workers->bell)
		store_bell_ring(workers->bell, about);
	pthread_mutex_unlock(&workers->lock);
}

/* Whether one idled. */
static bool wake_one(struct workers *workers)
{
	pthread_mutex_lock(&workers->lock);
	bool idles = workers->idle > 0;
	workers->period = shortest_period(workers);
	if (workers->idle > workers->called) {
		workers->called++;
		pthread_cond_signal(&workers->wake);
	} else {
		workers->wakes++;
	}
	pthread_mutex_unlock(&workers->lock);
	return idles;
}

static void rung(void *context)
{
	wake_one(context);
}

/* ---- starting ---- */

static bool start_threads(struct workers *workers)
{
	unsigned count = workers->options.count;
	workers->has_heart = pthread_create(&workers->heart, NULL, keep_leases, workers) == 0;
	if (!workers->has_heart)
		return false;
	while (workers->started < count && workers->started < WORKERS_LIMIT) {
		if (pthread_create(&workers->threads[workers->started], NULL, work, workers) != 0)
			return false;
		workers->started++;
	}
	return true;
}

static void join_threads(struct workers *workers)
{
	for (unsigned i = 0; i < workers->started; i++)
		pthread_join(workers->threads[i], NULL);
	workers->started = 0;
	/* The heart beats for as long as a worker works. */
	pthread_mutex_lock(&workers->lock);
	workers->beating = false;
	pthread_cond_broadcast(&workers->rest);
	pthread_mutex_unlock(&workers->lock);
	if (workers->has_heart)
		pthread_join(workers->heart, NULL);
	workers->has_heart = false;
}

/* ---- what others see ---- */

uint64_t workers_topic(const char *name)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return UINT64_C(1) << (hash >> 58);
}

void workers_init(struct workers *workers, const struct workers_options *options)
{
	pthread_condattr_t attributes;
	*workers = (struct workers){.options = *options, .due = UINT64_MAX};
	workers->period = shortest_period(workers);
	pthread_mutex_init(&workers->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&workers->wake, &attributes);
	pthread_cond_init(&workers->rest, &attributes);
	pthread_condattr_destroy(&attributes);
}

void workers_release(struct workers *workers)
{
	workers_stop(workers);
	store_bell_close(workers->bell);
	pthread_cond_destroy(&workers->wake);
	pthread_cond_destroy(&workers->rest);
	pthread_mutex_destroy(&workers->lock);
}

ash_status workers_start(struct workers *workers, struct fault *fault)
{
	struct store_bell *bell = NULL;
	ASH_TRY(store_bell_open(workers->options.store, workers->options.listens, rung, workers,
				&bell, fault));
	pthread_mutex_lock(&workers->lock);
	struct store_bell *silent = workers->bell;
	workers->bell = bell;
	workers->running = workers->beating = true;
	pthread_mutex_unlock(&workers->lock);
	store_bell_close(silent);
	/* A process that ended between its commit and its ring may be this one, started again. */
	ring(workers, workers->options.listens | workers->options.rings);
	if (start_threads(workers))
		return ASH_OK;
	workers_stop(workers);
	return fault_set(fault, ASH_RESOURCE_EXHAUSTED, "the system gives no threads for %s",
			 workers->options.taking);
}

void workers_stop(struct workers *workers)
{
	if (!workers->running)
		return;
	pthread_mutex_lock(&workers->lock);
	atomic_store(&workers->stopping, true);
	pthread_cond_broadcast(&workers->wake);
	pthread_mutex_unlock(&workers->lock);
	join_threads(workers);
	pthread_mutex_lock(&workers->lock);
	struct store_bell *bell = take(workers->bell);
	workers->running = false;
	atomic_store(&workers->stopping, false);
	pthread_mutex_unlock(&workers->lock);
	store_bell_close(bell);
}

bool workers_stopping(const struct workers *workers)
{
	return atomic_load(&workers->stopping);
}

void workers_more(struct workers *workers, uint64_t about)
{
	const struct workers_options *options = &workers->options;
	if (!(about & options->listens) || !wake_one(workers))
		ring(workers, about);
	else if (about & options->rings)
		ring(workers, about & options->rings);
}

void workers_look_at(struct workers *workers, uint64_t at)
{
	pthread_mutex_lock(&workers->lock);
	if (at < workers->due) {
		workers->due = at;
		pthread_cond_signal(&workers->wake);
	}
	pthread_mutex_unlock(&workers->lock);
}

void workers_wake(struct workers *workers)
{
	pthread_mutex_lock(&workers->lock);
	workers->period = shortest_period(workers);
	workers->wakes++;
	workers->called = workers->idle;
	pthread_cond_broadcast(&workers->wake);
	pthread_mutex_unlock(&workers->lock);
	ring(workers, workers->options.listens | workers->options.rings);
}
