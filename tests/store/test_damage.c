/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's files with something else in them, at the start and while a store is open; and reads
 * that fail, which SQLite tells in the same words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

enum { PAGE = 4096 };

static struct fault fault;

/* ── the files ── */

static const char *path_of(const struct fixture *fixture)
{
	return fixture->location + strlen("sqlite:");
}

/* In a child: whoever closes a file gives back all locks that its process has on it. */
static void overwrite(const char *path, off_t at, const void *bytes, size_t size)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int file = open(path, O_WRONLY | O_CREAT, 0600);
		_exit(file < 0 || pwrite(file, bytes, size, at) != (ssize_t)size);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void scribble(const char *path, off_t at, size_t size)
{
	char garbage[PAGE];
	memset(garbage, 0xA5, sizeof garbage);
	for (size_t done = 0; done < size; done += sizeof garbage)
		overwrite(path, at + (off_t)done, garbage,
			  size - done < sizeof garbage ? size - done : sizeof garbage);
}

static off_t root_of(const struct fixture *fixture, const char *table)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	assert_int_equal(sqlite3_open(path_of(fixture), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "select rootpage from sqlite_schema where name = ?",
					    -1, &statement, NULL),
			 SQLITE_OK);
	sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	off_t root = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return root;
}

/* The page that a table begins with, after all is out of the log and of every cache. */
static void scribble_over(const struct fixture *fixture, const char *table)
{
	off_t root = root_of(fixture, table);
	fixture_admin(fixture, "insert into \"orders.order\" (id) values (random());"
			       "pragma wal_checkpoint(truncate)");
	scribble(path_of(fixture), (root - 1) * PAGE, PAGE);
}

/* ── what is expected ── */

static void open_fails(const struct fixture *fixture, const char *words)
{
	struct store *store = NULL;
	const struct store_options options = {
		.location = fixture->location, .modules = FIXTURE_MODULES, .module_count = 3};
	assert_int_equal(store_open(&store, &options, &fault), ASH_DATA_LOSS);
	assert_false(fault.outage);
	assert_non_null(strstr(fault.message, words));
	assert_non_null(strstr(fault.message, path_of(fixture)));
	assert_non_null(strstr(fault.message, "restore a backup"));
}

static ash_status sum(struct store *store)
{
	struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	ash_status status = store_acquire(store, STORE_NO_DEADLINE, &session, &fault);
	if (status != ASH_OK)
		return status;
	status = store_begin(session, LEDGER, STORE_READ, &fault);
	if (status == ASH_OK)
		status = store_query(session, "select sum(amount) from ledger.entry", NULL, 0,
				     &rows, &fault);
	if (status == ASH_OK) {
		while (store_next(rows))
			(void)store_get_int(rows, 0);
		status = store_end(rows, &fault);
	}
	store_release(session);
	return status;
}

static ash_status health(struct store *store)
{
	return store_health(store, 60 * 1000 * 1000 * 1000ULL, &fault);
}

static void is_damaged(const struct fixture *fixture, ash_status status)
{
	if (status != ASH_DATA_LOSS)
		fail_msg("%s: %s", ash_status_name(status), fault.message);
	assert_false(fault.outage);
	assert_non_null(strstr(fault.message, "is damaged ("));
	assert_non_null(strstr(fault.message, path_of(fixture)));
	assert_non_null(strstr(fault.message, ".recover"));
}

/* From then on nothing is written, the store is not well, and what is whole can be read. */
static void only_reads_from_now_on(const struct fixture *fixture)
{
	is_damaged(fixture, health(fixture->store));
	is_damaged(fixture, fixture_run(fixture->store, ORDERS,
					"insert into orders.order (id) values ('o2')", &fault));
	assert_true(fixture_number(fixture->store, ORDERS, "select count(*) from orders.order") >
		    0);
}

static void fill(const struct fixture *fixture)
{
	fixture_admin(fixture, "with recursive n (i) as (values (1) union all select i + 1 from n "
			       "where i < 5000) insert into \"ledger.entry\" select i, i from n");
}

/* ── at the start ── */

