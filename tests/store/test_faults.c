/* SPDX-License-Identifier: Apache-2.0 */
/* What may fail does, at every point in turn: memory, SQLite's file system, the connection to
 * PostgreSQL. After each failure the ledger holds what the commits that succeeded wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <libpq-fe.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fixture.h"

#define SECONDS (1000 * 1000 * 1000ULL)

static struct fault fault;

/* ── SQLite's memory comes from base/mem.h too ── */

static void *give(int size)
{
	return mem_alloc((size_t)size);
}

static void *resize(void *memory, int size)
{
	return mem_resize(memory, (size_t)size);
}

static int size_of(void *memory)
{
	return (int)malloc_usable_size(memory);
}

static int round_up(int size)
{
	return (size + 7) & ~7;
}

static int start(void *unused)
{
	(void)unused;
	return SQLITE_OK;
}

static void stop(void *unused)
{
	(void)unused;
}

/* ── a file system in which the Nth write, sync or read fails ── */

static long io_left = -1;
static int io_error;
static bool io_failed;

static bool must_fail(void)
{
	if (io_left < 0 || --io_left > 0)
		return false;
	io_left = 0;
	io_failed = true;
	return true;
}

/* The methods of files with and without locks, each with the real ones. */
static struct {
	sqlite3_io_methods failing;
	const sqlite3_io_methods *real;
} methods[4];
static sqlite3_vfs failing_vfs, *real_vfs;

static const sqlite3_io_methods *real_methods(const sqlite3_file *file)
{
	size_t i = 0;
	while (file->pMethods != &methods[i].failing)
		i++;
	return methods[i].real;
}

static int failing_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at)
{
	return must_fail() ? io_error : real_methods(file)->xWrite(file, bytes, count, at);
}

static int failing_sync(sqlite3_file *file, int flags)
{
	return must_fail() ? (io_error == SQLITE_FULL ? SQLITE_FULL : SQLITE_IOERR_FSYNC)
			   : real_methods(file)->xSync(file, flags);
}

static int failing_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return must_fail() ? io_error : real_methods(file)->xTruncate(file, size);
}

static int failing_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	(void)vfs;
	int code = real_vfs->xOpen(real_vfs, name, file, flags, out);
	if (code != SQLITE_OK || !file->pMethods)
		return code;
	size_t i = 0;
	while (methods[i].real && methods[i].real != file->pMethods)
		i++;
	methods[i].real = file->pMethods;
	methods[i].failing = *file->pMethods;
	methods[i].failing.xWrite = failing_write;
	methods[i].failing.xSync = failing_sync;
	methods[i].failing.xTruncate = failing_truncate;
	file->pMethods = &methods[i].failing;
	return code;
}

static int prepare_all(void **state)
{
	static const sqlite3_mem_methods memory = {give,     mem_free, resize, size_of,
						   round_up, start,    stop,   NULL};
	(void)state;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) != SQLITE_OK)
		return -1;
	real_vfs = sqlite3_vfs_find(NULL);
	failing_vfs = *real_vfs;
	failing_vfs.zName = "failing";
	failing_vfs.xOpen = failing_open;
	return sqlite3_vfs_register(&failing_vfs, 0);
}

/* One transaction of several statements; the status of the first that failed. */
static ash_status transfer(struct store *store, int64_t id)
{
	struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	ash_status status =
		store_acquire(store, clock_monotonic() + 60 * SECONDS, &session, &fault);
	if (status != ASH_OK)
		return status;
	status = store_begin(session, LEDGER, STORE_WRITE, &fault);
	if (status == ASH_OK)
		status =
			store_exec(session, "insert into ledger.entry (id, amount) values ($1, $2)",
				   (ash_value[]){ash_int(id), ash_int(id)}, 2, NULL, &fault);
	if (status == ASH_OK)
		status = store_query(session, "select amount from ledger.entry where id = $1",
				     (ash_value[]){ash_int(id)}, 1, &rows, &fault);
	if (status == ASH_OK) {
		while (store_next(rows))
			(void)store_get_int(rows, 0);
		status = store_end(rows, &fault);
	}
	if (status == ASH_OK)
		status = store_commit(session, &fault);
	store_release(session);
	return status;
}

static bool is_there(struct store *store, int64_t id)
{
	char sql[80];
	snprintf(sql, sizeof sql, "select count(*) from ledger.entry where id = %d", (int)id);
	return fixture_number(store, LEDGER, sql) == 1;
}

static void check(struct store *store, ash_status status, int64_t id)
{
	bool there = is_there(store, id);
	if (status != ASH_UNKNOWN && there != (status == ASH_OK))
		fail_msg("%s (%s), but the row %s", ash_status_name(status), fault.message,
			 there ? "is there" : "is not");
}

static void memory_may_end_anywhere(void **state)
{
	struct fixture *fixture = *state;
	for (long n = 1;; n++) {
		struct store *store = NULL;
		struct store_options options = {.location = fixture->location,
						.modules = FIXTURE_MODULES,
						.module_count = 3};
		mem_fail_from(n);
		ash_status status = store_open(&store, &options, &fault);
		if (status == ASH_OK)
			status = transfer(store, n);
		store_free(store);
		bool failed = mem_fail_never();
		if (status == ASH_OK && !failed)
			break;
		if (status != ASH_OK && status != ASH_RESOURCE_EXHAUSTED &&
		    status != ASH_UNAVAILABLE)
			fail_msg("%ld: %s: %s", n, ash_status_name(status), fault.message);
		check(fixture->store, status, n);
	}
}

