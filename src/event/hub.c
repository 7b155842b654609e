/* SPDX-License-Identifier: Apache-2.0 */
/* Who publishes what and who subscribes to it, found once; and ash_publish(). Handles no event. */
#include "event/hub.h"

#include <string.h>

#include "base/fault_point.h"
#include "base/mem.h"
#include "base/random.h"
#include "message/message.h"
#include "port/transaction.h"

static const struct metric PUBLISHED = {"ashlar_events_published_total",
					"Events that were put into the outbox.",
					METRIC_COUNTER,
					{0}};
static const struct metric DELIVERED = {
	"ashlar_events_delivered_total", "Events that a subscriber handled.", METRIC_COUNTER, {0}};
static const struct metric RETRIED = {"ashlar_events_retried_total",
				      "Attempts to handle an event that failed.",
				      METRIC_COUNTER,
				      {0}};
static const struct metric DIED = {
	"ashlar_events_died_total", "Events that became dead letters.", METRIC_COUNTER, {0}};
static const struct metric WAITING = {
	"ashlar_outbox_waiting", "Deliveries that are not handled yet.", METRIC_GAUGE, {0}};
static const struct metric DEAD = {
	"ashlar_dead_letters", "Dead letters that nobody dealt with.", METRIC_GAUGE, {0}};
static const struct metric LAG = {"ashlar_outbox_lag_seconds",
				  "How long the oldest delivery that is due has waited.",
				  METRIC_GAUGE_SECONDS,
				  {0}};

/* ---- who subscribes ---- */

static bool add_subscription(struct event_hub *hub, const struct member *member,
			     const ash_subscribes *subscribes)
{
	struct str event = str_of(subscribes->event->name);
	uint32_t first = map_get(&hub->first, event);
	size_t index = hub->subscription_count++;
	hub->subscriptions[index] = (struct subscription){
		.member = member,
		.subscribes = subscribes,
		.topic = workers_topic(member->module->name),
		.next = first == MAP_NONE ? 0 : first,
	};
	return map_put(&hub->first, event, (uint32_t)index + 1);
}

static bool find_subscribers(struct event_hub *hub)
{
	const struct registry *registry = hub->environment->registry;
	size_t count = 0;
	for (size_t i = 0; i < registry->member_count; i++)
		count += registry->members[i].module->subscribes_count;
	hub->subscriptions = arena_array(&hub->arena, count, sizeof *hub->subscriptions);
	if (!hub->subscriptions)
		return false;
	for (size_t i = 0; i < registry->member_count; i++) {
		const ash_module *module = registry->members[i].module;
		for (size_t j = 0; j < module->subscribes_count; j++)
			if (!add_subscription(hub, &registry->members[i], &module->subscribes[j]))
				return false;
		for (size_t j = 0; j < module->publishes_count; j++)
			if (!map_put(&hub->publishers, str_of(module->publishes[j]->name),
				     (uint32_t)i))
				return false;
	}
	return true;
}

static void find_topics(struct event_hub *hub)
{
	const struct registry *registry = hub->environment->registry;
	for (size_t i = 0; i < registry->member_count; i++) {
		const struct member *member = &registry->members[i];
		uint64_t topic = workers_topic(member->module->name);
		if (member->module->subscribes_count == 0)
			continue;
		if (member->elsewhere)
			hub->others_topics |= topic;
		else
			hub->topics |= topic;
	}
	hub->others = hub->others_topics != 0;
}

/* ---- the hub ---- */

