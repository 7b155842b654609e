/* SPDX-License-Identifier: Apache-2.0 */
/* What both databases must do alike. The same program runs over each: ASHLAR_STORE says which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/time.h>

#include "base/clock.h"
#include "speak.h"

#define SECONDS (1000 * 1000 * 1000ULL)

static void values_come_back_as_they_went_in(void **state)
{
	static const char BYTES[] = "a\0b\xff";
	struct store_session *session = write_billing(state);
	must(EXEC(session,
		  "insert into billing.every (id, b, i, n, r, t, y, at)"
		  " values ($1, $2, $3, $4::integer, $5, $6, $7, $8)",
		  ash_int(1), ash_bool(true), ash_int(INT64_MIN), ash_int(-7), ash_real(0.1),
		  ash_text("h\xc3\xa9'\"$1"), ash_bytes(BYTES, 4), ash_time(-62135596799999999)));
	commit(session);
	session = begin(state, BILLING, STORE_READ);
	struct store_rows *rows = QUERY(session, "select b, i, n, r, t, y, at from billing.every");
	assert_int_equal(store_columns(rows), 7);
	assert_string_equal(store_column_name(rows, 4), "t");
	assert_true(store_next(rows));
	assert_true(store_get_bool(rows, 0));
	assert_true(store_get_int(rows, 1) == INT64_MIN);
	assert_int_equal(store_get_int(rows, 2), -7);
	assert_true(store_get_real(rows, 3) == 0.1);
	size_t length = 0;
	assert_string_equal(store_get_text(rows, 4, &length), "h\xc3\xa9'\"$1");
	assert_int_equal(length, 7);
	assert_memory_equal(store_get_bytes(rows, 5, &length), BYTES, 4);
	assert_int_equal(length, 4);
	assert_true(store_get_time(rows, 6) == -62135596799999999);
	assert_false(store_next(rows));
	must(store_end(rows, &fault));
	commit(session);
}

static void null_is_the_zero_of_each_type(void **state)
{
	struct store_session *session = write_billing(state);
	must(EXEC(session, "insert into billing.every values ($1, $2, $3, $4, $5, $6, $7, $8)",
		  ash_int(1), ash_null(), ash_null(), ash_null(), ash_null(), ash_null(),
		  ash_null(), ash_null()));
	struct store_rows *rows = QUERY(session, "select b, i, r, t, y, at from billing.every");
	size_t length = 9;
	assert_true(store_next(rows));
	for (int i = 0; i < 6; i++)
		assert_true(store_is_null(rows, i));
	assert_false(store_get_bool(rows, 0));
	assert_int_equal(store_get_int(rows, 1), 0);
	assert_true(store_get_real(rows, 2) == 0);
	assert_string_equal(store_get_text(rows, 3, &length), "");
	assert_int_equal(length, 0);
	assert_non_null(store_get_bytes(rows, 4, &length));
	assert_int_equal(store_get_time(rows, 5), 0);
	must(store_end(rows, &fault));
	commit(session);
}

static void empty_is_not_null(void **state)
{
	struct store_session *session = write_billing(state);
	must(EXEC(session, "insert into billing.every (id, t, y) values (1, $1, $2)",
		  ash_text(NULL), ash_bytes(NULL, 0)));
	struct store_rows *rows = QUERY(session, "select t, y from billing.every");
	assert_true(store_next(rows));
	assert_false(store_is_null(rows, 0));
	assert_false(store_is_null(rows, 1));
	must(store_end(rows, &fault));
	commit(session);
}

static void reals_keep_every_bit(void **state)
{
	static const double REALS[] = {0.0, 1e308, -2.2250738585072014e-308, 3.0, M_PI};
	struct store_session *session = write_billing(state);
	for (size_t i = 0; i < 5; i++)
		must(EXEC(session, "insert into billing.every (id, r) values ($1, $2)",
			  ash_int((int64_t)i), ash_real(REALS[i])));
	struct store_rows *rows = QUERY(session, "select r from billing.every order by id");
	for (size_t i = 0; i < 5; i++) {
		assert_true(store_next(rows));
		assert_true(store_get_real(rows, 0) == REALS[i]);
	}
	must(store_end(rows, &fault));
	commit(session);
}

static void values_convert_where_nothing_is_lost(void **state)
{
	struct store_session *session = write_billing(state);
	struct store_rows *rows = QUERY(session, "select $1, $2, $3, $4", ash_int(1), ash_real(3),
					ash_real(3.5), ash_text("x"));
	assert_true(store_next(rows));
	assert_true(store_get_bool(rows, 0));
	assert_true(store_get_real(rows, 0) == 1);
	assert_int_equal(store_get_int(rows, 1), 3);
	assert_int_equal(store_get_int(rows, 2), 0);
	assert_int_equal(store_end(rows, &fault), ASH_INVALID_ARGUMENT);
	assert_non_null(strstr(fault.message, "column 2"));
	assert_int_equal(store_commit(session, &fault), ASH_ABORTED);
	store_release(session);
}

static void a_column_that_is_not_there_fails(void **state)
{
	struct store_session *session = write_billing(state);
	struct store_rows *rows = QUERY(session, "select 1");
	assert_true(store_next(rows));
	assert_int_equal(store_get_int(rows, 1), 0);
	assert_int_equal(store_get_int(rows, -1), 0);
	assert_int_equal(store_end(rows, &fault), ASH_INVALID_ARGUMENT);
	store_release(session);
}

static void values_may_be_used_twice_and_in_any_order(void **state)
{
	struct store_session *session = write_billing(state);
	struct store_rows *rows =
		QUERY(session, "select $2 - $1, $1 + $1", ash_int(3), ash_int(10));
	assert_true(store_next(rows));
	assert_int_equal(store_get_int(rows, 0), 7);
	assert_int_equal(store_get_int(rows, 1), 6);
	must(store_end(rows, &fault));
	commit(session);
}

static void a_wrong_number_of_values_is_refused(void **state)
{
	struct store_session *session = write_billing(state);
	assert_int_equal(EXEC(session, "select $1, $2", ash_int(1)), ASH_INVALID_ARGUMENT);
	assert_non_null(strstr(fault.message, "2 values"));
	store_release(session);
}

static void rows_that_are_affected_are_counted(void **state)
{
	struct store_session *session = write_billing(state);
	int64_t affected = -1;
	must(store_exec(session, "insert into ledger.entry values (1, 1)", NULL, 0, &affected,
			&fault) == ASH_PERMISSION_DENIED
		     ? ASH_OK
		     : ASH_INTERNAL);
	store_rollback(session);
	must(store_begin(session, LEDGER, STORE_WRITE, &fault));
	must(store_exec(session, "insert into ledger.entry values (1, 5), (2, 6), (3, 7)", NULL, 0,
			&affected, &fault));
	assert_int_equal(affected, 3);
	must(store_exec(session, "update ledger.entry set amount = 0 where amount > 5", NULL, 0,
			&affected, &fault));
	assert_int_equal(affected, 2);
	must(store_exec(session, "delete from ledger.entry where id = 9", NULL, 0, &affected,
			&fault));
	assert_int_equal(affected, 0);
	commit(session);
}

static void a_table_is_known_by_its_bare_name_in_its_statement(void **state)
{
	struct store_session *session = write_billing(state);
	for (int i = 0; i < 2; i++)
		must(EXEC(session,
			  "insert into billing.charge (order_id, cents) values ($1, $2) on "
			  "conflict (order_id)"
			  " do update set cents = charge.cents + excluded.cents",
			  ash_text("o1"), ash_int(5)));
	must(EXEC(
		session,
		"update billing.charge set cents = charge.cents * 2 where charge.order_id = 'o1'"));
	struct store_rows *rows =
		QUERY(session, "select charge.cents, c.cents, billing.charge.id from billing.charge"
			       " join billing.charge c on c.id = charge.id");
	assert_true(store_next(rows));
	assert_int_equal(store_get_int(rows, 0), 20);
	assert_int_equal(store_get_int(rows, 1), 20);
	must(store_end(rows, &fault));
	must(EXEC(session, "delete from billing.charge where charge.cents = 20"));
	commit(session);
	struct fixture *fixture = *state;
	assert_int_equal(
		fixture_number(fixture->store, BILLING, "select count(*) from billing.charge"), 0);
}

static void what_is_returned_is_read(void **state)
{
	struct store_session *session = write_billing(state);
	struct store_rows *rows =
		QUERY(session,
		      "insert into billing.charge (order_id, cents) values ($1, 1), ($2, 2)"
		      " returning id, order_id",
		      ash_text("a"), ash_text("b"));
	assert_true(store_next(rows));
	int64_t first = store_get_int(rows, 0);
	assert_true(store_next(rows));
	assert_int_equal(store_get_int(rows, 0), first + 1);
	assert_string_equal(store_get_text(rows, 1, NULL), "b");
	assert_false(store_next(rows));
	must(store_end(rows, &fault));
	/* Nothing is read, and yet it was done. */
	must(store_end(QUERY(session, "insert into billing.charge (order_id, cents) values ('c', 3)"
				      " returning id"),
		       &fault));
	commit(session);
	struct fixture *fixture = *state;
	assert_int_equal(
		fixture_number(fixture->store, BILLING, "select count(*) from billing.charge"), 3);
}