static void migrations_may_run_out_of_memory(void **state)
{
	static const char *const SCHEMAS[] = {"billing", NULL};
	static const struct store_migration STEPS[] = {
		{"0001_charge.sql", NULL},
		{"0002_every.sql", NULL},
		{"0003_a.sql", "create table billing.a (id bigint primary key);\n"
			       "insert into billing.a values (1)"}};
	struct fixture *fixture = *state;
	struct store_migration steps[3] = {FIXTURE_MODULES[0].migrations[0],
					   FIXTURE_MODULES[0].migrations[1], STEPS[2]};
	struct store_module modules[3] = {
		{"billing", SCHEMAS, steps, 3}, FIXTURE_MODULES[1], FIXTURE_MODULES[2]};
	for (long n = 1;; n++) {
		struct store *store = fixture_open(fixture, modules, 3, NULL);
		mem_fail_from(n);
		ash_status status = store_migrate(store, NULL, &fault);
		bool failed = mem_fail_never();
		store_free(store);
		if (!failed) {
			assert_int_equal(status, ASH_OK);
			break;
		}
		assert_int_not_equal(status, ASH_FAILED_PRECONDITION);
	}
	assert_int_equal(fixture_number(fixture->store, BILLING, "select count(*) from billing.a"),
			 1);
}

static void fail_io(void **state, int error)
{
	struct fixture *fixture = *state;
	struct store_options options = {.vfs = "failing"};
	if (fixture_is_postgresql())
		skip();
	for (long n = 1;; n++) {
		struct store *store = fixture_open(fixture, FIXTURE_MODULES, 3, &options);
		io_failed = false;
		io_error = error;
		io_left = n;
		ash_status status = transfer(store, n);
		io_left = -1;
		/* The same store goes on when the disk is well again. */
		check(store, status, n);
		assert_int_equal(transfer(store, n + 100000), ASH_OK);
		store_free(store);
		check(fixture->store, status, n);
		if (!io_failed) {
			assert_int_equal(status, ASH_OK);
			break;
		}
		if (status == ASH_OK)
			continue; /* only what can be done later had failed */
		if (status != ASH_UNKNOWN && status != ASH_UNAVAILABLE &&
		    status != ASH_RESOURCE_EXHAUSTED)
			fail_msg("%s: %s", ash_status_name(status), fault.message);
		assert_true(fault.outage);
	}
}

static void the_disk_may_be_full(void **state)
{
	fail_io(state, SQLITE_FULL);
}

static void the_disk_may_fail(void **state)
{
	fail_io(state, SQLITE_IOERR_WRITE);
}

/* ── PostgreSQL: connections are cut by the server ── */

static void cut_all(void)
{
	PGconn *connection = PQconnectdb(getenv("ASHLAR_STORE_ADMIN"));
	PGresult *result =
		PQexec(connection, "select pg_terminate_backend(pid, 60000) from pg_stat_activity"
				   " where usename = 'app'");
	assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
	PQclear(result);
	PQfinish(connection);
}

static void an_idle_connection_that_was_cut_is_made_anew(void **state)
{
	struct fixture *fixture = *state;
	if (!fixture_is_postgresql())
		skip();
	for (int64_t i = 1; i <= 5; i++) {
		cut_all();
		if (transfer(fixture->store, i) != ASH_OK)
			fail_msg("%s", fault.message);
		assert_true(is_there(fixture->store, i));
	}
	cut_all();
	(void)!store_health(fixture->store, 60 * SECONDS, &fault);
	assert_int_equal(store_health(fixture->store, 60 * SECONDS, &fault), ASH_OK);
}

static void a_connection_that_is_cut_in_a_transaction_fails_it(void **state)
{
	struct fixture *fixture = *state;
	struct store_session *session;
	if (!fixture_is_postgresql())
		skip();
	for (int point = 0; point < 3; point++) {
		fault.outage = false;
		assert_int_equal(store_acquire(fixture->store, STORE_NO_DEADLINE, &session, &fault),
				 ASH_OK);
		assert_int_equal(store_begin(session, LEDGER, STORE_WRITE, &fault), ASH_OK);
		assert_int_equal(store_exec(session, "insert into ledger.entry values (7, 7)", NULL,
					    0, NULL, &fault),
				 ASH_OK);
		cut_all();
		if (point == 0)
			assert_int_equal(store_exec(session,
						    "insert into ledger.entry values (8, 8)", NULL,
						    0, NULL, &fault),
					 ASH_UNAVAILABLE);
		if (point == 1)
			assert_int_equal(store_commit(session, &fault), ASH_UNKNOWN);
		assert_int_equal(fault.outage, point < 2);
		store_release(session);
		assert_int_equal(
			fixture_number(fixture->store, LEDGER, "select count(*) from ledger.entry"),
			0);
	}
}

static void a_server_that_is_not_there_is_not_asked_too_often(void **state)
{
	static const char *const SCHEMAS[] = {"billing", NULL};
	const struct store_module module = {"billing", SCHEMAS, NULL, 0};
	struct store_options options = {.location = "postgresql://app@/shop?host=/nowhere&port=1",
					.modules = &module,
					.module_count = 1};
	struct store *store = NULL;
	(void)state;
	assert_int_equal(store_open(&store, &options, &fault), ASH_UNAVAILABLE);
	assert_non_null(strstr(fault.message, "/nowhere"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_may_end_anywhere),
		TEST(migrations_may_run_out_of_memory),
		TEST(the_disk_may_be_full),
		TEST(the_disk_may_fail),
		TEST(an_idle_connection_that_was_cut_is_made_anew),
		TEST(a_connection_that_is_cut_in_a_transaction_fails_it),
		TEST(a_server_that_is_not_there_is_not_asked_too_often),
	};
	return cmocka_run_group_tests(tests, prepare_all, NULL);
}
