/* SPDX-License-Identifier: Apache-2.0 */
/* The exporter against a collector on this machine that answers as it is told, and what is sent
 * against the rules of OTLP's JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "telemetry/export.h"

enum { PATIENCE_MS = 60000 };

/* ---- a collector ---- */

struct collector {
	int listener;
	char endpoint[64];
	const char *const *answers; /* status lines, one a request; "" closes without one */
	const char *body;           /* of the last answer; NULL: none */
	size_t answer_count;
	size_t requests;
	size_t spans;        /* in the requests that were answered with 200 */
	unsigned slow_ms;    /* before the first answer */
	atomic_size_t read;  /* requests, the last of them maybe not answered yet */
	atomic_bool holding; /* does not answer */
	pthread_t thread;
};

static size_t count_spans(const char *body)
{
	json_t *request = json_loads(body, 0, NULL);
	assert_non_null(request);
	json_t *resource = json_array_get(json_object_get(request, "resourceSpans"), 0);
	json_t *scopes = json_object_get(resource, "scopeSpans"), *scope;
	size_t count = 0, i;
	json_array_foreach(scopes, i, scope) count +=
		json_array_size(json_object_get(scope, "spans"));
	json_decref(request);
	return count;
}

/* Reads one request whole; returns its body, in `buffer`. */
static const char *read_request(int client, char *buffer, size_t size)
{
	size_t length = 0;
	for (;;) {
		ssize_t more = recv(client, buffer + length, size - 1 - length, 0);
		if (more <= 0)
			return NULL;
		length += (size_t)more;
		buffer[length] = '\0';
		const char *body = strstr(buffer, "\r\n\r\n"),
			   *said = strstr(buffer, "Content-Length: ");
		size_t wanted = 0;
		if (body && said && sscanf(said, "Content-Length: %zu", &wanted) == 1 &&
		    length >= (size_t)(body + 4 - buffer) + wanted)
			return body + 4;
	}
}

static void *collect(void *context)
{
	struct collector *collector = context;
	static char buffer[1 << 20];
	while (collector->requests < collector->answer_count) {
		int client = accept(collector->listener, NULL, NULL);
		if (client < 0)
			return NULL;
		const char *body = read_request(client, buffer, sizeof buffer);
		const char *answer = collector->answers[collector->requests++];
		atomic_fetch_add(&collector->read, 1);
		while (atomic_load(&collector->holding))
			usleep(1000);
		usleep((collector->requests == 1 ? collector->slow_ms : 0) * 1000);
		if (body && strncmp(answer, "200", 3) == 0)
			collector->spans += count_spans(body);
		if (answer[0])
			dprintf(client, "HTTP/1.1 %s\r\nConnection: close\r\n\r\n%s", answer,
				collector->body && collector->requests == collector->answer_count
					? collector->body
					: "");
		close(client);
	}
	return NULL;
}

static void start_with(struct collector *collector, const char *const *answers, size_t count,
		       const char *body, unsigned slow_ms)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	*collector = (struct collector){
		.answers = answers, .answer_count = count, .body = body, .slow_ms = slow_ms};
	collector->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(collector->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(collector->listener, 8), 0);
	getsockname(collector->listener, (struct sockaddr *)&address, &size);
	snprintf(collector->endpoint, sizeof collector->endpoint, "http://127.0.0.1:%d/",
		 ntohs(address.sin_port));
	assert_int_equal(pthread_create(&collector->thread, NULL, collect, collector), 0);
}

static void start(struct collector *collector, const char *const *answers, size_t count)
{
	start_with(collector, answers, count, NULL, 0);
}

static void stop(struct collector *collector)
{
	shutdown(collector->listener, SHUT_RDWR);
	pthread_join(collector->thread, NULL);
	close(collector->listener);
}

/* ---- what is sent ---- */

static struct span span_of(uint64_t id)
{
	return (struct span){.trace = {0x4bf92f3577b34da6, 0xa3ce929d0e0e4736},
			     .id = id,
			     .parent = id > 1 ? 1 : 0,
			     .start = 1795241041123456789,
			     .duration = 1500,
			     .name = "billing.v1.Billing/Charge",
			     .module = id % 2 ? "billing" : "orders",
			     .owner = "payments",
			     .kind = id > 1 ? SPAN_INTERNAL : SPAN_SERVER};
}

