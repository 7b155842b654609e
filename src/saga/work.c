/* SPDX-License-Identifier: Apache-2.0 */
/* What the workers do for sagas: they advance what is due, and their heart sweeps. Knows no step
 * and no thread. */
#include "saga/hub.h"

/* Nanoseconds until the next sweep, and until one that failed is tried again. */
#define SWEEP_WAIT  (UINT64_C(3600) * 1000000000)
#define SWEEP_AGAIN (UINT64_C(10) * 1000000000)

static ash_status take_saga(void *context, struct workers_look *look, struct fault *fault)
{
	ash_status status = saga_advance(context, look, fault);
	look->more = look->found;
	return status;
}

static ash_status lengthen(void *context, const struct lease *lease, struct fault *fault)
{
	return saga_beat(context, lease->name, lease->id, lease->token, fault);
}

/* Once an hour; where that fails, as all others write, soon again. What there is much of takes
 * several beats: in a sixth of a lease's time the heart is late for none. */
static void sweep(void *context)
{
	struct saga_hub *hub = context;
	struct fault fault;
	int64_t swept;
	bool more = false;
	uint64_t now = clock_monotonic(), most = (uint64_t)hub->options.lease_ms * 1000000 / 6;
	if (now < hub->sweep_at)
		return;
	if (saga_sweep(hub, now + most, &swept, &more, &fault) == ASH_OK) {
		hub->sweep_at = more ? now : now + SWEEP_WAIT;
		return;
	}
	hub->sweep_at = now + SWEEP_AGAIN;
	workers_log(&hub->workers, "taking old sagas away", &fault);
}

void saga_init_workers(struct saga_hub *hub)
{
	workers_init(&hub->workers,
		     &(struct workers_options){.store = hub->environment->store,
					       .logger = hub->environment->logger,
					       .module = "ashlar_saga",
					       .taking = "taking a saga",
					       .listens = workers_topic("ashlar_saga"),
					       .count = hub->options.workers,
					       .poll_ms = hub->options.poll_ms,
					       .beat_ms = hub->options.lease_ms / 3 + 1,
					       .work = take_saga,
					       .beat = lengthen,
					       .beaten = sweep,
					       .context = hub});
}

void saga_more(struct saga_hub *hub)
{
	workers_more(&hub->workers, hub->workers.options.listens);
}

ash_status saga_hub_start(struct saga_hub *hub, struct fault *fault)
{
	return workers_start(&hub->workers, fault);
}

void saga_hub_stop(struct saga_hub *hub)
{
	workers_stop(&hub->workers);
}

ash_status saga_hub_drain(struct saga_hub *hub, size_t *taken, struct fault *fault)
{
	struct workers_look look = {.found = true};
	for (*taken = 0; look.found; *taken += look.found)
		ASH_TRY(saga_advance(hub, &look, fault));
	return ASH_OK;
}
