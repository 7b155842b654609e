/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that the handler of an event calls: with a transaction of their own, as they have in
 * another process, or in the handler's; and once, however often the event is handled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

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
	fixture_set_up(&fixture, folder.location,
		       (struct event_options){.attempts = 3, .retry_ms = 1, .retry_most_ms = 1});
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_tear_down(&fixture);
	application_folder_remove(&folder);
	return 0;
}

static void publish(int count)
{
	char id[16];
	for (int i = 0; i < count; i++) {
		snprintf(id, sizeof id, "%d", i);
		assert_int_equal(fixture_publish(&fixture, id, i, true, true), ASH_OK);
	}
}

static int64_t calls(void)
{
	return fixture_count(&fixture, AUDIT, "audit.call");
}

static int64_t charges(void)
{
	return fixture_count(&fixture, BILLING, "billing.charge");
}

static int64_t dead(void)
{
	return fixture_count(&fixture, EVENTS, "ashlar_event.delivery where state = 2");
}

static ash_status refuse(ash_call *call, const Shop__Placed *event)
{
	(void)event;
	return ash_fail(call, ASH_UNAVAILABLE, "the bank does not answer");
}

/* ---- one that is out of reach ---- */

static unsigned refused;

static ash_status refuse_untried(ash_call *call, const Shop__Placed *event)
{
	refused++;
	assert_true(call->request->worker);
	return fault_untried(&call->request->fault, refuse(call, event));
}

/* Three attempts are all that an event has, and more than that go by. */
static void what_was_out_of_reach_is_waited_for(void **state)
{
	(void)state;
	refused = 0;
	fixture.before = refuse_untried;
	publish(2);
	fixture_settle(&fixture);
	assert_true(refused > 2 * 5);
	assert_int_equal(dead(), 0);
	assert_int_equal(charges(), 0);
	fixture.before = NULL;
	fixture_settle(&fixture);
	assert_int_equal(charges(), 2);
	/* What was asked and refused is an attempt. */
	fixture.before = refuse;
	publish(1);
	fixture_settle(&fixture);
	assert_int_equal(dead(), 1);
}

/* ---- a transaction of its own ---- */

static ash_status note(ash_call *call, const Shop__Placed *event)
{
	return fixture_note(call, FIXTURE_NOTE, event);
}

/* With its own transaction open. */
static ash_status note_inside(ash_call *call, const Shop__Placed *event)
{
	ash_status status = note(call, event);
	assert_int_equal(status, ASH_INTERNAL);
	return ASH_OK;
}

static ash_status note_and_look(ash_call *call, const Shop__Placed *event)
{
	ASH_TRY(note(call, event));
	assert_int_equal(calls(), 1);
	return ASH_OK;
}

static void what_a_port_did_lasts_when_it_returns(void **state)
{
	(void)state;
	fixture.before = note_and_look;
	publish(1);
	fixture_settle(&fixture);
	assert_int_equal(charges(), 1);
	assert_int_equal(dead(), 0);
}

static void what_a_port_did_stays_when_its_caller_fails(void **state)
{
	(void)state;
	fixture.before = note;
	fixture.billing = refuse;
	publish(1);
	fixture_drain(&fixture);
	assert_int_equal(calls(), 1);
	assert_int_equal(charges(), 0);
	fixture_settle(&fixture);
	assert_int_equal(dead(), 1);
	assert_int_equal(calls(), 1);
	assert_int_equal(charges(), 0);
}

static ash_status note_twice(ash_call *call, const Shop__Placed *event)
{
	ASH_TRY(note(call, event));
	return note(call, event);
}

static void one_port_after_the_other_may_be_called(void **state)
{
	(void)state;
	fixture.before = note_twice;
	fixture.billing = note_inside;
	publish(1);
	fixture_settle(&fixture);
	assert_int_equal(calls(), 1);
	assert_int_equal(charges(), 1);
	assert_int_equal(dead(), 0);
}

static ash_status swallow(ash_call *call, const Shop__Placed *event)
{
	(void)!note(call, event);
	return ASH_OK;
}

/* A handler that goes on without it is not spoilt by it. */
static void a_port_that_fails_takes_back_its_own_only(void **state)
{
	(void)state;
	fixture.before = swallow;
	fixture.audit = refuse;
	publish(1);
	fixture_settle(&fixture);
	assert_int_equal(charges(), 1);
	assert_int_equal(dead(), 0);
}

static ash_status publish_and_note(ash_call *call, const Shop__Placed *event)
{
	ASH_TX(tx, call);
	ASH_TRY(fixture_note(call, FIXTURE_NOTE_JOINED, event));
	ASH_TRY(ash_publish(tx, FIXTURE_CHARGED, event));
	return ash_commit(tx);
}

/* Deliveries that share a transaction are committed before a port that one of them calls writes: it
 * would wait for them, and they for it. */
