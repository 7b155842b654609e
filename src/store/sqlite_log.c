/* SPDX-License-Identifier: Apache-2.0 */
/* When the log is copied into the file (a checkpoint). Left to itself SQLite does it after a commit
 * while others commit; before 3.51.3 such a commit can be lost then, a page or all of it
 * (sqlite.org/wal.html#walresetbug), and Debian 12 has 3.40.
 *
 * Invariant: while this process copies, a connection of its own holds the lock to write, so that
 * nobody commits, in no process. */
#include "sqlite.h"

/* Pages; as SQLite itself has it. */
enum { LOG_PAGES = 1000 };

static int note_pages(void *context, sqlite3 *db, const char *database, int pages)
{
	struct sqlite_session *session = context;
	(void)db, (void)database;
	session->log_pages = pages;
	return SQLITE_OK;
}

void sqlite_watch_log(struct sqlite_session *session)
{
	sqlite3_wal_hook(session->db, note_pages, session);
}

/* Under the turn, as all that writes. */
static sqlite3 *find_holder(const struct store *store)
{
	struct sqlite_shared *shared = store->shared;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	if (shared->holder)
		return shared->holder;
	if (sqlite3_open_v2(shared->uri, &shared->holder, flags, store->vfs) == SQLITE_OK)
		return shared->holder;
	sqlite_end_log(store);
	return NULL;
}

void sqlite_copy_log(struct sqlite_session *session)
{
	const struct store *store = session->base.store;
	if (session->log_pages < LOG_PAGES)
		return;
	session->log_pages = 0;
	sqlite3 *holder = find_holder(store);
	/* Where another process writes it is that one's to copy when it has committed. */
	if (!holder || sqlite3_exec(holder, "begin immediate", NULL, NULL, NULL) != SQLITE_OK)
		return;
	(void)sqlite3_wal_checkpoint_v2(session->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	(void)sqlite3_exec(holder, "rollback", NULL, NULL, NULL);
}

void sqlite_end_log(const struct store *store)
{
	struct sqlite_shared *shared = store->shared;
	/* Who closes a file last copies the log: not into one that is damaged. */
	if (shared->holder && sqlite_refuse_damaged(store, NULL) != ASH_OK)
		sqlite3_db_config(shared->holder, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(shared->holder);
	shared->holder = NULL;
}
