/* SPDX-License-Identifier: Apache-2.0 */
/* A request and the calls in it. A call lives on the stack of the function that makes it, so that a
 * call within the process costs no allocation; what it points to belongs to the request.
 *
 * Invariant: at most one transaction is open in a request, in request->session; the call that
 * opened it, or the delivery, ends it. */
#include "port/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "message/message.h"
#include "port/transaction.h"
#include "port/uses.h"

/* Details of a failure, and bytes of their values. */
#define CALL_DETAIL_LIMIT      100
#define CALL_DETAIL_SIZE_LIMIT ((size_t)64 << 10)

/* ---- what a handler asks ---- */

void *ash_alloc(ash_call *call, size_t size)
{
	return arena_alloc(&call->request->arena, size);
}

char *ash_format(ash_call *call, const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	char *text = length < 0 ? NULL : arena_bytes(&call->request->arena, (size_t)length + 1);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	va_end(arguments);
	return text;
}

static ash_status fail(ash_call *call, ash_status status, const char *format, va_list arguments)
{
	/* Through a copy: an argument may be the last message itself. */
	char message[sizeof call->request->fault.message];
	if (vsnprintf(message, sizeof message, format, arguments) >= (int)sizeof message)
		message[utf8_cut(message, sizeof message - 1)] = '\0';
	return fault_set(&call->request->fault, status, "%s", message);
}

ash_status ash_fail(ash_call *call, ash_status status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fail(call, status, format, arguments);
	va_end(arguments);
	return status;
}

ash_status ash_give_up(ash_call *call, ash_status status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fail(call, status, format, arguments);
	va_end(arguments);
	/* A port's caller judges for itself, as it would over a network. */
	call->request->gave_up |= !call->caller;
	return status;
}

/* The list, made if need be; NULL without memory. */
static struct metadata *list_of(ash_call *call, ash_metadata where)
{
	if (!call->metadata)
		call->metadata = arena_alloc(&call->request->arena, sizeof *call->metadata);
	return call->metadata ? &call->metadata->lists[where] : NULL;
}

ash_status ash_metadata_add(ash_call *call, ash_metadata where, const char *key, const void *value,
			    size_t length)
{
	struct str name = str_of(key), bytes = {value, length};
	if (where != ASH_METADATA_ANSWER && where != ASH_METADATA_TRAILER &&
	    where != ASH_METADATA_NEXT)
		return ash_fail(call, ASH_INVALID_ARGUMENT, "metadata that came is only read");
	if (!metadata_is_key(name) || !metadata_is_value(name, bytes))
		return ash_fail(
			call, ASH_INVALID_ARGUMENT,
			"'%.100s' is no key of metadata, or has a value that it cannot have", key);
	struct metadata *list = list_of(call, where);
	if (list && metadata_add(list, &call->request->arena, name, bytes))
		return ASH_OK;
	if (call->request->arena.failed)
		return fault_memory(&call->request->fault);
	return ash_fail(call, ASH_RESOURCE_EXHAUSTED,
			"there is more metadata than %d pairs or %zu bytes", METADATA_LIMIT,
			METADATA_SIZE_LIMIT);
}

bool ash_metadata_at(const ash_call *call, ash_metadata where, size_t index, const char **key,
		     const void **value, size_t *length)
{
	const struct metadata_item *item =
		call->metadata ? call->metadata->lists[where].first : NULL;
	for (; item && index > 0; index--)
		item = item->next;
	if (!item)
		return false;
	*key = item->key;
	*value = item->value.at;
	*length = item->value.length;
	return true;
}

ash_status ash_fail_detail_bytes(ash_call *call, const char *type, const void *bytes, size_t length)
{
	struct fault *fault = &call->request->fault;
	struct arena *arena = &call->request->arena;
	const struct fault_detail **end = &fault->details;
	size_t count = 0, size = length;
	for (; *end; end = &((struct fault_detail *)(uintptr_t)*end)->next, count++)
		size += (*end)->value.length;
	if (count == CALL_DETAIL_LIMIT || length > CALL_DETAIL_SIZE_LIMIT ||
	    size > CALL_DETAIL_SIZE_LIMIT)
		return fault->status;
	struct fault_detail *detail = arena_alloc(arena, sizeof *detail);
	struct str name = arena_str(arena, str_of(type));
	struct str value = arena_str(arena, (struct str){bytes, length});
	if (detail && name.at && value.at) {
		*detail = (struct fault_detail){NULL, name.at, value};
		*end = detail;
	}
	return fault->status;
}

ash_status ash_fail_detail(ash_call *call, const struct ProtobufCMessageDescriptor *type,
			   const void *message)
{
	_cleanup_(text_release) struct text bytes = {0};
	if (message_encode(type, message, &bytes, NULL) != ASH_OK)
		return call->request->fault.status;
	return ash_fail_detail_bytes(call, type->name, bytes.at, bytes.length);
}