static void a_port_does_not_wait_for_deliveries_before_it(void **state)
{
	(void)state;
	/* Handlers take no time: they are known as prompt on a slow machine, too. */
	fixture.app.monotonic = clock_monotonic();
	publish(KNOWN);
	fixture_settle(&fixture);
	fixture.before = note;
	publish(KNOWN + FOLLOWING);
	fixture_settle(&fixture);
	/* Whoever waits for what its own thread has is refused at its deadline. */
	assert_int_equal(series_value(fixture.hub->retried), 0);
	assert_int_equal(calls(), KNOWN + FOLLOWING);
	assert_int_equal(charges(), KNOWN + KNOWN + FOLLOWING);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.delivery"), 0);
}

/* ---- in the handler's ---- */

static ash_status note_joined(ash_call *call, const Shop__Placed *event)
{
	return fixture_note(call, FIXTURE_NOTE_JOINED, event);
}

static void one_that_joins_is_atomic_with_its_caller(void **state)
{
	(void)state;
	fixture.billing = publish_and_note;
	fixture.bare = true;
	publish(1);
	fixture_settle(&fixture);
	assert_int_equal(calls(), 1);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.outbox"), 2);
}

/* Also where it is the first to open it. */
static void one_that_joins_is_taken_back_with_its_caller(void **state)
{
	(void)state;
	fixture.before = note_joined;
	fixture.billing = refuse;
	publish(1);
	fixture_settle(&fixture);
	assert_int_equal(dead(), 1);
	assert_int_equal(calls(), 0);
	assert_int_equal(charges(), 0);
}

static void one_that_joins_lasts_with_the_delivery(void **state)
{
	(void)state;
	fixture.before = note_joined;
	fixture.bare = true;
	publish(KNOWN);
	fixture_settle(&fixture);
	assert_int_equal(calls(), KNOWN);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.inbox"), KNOWN);
}

/* ---- once ---- */

static char keys[4][64];
static unsigned asked;

static ash_status note_key(ash_call *call, const Shop__Placed *event)
{
	(void)event;
	snprintf(keys[asked++], sizeof keys[0], "%s", ash_idempotency_key(call));
	return ASH_OK;
}

static ash_status fail_twice(ash_call *call, const Shop__Placed *event)
{
	return asked < 3 ? refuse(call, event) : ASH_OK;
}

static void its_key_is_the_deliverys_at_each_attempt(void **state)
{
	(void)state;
	asked = 0;
	fixture.before = note;
	fixture.audit = note_key;
	fixture.billing = fail_twice;
	publish(2);
	fixture_settle(&fixture);
	assert_int_equal(charges(), 2);
	assert_int_equal(calls(), 2);
	assert_int_equal(asked, 4);
	assert_string_equal(keys[0], "ashlar/event/1/billing");
	assert_string_equal(keys[1], "ashlar/event/2/billing");
	for (unsigned i = 2; i < 4; i++)
		assert_true(strcmp(keys[i], keys[0]) == 0 || strcmp(keys[i], keys[1]) == 0);
}

static ash_status give_up_in_a_port(ash_call *call, const Shop__Placed *event)
{
	(void)event;
	asked++;
	return ash_give_up(call, ASH_NOT_FOUND, "there is no such customer");
}

/* Over a network that could not be heard either. */
static void only_the_handler_gives_up_its_event(void **state)
{
	(void)state;
	asked = 0;
	fixture.before = note;
	fixture.audit = give_up_in_a_port;
	publish(1);
	fixture_settle(&fixture);
	assert_int_equal(asked, 3);
	assert_int_equal(dead(), 1);
}

static void no_memory_at_any_point_does_nothing_twice(void **state)
{
	(void)state;
	fixture.before = note;
	publish(1);
	fixture_settle(&fixture);
	for (long n = 1;; n++) {
		size_t handled = 0;
		struct fault fault;
		char id[32];
		snprintf(id, sizeof id, "n%ld", n);
		assert_int_equal(fixture_publish(&fixture, id, 1, true, true), ASH_OK);
		mem_fail_from(n);
		ash_status status = event_hub_drain(fixture.hub, &handled, &fault);
		bool failed = mem_fail_never();
		assert_true(status == ASH_OK || failed);
		fixture.app.wall += 16 * INT64_C(1000000);
		fixture_settle(&fixture);
		assert_int_equal(calls(), 1 + n);
		assert_int_equal(charges(), 1 + n);
		if (!failed)
			break;
	}
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(what_was_out_of_reach_is_waited_for),
		WITH(what_a_port_did_lasts_when_it_returns),
		WITH(what_a_port_did_stays_when_its_caller_fails),
		WITH(one_port_after_the_other_may_be_called),
		WITH(a_port_that_fails_takes_back_its_own_only),
		WITH(a_port_does_not_wait_for_deliveries_before_it),
		WITH(one_that_joins_is_atomic_with_its_caller),
		WITH(one_that_joins_is_taken_back_with_its_caller),
		WITH(one_that_joins_lasts_with_the_delivery),
		WITH(its_key_is_the_deliverys_at_each_attempt),
		WITH(only_the_handler_gives_up_its_event),
		WITH(no_memory_at_any_point_does_nothing_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
