/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters: how events get there, what is shown of them, and the ways out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "event/fixture.h"
#include "event/hub.h"

static struct fixture fixture;

static int set_up(void **state)
{
	(void)state;
	fixture_set_up(&fixture, "sqlite::memory:",
		       (struct event_options){.attempts = 2, .retry_ms = 1, .retry_most_ms = 1});
	return 0;
}

static int set_up_blocking(void **state)
{
	(void)state;
	fixture_set_up(&fixture, "sqlite::memory:",
		       (struct event_options){.attempts = 1,
					      .retry_ms = 1,
					      .retry_most_ms = 1,
					      .dead_days = 3,
					      .block_keys = true});
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_tear_down(&fixture);
	return 0;
}

static ash_status decline(ash_call *call, const Shop__Placed *event)
{
	return event->cents == 13
		       ? ash_fail(call, ASH_NOT_FOUND, "there is no card %s", event->order_id)
		       : ASH_OK;
}

static ash_status refuse_for_good(ash_call *call, const Shop__Placed *event)
{
	return ash_give_up(call, ASH_INVALID_ARGUMENT, "%d is no price", (int)event->cents);
}

/* Publishes, and lets all attempts pass. */
static void publish_and_wait(const char *id, int64_t cents, bool keyed)
{
	assert_int_equal(fixture_publish(&fixture, id, cents, keyed, true), ASH_OK);
	for (int i = 0; i < 3; i++) {
		fixture_drain(&fixture);
		fixture.app.wall += 1000;
	}
}

static int64_t count_dead(struct dead_filter filter)
{
	int64_t count = -1;
	struct fault fault;
	if (event_dead_count(fixture.hub, &filter, &count, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
	return count;
}

static bool write_letter(void *context, const struct dead_letter *letter)
{
	struct fault fault;
	text_addf(context, "%d %s %s %s %s: %s (%d attempts)\n", (int)letter->id,
		  letter->subscriber, letter->event, letter->key, letter->status, letter->message,
		  (int)letter->attempts);
	assert_int_equal(event_write_cloud(letter, "//shop", context, &fault), ASH_OK);
	return true;
}

static void an_event_that_fails_each_time_is_kept_with_all_that_is_known(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text told = {0};
	struct dead_filter all = {0};
	struct fault fault;
	fixture.billing = decline;
	publish_and_wait("a", 13, true);
	publish_and_wait("a", 2, true);
	assert_string_equal(fixture.order, "a:2 ");
	assert_int_equal(event_dead_list(fixture.hub, &all, write_letter, &told, NULL, &fault),
			 ASH_OK);
	const char *first =
		"1 billing shop.PlacedKeyed a not_found: there is no card a (2 attempts)\n";
	assert_memory_equal(told.at, first, strlen(first));
	json_t *cloud = json_loads(told.at + strlen(first), 0, NULL);
	assert_non_null(cloud);
	assert_string_equal(json_string_value(json_object_get(cloud, "specversion")), "1.0");
	assert_string_equal(json_string_value(json_object_get(cloud, "source")), "//shop/shop");
	assert_string_equal(json_string_value(json_object_get(cloud, "type")), "shop.PlacedKeyed");
	assert_string_equal(json_string_value(json_object_get(cloud, "partitionkey")), "a");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(cloud, "data"), "cents")), "13");
	json_decref(cloud);
}

static void a_handler_may_give_up_at_once(void **state)
{
	(void)state;
	fixture.billing = refuse_for_good;
	assert_int_equal(fixture_publish(&fixture, "a", 1, true, true), ASH_OK);
	fixture_drain(&fixture);
	assert_int_equal(count_dead((struct dead_filter){.status = "invalid_argument"}), 1);
	assert_int_equal(count_dead((struct dead_filter){.status = "not_found"}), 0);
}

static void a_filter_finds_by_each_of_its_parts(void **state)
{
	(void)state;
	fixture.billing = refuse_for_good;
	publish_and_wait("a", 1, true);
	int64_t between = fixture.app.wall;
	publish_and_wait("b", 2, false);
	assert_int_equal(count_dead((struct dead_filter){0}), 2);
	assert_int_equal(count_dead((struct dead_filter){.id = 2}), 1);
	assert_int_equal(count_dead((struct dead_filter){.subscriber = "billing"}), 2);
	assert_int_equal(count_dead((struct dead_filter){.subscriber = "audit"}), 0);
	assert_int_equal(count_dead((struct dead_filter){.event = "shop.Placed"}), 1);
	assert_int_equal(count_dead((struct dead_filter){.since = between}), 1);
	assert_int_equal(count_dead((struct dead_filter){.after = 1}), 1);
}

