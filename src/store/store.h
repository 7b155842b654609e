/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ashlar/status.h>
#include <ashlar/value.h>

#include "base/fault.h"

/* The data of all modules, in one SQLite file or one PostgreSQL database, with a wall between
 * the modules that the database itself holds (docs/internals/store.md). SQL is written once
 * (docs/sql.md). A store serves all threads; a session is one connection and serves one. */
struct store;
struct store_session;
struct store_rows;

#define STORE_SQL_LIMIT       (64 << 10) /* bytes of one statement */
#define STORE_MIGRATION_LIMIT (1 << 20)  /* bytes of one migration */
#define STORE_VALUE_LIMIT     64         /* values of one statement; ASH_VALUE_LIMIT */
#define STORE_STATEMENT_LIMIT 256        /* prepared statements that a session keeps */
#define STORE_RESULT_LIMIT    (64 << 20) /* bytes of rows that are kept for the caller */
#define STORE_SAVEPOINT_LIMIT 8          /* savepoints inside one another */
#define STORE_MODULE_LIMIT    1024       /* modules of one store */
#define STORE_APPLIED_LIMIT   (1 << 16)  /* migrations that ran on one database */
#define STORE_SESSION_LIMIT   1000       /* connections of one store */

/* No time at which to give up. */
#define STORE_NO_DEADLINE UINT64_MAX

/* One step of a module's schema. */
struct store_migration {
	const char *name; /* of its file: "0001_charge.sql"; they run in the order of their names */
	const char *sql;
};

struct store_module {
	const char *name;
	const char *const *schemas; /* that it owns, NULL at the end; or NULL: none */
	const struct store_migration *migrations;
	size_t migration_count;
	bool elsewhere; /* another process runs its migrations; here they are left alone */
	/* For the runtime's own modules: on PostgreSQL their statements (not their migrations) are
	 * sent as they are, so that they can say what only PostgreSQL knows; store_engine() tells
	 * which one it is. The module's role holds them back, nothing else does. */
	bool native;
};

struct store_options {
	/* "sqlite:PATH", "sqlite::memory:", or a URL "postgresql://..." as libpq takes it. */
	const char *location;
	/* What the data belongs to. A module is known by its index from here on. */
	const struct store_module *modules;
	size_t module_count;
	/* Connections at once, at most; 0 means 16. */
	unsigned connections;
	/* Called with true before what may wait for the network, the disk or another thread, and
	 * with false after it, on the same thread. May be NULL. */
	void (*blocking)(bool begin);
	/* On PostgreSQL the role of a module is this and its name; NULL means "ashlar_". */
	const char *role_prefix;
	/* On SQLite do not wait for the disk at each commit: after a power cut the last ones may be
	 * gone, in their order. */
	bool relaxed;
	/* SQLite's file system layer, by name; NULL means the default one. For tests. */
	const char *vfs;
};

/* Opens the store, makes one connection and keeps it. All that `options` points to is copied,
 * except the migrations, which must live as long as the store. Errors: ASH_INVALID_ARGUMENT (the
 * location, two owners of one schema, a name that cannot be a role), ASH_FAILED_PRECONDITION
 * (PostgreSQL: the login is a superuser, so no wall would hold), ASH_DATA_LOSS (SQLite: the file is
 * damaged, or no database), ASH_UNAVAILABLE, ASH_RESOURCE_EXHAUSTED. */
ash_status store_open(struct store **out, const struct store_options *options,
		      struct fault *fault) ASH_MUST_CHECK;

/* Whether a module may own a schema of that name: of small letters, digits and '_', no word of SQL,
 * and none that a database keeps for itself. */
bool store_takes_schema(const char *name);

/* Closes all connections. No session may be out, and no bell open. Takes NULL. */
void store_free(struct store *store);

/* "sqlite" or "postgresql". */
const char *store_engine(const struct store *store);

/* How store_migrate() goes about it. */
struct store_migration_options {
	/* Only tell what would run. */
	bool dry_run;
	/* How long to wait for another migrator, in nanoseconds; 0: as long as for a lock. */
	uint64_t patience;
	/* How long to wait for a lock of a table, in nanoseconds; 0 means 5 seconds. */
	uint64_t lock_timeout;
	/* Called where it has to wait for another migrator, with who that is; may be NULL. */
	void (*wait)(void *context, const char *who);
	/* Called for each migration that ran, or would; may be NULL. */
	void (*tell)(void *context, const char *module, const char *migration);
	void *context;
};

/* Brings the schema of all modules to their last migration: in the order of the modules, and
 * within one by name, each in a transaction of its own. Of all processes one does it at a time.
 * On PostgreSQL it makes the roles and schemas too, so the login needs CREATEROLE and CREATE on
 * the database. Stops at the first failure, with what ran before kept: "billing 0002_x.sql:7:
 * ...". Errors: ASH_FAILED_PRECONDITION (one that ran was changed, is missing, or a new one comes
 * before it), ASH_PERMISSION_DENIED (it touches another module's data), ASH_INVALID_ARGUMENT,
 * ASH_DEADLINE_EXCEEDED (a lock), ASH_RESOURCE_EXHAUSTED (more than STORE_APPLIED_LIMIT ran), and
 * those of store_exec(). */
