/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <stdatomic.h>
#include <sys/types.h>

#include <sqlite3.h>

#include "engine.h"
#include "turn.h"

/* What the parts of the SQLite engine share. */

/* At the start a file is read through when it is not larger, in bytes. */
#define SQLITE_LOOK_LIMIT (64 << 20)

/* What is known of damage of the file. */
struct sqlite_damage {
	pthread_mutex_t lock; /* of who looks */
	uint64_t look_after;  /* not before this time of clock_monotonic() */
	char words[256];      /* what is wrong; once `found` is set they stay */
	atomic_bool found;
};

/* Which file it is; written once, under the lock of who looks for damage. */
struct sqlite_place {
	dev_t device;
	ino_t inode;
	atomic_bool known;
};

struct sqlite_shared {
	char *uri;
	struct turn turn; /* to write */
	sqlite3 *holder;  /* holds the lock to write while the log is copied; NULL: not yet made */
	struct sqlite_damage damage;
	atomic_bool full; /* a write failed, and since then no room was found */
	struct sqlite_place place;
};

enum sqlite_control {
	CONTROL_BEGIN_READ,
	CONTROL_BEGIN_WRITE,
	CONTROL_COMMIT,
	CONTROL_ROLLBACK,
	CONTROL_COUNT,
};

struct sqlite_session {
	struct store_session base;
	sqlite3 *db;
	sqlite3_stmt *control[CONTROL_COUNT];
	bool has_turn;
	bool controls;         /* it begins, commits or takes back at the moment */
	int log_pages;         /* in the log after its last commit */
	uint64_t lock_timeout; /* while it migrates */
	int64_t now; /* of the transaction, in microseconds since 1970; 0: not asked yet */
	char refused[2 * TOKEN_NAME_LIMIT + 2]; /* the name that the authorizer met last */
};

/* The engine's own view of a session. */
static inline struct sqlite_session *sqlite_session(struct store_session *session)
{
	return (struct sqlite_session *)session;
}

/* Starts the transaction that the session's intent means. */
ash_status sqlite_begin(struct sqlite_session *session, struct fault *fault) ASH_MUST_CHECK;

/* Asked by SQLite while it prepares a statement. */
int sqlite_authorize(void *session, int action, const char *first, const char *second,
		     const char *database, const char *inner);

/* The refusal that the authorizer's last answer means; ASH_PERMISSION_DENIED. */
ash_status sqlite_refusal(struct sqlite_session *session, struct fault *fault);

/* Gives the connection the functions that PostgreSQL has. Returns a code of SQLite. */
int sqlite_add_functions(struct sqlite_session *session);

/* The failure that a code of SQLite means; `doing` is told before its words. */
ash_status sqlite_fault(struct sqlite_session *session, int code, const char *doing,
			struct fault *fault);

/* Before the first connection: refuses a file that is none of SQLite's, or is damaged, with
 * ASH_DATA_LOSS: it names the file and what to do. Of one above SQLITE_LOOK_LIMIT only the log's
 * head is looked at. */
ash_status sqlite_look_at_start(struct store *store, struct fault *fault) ASH_MUST_CHECK;

/* The failure when SQLite says with `code` and `words` that the file is malformed. Reads all of the
 * file, once: ASH_DATA_LOSS when it is damaged, else ASH_UNAVAILABLE, an outage. */
ash_status sqlite_malformed(struct sqlite_session *session, int code, const char *words,
			    const char *doing, struct fault *fault);

/* ASH_DATA_LOSS after damage was found, else ASH_OK. */
ash_status sqlite_refuse_damaged(const struct store *store, struct fault *fault) ASH_MUST_CHECK;

/* Of any failure: remembers where it may be one of a full disk. */
void sqlite_note_failure(const struct store *store, int code);

/* ASH_UNAVAILABLE, an outage, while a disk that was full has no room; else ASH_OK. */
ash_status sqlite_find_room(struct store *store, struct fault *fault) ASH_MUST_CHECK;

/* Remembers which file it is, after the first connection. */
void sqlite_note_place(const struct store *store);

/* ASH_UNAVAILABLE, an outage, while another file or none is where that one was, else ASH_OK. */
ash_status sqlite_refuse_moved(const struct store *store, struct fault *fault) ASH_MUST_CHECK;

/* Has the session know how long the log is, and copy it only when it is told to. */
void sqlite_watch_log(struct sqlite_session *session);

/* After a commit, with the turn: copies the log into the file where it has grown long. A failure
 * changes nothing but that the log grows on, until the next commit tries. */
void sqlite_copy_log(struct sqlite_session *session);

/* With the store: frees what copying needs. */
void sqlite_end_log(const struct store *store);

/* What the bell does: see struct engine. */
bool sqlite_can_watch(const struct store *store, bool listens);
void sqlite_watch(struct bell_line *line);

/* Runs SQL of the store's own. */
ash_status sqlite_own(struct sqlite_session *session, const char *sql,
		      struct fault *fault) ASH_MUST_CHECK;

#endif
