/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <sqlite3.h>

#include "engine.h"
#include "turn.h"

/* What the parts of the SQLite engine share. */

struct sqlite_shared {
	char *uri;
	struct turn turn; /* to write */
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

/* What the bell does: see struct engine. */
bool sqlite_can_watch(const struct store_bell *bell);
void sqlite_watch(struct store_bell *bell);

/* Runs SQL of the store's own. */
ash_status sqlite_own(struct sqlite_session *session, const char *sql,
		      struct fault *fault) ASH_MUST_CHECK;

#endif