ash_status store_migrate(struct store *store, const struct store_migration_options *options,
			 struct fault *fault) ASH_MUST_CHECK;

/* Asks the database for an answer, over a connection of the pool, within `timeout` nanoseconds.
 * Errors: ASH_UNAVAILABLE, with what the database or the network says; ASH_DATA_LOSS, from then on,
 * after a statement has found SQLite's file damaged. */
ash_status store_health(struct store *store, uint64_t timeout, struct fault *fault) ASH_MUST_CHECK;

/* How many connections are open, and how many of these a thread holds now. */
void store_connections(struct store *store, unsigned *open, unsigned *busy);

/* Takes a connection out of the pool, or makes one; waits while all are out, until `deadline`
 * (of clock_monotonic(), or STORE_NO_DEADLINE), which also bounds all that is done over it.
 * Errors: ASH_UNAVAILABLE (no connection can be made; asked again too soon after that, it answers
 * at once), ASH_DEADLINE_EXCEEDED (all are out). */
ash_status store_acquire(struct store *store, uint64_t deadline, struct store_session **out,
			 struct fault *fault) ASH_MUST_CHECK;

/* Gives it back; an open transaction is rolled back. Takes NULL. */
void store_release(struct store_session *session);

/* store_release() for _cleanup_. */
void store_releasep(struct store_session **session);

/* Sets another deadline for what is done from now on. */
void store_set_deadline(struct store_session *session, uint64_t deadline);

/* What a transaction is for. One that reads never waits for one that writes; a statement that
 * writes fails in it with ASH_FAILED_PRECONDITION. */
enum store_intent { STORE_READ, STORE_WRITE };

/* Starts a transaction in which `module` speaks; the database hears of it with the first
 * statement. Errors: ASH_FAILED_PRECONDITION (there is an open one, or the module owns no
 * schema). */
ash_status store_begin(struct store_session *session, unsigned module, enum store_intent intent,
		       struct fault *fault) ASH_MUST_CHECK;

/* A connection over which a transaction is begun; nothing is kept of one that cannot be begun.
 * Errors: as store_acquire() and store_begin(). */
ash_status store_acquire_begun(struct store *store, uint64_t deadline, unsigned module,
			       enum store_intent intent, struct store_session **out,
			       struct fault *fault) ASH_MUST_CHECK;

/* Whether the session is in a transaction. */
bool store_in_transaction(const struct store_session *session);

/* From now on `module` speaks in the open transaction; returns which one did before, to be set
 * again by the caller. Where there is no such module, statements fail with
 * ASH_FAILED_PRECONDITION until another speaks. */
unsigned store_speak(struct store_session *session, unsigned module);

/* Ends the transaction; closes rows that are open. ASH_OK: all of it lasts. ASH_UNKNOWN: the
 * connection was lost while committing. Anything else: nothing of it lasts; ASH_ABORTED: a
 * conflict with another transaction, or a statement had failed. */
ash_status store_commit(struct store_session *session, struct fault *fault) ASH_MUST_CHECK;

/* Takes all of it back. Fine outside a transaction. */
void store_rollback(struct store_session *session);

/* Marks a point that can be returned to. Errors: ASH_RESOURCE_EXHAUSTED (more than
 * STORE_SAVEPOINT_LIMIT), and those of store_exec(). */
ash_status store_save(struct store_session *session, struct fault *fault) ASH_MUST_CHECK;

/* Takes back what was done since the last store_save(), also where a statement failed, and
 * forgets the point. Closes rows that are open. Errors: ASH_UNAVAILABLE. */
ash_status store_restore(struct store_session *session, struct fault *fault) ASH_MUST_CHECK;

/* Forgets the last store_save() and keeps what was done. Errors: as store_exec(). */
ash_status store_keep(struct store_session *session, struct fault *fault) ASH_MUST_CHECK;

/* Runs a statement for its effect. `*affected` (which may be NULL) are the rows that it inserted,
 * updated or deleted. A statement that fails spoils the transaction: all that follows fails with
 * ASH_ABORTED until store_restore() or the end. Errors: ASH_PERMISSION_DENIED (another module's
 * data, named with its owner, or a statement that is not for modules), ASH_INVALID_ARGUMENT (no
 * valid SQL for both databases, a wrong number or type of values), ASH_ALREADY_EXISTS (unique),
 * ASH_FAILED_PRECONDITION (another constraint, or it writes in a transaction that reads),
 * ASH_OUT_OF_RANGE (a number that does not fit), ASH_ABORTED (serialization, deadlock),
 * ASH_DEADLINE_EXCEEDED, ASH_RESOURCE_EXHAUSTED (memory, disk), ASH_UNAVAILABLE, ASH_DATA_LOSS
 * (damaged data: on SQLite nothing is written from then on, while reads of what is whole go on),
 * ASH_INTERNAL. */
