/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters: looked at, given back, taken away; and replay of what was handled. A dead letter is
 * a delivery in state 2: giving it back changes its state, so it can die again. */
#include <string.h>

#include "base/fault_point.h"
#include "base/mem.h"
#include "event/hub.h"

/* The conditions of a filter, over $1 to $7; empty texts and zeros are any. */
#define MATCHES                                                                                    \
	"d.state = 2 and (d.event_id = $1 or $1 = 0) and (d.subscriber = $2 or $2 = '') and "      \
	"(d.status = $3 or $3 = '') and d.died_at >= $4 and "                                      \
	"(d.event_id, d.subscriber) > ($5, $6) and "                                               \
	"($7 = '' or exists (select 1 from ashlar_event.outbox e where e.id = d.event_id and "     \
	"e.event = $7))"

enum { FILTER_VALUES = 7 };

/* Behind all letters of an id is before all of the next one. */
static void fill_after(const struct dead_filter *filter, ash_value values[2])
{
	bool within = filter->after_subscriber || filter->after == INT64_MAX;
	values[0] = ash_int(within ? filter->after : filter->after + 1);
	values[1] = ash_text(filter->after_subscriber);
}

static void fill(const struct dead_filter *filter, ash_value values[FILTER_VALUES])
{
	values[0] = ash_int(filter->id);
	values[1] = ash_text(filter->subscriber);
	values[2] = ash_text(filter->status);
	values[3] = ash_time(filter->since);
	fill_after(filter, &values[4]);
	values[6] = ash_text(filter->event);
}

/* ---- listing ---- */

static size_t page_size(size_t most)
{
	return most > 0 && most < EVENT_LIST_LIMIT ? most : EVENT_LIST_LIMIT;
}

static const char LIST[] =
	"select d.event_id, d.subscriber, o.publisher, o.event, o.key, d.status, d.message, "
	"o.trace, "
	"d.attempts, o.published_at, d.died_at, o.payload from ashlar_event.delivery d join "
	"ashlar_event.outbox o on o.id = d.event_id where " MATCHES
	" order by d.event_id, d.subscriber limit $8";

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
			   void *context, bool *more, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	struct dead_letter letter;
	ash_value values[FILTER_VALUES + 1];
	size_t page = page_size(filter->most), count = 0;
	fill(filter, values);
	values[FILTER_VALUES] = ash_int((int64_t)page + 1);
	ASH_TRY(hub_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(store_query(session, LIST, values, FILTER_VALUES + 1, &rows, fault));
	while (store_next(rows) && count++ < page) {
		read_letter(hub, rows, &letter);
		if (!each(context, &letter))
			break;
	}
	if (more)
		*more = count > page;
	ASH_TRY(store_end(rows, fault));
	return store_commit(session, fault);
}

static const char BLOCKED[] =
	"select w.subscriber, w.key, min(d.event_id), count(distinct w.event_id) from "
	"ashlar_event.delivery w join ashlar_event.delivery d on d.subscriber = w.subscriber and "
	"d.key = w.key and d.state = 2 and d.event_id < w.event_id where w.state < 2 and w.key <> "
	"'' and (w.subscriber = $1 or $1 = '') and (w.subscriber, w.key) > ($2, $3) "
	"group by w.subscriber, w.key order by w.subscriber, w.key limit $4";

ash_status event_blocked_list(struct event_hub *hub, const struct blocked_filter *filter,
			      bool (*each)(void *context, const struct blocked_key *blocked),
			      void *context, bool *more, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	size_t page = page_size(filter->most), count = 0;
	if (more)
		*more = false;
	if (!hub->options.block_keys)
		return ASH_OK;
	ASH_TRY(hub_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(STORE_QUERY(session, &rows, fault, BLOCKED, ash_text(filter->subscriber),
			    ash_text(filter->after_subscriber), ash_text(filter->after_key),
			    ash_int((int64_t)page + 1)));
	while (store_next(rows) && count++ < page) {
		const struct blocked_key blocked = {store_get_text(rows, 0, NULL),
						    store_get_text(rows, 1, NULL),
						    store_get_int(rows, 2), store_get_int(rows, 3)};
		if (!each(context, &blocked))
			break;
	}
	if (more)
		*more = count > page;
	ASH_TRY(store_end(rows, fault));
	return store_commit(session, fault);
}

ash_status event_dead_count(struct event_hub *hub, const struct dead_filter *filter, int64_t *out,
			    struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
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
	_cleanup_(store_releasep) struct store_session *session = NULL;
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
	"ashlar_event.delivery d where " MATCHES " order by d.event_id, d.subscriber limit $8)"

ash_status event_dead_requeue(struct event_hub *hub, const struct dead_filter *filter, int64_t *out,
			      struct fault *fault)
{
	ASH_TRY(change(
		hub,
		"update ashlar_event.delivery set state = 0, attempts = 0, fence = fence + 1, "
		"due_at = $9, died_at = null " MATCHING,
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
	ASH_TRY(STORE_EXEC(session, &added, fault,
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
	_cleanup_(store_releasep) struct store_session *session = NULL;
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
