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
	bool completed; /* in the handler's transaction */
};

/* The last step of a transaction that the handler opened. */
static ash_status closing(struct request *request, void *context)
{
	struct handling *handling = context;
	handling->completed = true;
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

/* `request` has the failure. */
static void note_failure(struct event_hub *hub, const struct handling *handling,
			 const struct request *request, bool for_good)
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
	/* Another process has it now, and says itself what comes of it. */
	if (status == ASH_ABORTED)
		return;
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
	if (status != ASH_OK || !request->session)
		return status;
	return request_commit(request, subscription->member);
}

/* Whether another process has it now, so that nothing is to be noted. */
static bool is_lost(const struct request *request, ash_status status)
{
	return status == ASH_ABORTED && request->lost;
}

/* Runs the handler. What it did in a transaction is committed with the delivery's end; where it had
 * none, the delivery is `handled` after it and is to be completed. */
static void deliver(struct event_hub *hub, struct delivery *delivery)
{
	struct handling handling = {hub, delivery, find_subscription(hub, delivery)};
	struct trace_context trace;
	struct request request;
	const struct clock *clock = hub->environment->clock;
	bool traced = trace_parse(str_of(delivery->trace), &trace), committed = false;
	request_begin(&request, hub->environment,
		      clock->monotonic(clock) + (uint64_t)hub->options.handler_ms * 1000000,
		      traced ? &trace : NULL);
	request.closing = closing;
	request.context = &handling;
	FAULT_POINT("handle.begun");
	ash_status status = run_handler(&handling, &request);
	FAULT_POINT("handle.ended");
	committed = handling.completed && status == ASH_OK;
	if (committed)
		series_add(hub->delivered, 1);
	delivery->handled = status == ASH_OK && !committed;
	bool for_good = request.gave_up || !handling.subscription;
	if (request.session) {
		store_rollback(request.session);
		store_release(take(request.session));
	}
	if (status != ASH_OK && !is_lost(&request, status))
		note_failure(hub, &handling, &request, for_good);
	request_end(&request);
}

/* ---- those that had no transaction ---- */

static void complete_one(struct event_hub *hub, struct delivery *delivery)
{
	struct handling handling = {hub, delivery, find_subscription(hub, delivery), false};
	struct request request = {.environment = hub->environment};
	ash_status status = delivery_complete_all(hub, delivery, 1, &request.fault);
	delivery->handled = false;
	if (status == ASH_OK)
		series_add(hub->delivered, 1);
	else if (status != ASH_ABORTED)
		note_failure(hub, &handling, &request, false);
}

/* Completes what is handled of a part of a batch: all at once, or, where that cannot be, one by
 * one: the lease of one of them may be lost. */
static void complete(struct event_hub *hub, struct delivery *deliveries, size_t count)
{
	uint64_t until = clock_monotonic() + (uint64_t)hub->options.lease_ms * 1000000;
	struct fault fault = {ASH_OK};
	struct delivery *last = NULL;
	ash_status status = ASH_ABORTED;
	size_t handled = 0;
	for (size_t i = 0; i < count; i++) {
		handled += deliveries[i].handled;
		last = deliveries[i].handled ? &deliveries[i] : last;
	}
	if (handled == 0)
		return;
	if (handled > 1)
		do
			status = delivery_complete_all(hub, last, handled, &fault);
		while (status != ASH_OK && fault.outage && wait_for_store(hub, until));
	if (status == ASH_OK) {
		series_add(hub->delivered, handled);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (deliveries[i].handled)
			complete_one(hub, &deliveries[i]);
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

/* How long handled deliveries wait for others to be completed together with, in nanoseconds: what
 * handlers did outside of the database would be done again if the process ended in that time. */
#define GROUP_TIME (3 * 1000 * 1000ULL)

/* Handles a batch, and returns how many of it were tried: not all when it is to stop. */
static size_t deliver_all(struct event_hub *hub, struct delivery *deliveries, size_t count)
{
	size_t from = 0, at = 0;
	uint64_t started = clock_monotonic();
	while (at < count && !atomic_load(&hub->stop)) {
		deliver(hub, &deliveries[at++]);
		uint64_t now = clock_monotonic();
		if (at < count && now - started < GROUP_TIME)
			continue;
		complete(hub, deliveries + from, at - from);
		from = at;
		started = now;
	}
	complete(hub, deliveries + from, at - from);
	return at;
}

/* A worker takes as many as are handled in a short time, so that others have something to do
 * where a handler is slow. */
#define BATCH_TIME (20 * 1000 * 1000ULL)
enum { FIRST_BATCH = 16 };

static size_t batch_size(const struct event_hub *hub)
{
	unsigned size = atomic_load(&hub->size);
	if (size == 0)
		size = FIRST_BATCH;
	return size < hub->options.batch ? size : hub->options.batch;
}

static void adapt(struct event_hub *hub, size_t asked, size_t tried, uint64_t elapsed)
{
	size_t size = asked;
	if (elapsed < BATCH_TIME && tried == asked)
		size = asked * 2;
	else if (elapsed > 2 * BATCH_TIME && tried > 0)
		size = asked > 1 ? asked / 2 : 1;
	atomic_store(&hub->size, (unsigned)size);
}

ash_status hub_deliver(struct event_hub *hub, bool again, size_t *handled, struct fault *fault)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct lease lease = {.token = (int64_t)(random_u64() >> 1)};
	struct delivery *deliveries = NULL;
	size_t count = 0, asked = batch_size(hub);
	ASH_TRY(delivery_take(hub, lease.token, again, asked, &arena, &deliveries, &count, fault));
	if (count == 0)
		return ASH_OK;
	add_lease(hub, &lease);
	if (count == asked)
		hub_more(hub);
	uint64_t started = clock_monotonic();
	size_t tried = deliver_all(hub, deliveries, count);
	remove_lease(hub, &lease);
	adapt(hub, asked, tried, clock_monotonic() - started);
	*handled += tried;
	FAULT_POINT("batch.ended");
	return tried < count ? delivery_give_back(hub, lease.token, fault) : ASH_OK;
}
