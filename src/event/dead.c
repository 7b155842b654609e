/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters: looked at, given back, taken away; replay of what was handled; and the sweep. A
 * dead letter is a delivery in state 2: giving it back changes its state, so it can die again. */
#include <string.h>

#include "base/fault_point.h"
#include "base/mem.h"
#include "event/hub.h"

enum { DAY = 24 * 60 * 60 };

/* The conditions of a filter, over $1 to $6; empty texts and zeros are any. */
#define MATCHES                                                                                    \
	"d.state = 2 and (d.event_id = $1 or $1 = 0) and (d.subscriber = $2 or $2 = '') and "      \
	"(d.status = $3 or $3 = '') and d.died_at >= $4 and d.event_id > $5 and "                  \
	"d.event_id in (select o.id from ashlar_event.outbox o where o.event = $6 or $6 = '')"

enum { FILTER_VALUES = 6 };

static void fill(const struct dead_filter *filter, ash_value values[FILTER_VALUES])
{
	values[0] = ash_int(filter->id);
	values[1] = ash_text(filter->subscriber);
	values[2] = ash_text(filter->status);
	values[3] = ash_time(filter->since);
	values[4] = ash_int(filter->after);
	values[5] = ash_text(filter->event);
}

/* ---- listing ---- */

static const char LIST[] =
	"select d.event_id, d.subscriber, o.publisher, o.event, o.key, d.status, d.message, "
	"o.trace, "
	"d.attempts, o.published_at, d.died_at, o.payload from ashlar_event.delivery d join "
	"ashlar_event.outbox o on o.id = d.event_id where " MATCHES
	" order by d.event_id, d.subscriber limit $7";

static void read_letter(const struct event_hub *hub, struct store_rows *rows,
			struct dead_letter *out)
{
	*out = (struct dead_letter){
		.id = store_get_int(rows, 0),
		.subscriber = store_get_text(rows, 1, NULL),
		.publisher = store_get_text(rows, 2, NULL),
		.event = store_get_text(rows, 3, NULL),
		.key = store_get_text(rows, 4, NULL),
		.status = store_get_text(rows, 5, NULL),
		.message = store_get_text(rows, 6, NULL),
		.trace = store_get_text(rows, 7, NULL),
		.attempts = store_get_int(rows, 8),
		.published_at = store_get_time(rows, 9),
		.died_at = store_get_time(rows, 10),
	};
	out->payload.at = store_get_bytes(rows, 11, &out->payload.length);
	out->type = hub_type(hub, out->event);
}

