/* SPDX-License-Identifier: Apache-2.0 */
/* The store on PostgreSQL. Knows libpq. Invariants: the login has no rights on any module's data;
 * a module's statement runs in a transaction in which its role, and no other, is set; what could
 * set another one never gets here (spell.c). */
#include "postgres.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"

/* How long a rollback may take, whatever the deadline was. */
#define ROLLBACK_PATIENCE (5 * 1000 * 1000 * 1000ULL)

/* Commands whose answers nobody has read; the server keeps them, and stops when it has too many. */
#define MOST_ON_THEIR_WAY 256

/* Rows that are received before they are asked for, in bytes of libpq's results. */
#define ROWS_AHEAD ((size_t)256 << 10)

static void ignore_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result;
}

/* A role's name is sent in quotes, and may not end them. */
static ash_status open_store(struct store *store, struct fault *fault)
{
	for (size_t i = 0; i < store->wall.module_count; i++) {
		const char *name = store->wall.modules[i];
		if (strchr(name, '"') ||
		    strlen(store->role_prefix) + strlen(name) > TOKEN_NAME_LIMIT)
			return fault_set(
				fault, ASH_INVALID_ARGUMENT,
				"%s%s is no name for a role: it has at most %d bytes and no quote",
				store->role_prefix, name, TOKEN_NAME_LIMIT);
	}
	if (strchr(store->role_prefix, '"'))
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "the prefix of the roles has a quote in it");
	return ASH_OK;
}

static void close_store(struct store *store)
{
	(void)store;
}

static void disconnect(struct store_session *base)
{
	struct postgres_session *session = postgres_session(base);
	session_release(base);
	PQfinish(session->connection);
	mem_free(session);
}

static void disconnectp(struct postgres_session **session)
{
	if (*session)
		disconnect(&(*session)->base);
}

/* What a superuser says is refused by nobody. */
static ash_status check_login(const PGconn *connection, struct fault *fault)
{
	const char *super = PQparameterStatus(connection, "is_superuser");
	const char *strings = PQparameterStatus(connection, "standard_conforming_strings");
	if (!super || strcmp(super, "off") != 0)
		return fault_set(
			fault, ASH_FAILED_PRECONDITION,
			"PostgreSQL: the login %s is a superuser, so no wall between modules would "
			"hold: use one that is none",
			PQuser(connection));
	if (!strings || strcmp(strings, "on") != 0)
		return fault_set(fault, ASH_FAILED_PRECONDITION,
				 "PostgreSQL: standard_conforming_strings is not on");
	return ASH_OK;
}

PGconn *postgres_connect(const struct store *store, const char *name)
{
	static const char *const KEYS[] = {"connect_timeout",           "dbname",
					   "client_encoding",           "options",
					   "fallback_application_name", NULL};
	static const char OPTIONS[] =
		"-c search_path= -c standard_conforming_strings=on -c timezone=UTC "
		"-c default_transaction_isolation=read\\ committed "
		"-c idle_in_transaction_session_timeout=600000";
	const char *values[] = {"5", store->location, "UTF8", OPTIONS, name, NULL};
	PGconn *connection = PQconnectdbParams(KEYS, values, 1);
	if (connection)
		PQsetNoticeReceiver(connection, ignore_notice, NULL);
	return connection;
}

static ash_status open_connection(struct postgres_session *session, struct fault *fault)
{
	char name[128];
	process_here(name, sizeof name);
	PQfinish(session->connection);
	session->connection = postgres_connect(session->base.store, name);
	session->generation++;
	session->role = POSTGRES_NO_ROLE;
	if (PQstatus(session->connection) != CONNECTION_OK)
		return fault_outage(fault, fault_set(fault, ASH_UNAVAILABLE, "PostgreSQL: %s",
						     session->connection
							     ? PQerrorMessage(session->connection)
							     : "no memory"));
	ASH_TRY(check_login(session->connection, fault));
	if (PQsetnonblocking(session->connection, 1) != 0 ||
	    !PQenterPipelineMode(session->connection))
		return fault_set(fault, ASH_UNAVAILABLE, "PostgreSQL: %s",
				 PQerrorMessage(session->connection));
	session->base.broken = false;
	return ASH_OK;
}

static ash_status connect(struct store *store, struct store_session **out, struct fault *fault)
{
	_cleanup_(disconnectp) struct postgres_session *session = mem_alloc(sizeof *session);
	if (!session)
		return fault_memory(fault);
	ASH_TRY(session_init(&session->base, store, fault));
	ASH_TRY(open_connection(session, fault));
	*out = &take(session)->base;
	return ASH_OK;
}

