/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TELEMETRY_METRICS_H
#define TELEMETRY_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"

/* Numbers that a Prometheus server scrapes. A series is made once, at the start or when it is
 * first needed, and then counted without a lock. */

/* Series of one registry, and labels of one series, at most. */
#define METRICS_SERIES_LIMIT 10000
#define METRICS_LABEL_LIMIT  8

enum metric_kind {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_GAUGE_SECONDS, /* is set in microseconds and written in seconds */
	METRIC_HISTOGRAM,
};

/* What all series of one name share. Constant, and lives as long as the registry. */
struct metric {
	const char
		*name; /* [a-zA-Z_][a-zA-Z0-9_]*; a counter's ends in _total, times in _seconds */
	const char *help;
	enum metric_kind kind;
	const char *labels[METRICS_LABEL_LIMIT]; /* their names; NULL after the last */
};

struct metrics;
struct series;

/* NULL without memory. */
struct metrics *metrics_new(void);

/* Takes NULL. */
void metrics_free(struct metrics *metrics);

/* The series of `metric` with these values of its labels, one each, which are copied; made where
 * it is not there. Errors: ASH_RESOURCE_EXHAUSTED (no memory, or over METRICS_SERIES_LIMIT). */
ash_status metrics_series(struct metrics *metrics, const struct metric *metric,
			  const char *const *values, struct series **out,
			  struct fault *fault) ASH_MUST_CHECK;

/* Adds to a counter. Any thread; the threads do not slow each other. */
void series_add(struct series *series, uint64_t amount);

/* Sets, or moves, a gauge. Any thread. */
void series_set(struct series *series, int64_t value);
void series_move(struct series *series, int64_t by);

/* Counts a duration in a histogram of 15 buckets from 100 µs to 60 s. */
void series_observe(struct series *series, uint64_t nanoseconds);

/* The sum of a counter, the value of a gauge, the number of observations of a histogram. */
int64_t series_value(const struct series *series);

/* Called before each write, to set gauges that are asked for rather than kept. Never by two threads
 * at once. */
void metrics_on_write(struct metrics *metrics, void (*refresh)(void *context), void *context);

/* Writes all series in Prometheus's text format 0.0.4, by name and then as they were made. Any
 * thread; one after the other. */
void metrics_write(struct metrics *metrics, struct text *out);

#endif
