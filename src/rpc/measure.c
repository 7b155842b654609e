/* SPDX-License-Identifier: Apache-2.0 */
/* A client's counters as metrics: http/ knows no metrics, and telemetry/ no clients. */
#include "rpc/measure.h"

#define LABELS "process", "address"

static const struct metric CONNECTIONS = {
	"ashlar_remote_connections",
	"Connections to another process: open ones, and those of them that are idle.",
	METRIC_GAUGE,
	{LABELS, "state"}};
static const struct metric WAITING = {"ashlar_remote_callers_waiting",
				      "Callers that wait for a connection to another process.",
				      METRIC_GAUGE,
				      {LABELS}};
static const struct metric CONNECTS = {"ashlar_remote_connects_total",
				       "Connections to another process that were made, or not.",
				       METRIC_COUNTER,
				       {LABELS, "result"}};
static const struct metric CALLS = {"ashlar_remote_calls_total",
				    "Requests to another process that were answered, or not.",
				    METRIC_COUNTER,
				    {LABELS, "result"}};
static const struct metric REPEATS = {
	"ashlar_remote_repeats_total",
	"Requests that were sent once more, as the connection had broken.",
	METRIC_COUNTER,
	{LABELS}};
static const struct metric REFUSED = {
	"ashlar_remote_refused_total",
	"Requests that were not sent, as connecting had failed shortly before.",
	METRIC_COUNTER,
	{LABELS}};

ash_status rpc_measure_init(struct rpc_measure *measure, struct http_client *client,
			    const char *process, const char *address, struct metrics *metrics,
			    struct fault *fault)
{
	struct rpc_measure made = {.client = client};
	const struct {
		const struct metric *metric;
		const char *last;
		struct series **out;
	} ALL[] = {
		{&CONNECTIONS, "open", &made.open},  {&CONNECTIONS, "idle", &made.idle},
		{&WAITING, NULL, &made.waiting},     {&CONNECTS, "made", &made.made},
		{&CONNECTS, "failed", &made.unmade}, {&CALLS, "answered", &made.answered},
		{&CALLS, "failed", &made.failed},    {&REPEATS, NULL, &made.repeated},
		{&REFUSED, NULL, &made.refused},
	};
	for (size_t i = 0; i < sizeof ALL / sizeof *ALL; i++) {
		const char *const values[] = {process, address, ALL[i].last};
		ASH_TRY(metrics_series(metrics, ALL[i].metric, values, ALL[i].out, fault));
	}
	*measure = made;
	return ASH_OK;
}

void rpc_measure_refresh(struct rpc_measure *measure)
{
	struct http_client_counters now;
	const struct http_client_counters *seen = &measure->seen;
	if (!measure->client)
		return;
	http_client_count(measure->client, &now);
	series_set(measure->open, now.open);
	series_set(measure->idle, now.idle);
	series_set(measure->waiting, now.waiting);
	series_add(measure->made, now.connects - seen->connects);
	series_add(measure->unmade, now.connect_failures - seen->connect_failures);
	series_add(measure->answered, now.calls - seen->calls);
	series_add(measure->failed, now.failures - seen->failures);
	series_add(measure->repeated, now.repeats - seen->repeats);
	series_add(measure->refused, now.left_alone - seen->left_alone);
	measure->seen = now;
}