/* A query each; it must yield 1 on both. */
static void both_know_the_same_sql(void **state)
{
	static const char *const TRUE_HERE[] = {
		"select 1 where 'abc' like 'a%' and not 'abc' like 'A%'",
		"select 1 where 'a%c' like 'a\\%c' and not 'abc' like 'a\\%c' and 'axc' like 'a_c'",
		"select 1 where 'a%c' like 'a!%c' escape '!' and 'h\xc3\xa9!' like 'h_!'",
		"select 1 where 7 / 2 = 3 and -7 / 2 = -3 and 7 % 3 = 1 and -7 % 3 = -1",
		"select 1 where 'a' || 'b' = 'ab' and coalesce(null, 'x') = 'x'",
		"select (1.5 + 0.5)::bigint - 1",
		"select 1 where 2.5::double precision::bigint = 2 and 3.5::double "
		"precision::bigint = 4",
		"select 1 where '42'::bigint = 42 and 42::text = '42' and ' 7 '::integer = 7",
		"select 1 where 1.0::double precision::text = '1' and 0.1::double precision::text "
		"= '0.1'",
		"select 1 where '2.5'::double precision = 2.5",
		"select 1 where greatest(1, 3, 2) = 3 and least('b', 'a') = 'a' and greatest(null, "
		"1) = 1",
		"select 1 where substr('hello', 2, 3) = 'ell' and length('h\xc3\xa9') = 2",
		"select 1 where replace('aXbX', 'X', '-') = 'a-b-' and trim('  a ') = 'a'",
		"select 1 where upper('ab') = 'AB' and lower('AB') = 'ab' and abs(-3) = 3",
		"select 1 where nullif(1, 1) is null and 1 is distinct from null",
		"select case when true and not false then 1 else 0 end",
		"with v (a) as (values (1)) select count(*) from v where a in (1, 2)",
		"with a (x) as (select 1), b (y) as (values (1)) select x from a join b on x = y",
		"with recursive n (i) as (select 1 union all select i + 1 from n where i < 5)"
		" select count(*) - 4 from n",
		"with v (x) as (values (1), (2), (3)) select sum(x)::bigint - 5 from v",
		"with v (x) as (values (1), (2), (3)) select avg(x)::bigint - 1 from v",
		"with v (x) as (values (1)) select count(*) from v where exists (select 1)",
		"with v (x) as (values ('a'), ('b')) select 1 where (select string_agg(x, ',') "
		"from v) = "
		"'a,b'",
		"with v (x) as (values (3)) select row_number() over (order by x desc) from v",
		"with v (x) as (values (1), (2)) select max(x) filter (where x < 2) from v",
		"select 1 /* a /* nested */ comment */ -- and one to the end\n",
		"select 1 where $q$it's$q$ = 'it''s' and $$a$$ = 'a'",
		"select 1 where now() = current_timestamp",
		"with \"v\" (\"a\") as (select 1) select \"a\" from \"v\"",
		"with v (x) as (values (2), (1)) select x from v order by x limit 1 offset 0",
		"select 1 - (select count(*) from billing.charge for update)",
		"select 1 where 1 <> 2 and 1 != 2 and 1 <= 1 and 2 >= 1",
		"select 1 where '\\' = '\\'",
		"select 1 -- the end",
	};
	struct store_session *session = write_billing(state);
	for (size_t i = 0; i < sizeof TRUE_HERE / sizeof *TRUE_HERE; i++) {
		if (strstr(TRUE_HERE[i], "for update"))
			continue;
		struct store_rows *rows = NULL;
		if (store_query(session, TRUE_HERE[i], NULL, 0, &rows, &fault) != ASH_OK)
			fail_msg("%s: %s", TRUE_HERE[i], fault.message);
		bool there = store_next(rows);
		int64_t one = store_get_int(rows, 0);
		if (store_end(rows, &fault) != ASH_OK || !there || one != 1)
			fail_msg("%s: %d %ld %s", TRUE_HERE[i], there, (long)one, fault.message);
	}
	commit(session);
}

