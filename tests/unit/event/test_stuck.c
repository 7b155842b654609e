/* SPDX-License-Identifier: Apache-2.0 */
/* Choreographies that stand still: which, and who should have acted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "event/fixture.h"

#define MINUTE (INT64_C(60) * 1000000)

static struct fixture fixture;
static struct application_folder folder;

static int set_up(void **state)
{
	(void)state;
	application_folder_make(&folder);
	fixture_set_up(&fixture, folder.location,
		       (struct event_options){.attempts = 2, .retry_ms = 1000});
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_tear_down(&fixture);
	application_folder_remove(&folder);
	return 0;
}

static bool note(void *context, const struct stuck_flow *stuck)
{
	static const char *const WHY[] = {"silent",  "waiting", "handling",
					  "failing", "dead",    "lost"};
	char *out = context;
	size_t length = strlen(out);
	assert_string_equal(stuck->choreography, "shop.order");
	assert_string_equal(stuck->module, "shop");
	assert_string_equal(stuck->event, "shop.PlacedKeyed");
	assert_string_equal(stuck->next, "billing.Charged");
	assert_string_equal(stuck->actor, "billing");
	assert_true(stuck->started_at > 0 && stuck->started_at <= stuck->at);
	snprintf(out + length, 256 - length, "%s:%s:%lld:%s ", stuck->key, WHY[stuck->why],
		 (long long)stuck->attempts, stuck->status);
	return true;
}

static const char *stuck(const struct stuck_filter *filter)
{
	static char text[256];
	struct fault fault;
	text[0] = '\0';
	assert_int_equal(event_stuck_list(fixture.hub, filter, note, text, &fault), ASH_OK);
	return text;
}

static const struct stuck_filter ANY;

/* Charges the orders whose ids begin with an `e`, refuses those with an `f`, else does nothing. */
static ash_status charge_some(ash_call *call, const Shop__Placed *event)
{
	if (event->order_id[0] == 'f')
		return ash_fail(call, ASH_UNAVAILABLE, "no bank");
	if (event->order_id[0] != 'e')
		return ASH_OK;
	ASH_TX(tx, call);
	ASH_TRY(ash_publish(tx, FIXTURE_CHARGED, event));
	return ash_commit(tx);
}

static void place(const char *id)
{
	assert_int_equal(fixture_publish(&fixture, id, 5, true, true), ASH_OK);
}

static void names_what_stands_still_and_why(void **state)
{
	(void)state;
	fixture.before = charge_some;
	place("e1");
	place("silent");
	place("f1");
	fixture_drain(&fixture);
	place("waits");
	assert_string_equal(stuck(&ANY), "");
	fixture.app.wall += 11 * MINUTE;
	assert_string_equal(stuck(&ANY),
			    "silent:silent:0: f1:failing:1:unavailable waits:waiting:0: ");
	fixture_drain(&fixture);
	assert_string_equal(stuck(&ANY), "silent:silent:0: f1:dead:2:unavailable waits:silent:0: ");
}

static void a_key_may_come_again(void **state)
{
	(void)state;
	fixture.before = charge_some;
	place("e1");
	fixture_drain(&fixture);
	fixture.before = NULL;
	place("e1");
	fixture_drain(&fixture);
	assert_string_equal(stuck(&ANY), "");
	fixture.app.wall += 11 * MINUTE;
	assert_string_equal(stuck(&ANY), "e1:silent:0: ");
	fixture.before = charge_some;
	place("e1");
	fixture_drain(&fixture);
	assert_string_equal(stuck(&ANY), "");
}

static void filters(void **state)
{
	(void)state;
	place("a");
	fixture.app.wall += 11 * MINUTE;
	assert_string_equal(stuck(&(struct stuck_filter){.module = "shop"}), "a:waiting:0: ");
	assert_string_equal(stuck(&(struct stuck_filter){.module = "billing"}), "");
	assert_string_equal(stuck(&(struct stuck_filter){.choreography = "shop.other"}), "");
	assert_string_equal(stuck(&(struct stuck_filter){.since = fixture.app.wall - 10 * MINUTE}),
			    "");
	assert_string_equal(stuck(&(struct stuck_filter){.since = fixture.app.wall - 12 * MINUTE}),
			    "a:waiting:0: ");
}

static void what_was_discarded_is_lost(void **state)
{
	struct fault fault;
	int64_t count;
	(void)state;
	fixture.before = charge_some;
	place("f1");
	for (unsigned i = 0; i < 3; i++) {
		fixture_drain(&fixture);
		fixture.app.wall += 10 * MINUTE;
	}
	assert_int_equal(event_dead_discard(fixture.hub, &(struct dead_filter){0}, &count, &fault),
			 ASH_OK);
	assert_int_equal(count, 1);
	assert_string_equal(stuck(&ANY), "f1:lost:0: ");
}

static void fails_cleanly_without_memory(void **state)
{
	(void)state;
	place("a");
	place("b");
	fixture.app.wall += 11 * MINUTE;
	for (size_t n = 1;; n++) {
		char text[256] = "";
		struct fault fault;
		mem_fail_from(n);
		ash_status status = event_stuck_list(fixture.hub, &ANY, note, text, &fault);
		bool failed = mem_fail_never();
		if (status == ASH_OK)
			assert_string_equal(text, "a:waiting:0: b:waiting:0: ");
		else
			assert_int_equal(status, ASH_RESOURCE_EXHAUSTED);
		if (!failed)
			break;
	}
}

#define STUCK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STUCK_TEST(names_what_stands_still_and_why),
		STUCK_TEST(a_key_may_come_again),
		STUCK_TEST(filters),
		STUCK_TEST(what_was_discarded_is_lost),
		STUCK_TEST(fails_cleanly_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
