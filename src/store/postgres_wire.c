/* SPDX-License-Identifier: Apache-2.0 */
/* Commands and their answers over a connection in pipeline mode: all that a statement needs goes
 * out at once and costs one round trip. Knows no module. Invariant: after postgres_receive()
 * nothing is on its way, or the session is broken. */
#include "postgres.h"

#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fault_point.h"
#include "base/mem.h"

/* How long a server may take to cancel, before the connection is given up. */
#define CANCEL_PATIENCE (2 * 1000 * 1000 * 1000ULL)

static const struct {
	char state[6]; /* an SQLSTATE, or its beginning */
	ash_status status;
} STATES[] = {
	{"23505", ASH_ALREADY_EXISTS},
	{"23", ASH_FAILED_PRECONDITION},
	{"40", ASH_ABORTED},
	{"25P02", ASH_ABORTED},
	{"25006", ASH_FAILED_PRECONDITION},
	{"42501", ASH_PERMISSION_DENIED},
	{"57014", ASH_DEADLINE_EXCEEDED},
	{"55P03", ASH_DEADLINE_EXCEEDED},
	{"57", ASH_UNAVAILABLE},
	{"53300", ASH_UNAVAILABLE},
	{"53", ASH_RESOURCE_EXHAUSTED},
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
	ash_status status = fault_set(fault, status_of(state), "PostgreSQL: %s (%s): %.300s", words,
				      state, doing);
	bool ill = status == ASH_UNAVAILABLE || status == ASH_DATA_LOSS ||
		   strncmp(state, "53", 2) == 0;
	return ill ? fault_outage(fault, status) : status;
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

/* Waits for the socket; 0 at the deadline, -1 when it fails. */
static int wait_for(struct postgres_session *session, short events, uint64_t deadline)
{
	struct pollfd socket = {PQsocket(session->connection), events, 0};
	int timeout = -1;
	if (deadline != STORE_NO_DEADLINE) {
		uint64_t now = clock_monotonic();
		uint64_t left = deadline > now ? (deadline - now) / 1000000 + 1 : 0;
		timeout = left < 3600000 ? (int)left : 3600000;
	}
	start_waiting(session);
	int ready;
	do
		ready = poll(&socket, 1, timeout);
	while (ready < 0 && timeout < 0);
	if (ready > 0 && !PQconsumeInput(session->connection))
		return -1;
	return ready;
}

/* The answer comes as an error of the statement; `*deadline` is then how long to wait for it. */
static bool cancel(struct postgres_session *session, uint64_t *deadline, bool *canceled)
{
	char words[256];
	if (*canceled)
		return false;
	*canceled = true;
	*deadline = clock_monotonic() + CANCEL_PATIENCE;
	PGcancel *request = PQgetCancel(session->connection);
	bool sent = request && PQcancel(request, words, sizeof words);
	PQfreeCancel(request);
	return sent;
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
		if (ready < 0 || (ready == 0 && !cancel(session, deadline, canceled)))
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
	session->base.broken |= !whole;
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

static ash_status each_row(const PGresult *result,
			   ash_status (*each)(void *, const char *const *, struct fault *),
			   void *context, struct fault *fault)
{
	for (int row = 0; each && row < PQntuples(result); row++) {
		const char *texts[4] = {0};
		for (int i = 0; i < PQnfields(result) && i < 4; i++)
			texts[i] = PQgetvalue(result, row, i);
		ASH_TRY(each(context, texts, fault));
	}
	return ASH_OK;
}

ash_status postgres_own(struct postgres_session *session, const char *sql,
			const char *const *values,
			ash_status (*each)(void *, const char *const *, struct fault *),
			void *context, struct fault *fault)
{
	int count = 0;
	struct postgres_answers answers = {0};
	while (values && values[count])
		count++;
	if (!PQsendQueryParams(session->connection, sql, count, NULL, values, NULL, NULL, 0))
		return postgres_lost(session, sql, fault);
	ASH_TRY(postgres_receive(session, sql, session->base.deadline, NULL, &answers, fault));
	ash_status status = each_row(answers.last, each, context, fault);
	PQclear(answers.last);
	PQclear(answers.before);
	return status;
}