bool ash_detail_at(const ash_call *call, size_t index, const char **type, const void **bytes,
		   size_t *length)
{
	const struct fault_detail *detail = call->request->fault.details;
	for (; detail && index > 0; index--)
		detail = detail->next;
	if (!detail)
		return false;
	*type = detail->type;
	*bytes = detail->value.at;
	*length = detail->value.length;
	return true;
}

const char *ash_message(const ash_call *call)
{
	return call->request->fault.message;
}

const char *ash_module_name(const ash_call *call)
{
	return call->member->module->name;
}

const char *ash_caller(const ash_call *call)
{
	return call->caller ? call->caller->member->module->name : call->origin;
}

int64_t ash_time_left(const ash_call *call)
{
	const struct request *request = call->request;
	if (request->deadline == CALL_NO_DEADLINE)
		return INT64_MAX;
	uint64_t now = request->environment->clock->monotonic(request->environment->clock);
	return now < request->deadline ? (int64_t)(request->deadline - now) : 0;
}

int64_t ash_now(const ash_call *call)
{
	const struct clock *clock = call->request->environment->clock;
	return clock->wall(clock);
}

const char *ash_idempotency_key(const ash_call *call)
{
	return call->request->idempotency_key;
}

const char *ash_trace_id(const ash_call *call)
{
	struct request *request = call->request;
	if (!request->trace_id[0])
		trace_id_format(&request->trace, request->trace_id);
	return request->trace_id;
}

static void log_call(ash_call *call, enum log_level level, const char *format, va_list arguments)
{
	const struct logger *logger = call->request->environment->logger;
	struct trace_context trace = call->request->trace;
	trace.span = call->span;
	const ash_module *module = call->member->module;
	const struct log_origin origin = {module->name, module->owner, &trace};
	if (logger)
		log_write_list(logger, level, &origin, format, arguments);
}

#define DEFINE_LOG(name, level)                                                                    \
	void name(ash_call *call, const char *format, ...)                                         \
	{                                                                                          \
		va_list arguments;                                                                 \
		va_start(arguments, format);                                                       \
		log_call(call, level, format, arguments);                                          \
		va_end(arguments);                                                                 \
	}

DEFINE_LOG(ash_log_info, LOG_INFO_LEVEL)
DEFINE_LOG(ash_log_warn, LOG_WARN_LEVEL)
DEFINE_LOG(ash_log_error, LOG_ERROR_LEVEL)

/* ---- spans ---- */

static bool is_sampled(const struct request *request)
{
	return request->trace.flags & TRACE_SAMPLED && request->environment->recorder;
}

/* Records a span of a call, or inside of one, that has ended. */
static void record(const ash_call *call, uint64_t id, uint64_t parent, enum span_kind kind,
		   const char *name, uint64_t started, ash_status status, const char *detail)
{
	const struct request *request = call->request;
	const struct environment *environment = request->environment;
	const ash_module *module = call->member->module;
	struct span span = {
		.trace = {request->trace.trace[0], request->trace.trace[1]},
		.id = id,
		.parent = parent,
		.start = recorder_wall(environment->recorder, started),
		.duration = environment->clock->monotonic(environment->clock) - started,
		.name = name,
		.module = module->name,
		.owner = module->owner,
		.kind = kind,
		.status = status,
	};
	recorder_add(environment->recorder, &span, detail);
}

static void record_call(const ash_call *call, enum span_kind kind, const char *name,
			uint64_t started, ash_status status)
{
	record(call, call->span, call->parent, kind, name, started, status,
	       status == ASH_OK ? NULL : call->request->fault.message);
}

struct call_span call_span_begin(const ash_call *call)
{
	const struct clock *clock = call->request->environment->clock;
	if (!is_sampled(call->request))
		return (struct call_span){0};
	return (struct call_span){trace_span_id(), clock->monotonic(clock)};
}

void call_span_end(const ash_call *call, const struct call_span *span, enum span_kind kind,
		   const char *name, ash_status status, const char *detail)
{
	if (span->id)
		record(call, span->id, call->span, kind, name, span->started, status, detail);
}

/* ---- calls ---- */

/* Ends what a handler left open, and makes sure that a failure says something. */
static ash_status settle(ash_call *call, ash_status status)
{
	if (__builtin_expect(call->tx.call != NULL, 0)) {
		bool open = status == ASH_OK;
		transaction_abandon(&call->tx);
		if (open)
			return ash_fail(call, ASH_INTERNAL,
					"a handler of %s returned without ending its transaction",
					call->member->module->name);
	}
	struct fault *fault = &call->request->fault;
	if (__builtin_expect(status != ASH_OK, 0) && fault->status != status)
		fault_set(fault, status, "%s answered %s", call->member->module->name,
			  ash_status_name(status));
	return status;
}

