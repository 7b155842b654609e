/* SPDX-License-Identifier: Apache-2.0 */
/* How policies stand, as numbers. A table knows each number: where it is in a view, and under which
 * name and label it is shown. */
#include "app/policies_series.h"

#include <stddef.h>

#define LABELS                                                                                     \
	{                                                                                          \
		"port", "method"                                                                   \
	}

static const struct metric STATE = {"ashlar_breaker_state",
				    "1 for the state that the circuit breaker is in.",
				    METRIC_GAUGE,
				    {"port", "method", "state"}};
static const struct metric WINDOW = {"ashlar_breaker_window_calls",
				     "Calls in the breaker's window: all, failed, slow.",
				     METRIC_GAUGE,
				     {"port", "method", "outcome"}};
static const struct metric OPENED = {"ashlar_breaker_opened_total",
				     "Times that the circuit breaker opened.", METRIC_COUNTER,
				     LABELS};
static const struct metric CALLS = {"ashlar_policy_calls_total", "Calls that came to the policy.",
				    METRIC_COUNTER, LABELS};
static const struct metric FAILURES = {"ashlar_policy_failures_total",
				       "Of these, those that failed for who called: after retries "
				       "and fallback.",
				       METRIC_COUNTER, LABELS};
static const struct metric REFUSED = {"ashlar_policy_refused_total",
				      "Calls and retries that a strategy did not let through.",
				      METRIC_COUNTER,
				      {"port", "method", "by"}};
static const struct metric RETRIES = {"ashlar_policy_retries_total", "Attempts after the first.",
				      METRIC_COUNTER, LABELS};
static const struct metric LATE = {"ashlar_policy_timeouts_total",
				   "Attempts that ended with deadline_exceeded.", METRIC_COUNTER,
				   LABELS};
static const struct metric FALLBACKS = {"ashlar_policy_fallbacks_total",
					"Calls that the fallback answered.", METRIC_COUNTER,
					LABELS};
static const struct metric INSIDE = {"ashlar_bulkhead_calls",
				     "Calls in the bulkhead: inside, and waiting for a place.",
				     METRIC_GAUGE,
				     {"port", "method", "state"}};

/* A number of a view. */
struct number {
	const struct metric *metric;
	const char *label; /* of the third name; NULL: it has two */
	size_t offset;
	size_t size;      /* 4 or 8 bytes */
	bool of_bulkhead; /* shown where there is one */
};

#define NUMBER(metric, label, field)                                                               \
	{                                                                                          \
		&(metric), label, offsetof(struct policy_view, field),                             \
			sizeof((struct policy_view *)0)->field, false                              \
	}

static const struct number NUMBERS[] = {
	NUMBER(WINDOW, "all", breaker.calls),
	NUMBER(WINDOW, "failed", breaker.failures),
	NUMBER(WINDOW, "slow", breaker.slow),
	NUMBER(OPENED, NULL, breaker.opened),
	NUMBER(CALLS, NULL, calls),
	NUMBER(FAILURES, NULL, failed),
	NUMBER(REFUSED, "breaker", refused[POLICY_BY_BREAKER]),
	NUMBER(REFUSED, "limiter", refused[POLICY_BY_LIMITER]),
	NUMBER(REFUSED, "bulkhead", refused[POLICY_BY_BULKHEAD]),
	NUMBER(REFUSED, "deadline", refused[POLICY_BY_DEADLINE]),
	NUMBER(REFUSED, "budget", refused[POLICY_BY_BUDGET]),
	NUMBER(RETRIES, NULL, retries),
	NUMBER(LATE, NULL, timed_out),
	NUMBER(FALLBACKS, NULL, fallbacks),
	{&INSIDE, "inside", offsetof(struct policy_view, inside), sizeof(uint32_t), true},
	{&INSIDE, "waiting", offsetof(struct policy_view, waiting), sizeof(uint32_t), true},
};

enum { COUNT = sizeof NUMBERS / sizeof *NUMBERS, STATES = BREAKER_METRICS_ONLY + 1 };

struct policies_series {
	struct series *states[STATES];
	struct series *numbers[COUNT]; /* NULL: not shown */
};

static int make(struct metrics *metrics, const struct policies_item *item,
		const struct metric *metric, const char *label, struct series **out,
		struct error *error)
{
	struct fault fault;
	const ash_port *port = item->binding->port;
	const char *const values[] = {port->name, port->methods[item->method].name, label};
	if (metrics_series(metrics, metric, values, out, &fault) == ASH_OK)
		return 0;
	return error_set(error, ERROR_LIMIT, "the policy of %s cannot be shown: %s",
			 policies_name(item), fault.message);
}

int policies_series_make(struct metrics *metrics, struct arena *arena, struct policies_item *item,
			 struct error *error)
{
	item->series = arena_alloc(arena, sizeof *item->series);
	if (!item->series)
		return error_memory(error);
	for (int i = 0; i < STATES; i++)
		if (make(metrics, item, &STATE, breaker_state_name((enum breaker_state)i),
			 &item->series->states[i], error) < 0)
			return -1;
	for (int i = 0; i < COUNT; i++)
		if ((!NUMBERS[i].of_bulkhead || item->said->bulkhead.given) &&
		    make(metrics, item, NUMBERS[i].metric, NUMBERS[i].label,
			 &item->series->numbers[i], error) < 0)
			return -1;
	return 0;
}

static uint64_t number_in(const struct policy_view *view, const struct number *number)
{
	const char *at = (const char *)view + number->offset;
	return number->size == sizeof(uint64_t) ? *(const uint64_t *)(const void *)at
						: *(const uint32_t *)(const void *)at;
}

void policies_series_refresh(struct policies_item *item, uint64_t now)
{
	struct policy_view view;
	policy_look(item->policy, now, &view);
	for (int i = 0; i < STATES; i++)
		series_set(item->series->states[i], view.breaker.state == (enum breaker_state)i);
	for (int i = 0; i < COUNT; i++) {
		struct series *series = item->series->numbers[i];
		uint64_t value = number_in(&view, &NUMBERS[i]);
		if (series && NUMBERS[i].metric->kind == METRIC_GAUGE)
			series_set(series, (int64_t)value);
		else if (series)
			series_add(series, value - number_in(&item->shown, &NUMBERS[i]));
	}
	item->shown = view;
}