static void texts_are_in_the_order_of_their_bytes(void **state)
{
	static const char *const TEXTS[] = {"B", "Z", "a", "b", "\xc3\xa9"};
	struct store_session *session = write_billing(state);
	for (size_t i = 5; i-- > 0;)
		must(EXEC(session, "insert into billing.every (id, t) values ($1, $2)",
			  ash_int((int64_t)i), ash_text(TEXTS[i])));
	struct store_rows *rows = QUERY(session, "select t from billing.every order by t");
	for (size_t i = 0; i < 5; i++) {
		assert_true(store_next(rows));
		assert_string_equal(store_get_text(rows, 0, NULL), TEXTS[i]);
	}
	must(store_end(rows, &fault));
	commit(session);
}

static void locked_rows_are_read(void **state)
{
	struct store_session *session = write_billing(state);
	must(EXEC(session, "insert into billing.charge (order_id, cents) values ('a', 1)"));
	struct store_rows *rows =
		QUERY(session,
		      "select id from billing.charge order by id limit 5 for update skip locked");
	assert_true(store_next(rows));
	must(store_end(rows, &fault));
	commit(session);
	session = begin(state, BILLING, STORE_READ);
	assert_int_equal(EXEC(session, "select id from billing.charge for update"),
			 ASH_FAILED_PRECONDITION);
	store_release(session);
}