static ash_status invoke_sampled(const struct binding *binding, uint16_t method, ash_call *call,
				 enum span_kind kind, const void *in, void *out)
{
	const struct clock *clock = call->request->environment->clock;
	uint64_t started = clock->monotonic(clock);
	call->span = trace_span_id();
	ash_status status = settle(call, binding->invoke(binding, method, call, in, out));
	record_call(call, kind, binding->names[method], started, status);
	return status;
}

static ash_status invoke(const struct binding *binding, uint16_t method, ash_call *call,
			 enum span_kind kind, const void *in, void *out)
{
	struct request *request = call->request;
	if (__builtin_expect(++request->depth > CALL_DEPTH_LIMIT, 0)) {
		request->depth--;
		return ash_fail(call, ASH_FAILED_PRECONDITION,
				"%s is call %d within one another; the chain calls itself",
				binding->names[method], CALL_DEPTH_LIMIT + 1);
	}
	ash_status status;
	if (__builtin_expect(is_sampled(request), 0))
		status = invoke_sampled(binding, method, call, kind, in, out);
	else
		status = settle(call, binding->invoke(binding, method, call, in, out));
	request->depth--;
	series_add(status == ASH_OK ? binding->calls[method] : binding->failures[method], 1);
	return status;
}

/* Why the call cannot be made; called only when one of its conditions does not hold. */
static ash_status refuse(ash_call *call, const ash_port *port, const ash_method *method,
			 const struct binding *binding)
{
	const ash_module *module = call->member->module;
	if (!binding)
		return ash_fail(call, ASH_UNIMPLEMENTED,
				"no module of the application provides the port %s", port->name);
	uint32_t id = *port->id;
	if (!(call->member->may_call[id / 64] & (uint64_t)1 << id % 64))
		return ash_fail(call, ASH_PERMISSION_DENIED,
				"%s may not call %s: its contract (%s:%u) does not depend on %s",
				module->name, port->name, module->place.file, module->place.line,
				port->module);
	if (ash_time_left(call) == 0)
		return ash_fail(call, ASH_DEADLINE_EXCEEDED, "no time is left to call %s/%s",
				port->name, method->name);
	char places[256];
	uses_places(module, port, (uint16_t)(method - port->methods), places, sizeof places);
	return ash_fail(call, ASH_INTERNAL,
			"%s%s calls %s/%s inside an open transaction; end it first, or declare the "
			"method as transaction = joins",
			places, module->name, port->name, method->name);
}

static bool may_go(const ash_call *call, const ash_port *port, const ash_method *method,
		   const struct binding *binding)
{
	const struct request *request = call->request;
	if (!binding)
		return false;
	uint32_t id = *port->id;
	return (call->member->may_call[id / 64] & (uint64_t)1 << id % 64) &&
	       (method->transaction == ASH_JOINS || !request->session) &&
	       (request->deadline == CALL_NO_DEADLINE || ash_time_left(call) > 0);
}

/* Gives the call the metadata that was put aside for it. */
static ash_status send_metadata(ash_call *call, ash_call *inner)
{
	struct metadata *lists = call->metadata->lists, next = lists[ASH_METADATA_NEXT];
	lists[ASH_METADATA_NEXT] = (struct metadata){0};
	lists[ASH_METADATA_ANSWERED] = lists[ASH_METADATA_TRAILED] = (struct metadata){0};
	if (next.count == 0)
		return ASH_OK;
	struct metadata *came = list_of(inner, ASH_METADATA_CAME);
	if (!came)
		return fault_memory(&call->request->fault);
	*came = next;
	return ASH_OK;
}

/* Gives what it answered to its caller. */
static ash_status receive_metadata(ash_call *call, const ash_call *inner, ash_status status)
{
	struct metadata *lists = list_of(call, ASH_METADATA_CAME);
	if (!lists)
		return fault_memory(&call->request->fault);
	lists[ASH_METADATA_ANSWERED] = inner->metadata->lists[ASH_METADATA_ANSWER];
	lists[ASH_METADATA_TRAILED] = inner->metadata->lists[ASH_METADATA_TRAILER];
	return status;
}

