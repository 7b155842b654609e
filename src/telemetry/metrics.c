/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of series and its text format (prometheus.io/docs/instrumenting/exposition_formats).
 *
 * A counter is spread over cells, each on a cache line of its own, and a thread keeps to one, so
 * that threads do not write to each other's lines. Series are never taken away. */
#include "telemetry/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

enum { CELLS = 8, REFRESHERS_MOST = 16 };

/* Upper bounds of a histogram's buckets, in nanoseconds. The last bucket has none. */
static const uint64_t BOUNDS[] = {
	100000,     250000,     500000,     1000000,     2500000,
	5000000,    10000000,   25000000,   100000000,   250000000,
	1000000000, 2500000000, 5000000000, 10000000000, 60000000000,
};
enum { BUCKETS = sizeof BOUNDS / sizeof *BOUNDS + 1 };

struct cell {
	_Alignas(64) _Atomic uint64_t value;
};

struct histogram {
	_Atomic uint64_t buckets[BUCKETS];
	_Atomic uint64_t sum; /* in nanoseconds */
};

struct series {
	const struct metric *metric;
	struct text labels; /* as they are written: {a="b",c="d"}; empty without labels */
	struct text key;    /* name and labels */
	_Atomic int64_t gauge;
	struct cell *cells; /* of a counter; within `memory` */
	void *memory;
	struct histogram *histogram; /* of a histogram */
};

struct metrics {
	pthread_mutex_t writing; /* held by who writes; taken before `lock` */
	pthread_mutex_t lock;    /* over all but what is in the series */
	struct series **series;
	size_t count;
	size_t capacity;
	struct map by_key;
	struct {
		void (*refresh)(void *context);
		void *context;
	} refreshers[REFRESHERS_MOST];
	size_t refresher_count;
};

struct metrics *metrics_new(void)
{
	struct metrics *metrics = mem_alloc(sizeof *metrics);
	if (!metrics)
		return NULL;
	pthread_mutex_init(&metrics->writing, NULL);
	pthread_mutex_init(&metrics->lock, NULL);
	return metrics;
}

static void series_free(struct series *series)
{
	if (!series)
		return;
	text_release(&series->labels);
	text_release(&series->key);
	mem_free(series->memory);
	mem_free(series->histogram);
	mem_free(series);
}

static void series_freep(struct series **series)
{
	series_free(*series);
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	for (size_t i = 0; i < metrics->count; i++)
		series_free(metrics->series[i]);
	mem_free(metrics->series);
	map_release(&metrics->by_key);
	pthread_mutex_destroy(&metrics->lock);
	pthread_mutex_destroy(&metrics->writing);
	mem_free(metrics);
}

/* ---- making series ---- */

/* A label's value or a help text: backslash and line feed are escaped, in a value quotes too. */
static void add_escaped(struct text *out, const char *value, bool quotes)
{
	for (const char *at = value; *at; at++) {
		if (*at == '\n')
			text_add(out, STR("\\n"));
		else if (*at == '\\' || (quotes && *at == '"'))
			text_addf(out, "\\%c", *at);
		else
			text_add_byte(out, *at);
	}
}

static void write_labels(const struct metric *metric, const char *const *values, struct text *out)
{
	for (size_t i = 0; i < METRICS_LABEL_LIMIT && metric->labels[i]; i++) {
		text_addf(out, "%s%s=\"", i ? "," : "", metric->labels[i]);
		add_escaped(out, values[i], true);
		text_add_byte(out, '"');
	}
}

/* Cells that start at a cache line. */
static bool make_cells(struct series *series)
{
	series->memory = mem_alloc((CELLS + 1) * sizeof(struct cell));
	if (!series->memory)
		return false;
	uintptr_t start = (uintptr_t)series->memory + sizeof(struct cell) - 1;
	series->cells = (struct cell *)(start - start % sizeof(struct cell));
	return true;
}

