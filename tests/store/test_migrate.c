/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations, over both databases: order, checksums, one at a time, all or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "fixture.h"

#define SECONDS (1000 * 1000 * 1000ULL)

static struct fault fault;
static char told[512];

static void tell(void *context, const char *module, const char *migration)
{
	(void)context;
	size_t length = strlen(told);
	snprintf(told + length, sizeof told - length, "%s %s\n", module, migration);
}

static const char *const SCHEMAS[] = {"billing", NULL};

/* Migrates billing to these, over a store of its own; `told` says which ran. */
static ash_status migrate(void **state, const struct store_migration *migrations, size_t count,
			  bool dry_run)
{
	struct store_migration_options options = {.dry_run = dry_run, .tell = tell};
	struct store_module modules[] = {{"billing", SCHEMAS, migrations, count},
					 FIXTURE_BARE[ORDERS]};
	struct store *store = fixture_open(*state, modules, 2, NULL);
	fault = (struct fault){ASH_OK};
	told[0] = '\0';
	ash_status status = store_migrate(store, &options, &fault);
	store_free(store);
	return status;
}

static const struct store_migration STEPS[] = {
	{"0002_more.sql", "alter table billing.a add column b text not null default 'x'"},
	{"0001_a.sql", "create table billing.a (id bigint primary key);\n"
		       "insert into billing.a values (1);"},
	{"0003_again.sql",
	 "create index a_by_b on billing.a (b); drop index billing.a_by_b;\n"
	 "alter table billing.a rename column b to c;\n"
	 "alter table billing.a rename to aa;\n"
	 "alter table billing.aa drop column c;\n"
	 "create unique index if not exists aa_id on billing.aa (id) where id > 0;"},
};

static int64_t count(void **state, const char *sql)
{
	struct fixture *fixture = *state;
	return fixture_number(fixture->store, BILLING, sql);
}

static void they_run_in_the_order_of_their_names_once(void **state)
{
	assert_int_equal(migrate(state, STEPS, 2, false), ASH_OK);
	assert_string_equal(told, "billing 0001_a.sql\nbilling 0002_more.sql\n");
	assert_int_equal(count(state, "select count(*) from billing.a where b = 'x'"), 1);
	assert_int_equal(migrate(state, STEPS, 2, false), ASH_OK);
	assert_string_equal(told, "");
	assert_int_equal(migrate(state, STEPS, 3, false), ASH_OK);
	assert_string_equal(told, "billing 0003_again.sql\n");
	assert_int_equal(count(state, "select count(*) from billing.aa"), 1);
}

static void a_dry_run_changes_nothing(void **state)
{
	assert_int_equal(migrate(state, STEPS, 2, true), ASH_OK);
	assert_string_equal(told, "billing 0001_a.sql\nbilling 0002_more.sql\n");
	assert_int_equal(migrate(state, STEPS, 2, true), ASH_OK);
	assert_string_equal(told, "billing 0001_a.sql\nbilling 0002_more.sql\n");
	assert_int_equal(migrate(state, STEPS, 2, false), ASH_OK);
	assert_int_equal(migrate(state, STEPS, 3, true), ASH_OK);
	assert_string_equal(told, "billing 0003_again.sql\n");
}

static void one_that_fails_leaves_nothing_and_says_where(void **state)
{
	const struct store_migration broken[] = {
		{"0001_a.sql", "create table billing.a (id bigint primary key)"},
		{"0002_b.sql",
		 "create table billing.b (id bigint primary key);\n\n"
		 "insert into billing.b values (1);\ninsert into billing.b values (1);"}};
	assert_int_equal(migrate(state, broken, 2, false), ASH_ALREADY_EXISTS);
	assert_string_equal(told, "billing 0001_a.sql\n");
	if (strncmp(fault.message, "billing 0002_b.sql:4: ", 22) != 0)
		fail_msg("%s", fault.message);
	const struct store_migration mended[] = {
		broken[0], {"0002_b.sql", "create table billing.b (id bigint)"}};
	assert_int_equal(migrate(state, mended, 2, false), ASH_OK);
	assert_string_equal(told, "billing 0002_b.sql\n");
	assert_int_equal(count(state, "select count(*) from billing.b"), 0);
}