ash_status ash_call_port(ash_call *call, const ash_port *port, uint16_t index, const void *in,
			 void *out)
{
	struct request *request = call->request;
	const ash_method *method = &port->methods[index];
	const struct binding *binding = registry_binding(request->environment->registry, port);
	if (__builtin_expect(!may_go(call, port, method, binding), 0))
		return refuse(call, port, method, binding);
	if (__builtin_expect(request->shared && request->shared->session && !request->session, 0))
		request->shared->part(request->shared);
	struct ash_call inner = {
		.request = request,
		.member = binding->member,
		.caller = call,
		.origin = "",
		.parent = call->span,
		.span = call->span,
		.reads = method->idempotency == ASH_NO_SIDE_EFFECTS,
		.joins = call->joins && method->transaction == ASH_JOINS,
	};
	if (__builtin_expect(call->metadata != NULL, 0))
		ASH_TRY(send_metadata(call, &inner));
	ash_status status = invoke(binding, index, &inner, SPAN_INTERNAL, in, out);
	if (__builtin_expect(inner.metadata != NULL, 0))
		return receive_metadata(call, &inner, status);
	return status;
}

/* ---- several attempts of one call ---- */

ash_status call_attempt(ash_call *call, const struct binding *binding, uint16_t method,
			uint64_t deadline, const void *in, void *out)
{
	struct request *request = call->request;
	uint64_t before = request->deadline;
	if (__builtin_expect(call->metadata != NULL, 0))
		*call->metadata = (struct call_metadata){
			{[ASH_METADATA_CAME] = call->metadata->lists[ASH_METADATA_CAME]}};
	request->deadline = deadline;
	ash_status status = settle(call, binding->invoke(binding, method, call, in, out));
	request->deadline = before;
	return status;
}

ash_status call_instead(ash_call *call, const struct binding *binding, uint16_t method,
			const void *in, void *out)
{
	struct ash_call other = {
		.request = call->request,
		.member = binding->member,
		.caller = call->caller,
		.origin = call->origin,
		.metadata = call->metadata,
		.parent = call->span,
		.span = call->span,
		.reads = binding->port->methods[method].idempotency == ASH_NO_SIDE_EFFECTS,
		.joins = call->joins,
	};
	ash_status status = invoke(binding, method, &other, SPAN_INTERNAL, in, out);
	call->metadata = other.metadata;
	return status;
}

/* ---- requests ---- */

void request_begin(struct request *request, const struct environment *environment,
		   uint64_t deadline, const struct trace_context *trace)
{
	*request = (struct request){
		.environment = environment,
		.deadline = deadline,
		.slot = underway_enter(environment->underway, request),
	};
	if (trace)
		request->trace = *trace;
	else
		request->trace = trace_start(environment->recorder &&
					     recorder_samples(environment->recorder));
}

ash_status request_check_wait(struct request *request, uint64_t arrived)
{
	const struct clock *clock = request->environment->clock;
	uint64_t now = clock->monotonic(clock);
	if (__builtin_expect(now < request->deadline, 1))
		return ASH_OK;
	return fault_set(&request->fault, ASH_DEADLINE_EXCEEDED,
			 "the request came %llu ms ago, and its time was over before it could "
			 "begin: no thread was free, or its body came slowly",
			 (unsigned long long)((now - arrived) / 1000000));
}

void request_end(struct request *request)
{
	request_rollback(request);
	arena_release(&request->arena);
	underway_leave(take(request->slot));
}

/* The first call of a request, of the handler with this name. */
static ash_call first_call(struct request *request, const struct member *member, const char *origin,
			   const char *name)
{
	const struct clock *clock = request->environment->clock;
	if (request->slot)
		underway_tell(request->slot,
			      &(struct underway_item){
				      .module = member->module,
				      .name = name,
				      .trace = {request->trace.trace[0], request->trace.trace[1]},
				      .started = clock->monotonic(clock),
			      });
	return (ash_call){
		.request = request,
		.member = member,
		.origin = origin,
		.parent = request->trace.span,
		.span = request->trace.span,
		.joins = true,
	};
}

ash_status request_call(struct request *request, const char *origin, const struct binding *binding,
			uint16_t method, const void *in, void *out)
{
	ash_call call = first_call(request, binding->member, origin, binding->names[method]);
	call.reads = binding->port->methods[method].idempotency == ASH_NO_SIDE_EFFECTS;
	call.metadata = request->metadata;
	ash_status status = invoke(binding, method, &call, SPAN_SERVER, in, out);
	request->metadata = call.metadata;
	request->trace.span = call.span;
	return status;
}

ash_status request_run(struct request *request, const struct member *member, const char *origin,
		       enum span_kind kind, const char *name,
		       ash_status (*handler)(void *context, ash_call *call), void *context)
{
	ash_call call = first_call(request, member, origin, name);
	const struct clock *clock = request->environment->clock;
	bool sampled = is_sampled(request);
	uint64_t started = sampled ? clock->monotonic(clock) : 0;
	if (sampled)
		call.span = trace_span_id();
	ash_status status = settle(&call, handler(context, &call));
	if (sampled)
		record_call(&call, kind, name, started, status);
	request->trace.span = call.span;
	return status;
}