static void use_defaults(struct event_options *options)
{
	const struct event_options defaults = {.workers = 2,
					       .batch = 256,
					       .attempts = 8,
					       .lease_ms = 15000,
					       .retry_ms = 200,
					       .retry_most_ms = 300000,
					       .handler_ms = 60000,
					       .poll_ms = 200,
					       .keep_days = 7,
					       .sweep_batch = 1000};
	if (options->workers == 0)
		options->workers = defaults.workers;
	if (options->batch == 0)
		options->batch = defaults.batch;
	if (options->attempts == 0)
		options->attempts = defaults.attempts;
	if (options->lease_ms == 0)
		options->lease_ms = defaults.lease_ms;
	if (options->retry_ms == 0)
		options->retry_ms = defaults.retry_ms;
	if (options->retry_most_ms == 0)
		options->retry_most_ms = defaults.retry_most_ms;
	if (options->handler_ms == 0)
		options->handler_ms = defaults.handler_ms;
	if (options->poll_ms == 0)
		options->poll_ms = defaults.poll_ms;
	if (options->keep_days == 0)
		options->keep_days = defaults.keep_days;
	if (options->sweep_batch == 0)
		options->sweep_batch = defaults.sweep_batch;
}

static ash_status make_series(struct event_hub *hub, struct metrics *metrics, struct fault *fault)
{
	const struct {
		const struct metric *metric;
		struct series **out;
	} ALL[] = {
		{&PUBLISHED, &hub->published},
		{&DELIVERED, &hub->delivered},
		{&RETRIED, &hub->retried},
		{&DIED, &hub->died},
		{&WAITING, &hub->waiting},
		{&DEAD, &hub->dead},
		{&LAG, &hub->lag},
	};
	for (size_t i = 0; i < sizeof ALL / sizeof *ALL; i++)
		ASH_TRY(metrics_series(metrics, ALL[i].metric, NULL, ALL[i].out, fault));
	return ASH_OK;
}

static void hub_freep(struct event_hub **hub)
{
	event_hub_free(*hub);
}

/* Asked for when the metrics are written. A database that does not answer leaves the gauges as
 * they were. */
static void measure(void *context)
{
	struct event_hub *hub = context;
	int64_t waiting, dead, lag;
	struct fault fault;
	if (delivery_measure(hub, &waiting, &dead, &lag, &fault) != ASH_OK)
		return;
	series_set(hub->waiting, waiting);
	series_set(hub->dead, dead);
	series_set(hub->lag, lag);
}

ash_status event_hub_new(struct environment *environment, const struct event_options *options,
			 struct metrics *metrics, struct event_hub **out, struct fault *fault)
{
	_cleanup_(hub_freep) struct event_hub *hub = mem_alloc(sizeof *hub);
	if (!hub)
		return fault_memory(fault);
	hub->environment = environment;
	hub->options = *options;
	use_defaults(&hub->options);
	find_topics(hub);
	hub_init_workers(hub);
	hub->module = (unsigned)environment->registry->member_count;
	if (!find_subscribers(hub))
		return fault_memory(fault);
	ASH_TRY(delivery_spell(hub, fault));
	ASH_TRY(make_series(hub, metrics, fault));
	ASH_TRY(hub_init_watched(hub, metrics, fault));
	metrics_on_write(metrics, measure, hub);
	environment->events = hub;
	environment->published = hub_more;
	*out = take(hub);
	return ASH_OK;
}

void event_hub_free(struct event_hub *hub)
{
	if (!hub)
		return;
	workers_release(&hub->workers);
	map_release(&hub->first);
	map_release(&hub->publishers);
	arena_release(&hub->arena);
	mem_free(hub);
}

const ash_event *hub_type(const struct event_hub *hub, const char *event)
{
	uint32_t index = map_get(&hub->publishers, str_of(event));
	if (index == MAP_NONE)
		return NULL;
	const ash_module *module = hub->environment->registry->members[index].module;
	for (size_t i = 0; i < module->publishes_count; i++)
		if (strcmp(module->publishes[i]->name, event) == 0)
			return module->publishes[i];
	return NULL;
}

int64_t hub_backoff(const struct event_options *options, int64_t attempts)
{
	int64_t most = (int64_t)options->retry_most_ms * 1000,
		wait = (int64_t)options->retry_ms * 1000;
	for (int64_t i = 1; i < attempts && wait < most; i++)
		wait *= 2;
	return 1 + (int64_t)random_below((uint64_t)(wait < most ? wait : most));
}

