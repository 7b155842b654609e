/* SPDX-License-Identifier: Apache-2.0 */
/* Commands and their answers over a connection in pipeline mode: all that a statement needs goes
 * out at once and costs one round trip. Knows no module. Invariant: after postgres_receive()
 * nothing is on its way, or the session is broken. */
#include "postgres.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/fault_point.h"
#include "base/mem.h"

/* How long a server may take to cancel, before the connection is given up. */
#define CANCEL_PATIENCE (2 * 1000 * 1000 * 1000ULL)

/* poll() counts in an int: who may wait longer waits several times. */
#define LONGEST_POLL_MS 3600000

static const struct {
	char state[6]; /* an SQLSTATE, or its beginning */
	ash_status status;
} STATES[] = {
	{"23505", ASH_ALREADY_EXISTS},
	{"23", ASH_FAILED_PRECONDITION},
	{"40", ASH_ABORTED},
	{"25P02", ASH_ABORTED},
	{"25P03", ASH_ABORTED},
	{"25P04", ASH_DEADLINE_EXCEEDED},
	{"25006", ASH_FAILED_PRECONDITION},
	{"42501", ASH_PERMISSION_DENIED},
	{"57014", ASH_DEADLINE_EXCEEDED},
	{"55P03", ASH_DEADLINE_EXCEEDED},
	{"57", ASH_UNAVAILABLE},
	{"53", ASH_UNAVAILABLE},
	{"08", ASH_UNAVAILABLE},
	{"58", ASH_UNAVAILABLE},
	{"28", ASH_UNAVAILABLE},
	{"3D", ASH_UNAVAILABLE},
	{"22003", ASH_OUT_OF_RANGE},
	{"22", ASH_INVALID_ARGUMENT},
	{"42", ASH_INVALID_ARGUMENT},
	{"0A", ASH_INVALID_ARGUMENT},
	{"21", ASH_INVALID_ARGUMENT},
	{"54", ASH_INVALID_ARGUMENT},
	{"XX001", ASH_DATA_LOSS},
	{"XX002", ASH_DATA_LOSS},
};

static ash_status status_of(const char *state)
{
	for (size_t i = 0; i < sizeof STATES / sizeof *STATES; i++)
		if (strncmp(state, STATES[i].state, strlen(STATES[i].state)) == 0)
			return STATES[i].status;
	return ASH_INTERNAL;
}

/* "permission denied for schema orders": the server does not say it in any other way. */
static bool names_schema(const struct store *store, const char *words, struct str *schema)
{
	static const char START[] = "permission denied for schema ";
	if (strncmp(words, START, sizeof START - 1) != 0)
		return false;
	*schema = str_of(words + sizeof START - 1);
	return wall_owner(&store->wall, *schema) != WALL_NONE;
}

const char *postgres_words(const PGconn *connection, char *out, size_t size)
{
	struct str words = str_trim(str_of(connection ? PQerrorMessage(connection) : "no memory"));
	size_t length = 0;
	for (size_t i = 0; i < words.length && length + 1 < size; i++) {
		bool blank = strchr(" \t\n", words.at[i]);
		if (!blank || (length && out[length - 1] != ' '))
			out[length++] = blank ? ' ' : words.at[i];
	}
	out[length] = '\0';
	return out;
}

ash_status postgres_lost(struct postgres_session *session, const char *doing, struct fault *fault)
{
	struct str words = str_trim(str_of(PQerrorMessage(session->connection)));
	ptrdiff_t line = str_find(words, '\n');
	if (line >= 0)
		words = str_first(words, (size_t)line);
	session->base.broken = true;
	fault_set(fault, ASH_UNAVAILABLE, "PostgreSQL: the connection was lost: %.*s: %.200s",
		  STR_ARG(words), doing);
	return fault_outage(fault, ASH_UNAVAILABLE);
}

/* What was prepared cannot run as it is: its columns are others since a migration, it is gone (as
 * behind a pooler, or after "discard all"), or its name is taken. What PostgreSQL does not support
 * at all has the first state too, so that is told by where it was found. */