ash_status store_exec(struct store_session *session, const char *sql, const ash_value *values,
		      size_t count, int64_t *affected, struct fault *fault) ASH_MUST_CHECK;

/* As store_exec(), for a statement whose failure may be told by a later call, at the latest by
 * store_commit(): on PostgreSQL it goes out with that one and costs no round trip. */
ash_status store_send(struct store_session *session, const char *sql, const ash_value *values,
		      size_t count, struct fault *fault) ASH_MUST_CHECK;

/* The next statement is the transaction's last: on PostgreSQL the commit goes out with it, if it
 * does not fail, and store_commit() only tells what came of it. Nothing is tried again over a new
 * connection then. The rows of such a query are kept whole: it needs a `limit`. */
void store_last(struct store_session *session);

/* Runs a query. The rows belong to the session until store_end(). Errors as store_exec(). */
ash_status store_query(struct store_session *session, const char *sql, const ash_value *values,
		       size_t count, struct store_rows **out, struct fault *fault) ASH_MUST_CHECK;

/* Both with their values one by one, of which there is at least one. */
#define STORE_EXEC(session, affected, fault, sql, ...)                                             \
	store_exec((session), (sql), (const ash_value[]){__VA_ARGS__},                             \
		   sizeof((const ash_value[]){__VA_ARGS__}) / sizeof(ash_value), (affected),       \
		   (fault))
#define STORE_QUERY(session, out, fault, sql, ...)                                                 \
	store_query((session), (sql), (const ash_value[]){__VA_ARGS__},                            \
		    sizeof((const ash_value[]){__VA_ARGS__}) / sizeof(ash_value), (out), (fault))

/* Goes to the next row, at first to the first; false at the end and on an error. Rows are read as
 * they are asked for. On PostgreSQL what is left of them is received and kept when another
 * statement runs in between: at most STORE_RESULT_LIMIT bytes, else the rows fail with
 * ASH_RESOURCE_EXHAUSTED; and closed early, the rest is received and forgotten. */
bool store_next(struct store_rows *rows);

/* Closes the rows and says whether all were read without an error: those of store_exec(), and
 * ASH_INVALID_ARGUMENT (a column that is not there, or does not convert). Takes NULL. */
ash_status store_end(struct store_rows *rows, struct fault *fault);

/* How many columns the rows have, and the name of one ("" where there is none such). */
int store_columns(const struct store_rows *rows);
const char *store_column_name(const struct store_rows *rows, int column);

/* The value of a column, from 0, of the current row, as the database gives it: on SQLite booleans
 * and times are integers. Bytes and texts are not copied: they are valid until store_next(). */
ash_value store_get(const struct store_rows *rows, int column);

/* The same, as one type: converted where that loses nothing, else the zero of the type, and
 * store_end() fails. NULL is the zero of the type. A text is NUL-terminated, and never NULL.
 * `length` may be NULL. */
bool store_is_null(const struct store_rows *rows, int column);
bool store_get_bool(struct store_rows *rows, int column);
int64_t store_get_int(struct store_rows *rows, int column);
double store_get_real(struct store_rows *rows, int column);
const char *store_get_text(struct store_rows *rows, int column, size_t *length);
const void *store_get_bytes(struct store_rows *rows, int column, size_t *length);
int64_t store_get_time(struct store_rows *rows, int column);

/* ---- the bell ---- */

/* Tells other processes on the same data that there is something to look for, and hears it of them.
 * A hint: it may come late, or not at all while the database cannot be reached, and more often than
 * asked for; so whoever waits looks by itself now and then. A ring is about something, each a bit
 * of a word, whose meaning the processes share. */
struct store_bell;

/* About all there is. */
#define STORE_BELL_ALL UINT64_MAX

/* Listens until store_bell_close(): calls `rung`, on a thread that all bells of the store share,
 * after another process has rung about something of `listens`, at the start, and when the database
 * gets out of reach, and after that. `rung` must not wait for long, nor close a bell. On PostgreSQL
 * within milliseconds, over one more connection for all bells; on SQLite, mostly within 20 ms,
 * after each commit of another connection, whatever it is about. `rung` may be NULL: it only rings
 * then. Errors: ASH_RESOURCE_EXHAUSTED. */
ash_status store_bell_open(struct store *store, uint64_t listens, void (*rung)(void *context),
			   void *context, struct store_bell **out,
			   struct fault *fault) ASH_MUST_CHECK;

/* Rings for the other processes, after a commit; never waits, and rings once for all that ask
 * within two milliseconds. Nothing to do on SQLite. */
void store_bell_ring(struct store_bell *bell, uint64_t about);

/* Whether rings of other processes are heard, as far as is known: false while the connection that
 * hears them is being made, and where the file cannot be looked at. Any thread. */
bool store_bell_works(const struct store_bell *bell);

/* Frees it; when this returns `rung` is not called any more. What it was asked to ring is rung, at
 * the latest by store_free(). Takes NULL. */
void store_bell_close(struct store_bell *bell);

#endif
