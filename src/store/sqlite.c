/* SPDX-License-Identifier: Apache-2.0 */
/* The store on one SQLite file. Knows SQLite. Invariants: one session writes at a time, the one
 * that has the turn; SQL of a module is only ever prepared with the authorizer looking. */
#include "sqlite.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

/* How often a statement looks at its deadline, in instructions of SQLite's machine. */
#define LOOK_EVERY 10000

/* Another process writes: how long to wait between looks, and at most without a deadline. */
#define FIRST_NAP    (50 * 1000L)
#define LONGEST_NAP  (5 * 1000 * 1000L)
#define LONGEST_BUSY (60 * 1000 * 1000 * 1000ULL)

/* How long a file that is just being changed to WAL is waited for. */
#define WAL_PATIENCE (5 * 1000 * 1000 * 1000ULL)

/* Bytes of what is told behind the words of SQLite. */
#define CLUE_SIZE 128

static ash_status status_of(int code)
{
	switch (code & 0xFF) {
	case SQLITE_NOMEM: return ASH_RESOURCE_EXHAUSTED;
	case SQLITE_AUTH:
	case SQLITE_PERM: return ASH_PERMISSION_DENIED;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return ASH_ABORTED;
	case SQLITE_INTERRUPT: return ASH_DEADLINE_EXCEEDED;
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY: return ASH_UNAVAILABLE;
	case SQLITE_TOOBIG: return ASH_OUT_OF_RANGE;
	case SQLITE_ERROR:
	case SQLITE_RANGE:
	case SQLITE_MISMATCH: return ASH_INVALID_ARGUMENT;
	default: return ASH_INTERNAL;
	}
}

static bool is_outage(int code)
{
	switch (code & 0xFF) {
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY: return true;
	default: return false;
	}
}

static ash_status constraint_status(int code)
{
	switch (code) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID: return ASH_ALREADY_EXISTS;
	case SQLITE_CONSTRAINT_DATATYPE: return ASH_INVALID_ARGUMENT;
	default: return ASH_FAILED_PRECONDITION;
	}
}

/* What SQLite's words do not say. */
static void find_clue(const struct sqlite_session *session, int code, ash_status status,
		      char out[CLUE_SIZE])
{
	bool asks = (code & 0xFF) == SQLITE_CANTOPEN || (code & 0xFF) == SQLITE_IOERR;
	int error = asks && session->db ? sqlite3_system_errno(session->db) : 0;
	const char *clue = status == ASH_DEADLINE_EXCEEDED ? "its time is over"
			   : (code & 0xFF) == SQLITE_FULL  ? "the disk is full"
			   : error == EMFILE ? "this process has too many open files: see ulimit -n"
			   : error           ? strerror(error)
					     : "";
	snprintf(out, CLUE_SIZE, *clue ? " (%s)" : "%s", clue);
}