static struct series *series_new(const struct metric *metric, const char *const *values)
{
	_cleanup_(series_freep) struct series *series = mem_alloc(sizeof *series);
	if (!series)
		return NULL;
	series->metric = metric;
	write_labels(metric, values, &series->labels);
	text_addf(&series->key, "%s{%s}", metric->name, text_str(&series->labels).at);
	bool made = !series->labels.failed && !series->key.failed;
	if (metric->kind == METRIC_COUNTER)
		made = made && make_cells(series);
	if (metric->kind == METRIC_HISTOGRAM)
		made = made && (series->histogram = mem_alloc(sizeof *series->histogram));
	return made ? take(series) : NULL;
}

/* Finds or makes the series whose key is that of `candidate`, which is taken or freed. */
static ash_status keep(struct metrics *metrics, struct series *candidate, struct series **out,
		       struct fault *fault)
{
	_cleanup_(series_freep) struct series *series = candidate;
	uint32_t index = map_get(&metrics->by_key, text_str(&series->key));
	if (index != MAP_NONE) {
		*out = metrics->series[index];
		return ASH_OK;
	}
	if (metrics->count == METRICS_SERIES_LIMIT)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
				 "there are %d series already, the most that are kept: %s would "
				 "be one more",
				 METRICS_SERIES_LIMIT, series->key.at);
	if (!mem_reserve(&metrics->series, &metrics->capacity, metrics->count + 1,
			 sizeof *metrics->series) ||
	    !map_put(&metrics->by_key, text_str(&series->key), (uint32_t)metrics->count))
		return fault_memory(fault);
	*out = metrics->series[metrics->count++] = take(series);
	return ASH_OK;
}

ash_status metrics_series(struct metrics *metrics, const struct metric *metric,
			  const char *const *values, struct series **out, struct fault *fault)
{
	struct series *candidate = series_new(metric, values);
	if (!candidate)
		return fault_memory(fault);
	pthread_mutex_lock(&metrics->lock);
	ash_status status = keep(metrics, candidate, out, fault);
	pthread_mutex_unlock(&metrics->lock);
	return status;
}

/* ---- counting ---- */

static unsigned my_cell(void)
{
	static _Atomic unsigned next;
	static _Thread_local unsigned mine;
	if (__builtin_expect(mine == 0, 0))
		mine = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % CELLS + 1;
	return mine - 1;
}

void series_add(struct series *series, uint64_t amount)
{
	atomic_fetch_add_explicit(&series->cells[my_cell()].value, amount, memory_order_relaxed);
}

void series_set(struct series *series, int64_t value)
{
	atomic_store_explicit(&series->gauge, value, memory_order_relaxed);
}

void series_move(struct series *series, int64_t by)
{
	atomic_fetch_add_explicit(&series->gauge, by, memory_order_relaxed);
}