/* ---- publishing ---- */

static bool may_publish(const ash_module *module, const ash_event *event)
{
	for (size_t i = 0; i < module->publishes_count; i++)
		if (strcmp(module->publishes[i]->name, event->name) == 0)
			return true;
	return false;
}

/* The key of the event as a value; NULL where its type has none. */
static ash_status find_key(ash_call *call, const ash_event *event, const void *message,
			   struct text *text, ash_value *out)
{
	*out = ash_null();
	if (!event->key)
		return ASH_OK;
	const ProtobufCFieldDescriptor *field = message_field(event->message, event->key);
	if (!field)
		return ash_fail(call, ASH_INTERNAL, "%s has no field '%s', its key", event->name,
				event->key);
	message_field_text(field, message, text);
	if (text->failed)
		return ash_fail(call, ASH_RESOURCE_EXHAUSTED, "there is no memory left");
	if (text->length > EVENT_KEY_LIMIT)
		return ash_fail(call, ASH_INVALID_ARGUMENT,
				"the key %s of %s has %zu bytes; %d are the most", event->key,
				event->name, text->length, EVENT_KEY_LIMIT);
	*out = ash_text_n(text_str(text).at, text->length);
	return ASH_OK;
}

/* Events of one key are put into the outbox one transaction after the other, so that the order of
 * their ids is that in which they are committed. On SQLite who writes is alone already. */
static ash_status order_key(const struct event_hub *hub, struct request *request, ash_value key)
{
	if (key.type == ASH_TYPE_NULL || !hub_on_postgresql(hub))
		return ASH_OK;
	return store_send(
		request->session,
		"insert into ashlar_event.ordered (key, events) values ($1, 1) on conflict (key) "
		"do update set events = ordered.events + 1",
		&key, 1, &request->fault);
}

/* The values of an event's row, and after them the names of its subscribers. */
enum { ROW_VALUES = 6, ROW_KEY = 2, ROW_AT = 5 };

#define INSERT_EVENT                                                                               \
	"insert into ashlar_event.outbox (publisher, event, key, payload, trace, published_at) "   \
	"values ($1, $2, $3, $4, $5, $6) returning id"

static const struct subscription *first_of(const struct event_hub *hub, const char *event)
{
	uint32_t first = map_get(&hub->first, str_of(event));
	return first == MAP_NONE ? NULL : &hub->subscriptions[first - 1];
}

static const struct subscription *next_of(const struct event_hub *hub,
					  const struct subscription *subscription)
{
	return subscription->next ? &hub->subscriptions[subscription->next - 1] : NULL;
}

/* On PostgreSQL the event and its deliveries go out in one statement, together with what comes
 * next. Without subscribers, and with more than a statement has values, it is done in steps. */
static ash_status put_at_once(const struct event_hub *hub, struct request *request,
			      const char *event, ash_value values[STORE_VALUE_LIMIT])
{
	_cleanup_(text_release) struct text sql = {0};
	size_t count = ROW_VALUES;
	text_add(&sql, STR("with e as (" INSERT_EVENT ") insert into ashlar_event.delivery "
			   "(event_id, subscriber, key, due_at) select e.id, s.name, $3::text, $6 "
			   "from e, (values "));
	for (const struct subscription *at = first_of(hub, event); at; at = next_of(hub, at)) {
		values[count++] = ash_text(at->member->module->name);
		text_addf(&sql, "%s($%zu::text)", count > ROW_VALUES + 1 ? ", " : "", count);
	}
	text_add(&sql, STR(") s (name)"));
	if (sql.failed)
		return fault_memory(&request->fault);
	FAULT_POINT("publish.put");
	return store_send(request->session, sql.at, values, count, &request->fault);
}