ash_status sqlite_fault(struct sqlite_session *session, int code, const char *doing,
			struct fault *fault)
{
	ash_status status =
		(code & 0xFF) == SQLITE_CONSTRAINT ? constraint_status(code) : status_of(code);
	if (status == ASH_ABORTED && clock_monotonic() >= session->base.deadline)
		status = ASH_DEADLINE_EXCEEDED;
	const char *words = session->db ? sqlite3_errmsg(session->db) : sqlite3_errstr(code);
	if ((code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB)
		return sqlite_malformed(session, code, words, doing, fault);
	char clue[CLUE_SIZE];
	sqlite_note_failure(session->base.store, code);
	find_clue(session, code, status, clue);
	fault_set(fault, status, "SQLite: %s: %s%s", doing, words, clue);
	return is_outage(code) ? fault_outage(fault, status) : status;
}

/* SQLITE_OK also where there was nothing to do. Nobody looks at the deadline: SQLite asks once a
 * statement has run so many steps in all its runs, also when it is done, and then says that it was
 * interrupted, though the transaction is open, or committed. Who waits for a lock looks. */
static int control(struct sqlite_session *session, enum sqlite_control what)
{
	sqlite3_stmt *statement = session->control[what];
	session->base.trusted = true; /* after a change of the schema it is prepared once more */
	session->controls = true;
	int code = sqlite3_step(statement);
	sqlite3_reset(statement);
	session->base.trusted = session->controls = false;
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int busy(void *context, int count)
{
	struct sqlite_session *session = context;
	long nap = count < 8 ? FIRST_NAP << count : LONGEST_NAP;
	uint64_t deadline = session->base.deadline;
	if (deadline == STORE_NO_DEADLINE ? (uint64_t)count * LONGEST_NAP > LONGEST_BUSY
					  : clock_monotonic() >= deadline)
		return 0;
	store_wait(session->base.store, true);
	nanosleep(&(struct timespec){0, nap < LONGEST_NAP ? nap : LONGEST_NAP}, NULL);
	store_wait(session->base.store, false);
	return 1;
}

static int look_at_deadline(void *context)
{
	const struct sqlite_session *session = context;
	uint64_t deadline = session->base.deadline;
	return !session->controls && deadline != STORE_NO_DEADLINE && clock_monotonic() >= deadline;
}

ash_status sqlite_own(struct sqlite_session *session, const char *sql, struct fault *fault)
{
	session->base.trusted = true;
	int code = sqlite3_exec(session->db, sql, NULL, NULL, NULL);
	session->base.trusted = false;
	return code == SQLITE_OK ? ASH_OK : sqlite_fault(session, code, sql, fault);
}

/* A memory database of a name that no other store has, shared by this one's connections. */
static ash_status open_store(struct store *store, struct fault *fault)
{
	static atomic_uint memories;
	struct sqlite_shared *shared = mem_alloc(sizeof *shared);
	store->shared = shared;
	if (!shared)
		return fault_memory(fault);
	turn_init(&shared->turn);
	pthread_mutex_init(&shared->damage.lock, NULL);
	const char *path = store->location;
	_cleanup_(text_release) struct text uri = {0};
	if (!*path)
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "sqlite: needs a path: sqlite:data/shop.db");
	if (strcmp(path, ":memory:") == 0)
		text_addf(&uri, "file:/ashlar-%d-%u?vfs=memdb", (int)getpid(),
			  atomic_fetch_add(&memories, 1));
	else
		text_add(&uri, str_of(path));
	shared->uri = uri.failed ? NULL : take(uri.at);
	return shared->uri ? sqlite_look_at_start(store, fault) : fault_memory(fault);
}

static void close_store(struct store *store)
{
	struct sqlite_shared *shared = store->shared;
	if (!shared)
		return;
	sqlite_end_log(store);
	turn_release(&shared->turn);
	pthread_mutex_destroy(&shared->damage.lock);
	mem_free(shared->uri);
	mem_free(shared);
}

/* The log of a damaged file stays as it is: it may be what is left. */
static void disconnect(struct store_session *base)
{
	struct sqlite_session *session = sqlite_session(base);
	if (session->db && sqlite_refuse_damaged(base->store, NULL) != ASH_OK)
		sqlite3_db_config(session->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	session_release(base);
	for (int i = 0; i < CONTROL_COUNT; i++)
		sqlite3_finalize(session->control[i]);
	sqlite3_close(session->db);
	mem_free(session);
}

/* Who changes a new file to WAL has it alone for a moment, in which SQLite does not ask the busy
 * handler: several processes may start on it at once. */
static ash_status use_wal(struct sqlite_session *session, struct fault *fault)
{
	const struct timespec nap = {0, 5 * 1000 * 1000};
	uint64_t until = clock_monotonic() + WAL_PATIENCE;
	ash_status status;
	while ((status = sqlite_own(session, "pragma journal_mode = wal", fault)) != ASH_OK &&
	       (sqlite3_errcode(session->db) & 0xff) == SQLITE_BUSY && clock_monotonic() < until)
		nanosleep(&nap, NULL);
	return status;
}

static ash_status configure(struct sqlite_session *session, struct fault *fault)
{
	static const char *const CONTROLS[] = {"begin", "begin immediate", "commit", "rollback"};
	sqlite3 *db = session->db;
	const struct store *store = session->base.store;
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_handler(db, busy, session);
	sqlite3_progress_handler(db, LOOK_EVERY, look_at_deadline, session);
	sqlite3_set_authorizer(db, sqlite_authorize, session);
	sqlite_watch_log(session);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	int code = sqlite_add_functions(session);
	if (code != SQLITE_OK)
		return sqlite_fault(session, code, "adding functions", fault);
	ASH_TRY(use_wal(session, fault));
	ASH_TRY(sqlite_own(session,
			   store->relaxed ? "pragma synchronous = normal"
					  : "pragma synchronous = full",
			   fault));
	ASH_TRY(sqlite_own(session, "pragma foreign_keys = on; pragma temp_store = memory", fault));
	session->base.trusted = true;
	for (int i = 0; i < CONTROL_COUNT && code == SQLITE_OK; i++)
		code = sqlite3_prepare_v3(db, CONTROLS[i], -1, SQLITE_PREPARE_PERSISTENT,
					  &session->control[i], NULL);
	session->base.trusted = false;
	return code == SQLITE_OK ? ASH_OK : sqlite_fault(session, code, "preparing", fault);
}

static void disconnectp(struct sqlite_session **session)
{
	if (*session)
		disconnect(&(*session)->base);
}

static ash_status connect(struct store *store, uint64_t deadline, struct store_session **out,
			  struct fault *fault)
{
	(void)deadline; /* a file is opened at once */
	const struct sqlite_shared *shared = store->shared;
	_cleanup_(disconnectp) struct sqlite_session *session = mem_alloc(sizeof *session);
	if (!session)
		return fault_memory(fault);
	ASH_TRY(session_init(&session->base, store, fault));
	ASH_TRY(sqlite_refuse_moved(store, fault));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	if (str_starts(str_of(shared->uri), STR("file:/ashlar-")))
		flags |= SQLITE_OPEN_URI;
	int code = sqlite3_open_v2(shared->uri, &session->db, flags, store->vfs);
	if (code != SQLITE_OK)
		return sqlite_fault(session, code, shared->uri, fault);
	ASH_TRY(configure(session, fault));
	sqlite_note_place(store);
	*out = &take(session)->base;
	return ASH_OK;
}

static void give_turn(struct sqlite_session *session)
{
	struct sqlite_shared *shared = session->base.store->shared;
	if (session->has_turn)
		turn_give(&shared->turn);
	session->has_turn = false;
}

static ash_status take_turn(struct sqlite_session *session, struct fault *fault)
{
	struct sqlite_shared *shared = session->base.store->shared;
	session->has_turn = turn_try(&shared->turn);
	if (session->has_turn)
		return ASH_OK;
	store_wait(session->base.store, true);
	session->has_turn = turn_take(&shared->turn, session->base.deadline);
	store_wait(session->base.store, false);
	if (session->has_turn)
		return ASH_OK;
	return fault_set(fault, ASH_DEADLINE_EXCEEDED,
			 "other transactions wrote until the time of this one was over");
}

ash_status sqlite_begin(struct sqlite_session *session, struct fault *fault)
{
	bool writes = session->base.intent == STORE_WRITE;
	session->now = 0;
	if (writes) {
		ASH_TRY(sqlite_refuse_damaged(session->base.store, fault));
		ASH_TRY(sqlite_refuse_moved(session->base.store, fault));
		ASH_TRY(take_turn(session, fault));
	}
	int code = control(session, writes ? CONTROL_BEGIN_WRITE : CONTROL_BEGIN_READ);
	if (code != SQLITE_OK) {
		give_turn(session);
		return sqlite_fault(session, code, "begin", fault);
	}
	session->base.begun = true;
	return ASH_OK;
}

static ash_status prepare(struct store_session *base, struct statement *statement,
			  struct fault *fault)
{
	struct sqlite_session *session = sqlite_session(base);
	sqlite3_stmt *handle = NULL;
	const struct text *text = &statement->spelled.text;
	session->refused[0] = '\0';
	int code = sqlite3_prepare_v3(session->db, text->at, (int)text->length + 1,
				      SQLITE_PREPARE_PERSISTENT, &handle, NULL);
	statement->handle = handle;
	if (code == SQLITE_AUTH || (code == SQLITE_ERROR && session->refused[0]))
		return sqlite_refusal(session, fault);
	if (code != SQLITE_OK)
		return sqlite_fault(session, code, statement->sql, fault);
	statement->rows.columns = sqlite3_column_count(handle);
	text_release(&statement->spelled.text);
	return ASH_OK;
}

static void finalize(struct statement *statement)
{
	sqlite3_finalize(statement->handle);
}

static int bind(sqlite3_stmt *handle, int index, const ash_value *value)
{
	switch (value->type) {
	case ASH_TYPE_NULL: return sqlite3_bind_null(handle, index);
	case ASH_TYPE_BOOL: return sqlite3_bind_int(handle, index, value->boolean);
	case ASH_TYPE_INT:
	case ASH_TYPE_TIME: return sqlite3_bind_int64(handle, index, value->integer);
	case ASH_TYPE_REAL: return sqlite3_bind_double(handle, index, value->real);
	case ASH_TYPE_TEXT:
		return sqlite3_bind_text64(handle, index, value->bytes.at ? value->bytes.at : "",
					   value->bytes.length, SQLITE_STATIC, SQLITE_UTF8);
	case ASH_TYPE_BYTES:
		return value->bytes.length ? sqlite3_bind_blob64(handle, index, value->bytes.at,
								 value->bytes.length, SQLITE_STATIC)
					   : sqlite3_bind_zeroblob(handle, index, 0);
	}
	return SQLITE_MISUSE;
}

static ash_status bind_all(struct sqlite_session *session, sqlite3_stmt *handle,
			   const ash_value *values, size_t count, struct fault *fault)
{
	for (size_t i = 0; i < count; i++) {
		int code = bind(handle, (int)i + 1, &values[i]);
		if (code != SQLITE_OK)
			return sqlite_fault(session, code, "a value", fault);
	}
	return ASH_OK;
}

/* A disk that fails or a full one makes SQLite roll back by itself. */
static ash_status step_failed(struct sqlite_session *session, struct statement *statement, int code,
			      struct fault *fault)
{
	ash_status status = sqlite_fault(session, code, statement->sql, fault);
	sqlite3_reset(statement->handle);
	return status;
}

static ash_status run(struct store_session *base, struct statement *statement,
		      const ash_value *values, size_t count, int64_t *affected, struct fault *fault)
{
	struct sqlite_session *session = sqlite_session(base);
	sqlite3_stmt *handle = statement->handle;
	if (!base->begun)
		ASH_TRY(sqlite_begin(session, fault));
	ASH_TRY(bind_all(session, handle, values, count, fault));
	int64_t before = affected ? sqlite3_total_changes64(session->db) : 0;
	int code = sqlite3_step(handle);
	while (affected && code == SQLITE_ROW)
		code = sqlite3_step(handle);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return step_failed(session, statement, code, fault);
	if (affected) {
		*affected = sqlite3_total_changes64(session->db) - before;
		sqlite3_reset(handle);
	} else {
		statement->rows.fresh = true;
		statement->rows.row = code == SQLITE_ROW;
	}
	return ASH_OK;
}

/* `rows->row` is whether the machine stands at a row. */
static bool next(struct store_rows *rows)
{
	if (rows->fresh) {
		rows->fresh = false;
		return rows->row;
	}
	if (!rows->row)
		return false;
	int code = sqlite3_step(rows->statement->handle);
	rows->row = code == SQLITE_ROW;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		rows->status = sqlite_fault(sqlite_session(rows->session), code,
					    rows->statement->sql, &rows->session->fault);
	return rows->row;
}

static ash_value cell(const struct store_rows *rows, int column)
{
	sqlite3_stmt *handle = rows->statement->handle;
	switch (sqlite3_column_type(handle, column)) {
	case SQLITE_INTEGER: return ash_int(sqlite3_column_int64(handle, column));
	case SQLITE_FLOAT: return ash_real(sqlite3_column_double(handle, column));
	case SQLITE_TEXT: {
		const char *text = (const char *)sqlite3_column_text(handle, column);
		return ash_text_n(text, (size_t)sqlite3_column_bytes(handle, column));
	}
	case SQLITE_BLOB: {
		const void *blob = sqlite3_column_blob(handle, column);
		size_t length = (size_t)sqlite3_column_bytes(handle, column);
		return ash_bytes(blob ? blob : "", length);
	}
	default: return ash_null();
	}
}

static const char *column_name(const struct store_rows *rows, int column)
{
	const char *name = sqlite3_column_name(rows->statement->handle, column);
	return name ? name : "";
}

/* Values are not cleared: they are bound again before the next run. */
static void finish(struct store_rows *rows)
{
	sqlite3_reset(rows->statement->handle);
}

static void rollback(struct store_session *base)
{
	struct sqlite_session *session = sqlite_session(base);
	if (!sqlite3_get_autocommit(session->db) &&
	    control(session, CONTROL_ROLLBACK) != SQLITE_OK && !sqlite3_get_autocommit(session->db))
		base->broken = true;
	give_turn(session);
}

static ash_status commit(struct store_session *base, struct fault *fault)
{
	struct sqlite_session *session = sqlite_session(base);
	store_wait(base->store, true);
	int code = control(session, CONTROL_COMMIT);
	if (code == SQLITE_OK)
		sqlite_copy_log(session);
	store_wait(base->store, false);
	ash_status status = ASH_OK;
	if (code != SQLITE_OK) {
		status = sqlite_fault(session, code, "commit", fault);
		/* The pages were written but may not have reached the disk. */
		if (code == SQLITE_IOERR_FSYNC)
			status = fault_outage(fault,
					      fault_set(fault, ASH_UNKNOWN,
							"SQLite: commit: the disk did not answer"));
		rollback(base);
	}
	give_turn(session);
	return status;
}

static ash_status savepoint(struct store_session *base, enum savepoint_step step, unsigned depth,
			    struct fault *fault)
{
	static const char *const SQL[] = {
		[SAVEPOINT_SET] = "savepoint ashlar_%u",
		[SAVEPOINT_RESTORE] = "rollback to ashlar_%u; release ashlar_%u",
		[SAVEPOINT_KEEP] = "release ashlar_%u",
	};
	struct sqlite_session *session = sqlite_session(base);
	char sql[80];
	if (!base->begun)
		ASH_TRY(sqlite_begin(session, fault));
	if (sqlite3_get_autocommit(session->db))
		return fault_set(fault, ASH_ABORTED,
				 "SQLite has rolled the transaction back already");
	snprintf(sql, sizeof sql, SQL[step], depth, depth);
	return sqlite_own(session, sql, fault);
}

static ash_status ping(struct store_session *base, struct fault *fault)
{
	ASH_TRY(sqlite_refuse_damaged(base->store, fault));
	ASH_TRY(sqlite_refuse_moved(base->store, fault));
	ASH_TRY(sqlite_find_room(base->store, fault));
	return sqlite_own(sqlite_session(base), "select count(*) from sqlite_schema", fault);
}

const struct engine engine_sqlite = {
	.name = "sqlite",
	.dialect = DIALECT_SQLITE,
	.open = open_store,
	.close = close_store,
	.connect = connect,
	.disconnect = disconnect,
	.prepare = prepare,
	.finalize = finalize,
	.run = run,
	.next = next,
	.cell = cell,
	.column_name = column_name,
	.finish = finish,
	.commit = commit,
	.rollback = rollback,
	.savepoint = savepoint,
	.can_watch = sqlite_can_watch,
	.watch = sqlite_watch,
	.ping = ping,
	.migrate = &sqlite_migrator,
};
