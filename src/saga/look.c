/* SPDX-License-Identifier: Apache-2.0 */
/* What is there, and what people do about it. Runs no step. */
#include "base/mem.h"
#include "saga/hub.h"

const char *saga_state_name(enum saga_state state)
{
	static const char *const NAMES[] = {"running", "undoing", "done", "undone"};
	return (size_t)state < sizeof NAMES / sizeof *NAMES ? NAMES[state] : "unknown";
}

static struct saga_line read_line(struct store_rows *rows)
{
	return (struct saga_line){
		.name = store_get_text(rows, 0, NULL),
		.id = store_get_text(rows, 1, NULL),
		.state = (enum saga_state)store_get_int(rows, 2),
		.parked = store_get_int(rows, 3) != 0,
		.step = store_get_int(rows, 4),
		.attempts = store_get_int(rows, 5),
		.started_at = store_get_time(rows, 6),
		.status = store_get_text(rows, 7, NULL),
		.message = store_get_text(rows, 8, NULL),
	};
}

ash_status saga_list(struct saga_hub *hub, const struct saga_filter *filter,
		     bool (*each)(void *context, const struct saga_line *line), void *context,
		     struct fault *fault)
{
	_cleanup_(saga_session_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	ASH_TRY(saga_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(SAGA_QUERY(
		session, &rows, fault,
		"select name, id, state, parked, step, attempts, started_at, status, message "
		"from ashlar_saga.saga where ($1 = '' or name = $1) and ($2 = '' or id = $2) and "
		"($3 = 0 or state < 2) and ($4 = 0 or parked = 1) and started_at <= $5 "
		"order by started_at, name, id limit $6",
		ash_text(filter->name), ash_text(filter->id), ash_int(filter->unfinished),
		ash_int(filter->parked), ash_time(filter->before ? filter->before : saga_now(hub)),
		ash_int(SAGA_LIST_LIMIT)));
	while (store_next(rows)) {
		const struct saga_line line = read_line(rows);
		if (!each(context, &line))
			break;
	}
	ASH_TRY(store_end(rows, fault));
	return store_commit(session, fault);
}

static ash_status change(struct saga_hub *hub, const char *sql, const char *name, const char *id,
			 const char *what, struct fault *fault)
{
	_cleanup_(saga_session_releasep) struct store_session *session = NULL;
	int64_t affected = 0;
	ASH_TRY(saga_begin(hub, STORE_WRITE, &session, fault));
	ASH_TRY(SAGA_EXEC(session, &affected, fault, sql, ash_text(name), ash_text(id),
			  ash_time(saga_now(hub))));
	if (affected == 0)
		return fault_set(fault, ASH_NOT_FOUND, "no saga %s '%s' %s", name, id, what);
	ASH_TRY(store_commit(session, fault));
	saga_more(hub);
	return ASH_OK;
}

ash_status saga_cancel(struct saga_hub *hub, const char *name, const char *id, struct fault *fault)
{
	return change(hub,
		      "update ashlar_saga.saga set canceled = 1, parked = 0, due_at = $3 "
		      "where name = $1 and id = $2 and state = 0",
		      name, id, "runs", fault);
}

ash_status saga_resume(struct saga_hub *hub, const char *name, const char *id, struct fault *fault)
{
	return change(hub,
		      "update ashlar_saga.saga set parked = 0, due_at = $3, attempts = "
		      "case when state = 0 and attempts > 1 then 1 else 0 end "
		      "where name = $1 and id = $2 and parked = 1",
		      name, id, "is parked", fault);
}
