/* SPDX-License-Identifier: Apache-2.0 */
/* What a test asks of events: what was published, and when the next delivery is due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "event/fixture.h"

static struct fixture fixture;

static int set_up(void **state)
{
	(void)state;
	fixture_set_up(&fixture,
		       "sqlite::memory:", (struct event_options){.attempts = 2, .retry_ms = 1000});
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_tear_down(&fixture);
	return 0;
}

struct seen {
	char text[200];
	int64_t last;
	unsigned most;
};

static bool see(void *context, const struct published *published)
{
	struct seen *seen = context;
	size_t length = strlen(seen->text);
	snprintf(seen->text + length, sizeof seen->text - length, "%s %s %s %zu; ",
		 published->publisher, published->event, published->key, published->payload.length);
	assert_non_null(published->type);
	seen->last = published->id;
	return --seen->most > 0;
}

static void events_are_seen_in_their_order_from_any_one_on(void **state)
{
	(void)state;
	struct seen seen = {.most = 10};
	struct fault fault;
	assert_int_equal(fixture_publish(&fixture, "a", 1, true, true), ASH_OK);
	assert_int_equal(fixture_publish(&fixture, "b", 2, true, false), ASH_OK);
	assert_int_equal(fixture_publish(&fixture, "c", 3, true, true), ASH_OK);
	assert_int_equal(event_each_published(fixture.hub, 0, see, &seen, &fault), ASH_OK);
	assert_string_equal(seen.text, "shop shop.PlacedKeyed a 5; shop shop.PlacedKeyed c 5; ");
	struct seen none = {.most = 10};
	assert_int_equal(event_each_published(fixture.hub, seen.last, see, &none, &fault), ASH_OK);
	assert_string_equal(none.text, "");
	struct seen one = {.most = 1};
	assert_int_equal(event_each_published(fixture.hub, 0, see, &one, &fault), ASH_OK);
	assert_string_equal(one.text, "shop shop.PlacedKeyed a 5; ");
}

static ash_status refuse(ash_call *call, const Shop__Placed *event)
{
	(void)event;
	return ash_fail(call, ASH_UNAVAILABLE, "not yet");
}

static void the_next_one_due_is_the_one_that_waits_to_be_tried_again(void **state)
{
	(void)state;
	struct fault fault;
	int64_t due = 0;
	assert_int_equal(event_next_due(fixture.hub, 0, &due, &fault), ASH_OK);
	assert_true(due == INT64_MAX);
	fixture.billing = refuse;
	assert_int_equal(fixture_publish(&fixture, "a", 1, true, true), ASH_OK);
	fixture_drain(&fixture);
	assert_int_equal(event_next_due(fixture.hub, fixture.app.wall - 1, &due, &fault), ASH_OK);
	assert_in_range(due - fixture.app.wall, 0, 1000000);
	fixture.app.wall = due;
	fixture_drain(&fixture);
	/* It is a dead letter now: nothing waits. */
	assert_int_equal(event_next_due(fixture.hub, fixture.app.wall, &due, &fault), ASH_OK);
	assert_true(due == INT64_MAX);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(events_are_seen_in_their_order_from_any_one_on),
		WITH(the_next_one_due_is_the_one_that_waits_to_be_tried_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
