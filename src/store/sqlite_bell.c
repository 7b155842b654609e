/* SPDX-License-Identifier: Apache-2.0 */
/* The bell on SQLite: nobody tells a process what another one did to the file, so it is looked at
 * now and then: whether somebody has committed, which costs no lock. Each commit rings. */
#include "bell.h"
#include "sqlite.h"

/* Between two looks. */
#define LOOK_EVERY (20 * 1000 * 1000ULL)

/* A memory database is this process's own. */
bool sqlite_can_watch(const struct store_bell *bell)
{
	const struct sqlite_shared *shared = bell->store->shared;
	return bell->rung && !str_starts(str_of(shared->uri), STR("file:/ashlar-"));
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

static void look(struct store_bell *bell, sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(db, "pragma data_version", -1, &statement, NULL) != SQLITE_OK)
		return;
	int seen = read_version(statement);
	bell->rung(bell->context); /* for what was committed before that */
	while (bell_wait(bell, -1, LOOK_EVERY)) {
		int version = read_version(statement);
		if (version == seen || version < 0)
			continue;
		seen = version;
		bell->rung(bell->context);
	}
	sqlite3_finalize(statement);
}

void sqlite_watch(struct store_bell *bell)
{
	const struct sqlite_shared *shared = bell->store->shared;
	sqlite3 *db = NULL;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(shared->uri, &db, flags, bell->store->vfs) == SQLITE_OK)
		look(bell, db);
	sqlite3_close(db);
}
