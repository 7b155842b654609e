/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions of calls, over the store's. The first that a request opens is the real one; one
 * inside it (of a port that joins, or of a delivery's handler) is a part of it: its commit waits
 * for the real one's, and taking it back spoils the whole once it has run a statement.
 *
 * A part that ran nothing can be taken back alone; no savepoint is set, because on a network
 * it costs a round trip that nearly no part needs. */
#include "port/transaction.h"

#include <stdio.h>

#include "base/fault_point.h"
#include "base/mem.h"

struct ash_rows {
	struct request *request;
	ash_call *call; /* that asked for them */
	struct call_span span;
	char sql[SPAN_DETAIL_SIZE]; /* the statement, cut, when there is a span */
	struct store_rows *rows;    /* NULL: closed */
	struct ash_rows *next;      /* of the same part */
};

/* Whether the transaction that the call opens is a delivery's: its handler's, or that of a port
 * that joins it. Any other port has its own, as it has in another process. */
static bool is_held(const ash_call *call)
{
	const struct request *request = call->request;
	return call->joins && (request->opened || request->closing);
}

static ash_status begin_session(ash_call *call, struct store_session **out)
{
	struct request *request = call->request;
	const struct environment *environment = request->environment;
	enum store_intent intent = call->reads && !is_held(call) ? STORE_READ : STORE_WRITE;
	return store_acquire_begun(environment->store, request->deadline, call->member->index,
				   intent, out, &request->fault);
}

/* A part of the transaction that the request shares, which it begins where nobody has. */
static ash_status begin_part(ash_call *call, struct store_session **out)
{
	struct request *request = call->request;
	struct shared_transaction *shared = request->shared;
	shared->asked_at = request->environment->clock->monotonic(request->environment->clock);
	if (!shared->session)
		ASH_TRY(begin_session(call, &shared->session));
	store_set_deadline(shared->session, request->deadline);
	ASH_TRY(store_save(shared->session, &request->fault));
	*out = shared->session;
	return ASH_OK;
}

static ash_status open_session(ash_call *call)
{
	struct request *request = call->request;
	if (call->member->module->owns_count == 0 || !request->environment->store)
		return ash_fail(call, ASH_FAILED_PRECONDITION,
				"%s keeps no data: its contract (%s:%u) owns no schema",
				call->member->module->name, call->member->module->place.file,
				call->member->module->place.line);
	bool held = is_held(call);
	ASH_TRY(held && request->shared ? begin_part(call, &request->session)
					: begin_session(call, &request->session));
	request->holds = held;
	request->spoilt = false;
	return ASH_OK;
}

void request_rollback(struct request *request)
{
	struct store_session *session = take(request->session);
	struct fault ignored;
	bool shares = request->holds && request->shared;
	request->holds = false;
	if (session && shares) {
		(void)!store_restore(session, &ignored);
	} else if (session) {
		store_rollback(session);
		store_release(session);
	}
}

/* Opens the transaction of a delivery, which its maker then commits. */
static ash_status open_held(ash_call *call)
{
	struct request *request = call->request;
	ASH_TRY(open_session(call));
	ash_status status = request->opened ? request->opened(request, request->context) : ASH_OK;
	if (status != ASH_OK)
		request_rollback(request);
	return status;
}

ash_status ash_begin(ash_call *call, ash_tx **out)
{
	struct request *request = call->request;
	if (call->tx.call)
		return ash_fail(call, ASH_FAILED_PRECONDITION,
				"%s has an open transaction in this call already",
				call->member->module->name);
	struct ash_tx tx = {.request = request, .call = call, .joined = true};
	if (!request->session && is_held(call)) {
		ASH_TRY(open_held(call));
	} else if (!request->session) {
		ASH_TRY(open_session(call));
		tx.joined = false;
	} else if (call->member->module->owns_count == 0) {
		return ash_fail(call, ASH_FAILED_PRECONDITION,
				"%s keeps no data: it owns no schema", call->member->module->name);
	}
	tx.before = store_speak(request->session, call->member->index);
	call->tx = tx;
	*out = &call->tx;
	return ASH_OK;
}

ash_status transaction_check(const struct ash_tx *tx)
{
	if (__builtin_expect(tx->call != NULL, 1))
		return ASH_OK;
	return fault_set(&tx->request->fault, ASH_FAILED_PRECONDITION,
			 "the transaction is over: it was committed or taken back before");
}

/* ---- the end ---- */

/* Ends rows that are not ended yet, and with them the statement's span. */
static ash_status end_rows(struct ash_rows *rows, struct fault *fault)
{
	if (!rows->rows)
		return ASH_OK;
	ash_status status = store_end(take(rows->rows), fault);
	call_span_end(rows->call, &rows->span, SPAN_INTERNAL, "sql query", status,
		      status == ASH_OK ? rows->sql : fault->message);
	return status;
}

/* Closes rows that a handler left open. */
static void close_rows(struct ash_tx *tx)
{
	struct fault ignored;
	for (struct ash_rows *rows = take(tx->rows); rows; rows = rows->next)
		(void)!end_rows(rows, &ignored);
}

/* Takes the part out of its call. */
static struct ash_tx detach(struct ash_tx *tx)
{
	close_rows(tx);
	struct ash_tx ended = *tx;
	tx->call = NULL;
	if (ended.joined)
		store_speak(ended.request->session, ended.before);
	return ended;
}

void transaction_abandon(struct ash_tx *tx)
{
	struct ash_tx ended = detach(tx);
	if (ended.joined)
		ended.request->spoilt |= ended.wrote;
	else
		request_rollback(ended.request);
}

static ash_status close_held(struct request *request)
{
	bool closes = request->holds && request->closing;
	return closes ? request->closing(request, request->context) : ASH_OK;
}

/* Keeps the part: whoever lent the transaction commits it, and tells of what was published. */
static ash_status keep_part(struct request *request)
{
	ash_status status = store_keep(request->session, &request->fault);
	FAULT_POINT("part.kept");
	if (status == ASH_OK)
		request->session = NULL;
	request_rollback(request);
	return status;
}

static ash_status commit_session(struct request *request)
{
	ash_status status;
	FAULT_POINT("commit.begun");
	if (request->spoilt)
		status = fault_set(&request->fault, ASH_ABORTED,
				   "a part of the transaction was taken back, so all of it is");
	else
		status = close_held(request);
	if (status == ASH_OK && request->holds && request->shared)
		return keep_part(request);
	if (status == ASH_OK)
		status = store_commit(request->session, &request->fault);
	FAULT_POINT("commit.ended");
	request_rollback(request);
	if (status == ASH_OK && request->published)
		request->environment->published(request->environment->events, request->published);
	if (status == ASH_OK && request->saga_started)
		request->environment->saga_started(request->environment->sagas);
	request->published = 0;
	request->saga_started = false;
	return status;
}

ash_status ash_commit(ash_tx *tx)
{
	ASH_TRY(transaction_check(tx));
	const ash_call *call = tx->call;
	struct ash_tx ended = detach(tx);
	if (ended.joined)
		return ASH_OK;
	struct call_span span = call_span_begin(call);
	ash_status status = commit_session(ended.request);
	call_span_end(call, &span, SPAN_INTERNAL, "sql commit", status,
		      status == ASH_OK ? NULL : call->request->fault.message);
	return status;
}

void ash_rollback(ash_tx *tx)
{
	if (tx && tx->call)
		transaction_abandon(tx);
}

void ash_tx_leave_(ash_tx **tx)
{
	ash_rollback(*tx);
}

ash_status request_commit(struct request *request, const struct member *member)
{
	if (!request->holds) {
		struct ash_call call = {
			.request = request, .member = member, .origin = "", .joins = true};
		ASH_TRY(open_held(&call));
	}
	return commit_session(request);
}

/* ---- statements ---- */

ash_status ash_exec_values(ash_tx *tx, const char *sql, int64_t *affected, const ash_value *values,
			   size_t count)
{
	struct request *request = tx->request;
	ASH_TRY(transaction_check(tx));
	tx->wrote = true;
	struct call_span span = call_span_begin(tx->call);
	ash_status status =
		store_exec(request->session, sql, values, count, affected, &request->fault);
	call_span_end(tx->call, &span, SPAN_INTERNAL, "sql exec", status,
		      status == ASH_OK ? sql : request->fault.message);
	return status;
}

ash_status ash_query_values(ash_tx *tx, const char *sql, ash_rows **out, const ash_value *values,
			    size_t count)
{
	struct request *request = tx->request;
	ASH_TRY(transaction_check(tx));
	struct ash_rows *rows = arena_alloc(&request->arena, sizeof *rows);
	if (!rows)
		return fault_memory(&request->fault);
	tx->wrote = true;
	rows->request = request;
	rows->call = tx->call;
	rows->span = call_span_begin(tx->call);
	ash_status status =
		store_query(request->session, sql, values, count, &rows->rows, &request->fault);
	if (status != ASH_OK) {
		call_span_end(tx->call, &rows->span, SPAN_INTERNAL, "sql query", status,
			      request->fault.message);
		return status;
	}
	if (rows->span.id)
		snprintf(rows->sql, sizeof rows->sql, "%.*s", SPAN_DETAIL_SIZE - 1, sql);
	rows->next = tx->rows;
	tx->rows = rows;
	*out = rows;
	return ASH_OK;
}

bool ash_next(ash_rows *rows)
{
	return rows->rows && store_next(rows->rows);
}

ash_status ash_end(ash_rows *rows)
{
	return end_rows(rows, &rows->request->fault);
}

void ash_rows_leave_(ash_rows **rows)
{
	struct fault ignored;
	if (*rows)
		(void)!end_rows(*rows, &ignored);
}

/* A value that is asked for when its rows are closed is a mistake that no status can tell any more:
 * ash_end() has been there. */
static bool is_closed(const ash_rows *rows, int column)
{
	if (__builtin_expect(rows->rows != NULL, 1))
		return false;
	ash_log_error(rows->call,
		      "column %d was asked for when its rows were closed already, by ash_end() or "
		      "by the end of the transaction",
		      column);
	return true;
}

bool ash_is_null(const ash_rows *rows, int column)
{
	return is_closed(rows, column) || store_is_null(rows->rows, column);
}

bool ash_get_bool(ash_rows *rows, int column)
{
	return !is_closed(rows, column) && store_get_bool(rows->rows, column);
}

int64_t ash_get_int(ash_rows *rows, int column)
{
	return is_closed(rows, column) ? 0 : store_get_int(rows->rows, column);
}

double ash_get_real(ash_rows *rows, int column)
{
	return is_closed(rows, column) ? 0 : store_get_real(rows->rows, column);
}

const char *ash_get_text(ash_rows *rows, int column)
{
	return is_closed(rows, column) ? "" : store_get_text(rows->rows, column, NULL);
}

const void *ash_get_bytes(ash_rows *rows, int column, size_t *length)
{
	if (!is_closed(rows, column))
		return store_get_bytes(rows->rows, column, length);
	if (length)
		*length = 0;
	return "";
}

int64_t ash_get_time(ash_rows *rows, int column)
{
	return is_closed(rows, column) ? 0 : store_get_time(rows->rows, column);
}
