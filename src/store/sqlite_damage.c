/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the file of a database is damaged. SQLite tells a read that fails as a malformed file
 * too, so its word alone is not taken: a connection of its own reads the whole file. Changes
 * nothing. Invariant: damage that was found stays found for as long as the store is open. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "sqlite.h"

/* How long who looks waits for a lock, in milliseconds. */
#define LOCK_PATIENCE_MS 1000

/* Where the file was found well it is not looked at again for so long, and for at least ten times
 * as long as that took. */
#define LOOK_PAUSE (1000 * 1000 * 1000ULL)

/* ---- the log ---- */

enum { HEAD_SIZE = 32, HEAD_SUMMED = 24 };

static uint32_t word(const unsigned char *at, bool big)
{
	uint32_t first = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
			 (uint32_t)at[3];
	return big ? first : __builtin_bswap32(first);
}

/* As SQLite's file format tells: a mark that says how the words are summed, and their sum. */
static bool is_head(const unsigned char head[HEAD_SIZE])
{
	uint32_t mark = word(head, true), first = 0, second = 0;
	bool big = mark & 1;
	for (int i = 0; i < HEAD_SUMMED; i += 8) {
		first += word(head + i, big) + second;
		second += word(head + i + 4, big) + first;
	}
	return (mark & ~1U) == 0x377f0682 && word(head + HEAD_SUMMED, true) == first &&
	       word(head + HEAD_SUMMED + 4, true) == second;
}

/* A log whose head is not right SQLite takes for empty: all commits in it would be gone without a
 * word. A head of zeros never reached the disk, and no commit comes before it does. */
static bool is_garbage(const char *log)
{
	static const unsigned char ZEROS[HEAD_SIZE];
	unsigned char head[HEAD_SIZE];
	_cleanup_(file_closep) int file = file_open_at(AT_FDCWD, log, O_RDONLY);
	for (int tries = 0; tries < 3; tries++) { /* somebody may be writing it */
		if (file < 0 || file_read_some(file, head, sizeof head, 0) < HEAD_SIZE ||
		    memcmp(head, ZEROS, sizeof head) == 0 || is_head(head))
			return false;
		usleep(1000);
	}
	return true;
}

/* ---- the file ---- */

enum verdict { VERDICT_UNSURE, VERDICT_WELL, VERDICT_DAMAGED };