static void the_line_of_what_cannot_be_spelled_is_told(void **state)
{
	const struct store_migration broken[] = {
		{"0001_a.sql",
		 "create table billing.a (\n  id bigint,\n  price numeric(10, 2)\n)"}};
	assert_int_equal(migrate(state, broken, 1, false), ASH_INVALID_ARGUMENT);
	assert_non_null(strstr(fault.message, "line 3 of the SQL"));
	assert_non_null(strstr(fault.message, "timestamptz"));
}

static void what_ran_may_not_change(void **state)
{
	assert_int_equal(migrate(state, STEPS, 2, false), ASH_OK);
	struct store_migration changed[] = {STEPS[1], STEPS[0]};
	changed[0].sql = "create table billing.a (id bigint primary key)";
	assert_int_equal(migrate(state, changed, 2, false), ASH_FAILED_PRECONDITION);
	assert_non_null(strstr(fault.message, "0001_a.sql was changed"));
	assert_int_equal(migrate(state, STEPS, 1, false), ASH_FAILED_PRECONDITION);
	assert_non_null(strstr(fault.message, "not in the program"));
	const struct store_migration late[] = {
		STEPS[0], STEPS[1], {"0001_b.sql", "create table billing.b (id bigint)"}};
	assert_int_equal(migrate(state, late, 3, false), ASH_FAILED_PRECONDITION);
	assert_non_null(strstr(fault.message, "comes before 0002_more.sql"));
	const struct store_migration twice[] = {STEPS[0], STEPS[1], STEPS[1]};
	assert_int_equal(migrate(state, twice, 3, false), ASH_FAILED_PRECONDITION);
	assert_non_null(strstr(fault.message, "two migrations"));
}

static void an_index_cannot_be_made_concurrently(void **state)
{
	const struct store_migration steps[] = {{"0001_a.sql",
						 "create table billing.a (id bigint);\n"
						 "create index concurrently i on billing.a (id);"}};
	assert_int_equal(migrate(state, steps, 1, false), ASH_INVALID_ARGUMENT);
	assert_non_null(strstr(fault.message, "billing 0001_a.sql:2: "));
	assert_non_null(strstr(fault.message, "concurrently"));
}

static void *migrate_all(void *context)
{
	struct store_module modules[] = {{"billing", SCHEMAS, STEPS, 3}, FIXTURE_BARE[ORDERS]};
	/* However long one of them stands still. */
	const struct store_migration_options options = {.patience = 60 * SECONDS,
							.lock_timeout = 60 * SECONDS};
	struct store *store = fixture_open(context, modules, 2, NULL);
	struct fault why = {ASH_OK};
	ash_status status = store_migrate(store, &options, &why);
	if (status != ASH_OK)
		print_error("%s\n", why.message);
	store_free(store);
	return status == ASH_OK ? context : NULL;
}

static void many_at_once_run_each_once(void **state)
{
	pthread_t threads[4];
	void *good;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, migrate_all, *state), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &good);
		assert_non_null(good);
	}
	assert_int_equal(count(state, "select count(*) from billing.aa"), 1);
}

static void an_old_connection_sees_the_new_schema(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(migrate(state, STEPS, 1 + 1, false), ASH_OK);
	assert_int_equal(count(state, "select count(*) from billing.a"), 1);
	assert_int_equal(migrate(state, STEPS, 3, false), ASH_OK);
	assert_int_equal(
		fixture_run(fixture->store, BILLING, "select count(*) from billing.a", &fault),
		ASH_INVALID_ARGUMENT);
	assert_int_equal(count(state, "select count(*) from billing.aa"), 1);
}