/* It is prepared with its first run, in the same round trip. */
static ash_status prepare(struct store_session *base, struct statement *statement,
			  struct fault *fault)
{
	(void)base;
	statement->handle = mem_alloc(sizeof(struct postgres_statement));
	return statement->handle ? ASH_OK : fault_memory(fault);
}

/* What is prepared is only counted here: in a transaction that failed it cannot be dropped. */
static void finalize(struct statement *statement)
{
	struct postgres_session *session = postgres_session(statement->session);
	struct postgres_statement *handle = statement->handle;
	session->stale += handle->generation == session->generation;
	PQclear(handle->result);
	postgres_rows_release(&handle->ahead);
	mem_free(handle);
}

void postgres_set_role(const struct postgres_session *session, unsigned module, char out[160])
{
	const struct store *store = session->base.store;
	snprintf(out, 160, "set local role \"%s%s\"", store->role_prefix,
		 store->wall.modules[module]);
}

static bool send_begin(struct postgres_session *session)
{
	struct store_session *base = &session->base;
	if (base->begun)
		return true;
	session->begins = session->sent == 0;
	base->begun = true;
	return postgres_send(session, base->intent == STORE_WRITE ? "begin" : "begin read only");
}

/* Sends what must come before a statement: the start of the transaction, and the role. */
static bool send_start(struct postgres_session *session)
{
	const struct store_session *base = &session->base;
	char sql[160];
	if (!send_begin(session))
		return false;
	if (session->role == base->module)
		return true;
	postgres_set_role(session, base->module, sql);
	session->role = base->module;
	return postgres_send(session, sql);
}

/* Whether what is prepared fits the types of these values; a NULL has none. */
static bool fits(const struct postgres_session *session, const struct postgres_statement *handle,
		 const ash_value *values, size_t count)
{
	if (handle->generation != session->generation)
		return false;
	for (size_t i = 0; i < count; i++)
		if (values[i].type != ASH_TYPE_NULL &&
		    postgres_type(&values[i]) != handle->types[i])
			return false;
	return true;
}

static bool send_prepare(struct postgres_session *session, struct statement *statement,
			 const ash_value *values, size_t count)
{
	struct postgres_statement *handle = statement->handle;
	char name[16];
	for (size_t i = 0; i < count; i++)
		if (values[i].type != ASH_TYPE_NULL || handle->generation == 0)
			handle->types[i] = postgres_type(&values[i]);
	handle->name = session->next_name++;
	handle->generation = session->generation;
	session->prepares++;
	session->sent++;
	snprintf(name, sizeof name, "s%u", handle->name);
	return PQsendPrepare(session->connection, name, statement->spelled.text.at, (int)count,
			     handle->types);
}

/* Sends the statement and what must come before it. `*prepares` is the number of answers before
 * that to its preparation, or -1. */
static bool send_statement(struct postgres_session *session, struct statement *statement,
			   const ash_value *values, size_t count, int *prepares)
{
	const struct postgres_statement *handle = statement->handle;
	struct postgres_values encoded;
	char name[16];
	*prepares = -1;
	if (!send_start(session))
		return false;
	if (!fits(session, handle, values, count)) {
		*prepares = (int)session->sent;
		if (!send_prepare(session, statement, values, count))
			return false;
	}
	postgres_encode(values, count, &encoded);
	snprintf(name, sizeof name, "s%u", handle->name);
	session->sent++;
	return PQsendQueryPrepared(session->connection, name, (int)count, encoded.at,
				   encoded.lengths, encoded.formats, 1);
}

/* After something failed: what the server did is not all that was assumed. Statements of which
 * nobody knows whether they are prepared are prepared anew, under other names. */
static void distrust(struct postgres_session *session, unsigned answered,
		     struct postgres_statement *only, int prepares)
{
	if (session->begins && answered == 0)
		session->base.begun = false;
	session->role = POSTGRES_NO_ROLE;
	if (session->prepares == 1 && only && prepares >= 0) {
		if (answered <= (unsigned)prepares)
			only->generation = 0;
	} else if (session->prepares > 0) {
		session->stale += (unsigned)session->base.statement_count;
		session->generation++;
	}
}

/* All answers are read, or the connection is lost. */
static ash_status received(struct postgres_session *session, ash_status status,
			   struct postgres_statement *only, int prepares,
			   const struct postgres_answers *answers)
{
	if (status != ASH_OK)
		distrust(session, answers->count, only, prepares);
	session->prepares = 0;
	session->begins = false;
	return status;
}

