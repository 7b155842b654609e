/* SPDX-License-Identifier: Apache-2.0 */
/* A call of a port on its way through the policy of its method. Knows no wire: what is inside may
 * be a handler or another process.
 *
 * Invariant: each attempt begins as the call began: no transaction of its own open, the reply
 * empty, nothing answered beside it; and the request has its own deadline again when it is over. */
#include "resilience/around.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "port/call.h"
#include "telemetry/log.h"

_Static_assert(POLICY_NO_DEADLINE == CALL_NO_DEADLINE, "a request's deadline is a policy's");

/* One call on its way. */
struct passing {
	const struct around *around;
	ash_call *call;
	const void *in;
	void *out;
	uint16_t method;
	bool attempted;
};

/* A span's detail: what is done and the failure it is done for. It is cut where it is kept. */
#define WHY_SIZE (sizeof((struct fault *)0)->message + 256)

static void say_why(const struct fault *fault, const char *what, char *out)
{
	snprintf(out, WHY_SIZE, "%.200s after %s: %s", what, ash_status_name(fault->status),
		 fault->message);
}

/* What an attempt or another port left in the reply is forgotten. */
static void empty(const struct passing *passing)
{
	const ash_method *method = &passing->around->inside.port->methods[passing->method];
	method->reply->message_init(passing->out);
}

static ash_status make(const struct passing *passing, uint64_t deadline)
{
	return call_attempt(passing->call, &passing->around->inside, passing->method, deadline,
			    passing->in, passing->out);
}

static ash_status make_again(const struct passing *passing, const struct policy_attempt *told)
{
	ash_call *call = passing->call;
	char what[32], why[WHY_SIZE];
	uint64_t outer = call->span;
	struct call_span span = call_span_begin(call);
	snprintf(what, sizeof what, "attempt %u", told->number);
	say_why(&call->request->fault, what, why);
	empty(passing);
	call->span = span.id ? span.id : outer;
	ash_status status = make(passing, told->deadline);
	call->span = outer;
	call_span_end(call, &span, SPAN_INTERNAL, "policy retry", status, why);
	return status;
}

static ash_status attempt(void *context, const struct policy_attempt *told, struct fault *fault)
{
	struct passing *passing = context;
	(void)fault; /* it is the request's */
	passing->attempted = true;
	if (__builtin_expect(told->number == 1, 1))
		return make(passing, told->deadline);
	return make_again(passing, told);
}

static ash_status fall_back(void *context, const struct policy_attempt *told, struct fault *fault)
{
	const struct passing *passing = context;
	const struct around_method *set = &passing->around->methods[passing->method];
	ash_call *call = passing->call;
	char why[WHY_SIZE];
	uint64_t outer = call->span;
	struct call_span span = call_span_begin(call);
	(void)told; /* until the request's own deadline */
	say_why(fault, set->fallback->names[set->fallback_method], why);
	empty(passing);
	call->span = span.id ? span.id : outer;
	ash_status status =
		call_instead(call, set->fallback, set->fallback_method, passing->in, passing->out);
	call->span = outer;
	call_span_end(call, &span, SPAN_INTERNAL, "policy fallback", status, why);
	return status;
}

/* Thousands may be refused in a second, so they are counted, and told by note_state(). */
static void count_refusal(const struct passing *passing, enum policy_refusal by)
{
	struct around_method *set = &passing->around->methods[passing->method];
	const struct request *request = passing->call->request;
	if (by == POLICY_BY_BUDGET || !request->environment->logger)
		return; /* there the attempt's own failure stands */
	passing->call->request->fault.told = true;
	atomic_fetch_add(&set->refusals[by].count, 1);
	atomic_fetch_or(&set->seen, AROUND_UNTOLD);
}

static void note_refusal(void *context, enum policy_refusal by)
{
	const struct passing *passing = context;
	struct fault *fault = &passing->call->request->fault;
	char why[WHY_SIZE];
	struct call_span span = call_span_begin(passing->call);
	snprintf(why, sizeof why, "by %s: %s", policy_refusal_name(by), fault->message);
	call_span_end(passing->call, &span, SPAN_INTERNAL, "policy refused", fault->status, why);
	count_refusal(passing, by);
	/* As where a connection is refused: who can wait for the callee loses nothing by it. */
	fault->untried = by == POLICY_BY_BREAKER && !passing->attempted;
}

/* A line about the port's module, of the call's own span. */
__attribute__((format(printf, 3, 4))) static void write_line(const ash_call *call,
							     enum log_level level,
							     const char *format, ...)
{
	const struct logger *logger = call->request->environment->logger;
	const ash_module *module = call->member->module;
	struct trace_context trace = call->request->trace;
	const struct log_origin origin = {module->name, module->owner, &trace};
	va_list arguments;
	trace.span = call->span;
	if (!logger)
		return;
	va_start(arguments, format);
	log_write_list(logger, level, &origin, format, arguments);
	va_end(arguments);
}

