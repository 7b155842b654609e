/* SPDX-License-Identifier: Apache-2.0 */
/* Takes ended sagas away, some at a time, so that nobody waits long for a writer. Two processes may
 * sweep at once: both name what goes by a moment that lies in the past, so neither takes a part of
 * a saga and leaves the rest. */
#include "base/fault_point.h"
#include "base/mem.h"
#include "saga/hub.h"

/* Microseconds. */
#define DAY (INT64_C(86400) * 1000000)

#define ENDED " from ashlar_saga.saga where state >= 2 and ended_at <= $1"

/* Until when what ended is of the next batch; -1: there is nothing. What ended in the same
 * microsecond as the last of a batch goes with it. */
static ash_status find_bound(struct saga_hub *hub, struct store_session *session, int64_t oldest,
			     int64_t *out, struct fault *fault)
{
	struct store_rows *rows = NULL;
	*out = -1;
	ASH_TRY(STORE_QUERY(session, &rows, fault,
			    "select max(ended_at) from (select ended_at" ENDED
			    " order by ended_at limit $2) batch",
			    ash_time(oldest), ash_int(hub->options.sweep_batch)));
	if (store_next(rows) && !store_is_null(rows, 0))
		*out = store_get_time(rows, 0);
	return store_end(rows, fault);
}

static ash_status sweep_batch(struct saga_hub *hub, int64_t oldest, int64_t *swept,
			      struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	int64_t bound;
	*swept = 0;
	ASH_TRY(saga_begin(hub, STORE_WRITE, &session, fault));
	ASH_TRY(find_bound(hub, session, oldest, &bound, fault));
	if (bound < 0)
		return store_commit(session, fault);
	ASH_TRY(STORE_EXEC(session, NULL, fault,
			   "delete from ashlar_saga.step where (name, id) in (select name, id" ENDED
			   ")",
			   ash_time(bound)));
	ASH_TRY(STORE_EXEC(session, NULL, fault,
			   "delete from ashlar_saga.undo where (name, id) in (select name, id" ENDED
			   ")",
			   ash_time(bound)));
	FAULT_POINT("sweep.steps");
	ASH_TRY(STORE_EXEC(session, swept, fault, "delete" ENDED, ash_time(bound)));
	FAULT_POINT("sweep.sagas");
	return store_commit(session, fault);
}

ash_status saga_sweep(struct saga_hub *hub, uint64_t until, int64_t *out, bool *more,
		      struct fault *fault)
{
	int64_t swept, oldest = saga_now(hub) - (int64_t)hub->options.keep_days * DAY;
	*out = 0;
	do {
		ASH_TRY(sweep_batch(hub, oldest, &swept, fault));
		*out += swept;
		*more = swept >= hub->options.sweep_batch;
	} while (*more && clock_monotonic() < until && !workers_stopping(&hub->workers));
	return ASH_OK;
}