/* A statement and the status it fails with. */
static void failures_have_the_same_status(void **state)
{
	static const struct {
		const char *sql;
		ash_status status;
	} FAILURES[] = {
		{"insert into billing.charge (order_id, cents) values ('o1', 1)",
		 ASH_ALREADY_EXISTS},
		{"insert into billing.charge (order_id, cents) values ('o2', -1)",
		 ASH_FAILED_PRECONDITION},
		{"insert into billing.charge (order_id) values ('o2')", ASH_FAILED_PRECONDITION},
		{"insert into billing.charge (order_id, cents) values (null, 1)",
		 ASH_FAILED_PRECONDITION},
		{"insert into billing.refund values (999, 1)", ASH_FAILED_PRECONDITION},
		{"insert into billing.charge (order_id, cents) values ('o2', 'x')",
		 ASH_INVALID_ARGUMENT},
		{"select nothing from billing.charge", ASH_INVALID_ARGUMENT},
		{"select 1 from billing.nothing", ASH_INVALID_ARGUMENT},
		{"select 1 from charge", ASH_INVALID_ARGUMENT},
		{"selekt 1", ASH_PERMISSION_DENIED},
		{"select", ASH_OK},
		{"select 1 from", ASH_INVALID_ARGUMENT},
		{"select (1", ASH_INVALID_ARGUMENT},
		{"select 'a", ASH_INVALID_ARGUMENT},
		{"", ASH_INVALID_ARGUMENT},
		{" -- nothing\n;", ASH_INVALID_ARGUMENT},
		{"select 1; select 2", ASH_INVALID_ARGUMENT},
		{"select 'x'::bigint", ASH_INVALID_ARGUMENT},
		{"select md5('a')", ASH_PERMISSION_DENIED},
		{"create table billing.x (a bigint)", ASH_PERMISSION_DENIED},
		{"insert into billing.every (id, n) values (5, 3000000000)", ASH_OUT_OF_RANGE},
	};
	struct fixture *fixture = *state;
	must(fixture_run(fixture->store, BILLING,
			 "insert into billing.charge (order_id, cents) values ('o1', 1)", &fault));
	for (size_t i = 0; i < sizeof FAILURES / sizeof *FAILURES; i++) {
		fault.message[0] = '\0';
		ash_status status = fixture_run(fixture->store, BILLING, FAILURES[i].sql, &fault);
		if (FAILURES[i].status == ASH_OK)
			continue;
		if (FAILURES[i].status == ASH_OUT_OF_RANGE && status == ASH_FAILED_PRECONDITION)
			continue; /* on SQLite that is a check of the column */
		if (status != FAILURES[i].status || !fault.message[0])
			fail_msg("%s: %s, not %s: %s", FAILURES[i].sql, ash_status_name(status),
				 ash_status_name(FAILURES[i].status), fault.message);
	}
}