static void the_body_is_otlp_json(void **state)
{
	(void)state;
	struct span spans[] = {span_of(1), span_of(2), span_of(3)};
	spans[1].status = ASH_NOT_FOUND;
	snprintf(spans[1].detail, sizeof spans[1].detail, "there is no order \"7\"");
	const struct export_options options = {
		.service = "shop", .version = "1.2", .instance = "a"};
	_cleanup_(text_release) struct text out = {0};
	export_write(&options, spans, 3, &out);
	json_t *request = json_loads(text_str(&out).at, 0, NULL);
	assert_non_null(request);
	json_t *resource = json_array_get(json_object_get(request, "resourceSpans"), 0);
	json_t *scopes = json_object_get(resource, "scopeSpans");
	assert_int_equal(json_array_size(scopes), 2);
	json_t *billing = json_object_get(json_array_get(scopes, 0), "spans");
	json_t *orders = json_object_get(json_array_get(scopes, 1), "spans");
	assert_int_equal(json_array_size(billing), 2);
	json_t *root = json_array_get(billing, 0), *failed = json_array_get(orders, 0);
	assert_string_equal(json_string_value(json_object_get(root, "traceId")),
			    "4bf92f3577b34da6a3ce929d0e0e4736");
	assert_string_equal(json_string_value(json_object_get(root, "spanId")), "0000000000000001");
	assert_null(json_object_get(root, "parentSpanId"));
	assert_string_equal(json_string_value(json_object_get(failed, "parentSpanId")),
			    "0000000000000001");
	assert_int_equal(json_integer_value(json_object_get(root, "kind")), 2);
	assert_string_equal(json_string_value(json_object_get(root, "startTimeUnixNano")),
			    "1795241041123456789");
	assert_string_equal(json_string_value(json_object_get(root, "endTimeUnixNano")),
			    "1795241041123458289");
	json_t *verdict = json_object_get(failed, "status");
	assert_int_equal(json_integer_value(json_object_get(verdict, "code")), 2);
	assert_string_equal(json_string_value(json_object_get(verdict, "message")),
			    "there is no order \"7\"");
	assert_int_equal(json_object_size(json_object_get(root, "status")), 0);
	json_decref(request);
}

/* ---- the way there ---- */

static struct exporter *start_exporter_with(const struct collector *collector,
					    struct recorder *recorder, unsigned interval_ms)
{
	const struct export_options options = {.endpoint = collector->endpoint,
					       .service = "shop",
					       .interval_ms = interval_ms,
					       .timeout_ms = 60000,
					       .retry_ms = 5};
	struct exporter *exporter = NULL;
	struct fault fault;
	assert_int_equal(exporter_start(&options, recorder, &exporter, &fault), ASH_OK);
	return exporter;
}

static struct exporter *start_exporter(const struct collector *collector, struct recorder *recorder)
{
	return start_exporter_with(collector, recorder, 5);
}

static void record(struct recorder *recorder, uint64_t count)
{
	for (uint64_t id = 1; id <= count; id++) {
		struct span span = span_of(id);
		recorder_add(recorder, &span, NULL);
	}
}

/* Until the collector has read that many requests, at most so long. */
static bool has_read(const struct collector *collector, size_t requests, unsigned patience_ms)
{
	for (unsigned i = 0; i < patience_ms && atomic_load(&collector->read) < requests; i++)
		usleep(1000);
	return atomic_load(&collector->read) >= requests;
}

/* So that they go in one request, however slow this thread is: while one span that goes before them
 * waits for its answer, which is one of the collector's. */
static void record_at_once(struct collector *collector, struct recorder *recorder, uint64_t count)
{
	size_t before = atomic_load(&collector->read);
	atomic_store(&collector->holding, true);
	record(recorder, 1);
	bool came = has_read(collector, before + 1, PATIENCE_MS);
	record(recorder, count);
	atomic_store(&collector->holding, false);
	assert_true(came);
}