static void what_is_no_database_is_refused(void **state)
{
	struct fixture *fixture = *state;
	store_free(fixture->store);
	fixture->store = NULL;
	scribble(path_of(fixture), 0, 2 * PAGE);
	open_fails(fixture, "file is not a database");
	assert_int_equal(truncate(path_of(fixture), 100), 0);
	open_fails(fixture, "file is not a database");
}

static void a_page_that_was_overwritten_is_found_at_the_start(void **state)
{
	struct fixture *fixture = *state;
	fill(fixture);
	store_free(fixture->store);
	fixture->store = NULL;
	scribble_over(fixture, "ledger.entry");
	open_fails(fixture, "is damaged (");
}

/* A large file is not read through at the start, and its damage is found by who meets it. */
static void a_large_file_is_read_when_it_is_needed(void **state)
{
	struct fixture *fixture = *state;
	fill(fixture);
	store_free(fixture->store);
	scribble_over(fixture, "ledger.entry");
	assert_int_equal(truncate(path_of(fixture), (65 << 20)), 0);
	fixture->store = fixture_open(fixture, FIXTURE_MODULES, 3, NULL);
	assert_int_equal(health(fixture->store), ASH_OK);
	is_damaged(fixture, sum(fixture->store));
	only_reads_from_now_on(fixture);
}

/* A process that died leaves a log, and its last commit only there. Nobody has the file open. */
static void leave_log(const struct fixture *fixture, char log[256])
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		sqlite3 *db = NULL;
		_exit(sqlite3_open(path_of(fixture), &db) != SQLITE_OK ||
		      sqlite3_exec(db, "insert into \"ledger.entry\" values (1, 7)", NULL, NULL,
				   NULL) != SQLITE_OK);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	snprintf(log, 256, "%s-wal", path_of(fixture));
	assert_int_equal(access(log, R_OK), 0);
}

static void a_log_that_is_whole_is_taken(void **state)
{
	struct fixture *fixture = *state;
	char log[256];
	store_free(fixture->store);
	leave_log(fixture, log);
	fixture->store = fixture_open(fixture, FIXTURE_MODULES, 3, NULL);
	assert_int_equal(fixture_number(fixture->store, LEDGER, "select amount from ledger.entry"),
			 7);
}

static void a_log_of_garbage_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char log[256];
	store_free(fixture->store);
	fixture->store = NULL;
	leave_log(fixture, log);
	overwrite(log, 30, "!", 1); /* of the sum */
	open_fails(fixture, "store.db-wal is damaged");
	scribble(log, 0, PAGE);
	open_fails(fixture, "store.db-wal is damaged");
	assert_int_equal(access(log, R_OK), 0);
}

/* What a crash may leave before the first commit. */
static void a_log_that_was_not_begun_is_none(void **state)
{
	static const char ZEROS[PAGE];
	struct fixture *fixture = *state;
	char log[256];
	store_free(fixture->store);
	leave_log(fixture, log);
	overwrite(log, 0, ZEROS, sizeof ZEROS);
	store_free(fixture_open(fixture, FIXTURE_MODULES, 3, NULL));
	scribble(log, 0, 20);
	fixture->store = fixture_open(fixture, FIXTURE_MODULES, 3, NULL);
	assert_int_equal(sum(fixture->store), ASH_OK);
}

/* Rows that an older program wrote are no damage, whatever a constraint says by now. */
static void a_row_that_breaks_a_constraint_is_no_damage(void **state)
{
	struct fixture *fixture = *state;
	fixture_admin(fixture, "pragma ignore_check_constraints = on; insert into "
			       "\"billing.charge\" (order_id, cents) values ('o', -1)");
	store_free(fixture->store);
	fixture->store = fixture_open(fixture, FIXTURE_MODULES, 3, NULL);
	assert_int_equal(health(fixture->store), ASH_OK);
}

/* ── while it is open ── */

static void a_page_that_is_overwritten_is_told_by_the_statement(void **state)
{
	struct fixture *fixture = *state;
	fill(fixture);
	assert_int_equal(sum(fixture->store), ASH_OK);
	scribble_over(fixture, "ledger.entry");
	assert_int_equal(health(fixture->store), ASH_OK);
	is_damaged(fixture, sum(fixture->store));
	only_reads_from_now_on(fixture);
	is_damaged(fixture, sum(fixture->store));
}

