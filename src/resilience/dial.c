/* SPDX-License-Identifier: Apache-2.0 */
/* Which of two implementations answers a call. Knows no wire and no file; the share comes from
 * whoever turns the dial.
 *
 * Invariant: the share is read once a call, so that a call that has begun is not moved; and what
 * may have been done by one side is done by the other only where the call says that it may be. */
#include "resilience/dial.h"

#include <stdio.h>

#include "base/mem.h"
#include "message/message.h"
#include "port/call.h"
#include "resilience/policy.h"
#include "resilience/shadow.h"

static const struct metric CALLS = {"ashlar_split_calls_total",
				    "Calls of a split port that were answered, by side.",
				    METRIC_COUNTER,
				    {"port", "method", "side", "implementation"}};
static const struct metric FAILURES = {"ashlar_split_failures_total",
				       "Calls of a split port that failed, by side.",
				       METRIC_COUNTER,
				       {"port", "method", "side", "implementation"}};
static const struct metric FALLBACKS = {
	"ashlar_split_fallbacks_total",
	"Calls that the new side failed and the old one took in its place.",
	METRIC_COUNTER,
	{"port", "method"}};
static const struct metric SHARE = {"ashlar_split_share",
				    "The share of keys that go to the new side, of 10000.",
				    METRIC_GAUGE,
				    {"port", "method"}};

static const char *const SIDES[] = {[DIAL_FROM] = "from", [DIAL_TO] = "to"};

/* ---- the key ---- */

const char *dial_key_mistake(const ProtobufCFieldDescriptor *field)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return "it is repeated";
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return "it is a message";
	if (field->type == PROTOBUF_C_TYPE_FLOAT || field->type == PROTOBUF_C_TYPE_DOUBLE)
		return "it is no whole number";
	return NULL;
}

/* Most keys are texts, which need no copy. */
static bool is_plain_text(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_STRING &&
	       !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF);
}

static uint32_t slot_of_trace(const ash_call *call)
{
	const struct trace_context *trace = &call->request->trace;
	return split_slot((struct str){(const char *)trace->trace, sizeof trace->trace});
}

static ash_status slot_of(const ProtobufCFieldDescriptor *field, const ash_call *call,
			  const void *in, uint32_t *out)
{
	_cleanup_(text_release) struct text text = {0};
	struct str key;
	if (is_plain_text(field)) {
		key = str_of(*(const char *const *)((const char *)in + field->offset));
	} else {
		message_field_text(field, in, &text);
		if (text.failed)
			return fault_memory(&call->request->fault);
		key = text_str(&text);
	}
	*out = key.length ? split_slot(key) : slot_of_trace(call);
	return ASH_OK;
}

ash_status dial_choose(const struct dial *dial, uint16_t method, const ash_call *call,
		       const void *in, enum dial_side *out)
{
	const ProtobufCFieldDescriptor *field = dial->sticky[method];
	uint32_t share = split_share(&dial->split), slot = 0;
	if (share > 0 && share < SPLIT_ALL) {
		if (field)
			ASH_TRY(slot_of(field, call, in, &slot));
		else
			slot = slot_of_trace(call);
	}
	*out = slot < share ? DIAL_TO : DIAL_FROM;
	return ASH_OK;
}

/* ---- calls ---- */

/* The implementation's own binding, inside of the one that has its name. */
static ash_status invoke_part(const struct binding *binding, uint16_t method, ash_call *call,
			      const void *in, void *out)
{
	const struct dial_part *part = binding->handlers;
	return part->inside.invoke(&part->inside, method, call, in, out);
}

static ash_status call_part(const struct dial *dial, enum dial_side side, uint16_t method,
			    ash_call *call, const void *in, void *out)
{
	call->request->fault.untried = false;
	return call_instead(call, &dial->parts[side].shown, method, in, out);
}

static bool is_repeatable(const struct dial *dial, const struct request *request,
			  const ash_method *method)
{
	return method->idempotency == ASH_NO_SIDE_EFFECTS ||
	       (dial->same_data &&
		(method->idempotency == ASH_IDEMPOTENT || request->idempotency_key[0]));
}

/* Only what comes from the wire itself knows that nothing was begun: a handler may have done much
 * before the call of its own that failed so. */
static bool may_fall_back(const struct dial *dial, const ash_method *method, const ash_call *call,
			  ash_status status)
{
	const struct request *request = call->request;
	bool untried = dial->parts[DIAL_TO].remote && request->fault.untried;
	return !request->session && (POLICY_FAILURES & POLICY_STATUS(status)) &&
	       (untried || is_repeatable(dial, request, method)) && ash_time_left(call) > 0;
}

/* As the call began: an empty reply, nothing answered beside it. */
static void begin_anew(const ash_method *method, const ash_call *call, void *out)
{
	method->reply->message_init(out);
	if (call->metadata)
		*call->metadata = (struct call_metadata){
			{[ASH_METADATA_CAME] = call->metadata->lists[ASH_METADATA_CAME]}};
}

