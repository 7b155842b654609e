/* SPDX-License-Identifier: Apache-2.0 */
/* What wakes workers: the commit in their own process, the bell of another one. They look by
 * themselves once a minute here, so whatever is delivered was rung for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "event/fixture.h"

enum { SHOP, BILLING };

/* A minute, and far less than it. */
#define POLL_MS  60000
#define PATIENCE (20 * 1000000000ULL)

static char folder[64], location[128];
static struct fixture worker, publisher;

static bool is_postgresql(void)
{
	return strcmp(fixture_store(location), location) != 0;
}

static int set_up(void **state)
{
	(void)state;
	const struct event_options options = {.poll_ms = POLL_MS};
	struct fault fault;
	strcpy(folder, "/tmp/ashlar-wake-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(location, sizeof location, "sqlite:%s/store.db", folder);
	fixture_set_up(&worker, location, options);
	fixture_join(&publisher, location, options);
	assert_int_equal(event_hub_start(worker.hub, &fault), ASH_OK);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const FILES[] = {"store.db", "store.db-wal", "store.db-shm"};
	char path[128];
	(void)state;
	fixture_tear_down(&publisher);
	fixture_tear_down(&worker);
	for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, FILES[i]);
		unlink(path);
	}
	rmdir(folder);
	return 0;
}

/* Waits until billing has handled that many in all. */
static bool handled(unsigned count)
{
	uint64_t until = clock_monotonic() + PATIENCE;
	while (__atomic_load_n(&publisher.handled, __ATOMIC_RELAXED) < count) {
		if (clock_monotonic() > until)
			return false;
		usleep(1000);
	}
	return true;
}

static void a_commit_wakes_a_worker_of_its_process(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 5; i++) {
		assert_int_equal(fixture_publish(&worker, "a", (int64_t)i, false, true), ASH_OK);
		assert_true(handled(i));
	}
}

static void a_commit_of_another_process_wakes_a_worker(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 5; i++) {
		assert_int_equal(fixture_publish(&publisher, "a", (int64_t)i, false, true), ASH_OK);
		assert_true(handled(i));
	}
}

static void many_events_of_another_process_are_all_delivered(void **state)
{
	(void)state;
	char id[16];
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof id, "k%d", i % 7);
		assert_int_equal(fixture_publish(&publisher, id, i, i % 2, true), ASH_OK);
	}
	assert_true(handled(100));
}

/* Both processes lose the connections that they ring and listen over. */
static void a_bell_that_was_cut_off_rings_again(void **state)
{
	(void)state;
	if (!is_postgresql())
		skip();
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(fixture_publish(&publisher, "a", (int64_t)i, false, true), ASH_OK);
		assert_true(handled(i));
		fixture_admin("select pg_terminate_backend(pid) from pg_stat_activity where "
			      "application_name = 'ashlar bell'");
	}
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(a_commit_wakes_a_worker_of_its_process),
		WITH(a_commit_of_another_process_wakes_a_worker),
		WITH(many_events_of_another_process_are_all_delivered),
		WITH(a_bell_that_was_cut_off_rings_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