/* Reads the answers to all that was sent; they are whole. */
static ash_status receive(struct postgres_session *session, const char *doing,
			  struct postgres_answers *answers, struct fault *fault)
{
	ash_status status =
		postgres_receive(session, doing, session->base.deadline, NULL, answers, fault);
	return received(session, status, NULL, -1, answers);
}

static ash_status refuse_rows(const struct statement *statement, struct fault *fault)
{
	return fault_set(
		fault, ASH_RESOURCE_EXHAUSTED,
		"PostgreSQL: while the rows of a query are open another statement runs, so "
		"the rest of them has to be kept, and takes more than %d bytes: read them "
		"before that, or give the query a limit: %.300s",
		STORE_RESULT_LIMIT, statement->sql);
}

enum reading { READ_SOME, READ_REST, READ_NOTHING };

/* Receives more of the open rows: some, all that are left, or all and forgets them. What fails
 * is told by the rows. */
static void read_on(struct postgres_session *session, enum reading how)
{
	struct statement *statement = session->reading;
	struct postgres_statement *handle = statement->handle;
	struct postgres_answers *answers = &session->answers;
	struct fault fault = {ASH_OK};
	handle->ahead.pause = how == READ_SOME ? ROWS_AHEAD : SIZE_MAX;
	handle->ahead.limit = how == READ_SOME ? SIZE_MAX : STORE_RESULT_LIMIT;
	handle->ahead.exceeded = how == READ_NOTHING;
	ash_status status = postgres_go_on(session, statement->sql, session->base.deadline,
					   &handle->ahead, answers, &fault);
	if (answers->open)
		return;
	session->reading = NULL;
	received(session, status, handle, session->reading_prepares, answers);
	PQclear(take(answers->last));
	PQclear(take(answers->before));
	if (status == ASH_OK && handle->ahead.failed)
		status = fault_memory(&fault);
	if (status == ASH_OK && handle->ahead.exceeded && how != READ_NOTHING)
		status = refuse_rows(statement, &fault);
	if (status == ASH_OK || statement->rows.status != ASH_OK)
		return;
	statement->rows.status = status;
	session->base.fault = fault;
}

/* Before the connection is used for something else. */
static void make_way(struct postgres_session *session)
{
	if (session->reading)
		read_on(session, READ_REST);
}

/* Forgets all rows, also those that are on their way. */
static void abandon(struct postgres_session *session, struct statement *statement)
{
	struct postgres_statement *handle = statement->handle;
	if (session->reading == statement)
		read_on(session, READ_NOTHING);
	PQclear(take(handle->result));
	postgres_rows_clear(&handle->ahead);
}

/* Before something that is to run whatever came of what is on its way. */
static void settle(struct postgres_session *session)
{
	struct postgres_answers answers = {0};
	if (session->sent == 0 || session->base.broken)
		return;
	if (receive(session, "waiting", &answers, NULL) != ASH_OK)
		return;
	PQclear(answers.last);
	PQclear(answers.before);
}

static ash_status check_committed(struct postgres_answers *answers, struct fault *fault)
{
	bool good = strcmp(PQcmdStatus(answers->last), "COMMIT") == 0;
	PQclear(take(answers->last));
	return good ? ASH_OK
		    : fault_set(fault, ASH_ABORTED, "PostgreSQL rolled the transaction back");
}

static ash_status lose(struct postgres_session *session, const char *doing, struct fault *fault)
{
	session->sent = session->prepares = 0;
	session->begins = false;
	return postgres_lost(session, doing, fault);
}

/* What rows->row is of: the first row, or where there is none what tells the columns. */
static ash_status begin_rows(struct postgres_session *session, struct statement *statement,
			     int prepares, struct postgres_answers *answers, struct fault *fault)
{
	struct postgres_statement *handle = statement->handle;
	handle->result = postgres_rows_take(&handle->ahead);
	if (answers->open) {
		session->reading = statement;
		session->answers = *answers;
		session->reading_prepares = prepares;
		return ASH_OK;
	}
	PQclear(answers->before);
	if (handle->result)
		PQclear(answers->last);
	else
		handle->result = answers->last;
	return handle->ahead.failed ? fault_memory(fault) : ASH_OK;
}

