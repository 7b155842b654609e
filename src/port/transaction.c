/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions of calls, over the store's. The first that a request opens is the real one; one
 * inside it (of a port that joins, or of a delivery's handler) is a part of it: its commit waits
 * for
 * the real one's, and taking it back spoils the whole once it has run a statement.
 *
 * A part that ran nothing can be taken back alone; no savepoint is set, because on a network
 * it costs a round trip that nearly no part needs. */
#include "port/transaction.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fault_point.h"
#include "base/mem.h"

struct ash_rows {
	struct request *request;
	const ash_call *call; /* that asked for them */
	struct call_span span;
	char sql[SPAN_DETAIL_SIZE]; /* the statement, cut, when there is a span */
	struct store_rows *rows;    /* NULL: closed */
	struct ash_rows *next;      /* of the same part */
};

/* Whether the transaction is a delivery's. */
static bool is_held(const struct request *request)
{
	return request->opened || request->closing;
}

static ash_status open_session(ash_call *call)
{
	struct request *request = call->request;
	const struct environment *environment = request->environment;
	if (call->member->module->owns_count == 0 || !environment->store)
		return ash_fail(call, ASH_FAILED_PRECONDITION,
				"%s keeps no data: its contract (%s:%u) owns no schema",
				call->member->module->name, call->member->module->place.file,
				call->member->module->place.line);
	struct store_session *session = NULL;
	ASH_TRY(store_acquire(environment->store, request->deadline, &session, &request->fault));
	enum store_intent intent = call->reads && !is_held(request) ? STORE_READ : STORE_WRITE;
	ash_status status = store_begin(session, call->member->index, intent, &request->fault);
	if (status != ASH_OK) {
		store_release(session);
		return status;
	}
	request->session = session;
	request->spoilt = false;
	return ASH_OK;
}

static void close_session(struct request *request)
{
	store_rollback(request->session);
	store_release(take(request->session));
	request->holds = false;
}

/* Opens the transaction of a delivery, which its maker then commits. */
static ash_status open_held(ash_call *call)
{
	struct request *request = call->request;
	ASH_TRY(open_session(call));
	request->holds = true;
	ash_status status = request->opened ? request->opened(request, request->context) : ASH_OK;
	if (status != ASH_OK)
		close_session(request);
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
	if (!request->session && is_held(request)) {
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
		close_session(ended.request);
}

static ash_status close_held(struct request *request)
{
	bool closes = request->holds && request->closing;
	return closes ? request->closing(request, request->context) : ASH_OK;
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
	if (status == ASH_OK)
		status = store_commit(request->session, &request->fault);
	FAULT_POINT("commit.ended");
	close_session(request);
	if (status == ASH_OK && request->published)
		request->environment->published(request->environment->events);
	if (status == ASH_OK && request->saga_started)
		request->environment->saga_started(request->environment->sagas);
	request->published = request->saga_started = false;
	return status;
}

ash_status ash_commit(ash_tx *tx)
{
	const ash_call *call = tx->call;
	if (!call)
		return ASH_FAILED_PRECONDITION;
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
		struct ash_call call = {.request = request, .member = member, .origin = ""};
		ASH_TRY(open_held(&call));
	}
	return commit_session(request);
}

/* ---- statements ---- */

ash_status ash_exec_values(ash_tx *tx, const char *sql, int64_t *affected, const ash_value *values,
			   size_t count)
{
	struct request *request = tx->request;
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

bool ash_is_null(const ash_rows *rows, int column)
{
	return store_is_null(rows->rows, column);
}

bool ash_get_bool(ash_rows *rows, int column)
{
	return store_get_bool(rows->rows, column);
}

int64_t ash_get_int(ash_rows *rows, int column)
{
	return store_get_int(rows->rows, column);
}

double ash_get_real(ash_rows *rows, int column)
{
	return store_get_real(rows->rows, column);
}

const char *ash_get_text(ash_rows *rows, int column)
{
	return store_get_text(rows->rows, column, NULL);
}

const void *ash_get_bytes(ash_rows *rows, int column, size_t *length)
{
	return store_get_bytes(rows->rows, column, length);
}

int64_t ash_get_time(ash_rows *rows, int column)
{
	return store_get_time(rows->rows, column);
}