static void a_failure_spoils_the_transaction(void **state)
{
	struct store_session *session = write_billing(state);
	must(EXEC(session, "insert into billing.charge (order_id, cents) values ('a', 1)"));
	assert_int_equal(
		EXEC(session, "insert into billing.charge (order_id, cents) values ('a', 1)"),
		ASH_ALREADY_EXISTS);
	assert_int_equal(EXEC(session, "select 1"), ASH_ABORTED);
	assert_int_equal(store_commit(session, &fault), ASH_ABORTED);
	assert_false(store_in_transaction(session));
	must(store_begin(session, BILLING, STORE_READ, &fault));
	commit(session);
	struct fixture *fixture = *state;
	assert_int_equal(
		fixture_number(fixture->store, BILLING, "select count(*) from billing.charge"), 0);
}

static void a_savepoint_saves_it(void **state)
{
	struct store_session *session = write_billing(state);
	must(store_save(session, &fault));
	must(EXEC(session, "insert into billing.charge (order_id, cents) values ('a', 1)"));
	must(store_keep(session, &fault));
	must(store_save(session, &fault));
	must(EXEC(session, "insert into billing.charge (order_id, cents) values ('b', 1)"));
	must(store_save(session, &fault));
	assert_int_equal(
		EXEC(session, "insert into billing.charge (order_id, cents) values ('a', 1)"),
		ASH_ALREADY_EXISTS);
	assert_int_equal(store_keep(session, &fault), ASH_ABORTED);
	must(store_restore(session, &fault));
	must(EXEC(session, "insert into billing.charge (order_id, cents) values ('c', 1)"));
	must(store_restore(session, &fault));
	assert_int_equal(store_restore(session, &fault), ASH_FAILED_PRECONDITION);
	store_rollback(session);
	must(store_begin(session, BILLING, STORE_WRITE, &fault));
	must(EXEC(session, "insert into billing.charge (order_id, cents) values ('a', 1)"));
	must(store_save(session, &fault));
	must(EXEC(session, "insert into billing.charge (order_id, cents) values ('b', 1)"));
	must(store_restore(session, &fault));
	commit(session);
	struct fixture *fixture = *state;
	assert_int_equal(
		fixture_number(fixture->store, BILLING, "select count(*) from billing.charge"), 1);
}

static void savepoints_have_a_bound(void **state)
{
	struct store_session *session = write_billing(state);
	for (int i = 0; i < STORE_SAVEPOINT_LIMIT; i++)
		must(store_save(session, &fault));
	assert_int_equal(store_save(session, &fault), ASH_RESOURCE_EXHAUSTED);
	for (int i = 0; i < STORE_SAVEPOINT_LIMIT; i++)
		must(store_keep(session, &fault));
	commit(session);
}

static void two_modules_speak_in_one_transaction(void **state)
{
	struct fixture *fixture = *state;
	struct store_session *session = write_billing(state);
	must(EXEC(session, "insert into billing.charge (order_id, cents) values ('a', 1)"));
	assert_int_equal(store_speak(session, LEDGER), BILLING);
	must(EXEC(session, "insert into ledger.entry values (1, 1)"));
	assert_int_equal(store_speak(session, BILLING), LEDGER);
	must(EXEC(session, "insert into billing.charge (order_id, cents) values ('b', 1)"));
	assert_int_equal(EXEC(session, "select 1 from ledger.entry"), ASH_PERMISSION_DENIED);
	store_release(session);
	assert_int_equal(
		fixture_number(fixture->store, LEDGER, "select count(*) from ledger.entry"), 0);
	session = write_billing(state);
	must(EXEC(session, "insert into billing.charge (order_id, cents) values ('a', 1)"));
	store_speak(session, LEDGER);
	must(EXEC(session, "insert into ledger.entry values (1, 1)"));
	commit(session);
	assert_int_equal(
		fixture_number(fixture->store, LEDGER, "select count(*) from ledger.entry"), 1);
}

static void nobody_speaks_for_a_module_that_is_not_there(void **state)
{
	struct store_session *session = write_billing(state);
	assert_int_equal(store_speak(session, 4711), BILLING);
	assert_int_equal(EXEC(session, "delete from billing.charge"), ASH_FAILED_PRECONDITION);
	store_release(session);
}

#define SEND(session, sql, ...)                                                                    \
	store_send((session), (sql), (const ash_value[]){__VA_ARGS__},                             \
		   sizeof((const ash_value[]){__VA_ARGS__}) / sizeof(ash_value), &fault)

static const char INSERT[] = "insert into billing.charge (order_id, cents) values ($1, $2)";