static bool is_outdated(const PGresult *result, const char *state)
{
	const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
	if (strcmp(state, "0A000") == 0)
		return function && strcmp(function, "RevalidateCachedQuery") == 0;
	return strcmp(state, "26000") == 0 || strcmp(state, "42P05") == 0;
}

/* A transaction that may write meets a server that does not: a standby, as after a failover. */
static bool takes_no_writes(const struct store_session *session, const char *state)
{
	bool reads = session->open && session->intent == STORE_READ;
	return !reads && strcmp(state, "25006") == 0;
}

ash_status postgres_fault(struct postgres_session *session, const PGresult *result,
			  const char *doing, struct fault *fault)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	struct str schema;
	if (!state || !words)
		return postgres_lost(session, doing, fault);
	if (PQstatus(session->connection) != CONNECTION_OK)
		session->base.broken = true;
	if (names_schema(session->base.store, words, &schema))
		return wall_refuse(&session->base.store->wall, session->base.module, schema,
				   (struct str){0}, fault);
	session->outdated = is_outdated(result, state);
	session->read_only = takes_no_writes(&session->base, state);
	session->base.broken |= session->read_only && postgres_is_old(session);
	ash_status status = session->outdated    ? ASH_ABORTED
			    : session->read_only ? ASH_UNAVAILABLE
						 : status_of(state);
	fault_set(fault, status, "PostgreSQL: %s (%s): %.300s", words, state, doing);
	return status == ASH_UNAVAILABLE ? fault_outage(fault, status) : status;
}

static void start_waiting(struct postgres_session *session)
{
	if (!session->waited)
		store_wait(session->base.store, true);
	session->waited = true;
}

static void stop_waiting(struct postgres_session *session)
{
	if (session->waited)
		store_wait(session->base.store, false);
	session->waited = false;
}

/* Milliseconds that poll() may take; -1: for ever. */
static int patience(uint64_t deadline)
{
	if (deadline == STORE_NO_DEADLINE)
		return -1;
	uint64_t now = clock_monotonic();
	uint64_t left = deadline > now ? (deadline - now) / 1000000 + 1 : 0;
	return left < LONGEST_POLL_MS ? (int)left : LONGEST_POLL_MS;
}

/* Waits for the socket; 0 at the deadline, -1 when it fails. */
static int wait_for(struct postgres_session *session, short events, uint64_t deadline)
{
	struct pollfd socket = {PQsocket(session->connection), events, 0};
	int ready;
	start_waiting(session);
	do
		ready = poll(&socket, 1, patience(deadline));
	while (ready < 0 ? errno == EINTR : ready == 0 && clock_monotonic() < deadline);
	if (ready > 0 && !PQconsumeInput(session->connection))
		return -1;
	return ready;
}

/* The answer comes as an error of the statement; `*deadline` is then how long to wait for it. */
static bool cancel(struct postgres_session *session, uint64_t *deadline, bool *canceled)
{
	if (*canceled)
		return false;
	*canceled = true;
	*deadline = clock_monotonic() + CANCEL_PATIENCE;
	session->cancel = postgres_cancel_start(session->connection);
	return session->cancel;
}

static bool flush(struct postgres_session *session, uint64_t *deadline, bool *canceled)
{
	int left;
	while ((left = PQflush(session->connection)) > 0) {
		int ready = wait_for(session, POLLIN | POLLOUT, *deadline);
		if (ready < 0 || (ready == 0 && !cancel(session, deadline, canceled)))
			return false;
	}
	return left == 0;
}

static size_t complaints(const struct postgres_session *session)
{
	return strlen(PQerrorMessage(session->connection));
}

/* The next answer, or NULL between two; false when the connection is lost. So it is when libpq
 * complains before there is an answer: it had no memory for the end of the pipeline, has dropped
 * it, and would wait for it for ever. */
