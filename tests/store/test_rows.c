/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that stay open, of both databases: beside other statements, past the memory that there is,
 * and to their deadline. ASHLAR_STORE says which database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/clock.h"
#include "speak.h"

static void statements_run_while_rows_are_open(void **state)
{
	struct store_session *session = write_billing(state);
	must(EXEC(session, "insert into ledger.entry values (1, 1)") == ASH_PERMISSION_DENIED
		     ? ASH_OK
		     : ASH_INTERNAL);
	store_rollback(session);
	must(store_begin(session, BILLING, STORE_WRITE, &fault));
	must(EXEC(session, "insert into billing.every (id, i) values (1, 1), (2, 2), (3, 3)"));
	struct store_rows *outer = QUERY(session, "select id from billing.every order by id");
	int seen = 0;
	while (store_next(outer)) {
		struct store_rows *inner =
			QUERY(session, "select id from billing.every order by id");
		assert_true(store_next(inner));
		assert_int_equal(store_get_int(inner, 0), 1);
		must(store_end(inner, &fault));
		must(EXEC(session, "insert into billing.charge (order_id, cents) values ($1, 1)",
			  ash_text_n("abc", (size_t)store_get_int(outer, 0))));
		seen++;
	}
	assert_int_equal(seen, 3);
	must(store_end(outer, &fault));
	commit(session);
}

