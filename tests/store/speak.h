/* SPDX-License-Identifier: Apache-2.0 */
/* Statements in one line each, for the tests that send many. What fails ends the test, where it
 * is not asked for. */
#ifndef TEST_STORE_SPEAK_H
#define TEST_STORE_SPEAK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

/* Runs one statement with its values; gives its status, and says why in `fault`. */
#define EXEC(session, sql, ...)                                                                    \
	exec_values((session), (sql), (const ash_value[]){ash_null(), ##__VA_ARGS__},              \
		    sizeof((const ash_value[]){ash_null(), ##__VA_ARGS__}) / sizeof(ash_value) -   \
			    1)
/* Opens the rows of one query with its values; it must be accepted. */
#define QUERY(session, sql, ...)                                                                   \
	query_values((session), (sql), (const ash_value[]){ash_null(), ##__VA_ARGS__},             \
		     sizeof((const ash_value[]){ash_null(), ##__VA_ARGS__}) / sizeof(ash_value) -  \
			     1)

/* Of the last statement that failed. */
static struct fault fault;

/* Ends the test with what `fault` says, if this is a failure. */
static inline void must(ash_status status)
{
	if (status != ASH_OK)
		fail_msg("%s: %s", ash_status_name(status), fault.message);
}

/* EXEC() and QUERY() with the values as a list, the first of which is not one: it may be alone. */
static inline ash_status exec_values(struct store_session *session, const char *sql,
				     const ash_value *values, size_t count)
{
	return store_exec(session, sql, values + 1, count, NULL, &fault);
}

/* As exec_values(), of a query. */
static inline struct store_rows *query_values(struct store_session *session, const char *sql,
					      const ash_value *values, size_t count)
{
	struct store_rows *rows = NULL;
	must(store_query(session, sql, values + 1, count, &rows, &fault));
	return rows;
}

/* A connection with a transaction of the module begun. */
static inline struct store_session *begin(void **state, unsigned module, enum store_intent intent)
{
	struct fixture *fixture = *state;
	struct store_session *session = NULL;
	must(store_acquire_begun(fixture->store, STORE_NO_DEADLINE, module, intent, &session,
				 &fault));
	return session;
}

/* A transaction that may write, of the module that most tests are about. */
static inline struct store_session *write_billing(void **state)
{
	return begin(state, BILLING, STORE_WRITE);
}

/* Commits, and gives the connection back. */
static inline void commit(struct store_session *session)
{
	must(store_commit(session, &fault));
	store_release(session);
}

#endif