static bool next_result(struct postgres_session *session, uint64_t *deadline, bool *canceled,
			PGresult **out)
{
	size_t before = complaints(session);
	while (PQisBusy(session->connection)) {
		if (complaints(session) > before)
			return false;
		int ready = wait_for(session, POLLIN, *deadline);
		/* Rows that always come, as to a slow reader, are no reason to go on. */
		bool over = ready == 0 || (!*canceled && clock_monotonic() >= *deadline);
		if (ready < 0 || (over && !cancel(session, deadline, canceled)))
			return false;
	}
	*out = PQgetResult(session->connection);
	return true;
}

static bool is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

bool postgres_send(struct postgres_session *session, const char *sql)
{
	session->sent++;
	return PQsendQueryParams(session->connection, sql, 0, NULL, NULL, NULL, NULL, 0);
}

/* Keeps the last two good results and the first failure. */
static void keep(PGresult *result, struct postgres_answers *answers, PGresult **failure)
{
	if (is_good(result)) {
		PQclear(answers->before);
		answers->before = answers->last;
		answers->last = result;
		answers->count++;
	} else if (!*failure) {
		*failure = result;
	} else {
		PQclear(result);
	}
}

/* A failure that libpq made up: it has no memory, or did not understand the server. The end of the
 * pipeline may have been what it could not keep, so nothing can be waited for any more. */
static bool is_own_failure(const PGresult *result)
{
	return PQresultStatus(result) == PGRES_FATAL_ERROR &&
	       !PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

PGresult *postgres_rows_take(struct postgres_rows *rows)
{
	if (rows->first == rows->count)
		return NULL;
	PGresult *result = rows->at[rows->first++];
	if (rows->first == rows->count)
		rows->first = rows->count = rows->bytes = 0;
	return result;
}

void postgres_rows_clear(struct postgres_rows *rows)
{
	PGresult *result;
	while ((result = postgres_rows_take(rows)))
		PQclear(result);
}

void postgres_rows_release(struct postgres_rows *rows)
{
	postgres_rows_clear(rows);
	mem_free(rows->at);
	*rows = (struct postgres_rows){0};
}

/* Takes the result. What cannot be kept is forgotten with all that was, but still read. */
static void add_row(struct postgres_rows *rows, PGresult *result)
{
	size_t bytes = PQresultMemorySize(result);
	rows->exceeded |= rows->bytes + bytes > rows->limit && rows->count > 0;
	if (!rows->exceeded && !rows->failed && rows->count == rows->capacity)
		rows->failed = !mem_reserve((void **)&rows->at, &rows->capacity, rows->count + 1,
					    sizeof *rows->at);
	if (rows->exceeded || rows->failed) {
		PQclear(result);
		postgres_rows_clear(rows);
		return;
	}
	rows->at[rows->count++] = result;
	rows->bytes += bytes;
}

enum progress { PROGRESS_LOST, PROGRESS_PAUSED, PROGRESS_WHOLE };

static bool is_row(const PGresult *result)
{
	return PQresultStatus(result) == PGRES_SINGLE_TUPLE;
}

/* Between two commands: the next may be a query. For what it is not this does nothing. */
static bool start_command(struct postgres_session *session, const struct postgres_rows *rows)
{
	if (rows)
		(void)PQsetSingleRowMode(session->connection);
	return PQstatus(session->connection) == CONNECTION_OK;
}

/* Reads until the end of the pipeline, or until there are enough rows. */
static enum progress read_all(struct postgres_session *session, uint64_t deadline,
			      struct postgres_rows *rows, struct postgres_answers *answers)
{
	for (;;) {
		PGresult *result;
		if (!next_result(session, &deadline, &answers->canceled, &result))
			return PROGRESS_LOST;
		answers->deadline = deadline;
		if (!result) {
			if (!start_command(session, rows))
				return PROGRESS_LOST;
			continue;
		}
		if (rows && is_row(result)) {
			add_row(rows, result);
			if (rows->bytes >= rows->pause)
				return PROGRESS_PAUSED;
			continue;
		}
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			return PROGRESS_WHOLE;
		}
		bool lost = is_own_failure(result);
		keep(result, answers, &answers->failure);
		if (lost)
			return PROGRESS_LOST;
	}
}