static void rows_that_are_left_open_close_with_the_transaction(void **state)
{
	struct store_session *session = write_billing(state);
	struct store_rows *rows = QUERY(session, "select 1 union all select 2");
	assert_true(store_next(rows));
	must(store_commit(session, &fault));
	assert_false(store_next(rows));
	assert_int_equal(store_columns(rows), 1);
	must(store_end(rows, &fault));
	must(store_begin(session, BILLING, STORE_WRITE, &fault));
	rows = QUERY(session, "select 1 union all select 2");
	store_release(session);
	session = write_billing(state);
	rows = QUERY(session, "select 1 union all select 2");
	must(store_end(rows, &fault));
	commit(session);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

/* Sanitizers keep freed memory back, so there it is only gone through. */
#ifdef SANITIZED
#define MANY   50000
#define GROWTH INT64_MAX
#else
#define MANY   2000000
#define GROWTH ((int64_t)32 << 20)
#endif

#define COUNTED                                                                                    \
	"with recursive n(i) as (select 1 union all select i + 1 from n where i < $1) "            \
	"select i, 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz' || i::text "             \
	"from n"

static int64_t resident(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*d %ld", &pages), 1);
	fclose(file);
	return (int64_t)pages * 4096;
}

static void millions_of_rows_take_no_memory(void **state)
{
	struct store_session *session = write_billing(state);
	int64_t most = getenv("ASHLAR_TEST_SHORT") ? 20000 : MANY;
	struct store_rows *rows = QUERY(session, COUNTED, ash_int(most));
	assert_true(store_next(rows));
	int64_t before = resident(), seen = 1;
	while (store_next(rows)) {
		assert_true(store_get_int(rows, 0) == ++seen);
		if (seen % 10000 == 0)
			assert_true(resident() - before < GROWTH);
	}
	assert_true(seen == most);
	must(store_end(rows, &fault));
	commit(session);
}

static void many_rows_stay_open_beside_other_statements(void **state)
{
	struct store_session *session = write_billing(state);
	struct store_rows *rows = QUERY(session, COUNTED, ash_int(2000));
	struct store_rows *others = QUERY(session, COUNTED, ash_int(1000));
	must(EXEC(session, "insert into billing.every (id) values (1)"));
	for (int64_t i = 1; i <= 2000; i++) {
		assert_true(store_next(rows));
		assert_true(store_get_int(rows, 0) == i);
		if (i > 1000)
			continue;
		assert_true(store_next(others));
		assert_true(store_get_int(others, 0) == i);
	}
	assert_false(store_next(rows));
	assert_false(store_next(others));
	must(store_end(rows, &fault));
	must(store_end(others, &fault));
	commit(session);
}

static void rows_that_nobody_reads_to_the_end_are_forgotten(void **state)
{
	struct store_session *session = write_billing(state);
	for (int i = 0; i < 3; i++) {
		struct store_rows *rows = QUERY(session, COUNTED, ash_int(5000));
		for (int j = 0; j < 150 * i; j++)
			assert_true(store_next(rows));
		must(store_end(rows, &fault));
		must(EXEC(session, "delete from billing.every"));
	}
	assert_non_null(QUERY(session, COUNTED, ash_int(5000)));
	commit(session);
}

/* On PostgreSQL: SQLite reads each row when it is asked for, and keeps none. */
static void what_is_kept_of_open_rows_has_a_bound(void **state)
{
	struct store_session *session = write_billing(state);
	struct store_rows *rows = QUERY(session, COUNTED, ash_int(100000));
	assert_true(store_next(rows));
	must(EXEC(session, "insert into billing.every (id) values (1)"));
	while (store_next(rows))
		assert_true(store_get_int(rows, 0) <= 100000);
	ash_status status = store_end(rows, &fault);
	assert_int_equal(status, fixture_is_postgresql() ? ASH_RESOURCE_EXHAUSTED : ASH_OK);
	if (status != ASH_OK)
		assert_non_null(strstr(fault.message, "give the query a limit"));
	store_rollback(session);
	must(store_begin(session, BILLING, STORE_WRITE, &fault));
	must(EXEC(session, "insert into billing.every (id) values (1)"));
	commit(session);
}

/* The row that fails is far behind the first. */
static void rows_may_fail_in_the_middle(void **state)
{
	static const char SQL[] =
		"with recursive n(i) as (select 1 union all select i + 1 from n where i < 9000) "
		"select (case when i < 8000 then 1 else 9223372036854775807 end)::bigint + 1, i "
		"from n";
	struct store_session *session = write_billing(state);
	struct store_rows *rows = QUERY(session, SQL);
	int64_t seen = 0;
	while (store_next(rows))
		seen = store_get_int(rows, 1);
	ash_status status = store_end(rows, &fault);
	if (fixture_is_postgresql()) {
		assert_in_range(seen, 1000, 7999);
		assert_int_equal(status, ASH_OUT_OF_RANGE);
		assert_int_equal(EXEC(session, "delete from billing.every"), ASH_ABORTED);
	}
	store_rollback(session);
	must(store_begin(session, BILLING, STORE_WRITE, &fault));
	must(EXEC(session, "insert into billing.every (id) values (1)"));
	commit(session);
}

/* The reader takes `pause` nanoseconds for each row: the next comes late, or is always there. */
static void read_until_the_deadline(struct store_session *session, uint64_t pause)
{
	struct store_rows *rows = QUERY(session, COUNTED, ash_int(1000000000000));
	assert_true(store_next(rows));
	uint64_t from = clock_monotonic();
	store_set_deadline(session, from + 200000000);
	while (store_next(rows))
		for (uint64_t at = clock_monotonic(); clock_monotonic() - at < pause;)
			;
	assert_true(clock_monotonic() - from < 60 * UINT64_C(1000000000));
	assert_int_equal(store_end(rows, &fault), ASH_DEADLINE_EXCEEDED);
	store_set_deadline(session, STORE_NO_DEADLINE);
	store_rollback(session);
	must(store_begin(session, BILLING, STORE_WRITE, &fault));
	must(EXEC(session, "insert into billing.every (id) values (1)"));
	commit(session);
}

static void rows_end_at_the_deadline(void **state)
{
	read_until_the_deadline(write_billing(state), 0);
}

static void rows_end_at_the_deadline_of_a_slow_reader(void **state)
{
	read_until_the_deadline(write_billing(state), 50000);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(statements_run_while_rows_are_open),
		TEST(rows_that_are_left_open_close_with_the_transaction),
		TEST(millions_of_rows_take_no_memory),
		TEST(many_rows_stay_open_beside_other_statements),
		TEST(rows_that_nobody_reads_to_the_end_are_forgotten),
		TEST(what_is_kept_of_open_rows_has_a_bound),
		TEST(rows_may_fail_in_the_middle),
		TEST(rows_end_at_the_deadline),
		TEST(rows_end_at_the_deadline_of_a_slow_reader),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
