/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that carries spans from the ring to a collector. Its bound is the ring: what it does
 * not send in time is overwritten there and counted as lost. A batch is kept until the collector
 * took it or refused it for good; only 429, 502, 503, 504 and a lost connection are tried again.
 * What a collector took a part of is not sent again: the rest counts as refused. */
#include "telemetry/export.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"

enum { INTERVAL_MS = 1000, TIMEOUT_MS = 10000, RETRY_MS = 1000, RETRY_MOST_MS = 30000 };

/* Bytes of an answer that are looked at. */
enum { ANSWER_LIMIT = 4096 };

static const struct metric SPANS = {"ashlar_export_spans_total",
				    "Spans that the collector took, that it refused, and that "
				    "were overwritten before they could be sent.",
				    METRIC_COUNTER,
				    {"outcome"}};
static const struct metric FAILURES = {"ashlar_export_failures_total",
				       "Requests to the collector that failed and are repeated.",
				       METRIC_COUNTER,
				       {0}};

/* A number of export_counts, and the series that shows it. */
struct tally {
	_Atomic uint64_t count;
	struct series *series; /* or NULL */
};

struct exporter {
	struct export_options options;
	char *texts[4]; /* copies of the options' texts */
	struct text url;
	const struct recorder *recorder;
	CURL *curl;
	struct curl_slist *headers;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;          /* under the lock */
	struct timespec enough; /* when stopping: not a moment longer */
	uint64_t place;
	struct span batch[EXPORT_BATCH_LIMIT];
	size_t count; /* spans in the batch that are not sent yet */
	unsigned wait_ms;
	struct text answer; /* the start of the last one */
	bool failing;       /* that is told */
	char why[CURL_ERROR_SIZE];
	struct tally sent, lost, refused, failures;
};

static const struct log_origin NOBODY = {0};

/* ---- what is told ---- */

/* Without what a URL may say of a password. */
static const char *shown_url(const struct exporter *exporter)
{
	const char *at = strrchr(exporter->url.at, '@');
	return at ? at + 1 : exporter->url.at;
}

static unsigned long long count_waiting(const struct exporter *exporter)
{
	return exporter->count + recorder_end(exporter->recorder) - exporter->place;
}

static unsigned long long count_dropped(const struct exporter *exporter)
{
	return atomic_load(&exporter->lost.count) + atomic_load(&exporter->refused.count);
}

/* Only what changes is told. */
static void tell(struct exporter *exporter, bool fails)
{
	const struct logger *logger = exporter->options.logger;
	if (!logger || fails == exporter->failing)
		return;
	exporter->failing = fails;
	if (fails)
		log_write(logger, LOG_WARN_LEVEL, &NOBODY,
			  "the collector %s takes no spans: %s; %llu wait, %llu are lost so far",
			  shown_url(exporter), exporter->why, count_waiting(exporter),
			  count_dropped(exporter));
	else
		log_write(logger, LOG_INFO_LEVEL, &NOBODY,
			  "the collector %s takes spans again; %llu wait, %llu are lost so far",
			  shown_url(exporter), count_waiting(exporter), count_dropped(exporter));
}

static void tell_end(const struct exporter *exporter)
{
	unsigned long long lost = count_waiting(exporter) + count_dropped(exporter);
	if (exporter->options.logger && lost)
		log_write(exporter->options.logger, LOG_WARN_LEVEL, &NOBODY,
			  "%llu spans are lost: the collector %s did not take them", lost,
			  shown_url(exporter));
}

/* ---- one request ---- */

enum outcome { TAKEN, REFUSED, TRY_AGAIN };

static void tally_add(struct tally *tally, uint64_t amount)
{
	atomic_fetch_add(&tally->count, amount);
	if (tally->series)
		series_add(tally->series, amount);
}

