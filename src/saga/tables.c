/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of sagas and the moves over them. Runs no step.
 *
 * The fence grows each time a saga is taken: who moves it must name the fence under which it
 * took it, and where it stood then. So a process whose lease ran out cannot move what the next one
 * runs, and a commit whose answer was lost is not undone by a failure noted after it. `attempts`
 * counts those that were begun of the step that is next, before it begins: a move that goes on
 * counts the next step's first one.
 */
#include "saga/hub.h"

#include <string.h>

#include "base/fault_point.h"
#include "base/mem.h"

static const struct store_migration MIGRATIONS[] = {
	{"0001_sagas.sql",
	 "create table ashlar_saga.saga (\n"
	 "  name text not null, id text not null, version bigint not null, hash bigint not null,\n"
	 "  input bytea not null, trace text not null, state bigint not null default 0,\n"
	 "  step bigint not null default 0, attempts bigint not null default 0,\n"
	 "  parked bigint not null default 0, canceled bigint not null default 0,\n"
	 "  fence bigint not null default 0, lease_until timestamptz,\n"
	 "  due_at timestamptz not null, deadline_at timestamptz, started_at timestamptz not "
	 "null,\n"
	 "  ended_at timestamptz, status text, message text, primary key (name, id));\n"
	 "create index saga_due on ashlar_saga.saga (due_at) where state < 2 and parked = 0;\n"
	 "create index saga_started on ashlar_saga.saga (started_at);\n"
	 "create table ashlar_saga.step (\n"
	 "  name text not null, id text not null, step bigint not null, title text not null,\n"
	 "  kept bytea, recorded_at timestamptz not null, primary key (name, id, step));\n"},
	{"0002_undo.sql",
	 "alter table ashlar_saga.saga add column cause text;\n"
	 "alter table ashlar_saga.step add column attempts bigint not null default 1;\n"
	 "create table ashlar_saga.undo (\n"
	 "  name text not null, id text not null, step bigint not null, attempts bigint not null,\n"
	 "  undone_at timestamptz not null, primary key (name, id, step));\n"
	 "create index saga_ended on ashlar_saga.saga (ended_at) where state >= 2;\n"},
};

struct store_module saga_store_module(void)
{
	static const char *const SCHEMAS[] = {"ashlar_saga", NULL};
	return (struct store_module){.name = "ashlar_saga",
				     .schemas = SCHEMAS,
				     .migrations = MIGRATIONS,
				     .migration_count = sizeof MIGRATIONS / sizeof *MIGRATIONS,
				     .native = true};
}

int64_t saga_now(const struct saga_hub *hub)
{
	return hub->environment->clock->wall(hub->environment->clock);
}

ash_status saga_begin(struct saga_hub *hub, enum store_intent intent, struct store_session **out,
		      struct fault *fault)
{
	uint64_t deadline = clock_monotonic() + (uint64_t)hub->options.lease_ms * 1000000;
	return store_acquire_begun(hub->environment->store, deadline, hub->module, intent, out,
				   fault);
}

/* ---- taking ---- */

static bool on_postgresql(const struct saga_hub *hub)
{
	return strcmp(store_engine(hub->environment->store), "postgresql") == 0;
}

/* %s leaves out the sagas of modules that run in other processes. */
#define DUE                                                                                        \
	" from ashlar_saga.saga where state < 2 and parked = 0 and due_at <= $1 and "              \
	"(lease_until is null or lease_until < $1)%s order by due_at limit 1"
/* What will be due after now, and until then: of a process that is gone when its lease is over. */
#define NEXT                                                                                       \
	"select min(s.at) from (select case when lease_until is null or lease_until < due_at "     \
	"then due_at else lease_until end as at from ashlar_saga.saga where state < 2 and "        \
	"parked = 0 and due_at <= $2 and (lease_until is null or lease_until <= $2)%s) s "         \
	"where s.at > $1"