static void tell_state(const ash_call *call, const char *name, uint32_t before, uint32_t now)
{
	write_line(call, now == BREAKER_OPEN ? LOG_WARN_LEVEL : LOG_INFO_LEVEL,
		   "the circuit of %s is %s, was %s", name,
		   breaker_state_name((enum breaker_state)now),
		   breaker_state_name((enum breaker_state)before));
}

/* Of several calls that come here one tells them. */
static void tell_refusals(struct around_refusals *refusals, const ash_call *call, const char *name,
			  const char *why, bool ended)
{
	const struct clock *clock = call->request->environment->clock;
	uint64_t now = clock->monotonic(clock), before = atomic_load(&refusals->told_at);
	bool due = !before || ended || now - before >= AROUND_TELLING;
	if (!due || !atomic_compare_exchange_strong(&refusals->told_at, &before, now))
		return;
	uint64_t count = atomic_exchange(&refusals->count, 0);
	bool begins = !before || (count == 1 && now - before >= 2 * AROUND_TELLING);
	if (count && !begins)
		write_line(call, LOG_WARN_LEVEL,
			   "%" PRIu64 " calls of %s were refused in the last %" PRIu64 " s: %s",
			   count, name, (now - before + 999999999) / 1000000000, why);
	else if (count)
		write_line(call, LOG_WARN_LEVEL, "calls of %s are refused: %s", name, why);
}

/* `refuses`: the breaker still does, or may. */
static void tell_all_refusals(struct around_method *set, const ash_call *call, const char *name,
			      bool refuses)
{
	static const char *const REASONS[POLICY_REFUSALS] = {
		[POLICY_BY_BREAKER] = "its circuit is open",
		[POLICY_BY_LIMITER] = "its rate limit is reached",
		[POLICY_BY_BULKHEAD] = "its bulkhead is full",
		[POLICY_BY_DEADLINE] = "no time was left",
		[POLICY_BY_BUDGET] = "too many were retries",
	};
	bool left = false;
	atomic_fetch_and(&set->seen, ~AROUND_UNTOLD);
	for (int by = 0; by < POLICY_REFUSALS; by++) {
		struct around_refusals *refusals = &set->refusals[by];
		if (!atomic_load(&refusals->count))
			continue;
		tell_refusals(refusals, call, name, REASONS[by],
			      by == POLICY_BY_BREAKER && !refuses);
		left |= atomic_load(&refusals->count) > 0;
	}
	if (left)
		atomic_fetch_or(&set->seen, AROUND_UNTOLD);
}

__attribute__((noinline, cold)) static void tell(struct around_method *set, const ash_call *call,
						 const char *name, uint32_t now)
{
	uint32_t seen = atomic_load(&set->seen), before = seen & ~AROUND_UNTOLD;
	if (now != before &&
	    atomic_compare_exchange_strong(&set->seen, &seen, now | (seen & AROUND_UNTOLD)))
		tell_state(call, name, before, now);
	if (seen & AROUND_UNTOLD)
		tell_all_refusals(set, call, name,
				  now != BREAKER_CLOSED && now != BREAKER_DISABLED);
}

/* Of several calls that see the same change one tells it. */
static void note_state(struct around_method *set, const ash_call *call, const char *name)
{
	uint32_t now = policy_state(set->policy);
	if (__builtin_expect(now != atomic_load_explicit(&set->seen, memory_order_relaxed), 0))
		tell(set, call, name, now);
}

static bool is_repeatable(const struct request *request, const ash_method *method)
{
	return !request->session && (method->idempotency != ASH_IDEMPOTENCY_UNKNOWN ||
				     request->idempotency_key[0] != '\0');
}

ash_status around_invoke(const struct binding *binding, uint16_t method, ash_call *call,
			 const void *in, void *out)
{
	const struct around *around = binding->handlers;
	struct around_method *set = &around->methods[method];
	struct request *request = call->request;
	struct passing passing = {around, call, in, out, method, false};
	if (!set->policy)
		return around->inside.invoke(&around->inside, method, call, in, out);
	const struct policy_call through = {
		.clock = request->environment->clock,
		.waiter = around->waiter,
		.deadline = request->deadline,
		.repeatable = is_repeatable(request, &binding->port->methods[method]),
		.function = attempt,
		.fallback = set->fallback ? fall_back : NULL,
		.refused = note_refusal,
		.context = &passing,
	};
	ash_status status = policy_call(set->policy, &through, &request->fault);
	note_state(set, call, binding->names[method]);
	return status;
}

void around_bind(struct around *around, struct binding *binding)
{
	around->inside = *binding;
	for (uint16_t i = 0; i < binding->port->method_count; i++)
		if (around->methods[i].policy)
			atomic_store(&around->methods[i].seen,
				     policy_state(around->methods[i].policy));
	binding->invoke = around_invoke;
	binding->handlers = around;
}

const struct around *around_of(const struct binding *binding)
{
	return binding->invoke == around_invoke ? binding->handlers : NULL;
}

const struct binding *around_inside(const struct binding *binding)
{
	const struct around *around = around_of(binding);
	return around ? &around->inside : binding;
}
