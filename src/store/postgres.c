/* SPDX-License-Identifier: Apache-2.0 */
/* The store on PostgreSQL. Knows libpq. Invariants: the login has no rights on any module's data;
 * a module's statement runs in a transaction in which its role, and no other, is set; what could
 * set another one never gets here (spell.c). */
#include "postgres.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/process.h"

/* Seconds that connecting to one address may take, where the location does not say. */
#define CONNECT_TIMEOUT 5

/* How long a rollback may take, whatever the deadline was. */
#define ROLLBACK_PATIENCE (5 * 1000 * 1000 * 1000ULL)

/* Commands whose answers nobody has read; the server keeps them, and stops when it has too many. */
#define MOST_ON_THEIR_WAY 256

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
	store->shared = mem_alloc(sizeof(struct postgres_shared));
	return store->shared ? ASH_OK : fault_memory(fault);
}

static void close_store(struct store *store)
{
	mem_free(store->shared);
}

static void disconnect(struct store_session *base)
{
	struct postgres_session *session = postgres_session(base);
	session_release(base);
	(void)postgres_cancel_end(session->cancel, 0);
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

/* What the location says, in seconds, or CONNECT_TIMEOUT; 0: for ever. */
static uint64_t wanted_timeout(const struct store *store)
{
	PQconninfoOption *options = PQconninfoParse(store->location, NULL);
	long seconds = CONNECT_TIMEOUT;
	for (const PQconninfoOption *each = options; each && each->keyword; each++)
		if (each->val && strcmp(each->keyword, "connect_timeout") == 0)
			seconds = strtol(each->val, NULL, 10);
	PQconninfoFree(options);
	return seconds > 0 ? (uint64_t)seconds : 0;
}

static uint64_t connect_timeout(const struct store *store, uint64_t deadline)
{
	uint64_t wanted = wanted_timeout(store);
	if (deadline == STORE_NO_DEADLINE)
		return wanted;
	uint64_t now = clock_monotonic();
	uint64_t left = deadline > now ? (deadline - now) / 1000000000 + 1 : 1;
	if (left > INT_MAX)
		left = 0;
	return wanted && (!left || wanted < left) ? wanted : left;
}

PGconn *postgres_connect(const struct store *store, const char *name, uint64_t deadline)
{
	/* Who listens for rings says nothing for long: that the server still hears it, TCP asks. */
	static const char *const KEYS[] = {"keepalives_idle",
					   "keepalives_interval",
					   "keepalives_count",
					   "dbname",
					   "client_encoding",
					   "options",
					   "fallback_application_name",
					   "connect_timeout",
					   NULL};
	static const char OPTIONS[] =
		"-c search_path= -c standard_conforming_strings=on -c timezone=UTC "
		"-c default_transaction_isolation=read\\ committed "
		"-c idle_in_transaction_session_timeout=600000";
	char timeout[24];
	snprintf(timeout, sizeof timeout, "%" PRIu64, connect_timeout(store, deadline));
	const char *values[] = {"10", "5",     "3", store->location, "UTF8", OPTIONS,
				name, timeout, NULL};
	PGconn *connection = PQconnectdbParams(KEYS, values, 1);
	if (connection)
		PQsetNoticeReceiver(connection, ignore_notice, NULL);
	return connection;
}

static ash_status open_connection(struct postgres_session *session, struct fault *fault)
{
	char name[128], words[POSTGRES_WORDS];
	process_here(name, sizeof name);
	PQfinish(session->connection);
	session->connection = postgres_connect(session->base.store, name, session->base.deadline);
	session->generation++;
	session->changes = atomic_load(&postgres_shared(session)->changes);
	session->role = POSTGRES_NO_ROLE;
	session->made = clock_monotonic();
	if (PQstatus(session->connection) != CONNECTION_OK)
		return fault_outage(
			fault, fault_set(fault, ASH_UNAVAILABLE, "PostgreSQL: %s",
					 postgres_words(session->connection, words, sizeof words)));
	ASH_TRY(check_login(session->connection, fault));
	if (PQsetnonblocking(session->connection, 1) != 0 ||
	    !PQenterPipelineMode(session->connection))
		return fault_set(fault, ASH_UNAVAILABLE, "PostgreSQL: %s",
				 postgres_words(session->connection, words, sizeof words));
	session->base.broken = false;
	return ASH_OK;
}

static ash_status connect(struct store *store, uint64_t deadline, struct store_session **out,
			  struct fault *fault)
{
	_cleanup_(disconnectp) struct postgres_session *session = mem_alloc(sizeof *session);
	if (!session)
		return fault_memory(fault);
	ASH_TRY(session_init(&session->base, store, fault));
	session->base.deadline = deadline;
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

/* Tells all sessions that what they prepared may be outdated; once, however many meet it. */
static void tell_outdated(const struct postgres_session *session)
{
	unsigned seen = session->changes;
	atomic_compare_exchange_strong(&postgres_shared(session)->changes, &seen, seen + 1);
}

/* Forgets what was prepared, where a session was told so. */
static void hear_outdated(struct postgres_session *session)
{
	unsigned changes = atomic_load(&postgres_shared(session)->changes);
	if (changes == session->changes)
		return;
	session->changes = changes;
	session->stale += (unsigned)session->base.statement_count;
	session->generation++;
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
	hear_outdated(session);
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
	if (status != ASH_OK && session->outdated)
		tell_outdated(session);
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
	handle->ahead.pause = how == READ_SOME ? POSTGRES_ROWS_AHEAD : SIZE_MAX;
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
	handle->ahead.pause = POSTGRES_ROWS_AHEAD;
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

/* Nothing was done yet but to begin when a statement turns out to have been prepared too long ago:
 * then once more, prepared anew. */
static ash_status run_anew(struct postgres_session *session, struct statement *statement,
			   const ash_value *values, size_t count, bool effect, struct fault *fault)
{
	ash_status status = postgres_own(session, "rollback", NULL, NULL, NULL, fault);
	session->base.begun = false;
	session->base.broken |= status != ASH_OK;
	return status == ASH_OK ? run_once(session, statement, values, count, effect, fault)
				: status;
}

static bool is_on(const struct postgres_session *session, const char *parameter)
{
	const char *value = PQparameterStatus(session->connection, parameter);
	return value && strcmp(value, "on") == 0;
}

/* Whether this one may write, and the server has said (since PostgreSQL 14) that it does not. */
static bool is_misplaced(const struct postgres_session *session)
{
	return session->base.intent == STORE_WRITE && postgres_is_old(session) &&
	       (is_on(session, "in_hot_standby") ||
		is_on(session, "default_transaction_read_only"));
}

/* Before a transaction begins: no role is set, and what no statement means any more is dropped. A
 * connection that is known to be lost, or to the wrong server, is made anew. */
static ash_status start(struct postgres_session *session, struct fault *fault)
{
	session->role = POSTGRES_NO_ROLE;
	session->sent = 0;
	if (!PQconsumeInput(session->connection) ||
	    PQstatus(session->connection) != CONNECTION_OK || is_misplaced(session)) {
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
	if (first && status == ASH_ABORTED && session->outdated)
		status = run_anew(session, statement, values, count, affected, fault);
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
	if (base->broken && !session->read_only)
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

static ash_status check_writes(void *context, const char *const *row, struct fault *fault)
{
	(void)context;
	if (strcmp(row[0], "on") != 0)
		return ASH_OK;
	return fault_outage(fault, fault_set(fault, ASH_UNAVAILABLE,
					     "PostgreSQL takes no writes: the server is a standby, "
					     "or default_transaction_read_only is on"));
}

static ash_status ping(struct store_session *base, struct fault *fault)
{
	return postgres_own(postgres_session(base), "show transaction_read_only", NULL,
			    check_writes, NULL, fault);
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
