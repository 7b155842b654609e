/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions and their statements. Knows no database. Invariants: a statement that was prepared
 * for one module is never run for another; after a statement that failed nothing runs in its
 * transaction until a savepoint is restored or it ends. */
#include "engine.h"

#include "base/fault_point.h"
#include "base/mem.h"

ash_status session_init(struct store_session *session, struct store *store, struct fault *fault)
{
	session->store = store;
	session->deadline = STORE_NO_DEADLINE;
	session->caches = mem_alloc((store->wall.module_count + 1) * sizeof *session->caches);
	return session->caches ? ASH_OK : fault_memory(fault);
}

static void statement_free(struct statement *statement)
{
	if (!statement)
		return;
	if (statement->handle)
		statement->session->store->engine->finalize(statement);
	spelled_release(&statement->spelled);
	mem_free(statement->sql);
	mem_free(statement);
}

static void statement_freep(struct statement **statement)
{
	statement_free(*statement);
}

void session_forget(struct store_session *session)
{
	for (size_t i = 0; i < session->statement_count; i++) {
		struct statement *statement = session->statements[i];
		statement->cached = false;
		if (!statement->busy)
			statement_free(statement);
	}
	session->statement_count = 0;
	for (size_t i = 0; session->caches && i <= session->store->wall.module_count; i++)
		map_release(&session->caches[i]);
}

void session_release(struct store_session *session)
{
	session_forget(session);
	mem_free(session->caches);
}

void store_set_deadline(struct store_session *session, uint64_t deadline)
{
	session->deadline = deadline;
}

bool store_in_transaction(const struct store_session *session)
{
	return session->open;
}

unsigned store_speak(struct store_session *session, unsigned module)
{
	unsigned before = session->module;
	unsigned count = (unsigned)session->store->wall.module_count;
	session->module = module < count ? module : count;
	return before;
}

static const char *module_name(const struct store_session *session)
{
	const struct wall *wall = &session->store->wall;
	return session->module < wall->module_count ? wall->modules[session->module] : WALL_OWN;
}

ash_status store_begin(struct store_session *session, unsigned module, enum store_intent intent,
		       struct fault *fault)
{
	const struct store *store = session->store;
	if (session->open)
		return fault_set(fault, ASH_FAILED_PRECONDITION,
				 "a transaction of %s is open already: one at a time",
				 module_name(session));
	if (module >= store->wall.module_count || !store->modules[module].schemas[0])
		return fault_set(
			fault, ASH_FAILED_PRECONDITION,
			"%s owns no schema, so it has no transactions: name one under data.owns",
			module < store->wall.module_count ? store->wall.modules[module]
							  : "no module");
	if (session->broken)
		return fault_set(fault, ASH_UNAVAILABLE, "the connection to the store was lost");
	session->module = module;
	session->intent = intent;
	session->open = true;
	session->begun = false;
	session->failed = session->last = false;
	session->savepoints = session->begun_savepoints = 0;
	return ASH_OK;
}

static void close_rows(struct store_session *session)
{
	const struct engine *engine = session->store->engine;
	for (struct store_rows *rows = session->rows; rows; rows = rows->next_open) {
		ash_status before = rows->status;
		if (!rows->closed)
			engine->finish(rows);
		session->failed |= rows->status != before;
		rows->closed = true;
		rows->at_row = false;
	}
}

void store_rollback(struct store_session *session)
{
	if (!session->open)
		return;
	close_rows(session);
	if (session->begun)
		session->store->engine->rollback(session);
	session->open = session->begun = session->failed = session->last = false;
}

static ash_status refuse_failed(const struct store_session *session, struct fault *fault)
{
	return fault_set(
		fault, ASH_ABORTED,
		"a statement of this transaction of %s has failed, so nothing of it can last",
		module_name(session));
}

static ash_status refuse_closed(struct fault *fault)
{
	return fault_set(fault, ASH_FAILED_PRECONDITION, "no transaction is open");
}

ash_status store_commit(struct store_session *session, struct fault *fault)
{
	if (!session->open)
		return refuse_closed(fault);
	close_rows(session);
	if (session->failed || session->broken) {
		store_rollback(session);
		return refuse_failed(session, fault);
	}
	ash_status status = ASH_OK;
	if (session->begun)
		status = session->store->engine->commit(session, fault);
	FAULT_POINT("store.committed");
	session->open = session->begun = false;
	return status;
}