static void a_requeued_letter_has_all_attempts_and_may_die_again(void **state)
{
	(void)state;
	const struct dead_filter all = {0};
	struct fault fault;
	int64_t changed = 0;
	fixture.billing = decline;
	publish_and_wait("a", 13, true);
	assert_int_equal(event_dead_requeue(fixture.hub, &all, &changed, &fault), ASH_OK);
	assert_int_equal(changed, 1);
	fixture_drain(&fixture);
	assert_int_equal(count_dead(all), 0);
	fixture.app.wall += 1000;
	fixture_drain(&fixture);
	assert_int_equal(count_dead(all), 1);
	fixture.billing = NULL;
	assert_int_equal(event_dead_requeue(fixture.hub, &all, &changed, &fault), ASH_OK);
	fixture_drain(&fixture);
	assert_int_equal(count_dead(all), 0);
	assert_string_equal(fixture.order, "a:13 ");
}

static void a_bulk_has_a_limit(void **state)
{
	(void)state;
	struct fault fault;
	int64_t changed = 0;
	fixture.billing = refuse_for_good;
	for (int i = 0; i < 5; i++)
		publish_and_wait("a", i, false);
	const struct dead_filter two = {.most = 2};
	assert_int_equal(event_dead_discard(fixture.hub, &two, &changed, &fault), ASH_OK);
	assert_int_equal(changed, 2);
	assert_int_equal(count_dead((struct dead_filter){0}), 3);
}

static void a_dead_letter_holds_its_key_back_only_where_asked(void **state)
{
	(void)state;
	const struct dead_filter all = {0};
	struct fault fault;
	int64_t changed = 0;
	fixture.billing = decline;
	publish_and_wait("a", 13, true);
	publish_and_wait("a", 2, true);
	publish_and_wait("b", 3, true);
	assert_string_equal(fixture.order, "b:3 ");
	assert_int_equal(event_dead_discard(fixture.hub, &all, &changed, &fault), ASH_OK);
	fixture_drain(&fixture);
	assert_string_equal(fixture.order, "b:3 a:2 ");
}

static bool write_blocked(void *context, const struct blocked_key *blocked)
{
	text_addf(context, "%s %s: %d holds back %d\n", blocked->subscriber, blocked->key,
		  (int)blocked->id, (int)blocked->waiting);
	return true;
}

static void keys_that_are_held_back_are_listed(void **state)
{
	(void)state;
	_cleanup_(text_release) struct text told = {0};
	const struct blocked_filter every = {0};
	struct fault fault;
	fixture.billing = decline;
	publish_and_wait("a", 13, true);
	publish_and_wait("b", 3, true);
	assert_int_equal(
		event_blocked_list(fixture.hub, &every, write_blocked, &told, NULL, &fault),
		ASH_OK);
	assert_int_equal(told.length, 0);
	publish_and_wait("a", 2, true);
	publish_and_wait("a", 4, true);
	assert_int_equal(
		event_blocked_list(fixture.hub, &every, write_blocked, &told, NULL, &fault),
		ASH_OK);
	assert_string_equal(told.at, "billing a: 1 holds back 2\n");
}

static void list_blocked(struct blocked_filter filter, const char *expected, bool others)
{
	_cleanup_(text_release) struct text told = {0};
	struct fault fault;
	bool more = !others;
	assert_int_equal(
		event_blocked_list(fixture.hub, &filter, write_blocked, &told, &more, &fault),
		ASH_OK);
	assert_string_equal(told.length ? told.at : "", expected);
	assert_int_equal(more, others);
}

