/* SPDX-License-Identifier: Apache-2.0 */
/* What wakes workers: the commit in their own process, the bell of another one. They look by
 * themselves once an hour here, so whatever is delivered was rung for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "event/fixture.h"
#include "worker/workers.h"

/* An hour, and far less than it. */
#define POLL_MS  3600000
#define PATIENCE (60 * 1000000000ULL)

static struct application_folder folder;
static struct fixture worker, publisher;

static int set_up(void **state)
{
	(void)state;
	const struct event_options options = {.poll_ms = POLL_MS};
	struct fault fault;
	application_folder_make(&folder);
	fixture_set_up(&worker, folder.location, options);
	fixture_join(&publisher, folder.location, options);
	assert_int_equal(event_hub_start(worker.hub, &fault), ASH_OK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_tear_down(&publisher);
	fixture_tear_down(&worker);
	application_folder_remove(&folder);
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
	if (!application_is_on_postgresql())
		skip();
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(fixture_publish(&publisher, "a", (int64_t)i, false, true), ASH_OK);
		assert_true(handled(i));
		application_admin("select pg_terminate_backend(pid) from pg_stat_activity where "
				  "application_name = 'ashlar bell'");
	}
}

static void run_sql(const char *sql, const ash_value *values, size_t count)
{
	struct store_session *session = NULL;
	struct fault fault;
	if (store_acquire(publisher.app.store, STORE_NO_DEADLINE, &session, &fault) ||
	    store_begin(session, EVENTS, STORE_WRITE, &fault) ||
	    store_exec(session, sql, values, count, NULL, &fault) || store_commit(session, &fault))
		fail_msg("%s", fault.message);
	store_release(session);
}

/* As of a process that ends between its commit and its ring, when nothing was for long and the
 * workers look as rarely as they ever do. */
static void a_ring_that_is_lost_costs_time_only(void **state)
{
	const struct event_options options = {.poll_ms = 20};
	struct fault fault;
	(void)state;
	fixture_tear_down(&worker);
	fixture_join(&worker, folder.location, options);
	fixture_use(&publisher);
	assert_int_equal(event_hub_start(worker.hub, &fault), ASH_OK);
	assert_int_equal(fixture_publish(&publisher, "a", 1, false, true), ASH_OK);
	assert_true(handled(1));
	usleep(20 * 1000 * WORKERS_IDLE_FACTOR * 4);
	run_sql("insert into ashlar_event.delivery (event_id, subscriber, due_at) select id, "
		"'billing', published_at from ashlar_event.outbox",
		NULL, 0);
	assert_true(handled(2));
}

/* ---- what waits for its key ---- */

static _Atomic bool held, begun;

static ash_status hold_the_first(ash_call *call, const Shop__Placed *event)
{
	(void)call;
	atomic_store(&begun, true);
	while (event->cents == 1 && atomic_load(&held))
		usleep(1000);
	return ASH_OK;
}

/* Nobody rings for the second one when the first is done, and the worker that was called for it
 * found it behind the first, in the hand of another process or of its own. */
static void second_comes_after_the_first(struct fixture *first, struct fixture *second)
{
	struct fault fault;
	assert_int_equal(event_hub_start(publisher.hub, &fault), ASH_OK);
	publisher.before = hold_the_first;
	atomic_store(&held, true);
	atomic_store(&begun, false);
	assert_int_equal(fixture_publish(first, "a", 1, true, true), ASH_OK);
	uint64_t until = clock_monotonic() + PATIENCE;
	while (!atomic_load(&begun) && clock_monotonic() < until)
		usleep(1000);
	assert_true(atomic_load(&begun));
	assert_int_equal(fixture_publish(second, "a", 2, true, true), ASH_OK);
	usleep(50 * 1000);
	assert_int_equal(__atomic_load_n(&publisher.handled, __ATOMIC_RELAXED), 0);
	atomic_store(&held, false);
	assert_true(handled(2));
}

static void what_waits_for_its_key_in_another_process_comes_after_it(void **state)
{
	(void)state;
	second_comes_after_the_first(&publisher, &worker);
}

