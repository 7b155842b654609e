/* SPDX-License-Identifier: Apache-2.0 */
/* The threads: workers that deliver, what wakes them, and the heartbeat, which lengthens the leases
 * of batches that take long and frees those of dead processes. Knows no delivery.
 *
 * Who commits an event wakes one worker of its process that idles, and where none does, the bell of
 * the store rings for the other processes. A worker that finds more than it can take wakes the
 * next. All of them look by themselves now and then, too, so a wake-up that is lost costs time
 * only. */
#include "base/fault_point.h"
#include "base/mem.h"
#include "event/hub.h"

enum { HOUR = 1000000 * 60 * 60LL };

/* ---- workers ---- */

/* Waits until somebody wakes the workers, for at most `ms`. False: it is to stop. */
static bool wait_for_work(struct event_hub *hub, uint64_t *seen, unsigned ms)
{
	struct timespec until = clock_after((uint64_t)ms * 1000000);
	int result = 0;
	pthread_mutex_lock(&hub->lock);
	hub->idle++;
	while (!hub->stopping && hub->wakes == *seen && result == 0)
		result = pthread_cond_timedwait(&hub->wake, &hub->lock, &until);
	hub->idle--;
	*seen = hub->wakes;
	bool on = !hub->stopping;
	pthread_mutex_unlock(&hub->lock);
	return on;
}

static void log_fault(struct event_hub *hub, const char *doing, const struct fault *fault)
{
	const struct log_origin origin = {"ashlar_event", NULL, NULL};
	if (hub->environment->logger)
		log_write(hub->environment->logger, LOG_ERROR_LEVEL, &origin, "%s: %s", doing,
			  fault->message);
}

static void *work(void *context)
{
	struct event_hub *hub = context;
	uint64_t seen = 0;
	unsigned wait = 0;
	while (wait_for_work(hub, &seen, wait)) {
		struct fault fault;
		size_t handled = 0;
		ash_status status = hub_deliver(hub, false, &handled, &fault);
		if (status == ASH_OK)
			status = hub_deliver(hub, true, &handled, &fault);
		if (status != ASH_OK && status != ASH_ABORTED)
			log_fault(hub, "taking events", &fault);
		wait = status == ASH_OK && handled > 0 ? 0 : hub->options.poll_ms;
	}
	return NULL;
}

/* ---- the heartbeat ---- */

enum { BEATS = 64 };

static void beat(struct event_hub *hub)
{
	int64_t tokens[BEATS];
	size_t count = 0;
	struct fault fault;
	pthread_mutex_lock(&hub->lock);
	for (const struct lease *lease = hub->leases; lease && count < BEATS; lease = lease->next)
		tokens[count++] = lease->token;
	pthread_mutex_unlock(&hub->lock);
	for (size_t i = 0; i < count; i++)
		if (delivery_beat(hub, tokens[i], &fault) != ASH_OK)
			log_fault(hub, "lengthening a lease", &fault);
}

static void rescue(struct event_hub *hub)
{
	struct fault fault;
	int64_t died = 0, swept = 0;
	if (delivery_rescue(hub, &died, &fault) != ASH_OK) {
		log_fault(hub, "freeing lost leases", &fault);
		return;
	}
	series_add(hub->died, (uint64_t)died);
	int64_t at = clock_wall();
	if (at - atomic_load(&hub->swept_at) < HOUR)
		return;
	atomic_store(&hub->swept_at, at);
	if (event_sweep(hub, &swept, &fault) != ASH_OK)
		log_fault(hub, "taking old events away", &fault);
}

static void *keep_leases(void *context)
{
	struct event_hub *hub = context;
	unsigned third = hub->options.lease_ms / 3 + 1;
	for (;;) {
		struct timespec until = clock_after((uint64_t)third * 1000000);
		int result = 0;
		pthread_mutex_lock(&hub->lock);
		while (hub->beating && result == 0)
			result = pthread_cond_timedwait(&hub->rest, &hub->lock, &until);
		bool on = hub->beating;
		pthread_mutex_unlock(&hub->lock);
		if (!on)
			return NULL;
		beat(hub);
		FAULT_POINT("heart.beaten");
		rescue(hub);
		FAULT_POINT("heart.rescued");
	}
}

