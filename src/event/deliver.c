/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a batch under a lease, hands each event to its handler, and notes what came of it. Knows no
 * thread.
 *
 * What is taken is handled in the order of ids, so a key keeps its order: delivery_take() never has
 * two of one key in a batch. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/fault_point.h"
#include "base/mem.h"
#include "base/random.h"
#include "event/hub.h"
#include "message/message.h"

/* ---- one event ---- */

struct handling {
	struct event_hub *hub;
	const struct delivery *delivery;
	const struct subscription *subscription;
};

static ash_status opened(struct request *request, void *context)
{
	const struct handling *handling = context;
	return delivery_complete(handling->hub, request, handling->delivery);
}

static ash_status handle(void *context, ash_call *call)
{
	const struct handling *handling = context;
	const ash_subscribes *subscribes = handling->subscription->subscribes;
	const ProtobufCMessageDescriptor *type = subscribes->event->message;
	struct request *request = call->request;
	void *message = ash_alloc(call, type->sizeof_message);
	if (!message)
		return fault_memory(&request->fault);
	/* Bytes that cannot be read will not be readable the next time either. */
	ash_status status = message_decode(type, handling->delivery->payload, &request->arena,
					   message, &request->fault);
	if (status != ASH_OK) {
		request->gave_up = status == ASH_INVALID_ARGUMENT;
		return status;
	}
	return subscribes->deliver(handling->subscription->member->module->code, call, message);
}

static const struct subscription *find_subscription(const struct event_hub *hub,
						    const struct delivery *delivery)
{
	uint32_t next = map_get(&hub->first, str_of(delivery->event));
	for (next = next == MAP_NONE ? 0 : next; next; next = hub->subscriptions[next - 1].next)
		if (strcmp(hub->subscriptions[next - 1].member->module->name,
			   delivery->subscriber) == 0)
			return &hub->subscriptions[next - 1];
	return NULL;
}

static void log_failure(struct event_hub *hub, const struct handling *handling,
			const struct request *request, bool died)
{
	const struct delivery *delivery = handling->delivery;
	const ash_module *module =
		handling->subscription ? handling->subscription->member->module : NULL;
	const struct log_origin origin = {delivery->subscriber, module ? module->owner : NULL,
					  &request->trace};
	if (!hub->environment->logger)
		return;
	log_write(hub->environment->logger, died ? LOG_ERROR_LEVEL : LOG_WARN_LEVEL, &origin,
		  "event %" PRId64 " (%s) failed with %s at attempt %" PRId64 "%s: %s",
		  delivery->id, delivery->event, ash_status_name(request->fault.status),
		  delivery->attempts, died ? " and is a dead letter now" : "",
		  request->fault.message);
}

/* Notes a failure in the tables. What was not the event's fault is no attempt of it. */
static ash_status try_to_note(struct event_hub *hub, const struct delivery *delivery,
			      const struct fault *why, bool for_good, bool *died,
			      struct fault *fault)
{
	if (why->outage && !for_good)
		return delivery_postpone(hub, delivery, why, fault);
	return delivery_fail(hub, delivery, why->status, why->message, for_good, died, fault);
}

/* While the store is out this worker has nothing else to do than to wait for it. False: it is to
 * stop, or the lease is over anyhow. */
static bool wait_for_store(struct event_hub *hub, uint64_t until)
{
	const struct timespec nap = {0, 20 * 1000 * 1000};
	if (atomic_load(&hub->stop) || clock_monotonic() >= until)
		return false;
	nanosleep(&nap, NULL);
	return true;
}

static void note_failure(struct event_hub *hub, const struct handling *handling,
			 struct request *request, bool for_good)
{
	uint64_t until = clock_monotonic() + (uint64_t)hub->options.lease_ms * 1000000;
	struct fault fault = {ASH_OK};
	bool died = false;
	ash_status status;
	FAULT_POINT("fail.begun");
	do
		status = try_to_note(hub, handling->delivery, &request->fault, for_good, &died,
				     &fault);
	while (status != ASH_OK && fault.outage && wait_for_store(hub, until));
	FAULT_POINT("fail.noted");
	/* Where that fails too the lease runs out, and the attempt is counted all the same. */
	if (status == ASH_OK)
		series_add(died ? hub->died : hub->retried, 1);
	log_failure(hub, handling, request, status == ASH_OK && died);
}

static ash_status run_handler(const struct handling *handling, struct request *request)
{
	const struct subscription *subscription = handling->subscription;
	if (!subscription)
		return fault_set(&request->fault, ASH_UNIMPLEMENTED,
				 "%s subscribes no more to %s; subscribe again, or discard it",
				 handling->delivery->subscriber, handling->delivery->event);
	const ash_event *event = subscription->subscribes->event;
	ash_status status = request_run(request, subscription->member, event->module, SPAN_CONSUMER,
					event->name, handle, (void *)handling);
	FAULT_POINT("handle.returned");
	return status == ASH_OK ? request_commit(request, subscription->member) : status;
}

/* Whether another process has it now, so that nothing is to be noted. */
static bool is_lost(const struct request *request, ash_status status)
{
	return status == ASH_ABORTED && request->lost;
}

static void deliver(struct event_hub *hub, const struct delivery *delivery)
{
	struct handling handling = {hub, delivery, find_subscription(hub, delivery)};
	struct trace_context trace;
	struct request request;
	const struct clock *clock = hub->environment->clock;
	bool traced = trace_parse(str_of(delivery->trace), &trace);
	request_begin(&request, hub->environment,
		      clock->monotonic(clock) + (uint64_t)hub->options.handler_ms * 1000000,
		      traced ? &trace : NULL);
	request.opened = opened;
	request.context = &handling;
	FAULT_POINT("handle.begun");
	ash_status status = run_handler(&handling, &request);
	FAULT_POINT("handle.ended");
	if (status == ASH_OK)
		series_add(hub->delivered, 1);
	bool for_good = request.gave_up || !handling.subscription;
	if (request.session) {
		store_rollback(request.session);
		store_release(take(request.session));
	}
	if (status != ASH_OK && !is_lost(&request, status))
		note_failure(hub, &handling, &request, for_good);
	request_end(&request);
}

/* ---- a batch ---- */

static void add_lease(struct event_hub *hub, struct lease *lease)
{
	pthread_mutex_lock(&hub->lock);
	lease->next = hub->leases;
	hub->leases = lease;
	pthread_mutex_unlock(&hub->lock);
}

static void remove_lease(struct event_hub *hub, const struct lease *lease)
{
	pthread_mutex_lock(&hub->lock);
	struct lease **at = &hub->leases;
	while (*at != lease)
		at = &(*at)->next;
	*at = lease->next;
	pthread_mutex_unlock(&hub->lock);
}

ash_status hub_deliver(struct event_hub *hub, bool again, size_t *handled, struct fault *fault)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct lease lease = {.token = (int64_t)(random_u64() >> 1)};
	struct delivery *deliveries = NULL;
	size_t count = 0, i = 0;
	ASH_TRY(delivery_take(hub, lease.token, again, &arena, &deliveries, &count, fault));
	if (count == 0)
		return ASH_OK;
	add_lease(hub, &lease);
	if (count == hub->options.batch)
		hub_more(hub);
	for (; i < count && !atomic_load(&hub->stop); i++)
		deliver(hub, &deliveries[i]);
	remove_lease(hub, &lease);
	*handled += i;
	FAULT_POINT("batch.ended");
	return i < count ? delivery_give_back(hub, lease.token, fault) : ASH_OK;
}