/* The rows of a query that carries its commit are kept whole: see store_last(). */
static ash_status run_once(struct postgres_session *session, struct statement *statement,
			   const ash_value *values, size_t count, bool effect, struct fault *fault)
{
	struct postgres_statement *handle = statement->handle;
	struct postgres_answers answers = {0};
	bool last = session->base.last;
	int prepares;
	PQclear(take(handle->result));
	handle->ahead.pause = ROWS_AHEAD;
	handle->ahead.limit = SIZE_MAX;
	handle->ahead.exceeded = effect;
	handle->ahead.failed = false;
	if (!send_statement(session, statement, values, count, &prepares) ||
	    (last && !postgres_send(session, "commit")))
		return lose(session, statement->sql, fault);
	ash_status status = postgres_receive(session, statement->sql, session->base.deadline,
					     last ? NULL : &handle->ahead, &answers, fault);
	if (!answers.open)
		received(session, status, handle, prepares, &answers);
	if (status != ASH_OK) {
		postgres_rows_clear(&handle->ahead);
		return status;
	}
	if (!last)
		return begin_rows(session, statement, prepares, &answers, fault);
	session->role = POSTGRES_NO_ROLE;
	session->base.begun = false;
	handle->result = answers.before;
	return check_committed(&answers, fault);
}

static ash_status check_columns(struct statement *statement, struct fault *fault)
{
	const struct postgres_statement *handle = statement->handle;
	int columns = PQnfields(handle->result);
	statement->rows.columns = columns;
	for (int i = 0; i < columns; i++)
		if (!postgres_knows(PQftype(handle->result, i)))
			return fault_set(fault, ASH_INVALID_ARGUMENT,
					 "column %d (%s) is of a type that the store does not "
					 "read: cast it: "
					 "%.300s",
					 i, PQfname(handle->result, i), statement->sql);
	return ASH_OK;
}

/* Nothing was done yet when the connection is lost before the transaction has begun: then once
 * more over a new one. */
static ash_status run_again(struct postgres_session *session, struct statement *statement,
			    const ash_value *values, size_t count, bool effect, struct fault *fault)
{
	store_wait(session->base.store, true);
	ash_status status = open_connection(session, fault);
	store_wait(session->base.store, false);
	return status == ASH_OK ? run_once(session, statement, values, count, effect, fault)
				: status;
}

/* Before a transaction begins: no role is set, and what no statement means any more is dropped. A
 * connection that is known to be lost is made anew. */
static ash_status start(struct postgres_session *session, struct fault *fault)
{
	session->role = POSTGRES_NO_ROLE;
	session->sent = 0;
	if (!PQconsumeInput(session->connection) ||
	    PQstatus(session->connection) != CONNECTION_OK) {
		store_wait(session->base.store, true);
		ash_status status = open_connection(session, fault);
		store_wait(session->base.store, false);
		return status;
	}
	if (session->stale < STORE_STATEMENT_LIMIT)
		return ASH_OK;
	session->stale = 0;
	session->generation++;
	return postgres_own(session, "deallocate all", NULL, NULL, NULL, fault);
}

static ash_status run(struct store_session *base, struct statement *statement,
		      const ash_value *values, size_t count, int64_t *affected, struct fault *fault)
{
	struct postgres_session *session = postgres_session(base);
	struct postgres_statement *handle = statement->handle;
	bool first = !base->begun;
	make_way(session);
	if (first)
		ASH_TRY(start(session, fault));
	ash_status status = run_once(session, statement, values, count, affected, fault);
	if (first && !base->last && status == ASH_UNAVAILABLE && base->broken) {
		base->begun = false;
		status = run_again(session, statement, values, count, affected, fault);
	}
	if (status != ASH_OK)
		return status;
	if (!affected) {
		statement->rows.row = -1;
		status = check_columns(statement, fault);
		if (status != ASH_OK)
			abandon(session, statement);
		return status;
	}
	bool selects = strncmp(PQcmdStatus(handle->result), "SELECT", 6) == 0;
	*affected = selects ? 0 : strtoll(PQcmdTuples(handle->result), NULL, 10);
	PQclear(handle->result);
	handle->result = NULL;
	return ASH_OK;
}

static ash_status send(struct store_session *base, struct statement *statement,
		       const ash_value *values, size_t count, struct fault *fault)
{
	struct postgres_session *session = postgres_session(base);
	struct postgres_answers answers = {0};
	int prepares;
	make_way(session);
	if (!base->begun)
		ASH_TRY(start(session, fault));
	if (!send_statement(session, statement, values, count, &prepares))
		return lose(session, statement->sql, fault);
	if (session->sent < MOST_ON_THEIR_WAY)
		return ASH_OK;
	ASH_TRY(receive(session, statement->sql, &answers, fault));
	PQclear(answers.last);
	PQclear(answers.before);
	return ASH_OK;
}