/* Waits until that many spans are dealt with. */
static struct export_counts wait_for(const struct exporter *exporter, uint64_t spans)
{
	struct export_counts counts = {0};
	for (int i = 0; i < PATIENCE_MS; i++) {
		counts = exporter_counts(exporter);
		if (counts.sent + counts.refused + counts.lost >= spans)
			break;
		usleep(1000);
	}
	return counts;
}

static void spans_arrive_in_batches(void **state)
{
	(void)state;
	static const char *const ANSWERS[] = {"200 OK", "200 OK", "200 OK"};
	struct collector collector;
	start(&collector, ANSWERS, 3);
	struct recorder *recorder = recorder_new(4096, 1.0, &clock_system);
	record(recorder, 9);
	struct exporter *exporter = start_exporter(&collector, recorder);
	record_at_once(&collector, recorder, 2 * EXPORT_BATCH_LIMIT);
	assert_int_equal(wait_for(exporter, 1 + 2 * EXPORT_BATCH_LIMIT).sent,
			 1 + 2 * EXPORT_BATCH_LIMIT);
	exporter_stop(exporter, 1000);
	stop(&collector);
	assert_int_equal(collector.spans, 1 + 2 * EXPORT_BATCH_LIMIT);
	recorder_free(recorder);
}

static void a_busy_or_lost_collector_is_tried_again(void **state)
{
	(void)state;
	static const char *const ANSWERS[] = {"200 OK",   "503 Busy", "",
					      "429 Slow", "504 Late", "200 OK"};
	struct collector collector;
	start(&collector, ANSWERS, 6);
	struct recorder *recorder = recorder_new(64, 1.0, &clock_system);
	struct exporter *exporter = start_exporter(&collector, recorder);
	record_at_once(&collector, recorder, 3);
	struct export_counts counts = wait_for(exporter, 4);
	exporter_stop(exporter, 1000);
	stop(&collector);
	assert_int_equal(counts.sent, 4);
	assert_int_equal(counts.failures, 4);
	assert_int_equal(collector.spans, 4);
	recorder_free(recorder);
}

static void a_refusal_is_final(void **state)
{
	(void)state;
	static const char *const ANSWERS[] = {"200 OK", "400 Bad Request", "200 OK", "200 OK"};
	struct collector collector;
	start(&collector, ANSWERS, 4);
	struct recorder *recorder = recorder_new(64, 1.0, &clock_system);
	struct exporter *exporter = start_exporter(&collector, recorder);
	record_at_once(&collector, recorder, 3);
	assert_int_equal(wait_for(exporter, 4).refused, 3);
	record_at_once(&collector, recorder, 2);
	assert_int_equal(wait_for(exporter, 7).sent, 4);
	exporter_stop(exporter, 1000);
	stop(&collector);
	recorder_free(recorder);
}

/* What a collector takes in part is not sent again; what it threw away counts as refused. */
static void a_part_that_is_rejected_is_counted(void **state)
{
	(void)state;
	static const char *const ANSWERS[] = {"200 OK", "200 OK"};
	static const struct {
		const char *body;
		uint64_t refused;
	} CASES[] = {
		{"{}", 0},
		{"{\"partialSuccess\":{}}", 0},
		{"{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"x\"}}", 2},
		{"{ \"partialSuccess\" : { \"rejectedSpans\" :\n 1 } }", 1},
		{"{\"partialSuccess\":{\"rejectedSpans\":\"99999999999999999999\"}}", 3},
		{"{\"partialSuccess\":{\"errorMessage\":\"\\\"rejectedSpans\\\":1\"}}", 0},
		{"\"rejectedSpans\"", 0},
	};
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct collector collector;
		start_with(&collector, ANSWERS, 2, CASES[i].body, 0);
		struct recorder *recorder = recorder_new(64, 1.0, &clock_system);
		record(recorder, 3);
		struct exporter *exporter = start_exporter(&collector, recorder);
		record_at_once(&collector, recorder, 3);
		struct export_counts counts = wait_for(exporter, 4);
		exporter_stop(exporter, 1000);
		stop(&collector);
		assert_int_equal(counts.refused, CASES[i].refused);
		assert_int_equal(counts.sent, 4 - CASES[i].refused);
		recorder_free(recorder);
	}
}

