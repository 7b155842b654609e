/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries that share a transaction: one commit for several, and each still alone in what it does
 * and how it fails. On PostgreSQL none do, and all the same must hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "event/fixture.h"
#include "event/hub.h"

/* More than it takes to know a handler as prompt, of one batch. */
enum { KNOWN = 10, FOLLOWING = 6 };

static struct application_folder folder;
static struct fixture fixture;

static int set_up(void **state)
{
	(void)state;
	application_folder_make(&folder);
	fixture_set_up(
		&fixture, folder.location,
		(struct event_options){
			.attempts = 3, .retry_ms = 1, .retry_most_ms = 1, .handler_ms = 1000000});
	/* However slow the machine is, handlers take no time but what they say themselves. */
	fixture.app.monotonic = clock_monotonic();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_tear_down(&fixture);
	application_folder_remove(&folder);
	return 0;
}

/* Publishes `count` events without a key: "0:0", "1:1" ... */
static void publish(int count)
{
	char id[16];
	for (int i = 0; i < count; i++) {
		snprintf(id, sizeof id, "%d", i);
		assert_int_equal(fixture_publish(&fixture, id, i, false, true), ASH_OK);
	}
}

/* Each event has each effect once. */
static void assert_once(int64_t count)
{
	assert_int_equal(fixture_count(&fixture, BILLING, "billing.charge"), count);
	assert_int_equal(fixture_count(&fixture, AUDIT, "audit.line"), count);
	assert_int_equal(fixture_count(&fixture, BILLING,
				       "(select distinct order_id from billing.charge) d"),
			 count);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.inbox"), 2 * count);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.delivery"), 0);
}

/* What another connection sees while the handler of this number runs, its own not counted. */
enum { MANY = 200 };
static int64_t seen[MANY];

static ash_status look(ash_call *call, const Shop__Placed *event)
{
	(void)call;
	seen[event->cents] = fixture_count(&fixture, BILLING, "billing.charge");
	return ASH_OK;
}

static void those_that_are_known_are_committed_together(void **state)
{
	(void)state;
	fixture.billing = look;
	publish(MANY);
	fixture_settle(&fixture);
	assert_once(MANY);
	assert_int_equal(seen[1], 1); /* not known yet */
	bool shared = false;
	for (int i = 0; i < MANY; i++) {
		assert_true(seen[i] <= i);
		shared |= seen[i] < i;
	}
	assert_int_equal(shared, !application_is_on_postgresql());
}

static ash_status doze(ash_call *call, const Shop__Placed *event)
{
	(void)call, (void)event;
	fixture.app.monotonic += 1000000;
	return ASH_OK;
}

/* Its own transaction it may keep open for as long as it likes; that of others not. */
static void one_that_works_before_its_transaction_keeps_nobodys_open(void **state)
{
	(void)state;
	fixture.before = doze;
	fixture.billing = look;
	publish(KNOWN + FOLLOWING);
	fixture_settle(&fixture);
	assert_once(KNOWN + FOLLOWING);
	for (int i = 0; i < KNOWN + FOLLOWING; i++)
		assert_int_equal(seen[i], i);
}

static int ran[KNOWN + FOLLOWING];

static ash_status fail_once(ash_call *call, const Shop__Placed *event)
{
	if (event->cents == KNOWN + 2 && ran[event->cents]++ == 0)
		return ash_fail(call, ASH_UNAVAILABLE, "the bank does not answer");
	return ASH_OK;
}

static void one_that_fails_takes_back_its_own_part_only(void **state)
{
	(void)state;
	memset(ran, 0, sizeof ran);
	fixture.billing = fail_once;
	publish(KNOWN + FOLLOWING);
	assert_int_equal(fixture_drain(&fixture), 2 * (KNOWN + FOLLOWING));
	assert_int_equal(fixture_count(&fixture, BILLING, "billing.charge"), KNOWN + FOLLOWING - 1);
	assert_int_equal(fixture_count(&fixture, EVENTS,
				       "ashlar_event.delivery where state = 0 and attempts = 1 "
				       "and message = 'the bank does not answer'"),
			 1);
	fixture_settle(&fixture);
	assert_once(KNOWN + FOLLOWING);
	assert_int_equal(ran[KNOWN + 2], 2);
}

static ash_status fail_always(ash_call *call, const Shop__Placed *event)
{
	if (event->cents % 3 == 0)
		return ash_fail(call, ASH_INTERNAL, "never");
	return ASH_OK;
}

