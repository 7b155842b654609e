/* SPDX-License-Identifier: Apache-2.0 */
/* What those ask who run an application: is it alive, is it ready, how much did it do, and where
 * did one request go. */
#include "app/host.h"

#include <stdio.h>

#include "base/mem.h"
#include "http/exchange.h"
#include "http/problem.h"

/* Spans of one trace that are shown. */
#define INSPECT_SPANS 1000

/* How long the store may take to answer. */
#define INSPECT_PATIENCE 1000000000

/* ---- numbers ---- */

static const struct metric CONNECTIONS = {
	"ashlar_http_connections_total", "Connections that were accepted.", METRIC_COUNTER, {0}};
static const struct metric REQUESTS = {
	"ashlar_http_requests_total", "Requests that were answered.", METRIC_COUNTER, {0}};
static const struct metric OPEN = {
	"ashlar_http_connections_open", "Connections now.", METRIC_GAUGE, {0}};
static const struct metric TURNED_AWAY = {
	"ashlar_http_connections_turned_away_total",
	"Connections that were one too many, and tries to accept one without a file left.",
	METRIC_COUNTER,
	{0}};
static const struct metric HANDSHAKES = {"ashlar_http_handshakes_refused_total",
					 "Connections without TLS, or whose certificate is not "
					 "believed.",
					 METRIC_COUNTER,
					 {0}};
static const struct metric RESPONSES = {"ashlar_http_responses_total",
					"Responses by the first digit of their status.",
					METRIC_COUNTER,
					{"class"}};
static const struct metric POOL = {"ashlar_store_connections",
				   "Connections to the store that are open, or held by a thread.",
				   METRIC_GAUGE,
				   {"state"}};

static void refresh(void *context)
{
	struct host *host = context;
	struct host_counts *counts = &host->counts;
	/* The server answers before its start has returned. */
	struct http_server *server = atomic_load(&host->server);
	unsigned open, busy;
	struct http_counters now;
	if (host->store) {
		store_connections(host->store, &open, &busy);
		series_set(counts->store_open, open);
		series_set(counts->store_busy, busy);
	}
	if (!server)
		return;
	http_server_count(server, &now);
	series_add(counts->connections, now.accepted - counts->seen.accepted);
	series_add(counts->requests, now.requests - counts->seen.requests);
	series_set(counts->open, now.open);
	series_add(counts->handshakes, now.rejected[HTTP_REJECTED_HANDSHAKE] -
					       counts->seen.rejected[HTTP_REJECTED_HANDSHAKE]);
	series_add(counts->turned_away, now.rejected[HTTP_REJECTED_CONNECTIONS] +
						now.rejected[HTTP_REJECTED_SYSTEM] -
						counts->seen.rejected[HTTP_REJECTED_CONNECTIONS] -
						counts->seen.rejected[HTTP_REJECTED_SYSTEM]);
	for (int i = 1; i < 6; i++)
		series_add(counts->statuses[i], now.statuses[i] - counts->seen.statuses[i]);
	counts->seen = now;
}

ash_status host_count(struct host *host, struct fault *fault)
{
	static const char *const CLASSES[] = {"", "1xx", "2xx", "3xx", "4xx", "5xx"};
	struct host_counts *counts = &host->counts;
	const struct {
		const struct metric *metric;
		const char *label;
		struct series **out;
	} ALL[] = {
		{&CONNECTIONS, NULL, &counts->connections},
		{&REQUESTS, NULL, &counts->requests},
		{&OPEN, NULL, &counts->open},
		{&HANDSHAKES, NULL, &counts->handshakes},
		{&TURNED_AWAY, NULL, &counts->turned_away},
		{&POOL, "open", &counts->store_open},
		{&POOL, "busy", &counts->store_busy},
	};
	for (size_t i = 0; i < sizeof ALL / sizeof *ALL; i++)
		ASH_TRY(metrics_series(host->metrics, ALL[i].metric, &ALL[i].label, ALL[i].out,
				       fault));
	for (int i = 1; i < 6; i++)
		ASH_TRY(metrics_series(host->metrics, &RESPONSES, &CLASSES[i], &counts->statuses[i],
				       fault));
	metrics_on_write(host->metrics, refresh, host);
	return ASH_OK;
}

static void answer_metrics(void *context, struct http_exchange *exchange,
			   const struct http_match *match)
{
	struct host *host = context;
	_cleanup_(text_release) struct text text = {0};
	(void)match;
	metrics_write(host->metrics, &text);
	if (text.failed) {
		http_problem(exchange, 503, STR("there is no memory left"));
		return;
	}
	http_add_field(exchange, STR("Content-Type"),
		       STR("text/plain; version=0.0.4; charset=utf-8"));
	http_add_body(exchange, text_str(&text));
}

/* ---- health ---- */

/* It waits for nothing, and looks at nothing. */
static void answer_alive(void *context, struct http_exchange *exchange,
			 const struct http_match *match)
{
	(void)context, (void)match;
	http_add_field(exchange, STR("Content-Type"), STR("application/json"));
	http_add_body(exchange, STR("{\"status\":\"ok\"}\n"));
}