static void its_counts_are_metrics(void **state)
{
	(void)state;
	static const char *const ANSWERS[] = {"503 Busy", "400 Bad", "200 OK", "200 OK"};
	struct collector collector;
	start(&collector, ANSWERS, 4);
	struct recorder *recorder = recorder_new(64, 1.0, &clock_system);
	struct metrics *metrics = metrics_new();
	const struct export_options options = {.endpoint = collector.endpoint,
					       .service = "shop",
					       .metrics = metrics,
					       .interval_ms = 5,
					       .timeout_ms = 60000,
					       .retry_ms = 5};
	struct exporter *exporter = NULL;
	struct fault fault;
	assert_int_equal(exporter_start(&options, recorder, &exporter, &fault), ASH_OK);
	record(recorder, 1);
	wait_for(exporter, 1);
	record_at_once(&collector, recorder, 1);
	wait_for(exporter, 3);
	exporter_stop(exporter, 1000);
	stop(&collector);
	_cleanup_(text_release) struct text out = {0};
	metrics_write(metrics, &out);
	assert_non_null(strstr(out.at, "ashlar_export_spans_total{outcome=\"sent\"} 2\n"));
	assert_non_null(strstr(out.at, "ashlar_export_spans_total{outcome=\"refused\"} 1\n"));
	assert_non_null(strstr(out.at, "ashlar_export_spans_total{outcome=\"lost\"} 0\n"));
	assert_non_null(strstr(out.at, "ashlar_export_failures_total 1\n"));
	metrics_free(metrics);
	recorder_free(recorder);
}

static void a_stop_sends_what_is_left_and_does_not_wait_for_ever(void **state)
{
	(void)state;
	/* Some may have gone before. */
	static const char *const ANSWERS[] = {"200 OK", "200 OK", "200 OK", "200 OK", "200 OK"};
	struct collector collector;
	start(&collector, ANSWERS, 5);
	struct recorder *recorder = recorder_new(64, 1.0, &clock_system);
	struct exporter *exporter = start_exporter(&collector, recorder);
	record(recorder, 5);
	exporter_stop(exporter, PATIENCE_MS);
	stop(&collector);
	assert_int_equal(collector.spans, 5);

	const struct export_options nobody = {.endpoint = collector.endpoint, .service = "shop"};
	struct fault fault;
	assert_int_equal(exporter_start(&nobody, recorder, &exporter, &fault), ASH_OK);
	record(recorder, 1);
	uint64_t from = clock_monotonic();
	exporter_stop(exporter, 100);
	assert_in_range(clock_monotonic() - from, 0, 60000000000u);
	recorder_free(recorder);
}

/* Also where the next request would come too late by itself. Whether the first one is on its way
 * soon hangs on whether the exporter's thread sees the spans when it begins. */
static void a_stop_sends_what_came_while_a_request_was_on_its_way(void **state)
{
	(void)state;
	static const char *const ANSWERS[] = {"200 OK", "200 OK", "200 OK", "200 OK"};
	struct recorder *recorder = recorder_new(64, 1.0, &clock_system);
	bool on_its_way = false;
	for (int tries = 0; tries < 200 && !on_its_way; tries++) {
		struct collector collector;
		start_with(&collector, ANSWERS, 4, NULL, 300);
		struct exporter *exporter =
			start_exporter_with(&collector, recorder, 2 * PATIENCE_MS);
		record(recorder, 5);
		on_its_way = has_read(&collector, 1, 500);
		record(recorder, 3);
		exporter_stop(exporter, PATIENCE_MS);
		stop(&collector);
		assert_int_equal(collector.spans, 8);
	}
	assert_true(on_its_way);
	recorder_free(recorder);
}

/* Lines that were logged. */
struct lines {
	pthread_mutex_t lock;
	char text[4096];
};

static void note_line(void *context, const char *line, size_t length)
{
	struct lines *lines = context;
	pthread_mutex_lock(&lines->lock);
	strncat(lines->text, line, length);
	pthread_mutex_unlock(&lines->lock);
}