static void keys_are_listed_in_pages(void **state)
{
	(void)state;
	fixture.billing = decline;
	for (int i = 0; i < 2; i++)
		for (const char *key = "c\0b\0a\0"; *key; key += 2)
			publish_and_wait(key, i ? 1 : 13, true);
	list_blocked((struct blocked_filter){.most = 2},
		     "billing a: 3 holds back 1\nbilling b: 2 holds back 1\n", true);
	list_blocked((struct blocked_filter){.after_subscriber = "billing", .after_key = "b"},
		     "billing c: 1 holds back 1\n", false);
	list_blocked((struct blocked_filter){.subscriber = "audit"}, "", false);
	list_blocked((struct blocked_filter){.subscriber = "billing", .most = 3},
		     "billing a: 3 holds back 1\nbilling b: 2 holds back 1\n"
		     "billing c: 1 holds back 1\n",
		     false);
}

/* ---- pages ---- */

/* As if audit, too, had failed at the same event: its letter comes first. */
static void add_letter_of_audit(int64_t id)
{
	struct store_session *session = NULL;
	struct fault fault;
	char sql[400];
	snprintf(
		sql, sizeof sql,
		"insert into ashlar_event.delivery (event_id, subscriber, state, attempts, due_at, "
		"status, message, died_at) select event_id, 'audit', 2, 1, due_at, status, "
		"message, died_at from ashlar_event.delivery where event_id = %d",
		(int)id);
	if (store_acquire(fixture.app.store, STORE_NO_DEADLINE, &session, &fault) ||
	    store_begin(session, EVENTS, STORE_WRITE, &fault) ||
	    store_exec(session, sql, NULL, 0, NULL, &fault) || store_commit(session, &fault))
		fail_msg("%s", fault.message);
	store_release(session);
}

static bool write_cursor(void *context, const struct dead_letter *letter)
{
	text_addf(context, "%d/%s ", (int)letter->id, letter->subscriber);
	return true;
}

static void list_letters(struct dead_filter filter, const char *expected, bool others)
{
	_cleanup_(text_release) struct text told = {0};
	struct fault fault;
	bool more = !others;
	assert_int_equal(event_dead_list(fixture.hub, &filter, write_cursor, &told, &more, &fault),
			 ASH_OK);
	assert_string_equal(told.length ? told.at : "", expected);
	assert_int_equal(more, others);
}

static void a_page_goes_on_behind_a_subscribers_letter(void **state)
{
	(void)state;
	fixture.billing = refuse_for_good;
	for (int i = 1; i <= 3; i++) {
		publish_and_wait("a", i, false);
		add_letter_of_audit(i);
	}
	list_letters((struct dead_filter){.most = 3}, "1/audit 1/billing 2/audit ", true);
	list_letters((struct dead_filter){.after = 2, .after_subscriber = "audit", .most = 2},
		     "2/billing 3/audit ", true);
	list_letters((struct dead_filter){.after = 3, .after_subscriber = "audit", .most = 1},
		     "3/billing ", false);
	list_letters((struct dead_filter){.after = 2}, "3/audit 3/billing ", false);
	list_letters((struct dead_filter){.after = INT64_MAX}, "", false);
	list_letters((struct dead_filter){.after = INT64_MAX, .after_subscriber = "audit"}, "",
		     false);
}

static void handled_events_are_replayed_from_a_time(void **state)
{
	(void)state;
	struct fault fault;
	int64_t added = 0;
	publish_and_wait("a", 1, false);
	int64_t since = fixture.app.wall;
	publish_and_wait("b", 2, false);
	publish_and_wait("c", 3, true);
	assert_int_equal(event_replay(fixture.hub, "billing", NULL, since, &added, &fault), ASH_OK);
	assert_int_equal(added, 2);
	fixture_drain(&fixture);
	assert_string_equal(fixture.order, "a:1 b:2 c:3 b:2 c:3 ");
	assert_int_equal(fixture_count(&fixture, AUDIT, "audit.line"), 2);
	assert_int_equal(event_replay(fixture.hub, "billing", "shop.Placed", since, &added, &fault),
			 ASH_OK);
	assert_int_equal(added, 1);
	assert_int_equal(event_replay(fixture.hub, "shop", NULL, since, &added, &fault),
			 ASH_NOT_FOUND);
	assert_int_equal(
		event_replay(fixture.hub, "audit", "shop.PlacedKeyed", since, &added, &fault),
		ASH_NOT_FOUND);
}

