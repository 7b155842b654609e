/* SPDX-License-Identifier: Apache-2.0 */
/* What the deployment file says of policies, made and put around ports. Knows no wire: what a port
 * is bound to before stays what is inside. */
#include "app/policies.h"

#include <string.h>

#include "app/policies_series.h"
#include "base/mem.h"
#include "http/server.h"
#include "resilience/around.h"

struct policies {
	const struct placement *placement;
	const struct registry *registry;
	const struct clock *clock;
	struct metrics *metrics;
	struct arena arena; /* of the items and what is put around bindings */
	struct policies_item *first, **end;
};

/* ---- waiting, which a server is told of ---- */

static void pause_aside(const struct policy_waiter *waiter, uint64_t nanoseconds)
{
	(void)waiter;
	http_blocking_begin();
	policy_waiter_system.pause(&policy_waiter_system, nanoseconds);
	http_blocking_end();
}

static bool enter_aside(const struct policy_waiter *waiter, struct bulkhead *bulkhead,
			uint64_t patience)
{
	(void)waiter;
	http_blocking_begin();
	bool entered = policy_waiter_system.enter(&policy_waiter_system, bulkhead, patience);
	http_blocking_end();
	return entered;
}

static const struct policy_waiter WAITER = {.pause = pause_aside, .enter = enter_aside};

/* ---- settings ---- */

static void set_breaker(const struct placement_breaker *said, struct breaker_settings *out)
{
	static const enum breaker_window WINDOWS[] = {
		[PLACEMENT_COUNT] = BREAKER_COUNT,
		[PLACEMENT_TIME] = BREAKER_TIME,
		[PLACEMENT_CONSECUTIVE] = BREAKER_CONSECUTIVE,
	};
	*out = (struct breaker_settings){
		.window = WINDOWS[said->window],
		.size = said->size,
		.least_calls = said->minimum_calls,
		.failure_rate = said->failure_rate,
		.slow_rate = said->slow_rate,
		.slow = said->slow,
		.probes = said->probes,
		.half_open_most = said->half_open_wait,
		.open = said->open_wait,
		.growth = said->growth,
		.open_most = said->open_cap,
		.jitter = said->jitter,
	};
}

static void set_retry(const struct placement_retry *said, struct policy_settings *out)
{
	out->retry = (struct retry_settings){
		.attempts = said->attempts,
		.base = said->base,
		.growth = said->growth,
		.most = said->cap,
	};
	out->retry_share = said->budget;
	out->retry_least = said->budget_least;
}

static struct policy_settings settings_of(const struct placement_policy *said, const char *name)
{
	struct policy_settings settings = policy_defaults;
	settings.name = name;
	settings.timeout = said->timeout;
	if (said->retry.given)
		set_retry(&said->retry, &settings);
	settings.breaks = said->breaker.given;
	if (settings.breaks)
		set_breaker(&said->breaker, &settings.breaker);
	if (said->bulkhead.given) {
		settings.places = said->bulkhead.calls;
		settings.queue = said->bulkhead.queue;
		settings.queue_wait = said->bulkhead.wait;
	}
	if (said->rate_limit.given) {
		settings.limit = said->rate_limit.calls;
		settings.limit_period = said->rate_limit.period;
		settings.limit_burst = said->rate_limit.burst;
		settings.limit_wait = said->rate_limit.wait;
	}
	return settings;
}

/* ---- making ---- */

/* The state that the file has it start in. */
static void begin(struct policy *policy, const struct placement_breaker *said, uint64_t now)
{
	static const enum breaker_state STATES[] = {
		[PLACEMENT_CLOSED] = BREAKER_CLOSED,
		[PLACEMENT_DISABLED] = BREAKER_DISABLED,
		[PLACEMENT_FORCED_OPEN] = BREAKER_FORCED_OPEN,
		[PLACEMENT_METRICS_ONLY] = BREAKER_METRICS_ONLY,
	};
	if (said->given && said->state != PLACEMENT_CLOSED)
		policy_force(policy, STATES[said->state], now);
}

/* The method of that name in the port of that name; false: there is none. */
static bool find_method(const struct registry *registry, const char *port, const char *method,
			struct around_method *out)
{
	for (size_t i = 0; i < registry->binding_count; i++) {
		const struct binding *binding = registry->bindings[i];
		if (!binding || strcmp(binding->port->name, port) != 0)
			continue;
		for (uint16_t j = 0; j < binding->port->method_count; j++)
			if (strcmp(binding->port->methods[j].name, method) == 0) {
				out->fallback = binding;
				out->fallback_method = j;
				return true;
			}
	}
	return false;
}

/* Whether it could be was judged with the file. */
static int set_fallback(const struct policies *policies, const struct policies_item *item,
			struct around_method *out, struct error *error)
{
	const struct placed *fallback = &item->said->fallback;
	const char *method = item->binding->port->methods[item->method].name;
	if (!fallback->text || find_method(policies->registry, fallback->text, method, out))
		return 0;
	return error_at(error, ERROR_INVALID, policies->placement->file, fallback->line,
			fallback->column, "%s/%s cannot be a fallback: there is no such method",
			fallback->text, method);
}