static size_t count_lines(const char *text, const char *with)
{
	size_t count = 0;
	for (const char *at = text; (at = strstr(at, with)); at++)
		count++;
	return count;
}

static void a_collector_that_takes_nothing_is_told_once(void **state)
{
	static const char *const ANSWERS[] = {"200 OK", "503 Busy", "503 Busy", "200 OK", ""};
	struct lines lines = {.lock = PTHREAD_MUTEX_INITIALIZER};
	const struct logger logger = {note_line, &lines, &clock_system, LOG_INFO_LEVEL, "test"};
	struct collector collector;
	struct recorder *recorder = recorder_new(1024, 1, &clock_system);
	struct exporter *exporter = NULL;
	struct fault fault;
	(void)state;
	start(&collector, ANSWERS, 5);
	const struct export_options options = {.endpoint = collector.endpoint,
					       .service = "shop",
					       .logger = &logger,
					       .interval_ms = 5,
					       .timeout_ms = 60000,
					       .retry_ms = 1};
	assert_int_equal(exporter_start(&options, recorder, &exporter, &fault), ASH_OK);
	record_at_once(&collector, recorder, 3);
	assert_int_equal(wait_for(exporter, 4).sent, 4);
	exporter_stop(exporter, 1000);
	assert_int_equal(count_lines(lines.text, "\n"), 2);
	assert_int_equal(count_lines(lines.text,
				     "/v1/traces takes no spans: it answers 503; 3 wait, "
				     "0 are lost so far"),
			 1);
	assert_int_equal(count_lines(lines.text, "/v1/traces takes spans again; 0 wait"), 1);
	stop(&collector);
	lines.text[0] = '\0';
	assert_int_equal(exporter_start(&options, recorder, &exporter, &fault), ASH_OK);
	record(recorder, 2);
	for (int tries = 0; tries < 6000 && exporter_counts(exporter).failures == 0; tries++)
		usleep(10000);
	exporter_stop(exporter, 100);
	assert_int_equal(count_lines(lines.text, "takes no spans: "), 1);
	assert_int_equal(count_lines(lines.text, "\"2 spans are lost: the collector "), 1);
	assert_int_equal(count_lines(lines.text, "\n"), 2);
	recorder_free(recorder);
}

static void an_endpoint_that_is_no_url_is_refused(void **state)
{
	(void)state;
	const struct export_options options = {.endpoint = "localhost:4318", .service = "shop"};
	struct exporter *exporter = NULL;
	struct fault fault;
	assert_int_equal(exporter_start(&options, NULL, &exporter, &fault), ASH_INVALID_ARGUMENT);
	assert_non_null(strstr(fault.message, "localhost:4318"));
}

static void without_memory_it_does_not_start(void **state)
{
	(void)state;
	struct recorder *recorder = recorder_new(4, 1.0, &clock_system);
	const struct export_options options = {.endpoint = "http://127.0.0.1:9",
					       .service = "shop",
					       .version = "1",
					       .instance = "i"};
	for (long n = 1;; n++) {
		struct exporter *exporter = NULL;
		struct fault fault;
		mem_fail_from(n);
		ash_status status = exporter_start(&options, recorder, &exporter, &fault);
		exporter_stop(exporter, 0);
		if (!mem_fail_never()) {
			assert_int_equal(status, ASH_OK);
			break;
		}
		assert_int_equal(status, ASH_RESOURCE_EXHAUSTED);
	}
	recorder_free(recorder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_body_is_otlp_json),
		cmocka_unit_test(spans_arrive_in_batches),
		cmocka_unit_test(a_busy_or_lost_collector_is_tried_again),
		cmocka_unit_test(a_refusal_is_final),
		cmocka_unit_test(a_part_that_is_rejected_is_counted),
		cmocka_unit_test(its_counts_are_metrics),
		cmocka_unit_test(a_stop_sends_what_is_left_and_does_not_wait_for_ever),
		cmocka_unit_test(a_stop_sends_what_came_while_a_request_was_on_its_way),
		cmocka_unit_test(a_collector_that_takes_nothing_is_told_once),
		cmocka_unit_test(an_endpoint_that_is_no_url_is_refused),
		cmocka_unit_test(without_memory_it_does_not_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
