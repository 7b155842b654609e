/* SPDX-License-Identifier: Apache-2.0 */
/* The bell: what one store on the data rings, another one hears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fixture.h"

#define PATIENCE (60 * 1000000000ULL)

static _Atomic unsigned count;

static void rung(void *context)
{
	(void)context;
	atomic_fetch_add(&count, 1);
}

static bool heard_more_than(unsigned before)
{
	uint64_t until = clock_monotonic() + PATIENCE;
	while (atomic_load(&count) <= before && clock_monotonic() < until)
		usleep(1000);
	return atomic_load(&count) > before;
}

/* What they ring about, and what else there is. */
#define LISTENS (UINT64_C(1) << 63)
#define ELSE    (UINT64_C(1) << 5)

struct pair {
	struct store *other;
	struct store_bell *listens, *rings;
};

static void open_pair(struct fixture *fixture, struct pair *pair)
{
	struct fault fault;
	atomic_store(&count, 0);
	pair->other = fixture_open(fixture, FIXTURE_MODULES, 3, NULL);
	assert_int_equal(store_bell_open(pair->other, LISTENS, rung, NULL, &pair->listens, &fault),
			 ASH_OK);
	assert_int_equal(store_bell_open(fixture->store, 0, NULL, NULL, &pair->rings, &fault),
			 ASH_OK);
	assert_true(heard_more_than(0));
}

static void close_pair(struct pair *pair)
{
	store_bell_close(pair->rings);
	store_bell_close(pair->listens);
	store_free(pair->other);
}

static void commit_and_ring(const struct fixture *fixture, const struct pair *pair, const char *sql)
{
	struct fault fault;
	assert_int_equal(fixture_run(fixture->store, BILLING, sql, &fault), ASH_OK);
	store_bell_ring(pair->rings, LISTENS);
}

static void another_store_hears_it(void **state)
{
	struct fixture *fixture = *state;
	struct pair pair;
	open_pair(fixture, &pair);
	for (int i = 0; i < 5; i++) {
		unsigned before = atomic_load(&count);
		commit_and_ring(fixture, &pair,
				"insert into billing.refund (charge_id, cents) select 1, 1 from "
				"billing.charge");
		commit_and_ring(fixture, &pair,
				i ? "update billing.charge set cents = cents + 1"
				  : "insert into billing.charge (order_id, cents) values ('a', 1)");
		assert_true(heard_more_than(before));
	}
	close_pair(&pair);
}

/* On SQLite the log's file was not written for so long that it is looked at rarely. */
static void it_is_heard_after_a_long_silence(void **state)
{
	struct fixture *fixture = *state;
	struct pair pair;
	open_pair(fixture, &pair);
	usleep(2500 * 1000);
	unsigned before = atomic_load(&count);
	commit_and_ring(fixture, &pair,
			"insert into billing.charge (order_id, cents) values ('a', 1)");
	assert_true(heard_more_than(before));
	before = atomic_load(&count);
	commit_and_ring(fixture, &pair, "update billing.charge set cents = 2");
	assert_true(heard_more_than(before));
	close_pair(&pair);
}

static void what_was_asked_for_is_rung_before_it_is_closed(void **state)
{
	struct fixture *fixture = *state;
	struct pair pair;
	struct fault fault;
	open_pair(fixture, &pair);
	for (int i = 0; i < 5; i++) {
		struct store_bell *bell = NULL;
		unsigned before = atomic_load(&count);
		assert_int_equal(store_bell_open(fixture->store, 0, NULL, NULL, &bell, &fault),
				 ASH_OK);
		store_bell_ring(bell, LISTENS);
		store_bell_close(bell);
		if (fixture_is_postgresql())
			assert_true(heard_more_than(before));
	}
	close_pair(&pair);
}

/* A ring about something else comes before one about what is listened for, and is not heard. */
static void who_listens_for_something_else_is_not_woken(void **state)
{
	struct fixture *fixture = *state;
	struct pair pair;
	if (!fixture_is_postgresql())
		skip();
	open_pair(fixture, &pair);
	for (int i = 0; i < 3; i++) {
		unsigned before = atomic_load(&count);
		store_bell_ring(pair.rings, ELSE);
		usleep(20 * 1000); /* so that they are two */
		assert_int_equal(atomic_load(&count), before);
		store_bell_ring(pair.rings, ELSE);
		store_bell_ring(pair.rings, LISTENS);
		assert_true(heard_more_than(before));
		assert_int_equal(atomic_load(&count), before + 1);
	}
	/* Of a process that does not say what it is about. */
	unsigned before = atomic_load(&count);
	fixture_admin(fixture, "notify ashlar_bell");
	assert_true(heard_more_than(before));
	close_pair(&pair);
}

