/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a batch under a lease, hands each event to its handler, and notes what came of it. Knows no
 * thread.
 *
 * What is taken is handled in the order of ids, so a key keeps its order: delivery_take() never has
 * two of one key in a batch. */
#include <inttypes.h>
#include <stdio.h>
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
	struct subscription *subscription;
	struct group *group; /* NULL: it has its transaction alone */
	bool completed;      /* in the handler's transaction */
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

static struct subscription *find_subscription(const struct event_hub *hub,
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

/* Whether it found nobody to do what it needs: that is no question of how often it is tried. */
static bool is_absence(const struct fault *why)
{
	return why->outage || (why->untried && why->status == ASH_UNAVAILABLE);
}

/* Notes a failure in the tables. What was not the event's fault does not bring it to its end. */
static ash_status try_to_note(struct event_hub *hub, const struct delivery *delivery,
			      const struct fault *why, bool for_good, bool *died,
			      struct fault *fault)
{
	if (is_absence(why) && !for_good)
		return delivery_postpone(hub, delivery, why, fault);
	return delivery_fail(hub, delivery, why->status, why->message, for_good, died, fault);
}

/* While the store is out this worker has nothing else to do than to wait for it. False: it is to
 * stop, or the lease is over anyhow. */
static bool wait_for_store(struct event_hub *hub, uint64_t until)
{
	const struct timespec nap = {0, 20 * 1000 * 1000};
	if (workers_stopping(&hub->workers) || clock_monotonic() >= until)
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
	if (status == ASH_OK && died)
		hub_more(hub, hub->topics); /* the next of its key may go on */
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

/* The same, in a transaction with others, where the handler does nothing long before it. */
static ash_status run_sharing(const struct handling *handling, struct request *request)
{
	struct subscription *subscription = handling->subscription;
	struct shared_transaction *shared = &handling->group->shared;
	if (!subscription || !group_takes(subscription))
		group_end(handling->group);
	request->shared = shared;
	shared->asked_at = 0;
	uint64_t begun = hub_ticks(handling->hub);
	ash_status status = run_handler(handling, request);
	if (subscription)
		group_learn(subscription,
			    (shared->asked_at ? shared->asked_at : hub_ticks(handling->hub)) -
				    begun);
	return status;
}

/* Of the calls that the handler makes: the same in each attempt, and when it is replayed. */
static void name_key(const struct delivery *delivery, struct request *request)
{
	snprintf(request->idempotency_key, sizeof request->idempotency_key,
		 CALL_OWN_KEY "event/%" PRId64 "/%s", delivery->id, delivery->subscriber);
}

/* Runs the handler. What it did in a transaction is committed with the delivery's end, alone or
 * with the group's; where it had none, the delivery is `handled` after it: to be completed. */
static void deliver(struct event_hub *hub, struct delivery *delivery, struct group *group)
{
	struct handling handling = {hub, delivery, find_subscription(hub, delivery), group};
	struct trace_context trace;
	struct request request;
	bool traced = trace_parse(str_of(delivery->trace), &trace), committed = false;
	request_begin(&request, hub->environment,
		      hub_ticks(hub) + (uint64_t)hub->options.handler_ms * 1000000,
		      traced ? &trace : NULL);
	name_key(delivery, &request);
	request.worker = true;
	request.closing = closing;
	request.context = &handling;
	FAULT_POINT("handle.begun");
	ash_status status =
		group ? run_sharing(&handling, &request) : run_handler(&handling, &request);
	FAULT_POINT("handle.ended");
	committed = handling.completed && status == ASH_OK;
	if (committed && group)
		group_add(group, delivery, &request);
	else if (committed)
		series_add(hub->delivered, 1);
	delivery->handled = status == ASH_OK && !committed;
	bool for_good = request.gave_up || !handling.subscription;
	request_rollback(&request);
	if (status != ASH_OK && group)
		group_end(group);
	if (status != ASH_OK && !is_lost(&request, status))
		note_failure(hub, &handling, &request, for_good);
	request_end(&request);
}

/* ---- those that had no transaction ---- */

static void complete_one(struct event_hub *hub, struct delivery *delivery)
{
	struct handling handling = {hub, delivery, find_subscription(hub, delivery)};
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

/* How long handled deliveries wait for others to be committed or completed together with, in
 * nanoseconds: what handlers did outside of the database would be done again if the process ended
 * in that time. */
#define GROUP_TIME (3 * 1000 * 1000ULL)

/* Those of a group that could not be committed, alone: a handler may have begun the next one. */
static void deliver_failed(struct event_hub *hub, struct group *group)
{
	if (group->failed)
		group_end(group);
	while (group->failed) {
		struct delivery *delivery = group->failed;
		group->failed = delivery->next;
		deliver(hub, delivery, NULL);
	}
}

static void end_part(struct event_hub *hub, struct group *group, struct delivery *deliveries,
		     size_t count)
{
	group_end(group);
	deliver_failed(hub, group);
	complete(hub, deliveries, count);
}

/* Handles a batch, and returns how many of it were tried: not all when it is to stop. */
static size_t deliver_all(struct event_hub *hub, struct delivery *deliveries, size_t count)
{
	size_t from = 0, at = 0;
	bool shares = count > 1 && !hub_on_postgresql(hub);
	struct group group;
	uint64_t started = hub_ticks(hub);
	group_init(&group, hub);
	while (at < count && !workers_stopping(&hub->workers)) {
		deliver(hub, &deliveries[at++], shares ? &group : NULL);
		deliver_failed(hub, &group);
		if (at < count && hub_ticks(hub) - started < GROUP_TIME)
			continue;
		end_part(hub, &group, deliveries + from, at - from);
		from = at;
		started = hub_ticks(hub);
	}
	end_part(hub, &group, deliveries + from, at - from);
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

/* Between two looks for what waits for its key, at first, doubled each time. */
#define BEHIND_WAIT (10 * 1000 * 1000ULL)

/* What is to be done after a batch of `count` was looked for and `asked` would have been taken. On
 * SQLite, where it is not known what waits for its key, one looks again after each batch. */
static void see_further(struct event_hub *hub, size_t count, size_t asked,
			struct workers_look *look)
{
	uint64_t longest = (uint64_t)hub->options.poll_ms * 1000000;
	uint64_t wait = atomic_load(&hub->behind_wait);
	bool behind = look->behind;
	look->behind = behind && count == 0;
	look->found |= count > 0;
	look->more |= count > 0 && (behind || count >= asked || !hub_on_postgresql(hub));
	if (count > 0 || wait == 0)
		wait = BEHIND_WAIT;
	if (look->behind && clock_monotonic() + wait < look->next)
		look->next = clock_monotonic() + wait;
	if (look->behind)
		wait = wait * 2 < longest ? wait * 2 : longest;
	if (look->behind || count > 0)
		atomic_store(&hub->behind_wait, wait);
}

ash_status hub_deliver(struct event_hub *hub, bool again, size_t *handled,
		       struct workers_look *look, struct fault *fault)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct lease lease = {(int64_t)(random_u64() >> 1), "", "", NULL};
	struct delivery *deliveries = NULL;
	size_t count = 0, asked = batch_size(hub);
	ASH_TRY(delivery_take(hub, lease.token, again, asked, &arena, &deliveries, &count, look,
			      fault));
	see_further(hub, count, asked, look);
	if (count == 0)
		return ASH_OK;
	workers_hold(&hub->workers, &lease);
	if (count == asked)
		hub_more(hub, hub->topics);
	uint64_t started = hub_ticks(hub);
	size_t tried = deliver_all(hub, deliveries, count);
	workers_let_go(&hub->workers, &lease);
	adapt(hub, asked, tried, hub_ticks(hub) - started);
	*handled += tried;
	FAULT_POINT("batch.ended");
	if (tried == count)
		return ASH_OK;
	ASH_TRY(delivery_give_back(hub, lease.token, fault));
	event_hub_wake(hub); /* others have time for it */
	return ASH_OK;
}