ash_status store_save(struct store_session *session, struct fault *fault)
{
	if (!session->open)
		return refuse_closed(fault);
	if (session->failed)
		return refuse_failed(session, fault);
	if (session->savepoints == STORE_SAVEPOINT_LIMIT)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED, "more than %d savepoints",
				 STORE_SAVEPOINT_LIMIT);
	ash_status status = session->store->engine->savepoint(session, SAVEPOINT_SET,
							      session->savepoints, fault);
	if (status == ASH_OK)
		session->savepoints++;
	else
		session->failed = true;
	return status;
}

static ash_status leave_savepoint(struct store_session *session, enum savepoint_step step,
				  struct fault *fault)
{
	if (!session->open || session->savepoints == 0)
		return fault_set(fault, ASH_FAILED_PRECONDITION,
				 "there is no savepoint to return to");
	ash_status status =
		session->store->engine->savepoint(session, step, session->savepoints - 1, fault);
	if (status == ASH_OK)
		session->savepoints--;
	session->failed = status != ASH_OK;
	return status;
}

ash_status store_restore(struct store_session *session, struct fault *fault)
{
	close_rows(session);
	return leave_savepoint(session, SAVEPOINT_RESTORE, fault);
}

ash_status store_keep(struct store_session *session, struct fault *fault)
{
	if (session->open && session->failed)
		return refuse_failed(session, fault);
	return leave_savepoint(session, SAVEPOINT_KEEP, fault);
}

/* As it is; the values are counted by the highest of $1, $2 ... */
static ash_status copy_native(struct str sql, struct spelled *out, struct fault *fault)
{
	text_add(&out->text, sql);
	for (size_t i = 0; i + 1 < sql.length; i++) {
		unsigned number = 0;
		for (size_t j = i + 1; sql.at[i] == '$' && j < sql.length && sql.at[j] >= '0' &&
				       sql.at[j] <= '9' && number <= STORE_VALUE_LIMIT;
		     j++)
			number = number * 10 + (unsigned)(sql.at[j] - '0');
		if (number > out->parameters)
			out->parameters = number;
	}
	return out->text.failed ? fault_memory(fault) : ASH_OK;
}

static ash_status spell(const struct store_session *session, struct str sql, struct spelled *out,
			struct fault *fault)
{
	const struct store *store = session->store;
	if (store->modules[session->module].native && store->engine->dialect == DIALECT_POSTGRESQL)
		return copy_native(sql, out, fault);
	return spell_statement(&store->wall, session->module, store->engine->dialect, sql, out,
			       fault);
}

/* Spells and prepares a statement, which the caller owns. */
static ash_status make_statement(struct store_session *session, struct str sql,
				 struct statement **out, struct fault *fault)
{
	const struct store *store = session->store;
	_cleanup_(statement_freep) struct statement *statement = mem_alloc(sizeof *statement);
	if (!statement)
		return fault_memory(fault);
	statement->session = session;
	statement->sql = mem_copy(sql.at, sql.length);
	if (!statement->sql)
		return fault_memory(fault);
	ASH_TRY(spell(session, sql, &statement->spelled, fault));
	ASH_TRY(store->engine->prepare(session, statement, fault));
	*out = take(statement);
	return ASH_OK;
}

/* Puts a new statement into the cache; without memory it is used once and forgotten. */
static void keep_statement(struct store_session *session, struct statement *statement,
			   size_t length)
{
	struct str key = {statement->sql, length};
	size_t index = session->statement_count;
	if (!map_put(&session->caches[session->module], key, (uint32_t)index))
		return;
	session->statements[session->statement_count++] = statement;
	statement->cached = true;
}

/* The statement of this text for the module that speaks; a second one where its rows are open. */
static ash_status find_statement(struct store_session *session, struct str sql,
				 struct statement **out, struct fault *fault)
{
	uint32_t index = map_get(&session->caches[session->module], sql);
	if (index != MAP_NONE && !session->statements[index]->busy) {
		*out = session->statements[index];
		return ASH_OK;
	}
	ash_status status = make_statement(session, sql, out, fault);
	if (status != ASH_OK || !*out || index != MAP_NONE)
		return status;
	if (session->statement_count == STORE_STATEMENT_LIMIT)
		session_forget(session);
	keep_statement(session, *out, sql.length);
	return ASH_OK;
}