static void a_line_that_is_cut_is_made_again(void **state)
{
	struct fixture *fixture = *state;
	struct pair pair;
	if (!fixture_is_postgresql())
		skip();
	open_pair(fixture, &pair);
	for (int i = 0; i < 3; i++) {
		unsigned before = atomic_load(&count);
		fixture_admin(fixture, "select pg_terminate_backend(pid) from pg_stat_activity "
				       "where application_name = 'ashlar bell'");
		assert_true(heard_more_than(before));
		before = atomic_load(&count);
		store_bell_ring(pair.rings, LISTENS);
		assert_true(heard_more_than(before));
	}
	close_pair(&pair);
}

/* All bells of a process are one thread and one connection, whichever listens, and since when. */
static void bells_of_a_store_share_what_they_hear_over(void **state)
{
	struct fixture *fixture = *state;
	struct store_bell *silent, *late;
	struct pair pair;
	struct fault fault;
	open_pair(fixture, &pair);
	assert_true(store_bell_works(pair.listens));
	assert_int_equal(store_bell_open(pair.other, 0, NULL, NULL, &silent, &fault), ASH_OK);
	unsigned before = atomic_load(&count);
	assert_int_equal(store_bell_open(pair.other, ELSE, rung, NULL, &late, &fault), ASH_OK);
	assert_true(heard_more_than(before));
	if (fixture_is_postgresql()) {
		before = atomic_load(&count);
		store_bell_ring(pair.rings, LISTENS | ELSE);
		assert_true(heard_more_than(before + 1));
		/* The server may take a while to notice that those of the test before are gone. */
		fixture_admin(fixture,
			      "do $$ begin for i in 1..6000 loop "
			      "perform pg_stat_clear_snapshot(); "
			      "if (select count(*) from pg_stat_activity where datname = "
			      "current_database() and application_name = 'ashlar bell') = 2 "
			      "then return; end if; perform pg_sleep(0.01); end loop; "
			      "raise 'not one each'; end $$");
	}
	store_bell_close(late);
	store_bell_close(silent);
	before = atomic_load(&count);
	commit_and_ring(fixture, &pair,
			"insert into billing.charge (order_id, cents) values ('a', 1)");
	assert_true(heard_more_than(before));
	close_pair(&pair);
}

static void who_only_rings_hears_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct store_bell *silent;
	struct fault fault;
	assert_int_equal(store_bell_open(fixture->store, 0, NULL, NULL, &silent, &fault), ASH_OK);
	store_bell_ring(silent, LISTENS);
	assert_false(store_bell_works(silent));
	store_bell_close(silent);
}

/* ── a file that cannot be opened ── */

static atomic_bool refuses;
static _Atomic unsigned refused;
static sqlite3_vfs refusing_vfs, *real_vfs;

static int refusing_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
			 int *out)
{
	(void)vfs;
	if (!atomic_load(&refuses))
		return real_vfs->xOpen(real_vfs, name, file, flags, out);
	file->pMethods = NULL;
	atomic_fetch_add(&refused, 1);
	return SQLITE_CANTOPEN;
}

static void register_refusing_vfs(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	refusing_vfs = *real_vfs;
	refusing_vfs.zName = "refuses to open";
	refusing_vfs.xOpen = refusing_open;
	assert_int_equal(sqlite3_vfs_register(&refusing_vfs, 0), SQLITE_OK);
}

/* As when the process has no descriptor left just then. */
static void who_cannot_listen_at_first_does_later(void **state)
{
	struct fixture *fixture = *state;
	const struct store_options options = {.vfs = "refuses to open"};
	struct store_bell *bell = NULL;
	struct fault fault;
	if (fixture_is_postgresql())
		skip(); /* a_line_that_is_cut_is_made_again */
	register_refusing_vfs();
	struct store *other = fixture_open(fixture, FIXTURE_MODULES, 3, &options);
	unsigned before = atomic_load(&count);
	atomic_store(&refuses, true);
	assert_int_equal(store_bell_open(other, LISTENS, rung, NULL, &bell, &fault), ASH_OK);
	for (uint64_t until = clock_monotonic() + PATIENCE;
	     atomic_load(&refused) == 0 && clock_monotonic() < until;)
		usleep(1000);
	assert_true(atomic_load(&refused) > 0);
	assert_false(store_bell_works(bell));
	atomic_store(&refuses, false);
	assert_true(heard_more_than(before));
	assert_true(store_bell_works(bell));
	store_bell_close(bell);
	store_free(other);
	sqlite3_vfs_unregister(&refusing_vfs);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(another_store_hears_it),
		TEST(it_is_heard_after_a_long_silence),
		TEST(what_was_asked_for_is_rung_before_it_is_closed),
		TEST(who_listens_for_something_else_is_not_woken),
		TEST(a_line_that_is_cut_is_made_again),
		TEST(bells_of_a_store_share_what_they_hear_over),
		TEST(who_only_rings_hears_nothing),
		TEST(who_cannot_listen_at_first_does_later),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
