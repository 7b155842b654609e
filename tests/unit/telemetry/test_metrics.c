/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

#include "base/mem.h"
#include "telemetry/metrics.h"

static const struct metric CALLS = {"ashlar_port_calls_total",
				    "Calls of a port.\nBy status \\.",
				    METRIC_COUNTER,
				    {"port", "status"}};
static const struct metric LAG = {
	"ashlar_outbox_events", "Events not delivered.", METRIC_GAUGE, {0}};
static const struct metric TIME = {
	"ashlar_http_seconds", "Time of a request.", METRIC_HISTOGRAM, {"method"}};

static struct series *series_of(struct metrics *metrics, const struct metric *metric,
				const char *const *values)
{
	struct series *series = NULL;
	struct fault fault;
	assert_int_equal(metrics_series(metrics, metric, values, &series, &fault), ASH_OK);
	return series;
}

static void the_text_is_what_prometheus_reads(void **state)
{
	(void)state;
	struct metrics *metrics = metrics_new();
	const char *quoted[] = {"a\"b\\c\nd", "ok"}, *get[] = {"GET"};
	series_add(series_of(metrics, &CALLS, quoted), 3);
	series_set(series_of(metrics, &LAG, NULL), -7);
	struct series *time = series_of(metrics, &TIME, get);
	series_observe(time, 100000);
	series_observe(time, 100001);
	series_observe(time, 90000000000);
	_cleanup_(text_release) struct text out = {0};
	metrics_write(metrics, &out);
	assert_string_equal(text_str(&out).at,
			    "# HELP ashlar_http_seconds Time of a request.\n"
			    "# TYPE ashlar_http_seconds histogram\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"0.0001\"} 1\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"0.00025\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"0.0005\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"0.001\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"0.0025\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"0.005\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"0.01\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"0.025\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"0.1\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"0.25\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"1\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"2.5\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"5\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"10\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"60\"} 2\n"
			    "ashlar_http_seconds_bucket{method=\"GET\",le=\"+Inf\"} 3\n"
			    "ashlar_http_seconds_sum{method=\"GET\"} 90.000200001\n"
			    "ashlar_http_seconds_count{method=\"GET\"} 3\n"
			    "# HELP ashlar_outbox_events Events not delivered.\n"
			    "# TYPE ashlar_outbox_events gauge\n"
			    "ashlar_outbox_events -7\n"
			    "# HELP ashlar_port_calls_total Calls of a port.\\nBy status \\\\.\n"
			    "# TYPE ashlar_port_calls_total counter\n"
			    "ashlar_port_calls_total{port=\"a\\\"b\\\\c\\nd\",status=\"ok\"} 3\n");
	metrics_free(metrics);
}

static void the_same_labels_are_the_same_series(void **state)
{
	(void)state;
	struct metrics *metrics = metrics_new();
	const char *a[] = {"p", "ok"}, *b[] = {"p", "unknown"};
	assert_ptr_equal(series_of(metrics, &CALLS, a), series_of(metrics, &CALLS, a));
	assert_ptr_not_equal(series_of(metrics, &CALLS, a), series_of(metrics, &CALLS, b));
	metrics_free(metrics);
}

static void too_many_series_are_refused(void **state)
{
	(void)state;
	struct metrics *metrics = metrics_new();
	struct fault fault;
	struct series *series;
	char name[16];
	const char *values[] = {name, "ok"};
	for (int i = 0; i < METRICS_SERIES_LIMIT; i++) {
		snprintf(name, sizeof name, "%d", i);
		series_of(metrics, &CALLS, values);
	}
	snprintf(name, sizeof name, "more");
	assert_int_equal(metrics_series(metrics, &CALLS, values, &series, &fault),
			 ASH_RESOURCE_EXHAUSTED);
	snprintf(name, sizeof name, "7");
	assert_int_equal(metrics_series(metrics, &CALLS, values, &series, &fault), ASH_OK);
	metrics_free(metrics);
}

enum { ADDS = 100000, THREADS = 4 };