static void poison_dies_and_the_others_do_not(void **state)
{
	(void)state;
	int64_t dead = 0;
	struct fault fault;
	fixture.billing = fail_always;
	publish(15);
	fixture_settle(&fixture);
	assert_int_equal(event_dead_count(fixture.hub, &(struct dead_filter){0}, &dead, &fault),
			 ASH_OK);
	assert_int_equal(dead, 5);
	assert_int_equal(fixture_count(&fixture, BILLING, "billing.charge"), 10);
	assert_int_equal(fixture_count(&fixture, AUDIT, "audit.line"), 15);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.delivery where state < 2"),
			 0);
}

/* As a full disk does: all of the transaction is gone, that of the others too. */
static ash_status lose_all(ash_call *call, const Shop__Placed *event)
{
	if (event->cents == KNOWN + 4 && ran[event->cents]++ == 0)
		store_rollback(call->request->session);
	return ASH_OK;
}

static void what_a_lost_transaction_held_is_done_again(void **state)
{
	(void)state;
	memset(ran, 0, sizeof ran);
	fixture.billing = lose_all;
	publish(KNOWN + FOLLOWING);
	fixture_drain(&fixture);
	/* The others were done again at once; only who lost it waits for its next attempt. */
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.delivery"), 1);
	fixture_settle(&fixture);
	assert_once(KNOWN + FOLLOWING);
}

/* The next has begun another one before it is known that the one before is lost. */
static ash_status lose_what_others_did(ash_call *call, const Shop__Placed *event)
{
	struct shared_transaction *shared = call->request->shared;
	if (event->cents != KNOWN + 4 || !shared || !shared->session)
		return ASH_OK;
	store_rollback(shared->session);
	shared->part(shared);
	return ASH_OK;
}

static void what_was_lost_is_done_again_outside_of_another_transaction(void **state)
{
	(void)state;
	fixture.before = lose_what_others_did;
	publish(KNOWN + FOLLOWING);
	assert_int_equal(fixture_drain(&fixture), 2 * (KNOWN + FOLLOWING));
	assert_once(KNOWN + FOLLOWING);
}

static struct fixture other;

/* The lease of all runs out while the first that are not known yet are handled, and another process
 * has them. */
static ash_status stand_still(ash_call *call, const Shop__Placed *event)
{
	(void)call, (void)event;
	if (other.hub)
		return ASH_OK;
	fixture_join(&other, folder.location, (struct event_options){0});
	other.app.wall = fixture.app.wall + 16 * INT64_C(1000000);
	while (fixture_drain(&other) > 0)
		;
	fixture_use(&fixture);
	return ASH_OK;
}

static void who_lost_the_lease_of_a_batch_does_nothing_of_it(void **state)
{
	(void)state;
	other = (struct fixture){0};
	fixture.before = stand_still;
	publish(KNOWN + FOLLOWING);
	fixture_drain(&fixture);
	fixture_tear_down(&other);
	assert_once(KNOWN + FOLLOWING);
}

static void no_memory_at_any_point_loses_nothing(void **state)
{
	(void)state;
	publish(KNOWN);
	fixture_settle(&fixture);
	for (long n = 1;; n++) {
		size_t handled = 0;
		struct fault fault;
		char id[32];
		for (int i = 0; i < 3; i++) {
			snprintf(id, sizeof id, "%ld-%d", n, i);
			assert_int_equal(fixture_publish(&fixture, id, i, false, true), ASH_OK);
		}
		mem_fail_from(n);
		ash_status status = event_hub_drain(fixture.hub, &handled, &fault);
		bool failed = mem_fail_never();
		assert_true(status == ASH_OK || failed);
		fixture.app.wall += 16 * INT64_C(1000000);
		fixture_settle(&fixture);
		assert_once(KNOWN + 3 * n);
		if (!failed)
			break;
	}
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(those_that_are_known_are_committed_together),
		WITH(one_that_works_before_its_transaction_keeps_nobodys_open),
		WITH(one_that_fails_takes_back_its_own_part_only),
		WITH(poison_dies_and_the_others_do_not),
		WITH(what_a_lost_transaction_held_is_done_again),
		WITH(what_was_lost_is_done_again_outside_of_another_transaction),
		WITH(who_lost_the_lease_of_a_batch_does_nothing_of_it),
		WITH(no_memory_at_any_point_loses_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