static int64_t charges(const struct fixture *fixture)
{
	return fixture_number(fixture->store, BILLING, "select count(*) from billing.charge");
}

static void what_is_sent_lasts_with_the_commit(void **state)
{
	struct fixture *fixture = *state;
	char id[16];
	struct store_session *session = write_billing(state);
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof id, "o%d", i);
		must(SEND(session, INSERT, ash_text(id), ash_int(i)));
	}
	struct store_rows *rows = QUERY(session, "select count(*) from billing.charge");
	assert_true(store_next(rows));
	assert_int_equal(store_get_int(rows, 0), 1000);
	must(store_end(rows, &fault));
	ash_status status = SEND(session, INSERT, ash_text("last"), ash_null());
	assert_int_not_equal(status == ASH_OK ? store_commit(session, &fault) : status, ASH_OK);
	store_release(session);
	assert_int_equal(charges(fixture), 0);
	session = write_billing(state);
	must(SEND(session, INSERT, ash_text("a"), ash_int(1)));
	must(SEND(session, INSERT, ash_text("b"), ash_int(2)));
	commit(session);
	assert_int_equal(charges(fixture), 2);
}

/* Where it is told differs; that nothing lasts, and that the session goes on, does not. */
static void what_is_sent_and_fails_takes_the_transaction_back(void **state)
{
	struct fixture *fixture = *state;
	for (int at = 0; at < 3; at++) {
		struct store_session *session = write_billing(state);
		ash_status status = ASH_OK;
		for (int i = 0; i < 3 && status == ASH_OK; i++)
			status = SEND(session, INSERT, ash_text(i == at ? "same" : "o"),
				      ash_int(i == at ? -1 : i));
		if (status == ASH_OK && at == 1)
			status = EXEC(session, "select 1");
		if (status == ASH_OK)
			status = store_commit(session, &fault);
		assert_true(status == ASH_FAILED_PRECONDITION || status == ASH_ALREADY_EXISTS);
		store_release(session);
		assert_int_equal(charges(fixture), 0);
	}
	struct store_session *session = write_billing(state);
	must(SEND(session, INSERT, ash_text("a"), ash_int(1)));
	must(store_save(session, &fault));
	if (SEND(session, INSERT, ash_text("a"), ash_int(1)) == ASH_OK)
		assert_int_equal(EXEC(session, "select 1"), ASH_ALREADY_EXISTS);
	must(store_restore(session, &fault));
	must(SEND(session, INSERT, ash_text("b"), ash_int(1)));
	commit(session);
	assert_int_equal(charges(fixture), 2);
}

static void the_last_statement_commits(void **state)
{
	struct fixture *fixture = *state;
	struct store_session *session = write_billing(state);
	must(SEND(session, INSERT, ash_text("a"), ash_int(1)));
	store_last(session);
	struct store_rows *rows = QUERY(session, "insert into billing.charge (order_id, cents) "
						 "values ('b', 2), ('c', 3) returning cents");
	assert_true(store_next(rows));
	assert_int_equal(store_get_int(rows, 0), 2);
	assert_true(store_next(rows));
	must(store_end(rows, &fault));
	commit(session);
	assert_int_equal(charges(fixture), 3);
	/* It fails, and the session goes on. */
	session = write_billing(state);
	must(SEND(session, INSERT, ash_text("d"), ash_int(1)));
	store_last(session);
	assert_int_equal(
		EXEC(session, "insert into billing.charge (order_id, cents) values ('a', 1)"),
		ASH_ALREADY_EXISTS);
	store_rollback(session);
	must(store_begin(session, BILLING, STORE_WRITE, &fault));
	must(EXEC(session, "insert into billing.charge (order_id, cents) values ('e', 1)"));
	commit(session);
	assert_int_equal(charges(fixture), 4);
}

static void a_reading_transaction_only_reads(void **state)
{
	struct store_session *session = begin(state, BILLING, STORE_READ);
	assert_int_equal(
		EXEC(session, "insert into billing.charge (order_id, cents) values ('a', 1)"),
		ASH_FAILED_PRECONDITION);
	store_release(session);
}

static void transactions_are_one_at_a_time(void **state)
{
	struct store_session *session = write_billing(state);
	assert_int_equal(store_begin(session, BILLING, STORE_READ, &fault),
			 ASH_FAILED_PRECONDITION);
	commit(session);
	session = write_billing(state);
	store_rollback(session);
	assert_int_equal(EXEC(session, "select 1"), ASH_FAILED_PRECONDITION);
	assert_int_equal(store_commit(session, &fault), ASH_FAILED_PRECONDITION);
	store_rollback(session);
	store_release(session);
	store_release(NULL);
}

