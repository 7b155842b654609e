/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include <pthread.h>

#include "base/map.h"
#include "spell.h"
#include "store.h"

/* What the two databases are behind: private to this folder. store.c holds the pool, session.c
 * transactions and statements, rows.c values; an engine does the rest by this table. */

struct statement;
struct bell_line;

enum savepoint_step { SAVEPOINT_SET, SAVEPOINT_RESTORE, SAVEPOINT_KEEP };

/* What migrations need of an engine; over one session, which is given back at the end. */
struct migrator {
	/* Waits until no other process migrates, at most `patience` nanoseconds, and makes what all
	 * modules need; a lock is waited for `lock_timeout` nanoseconds from then on. A dry run
	 * changes nothing and waits for nobody. May be called again after
	 * ASH_DEADLINE_EXCEEDED: another process migrates. */
	ash_status (*open)(struct store_session *session, uint64_t patience, uint64_t lock_timeout,
			   bool dry_run, struct fault *fault);
	/* Who has what open() waits for. False: it cannot be told. */
	bool (*holder)(struct store_session *session, char *out, size_t size);
	void (*close)(struct store_session *session);
	/* Calls `each` with module, name and checksum of every migration that ran. */
	ash_status (*applied)(struct store_session *session,
			      ash_status (*each)(void *, const char *const *, struct fault *),
			      void *context, struct fault *fault);
	/* Starts a transaction for `module`; ended by commit() or rollback() of the engine. */
	ash_status (*begin)(struct store_session *session, unsigned module, struct fault *fault);
	ash_status (*statement)(struct store_session *session, const struct spelled *spelled,
				struct fault *fault);
	/* Finds what a module's tables have to do with those of others. */
	ash_status (*inspect)(struct store_session *session, struct fault *fault);
	/* Writes down module, name and checksum. */
	ash_status (*record)(struct store_session *session, const char *const *values,
			     struct fault *fault);
};

struct engine {
	const char *name;
	enum dialect dialect;
	/* Reads the location, makes what all sessions share as store->shared. */
	ash_status (*open)(struct store *store, struct fault *fault);
	void (*close)(struct store *store);
	/* Makes a connection, for which it waits until the deadline at most. The session is the
	 * engine's own struct with store_session first. */
	ash_status (*connect)(struct store *store, uint64_t deadline, struct store_session **out,
			      struct fault *fault);
	void (*disconnect)(struct store_session *session);
	/* Prepares a statement that was spelled, for values of these types. */
	ash_status (*prepare)(struct store_session *session, struct statement *statement,
			      struct fault *fault);
	void (*finalize)(struct statement *statement);
	/* Runs it: starts the transaction before that if it has not begun; leaves the rows before
	 * the first. `affected` may be NULL; when it is not, no row is looked at. */
	ash_status (*run)(struct store_session *session, struct statement *statement,
			  const ash_value *values, size_t count, int64_t *affected,
			  struct fault *fault);
	/* As run(), for its effect only; what is wrong with it may be told by the next call of
	 * run(), commit() or savepoint(). NULL: run() does. */
	ash_status (*send)(struct store_session *session, struct statement *statement,
			   const ash_value *values, size_t count, struct fault *fault);
	/* Goes to the next row; false at the end, or with rows->status set. */
	bool (*next)(struct store_rows *rows);
	ash_value (*cell)(const struct store_rows *rows, int column);
	const char *(*column_name)(const struct store_rows *rows, int column);
	/* Forgets the rows; the statement can run again. */
	void (*finish)(struct store_rows *rows);
	/* Both end a transaction that has begun. */
	ash_status (*commit)(struct store_session *session, struct fault *fault);
	void (*rollback)(struct store_session *session);
	/* In a transaction that has begun, but for SAVEPOINT_SET. */
	ash_status (*savepoint)(struct store_session *session, enum savepoint_step step,
				unsigned depth, struct fault *fault);
	/* The bell: whether there is anything to watch for who only rings, or listens; and what its
	 * thread does until bell_wait() says that it is to end. */
	bool (*can_watch)(const struct store *store, bool listens);
	void (*watch)(struct bell_line *line);
	/* Asks the database for an answer. */
	ash_status (*ping)(struct store_session *session, struct fault *fault);
	const struct migrator *migrate;
};

extern const struct engine engine_sqlite;
extern const struct engine engine_postgres;
extern const struct migrator sqlite_migrator;
extern const struct migrator postgres_migrator;

struct store_rows {
	struct store_session *session;
	struct statement *statement;
	struct store_rows *next_open; /* of the session */
	int columns;
	int row;    /* PostgreSQL: of the result */
	bool fresh; /* SQLite: the first row is there already */
	bool at_row;
	bool closed;
	ash_status status; /* the first failure; its words are the session's */
};

/* A statement that a session keeps prepared for one module. */
struct statement {
	struct store_session *session;
	char *sql;
	struct spelled spelled;
	void *handle; /* the engine's */
	bool busy;    /* its rows are open */
	bool cached;
	struct store_rows rows;
};

struct store_session {
	struct store *store;
	struct store_session *next; /* of the pool */
	unsigned module;            /* that speaks now */
	enum store_intent intent;
	bool open;    /* in a transaction */
	bool begun;   /* the database knows of it */
	bool failed;  /* a statement of it did not succeed */
	bool broken;  /* the connection is of no more use */
	bool last;    /* the commit may go out with the next statement */
	bool trusted; /* the store itself speaks */
	bool schema;  /* a migration runs */
	unsigned savepoints;
	unsigned begun_savepoints; /* that the database knows of */
	uint64_t deadline;
	struct map *caches; /* by module: SQL -> index into `statements` */
	struct statement *statements[STORE_STATEMENT_LIMIT];
	size_t statement_count;
	struct store_rows *rows; /* open ones */
	struct fault fault;      /* of rows */
};

struct store {
	const struct engine *engine;
	struct wall wall;
	struct arena arena;
	struct store_module *modules;
	const char *location; /* without "sqlite:" */
	const char *role_prefix;
	const char *vfs;
	bool relaxed;
	void (*blocking)(bool begin);
	void *shared; /* the engine's */
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct store_session *idle;
	unsigned limit;
	unsigned open;
	unsigned busy;
	unsigned refused;       /* connections that could not be made, in a row */
	uint64_t try_after;     /* not before this time of clock_monotonic() */
	struct fault why;       /* the last could not */
	struct bell_line *line; /* under the lock; NULL: nobody had a bell yet */
};

/* Tells the upper floor that the thread may wait from here on, or does no more. */
static inline void store_wait(const struct store *store, bool begin)
{
	if (store->blocking)
		store->blocking(begin);
}

/* The fields that both engines have: called by connect(), and last by disconnect(). */
ash_status session_init(struct store_session *session, struct store *store,
			struct fault *fault) ASH_MUST_CHECK;
void session_release(struct store_session *session);

/* Finalizes all that the session prepared, before its connection closes. */
void session_forget(struct store_session *session);

/* The absolute time of pthread_cond_clockwait() with CLOCK_MONOTONIC. */
struct timespec store_timespec(uint64_t deadline);

#endif
