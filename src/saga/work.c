/* SPDX-License-Identifier: Apache-2.0 */
/* The threads: workers, what wakes them, and the heartbeat, which lengthens the leases of steps
 * that take long. Knows no step. */
#include <stdio.h>

#include "base/mem.h"
#include "saga/hub.h"

/* ---- workers ---- */

/* Waits until somebody wakes the workers, for at most `ms`. False: it is to stop. */
static bool wait_for_work(struct saga_hub *hub, uint64_t *seen, unsigned ms)
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

static void log_fault(struct saga_hub *hub, const char *doing, const struct fault *fault)
{
	const struct log_origin origin = {"ashlar_saga", NULL, NULL};
	if (hub->environment->logger)
		log_write(hub->environment->logger, LOG_ERROR_LEVEL, &origin, "%s: %s", doing,
			  fault->message);
}

static void *work(void *context)
{
	struct saga_hub *hub = context;
	uint64_t seen = 0;
	unsigned wait = 0;
	while (wait_for_work(hub, &seen, wait)) {
		struct fault fault;
		bool found = false;
		ash_status status = saga_advance(hub, &found, &fault);
		if (status != ASH_OK && status != ASH_ABORTED)
			log_fault(hub, "taking a saga", &fault);
		wait = status == ASH_OK && found ? 0 : hub->options.poll_ms;
	}
	return NULL;
}

/* ---- the heartbeat ---- */

void saga_hold(struct saga_hub *hub, struct taken *taken)
{
	pthread_mutex_lock(&hub->lock);
	taken->next = hub->held;
	hub->held = taken;
	pthread_mutex_unlock(&hub->lock);
}

void saga_let_go(struct saga_hub *hub, const struct taken *taken)
{
	pthread_mutex_lock(&hub->lock);
	struct taken **at = &hub->held;
	while (*at != taken)
		at = &(*at)->next;
	*at = taken->next;
	pthread_mutex_unlock(&hub->lock);
}

/* A copy: the saga may be over while its lease is lengthened. */
struct held {
	char name[256], id[ASH_SAGA_ID_LIMIT + 1];
	int64_t fence;
};

static void beat(struct saga_hub *hub, struct held held[SAGA_WORKER_LIMIT])
{
	size_t count = 0;
	struct fault fault;
	pthread_mutex_lock(&hub->lock);
	for (const struct taken *at = hub->held; at && count < SAGA_WORKER_LIMIT; at = at->next) {
		snprintf(held[count].name, sizeof held->name, "%s", at->name);
		snprintf(held[count].id, sizeof held->id, "%s", at->id);
		held[count++].fence = at->fence;
	}
	pthread_mutex_unlock(&hub->lock);
	for (size_t i = 0; i < count; i++)
		if (saga_beat(hub, held[i].name, held[i].id, held[i].fence, &fault) != ASH_OK)
			log_fault(hub, "lengthening a lease", &fault);
}

static void *keep_leases(void *context)
{
	struct saga_hub *hub = context;
	struct held held[SAGA_WORKER_LIMIT];
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
		beat(hub, held);
	}
}

/* ---- from outside ---- */

static void ring(struct saga_hub *hub)
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

/* Whether one idled. A worker on its way to wait sees that `wakes` has changed. */
static bool wake_one(struct saga_hub *hub)
{
	pthread_mutex_lock(&hub->lock);
	bool idles = hub->idle > 0;
	hub->wakes++;
	if (idles)
		pthread_cond_signal(&hub->wake);
	pthread_mutex_unlock(&hub->lock);
	return idles;
}

void saga_more(struct saga_hub *hub)
{
	if (!wake_one(hub))
		ring(hub);
}

static void rung(void *context)
{
	wake_one(context);
}

static bool start_thread(pthread_t *thread, void *(*function)(void *), struct saga_hub *hub)
{
	return pthread_create(thread, NULL, function, hub) == 0;
}

ash_status saga_hub_start(struct saga_hub *hub, struct fault *fault)
{
	unsigned workers =
		hub->options.workers < SAGA_WORKER_LIMIT ? hub->options.workers : SAGA_WORKER_LIMIT;
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
	saga_hub_stop(hub);
	return fault_set(fault, ASH_RESOURCE_EXHAUSTED, "the system gives no threads for sagas");
}

void saga_hub_stop(struct saga_hub *hub)
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
	/* The heart beats for as long as a step runs. */
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

ash_status saga_hub_drain(struct saga_hub *hub, size_t *taken, struct fault *fault)
{
	bool found = true;
	for (*taken = 0; found; *taken += found)
		ASH_TRY(saga_advance(hub, &found, fault));
	return ASH_OK;
}