static bool next(struct store_rows *rows)
{
	struct postgres_session *session = postgres_session(rows->session);
	struct postgres_statement *handle = rows->statement->handle;
	int count = PQntuples(handle->result);
	if (rows->row < count)
		rows->row++;
	if (rows->row < count)
		return true;
	PGresult *result = postgres_rows_take(&handle->ahead);
	if (!result && session->reading == rows->statement) {
		read_on(session, READ_SOME);
		result = postgres_rows_take(&handle->ahead);
	}
	if (!result || rows->status != ASH_OK) {
		PQclear(result);
		return false;
	}
	PQclear(handle->result);
	handle->result = result;
	rows->row = 0;
	return true;
}

static ash_value cell(const struct store_rows *rows, int column)
{
	const struct postgres_statement *handle = rows->statement->handle;
	return postgres_decode(handle->result, rows->row, column);
}

static const char *column_name(const struct store_rows *rows, int column)
{
	const struct postgres_statement *handle = rows->statement->handle;
	return PQfname(handle->result, column);
}

static void finish(struct store_rows *rows)
{
	abandon(postgres_session(rows->session), rows->statement);
}

static void rollback(struct store_session *base)
{
	struct postgres_session *session = postgres_session(base);
	uint64_t deadline = base->deadline;
	base->deadline = clock_monotonic() + ROLLBACK_PATIENCE;
	settle(session);
	if (base->broken || postgres_own(session, "rollback", NULL, NULL, NULL, NULL) != ASH_OK)
		base->broken = true;
	base->deadline = deadline;
	session->role = POSTGRES_NO_ROLE;
}

/* Without an answer nobody knows: the server may have committed before it was cut off. */
static ash_status commit(struct store_session *base, struct fault *fault)
{
	struct postgres_session *session = postgres_session(base);
	struct postgres_answers answers = {0};
	struct fault why = {ASH_OK};
	ash_status status = postgres_send(session, "commit")
				    ? receive(session, "commit", &answers, &why)
				    : lose(session, "commit", &why);
	session->role = POSTGRES_NO_ROLE;
	if (status == ASH_OK) {
		PQclear(answers.before);
		status = check_committed(&answers, &why);
	}
	if (status == ASH_OK)
		return ASH_OK;
	if (base->broken)
		return fault_outage(
			fault,
			fault_set(fault, ASH_UNKNOWN,
				  "it is not known whether the transaction was committed: %s",
				  why.message));
	/* What went out before the commit has failed, so it was not looked at. */
	if (PQtransactionStatus(session->connection) != PQTRANS_IDLE)
		rollback(base);
	if (fault)
		*fault = why;
	return status;
}

/* A point is set and forgotten with what is sent next; only the way back is waited for. */
static ash_status savepoint(struct store_session *base, enum savepoint_step step, unsigned depth,
			    struct fault *fault)
{
	static const char *const SQL[] = {
		[SAVEPOINT_SET] = "savepoint ashlar_%u",
		[SAVEPOINT_RESTORE] = "rollback to savepoint ashlar_%u",
		[SAVEPOINT_KEEP] = "release savepoint ashlar_%u",
	};
	struct postgres_session *session = postgres_session(base);
	struct postgres_answers answers = {0};
	char sql[64];
	make_way(session);
	if (!base->begun)
		ASH_TRY(start(session, fault));
	if (step == SAVEPOINT_RESTORE)
		settle(session);
	snprintf(sql, sizeof sql, SQL[step], depth);
	if (!send_begin(session) || !postgres_send(session, sql))
		return lose(session, sql, fault);
	if (step != SAVEPOINT_RESTORE)
		return ASH_OK;
	session->role = POSTGRES_NO_ROLE; /* is what it was when the point was set */
	snprintf(sql, sizeof sql, "release savepoint ashlar_%u", depth);
	if (!postgres_send(session, sql))
		return lose(session, sql, fault);
	ASH_TRY(receive(session, sql, &answers, fault));
	PQclear(answers.last);
	PQclear(answers.before);
	return ASH_OK;
}

static ash_status ping(struct store_session *base, struct fault *fault)
{
	return postgres_own(postgres_session(base), "select 1", NULL, NULL, NULL, fault);
}

const struct engine engine_postgres = {
	.name = "postgresql",
	.dialect = DIALECT_POSTGRESQL,
	.open = open_store,
	.close = close_store,
	.connect = connect,
	.disconnect = disconnect,
	.prepare = prepare,
	.finalize = finalize,
	.run = run,
	.send = send,
	.next = next,
	.cell = cell,
	.column_name = column_name,
	.finish = finish,
	.commit = commit,
	.rollback = rollback,
	.savepoint = savepoint,
	.can_watch = postgres_can_watch,
	.watch = postgres_watch,
	.ping = ping,
	.migrate = &postgres_migrator,
};