static void identities_are_given_and_not_used_again(void **state)
{
	const struct store_migration steps[] = {
		{"0001_a.sql",
		 "create table billing.a (id bigint generated always as identity primary key,"
		 " t text not null default 'it''s', at timestamptz not null default "
		 "current_timestamp, flag boolean not null default true,"
		 " constraint short check (length(t) < 9), unique (t, id))"}};
	struct fixture *fixture = *state;
	assert_int_equal(migrate(state, steps, 1, false), ASH_OK);
	assert_int_equal(fixture_run(fixture->store, BILLING,
				     "insert into billing.a (t) values ('a')", NULL),
			 ASH_OK);
	assert_int_equal(fixture_run(fixture->store, BILLING, "delete from billing.a", NULL),
			 ASH_OK);
	assert_int_equal(
		fixture_run(fixture->store, BILLING, "insert into billing.a default values", NULL),
		ASH_OK);
	assert_int_equal(count(state, "select id from billing.a where flag and t = 'it''s'"), 2);
	assert_int_equal(fixture_run(fixture->store, BILLING,
				     "insert into billing.a (t) values ('123456789')", NULL),
			 ASH_FAILED_PRECONDITION);
}

static void a_lock_is_not_waited_for_longer_than_said(void **state)
{
	struct store_migration_options options = {.lock_timeout = 300 * 1000 * 1000};
	struct fixture *fixture = *state;
	struct store_module modules[] = {{"billing", SCHEMAS, STEPS, 3}, FIXTURE_BARE[ORDERS]};
	struct store_session *session;
	assert_int_equal(migrate(state, STEPS, 2, false), ASH_OK);
	assert_int_equal(store_acquire(fixture->store, STORE_NO_DEADLINE, &session, &fault),
			 ASH_OK);
	assert_int_equal(store_begin(session, BILLING, STORE_WRITE, &fault), ASH_OK);
	assert_int_equal(store_exec(session, "update billing.a set b = 'y'", NULL, 0, NULL, &fault),
			 ASH_OK);
	struct store *store = fixture_open(*state, modules, 2, NULL);
	uint64_t from = clock_monotonic();
	assert_int_equal(store_migrate(store, &options, &fault), ASH_DEADLINE_EXCEEDED);
	assert_true(clock_monotonic() - from < 60 * SECONDS);
	store_release(session);
	options.lock_timeout = 60 * SECONDS;
	assert_int_equal(store_migrate(store, &options, &fault), ASH_OK);
	store_free(store);
}

#define TEST(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, fixture_set_up_empty, fixture_tear_down)

/* Their list comes row by row, and is kept up to a bound. */
static void more_than_can_be_kept_are_refused(void **state)
{
	const struct fixture *fixture = *state;
	char sql[400];
	assert_int_equal(migrate(state, STEPS, 2, false), ASH_OK);
	snprintf(sql, sizeof sql,
		 "with recursive n (i) as (select 1 union all select i + 1 from n where i < %d) "
		 "insert into %s (module, name, checksum, applied_at) select 'gone', "
		 "'m' || i, 'x', %s from n",
		 STORE_APPLIED_LIMIT - 2,
		 fixture_is_postgresql() ? "ashlar.migration" : "\"ashlar.migration\"",
		 fixture_is_postgresql() ? "now()" : "0");
	fixture_admin(fixture, sql);
	assert_int_equal(migrate(state, STEPS, 2, false), ASH_OK);
	assert_int_equal(migrate(state, STEPS, 3, false), ASH_OK);
	assert_int_equal(migrate(state, STEPS, 3, false), ASH_RESOURCE_EXHAUSTED);
	assert_non_null(strstr(fault.message, "more than 65536 migrations ran"));
	/* What was on its way is gone: the connection is of use. */
	assert_int_equal(store_migrate(fixture->store, NULL, &fault), ASH_RESOURCE_EXHAUSTED);
	assert_int_equal(store_health(fixture->store, 60 * 1000 * 1000 * 1000ULL, &fault), ASH_OK);
	assert_int_equal(count(state, "select count(*) from billing.aa"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(they_run_in_the_order_of_their_names_once),
		TEST(a_dry_run_changes_nothing),
		TEST(one_that_fails_leaves_nothing_and_says_where),
		TEST(the_line_of_what_cannot_be_spelled_is_told),
		TEST(what_ran_may_not_change),
		TEST(an_index_cannot_be_made_concurrently),
		TEST(many_at_once_run_each_once),
		TEST(an_old_connection_sees_the_new_schema),
		TEST(identities_are_given_and_not_used_again),
		TEST(more_than_can_be_kept_are_refused),
		TEST(a_lock_is_not_waited_for_longer_than_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