#define COLUMNS                                                                                    \
	"select name, id, trace, input, fence, version, hash, state, step, attempts, "             \
	"deadline_at, canceled, cause" DUE

ash_status saga_spell(struct saga_hub *hub, struct fault *fault)
{
	_cleanup_(text_release) struct text others = {0};
	const struct registry *registry = hub->environment->registry;
	for (size_t i = 0; i < registry->member_count; i++) {
		const struct member *member = &registry->members[i];
		for (size_t j = 0; member->elsewhere && j < member->module->saga_count; j++)
			text_addf(&others, "%s'%s'", others.length ? ", " : " and name not in (",
				  member->module->sagas[j].name);
	}
	bool some = others.length > 0;
	if (some)
		text_add_byte(&others, ')');
	const char *left_out = some && !others.failed ? others.at : "";
	hub->peek = arena_format(&hub->arena, "select step" DUE, left_out);
	hub->next = arena_format(&hub->arena, NEXT, left_out);
	hub->take = arena_format(&hub->arena, COLUMNS "%s", left_out,
				 on_postgresql(hub) ? " for update skip locked" : "");
	return others.failed || hub->arena.failed ? fault_memory(fault) : ASH_OK;
}

/* Whether one is due; SQLite is looked at so, so that who finds nothing keeps no writer waiting. */
static ash_status peek(struct saga_hub *hub, struct store_session *session, bool *found,
		       struct fault *fault)
{
	struct store_rows *rows = NULL;
	ASH_TRY(STORE_QUERY(session, &rows, fault, hub->peek, ash_time(saga_now(hub))));
	*found = store_next(rows);
	return store_end(rows, fault);
}

/* When the next one is due, where that is before nobody looks by itself for longer. */
static ash_status find_next(struct saga_hub *hub, struct store_session *session, uint64_t *next,
			    struct fault *fault)
{
	struct store_rows *rows = NULL;
	int64_t now = saga_now(hub),
		until = now + (int64_t)hub->options.poll_ms * 1000 * WORKERS_IDLE_FACTOR;
	store_last(session);
	ASH_TRY(STORE_QUERY(session, &rows, fault, hub->next, ash_time(now), ash_time(until)));
	if (store_next(rows) && !store_is_null(rows, 0))
		*next = clock_monotonic() + (uint64_t)(store_get_time(rows, 0) - now) * 1000;
	return store_end(rows, fault);
}

static ash_status look_in_vain(struct saga_hub *hub, struct store_session *session,
			       struct workers_look *look, struct fault *fault)
{
	ASH_TRY(find_next(hub, session, &look->next, fault));
	return store_commit(session, fault);
}

static const char *keep_text(struct arena *arena, struct store_rows *rows, int column)
{
	return arena_str(arena, str_of(store_get_text(rows, column, NULL))).at;
}

static void read_taken(struct store_rows *rows, struct arena *arena, struct taken *out)
{
	size_t length = 0;
	const char *input = store_get_bytes(rows, 3, &length);
	*out = (struct taken){
		.name = keep_text(arena, rows, 0),
		.id = keep_text(arena, rows, 1),
		.trace = keep_text(arena, rows, 2),
		.input = arena_str(arena, (struct str){input, length}),
		.fence = store_get_int(rows, 4) + 1,
		.version = store_get_int(rows, 5),
		.hash = store_get_int(rows, 6),
		.state = (enum saga_state)store_get_int(rows, 7),
		.step = store_get_int(rows, 8),
		.attempts = store_get_int(rows, 9) + 1,
		.deadline_at = store_is_null(rows, 10) ? INT64_MAX : store_get_time(rows, 10),
		.canceled = store_get_int(rows, 11) != 0,
		.cause = keep_text(arena, rows, 12),
		.arena = arena,
	};
	out->knows_kept = out->state == SAGA_RUNNING && out->step == 0;
}

