/* SPDX-License-Identifier: Apache-2.0 */
/* The bell on SQLite: nobody tells a process what another one did to the file, so it is looked at
 * now and then: whether somebody has committed, which costs no lock. Each commit rings.
 *
 * Who commits writes the log's file before it can be seen, long before where the disk is slow to
 * sync. So the system is asked to tell of that, and while nobody writes one looks rarely. */
#include "bell.h"

#include <sys/inotify.h>
#include <unistd.h>

#include "sqlite.h"

/* Between two looks; and between two where the log's file has not been written for SETTLED looks,
 * until it is. */
#define LOOK_EVERY  (20 * 1000 * 1000ULL)
#define LOOK_RARELY (200 * 1000 * 1000ULL)
enum { SETTLED = 100 };

/* A memory database is this process's own. */
bool sqlite_can_watch(const struct store *store, bool listens)
{
	const struct sqlite_shared *shared = store->shared;
	return listens && !str_starts(str_of(shared->uri), STR("file:/ashlar-"));
}

/* The number changes when another connection has committed; -1 where it cannot be read. */
static int read_version(sqlite3_stmt *statement)
{
	int version = -1;
	if (sqlite3_step(statement) == SQLITE_ROW)
		version = sqlite3_column_int(statement, 0);
	sqlite3_reset(statement);
	return version;
}

/* Rings where somebody has committed since `*seen`. */
static void look_once(struct bell_line *line, sqlite3_stmt *statement, int *seen)
{
	int version = read_version(statement);
	bool changed = version != *seen && version >= 0;
	atomic_store(&line->works, version >= 0);
	*seen = changed ? version : *seen;
	bell_call(line, changed ? STORE_BELL_ALL : 0);
}

/* A descriptor that can be read when the log's file was written; -1: the system does not tell. */
static int watch_log(sqlite3 *db)
{
	const char *path = sqlite3_filename_wal(sqlite3_db_filename(db, "main"));
	int log = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (log >= 0 && inotify_add_watch(log, path, IN_MODIFY) < 0) {
		close(log);
		log = -1;
	}
	return log;
}

static bool was_written(int log)
{
	char events[1024];
	bool was = false;
	while (read(log, events, sizeof events) > 0)
		was = true;
	return was;
}

/* Until the next look, and, for `*quiet` looks by now, for no longer than the log is quiet. False:
 * it was the last. */
static bool wait_for_look(struct bell_line *line, int log, unsigned *quiet)
{
	bool settled = log >= 0 && *quiet >= SETTLED;
	bool on = bell_wait(line, settled ? log : -1, settled ? LOOK_RARELY : LOOK_EVERY);
	*quiet = log < 0 || was_written(log) ? 0 : *quiet + 1;
	return on;
}

static void look(struct bell_line *line, sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	unsigned quiet = 0;
	if (sqlite3_prepare_v2(db, "pragma data_version", -1, &statement, NULL) != SQLITE_OK)
		return;
	int seen = read_version(statement);
	int log = watch_log(db);
	atomic_store(&line->works, seen >= 0);
	bell_call(line, 0); /* for what was committed before that */
	while (wait_for_look(line, log, &quiet))
		look_once(line, statement, &seen);
	if (log >= 0)
		close(log);
	sqlite3_finalize(statement);
}

/* Looks on a connection of its own, for as long as one can be had and read. */
static void connect_and_look(struct bell_line *line)
{
	const struct sqlite_shared *shared = line->store->shared;
	sqlite3 *db = NULL;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(shared->uri, &db, flags, line->store->vfs) == SQLITE_OK)
		look(line, db);
	sqlite3_close(db);
}

void sqlite_watch(struct bell_line *line)
{
	do
		connect_and_look(line);
	while (bell_wait(line, -1, LOOK_RARELY));
}
