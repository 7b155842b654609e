/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASHLAR_STORE_H
#define ASHLAR_STORE_H

#include <ashlar/call.h>
#include <ashlar/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A transaction in the module's own schema. SQL is PostgreSQL's spelling, with qualified names
 * and $1, $2 ...; the same text runs on SQLite and PostgreSQL (docs/sql.md says what both know). */
typedef struct ash_tx ash_tx;

/* The rows of one query. */
typedef struct ash_rows ash_rows;

/* Values of one statement, at most. */
#define ASH_VALUE_LIMIT 64

/* Opens a transaction as `tx`, which rolls back wherever the function returns before
 * ash_commit(). Inside the transaction of an event's delivery, or of a caller whose port joins,
 * it is that one, and the outermost commits. Returns from the function when it fails. */
#define ASH_TX(tx, call)                                                                           \
	__attribute__((cleanup(ash_tx_leave_))) ash_tx *tx = NULL;                                 \
	ASH_TRY(ash_begin((call), &tx))

/* What ASH_TX calls. `*out` is to be ended by ash_commit() or ash_rollback(). A call has one
 * transaction at a time. Errors: ASH_FAILED_PRECONDITION (there is an open one already, or the
 * module owns no schema), ASH_UNAVAILABLE (the store cannot be reached), ASH_DEADLINE_EXCEEDED. */
ASH_PUBLIC ash_status ash_begin(ash_call *call, ash_tx **out) ASH_MUST_CHECK;

/* Ends the transaction; after ASH_OK all of it lasts, also over a crash, otherwise nothing of it
 * does, but for ASH_UNKNOWN: the connection was lost while committing, so it is not known.
 * Errors: ASH_ABORTED (a conflict with another transaction, or a joined part had failed),
 * ASH_FAILED_PRECONDITION (it was ended before), ASH_RESOURCE_EXHAUSTED (the disk is full),
 * ASH_UNAVAILABLE, ASH_DEADLINE_EXCEEDED. */
ASH_PUBLIC ash_status ash_commit(ash_tx *tx) ASH_MUST_CHECK;

/* Takes all of it back. NULL and an ended transaction are fine. */
ASH_PUBLIC void ash_rollback(ash_tx *tx);

/* For ASH_TX. */
ASH_PUBLIC void ash_tx_leave_(ash_tx **tx);

/* Runs a statement for its effect. Errors, all told by ash_message(): ASH_PERMISSION_DENIED
 * (it touches another module's table: both modules are named), ASH_INVALID_ARGUMENT (no valid
 * statement, or the number of values is wrong), ASH_ALREADY_EXISTS (unique), ASH_FAILED_PRECONDITION
 * (another constraint; the transaction is over), ASH_ABORTED (serialization, deadlock),
 * ASH_RESOURCE_EXHAUSTED (the disk is full, no memory), ASH_DEADLINE_EXCEEDED, ASH_DATA_LOSS (the
 * data is damaged), ASH_UNAVAILABLE. */
#define ash_exec(tx, sql, ...) ash_exec_values((tx), (sql), NULL, ASH_VALUES_(__VA_ARGS__))
/* As ash_exec(); `*affected` are the rows that were inserted, updated or deleted. */
#define ash_exec_count(tx, affected, sql, ...)                                                     \
	ash_exec_values((tx), (sql), (affected), ASH_VALUES_(__VA_ARGS__))
ASH_PUBLIC ash_status ash_exec_values(ash_tx *tx, const char *sql, int64_t *affected,
				      const ash_value *values, size_t count) ASH_MUST_CHECK;

/* Runs a query and opens its rows as `rows`, which are closed where the function returns:
 *     ASH_QUERY(rows, tx, "select id, cents from billing.charge where cents > $1", ash_int(5));
 *     while (ash_next(rows))
 *             total += ash_get_int(rows, 1);
 *     ASH_TRY(ash_end(rows));
 * Errors as ash_exec(). */
#define ASH_QUERY(rows, tx, sql, ...)                                                              \
	__attribute__((cleanup(ash_rows_leave_))) ash_rows *rows = NULL;                           \
	ASH_TRY(ash_query_values((tx), (sql), &rows, ASH_VALUES_(__VA_ARGS__)))
ASH_PUBLIC ash_status ash_query_values(ash_tx *tx, const char *sql, ash_rows **out,
				       const ash_value *values, size_t count) ASH_MUST_CHECK;

/* Goes to the next row (at first: the first). False at the end and on an error: see ash_end(). */
ASH_PUBLIC bool ash_next(ash_rows *rows);

/* Closes the rows and says whether all were read without an error. */
ASH_PUBLIC ash_status ash_end(ash_rows *rows) ASH_MUST_CHECK;
ASH_PUBLIC void ash_rows_leave_(ash_rows **rows);

/* The value of a column, from 0, of the current row; converted where that loses nothing, else the
 * zero of the type, and ash_end() fails with ASH_INVALID_ARGUMENT. NULL is the zero of the type:
 * ask ash_is_null(). Texts and bytes are not copied: valid until ash_next() or the end; texts are
 * NUL-terminated. Of rows that are closed every value is NULL, and the log has an error. */
ASH_PUBLIC bool ash_is_null(const ash_rows *rows, int column);
ASH_PUBLIC bool ash_get_bool(ash_rows *rows, int column);
ASH_PUBLIC int64_t ash_get_int(ash_rows *rows, int column);
ASH_PUBLIC double ash_get_real(ash_rows *rows, int column);
ASH_PUBLIC const char *ash_get_text(ash_rows *rows, int column);
ASH_PUBLIC const void *ash_get_bytes(ash_rows *rows, int column, size_t *length);
ASH_PUBLIC int64_t ash_get_time(ash_rows *rows, int column);

#define ASH_VALUES_(...)                                                                           \
	((const ash_value[]){ash_null(), ##__VA_ARGS__} + 1),                                      \
		sizeof((const ash_value[]){ash_null(), ##__VA_ARGS__}) / sizeof(ash_value) - 1

#ifdef __cplusplus
}
#endif

#endif