static void a_log_that_is_overwritten_is_told_by_the_statement(void **state)
{
	struct fixture *fixture = *state;
	struct stat about;
	char log[256];
	fixture_admin(fixture, "pragma wal_checkpoint(truncate)");
	assert_int_equal(fixture_run(fixture->store, LEDGER,
				     "insert into ledger.entry (id, amount) values (1, 7)", &fault),
			 ASH_OK);
	snprintf(log, sizeof log, "%s-wal", path_of(fixture));
	assert_int_equal(stat(log, &about), 0);
	scribble(log, 0, (size_t)about.st_size);
	/* The connection that wrote it still has its pages. */
	struct store_session *first = NULL;
	assert_int_equal(store_acquire(fixture->store, STORE_NO_DEADLINE, &first, &fault), ASH_OK);
	is_damaged(fixture, sum(fixture->store));
	store_release(first);
	is_damaged(fixture, health(fixture->store));
	is_damaged(fixture, sum(fixture->store));
	store_free(fixture->store);
	fixture->store = NULL;
	open_fails(fixture, "-wal is damaged");
}

/* The rows of an index are written only while its condition is not in the schema. */
static void an_index_that_does_not_fit_its_table_is_damage(void **state)
{
	struct fixture *fixture = *state;
	store_free(fixture->store);
	fixture_admin(fixture, "pragma writable_schema = on; update sqlite_schema set sql = sql || "
			       "' where cents < 0' where name like '%charge_by_cents'");
	fixture_admin(fixture, "insert into \"billing.charge\" (order_id, cents) values ('p', 6);"
			       "pragma writable_schema = on; update sqlite_schema set sql = "
			       "replace(sql, ' where cents < 0', '') where name like "
			       "'%charge_by_cents'");
	fixture->store = fixture_open(fixture, FIXTURE_MODULES, 3, NULL);
	assert_int_equal(health(fixture->store), ASH_OK);
	is_damaged(fixture, fixture_run(fixture->store, BILLING,
					"delete from billing.charge where order_id = 'p'", &fault));
	is_damaged(fixture, health(fixture->store));
}

/* ── reads that fail ── */

static long reads_left = -1; /* that succeed; -1: all of them */
static long failures_left;
static bool read_failed;
static sqlite3_io_methods methods[4];
static const sqlite3_io_methods *real_methods[4];
static sqlite3_vfs failing_vfs, *real_vfs;

static const sqlite3_io_methods *methods_of(const sqlite3_file *file)
{
	return real_methods[file->pMethods - methods];
}

static int failing_read(sqlite3_file *file, void *out, int count, sqlite3_int64 at)
{
	if (reads_left < 0 || reads_left-- > 0)
		return methods_of(file)->xRead(file, out, count, at);
	reads_left = --failures_left > 0 ? 0 : -1;
	read_failed = true;
	return SQLITE_IOERR_CORRUPTFS;
}

static int failing_control(sqlite3_file *file, int what, void *out)
{
	if (what != SQLITE_FCNTL_LAST_ERRNO)
		return methods_of(file)->xFileControl(file, what, out);
	*(int *)out = read_failed ? EIO : 0;
	return SQLITE_OK;
}

static int failing_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	(void)vfs;
	int code = real_vfs->xOpen(real_vfs, name, file, flags, out);
	if (code != SQLITE_OK || !file->pMethods)
		return code;
	size_t i = 0;
	while (real_methods[i] && real_methods[i] != file->pMethods)
		i++;
	real_methods[i] = file->pMethods;
	methods[i] = *file->pMethods;
	methods[i].xRead = failing_read;
	methods[i].xFileControl = failing_control;
	file->pMethods = &methods[i];
	return code;
}

static int register_disk(void **state)
{
	(void)state;
	real_vfs = sqlite3_vfs_find(NULL);
	failing_vfs = *real_vfs;
	failing_vfs.zName = "failing reads";
	failing_vfs.xOpen = failing_open;
	return sqlite3_vfs_register(&failing_vfs, 0);
}