/* A remote that is gone does not make this one unready: then none of them would be, and what does
 * not need it would end, too. */
static void answer_ready_among(const struct host *host, struct http_exchange *exchange)
{
	_cleanup_(text_release) struct text text = {0};
	text_add(&text, STR("{\"status\":\"ok\""));
	remotes_write(host->remotes, &text);
	text_add(&text, STR("}\n"));
	if (text.failed) {
		http_problem(exchange, 503, STR("there is no memory left"));
		return;
	}
	http_add_field(exchange, STR("Content-Type"), STR("application/json"));
	http_add_body(exchange, text_str(&text));
}

static void answer_ready(void *context, struct http_exchange *exchange,
			 const struct http_match *match)
{
	struct host *host = context;
	struct fault fault;
	if (atomic_load(&host->draining))
		http_problem(exchange, 503, STR("the application is ending"));
	else if (host->store && store_health(host->store, INSPECT_PATIENCE, &fault) != ASH_OK)
		http_problem(exchange, 503, str_of(fault.message));
	else if (host->remotes)
		answer_ready_among(host, exchange);
	else
		answer_alive(host, exchange, match);
}

/* ---- traces ---- */

static const char *kind_name(enum span_kind kind)
{
	static const char *const NAMES[] = {
		[SPAN_INTERNAL] = "internal", [SPAN_SERVER] = "server",
		[SPAN_CLIENT] = "client",     [SPAN_PRODUCER] = "producer",
		[SPAN_CONSUMER] = "consumer",
	};
	return (unsigned)kind < sizeof NAMES / sizeof *NAMES && NAMES[kind] ? NAMES[kind] : "";
}

static void write_span(const struct span *span, struct text *out)
{
	char id[SPAN_ID_HEX + 1], parent[SPAN_ID_HEX + 1];
	span_id_format(span->id, id);
	span_id_format(span->parent, parent);
	text_addf(out, "{\"id\":\"%s\",\"parent\":\"%s\",\"kind\":\"%s\",\"name\":", id,
		  span->parent ? parent : "", kind_name(span->kind));
	text_add_json(out, str_of(span->name));
	text_add(out, STR(",\"module\":"));
	text_add_json(out, str_of(span->module));
	text_add(out, STR(",\"owner\":"));
	text_add_json(out, str_of(span->owner));
	text_addf(out, ",\"start_us\":%lld,\"duration_ns\":%llu,\"status\":\"%s\",\"detail\":",
		  (long long)span->start / 1000, (unsigned long long)span->duration,
		  ash_status_name(span->status));
	text_add_json(out, str_of(span->detail));
	text_add_byte(out, '}');
}

/* The query of those who ask all processes themselves. */
#define ONLY_HERE "here=true"

static void answer_trace(void *context, struct http_exchange *exchange,
			 const struct http_match *match)
{
	const struct host *host = context;
	_cleanup_(text_release) struct text text = {0};
	char target[64 + TRACE_ID_HEX];
	uint64_t trace[2];
	if (!trace_id_parse(http_param(match, STR("id")), trace)) {
		http_problem(exchange, 400, STR("a trace's id is 32 hex digits"));
		return;
	}
	struct span *spans = arena_array(http_arena(exchange), INSPECT_SPANS, sizeof *spans);
	size_t count = spans ? recorder_find(host->recorder, trace, spans, INSPECT_SPANS) : 0;
	text_add(&text, STR("{\"spans\":["));
	for (size_t i = 0; i < count; i++) {
		text_add(&text, i ? STR(",\n") : STR("\n"));
		write_span(&spans[i], &text);
	}
	bool some = count > 0;
	snprintf(target, sizeof target, "/ashlar/traces/%.*s?" ONLY_HERE,
		 STR_ARG(http_param(match, STR("id"))));
	if (spans && host->remotes && !str_equal(http_query(exchange), STR(ONLY_HERE)))
		remotes_add_spans(host->remotes, target, &some, &text);
	text_add(&text, STR("]}\n"));
	if (!spans || text.failed) {
		http_problem(exchange, 503, STR("there is no memory left"));
		return;
	}
	http_add_field(exchange, STR("Content-Type"), STR("application/json"));
	http_add_body(exchange, text_str(&text));
}

/* ---- all of it ---- */

static const struct {
	const char *pattern;
	http_route_handler handle;
	bool inspects; /* shows more than a stranger should see */
} ROUTES[] = {
	{"/metrics", answer_metrics, false},
	{ALIVE_PATH, answer_alive, false},
	{"/readyz", answer_ready, false},
	{"/ashlar/traces/{id}", answer_trace, true},
};

bool host_is_built_in(const struct host *host, const char *verb, const char *pattern)
{
	for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++)
		if (strcmp(verb, "GET") == 0 && strcmp(ROUTES[i].pattern, pattern) == 0)
			return !ROUTES[i].inspects || host->settings->inspect;
	return false;
}

int host_add_inspection(struct host *host, struct http_router *router, struct error *error)
{
	for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++)
		if ((!ROUTES[i].inspects || host->settings->inspect) &&
		    http_router_add(router, "GET", ROUTES[i].pattern, ROUTES[i].handle, host,
				    error) < 0)
			return -1;
	return 0;
}
