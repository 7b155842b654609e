/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations on SQLite: the table of those that ran, and what is looked at after each. Knows
 * SQLite's own tables. */
#include "sqlite.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/text.h"

/* Notes that a row is there. */
static ash_status note(void *context, const char *const *row, struct fault *fault)
{
	(void)row;
	(void)fault;
	*(bool *)context = true;
	return ASH_OK;
}

/* Whoever migrates writes. */
static ash_status await_writer(struct sqlite_session *session, uint64_t patience,
			       struct fault *fault)
{
	session->base.deadline = clock_monotonic() + patience;
	session->base.intent = STORE_WRITE;
	ash_status status = sqlite_begin(session, fault);
	if (status != ASH_OK)
		return status;
	session->base.store->engine->rollback(&session->base);
	session->base.begun = false;
	return ASH_OK;
}

static ash_status open_migrator(struct store_session *base, uint64_t patience,
				uint64_t lock_timeout, bool dry_run, struct fault *fault)
{
	struct sqlite_session *session = sqlite_session(base);
	session->lock_timeout = lock_timeout;
	if (dry_run)
		return ASH_OK;
	ASH_TRY(await_writer(session, patience, fault));
	base->deadline = clock_monotonic() + lock_timeout;
	return sqlite_own(
		session,
		"create table if not exists \"" WALL_OWN ".migration\" (module text not null, "
		"name text not null, checksum text not null, applied_at integer not null, "
		"primary key (module, name)) strict",
		fault);
}

/* Where the writer of a database in WAL mode puts its lock into the file of its shared memory. */
#define WRITE_LOCK_BYTE 120

static bool find_holder(struct store_session *base, char *out, size_t size)
{
	_cleanup_(text_release) struct text path = {0};
	text_addf(&path, "%s-shm", base->store->location);
	return !path.failed && process_with_lock(path.at, WRITE_LOCK_BYTE, out, size);
}

static void close_migrator(struct store_session *base)
{
	(void)base;
}

static ash_status begin_migration(struct store_session *base, unsigned module, struct fault *fault)
{
	base->module = module;
	base->intent = STORE_WRITE;
	base->open = true;
	base->begun = false;
	base->deadline = clock_monotonic() + sqlite_session(base)->lock_timeout;
	ASH_TRY(sqlite_begin(sqlite_session(base), fault));
	/* Nobody else writes now, so what it takes is its own. */
	base->deadline = STORE_NO_DEADLINE;
	return ASH_OK;
}

static ash_status run_statement(struct store_session *base, const struct spelled *spelled,
				struct fault *fault)
{
	struct sqlite_session *session = sqlite_session(base);
	session->refused[0] = '\0';
	base->schema = true;
	int code = sqlite3_exec(session->db, spelled->text.at, NULL, NULL, NULL);
	base->schema = false;
	if (code == SQLITE_AUTH || (code == SQLITE_ERROR && session->refused[0]))
		return sqlite_refusal(session, fault);
	return code == SQLITE_OK ? ASH_OK : sqlite_fault(session, code, "a migration", fault);
}

/* Runs a query of the store's own, with texts as values; `each` may be NULL. */
static ash_status own_query(struct sqlite_session *session, const char *sql,
			    const char *const *values,
			    ash_status (*each)(void *, const char *const *, struct fault *),
			    void *context, struct fault *fault)
{
	sqlite3_stmt *statement = NULL;
	session->base.trusted = true;
	int code = sqlite3_prepare_v2(session->db, sql, -1, &statement, NULL);
	for (int i = 0; code == SQLITE_OK && values && values[i]; i++)
		code = sqlite3_bind_text(statement, i + 1, values[i], -1, SQLITE_STATIC);
	ash_status status = ASH_OK;
	while (code == SQLITE_OK && status == ASH_OK && sqlite3_step(statement) == SQLITE_ROW) {
		const char *row[4] = {0};
		for (int i = 0; i < sqlite3_column_count(statement) && i < 4; i++)
			row[i] = (const char *)sqlite3_column_text(statement, i);
		if (each)
			status = each(context, row, fault);
	}
	int end = sqlite3_finalize(statement);
	session->base.trusted = false;
	if (code == SQLITE_OK)
		code = end;
	return status == ASH_OK && code != SQLITE_OK ? sqlite_fault(session, code, sql, fault)
						     : status;
}

static ash_status read_applied(struct store_session *base,
			       ash_status (*each)(void *, const char *const *, struct fault *),
			       void *context, struct fault *fault)
{
	struct sqlite_session *session = sqlite_session(base);
	bool there = false;
	ASH_TRY(own_query(session,
			  "select name from sqlite_schema where name = '" WALL_OWN ".migration'",
			  NULL, note, &there, fault));
	if (!there)
		return ASH_OK;
	return own_query(session,
			 "select module, name, checksum from \"" WALL_OWN
			 ".migration\" order by 1, 2",
			 NULL, each, context, fault);
}

static ash_status record(struct store_session *base, const char *const *values, struct fault *fault)
{
	return own_query(sqlite_session(base),
			 "insert into \"" WALL_OWN ".migration\" values (?1, ?2, ?3, now())",
			 values, NULL, NULL, fault);
}

/* A table of the module and the one that a foreign key of it means. */
static ash_status look_at_key(void *context, const char *const *row, struct fault *fault)
{
	const struct store_session *base = context;
	return wall_inspect(&base->store->wall, base->module, row[0], row[1], fault);
}

/* A trigger, and a view, which is prepared as the module would do it. */
static ash_status look_at_object(void *context, const char *const *row, struct fault *fault)
{
	struct store_session *base = context;
	struct sqlite_session *session = sqlite_session(base);
	struct str table = str_of(row[1]);
	ptrdiff_t dot = str_find(table, '.');
	if (!wall_allows(&base->store->wall, base->module,
			 str_first(table, dot < 0 ? 0 : (size_t)dot)))
		return ASH_OK;
	if (row[0] && strcmp(row[0], "trigger") == 0)
		return fault_set(fault, ASH_PERMISSION_DENIED, "there is a trigger on %s", row[1]);
	char *sql = sqlite3_mprintf("select 1 from \"%w\" limit 0", row[1]);
	sqlite3_stmt *statement = NULL;
	session->refused[0] = '\0';
	base->trusted = false;
	int code = sql ? sqlite3_prepare_v2(session->db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
	base->trusted = true;
	sqlite3_free(sql);
	sqlite3_finalize(statement);
	if (code == SQLITE_AUTH || session->refused[0])
		return sqlite_refusal(session, fault);
	return code == SQLITE_OK ? ASH_OK : sqlite_fault(session, code, row[1], fault);
}

static ash_status inspect(struct store_session *base, struct fault *fault)
{
	struct sqlite_session *session = sqlite_session(base);
	ASH_TRY(own_query(session,
			  "select s.name, k.\"table\" from sqlite_schema s, "
			  "pragma_foreign_key_list(s.name) k where s.type = 'table'",
			  NULL, look_at_key, base, fault));
	return own_query(
		session,
		"select type, tbl_name from sqlite_schema where type in ('trigger', 'view')", NULL,
		look_at_object, base, fault);
}

const struct migrator sqlite_migrator = {
	.open = open_migrator,
	.holder = find_holder,
	.close = close_migrator,
	.applied = read_applied,
	.begin = begin_migration,
	.statement = run_statement,
	.inspect = inspect,
	.record = record,
};