static ash_status check(const struct store_session *session, const struct statement *statement,
			size_t count, struct fault *fault)
{
	if (statement->spelled.parameters != count)
		return fault_set(
			fault, ASH_INVALID_ARGUMENT,
			"the statement of %s has %u values ($1 ...), %zu were given: %.200s",
			module_name(session), statement->spelled.parameters, count, statement->sql);
	if (statement->spelled.writes && session->intent == STORE_READ)
		return fault_set(fault, ASH_FAILED_PRECONDITION,
				 "this transaction of %s only reads: %.200s", module_name(session),
				 statement->sql);
	return ASH_OK;
}

static void statement_done(struct statement *statement)
{
	statement->busy = false;
	if (!statement->cached)
		statement_free(statement);
}

/* What the engine is to do with a statement. */
struct wish {
	bool send;
	int64_t *affected; /* NULL: rows are wanted */
};

/* Leaves the statement busy when it succeeds. */
static ash_status run(struct store_session *session, const char *sql, const ash_value *values,
		      size_t count, const struct wish *wish, struct statement **out,
		      struct fault *fault)
{
	const struct engine *engine = session->store->engine;
	if (!session->open)
		return refuse_closed(fault);
	if (session->failed)
		return refuse_failed(session, fault);
	if (session->module >= session->store->wall.module_count)
		return fault_set(fault, ASH_FAILED_PRECONDITION,
				 "no module of the store speaks in this transaction");
	struct statement *statement = NULL;
	ash_status status = find_statement(session, str_of(sql), &statement, fault);
	if (status != ASH_OK || !statement)
		return status;
	statement->busy = true;
	status = check(session, statement, count, fault);
	if (status == ASH_OK)
		status = wish->send && engine->send
				 ? engine->send(session, statement, values, count, fault)
				 : engine->run(session, statement, values, count, wish->affected,
					       fault);
	if (status == ASH_OK)
		*out = statement;
	else
		statement_done(statement);
	FAULT_POINT("store.ran");
	return status;
}

void store_last(struct store_session *session)
{
	session->last = true;
}

static ash_status exec(struct store_session *session, const char *sql, const ash_value *values,
		       size_t count, bool send, int64_t *affected, struct fault *fault)
{
	struct statement *statement = NULL;
	int64_t rows = 0;
	const struct wish wish = {send, &rows};
	ash_status status = run(session, sql, values, count, &wish, &statement, fault);
	if (status != ASH_OK || !statement) {
		session->failed = true;
		return status;
	}
	statement_done(statement);
	if (affected)
		*affected = rows;
	return ASH_OK;
}

ash_status store_exec(struct store_session *session, const char *sql, const ash_value *values,
		      size_t count, int64_t *affected, struct fault *fault)
{
	return exec(session, sql, values, count, false, affected, fault);
}

ash_status store_send(struct store_session *session, const char *sql, const ash_value *values,
		      size_t count, struct fault *fault)
{
	return exec(session, sql, values, count, true, NULL, fault);
}

ash_status store_query(struct store_session *session, const char *sql, const ash_value *values,
		       size_t count, struct store_rows **out, struct fault *fault)
{
	struct statement *statement = NULL;
	const struct wish wish = {false, NULL};
	ash_status status = run(session, sql, values, count, &wish, &statement, fault);
	if (status != ASH_OK || !statement) {
		session->failed = true;
		return status;
	}
	struct store_rows *rows = &statement->rows;
	rows->session = session;
	rows->statement = statement;
	rows->next_open = session->rows;
	rows->at_row = rows->closed = false;
	rows->status = ASH_OK;
	session->rows = rows;
	*out = rows;
	return ASH_OK;
}

ash_status store_end(struct store_rows *rows, struct fault *fault)
{
	if (!rows)
		return ASH_OK;
	struct store_session *session = rows->session;
	struct store_rows **at = &session->rows;
	while (*at != rows)
		at = &(*at)->next_open;
	*at = rows->next_open;
	if (!rows->closed)
		session->store->engine->finish(rows);
	ash_status status = rows->status;
	if (status != ASH_OK) {
		session->failed = true;
		if (fault)
			*fault = session->fault;
	}
	statement_done(rows->statement);
	return status;
}