static void more_statements_than_are_kept(void **state)
{
	struct store_session *session = write_billing(state);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < STORE_STATEMENT_LIMIT + 10; i++) {
			char sql[64];
			snprintf(sql, sizeof sql, "select %d", i);
			struct store_rows *rows = QUERY(session, sql);
			assert_true(store_next(rows));
			assert_int_equal(store_get_int(rows, 0), i);
			must(store_end(rows, &fault));
		}
	commit(session);
}

static void a_statement_is_not_shared_between_modules(void **state)
{
	struct fixture *fixture = *state;
	struct store_session *session = begin(state, ORDERS, STORE_WRITE);
	must(EXEC(session, "select id from orders.order"));
	commit(session);
	session = write_billing(state);
	assert_int_equal(EXEC(session, "select id from orders.order"), ASH_PERMISSION_DENIED);
	store_release(session);
	assert_int_equal(fixture_number(fixture->store, ORDERS, "select count(*) from orders.open"),
			 1);
}

static void a_view_of_its_own_is_read(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(fixture_number(fixture->store, ORDERS, "select count(*) from orders.open"),
			 1);
}

static void the_pool_has_a_bound(void **state)
{
	struct fixture *fixture = *state;
	struct store_options options = {.connections = 2};
	struct store *store = fixture_open(fixture, FIXTURE_MODULES, 3, &options);
	struct store_session *a, *b, *c;
	unsigned open, busy;
	must(store_acquire(store, STORE_NO_DEADLINE, &a, &fault));
	must(store_acquire(store, STORE_NO_DEADLINE, &b, &fault));
	uint64_t deadline = clock_monotonic() + 20 * 1000 * 1000;
	assert_int_equal(store_acquire(store, deadline, &c, &fault), ASH_DEADLINE_EXCEEDED);
	store_connections(store, &open, &busy);
	assert_int_equal(open, 2);
	assert_int_equal(busy, 2);
	store_release(b);
	must(store_acquire(store, deadline, &c, &fault));
	store_release(a);
	store_release(c);
	store_connections(store, &open, &busy);
	assert_int_equal(busy, 0);
	store_free(store);
}

static void nothing_is_kept_of_a_transaction_that_cannot_begin(void **state)
{
	struct fixture *fixture = *state;
	struct store_options options = {.connections = 1};
	struct store *store = fixture_open(fixture, FIXTURE_MODULES, 3, &options);
	struct store_session *session = NULL;
	unsigned open, busy;
	assert_int_equal(store_acquire_begun(store, STORE_NO_DEADLINE, LEDGER + 1, STORE_WRITE,
					     &session, &fault),
			 ASH_FAILED_PRECONDITION);
	assert_null(session);
	store_connections(store, &open, &busy);
	assert_int_equal(busy, 0);
	must(store_acquire_begun(store, clock_monotonic() + 60 * SECONDS, LEDGER, STORE_READ,
				 &session, &fault));
	assert_true(store_in_transaction(session));
	store_release(session);
	store_free(store);
}

static void health_is_asked(void **state)
{
	struct fixture *fixture = *state;
	must(store_health(fixture->store, 60 * SECONDS, &fault));
	assert_string_equal(store_engine(fixture->store),
			    fixture_is_postgresql() ? "postgresql" : "sqlite");
}

static void a_statement_ends_at_its_deadline(void **state)
{
	struct store_session *session = write_billing(state);
	store_set_deadline(session, clock_monotonic() + 100 * 1000 * 1000);
	uint64_t from = clock_monotonic();
	assert_int_equal(
		EXEC(session,
		     "with recursive n (i) as (select 1 union all select i + 1 from n where "
		     "i < 100000000) select count(*) from n"),
		ASH_DEADLINE_EXCEEDED);
	assert_true(clock_monotonic() - from < 30 * SECONDS);
	store_release(session);
	session = write_billing(state);
	must(EXEC(session, "select 1"));
	commit(session);
}

static void ignore_signal(int number)
{
	(void)number;
}