/* `failures` reads fail, after each number of them that succeed; then the disk is well again. */
static void reads_fail(struct fixture *fixture, long failures)
{
	const struct store_options options = {.vfs = "failing reads"};
	unsigned met = 0;
	fill(fixture);
	for (long n = 0;; n++) {
		struct store *store = fixture_open(fixture, FIXTURE_MODULES, 3, &options);
		read_failed = false;
		failures_left = failures;
		reads_left = n;
		ash_status status = sum(store);
		bool whole = !read_failed;
		reads_left = -1;
		if (status != ASH_OK && (status != ASH_UNAVAILABLE || !fault.outage))
			fail_msg("%ld: %s: %s", n, ash_status_name(status), fault.message);
		met += strstr(fault.message, "a read failed") != NULL;
		fault.message[0] = '\0';
		assert_int_equal(health(store), ASH_OK);
		assert_int_equal(sum(store), ASH_OK);
		store_free(store);
		if (whole)
			break;
	}
	assert_true(met > 1);
}

static void one_read_that_fails_is_no_damage(void **state)
{
	reads_fail(*state, 1);
}

/* While the disk fails nobody can tell. */
static void many_reads_that_fail_are_no_damage(void **state)
{
	reads_fail(*state, 1000000);
}

/* ── another file in its place ── */

static ash_status insert(const struct fixture *fixture)
{
	static int number;
	char sql[80];
	snprintf(sql, sizeof sql, "insert into orders.order (id) values ('gone%d')", number++);
	return fixture_run(fixture->store, ORDERS, sql, &fault);
}

static void is_gone(const struct fixture *fixture, ash_status status)
{
	if (status != ASH_UNAVAILABLE)
		fail_msg("%s: %s", ash_status_name(status), fault.message);
	assert_true(fault.outage);
	assert_non_null(strstr(fault.message, "was removed, moved or replaced"));
	assert_non_null(strstr(fault.message, path_of(fixture)));
}

/* Each look closes a session, so that new ones are wanted, which make no file of their own. */
static void is_gone_for_all(const struct fixture *fixture)
{
	for (int i = 0; i < 5; i++) {
		is_gone(fixture, insert(fixture));
		is_gone(fixture, health(fixture->store));
	}
}

static void nothing_is_written_to_a_file_that_is_gone(void **state)
{
	struct fixture *fixture = *state;
	char away[300];
	static const char COUNT[] = "select count(*) from orders.order";
	snprintf(away, sizeof away, "%s.away", path_of(fixture));
	assert_int_equal(insert(fixture), ASH_OK);
	int64_t before = fixture_number(fixture->store, ORDERS, COUNT);
	assert_int_equal(rename(path_of(fixture), away), 0);
	is_gone_for_all(fixture);
	assert_int_not_equal(access(path_of(fixture), F_OK), 0);
	overwrite(path_of(fixture), 0, "", 0);
	is_gone_for_all(fixture);
	assert_int_equal(rename(away, path_of(fixture)), 0);
	/* The pool waits a little after connections that failed. */
	for (int i = 0; i < 600 && insert(fixture) != ASH_OK; i++)
		usleep(50 * 1000);
	assert_int_equal(health(fixture->store), ASH_OK);
	assert_int_equal(fixture_number(fixture->store, ORDERS, COUNT), before + 1);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(what_is_no_database_is_refused),
		WITH(a_page_that_was_overwritten_is_found_at_the_start),
		WITH(a_large_file_is_read_when_it_is_needed),
		WITH(a_log_that_is_whole_is_taken),
		WITH(a_log_of_garbage_is_refused),
		WITH(a_log_that_was_not_begun_is_none),
		WITH(a_row_that_breaks_a_constraint_is_no_damage),
		WITH(a_page_that_is_overwritten_is_told_by_the_statement),
		WITH(a_log_that_is_overwritten_is_told_by_the_statement),
		WITH(an_index_that_does_not_fit_its_table_is_damage),
		WITH(one_read_that_fails_is_no_damage),
		WITH(many_reads_that_fail_are_no_damage),
		WITH(nothing_is_written_to_a_file_that_is_gone),
	};
	return cmocka_run_group_tests(tests, register_disk, NULL);
}