/* ---- from outside ---- */

/* The bell of a process that delivers, or one that only rings: made when it is first needed. */
static void ring(struct event_hub *hub)
{
	struct fault fault = {ASH_OK};
	pthread_mutex_lock(&hub->lock);
	if (!hub->bell && !hub->running &&
	    store_bell_open(hub->environment->store, NULL, NULL, &hub->bell, &fault) != ASH_OK)
		log_fault(hub, "waking other processes", &fault);
	if (hub->bell)
		store_bell_ring(hub->bell);
	pthread_mutex_unlock(&hub->lock);
}

/* Whether there was one. A worker that is on its way to wait sees that `wakes` has changed. */
static bool wake_one(struct event_hub *hub)
{
	pthread_mutex_lock(&hub->lock);
	bool idles = hub->idle > 0;
	hub->wakes++;
	if (idles)
		pthread_cond_signal(&hub->wake);
	pthread_mutex_unlock(&hub->lock);
	return idles;
}

void hub_more(struct event_hub *hub)
{
	if (!wake_one(hub))
		ring(hub);
}

static void rung(void *context)
{
	wake_one(context);
}

void event_hub_wake(struct event_hub *hub)
{
	pthread_mutex_lock(&hub->lock);
	hub->wakes++;
	pthread_cond_broadcast(&hub->wake);
	pthread_mutex_unlock(&hub->lock);
	ring(hub);
}

static bool start_thread(pthread_t *thread, void *(*function)(void *), struct event_hub *hub)
{
	return pthread_create(thread, NULL, function, hub) == 0;
}

ash_status event_hub_start(struct event_hub *hub, struct fault *fault)
{
	unsigned workers = hub->options.workers < EVENT_WORKER_LIMIT ? hub->options.workers
								     : EVENT_WORKER_LIMIT;
	store_bell_close(take(hub->bell));
	ASH_TRY(store_bell_open(hub->environment->store, rung, hub, &hub->bell, fault));
	hub->stopping = false;
	hub->beating = true;
	hub->running = start_thread(&hub->heart, keep_leases, hub);
	for (hub->worker_count = 0; hub->running && hub->worker_count < workers;
	     hub->worker_count++)
		if (!start_thread(&hub->workers[hub->worker_count], work, hub))
			break;
	if (hub->worker_count == workers)
		return ASH_OK;
	event_hub_stop(hub);
	return fault_set(fault, ASH_RESOURCE_EXHAUSTED, "the system gives no threads for events");
}

void event_hub_stop(struct event_hub *hub)
{
	if (!hub->running)
		return;
	pthread_mutex_lock(&hub->lock);
	hub->stopping = true;
	pthread_cond_broadcast(&hub->wake);
	pthread_mutex_unlock(&hub->lock);
	atomic_store(&hub->stop, true);
	for (unsigned i = 0; i < hub->worker_count; i++)
		pthread_join(hub->workers[i], NULL);
	/* The heart beats for as long as a handler runs. */
	pthread_mutex_lock(&hub->lock);
	hub->beating = false;
	pthread_cond_broadcast(&hub->rest);
	pthread_mutex_unlock(&hub->lock);
	pthread_join(hub->heart, NULL);
	atomic_store(&hub->stop, false);
	pthread_mutex_lock(&hub->lock);
	struct store_bell *bell = take(hub->bell);
	hub->running = false;
	pthread_mutex_unlock(&hub->lock);
	store_bell_close(bell);
	hub->worker_count = 0;
}

ash_status event_hub_drain(struct event_hub *hub, size_t *handled, struct fault *fault)
{
	size_t before;
	*handled = 0;
	rescue(hub);
	do {
		before = *handled;
		ASH_TRY(hub_deliver(hub, false, handled, fault));
		ASH_TRY(hub_deliver(hub, true, handled, fault));
	} while (*handled > before);
	return ASH_OK;
}
