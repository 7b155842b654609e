/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_POSTGRES_H
#define STORE_POSTGRES_H

#include <libpq-fe.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "engine.h"

/* What the parts of the PostgreSQL engine share. */

/* The session's user, which has no rights of its own. */
#define POSTGRES_NO_ROLE UINT32_MAX

/* For this long nobody makes a connection anew because the server takes no writes. */
#define POSTGRES_YOUTH (1000 * 1000 * 1000ULL)

/* Rows that are received before they are asked for, in bytes of libpq's results. */
#define POSTGRES_ROWS_AHEAD ((size_t)256 << 10)

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

/* What stands in store->shared. */
struct postgres_shared {
	/* Grows when the server refuses to run a statement as it was prepared: whoever has seen
	 * less prepares all anew. */
	atomic_uint changes;
};

struct postgres_session {
	struct store_session base;
	PGconn *connection;  /* always in pipeline mode */
	unsigned role;       /* the module whose role is set in the open transaction */
	unsigned next_name;  /* of a prepared statement */
	unsigned generation; /* of the connection; what was prepared in an older one is gone */
	unsigned changes;    /* of postgres_shared, that were seen */
	unsigned stale;      /* prepared statements that nobody will run again */
	bool outdated;       /* the last failure was that of a statement prepared too long ago */
	bool read_only;      /* it was that the server takes no writes */
	uint64_t made;       /* when the connection was, by clock_monotonic() */
	bool waited;         /* the upper floor knows that the thread may wait */
	/* Of what runs, from its deadline until its answer; or NULL. */
	struct postgres_cancel *cancel;
	/* Since answers were last read: */
	unsigned sent;     /* commands; it is assumed that they succeed */
	unsigned prepares; /* of these, statements that were prepared */
	bool begins;       /* the first is the start of the transaction */
	/* A query whose rows are still on their way, or NULL: */
	struct statement *reading;
	struct postgres_answers answers;
	int reading_prepares;
};

/* What all sessions of its store share. */
static inline struct postgres_shared *postgres_shared(const struct postgres_session *session)
{
	return session->base.store->shared;
}

/* Whether a new connection may lead to another server, or to one that has changed. */
static inline bool postgres_is_old(const struct postgres_session *session)
{
	return clock_monotonic() - session->made > POSTGRES_YOUTH;
}

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

/* The failure that an error of the server means; `doing` is told before its words. Sets
 * session->outdated where the statement has only to be prepared anew: ASH_ABORTED; and
 * session->read_only where the server takes no writes, which ends the session unless it is young:
 * ASH_UNAVAILABLE. */
ash_status postgres_fault(struct postgres_session *session, const PGresult *result,
			  const char *doing, struct fault *fault);

/* Bytes of what libpq says of a connection, with its NUL. */
#define POSTGRES_WORDS 600

/* What libpq says is wrong with the connection, on one line; NULL: there was no memory for one. */
const char *postgres_words(const PGconn *connection, char *out, size_t size);

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
 * Both may be NULL. Keeps POSTGRES_ROWS_AHEAD of the rows and one more. */
ash_status postgres_own(struct postgres_session *session, const char *sql,
			const char *const *values,
			ash_status (*each)(void *, const char *const *, struct fault *),
			void *context, struct fault *fault) ASH_MUST_CHECK;

/* A connection with the store's settings, to be checked by PQstatus(); NULL without memory. The
 * deadline is kept to whole seconds, and to two at least, by each address that is tried. */
PGconn *postgres_connect(const struct store *store, const char *name, uint64_t deadline);

/* Asks the server to cancel what runs over the connection, without waiting for it; NULL: that
 * cannot be done. */
struct postgres_cancel *postgres_cancel_start(PGconn *connection);

/* Waits until the server has been asked, and frees it. False at the deadline: then it may still
 * cancel something later, so the connection must not be used any more. Takes NULL. */
bool postgres_cancel_end(struct postgres_cancel *cancel, uint64_t deadline);

/* What the bell does: see struct engine. */
bool postgres_can_watch(const struct store *store, bool listens);
void postgres_watch(struct bell_line *line);

/* "set local role ..." for the module, into `out`. */
void postgres_set_role(const struct postgres_session *session, unsigned module, char out[160]);

#endif