static void *add_often(void *context)
{
	for (int i = 0; i < ADDS; i++)
		series_add(context, 1);
	return NULL;
}

static void threads_lose_no_count(void **state)
{
	(void)state;
	struct metrics *metrics = metrics_new();
	const char *values[] = {"p", "ok"};
	struct series *series = series_of(metrics, &CALLS, values);
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_often, series), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(series_value(series), THREADS * ADDS);
	metrics_free(metrics);
}

static void refresh(void *context)
{
	series_move(context, 5);
}

static void a_gauge_is_refreshed_before_it_is_written(void **state)
{
	(void)state;
	struct metrics *metrics = metrics_new();
	struct series *lag = series_of(metrics, &LAG, NULL);
	_cleanup_(text_release) struct text out = {0};
	metrics_on_write(metrics, refresh, lag);
	metrics_write(metrics, &out);
	assert_non_null(strstr(out.at, "ashlar_outbox_events 5\n"));
	metrics_free(metrics);
}

/* A gauge in seconds is set in microseconds. */
static void seconds_are_written_as_seconds(void **state)
{
	(void)state;
	static const struct metric AGE = {
		"ashlar_age_seconds", "An age.", METRIC_GAUGE_SECONDS, {0}};
	struct metrics *metrics = metrics_new();
	struct series *age = series_of(metrics, &AGE, NULL);
	_cleanup_(text_release) struct text out = {0};
	series_set(age, 1500000);
	metrics_write(metrics, &out);
	assert_string_equal(text_str(&out).at, "# HELP ashlar_age_seconds An age.\n"
					       "# TYPE ashlar_age_seconds gauge\n"
					       "ashlar_age_seconds 1.500000\n");
	metrics_free(metrics);
}

struct counted {
	struct series *series;
	int seen; /* of what is counted elsewhere; not shared by threads while they write */
};

static void catch_up(void *context)
{
	struct counted *counted = context;
	series_add(counted->series, (uint64_t)(1 - counted->seen));
	counted->seen = 1;
}

static void *write_often(void *context)
{
	for (int i = 0; i < 200; i++) {
		_cleanup_(text_release) struct text out = {0};
		metrics_write(context, &out);
	}
	return NULL;
}

/* Two servers may scrape at once: what is caught up with on a write is counted once. */
static void writers_do_not_refresh_at_once(void **state)
{
	(void)state;
	static const struct metric SEEN = {"ashlar_seen_total", "Seen.", METRIC_COUNTER, {0}};
	struct metrics *metrics = metrics_new();
	struct counted counted = {series_of(metrics, &SEEN, NULL), 0};
	pthread_t threads[THREADS];
	metrics_on_write(metrics, catch_up, &counted);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_often, metrics), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(series_value(counted.series), 1);
	metrics_free(metrics);
}

static void without_memory_nothing_is_half_made(void **state)
{
	(void)state;
	const char *values[] = {"p", "ok"}, *get[] = {"GET"};
	for (long n = 1;; n++) {
		mem_fail_from(n);
		struct metrics *metrics = metrics_new();
		struct series *series = NULL;
		struct fault fault;
		_cleanup_(text_release) struct text out = {0};
		bool made = metrics &&
			    metrics_series(metrics, &CALLS, values, &series, &fault) == ASH_OK &&
			    metrics_series(metrics, &TIME, get, &series, &fault) == ASH_OK;
		if (made)
			metrics_write(metrics, &out);
		metrics_free(metrics);
		if (!mem_fail_never()) {
			assert_true(made && !out.failed);
			return;
		}
		assert_true(!made || out.failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_what_prometheus_reads),
		cmocka_unit_test(the_same_labels_are_the_same_series),
		cmocka_unit_test(too_many_series_are_refused),
		cmocka_unit_test(threads_lose_no_count),
		cmocka_unit_test(a_gauge_is_refreshed_before_it_is_written),
		cmocka_unit_test(seconds_are_written_as_seconds),
		cmocka_unit_test(writers_do_not_refresh_at_once),
		cmocka_unit_test(without_memory_nothing_is_half_made),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
