/* SPDX-License-Identifier: Apache-2.0 */
/* What is there, and what people do about it. Runs no step. */
#include <string.h>

#include "base/mem.h"
#include "saga/hub.h"

/* In the order of enum saga_state, and then what is made of them. */
const char *const saga_state_names[SAGA_STATE_NAMES] = {
	"running", "compensating", "done", "compensated", "parked", "unfinished"};

const char *saga_state_name(enum saga_state state)
{
	return state <= SAGA_COMPENSATED ? saga_state_names[state] : "unknown";
}

const char *saga_line_state(const struct saga_line *line)
{
	return line->parked ? "parked" : saga_state_name(line->state);
}

/* ---- list ---- */

/* The end of the year 9999, in microseconds since 1970: later than any start, also one by a clock
 * that is ahead of this process's. */
#define END_OF_TIME INT64_C(253402300799999999)

static int64_t time_or_none(struct store_rows *rows, int column)
{
	return store_is_null(rows, column) ? 0 : store_get_time(rows, column);
}

/* What the code says of it. */
static void add_code(const struct saga_hub *hub, int64_t version, int64_t hash,
		     struct saga_line *line)
{
	const struct entry *entry = saga_find(hub, line->name);
	line->module = entry ? entry->member->module->name : "";
	line->fits = entry && version == (int64_t)entry->saga->version && hash == entry->hash;
	if (!line->fits)
		return;
	int64_t at = line->state == SAGA_RUNNING ? line->step : line->step - 1;
	line->steps = (int64_t)entry->saga->step_count;
	if (at >= 0 && at < line->steps)
		line->most = saga_attempts_of(&entry->saga->steps[at].retry);
}

#define LINE_COLUMNS                                                                               \
	"select name, id, state, parked, canceled, step, attempts, started_at, ended_at, "         \
	"deadline_at, due_at, lease_until, trace, status, message, version, hash, cause "

static struct saga_line read_line(const struct saga_hub *hub, struct store_rows *rows)
{
	struct saga_line line = {
		.name = store_get_text(rows, 0, NULL),
		.id = store_get_text(rows, 1, NULL),
		.state = (enum saga_state)store_get_int(rows, 2),
		.parked = store_get_int(rows, 3) != 0,
		.canceled = store_get_int(rows, 4) != 0,
		.step = store_get_int(rows, 5),
		.attempts = store_get_int(rows, 6),
		.started_at = store_get_time(rows, 7),
		.ended_at = time_or_none(rows, 8),
		.deadline_at = time_or_none(rows, 9),
		.due_at = store_get_time(rows, 10),
		.lease_until = time_or_none(rows, 11),
		.trace = store_get_text(rows, 12, NULL),
		.status = store_get_text(rows, 13, NULL),
		.message = store_get_text(rows, 14, NULL),
		.cause = store_get_text(rows, 17, NULL),
	};
	add_code(hub, store_get_int(rows, 15), store_get_int(rows, 16), &line);
	return line;
}

/* The names of a module's sagas begin with its own. */
static const char LIST[] = LINE_COLUMNS
	"from ashlar_saga.saga where ($1 = '' or name = $1) and ($2 = '' or id = $2) and "
	"($3 = '' or substr(name, 1, length($3) + 1) = $3 || '.') and ($4 = '' or $4 = "
	"case when parked = 1 then 'parked' when state = 0 then 'running' when state = 1 then "
	"'compensating' when state = 2 then 'done' else 'compensated' end or "
	"($4 = 'unfinished' and state < 2)) and started_at >= $5 and started_at <= $6 "
	"and ($8 = '' or (started_at, name, id) > ($10, $8, $9)) "
	"order by started_at, name, id limit $7";

