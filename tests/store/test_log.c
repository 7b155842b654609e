/* SPDX-License-Identifier: Apache-2.0 */
/* What SQLite does besides statements. Its log is copied into the file before it grows long, and
 * while it is, nobody can commit: another connection tries at each page that is copied. And a
 * transaction that comes late is done or not, as it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "fixture.h"

#define LONG (600 * 1000 * 1000 * 1000ULL)

static sqlite3_vfs watching_vfs, *real_vfs;
static sqlite3_io_methods methods;
static const sqlite3_io_methods *real_methods;
static sqlite3 *rival; /* NULL: nobody tries */
static unsigned copied, let_in;

static int watching_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at)
{
	copied++;
	if (rival && sqlite3_exec(rival, "begin immediate", NULL, NULL, NULL) == SQLITE_OK) {
		let_in++;
		(void)sqlite3_exec(rival, "rollback", NULL, NULL, NULL);
	}
	return real_methods->xWrite(file, bytes, count, at);
}

/* Of the database's own file alone: the log is written by each commit. */
static int watching_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
			 int *out)
{
	(void)vfs;
	int code = real_vfs->xOpen(real_vfs, name, file, flags, out);
	if (code != SQLITE_OK || !(flags & SQLITE_OPEN_MAIN_DB))
		return code;
	real_methods = file->pMethods;
	methods = *file->pMethods;
	methods.xWrite = watching_write;
	file->pMethods = &methods;
	return code;
}

static int register_watch(void **state)
{
	(void)state;
	(void)setenv("ASHLAR_STORE", "sqlite", 1);
	real_vfs = sqlite3_vfs_find(NULL);
	watching_vfs = *real_vfs;
	watching_vfs.zName = "watching";
	watching_vfs.xOpen = watching_open;
	return sqlite3_vfs_register(&watching_vfs, 0);
}

enum { COMMITS = 600, TEXT = 40000 };

/* Each writes ten pages or more: all of them six times what the log may have. */
static void commit_often(struct store *store)
{
	struct fault fault;
	char *sql = malloc(TEXT + 200), *text = malloc(TEXT + 1);
	memset(text, 'x', TEXT);
	text[TEXT] = '\0';
	for (int i = 0; i < COMMITS; i++) {
		snprintf(sql, TEXT + 200,
			 "insert into billing.charge (order_id, cents) values ('%d %s', 1)", i,
			 text);
		if (fixture_run(store, BILLING, sql, &fault) != ASH_OK)
			fail_msg("%s", fault.message);
	}
	free(text);
	free(sql);
}

static off_t size_of_log(const struct fixture *fixture)
{
	char path[sizeof fixture->location];
	struct stat about;
	snprintf(path, sizeof path, "%s-wal", fixture->location + strlen("sqlite:"));
	assert_int_equal(stat(path, &about), 0);
	return about.st_size;
}

static void nobody_commits_while_the_log_is_copied(void **state)
{
	struct fixture *fixture = *state;
	const struct store_options options = {.vfs = "watching"};
	struct store *store = fixture_open(fixture, FIXTURE_MODULES, 3, &options);
	const char *path = fixture->location + strlen("sqlite:");
	assert_int_equal(sqlite3_open(path, &rival), SQLITE_OK);
	copied = let_in = 0;
	commit_often(store);
	assert_true(copied > 1000);
	assert_int_equal(let_in, 0);
	assert_true(size_of_log(fixture) < 2000 * 4096);
	sqlite3_close(rival);
	rival = NULL;
	store_free(store);
}

/* One transaction whose time is over when it begins, or when it commits. */
static ash_status insert_late(struct store *store, bool late_begin, int number)
{
	struct store_session *session = NULL;
	struct fault fault;
	char sql[100];
	snprintf(sql, sizeof sql, "insert into billing.charge (order_id, cents) values ('%d', 1)",
		 number);
	if (store_acquire(store, clock_monotonic() + LONG, &session, &fault) != ASH_OK ||
	    store_begin(session, BILLING, STORE_WRITE, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
	if (late_begin)
		store_set_deadline(session, clock_monotonic());
	ash_status status = store_exec(session, sql, NULL, 0, NULL, &fault);
	if (!late_begin)
		store_set_deadline(session, clock_monotonic());
	if (status == ASH_OK)
		status = store_commit(session, &fault);
	store_release(session);
	return status;
}

/* SQLite counts the steps of a statement over all its runs, and asks for the time once in 10,000 of
 * them: also right after a `begin` or a `commit` that was done. */
static void what_comes_late_is_done_or_not(void **state)
{
	struct fixture *fixture = *state;
	const struct store_options options = {.relaxed = true, .connections = 1};
	struct store *store = fixture_open(fixture, FIXTURE_MODULES, 3, &options);
	int64_t done = 0;
	for (int i = 0; i < 12000; i++)
		done += insert_late(store, i % 2, i) == ASH_OK;
	assert_int_equal(fixture_number(store, BILLING, "select count(*) from billing.charge"),
			 done);
	store_free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_comes_late_is_done_or_not, fixture_set_up,
						fixture_tear_down),
		cmocka_unit_test_setup_teardown(nobody_commits_while_the_log_is_copied,
						fixture_set_up, fixture_tear_down),
	};
	return cmocka_run_group_tests(tests, register_watch, NULL);
}
