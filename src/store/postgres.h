/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_POSTGRES_H
#define STORE_POSTGRES_H

#include <libpq-fe.h>

#include "engine.h"

/* What the parts of the PostgreSQL engine share. */

/* The session's user, which has no rights of its own. */
#define POSTGRES_NO_ROLE UINT32_MAX

/* Rows that were received before they were asked for. */
struct postgres_rows {
	PGresult **at; /* one or more rows each */
	size_t capacity, first, count;
	size_t bytes;  /* of these */
	size_t pause;  /* this many bytes are enough for now */
	size_t limit;  /* what would be more is forgotten */
	bool exceeded; /* it was */
	bool failed;   /* no memory */
};

/* What came back, when all went well: the last two results. */
struct postgres_answers {
	unsigned count; /* of commands that succeeded, in any case */
	PGresult *last, *before;
	bool open; /* there are more rows; nothing else may be sent */
	/* While it is open: */
	PGresult *failure;
	bool canceled;
	uint64_t deadline; /* of the answer, once it is canceled */
};

struct postgres_session {
	struct store_session base;
	PGconn *connection;  /* always in pipeline mode */
	unsigned role;       /* the module whose role is set in the open transaction */
	unsigned next_name;  /* of a prepared statement */
	unsigned generation; /* of the connection; what was prepared in an older one is gone */
	unsigned stale;      /* prepared statements that nobody will run again */
	bool waited;         /* the upper floor knows that the thread may wait */
	/* Since answers were last read: */
	unsigned sent;     /* commands; it is assumed that they succeed */
	unsigned prepares; /* of these, statements that were prepared */
	bool begins;       /* the first is the start of the transaction */
	/* A query whose rows are still on their way, or NULL: */
	struct statement *reading;
	struct postgres_answers answers;
	int reading_prepares;
};

/* What stands in statement->handle. */
struct postgres_statement {
	unsigned name;
	unsigned generation; /* 0: not prepared */
	Oid types[STORE_VALUE_LIMIT];
	PGresult *result; /* the row that was asked for is one of its rows */
	struct postgres_rows ahead;
};

/* The engine's own view of a session. */
static inline struct postgres_session *postgres_session(struct store_session *session)
{
	return (struct postgres_session *)session;
}

/* Values as they go over the wire. */
struct postgres_values {
	uint64_t numbers[STORE_VALUE_LIMIT];
	const char *at[STORE_VALUE_LIMIT];
	int lengths[STORE_VALUE_LIMIT];
	int formats[STORE_VALUE_LIMIT];
};

/* Fills `out`, which points into itself and to the bytes of `values`. */
void postgres_encode(const ash_value *values, size_t count, struct postgres_values *out);

/* The type that PostgreSQL is told for a value; 0 for NULL. */
Oid postgres_type(const ash_value *value);

/* Whether values of a column of this type can be read. */
bool postgres_knows(Oid type);

/* A value of a result in binary form. Bytes and texts point into the result. */
ash_value postgres_decode(const PGresult *result, int row, int column);

/* The failure that an error of the server means; `doing` is told before its words. */
ash_status postgres_fault(struct postgres_session *session, const PGresult *result,
			  const char *doing, struct fault *fault);

/* The failure that a lost connection is: ASH_UNAVAILABLE; the session is then broken. */
ash_status postgres_lost(struct postgres_session *session, const char *doing, struct fault *fault);

/* Sends one more command without values. False when the connection is lost. */
bool postgres_send(struct postgres_session *session, const char *sql);

/* Asks for the answers to all that was sent, and reads them; the results in `out` are the caller's.
 * The deadline cancels what runs. With `rows` (may be NULL: results are kept whole) they are added
 * there one by one; it ends, with out->open, when there are enough of them for now. */
ash_status postgres_receive(struct postgres_session *session, const char *doing, uint64_t deadline,
			    struct postgres_rows *rows, struct postgres_answers *out,
			    struct fault *fault) ASH_MUST_CHECK;

/* Goes on where it is open; the same errors. */
ash_status postgres_go_on(struct postgres_session *session, const char *doing, uint64_t deadline,
			  struct postgres_rows *rows, struct postgres_answers *answers,
			  struct fault *fault) ASH_MUST_CHECK;

/* The oldest of the rows, which is the caller's; NULL: there is none. */
PGresult *postgres_rows_take(struct postgres_rows *rows);

/* Forgets all rows. */
void postgres_rows_clear(struct postgres_rows *rows);

/* Forgets all rows and frees the memory. */
void postgres_rows_release(struct postgres_rows *rows);

/* Runs SQL of the store's own, with texts as values up to a NULL; `each` gets the rows as texts.
 * Both may be NULL. */
ash_status postgres_own(struct postgres_session *session, const char *sql,
			const char *const *values,
			ash_status (*each)(void *, const char *const *, struct fault *),
			void *context, struct fault *fault) ASH_MUST_CHECK;

/* A connection with the store's settings, to be checked by PQstatus(); NULL without memory. */
PGconn *postgres_connect(const struct store *store, const char *name);

/* What the bell does: see struct engine. */
bool postgres_can_watch(const struct store_bell *bell);
void postgres_watch(struct store_bell *bell);

/* "set local role ..." for the module, into `out`. */
void postgres_set_role(const struct postgres_session *session, unsigned module, char out[160]);

#endif