/* Keeps the start of an answer. Without memory an answer says nothing. */
static size_t keep_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct exporter *exporter = context;
	size_t room = ANSWER_LIMIT - exporter->answer.length, length = size * count;
	text_add(&exporter->answer, (struct str){bytes, length < room ? length : room});
	return length;
}

/* How many spans of those that it took a collector says to have thrown away, as in
 * {"partialSuccess":{"rejectedSpans":"3"}}; a 64-bit number is a string in OTLP. */
static size_t count_rejected(struct str answer, size_t most)
{
	static const char NAME[] = "\"rejectedSpans\"";
	const char *at = memmem(answer.at, answer.length, NAME, sizeof NAME - 1);
	if (!at)
		return 0;
	const char *end = answer.at + answer.length;
	size_t count = 0;
	for (at += sizeof NAME - 1; at < end && strchr(" \t\r\n:\"", *at); at++)
		;
	for (; at < end && *at >= '0' && *at <= '9' && count < most; at++)
		count = count * 10 + (size_t)(*at - '0');
	return count < most ? count : most;
}

static enum outcome outcome_of(CURLcode code, long status)
{
	if (code != CURLE_OK || status == 429 || status == 502 || status == 503 || status == 504)
		return TRY_AGAIN;
	return status >= 200 && status < 300 ? TAKEN : REFUSED;
}