static void old_events_are_taken_away_and_dead_letters_are_not(void **state)
{
	(void)state;
	struct fault fault;
	int64_t swept = 0;
	bool more;
	fixture.billing = decline;
	publish_and_wait("a", 13, true);
	publish_and_wait("b", 2, false);
	assert_int_equal(event_sweep(fixture.hub, UINT64_MAX, &swept, &more, &fault), ASH_OK);
	assert_int_equal(swept, 0);
	fixture.app.wall += 8 * 24 * 3600 * 1000000LL;
	assert_int_equal(event_sweep(fixture.hub, UINT64_MAX, &swept, &more, &fault), ASH_OK);
	assert_int_equal(swept, 1);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.inbox"), 0);
	assert_int_equal(count_dead((struct dead_filter){0}), 1);
}

/* Not as one transaction, which would keep all who write waiting, and be lost as a whole where
 * its time is over. */
static void many_old_events_are_taken_away_in_parts(void **state)
{
	(void)state;
	struct fault fault;
	int64_t swept = 0, all = 0;
	bool more = true;
	fixture.billing = decline;
	fixture.hub->options.sweep_batch = 2;
	for (int i = 0; i < 9; i++)
		publish_and_wait("a", i == 3 ? 13 : i, true);
	fixture.app.wall += 8 * 24 * 3600 * 1000000LL;
	for (int i = 0; i < 5; i++)
		publish_and_wait("b", 1, true);
	for (int calls = 0; more; calls++) {
		assert_int_equal(event_sweep(fixture.hub, 0, &swept, &more, &fault), ASH_OK);
		assert_true(swept <= 2 && calls < 20);
		all += swept;
	}
	assert_int_equal(all, 8);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.outbox"), 6);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.inbox"), 5);
	assert_int_equal(count_dead((struct dead_filter){0}), 1);
}

/* One that a wrong clock put into the future keeps none of those behind it. */
static void an_event_of_the_future_ends_no_sweep(void **state)
{
	(void)state;
	struct fault fault;
	int64_t swept = 0, now = fixture.app.wall;
	bool more = true;
	fixture.hub->options.sweep_batch = 2;
	fixture.app.wall = now + 365 * 24 * 3600 * 1000000LL;
	for (int i = 0; i < 4; i++)
		publish_and_wait("a", 1, true);
	fixture.app.wall = now;
	for (int i = 0; i < 4; i++)
		publish_and_wait("b", 1, true);
	fixture.app.wall = now + 8 * 24 * 3600 * 1000000LL;
	assert_int_equal(event_sweep(fixture.hub, UINT64_MAX, &swept, &more, &fault), ASH_OK);
	assert_int_equal(swept, 4);
	assert_false(more);
}

static void dead_letters_are_taken_away_where_asked(void **state)
{
	(void)state;
	struct fault fault;
	int64_t swept = 0;
	bool more;
	fixture.billing = decline;
	publish_and_wait("a", 13, true);
	fixture.app.wall += 2 * 24 * 3600 * 1000000LL;
	publish_and_wait("b", 13, true);
	fixture.app.wall += 2 * 24 * 3600 * 1000000LL;
	assert_int_equal(event_sweep(fixture.hub, UINT64_MAX, &swept, &more, &fault), ASH_OK);
	assert_int_equal(count_dead((struct dead_filter){0}), 1);
	assert_int_equal(count_dead((struct dead_filter){.id = 2}), 1);
}

#define WITH(test)          cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define WITH_BLOCKING(test) cmocka_unit_test_setup_teardown(test, set_up_blocking, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(an_event_that_fails_each_time_is_kept_with_all_that_is_known),
		WITH(a_handler_may_give_up_at_once),
		WITH(a_filter_finds_by_each_of_its_parts),
		WITH(a_requeued_letter_has_all_attempts_and_may_die_again),
		WITH(a_bulk_has_a_limit),
		WITH_BLOCKING(a_dead_letter_holds_its_key_back_only_where_asked),
		WITH_BLOCKING(keys_that_are_held_back_are_listed),
		WITH_BLOCKING(keys_are_listed_in_pages),
		WITH(a_page_goes_on_behind_a_subscribers_letter),
		WITH(handled_events_are_replayed_from_a_time),
		WITH(old_events_are_taken_away_and_dead_letters_are_not),
		WITH(many_old_events_are_taken_away_in_parts),
		WITH(an_event_of_the_future_ends_no_sweep),
		WITH_BLOCKING(dead_letters_are_taken_away_where_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
