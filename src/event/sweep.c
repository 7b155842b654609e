/* SPDX-License-Identifier: Apache-2.0 */
/* Takes away what is no longer kept, a part at a time, each in a transaction of its own: nobody
 * waits long for a writer, and what is taken away stays so, however much there is.
 *
 * Events are walked over by their ids, which are nearly in the order of their times, so that no
 * part looks through what is kept: the walk ends at events that are younger than what it looks for.
 * What was noted of an event is never older than the event, so it goes in the same walk.
 * Invariant: an event goes only when no delivery of it is left. */
#include "base/fault_point.h"
#include "base/mem.h"
#include "event/hub.h"

/* Microseconds. */
#define DAY (INT64_C(86400) * 1000000)

/* Where the walk is when it is over. */
#define WALKED INT64_MAX

struct sweeping {
	struct event_hub *hub;
	int64_t now, oldest; /* microseconds since 1970; what is older goes */
	int64_t swept;
};

static ash_status sweep_dead(const struct sweeping *sweeping, struct fault *fault)
{
	struct event_hub *hub = sweeping->hub;
	_cleanup_(store_releasep) struct store_session *session = NULL;
	if (hub->options.dead_days == 0)
		return ASH_OK;
	ASH_TRY(hub_begin(hub, STORE_WRITE, &session, fault));
	ASH_TRY(STORE_EXEC(session, NULL, fault,
			   "delete from ashlar_event.delivery where state = 2 and died_at < $1",
			   ash_time(sweeping->now - (int64_t)hub->options.dead_days * DAY)));
	return store_commit(session, fault);
}

/* ---- the walk ---- */

/* The next events behind `from`. */
struct part {
	int64_t from, to; /* ids: above, and up to */
	bool young;       /* there are some, and none of them is old */
};

/* A clock that was wrong may have events of the future among those of now: these say nothing. */
static ash_status find_part(const struct sweeping *sweeping, struct store_session *session,
			    struct part *out, struct fault *fault)
{
	struct store_rows *rows = NULL;
	int64_t most = sweeping->hub->options.sweep_batch;
	*out = (struct part){.from = sweeping->hub->swept_to, .to = WALKED};
	ASH_TRY(STORE_QUERY(
		session, &rows, fault,
		"select max(id), count(*), count(case when published_at < $2 then 1 end), "
		"count(case when published_at >= $2 and published_at <= $3 then 1 end) from "
		"(select id, published_at from ashlar_event.outbox where id > $1 order by id "
		"limit $4) part",
		ash_int(out->from), ash_time(sweeping->oldest), ash_time(sweeping->now),
		ash_int(most)));
	if (store_next(rows) && store_get_int(rows, 1) == most) {
		out->to = store_get_int(rows, 0);
		out->young = store_get_int(rows, 2) == 0 && store_get_int(rows, 3) > 0;
	}
	return store_end(rows, fault);
}

static ash_status sweep_part(struct sweeping *sweeping, struct fault *fault)
{
	struct event_hub *hub = sweeping->hub;
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct part part;
	int64_t swept = 0;
	ASH_TRY(hub_begin(hub, STORE_WRITE, &session, fault));
	ASH_TRY(find_part(sweeping, session, &part, fault));
	ASH_TRY(STORE_EXEC(
		session, &swept, fault,
		"delete from ashlar_event.outbox where id > $1 and id <= $2 and "
		"published_at < $3 and not exists (select 1 from ashlar_event.delivery d "
		"where d.event_id = outbox.id)",
		ash_int(part.from), ash_int(part.to), ash_time(sweeping->oldest)));
	FAULT_POINT("sweep.outbox");
	ASH_TRY(STORE_EXEC(session, NULL, fault,
			   "delete from ashlar_event.inbox where event_id > $1 and event_id <= $2 "
			   "and handled_at < $3",
			   ash_int(part.from), ash_int(part.to), ash_time(sweeping->oldest)));
	FAULT_POINT("sweep.inbox");
	ASH_TRY(store_commit(session, fault));
	sweeping->swept += swept;
	hub->swept_to = part.young ? WALKED : part.to;
	return ASH_OK;
}

/* ---- keys ---- */

static ash_status sweep_keys(const struct sweeping *sweeping, bool *through, struct fault *fault)
{
	struct event_hub *hub = sweeping->hub;
	_cleanup_(store_releasep) struct store_session *session = NULL;
	int64_t swept = 0, most = hub->options.sweep_batch;
	ASH_TRY(hub_begin(hub, STORE_WRITE, &session, fault));
	ASH_TRY(STORE_EXEC(session, &swept, fault,
			   "delete from ashlar_event.ordered where key in (select o.key from "
			   "ashlar_event.ordered o where not exists (select 1 from "
			   "ashlar_event.delivery d where d.key = o.key) limit $1)",
			   ash_int(most)));
	FAULT_POINT("sweep.ordered");
	*through = swept < most;
	return store_commit(session, fault);
}

/* ---- all of it ---- */

ash_status event_sweep(struct event_hub *hub, uint64_t until, int64_t *out, bool *more,
		       struct fault *fault)
{
	struct sweeping sweeping = {.hub = hub, .now = hub_now(hub)};
	bool through = false;
	sweeping.oldest = sweeping.now - (int64_t)hub->options.keep_days * DAY;
	*out = 0;
	if (hub->swept_to == 0)
		ASH_TRY(sweep_dead(&sweeping, fault));
	FAULT_POINT("sweep.dead");
	do
		ASH_TRY(hub->swept_to < WALKED ? sweep_part(&sweeping, fault)
					       : sweep_keys(&sweeping, &through, fault));
	while (!through && clock_monotonic() < until);
	if (through)
		hub->swept_to = 0;
	*out = sweeping.swept;
	*more = !through;
	return ASH_OK;
}