/* Sends the batch. `*retry_after_ms` is what the collector asks for, or 0. */
static enum outcome send_batch(struct exporter *exporter, unsigned *retry_after_ms)
{
	_cleanup_(text_release) struct text body = {0};
	export_write(&exporter->options, exporter->batch, exporter->count, &body);
	if (body.failed) {
		snprintf(exporter->why, sizeof exporter->why, "there is no memory left");
		return TRY_AGAIN;
	}
	text_clear(&exporter->answer);
	curl_easy_setopt(exporter->curl, CURLOPT_POSTFIELDS, body.at);
	curl_easy_setopt(exporter->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.length);
	exporter->why[0] = '\0';
	CURLcode code = curl_easy_perform(exporter->curl);
	long status = 0;
	curl_off_t seconds = 0;
	curl_easy_getinfo(exporter->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(exporter->curl, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds > RETRY_MOST_MS / 1000)
		seconds = RETRY_MOST_MS / 1000;
	*retry_after_ms = seconds > 0 ? (unsigned)seconds * 1000 : 0;
	if (code == CURLE_OK)
		snprintf(exporter->why, sizeof exporter->why, "it answers %ld", status);
	else if (!exporter->why[0])
		snprintf(exporter->why, sizeof exporter->why, "%s", curl_easy_strerror(code));
	return outcome_of(code, status);
}

/* ---- the thread ---- */

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Waits, or is woken by a stop. False when it must end now. */
static bool pause_ms(struct exporter *exporter, unsigned ms)
{
	struct timespec until = clock_after((uint64_t)ms * 1000000);
	pthread_mutex_lock(&exporter->lock);
	bool was_stopping = exporter->stopping;
	if (was_stopping && is_before(&exporter->enough, &until))
		until = exporter->enough;
	int result = 0;
	while (result != ETIMEDOUT && exporter->stopping == was_stopping)
		result = pthread_cond_timedwait(&exporter->wake, &exporter->lock, &until);
	struct timespec now = clock_after(0);
	bool on = !exporter->stopping || is_before(&now, &exporter->enough);
	pthread_mutex_unlock(&exporter->lock);
	return on;
}

static bool is_stopping(struct exporter *exporter, bool *out_of_time)
{
	struct timespec now = clock_after(0);
	pthread_mutex_lock(&exporter->lock);
	bool stopping = exporter->stopping;
	*out_of_time = stopping && !is_before(&now, &exporter->enough);
	pthread_mutex_unlock(&exporter->lock);
	return stopping;
}

/* curl asks it about once a second, and whenever bytes move: ends a request that takes longer
 * than a stop will wait. */
static int give_up(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		   curl_off_t up)
{
	bool out_of_time;
	(void)down_total, (void)down, (void)up_total, (void)up;
	is_stopping(context, &out_of_time);
	return out_of_time;
}

static void fill_batch(struct exporter *exporter)
{
	uint64_t lost = 0;
	exporter->count = recorder_read(exporter->recorder, &exporter->place, exporter->batch,
					EXPORT_BATCH_LIMIT, &lost);
	tally_add(&exporter->lost, lost);
}

/* Deals with one batch; returns how long to wait before the next. */
static unsigned step(struct exporter *exporter)
{
	if (exporter->count == 0)
		fill_batch(exporter);
	if (exporter->count == 0)
		return exporter->options.interval_ms;
	unsigned retry_after_ms = 0;
	enum outcome outcome = send_batch(exporter, &retry_after_ms);
	if (outcome == TRY_AGAIN) {
		tally_add(&exporter->failures, 1);
		tell(exporter, true);
		unsigned wait = retry_after_ms ? retry_after_ms : exporter->wait_ms;
		exporter->wait_ms = exporter->wait_ms * 2 < RETRY_MOST_MS ? exporter->wait_ms * 2
									  : RETRY_MOST_MS;
		return wait;
	}
	bool full = exporter->count == EXPORT_BATCH_LIMIT;
	size_t refused = outcome == TAKEN
				 ? count_rejected(text_str(&exporter->answer), exporter->count)
				 : exporter->count;
	tally_add(&exporter->refused, refused);
	tally_add(&exporter->sent, exporter->count - refused);
	exporter->count = 0;
	exporter->wait_ms = exporter->options.retry_ms;
	tell(exporter, outcome != TAKEN);
	return full ? 0 : exporter->options.interval_ms;
}

static void *run(void *context)
{
	struct exporter *exporter = context;
	for (;;) {
		unsigned wait = step(exporter);
		bool out_of_time, stopping = is_stopping(exporter, &out_of_time);
		bool sent = exporter->count == 0;
		bool done = stopping && sent && exporter->place == recorder_end(exporter->recorder);
		/* What came while a request was on its way: only who repeats one waits. */
		if (stopping && sent && wait > 0)
			wait = 1;
		if (done || out_of_time || (wait > 0 && !pause_ms(exporter, wait)))
			return NULL;
	}
}

/* ---- start and stop ---- */

static void release(struct exporter *exporter)
{
	curl_slist_free_all(exporter->headers);
	curl_easy_cleanup(exporter->curl);
	text_release(&exporter->url);
	text_release(&exporter->answer);
	for (size_t i = 0; i < sizeof exporter->texts / sizeof *exporter->texts; i++)
		mem_free(exporter->texts[i]);
	mem_free(exporter);
}

static void releasep(struct exporter **exporter)
{
	if (*exporter)
		release(*exporter);
}

/* Copies a text of the options; false without memory. NULL stays NULL. */
static bool own(struct exporter *exporter, int slot, const char **text)
{
	if (!*text)
		return true;
	exporter->texts[slot] = mem_copy(*text, strlen(*text));
	*text = exporter->texts[slot];
	return *text != NULL;
}

static bool own_options(struct exporter *exporter, const struct export_options *options)
{
	struct export_options *mine = &exporter->options;
	*mine = *options;
	mine->interval_ms = options->interval_ms ? options->interval_ms : INTERVAL_MS;
	mine->timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
	mine->retry_ms = options->retry_ms ? options->retry_ms : RETRY_MS;
	exporter->wait_ms = mine->retry_ms;
	struct str base = str_of(options->endpoint);
	while (str_ends(base, STR("/")))
		base.length--;
	text_addf(&exporter->url, "%.*s/v1/traces", STR_ARG(base));
	return own(exporter, 0, &mine->endpoint) && own(exporter, 1, &mine->service) &&
	       own(exporter, 2, &mine->version) && own(exporter, 3, &mine->instance) &&
	       !exporter->url.failed;
}

static bool set_up_curl(struct exporter *exporter)
{
	exporter->curl = curl_easy_init();
	exporter->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (!exporter->curl || !exporter->headers)
		return false;
	curl_easy_setopt(exporter->curl, CURLOPT_URL, exporter->url.at);
	curl_easy_setopt(exporter->curl, CURLOPT_HTTPHEADER, exporter->headers);
	curl_easy_setopt(exporter->curl, CURLOPT_WRITEFUNCTION, keep_answer);
	curl_easy_setopt(exporter->curl, CURLOPT_WRITEDATA, exporter);
	curl_easy_setopt(exporter->curl, CURLOPT_TIMEOUT_MS, (long)exporter->options.timeout_ms);
	curl_easy_setopt(exporter->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(exporter->curl, CURLOPT_ERRORBUFFER, exporter->why);
	curl_easy_setopt(exporter->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(exporter->curl, CURLOPT_XFERINFOFUNCTION, give_up);
	curl_easy_setopt(exporter->curl, CURLOPT_XFERINFODATA, exporter);
	curl_easy_setopt(exporter->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	return true;
}

static ash_status make_series(struct exporter *exporter, struct fault *fault)
{
	static const char *const OUTCOMES[] = {"sent", "refused", "lost"};
	struct metrics *metrics = exporter->options.metrics;
	if (!metrics)
		return ASH_OK;
	ASH_TRY(metrics_series(metrics, &SPANS, &OUTCOMES[0], &exporter->sent.series, fault));
	ASH_TRY(metrics_series(metrics, &SPANS, &OUTCOMES[1], &exporter->refused.series, fault));
	ASH_TRY(metrics_series(metrics, &SPANS, &OUTCOMES[2], &exporter->lost.series, fault));
	return metrics_series(metrics, &FAILURES, NULL, &exporter->failures.series, fault);
}

static bool start_thread(struct exporter *exporter)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&exporter->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&exporter->lock, NULL);
	return pthread_create(&exporter->thread, NULL, run, exporter) == 0;
}

ash_status exporter_start(const struct export_options *options, const struct recorder *recorder,
			  struct exporter **out, struct fault *fault)
{
	struct str endpoint = str_of(options->endpoint);
	if (!str_starts(endpoint, STR("http://")) && !str_starts(endpoint, STR("https://")))
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "the endpoint '%s' is no URL; write http://HOST:4318",
				 options->endpoint);
	_cleanup_(releasep) struct exporter *exporter = mem_alloc(sizeof *exporter);
	if (!exporter || !own_options(exporter, options) || !set_up_curl(exporter))
		return fault_memory(fault);
	ASH_TRY(make_series(exporter, fault));
	exporter->recorder = recorder;
	exporter->place = recorder_end(recorder);
	if (!start_thread(exporter))
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
				 "the system gives no thread for exporting spans");
	*out = take(exporter);
	return ASH_OK;
}

void exporter_stop(struct exporter *exporter, unsigned patience_ms)
{
	if (!exporter)
		return;
	pthread_mutex_lock(&exporter->lock);
	exporter->stopping = true;
	exporter->enough = clock_after((uint64_t)patience_ms * 1000000);
	pthread_cond_broadcast(&exporter->wake);
	pthread_mutex_unlock(&exporter->lock);
	pthread_join(exporter->thread, NULL);
	tell_end(exporter);
	pthread_cond_destroy(&exporter->wake);
	pthread_mutex_destroy(&exporter->lock);
	release(exporter);
}

struct export_counts exporter_counts(const struct exporter *exporter)
{
	return (struct export_counts){
		.sent = atomic_load(&exporter->sent.count),
		.lost = atomic_load(&exporter->lost.count),
		.refused = atomic_load(&exporter->refused.count),
		.failures = atomic_load(&exporter->failures.count),
	};
}