static int make(struct policies *policies, struct policies_item *item, struct around_method *out,
		struct error *error)
{
	const struct placement_policy *said = item->said;
	const struct policy_settings settings = settings_of(said, policies_name(item));
	const char *mistake = policy_mistake(&settings);
	if (mistake)
		return error_at(error, ERROR_INVALID, policies->placement->file, said->name.line,
				said->name.column, "the policy '%s' cannot be: %s", said->name.text,
				mistake);
	if (set_fallback(policies, item, out, error) < 0 ||
	    policies_series_make(policies->metrics, &policies->arena, item, error) < 0)
		return -1;
	item->policy = out->policy = policy_new(&settings);
	if (!item->policy)
		return error_memory(error);
	begin(item->policy, &said->breaker, policies->clock->monotonic(policies->clock));
	*policies->end = item;
	policies->end = &item->next;
	return 0;
}

/* Makes the policy of a method, where it has one. */
static int make_method(struct policies *policies, const struct binding *binding, uint16_t method,
		       struct around_method *out, bool *any, struct error *error)
{
	const ash_port *port = binding->port;
	const struct placement_policy *said =
		placement_policy_of(policies->placement, port->name, port->methods[method].name);
	if (!said)
		return 0;
	struct policies_item *item = arena_alloc(&policies->arena, sizeof *item);
	if (!item)
		return error_memory(error);
	*any = true;
	*item = (struct policies_item){.binding = binding, .method = method, .said = said};
	return make(policies, item, out, error);
}

int policies_bind(struct policies *policies, struct binding *binding, struct error *error)
{
	uint16_t count = binding->port->method_count;
	bool any = false;
	if (!policies->placement || policies->placement->policy_count == 0)
		return 0;
	struct around *around = arena_alloc(&policies->arena, sizeof *around);
	struct around_method *methods = arena_array(&policies->arena, count, sizeof *methods);
	if (!around || !methods)
		return error_memory(error);
	for (uint16_t i = 0; i < count; i++)
		if (make_method(policies, binding, i, &methods[i], &any, error) < 0)
			return -1;
	*around = (struct around){.waiter = &WAITER, .methods = methods};
	if (any)
		around_bind(around, binding);
	return 0;
}

static void refresh(void *context)
{
	const struct policies *policies = context;
	uint64_t now = policies->clock->monotonic(policies->clock);
	for (struct policies_item *item = policies->first; item; item = item->next)
		policies_series_refresh(item, now);
}

struct policies *policies_new(const struct placement *placement, const struct registry *registry,
			      const struct clock *clock, struct metrics *metrics)
{
	struct policies *policies = mem_alloc(sizeof *policies);
	if (!policies)
		return NULL;
	*policies = (struct policies){.placement = placement,
				      .registry = registry,
				      .clock = clock,
				      .metrics = metrics,
				      .end = &policies->first};
	metrics_on_write(metrics, refresh, policies);
	return policies;
}

void policies_free(struct policies *policies)
{
	if (!policies)
		return;
	for (struct policies_item *item = policies->first; item; item = item->next)
		policy_free(item->policy);
	arena_release(&policies->arena);
	mem_free(policies);
}

/* ---- looking, and by hand ---- */

const struct policies_item *policies_first(const struct policies *policies)
{
	return policies->first;
}

const char *policies_name(const struct policies_item *item)
{
	return item->binding->names[item->method];
}

void policies_look(const struct policies *policies, const struct policies_item *item,
		   struct policy_view *out)
{
	policy_look(item->policy, policies->clock->monotonic(policies->clock), out);
}

bool policies_means(const struct policies_item *item, struct str name)
{
	return str_equal(name, str_of(policies_name(item))) ||
	       str_equal(name, str_of(item->binding->port->name));
}

size_t policies_act(const struct policies *policies, enum policies_action action, struct str name)
{
	static const enum breaker_state STATES[] = {
		[POLICIES_FORCE_OPEN] = BREAKER_FORCED_OPEN,
		[POLICIES_FORCE_CLOSED] = BREAKER_DISABLED,
		[POLICIES_METRICS_ONLY] = BREAKER_METRICS_ONLY,
	};
	uint64_t now = policies->clock->monotonic(policies->clock);
	size_t count = 0;
	for (struct policies_item *item = policies->first; item; item = item->next) {
		if (!policies_means(item, name))
			continue;
		if (action == POLICIES_RESET)
			policy_reset(item->policy, now);
		else
			policy_force(item->policy, STATES[action], now);
		count++;
	}
	return count;
}

struct str policies_nearest(const struct policies *policies, struct arena *arena, struct str name)
{
	size_t count = 0, filled = 0;
	for (struct policies_item *item = policies->first; item; item = item->next)
		count += 2;
	struct str *names = arena_array(arena, count, sizeof *names);
	for (struct policies_item *item = policies->first; names && item; item = item->next) {
		names[filled++] = str_of(policies_name(item));
		names[filled++] = str_of(item->binding->port->name);
	}
	return names ? str_nearest(name, names, filled) : (struct str){0};
}

const char *policies_action_name(size_t action)
{
	static const char *const NAMES[] = {
		[POLICIES_FORCE_OPEN] = "force-open",
		[POLICIES_FORCE_CLOSED] = "force-closed",
		[POLICIES_METRICS_ONLY] = "metrics-only",
		[POLICIES_RESET] = "reset",
	};
	return action < POLICIES_ACTIONS ? NAMES[action] : NULL;
}
