/* SPDX-License-Identifier: Apache-2.0 */
/* What was published, and when the next delivery is due: for tests, which run by a clock of their
 * own. Changes nothing. */
#include "event/hub.h"

static void read_published(const struct event_hub *hub, struct store_rows *rows,
			   struct published *out)
{
	*out = (struct published){
		.id = store_get_int(rows, 0),
		.publisher = store_get_text(rows, 1, NULL),
		.event = store_get_text(rows, 2, NULL),
		.key = store_get_text(rows, 3, NULL),
		.trace = store_get_text(rows, 4, NULL),
	};
	out->payload.at = store_get_bytes(rows, 5, &out->payload.length);
	out->type = hub_type(hub, out->event);
}

ash_status event_each_published(struct event_hub *hub, int64_t after,
				bool (*each)(void *context, const struct published *published),
				void *context, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	struct published published;
	ASH_TRY(hub_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(STORE_QUERY(session, &rows, fault,
			    "select id, publisher, event, key, trace, payload from "
			    "ashlar_event.outbox where id > $1 order by id",
			    ash_int(after)));
	while (store_next(rows)) {
		read_published(hub, rows, &published);
		if (!each(context, &published))
			break;
	}
	ASH_TRY(store_end(rows, fault));
	return store_commit(session, fault);
}

ash_status event_next_due(struct event_hub *hub, int64_t after, int64_t *out, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	*out = INT64_MAX;
	ASH_TRY(hub_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(STORE_QUERY(session, &rows, fault,
			    "select min(due_at) from ashlar_event.delivery where state = 0 and "
			    "due_at > $1",
			    ash_time(after)));
	if (store_next(rows) && !store_is_null(rows, 0))
		*out = store_get_time(rows, 0);
	ASH_TRY(store_end(rows, fault));
	return store_commit(session, fault);
}