void series_observe(struct series *series, uint64_t nanoseconds)
{
	size_t bucket = 0;
	while (bucket < BUCKETS - 1 && nanoseconds > BOUNDS[bucket])
		bucket++;
	struct histogram *histogram = series->histogram;
	atomic_fetch_add_explicit(&histogram->buckets[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum, nanoseconds, memory_order_relaxed);
}

int64_t series_value(const struct series *series)
{
	uint64_t sum = 0;
	switch (series->metric->kind) {
	case METRIC_COUNTER:
		for (size_t i = 0; i < CELLS; i++)
			sum += atomic_load_explicit(&series->cells[i].value, memory_order_relaxed);
		return (int64_t)sum;
	case METRIC_HISTOGRAM:
		for (size_t i = 0; i < BUCKETS; i++)
			sum += atomic_load_explicit(&series->histogram->buckets[i],
						    memory_order_relaxed);
		return (int64_t)sum;
	case METRIC_GAUGE:
	case METRIC_GAUGE_SECONDS: break;
	}
	return atomic_load_explicit(&series->gauge, memory_order_relaxed);
}

/* ---- writing ---- */

void metrics_on_write(struct metrics *metrics, void (*refresh)(void *context), void *context)
{
	pthread_mutex_lock(&metrics->lock);
	assert(metrics->refresher_count < REFRESHERS_MOST);
	metrics->refreshers[metrics->refresher_count].refresh = refresh;
	metrics->refreshers[metrics->refresher_count++].context = context;
	pthread_mutex_unlock(&metrics->lock);
}

static void write_histogram(const struct series *series, struct text *out)
{
	const char *name = series->metric->name, *labels = text_str(&series->labels).at;
	const char *comma = series->labels.length > 0 ? "," : "";
	uint64_t sum = atomic_load_explicit(&series->histogram->sum, memory_order_relaxed);
	uint64_t count = 0;
	for (size_t i = 0; i < BUCKETS; i++) {
		count += atomic_load_explicit(&series->histogram->buckets[i], memory_order_relaxed);
		text_addf(out, "%s_bucket{%s%sle=\"", name, labels, comma);
		if (i < BUCKETS - 1)
			text_addf(out, "%.9g", (double)BOUNDS[i] / 1e9);
		else
			text_add(out, STR("+Inf"));
		text_addf(out, "\"} %" PRIu64 "\n", count);
	}
	const char *open = comma[0] ? "{" : "", *close = comma[0] ? "}" : "";
	text_addf(out, "%s_sum%s%s%s %" PRIu64 ".%09" PRIu64 "\n", name, open, labels, close,
		  sum / 1000000000, sum % 1000000000);
	text_addf(out, "%s_count%s%s%s %" PRIu64 "\n", name, open, labels, close, count);
}

static void write_series(const struct series *series, struct text *out)
{
	if (series->metric->kind == METRIC_HISTOGRAM) {
		write_histogram(series, out);
		return;
	}
	text_add(out, str_of(series->metric->name));
	if (series->labels.length > 0)
		text_addf(out, "{%s}", series->labels.at);
	int64_t value = series_value(series);
	if (series->metric->kind == METRIC_GAUGE_SECONDS)
		text_addf(out, " %.6f\n", (double)value / 1e6);
	else
		text_addf(out, " %" PRId64 "\n", value);
}

static void write_head(const struct metric *metric, struct text *out)
{
	static const char *const KINDS[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_GAUGE_SECONDS] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};
	text_addf(out, "# HELP %s ", metric->name);
	add_escaped(out, metric->help, false);
	text_addf(out, "\n# TYPE %s %s\n", metric->name, KINDS[metric->kind]);
}

struct ordered {
	const struct series *series;
	size_t made;
};

static int compare_ordered(const void *left, const void *right)
{
	const struct ordered *a = left, *b = right;
	int order = strcmp(a->series->metric->name, b->series->metric->name);
	return order != 0 ? order : a->made < b->made ? -1 : a->made > b->made;
}

static void write_all(const struct metrics *metrics, struct text *out)
{
	_cleanup_(mem_freep) struct ordered *ordered =
		mem_alloc((metrics->count + 1) * sizeof *ordered);
	out->failed |= !ordered;
	for (size_t i = 0; ordered && i < metrics->count; i++)
		ordered[i] = (struct ordered){metrics->series[i], i};
	if (ordered && metrics->count > 1)
		qsort(ordered, metrics->count, sizeof *ordered, compare_ordered);
	for (size_t i = 0; ordered && i < metrics->count; i++) {
		const struct metric *metric = ordered[i].series->metric;
		if (i == 0 || strcmp(ordered[i - 1].series->metric->name, metric->name) != 0)
			write_head(metric, out);
		write_series(ordered[i].series, out);
	}
}

void metrics_write(struct metrics *metrics, struct text *out)
{
	pthread_mutex_lock(&metrics->writing);
	pthread_mutex_lock(&metrics->lock);
	size_t count = metrics->refresher_count;
	pthread_mutex_unlock(&metrics->lock);
	for (size_t i = 0; i < count; i++)
		metrics->refreshers[i].refresh(metrics->refreshers[i].context);
	pthread_mutex_lock(&metrics->lock);
	write_all(metrics, out);
	pthread_mutex_unlock(&metrics->lock);
	pthread_mutex_unlock(&metrics->writing);
}