/* Marks the one that was read as taken. */
static ash_status mark(struct saga_hub *hub, struct store_session *session,
		       const struct taken *taken, int64_t at, struct fault *fault)
{
	return STORE_EXEC(session, NULL, fault,
			  "update ashlar_saga.saga set fence = $3, attempts = $4, lease_until = $5 "
			  "where name = $1 and id = $2",
			  ash_text(taken->name), ash_text(taken->id), ash_int(taken->fence),
			  ash_int(taken->attempts),
			  ash_time(at + (int64_t)hub->options.lease_ms * 1000));
}

/* Looks, on SQLite, whether one is due, in a transaction that keeps nobody waiting. */
static ash_status look_first(struct saga_hub *hub, struct workers_look *look, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	look->found = true;
	if (on_postgresql(hub))
		return ASH_OK;
	ASH_TRY(saga_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(peek(hub, session, &look->found, fault));
	return look->found ? store_commit(session, fault) : look_in_vain(hub, session, look, fault);
}

ash_status saga_take(struct saga_hub *hub, struct arena *arena, struct taken *out,
		     struct workers_look *look, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	ASH_TRY(look_first(hub, look, fault));
	if (!look->found)
		return ASH_OK;
	int64_t at = saga_now(hub);
	ASH_TRY(saga_begin(hub, STORE_WRITE, &session, fault));
	ASH_TRY(STORE_QUERY(session, &rows, fault, hub->take, ash_time(at)));
	look->found = store_next(rows);
	if (look->found)
		read_taken(rows, arena, out);
	ASH_TRY(store_end(rows, fault));
	if (arena->failed)
		return fault_memory(fault);
	if (!look->found)
		return look_in_vain(hub, session, look, fault);
	ASH_TRY(mark(hub, session, out, at, fault));
	FAULT_POINT("saga.marked");
	return store_commit(session, fault);
}

/* ---- moving ---- */

static ash_status refuse_lost(const struct taken *taken, struct fault *fault)
{
	return fault_set(fault, ASH_ABORTED,
			 "the lease on saga %s '%s' ran out, and another has taken it", taken->name,
			 taken->id);
}

static ash_status move_row(struct saga_hub *hub, struct store_session *session,
			   const struct taken *taken, const struct move *move, bool *canceled,
			   struct fault *fault)
{
	struct store_rows *rows = NULL;
	int64_t now = saga_now(hub);
	ASH_TRY(STORE_QUERY(
		session, &rows, fault,
		"update ashlar_saga.saga set state = $4, step = $5, attempts = $6, parked = $7, "
		"due_at = $8, lease_until = $9, status = coalesce($10, status), "
		"message = coalesce($11, message), ended_at = $12, cause = coalesce($15, cause) "
		"where name = $1 and id = $2 and "
		"fence = $3 and state = $13 and step = $14 returning canceled",
		ash_text(taken->name), ash_text(taken->id), ash_int(taken->fence),
		ash_int(move->state), ash_int(move->step), ash_int(move->attempts),
		ash_int(move->parked), ash_time(move->due_at),
		move->keeps ? ash_time(now + (int64_t)hub->options.lease_ms * 1000) : ash_null(),
		move->status == ASH_OK ? ash_null() : ash_text(ash_status_name(move->status)),
		move->message ? ash_text(move->message) : ash_null(),
		move->state >= SAGA_DONE ? ash_time(now) : ash_null(), ash_int(taken->state),
		ash_int(taken->step), move->turns ? ash_text(move->message) : ash_null()));
	bool there = store_next(rows);
	*canceled = there && store_get_int(rows, 0) != 0;
	ASH_TRY(store_end(rows, fault));
	return there ? ASH_OK : refuse_lost(taken, fault);
}

ash_status saga_move_in(struct saga_hub *hub, struct store_session *session,
			const struct taken *taken, const struct move *move, bool *canceled,
			struct fault *fault)
{
	unsigned before = store_speak(session, hub->module);
	ash_status status = move_row(hub, session, taken, move, canceled, fault);
	store_speak(session, before);
	FAULT_POINT("saga.moved");
	return status;
}

/* A worker looks when what waits is due. */
static void look_at(struct saga_hub *hub, int64_t due)
{
	int64_t wait = due - saga_now(hub);
	workers_look_at(&hub->workers, clock_monotonic() + (uint64_t)(wait > 0 ? wait : 0) * 1000);
}

ash_status saga_move(struct saga_hub *hub, struct taken *taken, const struct move *move,
		     struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	bool canceled;
	ASH_TRY(saga_begin(hub, STORE_WRITE, &session, fault));
	ASH_TRY(saga_move_in(hub, session, taken, move, &canceled, fault));
	ASH_TRY(store_commit(session, fault));
	taken->state = move->state;
	taken->step = move->step;
	taken->attempts = move->attempts;
	taken->canceled = canceled;
	if (!move->keeps && !move->parked && move->state < SAGA_DONE)
		look_at(hub, move->due_at);
	return ASH_OK;
}

ash_status saga_record_in(struct saga_hub *hub, struct store_session *session,
			  const struct taken *taken, const char *step, struct str kept,
			  struct fault *fault)
{
	unsigned before = store_speak(session, hub->module);
	ash_status status = STORE_EXEC(
		session, NULL, fault,
		"insert into ashlar_saga.step (name, id, step, title, kept, recorded_at, attempts) "
		"values ($1, $2, $3, $4, $5, $6, $7)",
		ash_text(taken->name), ash_text(taken->id), ash_int(taken->step), ash_text(step),
		kept.at ? ash_bytes(kept.at, kept.length) : ash_null(), ash_time(saga_now(hub)),
		ash_int(taken->attempts));
	store_speak(session, before);
	FAULT_POINT("saga.recorded");
	return status;
}

ash_status saga_record_undo_in(struct saga_hub *hub, struct store_session *session,
			       const struct taken *taken, struct fault *fault)
{
	unsigned before = store_speak(session, hub->module);
	ash_status status = STORE_EXEC(
		session, NULL, fault,
		"insert into ashlar_saga.undo (name, id, step, attempts, undone_at) values "
		"($1, $2, $3, $4, $5)",
		ash_text(taken->name), ash_text(taken->id), ash_int(taken->step - 1),
		ash_int(taken->attempts), ash_time(saga_now(hub)));
	store_speak(session, before);
	return status;
}

ash_status saga_read_kept(struct saga_hub *hub, struct taken *taken, struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	if (taken->knows_kept)
		return ASH_OK;
	ASH_TRY(saga_begin(hub, STORE_READ, &session, fault));
	ASH_TRY(STORE_QUERY(session, &rows, fault,
			    "select step, kept from ashlar_saga.step where name = $1 and id = $2",
			    ash_text(taken->name), ash_text(taken->id)));
	while (store_next(rows)) {
		size_t length = 0, step = (size_t)store_get_int(rows, 0);
		const char *bytes = store_get_bytes(rows, 1, &length);
		if (step < ASH_SAGA_STEP_LIMIT && !store_is_null(rows, 1))
			taken->kept[step] = arena_str(taken->arena, (struct str){bytes, length});
	}
	ASH_TRY(store_end(rows, fault));
	if (taken->arena->failed)
		return fault_memory(fault);
	taken->knows_kept = true;
	return store_commit(session, fault);
}

ash_status saga_beat(struct saga_hub *hub, const char *name, const char *id, int64_t fence,
		     struct fault *fault)
{
	_cleanup_(store_releasep) struct store_session *session = NULL;
	ASH_TRY(saga_begin(hub, STORE_WRITE, &session, fault));
	ASH_TRY(STORE_EXEC(session, NULL, fault,
			   "update ashlar_saga.saga set lease_until = $4 where name = $1 and "
			   "id = $2 and fence = $3 and lease_until is not null",
			   ash_text(name), ash_text(id), ash_int(fence),
			   ash_time(saga_now(hub) + (int64_t)hub->options.lease_ms * 1000)));
	return store_commit(session, fault);
}