static int last_error(sqlite3_file *file)
{
	int number = 0;
	if (file && file->pMethods)
		(void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
	return number;
}

/* Whether the system refused to read something, so that nothing is known of what is there. */
static bool met_failure(sqlite3 *db)
{
	sqlite3_file *file = NULL, *log = NULL;
	(void)sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	(void)sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	return last_error(file) != 0 || last_error(log) != 0;
}

/* Of what the check says, only what is wrong with pages is damage; rows that break a constraint
 * are not. It begins with a line that names the database. */
static enum verdict judge(const char *said, const char **words)
{
	static const char PAGES[] = "*** in database ";
	const char *line = said ? strchr(said, '\n') : NULL;
	if (!said)
		return VERDICT_UNSURE;
	if (strncmp(said, PAGES, sizeof PAGES - 1) != 0)
		return VERDICT_WELL;
	*words = line ? line + 1 : said;
	return VERDICT_DAMAGED;
}

static bool is_malformed(int code)
{
	return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB;
}

static enum verdict check(sqlite3 *db, char *out, size_t size)
{
	sqlite3_stmt *statement = NULL;
	enum verdict verdict = VERDICT_UNSURE;
	const char *words = "";
	sqlite3_busy_timeout(db, LOCK_PATIENCE_MS);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_exec(db, "pragma ignore_check_constraints = on", NULL, NULL, NULL);
	int code = sqlite3_prepare_v2(db, "pragma quick_check(1)", -1, &statement, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		verdict = judge((const char *)sqlite3_column_text(statement, 0), &words);
	} else if (is_malformed(code)) {
		verdict = VERDICT_DAMAGED;
		words = sqlite3_errmsg(db);
	}
	if (verdict == VERDICT_DAMAGED && met_failure(db))
		verdict = VERDICT_UNSURE;
	if (verdict == VERDICT_DAMAGED)
		snprintf(out, size, "%.*s", (int)strcspn(words, "\n"), words);
	sqlite3_finalize(statement);
	return verdict;
}

/* Reads all of the file. `out` are the words for damage. */
static enum verdict look(const struct store *store, char *out, size_t size)
{
	const struct sqlite_shared *shared = store->shared;
	enum verdict verdict = VERDICT_UNSURE;
	sqlite3 *db = NULL;
	if (sqlite3_open_v2(shared->uri, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    store->vfs) == SQLITE_OK)
		verdict = check(db, out, size);
	sqlite3_close(db);
	return verdict;
}

/* ---- what the store asks ---- */

static bool is_in_memory(const struct store *store)
{
	return strcmp(store->location, ":memory:") == 0;
}

ash_status sqlite_refuse_damaged(const struct store *store, struct fault *fault)
{
	const struct sqlite_shared *shared = store->shared;
	if (!atomic_load(&shared->damage.found))
		return ASH_OK;
	return fault_set(
		fault, ASH_DATA_LOSS,
		"the database %s is damaged (%s), and is written no more: restore a "
		"backup, or end all that use it and save what is left: sqlite3 %s .recover",
		store->location, shared->damage.words, store->location);
}

static ash_status refuse_log(const char *log, struct fault *fault)
{
	return fault_set(fault, ASH_DATA_LOSS,
			 "the log %s is damaged, and with it the last commits: restore a backup, "
			 "or, to go on without them, move the log away",
			 log);
}

ash_status sqlite_look_at_start(struct store *store, struct fault *fault)
{
	struct sqlite_shared *shared = store->shared;
	struct sqlite_damage *damage = &shared->damage;
	_cleanup_(text_release) struct text log = {0};
	struct stat about;
	if (is_in_memory(store) || stat(shared->uri, &about) < 0 || about.st_size == 0)
		return ASH_OK;
	text_addf(&log, "%s-wal", shared->uri);
	if (log.failed)
		return fault_memory(fault);
	if (is_garbage(log.at))
		return refuse_log(log.at, fault);
	if (about.st_size <= SQLITE_LOOK_LIMIT &&
	    look(store, damage->words, sizeof damage->words) == VERDICT_DAMAGED)
		atomic_store(&damage->found, true);
	return sqlite_refuse_damaged(store, fault);
}

/* Looks, unless that was done a moment ago. An index that does not fit its table is told as that,
 * and is no read that failed. */
static void find_damage(struct store *store, int code, const char *words)
{
	struct sqlite_damage *damage = &((struct sqlite_shared *)store->shared)->damage;
	uint64_t began = clock_monotonic();
	bool sure = is_in_memory(store) || (code != SQLITE_CORRUPT && code != SQLITE_NOTADB);
	if (atomic_load(&damage->found) || (!sure && began < damage->look_after))
		return;
	if (sure) {
		snprintf(damage->words, sizeof damage->words, "%s", words);
		atomic_store(&damage->found, true);
		return;
	}
	if (look(store, damage->words, sizeof damage->words) == VERDICT_DAMAGED)
		atomic_store(&damage->found, true);
	uint64_t now = clock_monotonic(), pause = (now - began) * 10;
	damage->look_after = now + (pause > LOOK_PAUSE ? pause : LOOK_PAUSE);
}

ash_status sqlite_malformed(struct sqlite_session *session, int code, const char *words,
			    const char *doing, struct fault *fault)
{
	struct store *store = session->base.store;
	struct sqlite_damage *damage = &((struct sqlite_shared *)store->shared)->damage;
	store_wait(store, true);
	pthread_mutex_lock(&damage->lock);
	find_damage(store, code, words);
	pthread_mutex_unlock(&damage->lock);
	store_wait(store, false);
	if (!atomic_load(&damage->found))
		return fault_outage(fault, fault_set(fault, ASH_UNAVAILABLE,
						     "SQLite: %.300s: a read failed (%s), the file "
						     "itself is not known to be damaged",
						     doing, words));
	return sqlite_refuse_damaged(store, fault);
}