static ash_status conclude(struct postgres_session *session, const char *doing, bool whole,
			   struct postgres_answers *answers, struct fault *fault)
{
	ash_status status = ASH_OK;
	if (answers->failure)
		status = postgres_fault(session, answers->failure, doing, fault);
	else if (!whole)
		status = postgres_lost(session, doing, fault);
	/* A request that comes late must not cancel what runs next. */
	bool asked = postgres_cancel_end(take(session->cancel), whole ? answers->deadline : 0);
	session->base.broken |= !whole || !asked;
	PQclear(take(answers->failure));
	if (answers->canceled && status != ASH_OK)
		status = fault_set(fault, ASH_DEADLINE_EXCEEDED,
				   "PostgreSQL: its time was over before the answer came: %.300s",
				   doing);
	if (status != ASH_OK) {
		PQclear(take(answers->last));
		PQclear(take(answers->before));
	}
	return status;
}

ash_status postgres_receive(struct postgres_session *session, const char *doing, uint64_t deadline,
			    struct postgres_rows *rows, struct postgres_answers *out,
			    struct fault *fault)
{
	*out = (struct postgres_answers){0};
	session->sent = 0;
	session->outdated = session->read_only = false;
	bool sent =
		PQpipelineSync(session->connection) && flush(session, &deadline, &out->canceled);
	out->deadline = deadline;
	FAULT_POINT("postgresql.sent");
	if (sent) {
		(void)start_command(session, rows);
		return postgres_go_on(session, doing, deadline, rows, out, fault);
	}
	stop_waiting(session);
	return conclude(session, doing, false, out, fault);
}

ash_status postgres_go_on(struct postgres_session *session, const char *doing, uint64_t deadline,
			  struct postgres_rows *rows, struct postgres_answers *answers,
			  struct fault *fault)
{
	enum progress progress =
		read_all(session, answers->canceled ? answers->deadline : deadline, rows, answers);
	stop_waiting(session);
	answers->open = progress == PROGRESS_PAUSED;
	if (answers->open)
		return ASH_OK;
	return conclude(session, doing, progress == PROGRESS_WHOLE, answers, fault);
}

/* Gives all rows that are there to `each`. */
static ash_status each_row(struct postgres_rows *rows,
			   ash_status (*each)(void *, const char *const *, struct fault *),
			   void *context, struct fault *fault)
{
	ash_status status = ASH_OK;
	PGresult *result;
	while (status == ASH_OK && (result = postgres_rows_take(rows))) {
		const char *texts[4] = {0};
		for (int i = 0; i < PQnfields(result) && i < 4; i++)
			texts[i] = PQgetvalue(result, 0, i);
		status = each(context, texts, fault);
		PQclear(result);
	}
	return status;
}

ash_status postgres_own(struct postgres_session *session, const char *sql,
			const char *const *values,
			ash_status (*each)(void *, const char *const *, struct fault *),
			void *context, struct fault *fault)
{
	_cleanup_(postgres_rows_release) struct postgres_rows rows = {
		.pause = POSTGRES_ROWS_AHEAD, .limit = SIZE_MAX, .exceeded = !each};
	struct postgres_answers answers = {0};
	int count = 0;
	while (values && values[count])
		count++;
	if (!PQsendQueryParams(session->connection, sql, count, NULL, values, NULL, NULL, 0))
		return postgres_lost(session, sql, fault);
	uint64_t deadline = session->base.deadline;
	ash_status status = postgres_receive(session, sql, deadline, &rows, &answers, fault);
	while (status == ASH_OK && answers.open) {
		status = each_row(&rows, each, context, fault);
		/* What nobody wants any more is read and forgotten. */
		rows.exceeded = status != ASH_OK;
		ash_status rest = postgres_go_on(session, sql, deadline, &rows, &answers,
						 status == ASH_OK ? fault : NULL);
		status = status == ASH_OK ? rest : status;
	}
	PQclear(answers.last);
	PQclear(answers.before);
	if (status == ASH_OK && rows.failed)
		return fault_memory(fault);
	return status == ASH_OK ? each_row(&rows, each, context, fault) : status;
}
