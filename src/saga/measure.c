/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of sagas. Ended ones are counted as they end, for nobody should look through
 * weeks of them each time the metrics are read. Runs no step. */
#include "base/mem.h"
#include "saga/hub.h"

static const struct metric STEPS = {"ashlar_saga_steps_total",
				    "Steps of sagas that were recorded or undone.",
				    METRIC_COUNTER,
				    {0}};
static const struct metric FAILURES = {"ashlar_saga_step_failures_total",
				       "Attempts of a saga's step, or to undo one, that failed.",
				       METRIC_COUNTER,
				       {0}};
static const struct metric ENDED = {"ashlar_sagas_ended_total",
				    "Sagas that this process brought to their end.",
				    METRIC_COUNTER,
				    {"state"}};
static const struct metric SAGAS = {"ashlar_sagas",
				    "Sagas that have not ended; parked ones wait for a person.",
				    METRIC_GAUGE,
				    {"state"}};
static const struct metric OLDEST = {"ashlar_sagas_oldest_seconds",
				     "How long ago the oldest unfinished saga was started.",
				     METRIC_GAUGE_SECONDS,
				     {0}};

struct counts {
	int64_t running, compensating, parked, oldest;
};

static ash_status count_rows(struct saga_hub *hub, struct counts *counts, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	int64_t now = saga_now(hub);
	ASH_TRY(saga_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(store_query(
		session,
		"select count(*), count(case when parked = 0 and state = 1 then 1 end), "
		"count(nullif(parked, 0)), min(started_at) from ashlar_saga.saga where "
		"state < 2",
		NULL, 0, &rows, fault));
	if (store_next(rows)) {
		counts->compensating = store_get_int(rows, 1);
		counts->parked = store_get_int(rows, 2);
		counts->running = store_get_int(rows, 0) - counts->compensating - counts->parked;
		counts->oldest = store_is_null(rows, 3) ? 0 : now - store_get_time(rows, 3);
	}
	ASH_TRY(store_end(rows, fault));
	return store_commit(session, fault);
}

/* A database that does not answer leaves the gauges as they were. */
static void measure(void *context)
{
	struct saga_hub *hub = context;
	struct counts counts = {0};
	struct fault fault;
	if (count_rows(hub, &counts, &fault) != ASH_OK)
		return;
	series_set(hub->running, counts.running);
	series_set(hub->compensating, counts.compensating);
	series_set(hub->parked, counts.parked);
	series_set(hub->oldest, counts.oldest);
}

ash_status saga_init_series(struct saga_hub *hub, struct metrics *metrics, struct fault *fault)
{
	const struct {
		const struct metric *metric;
		const char *label;
		struct series **out;
	} ALL[] = {{&STEPS, NULL, &hub->steps},
		   {&FAILURES, NULL, &hub->failures},
		   {&ENDED, saga_state_name(SAGA_DONE), &hub->done},
		   {&ENDED, saga_state_name(SAGA_COMPENSATED), &hub->compensated},
		   {&SAGAS, saga_state_name(SAGA_RUNNING), &hub->running},
		   {&SAGAS, saga_state_name(SAGA_COMPENSATING), &hub->compensating},
		   {&SAGAS, "parked", &hub->parked},
		   {&OLDEST, NULL, &hub->oldest}};
	for (size_t i = 0; i < sizeof ALL / sizeof *ALL; i++)
		ASH_TRY(metrics_series(metrics, ALL[i].metric, &ALL[i].label, ALL[i].out, fault));
	metrics_on_write(metrics, measure, hub);
	return ASH_OK;
}

void saga_count_end(struct saga_hub *hub, enum saga_state state)
{
	if (state == SAGA_DONE)
		series_add(hub->done, 1);
	else if (state == SAGA_COMPENSATED)
		series_add(hub->compensated, 1);
}
