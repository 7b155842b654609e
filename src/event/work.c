/* SPDX-License-Identifier: Apache-2.0 */
/* What the workers do for events: they deliver, and their heart frees the leases of dead processes
 * and sweeps. Knows no delivery and no thread. */
#include "base/fault_point.h"
#include "event/hub.h"

enum { SOON = 1000000 * 10, MINUTE = 1000000 * 60, HOUR = 1000000 * 60 * 60LL };

/* ---- the workers ---- */

static void lower(_Atomic uint64_t *at, uint64_t to)
{
	uint64_t before = atomic_load(at);
	while (to < before && !atomic_compare_exchange_weak(at, &before, to))
		;
}

/* What was tried is due by the clock, and nobody wakes the workers for it: however often they are
 * woken, they look for it when the next of it is due, as far as is known here; and as often as one
 * looks by itself at last, for what was tried by a process that is gone. One does, for a while. */
static bool looks_again(struct event_hub *hub)
{
	uint64_t now = clock_monotonic(), due = atomic_load(&hub->again_due);
	uint64_t next = now + (uint64_t)hub->options.poll_ms * 1000000 * WORKERS_IDLE_FACTOR;
	return now >= due && atomic_compare_exchange_strong(&hub->again_due, &due, next);
}

static ash_status take_tried(struct event_hub *hub, struct workers_look *look, struct fault *fault)
{
	struct workers_look again = {.next = UINT64_MAX};
	size_t handled = 0;
	ASH_TRY(hub_deliver(hub, true, &handled, &again, fault));
	if (handled > 0) /* it may have had others behind it, of both kinds */
		again.next = 0;
	else if (again.next == UINT64_MAX) /* another process was there first */
		again.next = clock_monotonic() + (uint64_t)hub->options.poll_ms * (1000000 / 2);
	look->found |= handled > 0;
	look->more |= handled > 0;
	lower(&hub->again_due, again.next);
	return ASH_OK;
}

static ash_status take_events(void *context, struct workers_look *look, struct fault *fault)
{
	struct event_hub *hub = context;
	size_t handled = 0;
	ASH_TRY(hub_deliver(hub, false, &handled, look, fault));
	if (looks_again(hub))
		ASH_TRY(take_tried(hub, look, fault));
	uint64_t due = atomic_load(&hub->again_due);
	look->next = due < look->next ? due : look->next;
	return ASH_OK;
}

/* ---- the heartbeat ---- */

/* Microseconds, by a clock that nobody sets; so many that whatever is done once in an hour is due
 * at first. */
static int64_t now_us(void)
{
	return (int64_t)(clock_monotonic() / 1000) + HOUR;
}

static ash_status lengthen(void *context, const struct lease *lease, struct fault *fault)
{
	return delivery_beat(context, lease->token, fault);
}

static void rescue(struct event_hub *hub)
{
	struct fault fault;
	int64_t died = 0, freed = 0;
	if (delivery_rescue(hub, &died, &freed, &fault) != ASH_OK) {
		workers_log(&hub->workers, "freeing lost leases", &fault);
		return;
	}
	series_add(hub->died, (uint64_t)died);
	if (died + freed > 0) {
		atomic_store(&hub->again_due, 0);
		event_hub_wake(hub);
	}
}

/* Once an hour. What there is much of takes several beats: in a sixth of a lease's time the heart
 * is late for none. */
static void sweep(struct event_hub *hub)
{
	struct fault fault;
	int64_t at = now_us(), swept = 0;
	uint64_t most = (uint64_t)hub->options.lease_ms * 1000000 / 6;
	bool more = false;
	if (at - atomic_load(&hub->swept_at) < HOUR)
		return;
	if (event_sweep(hub, clock_monotonic() + most, &swept, &more, &fault) == ASH_OK) {
		atomic_store(&hub->swept_at, more ? at - HOUR : at);
		return;
	}
	/* As where all others write. */
	atomic_store(&hub->swept_at, at - HOUR + SOON);
	workers_log(&hub->workers, "taking old events away", &fault);
}

static void watch(struct event_hub *hub)
{
	struct fault fault;
	int64_t at = now_us();
	if (at - hub->watched_at < MINUTE)
		return;
	hub->watched_at = at;
	if (hub_watch(hub, &fault) != ASH_OK)
		workers_log(&hub->workers, "looking for choreographies that stand still", &fault);
}

static void beaten(void *context)
{
	FAULT_POINT("heart.beaten");
	rescue(context);
	FAULT_POINT("heart.rescued");
	sweep(context);
	watch(context);
}

/* ---- from outside ---- */

void hub_init_workers(struct event_hub *hub)
{
	workers_init(&hub->workers,
		     &(struct workers_options){.store = hub->environment->store,
					       .logger = hub->environment->logger,
					       .module = "ashlar_event",
					       .taking = "taking events",
					       .count = hub->options.workers,
					       .poll_ms = hub->options.poll_ms,
					       .listens = hub->topics,
					       .rings = hub->others_topics,
					       .beat_ms = hub->options.lease_ms / 3 + 1,
					       .work = take_events,
					       .beat = lengthen,
					       .beaten = beaten,
					       .context = hub});
}

void hub_more(struct event_hub *hub, uint64_t topics)
{
	workers_more(&hub->workers, topics);
}

void hub_due(struct event_hub *hub, int64_t microseconds)
{
	uint64_t at = clock_monotonic() + (uint64_t)microseconds * 1000;
	lower(&hub->again_due, at);
	workers_look_at(&hub->workers, at);
}

void event_hub_wake(struct event_hub *hub)
{
	workers_wake(&hub->workers);
}

ash_status event_hub_start(struct event_hub *hub, struct fault *fault)
{
	return workers_start(&hub->workers, fault);
}

void event_hub_stop(struct event_hub *hub)
{
	workers_stop(&hub->workers);
}

ash_status event_hub_drain(struct event_hub *hub, size_t *handled, struct fault *fault)
{
	struct workers_look look = {.next = UINT64_MAX};
	size_t before;
	*handled = 0;
	rescue(hub);
	do {
		before = *handled;
		ASH_TRY(hub_deliver(hub, false, handled, &look, fault));
		ASH_TRY(hub_deliver(hub, true, handled, &look, fault));
	} while (*handled > before);
	return ASH_OK;
}