static ash_status put_in_steps(const struct event_hub *hub, struct request *request,
			       const char *event, const ash_value values[ROW_VALUES])
{
	struct store_rows *rows = NULL;
	int64_t id = 0;
	ASH_TRY(store_query(request->session, INSERT_EVENT, values, ROW_VALUES, &rows,
			    &request->fault));
	if (store_next(rows))
		id = store_get_int(rows, 0);
	ASH_TRY(store_end(rows, &request->fault));
	FAULT_POINT("publish.put");
	for (const struct subscription *at = first_of(hub, event); at; at = next_of(hub, at))
		ASH_TRY(STORE_EXEC(
			request->session, NULL, &request->fault,
			"insert into ashlar_event.delivery (event_id, subscriber, key, due_at) "
			"values ($1, $2, $3, $4)",
			ash_int(id), ash_text(at->member->module->name), values[ROW_KEY],
			values[ROW_AT]));
	return ASH_OK;
}

static bool fits_one_statement(const struct event_hub *hub, const char *event)
{
	size_t count = 0;
	for (const struct subscription *at = first_of(hub, event); at; at = next_of(hub, at))
		count++;
	return count > 0 && count <= STORE_VALUE_LIMIT - ROW_VALUES;
}

/* `span` is the parent of what its subscribers do. */
static ash_status put(const struct event_hub *hub, struct ash_tx *tx, const ash_event *event,
		      uint64_t span, ash_value key, struct str payload)
{
	struct request *request = tx->request;
	struct trace_context context = request->trace;
	char trace[TRACEPARENT_SIZE];
	context.span = span;
	trace_format(&context, trace);
	ash_value values[STORE_VALUE_LIMIT] = {
		ash_text(tx->call->member->module->name),
		ash_text(event->name),
		key,
		ash_bytes(payload.at, payload.length),
		ash_text(trace),
		ash_time(hub_now(hub)),
	};
	unsigned before = store_speak(request->session, hub->module);
	FAULT_POINT("publish.begun");
	ash_status status = order_key(hub, request, key);
	FAULT_POINT("publish.ordered");
	if (status == ASH_OK && hub_on_postgresql(hub) && fits_one_statement(hub, event->name))
		status = put_at_once(hub, request, event->name, values);
	else if (status == ASH_OK)
		status = put_in_steps(hub, request, event->name, values);
	FAULT_POINT("publish.addressed");
	store_speak(request->session, before);
	return status;
}

ash_status ash_publish(ash_tx *tx, const ash_event *event, const void *message)
{
	ash_call *call = tx->call;
	struct request *request = tx->request;
	struct event_hub *hub = request->environment->events;
	_cleanup_(text_release) struct text payload = {0}, text = {0};
	ash_value key;
	ASH_TRY(transaction_check(tx));
	if (!hub)
		return ash_fail(call, ASH_FAILED_PRECONDITION, "the application has no outbox");
	if (!may_publish(call->member->module, event))
		return ash_fail(call, ASH_PERMISSION_DENIED,
				"%s may not publish %s: its contract (%s:%u) does not say so",
				call->member->module->name, event->name,
				call->member->module->place.file, call->member->module->place.line);
	ASH_TRY(message_encode(event->message, message, &payload, &request->fault));
	if (payload.length > EVENT_PAYLOAD_LIMIT)
		return ash_fail(call, ASH_RESOURCE_EXHAUSTED, "%s has %zu bytes; %zu are the most",
				event->name, payload.length, EVENT_PAYLOAD_LIMIT);
	ASH_TRY(find_key(call, event, message, &text, &key));
	tx->wrote = true;
	/* Where nothing is recorded the trace goes on all the same: it must name some span. */
	struct call_span span = call_span_begin(call);
	ash_status status =
		put(hub, tx, event, span.id ? span.id : trace_span_id(), key, text_str(&payload));
	call_span_end(call, &span, SPAN_PRODUCER, event->name, status,
		      status == ASH_OK ? NULL : request->fault.message);
	if (status != ASH_OK)
		return status;
	for (const struct subscription *at = first_of(hub, event->name); at; at = next_of(hub, at))
		request->published |= at->topic;
	series_add(hub->published, 1);
	return ASH_OK;
}