ash_status saga_list(struct saga_hub *hub, const struct saga_filter *filter,
		     bool (*each)(void *context, const struct saga_line *line), void *context,
		     struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	size_t most =
		filter->most && filter->most < SAGA_LIST_LIMIT ? filter->most : SAGA_LIST_LIMIT;
	ASH_TRY(saga_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(STORE_QUERY(session, &rows, fault, LIST, ash_text(filter->name),
			    ash_text(filter->id), ash_text(filter->module), ash_text(filter->state),
			    ash_time(filter->since),
			    ash_time(filter->before ? filter->before : END_OF_TIME),
			    ash_int((int64_t)most), ash_text(filter->after_name),
			    ash_text(filter->after_id), ash_time(filter->after_at)));
	while (store_next(rows)) {
		const struct saga_line line = read_line(hub, rows);
		if (!each(context, &line))
			break;
	}
	ASH_TRY(store_end(rows, fault));
	return store_commit(session, fault);
}

ash_status saga_next_due(struct saga_hub *hub, int64_t after, int64_t *out, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	*out = INT64_MAX;
	ASH_TRY(saga_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(STORE_QUERY(session, &rows, fault,
			    "select min(due_at) from ashlar_saga.saga where state < 2 and parked = "
			    "0 and due_at > $1",
			    ash_time(after)));
	if (store_next(rows) && !store_is_null(rows, 0))
		*out = store_get_time(rows, 0);
	ASH_TRY(store_end(rows, fault));
	return store_commit(session, fault);
}

/* ---- steps ---- */

struct seen {
	struct arena arena;
	struct saga_step_line steps[ASH_SAGA_STEP_LIMIT];
	size_t count;
};

static void seen_release(struct seen *seen)
{
	arena_release(&seen->arena);
}

static void name_steps(const struct saga_hub *hub, const struct saga_line *line, struct seen *seen)
{
	const struct entry *entry = line->fits ? saga_find(hub, line->name) : NULL;
	for (size_t i = 0; entry && i < entry->saga->step_count; i++) {
		const ash_saga_step *step = &entry->saga->steps[i];
		seen->steps[seen->count++] =
			(struct saga_step_line){.name = step->name, .undoes = step->undo != NULL};
	}
}

static struct saga_step_line *step_at(struct seen *seen, int64_t index)
{
	if (index < 0 || index >= ASH_SAGA_STEP_LIMIT)
		return NULL;
	while (seen->count <= (size_t)index)
		seen->steps[seen->count++] = (struct saga_step_line){.name = "?", .undoes = true};
	return &seen->steps[index];
}

static void read_recorded(struct store_rows *rows, struct seen *seen)
{
	struct saga_step_line *step = step_at(seen, store_get_int(rows, 0));
	struct str name = arena_str(&seen->arena, str_of(store_get_text(rows, 1, NULL)));
	if (!step || !name.at)
		return;
	step->name = name.at;
	step->attempts = store_get_int(rows, 2);
	step->recorded_at = store_get_time(rows, 3);
}

static void read_undone(struct store_rows *rows, struct seen *seen)
{
	struct saga_step_line *step = step_at(seen, store_get_int(rows, 0));
	if (!step)
		return;
	step->undo_attempts = store_get_int(rows, 1);
	step->undone_at = store_get_time(rows, 2);
}

static ash_status read_rows(struct store_session *session, const struct saga_line *line,
			    const char *sql, void (*read)(struct store_rows *, struct seen *),
			    struct seen *seen, struct fault *fault)
{
	struct store_rows *rows = NULL;
	ASH_TRY(STORE_QUERY(session, &rows, fault, sql, ash_text(line->name), ash_text(line->id)));
	while (store_next(rows))
		read(rows, seen);
	return store_end(rows, fault);
}

ash_status saga_steps(struct saga_hub *hub, const struct saga_line *line,
		      bool (*each)(void *context, const struct saga_step_line *step), void *context,
		      struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	_cleanup_(seen_release) struct seen seen = {0};
	name_steps(hub, line, &seen);
	ASH_TRY(saga_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(read_rows(session, line,
			  "select step, title, attempts, recorded_at from ashlar_saga.step where "
			  "name = $1 and id = $2 order by step",
			  read_recorded, &seen, fault));
	ASH_TRY(read_rows(session, line,
			  "select step, attempts, undone_at from ashlar_saga.undo where "
			  "name = $1 and id = $2 order by step",
			  read_undone, &seen, fault));
	ASH_TRY(store_commit(session, fault));
	if (seen.arena.failed)
		return fault_memory(fault);
	for (size_t i = 0; i < seen.count; i++)
		if (!each(context, &seen.steps[i]))
			break;
	return ASH_OK;
}

/* ---- by hand ---- */

static ash_status change(struct saga_hub *hub, const char *sql, const char *name, const char *id,
			 const char *what, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	int64_t affected = 0;
	ASH_TRY(saga_begin(hub, STORE_WRITE, &session, fault));
	ASH_TRY(STORE_EXEC(session, &affected, fault, sql, ash_text(name), ash_text(id),
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