/* As of a profiler, or of the application's own. */
static void signals_end_no_statement(void **state)
{
	struct store_session *session = write_billing(state);
	const struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
	const struct sigaction action = {.sa_handler = ignore_signal};
	sigaction(SIGALRM, &action, NULL); /* for good: the last one may come late */
	setitimer(ITIMER_REAL, &often, NULL);
	store_set_deadline(session, clock_monotonic() + 300 * SECONDS);
	ash_status status =
		EXEC(session, "with recursive n (i) as (select 1 union all select i + 1 from n "
			      "where i < 300000) select count(*) from n");
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(status, ASH_OK);
	commit(session);
}

struct worker {
	struct store *store;
	int rounds;
	atomic_int *failed;
};

static void *add_many(void *context)
{
	struct worker *worker = context;
	for (int i = 0; i < worker->rounds; i++)
		if (fixture_run(worker->store, LEDGER,
				"update ledger.entry set amount = amount + 1 where id = 1",
				NULL) != ASH_OK)
			atomic_fetch_add(worker->failed, 1);
	return NULL;
}

static void many_threads_write_and_none_is_lost(void **state)
{
	struct fixture *fixture = *state;
	pthread_t threads[4];
	atomic_int failed = 0;
	struct worker worker = {fixture->store, 50, &failed};
	must(fixture_run(fixture->store, LEDGER, "insert into ledger.entry values (1, 0)", &fault));
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, &worker), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(failed, 0);
	assert_int_equal(fixture_number(fixture->store, LEDGER, "select amount from ledger.entry"),
			 200);
}

static void readers_do_not_wait_for_a_writer(void **state)
{
	struct fixture *fixture = *state;
	struct store_session *session = write_billing(state);
	must(EXEC(session, "insert into billing.charge (order_id, cents) values ('a', 1)"));
	assert_int_equal(
		fixture_number(fixture->store, BILLING, "select count(*) from billing.charge"), 0);
	commit(session);
	assert_int_equal(
		fixture_number(fixture->store, BILLING, "select count(*) from billing.charge"), 1);
}

static void the_time_of_a_transaction_stands_still(void **state)
{
	struct store_session *session = write_billing(state);
	must(EXEC(session, "insert into billing.every (id) values (1)"));
	must(EXEC(session, "insert into billing.every (id, at) values (2, now())"));
	struct store_rows *rows =
		QUERY(session, "select count(*) from billing.every where at = now()");
	assert_true(store_next(rows));
	assert_int_equal(store_get_int(rows, 0), 2);
	must(store_end(rows, &fault));
	rows = QUERY(session, "select at from billing.every where at > $1",
		     ash_time(1700000000000000));
	assert_true(store_next(rows));
	must(store_end(rows, &fault));
	commit(session);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_come_back_as_they_went_in),
		TEST(null_is_the_zero_of_each_type),
		TEST(empty_is_not_null),
		TEST(reals_keep_every_bit),
		TEST(values_convert_where_nothing_is_lost),
		TEST(a_column_that_is_not_there_fails),
		TEST(values_may_be_used_twice_and_in_any_order),
		TEST(a_wrong_number_of_values_is_refused),
		TEST(rows_that_are_affected_are_counted),
		TEST(a_table_is_known_by_its_bare_name_in_its_statement),
		TEST(what_is_returned_is_read),
		TEST(both_know_the_same_sql),
		TEST(texts_are_in_the_order_of_their_bytes),
		TEST(locked_rows_are_read),
		TEST(failures_have_the_same_status),
		TEST(a_failure_spoils_the_transaction),
		TEST(a_savepoint_saves_it),
		TEST(savepoints_have_a_bound),
		TEST(two_modules_speak_in_one_transaction),
		TEST(nobody_speaks_for_a_module_that_is_not_there),
		TEST(what_is_sent_lasts_with_the_commit),
		TEST(what_is_sent_and_fails_takes_the_transaction_back),
		TEST(the_last_statement_commits),
		TEST(a_reading_transaction_only_reads),
		TEST(transactions_are_one_at_a_time),
		TEST(more_statements_than_are_kept),
		TEST(a_statement_is_not_shared_between_modules),
		TEST(a_view_of_its_own_is_read),
		TEST(the_pool_has_a_bound),
		TEST(nothing_is_kept_of_a_transaction_that_cannot_begin),
		TEST(health_is_asked),
		TEST(a_statement_ends_at_its_deadline),
		TEST(signals_end_no_statement),
		TEST(many_threads_write_and_none_is_lost),
		TEST(readers_do_not_wait_for_a_writer),
		TEST(the_time_of_a_transaction_stands_still),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