static void what_waits_for_its_key_comes_after_it(void **state)
{
	(void)state;
	second_comes_after_the_first(&worker, &worker);
}

static void a_key_with_many_events_is_worked_off(void **state)
{
	struct fault fault;
	(void)state;
	assert_int_equal(event_hub_start(publisher.hub, &fault), ASH_OK);
	for (int i = 0; i < 50; i++)
		assert_int_equal(fixture_publish(i % 2 ? &publisher : &worker, "a", i, true, true),
				 ASH_OK);
	assert_true(handled(50));
}

/* ---- modules in different processes ---- */

static struct fixture rest;

/* Shop runs in the publisher, billing in the worker, audit in the rest. */
static int set_up_parts(void **state)
{
	const struct event_options options = {.poll_ms = POLL_MS};
	set_up(state);
	fixture_tear_down(&publisher);
	fixture_tear_down(&worker);
	fixture_join_part(&rest, folder.location, options, 1 << SHOP | 1 << BILLING);
	fixture_join_part(&worker, folder.location, options, 1 << SHOP | 1 << AUDIT);
	fixture_join_part(&publisher, folder.location, options, 1 << BILLING | 1 << AUDIT);
	return 0;
}

static int tear_down_parts(void **state)
{
	fixture_tear_down(&rest);
	return tear_down(state);
}

static void nobody_takes_what_another_process_handles(void **state)
{
	(void)state;
	for (int64_t i = 0; i < 3; i++)
		assert_int_equal(fixture_publish(&publisher, "a", i, false, true), ASH_OK);
	assert_int_equal(fixture_drain(&publisher), 0);
	assert_int_equal(fixture_drain(&worker), 3);
	assert_int_equal(fixture_drain(&worker), 0);
	assert_int_equal(fixture_count(&publisher, BILLING, "billing.charge"), 3);
	assert_int_equal(fixture_count(&publisher, AUDIT, "audit.line"), 0);
	assert_int_equal(fixture_drain(&rest), 3);
	assert_int_equal(fixture_count(&publisher, AUDIT, "audit.line"), 3);
}

/* Nobody looks below where the oldest of its own is: it must be found there. */
static void what_has_waited_long_is_taken(void **state)
{
	const ash_value long_ago = ash_time(1);
	(void)state;
	assert_int_equal(fixture_publish(&publisher, "a", 1, false, true), ASH_OK);
	run_sql("update ashlar_event.delivery set due_at = $1", &long_ago, 1);
	assert_int_equal(fixture_publish(&publisher, "b", 2, false, true), ASH_OK);
	assert_int_equal(fixture_drain(&worker), 2);
	assert_int_equal(fixture_publish(&publisher, "c", 3, false, true), ASH_OK);
	assert_int_equal(fixture_drain(&worker), 1);
	assert_int_equal(fixture_drain(&rest), 3);
}

/* Where workers of its own idle, too. */
static void a_commit_wakes_the_subscribers_process(void **state)
{
	struct fault fault;
	(void)state;
	assert_int_equal(event_hub_start(publisher.hub, &fault), ASH_OK);
	assert_int_equal(event_hub_start(worker.hub, &fault), ASH_OK);
	for (unsigned i = 1; i <= 5; i++) {
		assert_int_equal(fixture_publish(&publisher, "a", (int64_t)i, false, true), ASH_OK);
		assert_true(handled(i));
	}
}

#define PARTS(test) cmocka_unit_test_setup_teardown(test, set_up_parts, tear_down_parts)
#define WITH(test)  cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(a_commit_wakes_a_worker_of_its_process),
		WITH(a_commit_of_another_process_wakes_a_worker),
		WITH(many_events_of_another_process_are_all_delivered),
		WITH(a_bell_that_was_cut_off_rings_again),
		WITH(a_ring_that_is_lost_costs_time_only),
		WITH(what_waits_for_its_key_in_another_process_comes_after_it),
		WITH(what_waits_for_its_key_comes_after_it),
		WITH(a_key_with_many_events_is_worked_off),
		PARTS(nobody_takes_what_another_process_handles),
		PARTS(what_has_waited_long_is_taken),
		PARTS(a_commit_wakes_the_subscribers_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