ash_status event_dead_list(struct event_hub *hub, const struct dead_filter *filter,
			   bool (*each)(void *context, const struct dead_letter *letter),
			   void *context, struct fault *fault)
{
	_cleanup_(hub_session_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	struct dead_letter letter;
	ash_value values[FILTER_VALUES + 1];
	bool bounded = filter->most > 0 && filter->most < EVENT_LIST_LIMIT;
	fill(filter, values);
	values[FILTER_VALUES] = ash_int(bounded ? (int64_t)filter->most : EVENT_LIST_LIMIT);
	ASH_TRY(hub_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(store_query(session, LIST, values, FILTER_VALUES + 1, &rows, fault));
	while (store_next(rows)) {
		read_letter(hub, rows, &letter);
		if (!each(context, &letter))
			break;
	}
	ASH_TRY(store_end(rows, fault));
	return store_commit(session, fault);
}

static const char BLOCKED[] =
	"select w.subscriber, w.key, min(d.event_id), count(distinct w.event_id) from "
	"ashlar_event.delivery w join ashlar_event.delivery d on d.subscriber = w.subscriber and "
	"d.key = w.key and d.state = 2 and d.event_id < w.event_id where w.state < 2 and w.key <> "
	"'' "
	"group by w.subscriber, w.key order by w.subscriber, w.key limit $1";

ash_status event_blocked_list(struct event_hub *hub,
			      bool (*each)(void *context, const struct blocked_key *blocked),
			      void *context, struct fault *fault)
{
	_cleanup_(hub_session_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	if (!hub->options.block_keys)
		return ASH_OK;
	ASH_TRY(hub_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(HUB_QUERY(session, &rows, fault, BLOCKED, ash_int(EVENT_LIST_LIMIT)));
	while (store_next(rows)) {
		const struct blocked_key blocked = {store_get_text(rows, 0, NULL),
						    store_get_text(rows, 1, NULL),
						    store_get_int(rows, 2), store_get_int(rows, 3)};
		if (!each(context, &blocked))
			break;
	}
	ASH_TRY(store_end(rows, fault));
	return store_commit(session, fault);
}

ash_status event_dead_count(struct event_hub *hub, const struct dead_filter *filter, int64_t *out,
			    struct fault *fault)
{
	_cleanup_(hub_session_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	ash_value values[FILTER_VALUES];
	fill(filter, values);
	ASH_TRY(hub_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(store_query(session, "select count(*) from ashlar_event.delivery d where " MATCHES,
			    values, FILTER_VALUES, &rows, fault));
	if (store_next(rows))
		*out = store_get_int(rows, 0);
	ASH_TRY(store_end(rows, fault));
	return store_commit(session, fault);
}

/* ---- giving back and taking away ---- */

/* Runs a statement over all that match, at most `most` of them, in one transaction. */
static ash_status change(struct event_hub *hub, const char *sql, const struct dead_filter *filter,
			 bool timed, int64_t *out, struct fault *fault)
{
	_cleanup_(hub_session_releasep) struct store_session *session = NULL;
	ash_value values[FILTER_VALUES + 2];
	size_t count = FILTER_VALUES;
	fill(filter, values);
	values[count++] = ash_int(filter->most ? (int64_t)filter->most : INT64_MAX);
	if (timed)
		values[count++] = ash_time(hub->environment->clock->wall(hub->environment->clock));
	ASH_TRY(hub_begin(hub, STORE_WRITE, &session, fault));
	ASH_TRY(store_exec(session, sql, values, count, out, fault));
	FAULT_POINT("letters.changed");
	return store_commit(session, fault);
}

#define MATCHING                                                                                   \
	"where (event_id, subscriber) in (select d.event_id, d.subscriber from "                   \
	"ashlar_event.delivery d where " MATCHES " order by d.event_id limit $7)"

ash_status event_dead_requeue(struct event_hub *hub, const struct dead_filter *filter, int64_t *out,
			      struct fault *fault)
{
	ASH_TRY(change(
		hub,
		"update ashlar_event.delivery set state = 0, attempts = 0, fence = fence + 1, "
		"due_at = $8, died_at = null " MATCHING,
		filter, true, out, fault));
	event_hub_wake(hub);
	return ASH_OK;
}

ash_status event_dead_discard(struct event_hub *hub, const struct dead_filter *filter, int64_t *out,
			      struct fault *fault)
{
	return change(hub, "delete from ashlar_event.delivery " MATCHING, filter, false, out,
		      fault);
}

/* ---- replay ---- */

static bool subscribes_to(const struct event_hub *hub, const char *subscriber, const char *event)
{
	const struct member *member = registry_find(hub->environment->registry, subscriber);
	for (size_t i = 0; member && i < member->module->subscribes_count; i++)
		if (!event || strcmp(member->module->subscribes[i].event->name, event) == 0)
			return true;
	return false;
}

static ash_status replay_one(struct event_hub *hub, struct store_session *session,
			     const char *subscriber, const char *event, int64_t since, int64_t *out,
			     struct fault *fault)
{
	int64_t now = hub->environment->clock->wall(hub->environment->clock), added = 0;
	ASH_TRY(HUB_EXEC(session, &added, fault,
			 "insert into ashlar_event.delivery (event_id, subscriber, key, due_at) "
			 "select o.id, i.subscriber, o.key, $4 from ashlar_event.outbox o "
			 "join ashlar_event.inbox i on i.event_id = o.id and i.subscriber = $1 "
			 "where o.event = $2 and o.published_at >= $3 on conflict do nothing",
			 ash_text(subscriber), ash_text(event), ash_time(since), ash_time(now)));
	*out += added;
	return ASH_OK;
}

ash_status event_replay(struct event_hub *hub, const char *subscriber, const char *event,
			int64_t since, int64_t *out, struct fault *fault)
{
	_cleanup_(hub_session_releasep) struct store_session *session = NULL;
	if (!subscribes_to(hub, subscriber, event))
		return fault_set(fault, ASH_NOT_FOUND, "the module '%s' does not subscribe to %s",
				 subscriber, event ? event : "anything");
	const ash_module *module = registry_find(hub->environment->registry, subscriber)->module;
	int64_t added = 0;
	ASH_TRY(hub_begin(hub, STORE_WRITE, &session, fault));
	for (size_t i = 0; i < module->subscribes_count; i++) {
		const char *name = module->subscribes[i].event->name;
		if (!event || strcmp(name, event) == 0)
			ASH_TRY(replay_one(hub, session, subscriber, name, since, &added, fault));
	}
	ASH_TRY(store_commit(session, fault));
	*out = added;
	event_hub_wake(hub);
	return ASH_OK;
}

/* ---- the sweep ---- */

static ash_value days_before(int64_t now, unsigned days)
{
	return ash_time(now - (int64_t)days * DAY * 1000000);
}

ash_status event_sweep(struct event_hub *hub, int64_t *out, struct fault *fault)
{
	_cleanup_(hub_session_releasep) struct store_session *session = NULL;
	int64_t now = hub->environment->clock->wall(hub->environment->clock);
	ash_value oldest = days_before(now, hub->options.keep_days);
	ASH_TRY(hub_begin(hub, STORE_WRITE, &session, fault));
	if (hub->options.dead_days > 0)
		ASH_TRY(HUB_EXEC(
			session, NULL, fault,
			"delete from ashlar_event.delivery where state = 2 and died_at < $1",
			days_before(now, hub->options.dead_days)));
	FAULT_POINT("sweep.dead");
	ASH_TRY(HUB_EXEC(
		session, out, fault,
		"delete from ashlar_event.outbox where published_at < $1 and not exists (select "
		"1 from ashlar_event.delivery d where d.event_id = outbox.id)",
		oldest));
	FAULT_POINT("sweep.outbox");
	ASH_TRY(HUB_EXEC(session, NULL, fault,
			 "delete from ashlar_event.inbox where handled_at < $1", oldest));
	FAULT_POINT("sweep.inbox");
	ASH_TRY(HUB_EXEC(
		session, NULL, fault,
		"delete from ashlar_event.ordered where events >= $1 and not exists (select 1 "
		"from ashlar_event.delivery d where d.key = ordered.key)",
		ash_int(0)));
	FAULT_POINT("sweep.ordered");
	return store_commit(session, fault);
}