ash_status dial_call(const struct dial *dial, uint16_t method, ash_call *call, const void *in,
		     void *out)
{
	const ash_method *called = &dial->port->methods[method];
	struct shadow_sample sample = {.shadow = NULL};
	enum dial_side side;
	ASH_TRY(dial_choose(dial, method, call, in, &side));
	if (dial->shadow)
		shadow_begin(dial->shadow, method, call, &sample);
	ash_status status = call_part(dial, side, method, call, in, out);
	if (__builtin_expect(status != ASH_OK && side == DIAL_TO, 0) &&
	    may_fall_back(dial, called, call, status)) {
		series_add(dial->fallbacks[method], 1);
		begin_anew(called, call, out);
		return call_part(dial, DIAL_FROM, method, call, in, out);
	}
	if (sample.shadow)
		shadow_end(&sample, side, method, call, in, out, status);
	return status;
}

/* ---- making one ---- */

static int make_series(struct metrics *metrics, const struct metric *metric,
		       const char *const *labels, struct series **out, struct error *error)
{
	struct fault fault;
	if (metrics_series(metrics, metric, labels, out, &fault) == ASH_OK)
		return 0;
	return error_set(error, ERROR_LIMIT, "%s", fault.message);
}

bool dial_has(const struct dial *dial, uint16_t method)
{
	return dial->port->methods[method].transaction != ASH_JOINS &&
	       (dial->method == DIAL_ALL || dial->method == method);
}

int dial_set(struct dial *dial, enum dial_side side, const char *name,
	     const struct binding *binding, bool remote, struct metrics *metrics,
	     struct arena *arena, struct error *error)
{
	struct dial_part *part = &dial->parts[side];
	uint16_t count = binding->port->method_count;
	struct series **calls = arena_array(arena, count, sizeof *calls);
	struct series **failures = arena_array(arena, count, sizeof *failures);
	char **names = arena_array(arena, count, sizeof *names);
	char *shown = (char *)arena_format(arena, "split %s %s", SIDES[side], name);
	if (!calls || !failures || !names || !shown)
		return error_memory(error);
	*part = (struct dial_part){*binding, *binding, name, remote};
	part->shown.invoke = invoke_part;
	part->shown.handlers = part;
	part->shown.calls = calls;
	part->shown.failures = failures;
	part->shown.names = names;
	for (uint16_t i = 0; i < count; i++) {
		const char *labels[] = {binding->port->name, binding->port->methods[i].name,
					SIDES[side], name};
		names[i] = shown;
		if (!dial_has(dial, i))
			continue;
		if (make_series(metrics, &CALLS, labels, &calls[i], error) < 0 ||
		    make_series(metrics, &FAILURES, labels, &failures[i], error) < 0)
			return -1;
	}
	return 0;
}

static const ProtobufCFieldDescriptor *key_of(const ash_method *method, const char *sticky)
{
	const char *name = sticky ? sticky : method->sticky_key;
	const ProtobufCFieldDescriptor *field = name ? message_field(method->request, name) : NULL;
	return field && !dial_key_mistake(field) ? field : NULL;
}

static void show_share(const struct dial *dial)
{
	for (uint16_t i = 0; i < dial->port->method_count; i++)
		if (dial->share[i])
			series_set(dial->share[i], split_share(&dial->split));
}

static int init_method(struct dial *dial, uint16_t method, const char *sticky,
		       struct metrics *metrics, struct error *error)
{
	const ash_method *of = &dial->port->methods[method];
	const char *labels[] = {dial->port->name, of->name};
	dial->sticky[method] = key_of(of, sticky);
	return make_series(metrics, &FALLBACKS, labels, &dial->fallbacks[method], error) < 0 ||
			       make_series(metrics, &SHARE, labels, &dial->share[method], error) < 0
		       ? -1
		       : 0;
}

int dial_init(struct dial *dial, const ash_port *port, uint16_t method, const char *sticky,
	      uint32_t share, struct metrics *metrics, struct arena *arena, struct error *error)
{
	dial->port = port;
	dial->method = method;
	dial->fallbacks = arena_array(arena, port->method_count, sizeof(*dial->fallbacks));
	dial->share = arena_array(arena, port->method_count, sizeof(*dial->share));
	dial->sticky = arena_array(arena, port->method_count, sizeof(*dial->sticky));
	if (!dial->fallbacks || !dial->share || !dial->sticky)
		return error_memory(error);
	for (uint16_t i = 0; i < port->method_count; i++)
		if (dial_has(dial, i) && init_method(dial, i, sticky, metrics, error) < 0)
			return -1;
	split_init(&dial->split, share);
	show_share(dial);
	return 0;
}

uint32_t dial_turn(struct dial *dial, uint32_t share)
{
	uint32_t before = split_turn(&dial->split, share);
	show_share(dial);
	return before;
}
