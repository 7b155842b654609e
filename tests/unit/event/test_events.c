/* SPDX-License-Identifier: Apache-2.0 */
/* From the outbox to the handlers: once in effect, in order per key, again after a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "event/fixture.h"
#include "event/hub.h"

static struct fixture fixture;

static int set_up(void **state)
{
	(void)state;
	fixture_set_up(&fixture, "sqlite::memory:",
		       (struct event_options){.attempts = 3, .retry_ms = 1, .retry_most_ms = 1});
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_tear_down(&fixture);
	return 0;
}

static int64_t waiting(void)
{
	return fixture_count(&fixture, EVENTS, "ashlar_event.delivery where state < 2");
}

static void what_is_committed_reaches_every_subscriber_once(void **state)
{
	(void)state;
	assert_int_equal(fixture_publish(&fixture, "a", 1, false, true), ASH_OK);
	assert_int_equal(fixture_publish(&fixture, "b", 2, false, true), ASH_OK);
	assert_int_equal(fixture_drain(&fixture), 4);
	assert_int_equal(fixture_drain(&fixture), 0);
	assert_int_equal(fixture_count(&fixture, BILLING, "billing.charge"), 2);
	assert_int_equal(fixture_count(&fixture, AUDIT, "audit.line"), 2);
	assert_string_equal(fixture.order, "a:1 b:2 ");
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.inbox"), 4);
	assert_int_equal(waiting(), 0);
}

static void what_is_taken_back_was_never_published(void **state)
{
	(void)state;
	assert_int_equal(fixture_publish(&fixture, "a", 1, false, false), ASH_OK);
	assert_int_equal(fixture_drain(&fixture), 0);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.outbox"), 0);
	assert_int_equal(fixture_count(&fixture, SHOP, "shop.placed"), 0);
}

static unsigned failures;

static ash_status fail_twice(ash_call *call, const Shop__Placed *event)
{
	(void)event;
	if (failures++ < 2)
		return ash_fail(call, ASH_UNAVAILABLE, "the bank does not answer");
	return ASH_OK;
}

static void a_failed_handler_leaves_nothing_and_is_tried_again(void **state)
{
	(void)state;
	failures = 0;
	fixture.billing = fail_twice;
	assert_int_equal(fixture_publish(&fixture, "a", 1, false, true), ASH_OK);
	fixture_drain(&fixture);
	assert_int_equal(fixture_count(&fixture, BILLING, "billing.charge"), 0);
	assert_int_equal(fixture_count(&fixture, AUDIT, "audit.line"), 1);
	for (int i = 0; i < 2; i++) {
		fixture.app.wall += 1000;
		fixture_drain(&fixture);
	}
	assert_int_equal(fixture_count(&fixture, BILLING, "billing.charge"), 1);
	assert_int_equal(failures, 3);
	assert_int_equal(waiting(), 0);
}

static ash_status fail_first_of_key(ash_call *call, const Shop__Placed *event)
{
	if (strcmp(event->order_id, "a") == 0 && event->cents == 1 && failures++ < 2)
		return ash_fail(call, ASH_UNAVAILABLE, "not yet");
	return ASH_OK;
}

static void a_key_keeps_its_order_over_failures_and_others_go_on(void **state)
{
	(void)state;
	failures = 0;
	fixture.billing = fail_first_of_key;
	for (int i = 1; i <= 3; i++) {
		fixture_publish(&fixture, "a", i, true, true);
		fixture_publish(&fixture, "b", i, true, true);
	}
	fixture_drain(&fixture);
	assert_string_equal(fixture.order, "b:1 b:2 b:3 ");
	for (int i = 0; i < 2; i++) {
		fixture.app.wall += 1000;
		fixture_drain(&fixture);
	}
	assert_string_equal(fixture.order, "b:1 b:2 b:3 a:1 a:2 a:3 ");
}

static ash_status let_another_take_it(ash_call *call, const Shop__Placed *event)
{
	(void)event;
	return ash_fail(call, ASH_ABORTED, "a conflict");
}

static void an_aborted_handler_is_an_attempt_like_any_other(void **state)
{
	(void)state;
	fixture.billing = let_another_take_it;
	assert_int_equal(fixture_publish(&fixture, "a", 1, false, true), ASH_OK);
	for (int i = 0; i < 3; i++) {
		fixture_drain(&fixture);
		fixture.app.wall += 1000;
	}
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.delivery where state = 2"),
			 1);
}

/* ---- leases ---- */

/* Takes a batch as a process that then dies. */
static size_t take_and_die(bool again)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct delivery *deliveries;
	struct workers_look look = {.next = UINT64_MAX};
	struct fault fault;
	size_t count = 0;
	assert_int_equal(delivery_take(fixture.hub, (int64_t)(random_u64() >> 1), again, 16, &arena,
				       &deliveries, &count, &look, &fault),
			 ASH_OK);
	return count;
}

static void rescue(int64_t *died)
{
	struct fault fault;
	int64_t freed;
	assert_int_equal(delivery_rescue(fixture.hub, died, &freed, &fault), ASH_OK);
}

static void what_a_dead_process_had_is_free_after_its_lease(void **state)
{
	(void)state;
	int64_t died = 0;
	fixture_publish(&fixture, "a", 1, false, true);
	assert_int_equal(take_and_die(false), 2);
	rescue(&died);
	assert_int_equal(fixture_drain(&fixture), 0);
	fixture.app.wall += 15000001;
	rescue(&died);
	assert_int_equal(died, 0);
	assert_int_equal(fixture_drain(&fixture), 2);
	assert_int_equal(fixture_count(&fixture, BILLING, "billing.charge"), 1);
}

static void an_event_that_ends_its_process_each_time_dies_and_no_other_with_it(void **state)
{
	(void)state;
	int64_t died = 0;
	fixture_publish(&fixture, "poison", 1, true, true);
	fixture_publish(&fixture, "good", 2, true, true);
	assert_int_equal(take_and_die(false), 2);
	for (int attempt = 2; attempt <= 3; attempt++) {
		fixture.app.wall += 15000001;
		rescue(&died);
		assert_int_equal(died, 0);
		/* The last attempt is made alone. */
		assert_int_equal(take_and_die(true), attempt < 3 ? 2 : 1);
	}
	fixture.app.wall += 15000001;
	rescue(&died);
	assert_int_equal(died, 1);
	assert_int_equal(fixture_drain(&fixture), 1);
	assert_string_equal(fixture.order, "good:2 ");
}

static void a_late_process_cannot_undo_what_the_next_one_did(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	struct delivery *late;
	struct workers_look look = {.next = UINT64_MAX};
	struct fault fault;
	size_t count = 0;
	int64_t died = 0;
	bool dead = false;
	fixture_publish(&fixture, "a", 1, true, true);
	assert_int_equal(
		delivery_take(fixture.hub, 7, false, 16, &arena, &late, &count, &look, &fault),
		ASH_OK);
	assert_int_equal(count, 1);
	fixture.app.wall += 15000001;
	rescue(&died);
	/* The next process has it, and the late one comes back and says that it failed. */
	assert_int_equal(take_and_die(true), 1);
	assert_int_equal(
		delivery_fail(fixture.hub, late, ASH_UNAVAILABLE, "late", false, &dead, &fault),
		ASH_ABORTED);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.delivery where state = 1"),
			 1);
	/* Nor can it complete it. */
	struct request request;
	request_begin(&request, &fixture.app.environment, CALL_NO_DEADLINE, NULL);
	assert_int_equal(
		store_acquire(fixture.app.store, STORE_NO_DEADLINE, &request.session, &fault),
		ASH_OK);
	assert_int_equal(store_begin(request.session, BILLING, STORE_WRITE, &fault), ASH_OK);
	assert_int_equal(delivery_complete(fixture.hub, &request, late), ASH_ABORTED);
	assert_true(request.lost);
	request_end(&request);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.delivery where state = 1"),
			 1);
}

static unsigned outages;

static ash_status meet_outages(ash_call *call, const Shop__Placed *event)
{
	(void)event;
	if (outages == 0)
		return ASH_OK;
	outages--;
	return fault_outage(&call->request->fault,
			    ash_fail(call, ASH_UNAVAILABLE, "the store is out"));
}

static void an_outage_of_the_store_is_no_attempt(void **state)
{
	(void)state;
	outages = 20;
	fixture.billing = meet_outages;
	fixture_publish(&fixture, "a", 1, true, true);
	while (outages > 0) {
		fixture_drain(&fixture);
		fixture.app.wall += 1000001;
		assert_int_equal(
			fixture_count(&fixture, EVENTS, "ashlar_event.delivery where state = 2"),
			0);
	}
	fixture_drain(&fixture);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.delivery"), 0);
	assert_int_equal(fixture_count(&fixture, BILLING, "billing.charge"), 1);
}

/* As a worker does whose first try was committed, but not answered. */
static void what_is_postponed_twice_was_postponed_once(void **state)
{
	(void)state;
	_cleanup_(arena_release) struct arena arena = {0};
	struct delivery *taken;
	struct workers_look look = {.next = UINT64_MAX};
	struct fault fault = {ASH_UNAVAILABLE, true, "out"};
	size_t count = 0;
	fixture_publish(&fixture, "a", 1, true, true);
	assert_int_equal(
		delivery_take(fixture.hub, 7, false, 16, &arena, &taken, &count, &look, &fault),
		ASH_OK);
	for (int i = 0; i < 2; i++)
		assert_int_equal(delivery_postpone(fixture.hub, taken, &fault, &fault), ASH_OK);
	fixture.app.wall += 1000001;
	assert_int_equal(fixture_drain(&fixture), 1);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.delivery"), 0);
}

/* ---- handlers without a transaction ---- */

static void deliveries_without_a_transaction_are_completed_together(void **state)
{
	(void)state;
	fixture.bare = true;
	for (int i = 0; i < 100; i++)
		assert_int_equal(fixture_publish(&fixture, "a", i, false, true), ASH_OK);
	assert_int_equal(fixture_drain(&fixture), 200);
	assert_int_equal(fixture.handled, 100);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.inbox"), 200);
	assert_int_equal(waiting(), 0);
}

static ash_status fail_each_third(ash_call *call, const Shop__Placed *event)
{
	if (event->cents % 3 == 0 && event->cents >= 0)
		return ash_fail(call, ASH_UNAVAILABLE, "not yet");
	return ASH_OK;
}

static void one_that_fails_among_them_takes_no_other_along(void **state)
{
	(void)state;
	fixture.bare = true;
	fixture.billing = fail_each_third;
	for (int i = 0; i < 30; i++)
		assert_int_equal(fixture_publish(&fixture, "a", i, false, true), ASH_OK);
	fixture_drain(&fixture);
	assert_int_equal(fixture.handled, 20);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.inbox"), 50);
	assert_int_equal(waiting(), 10);
	fixture.billing = NULL;
	fixture.app.wall += 1000;
	fixture_drain(&fixture);
	assert_int_equal(fixture.handled, 30);
	assert_int_equal(waiting(), 0);
}

/* While the first is handled, its lease and that of the second run out, and another process takes
 * the second. */
static ash_status lose_the_second(ash_call *call, const Shop__Placed *event)
{
	(void)call;
	if (event->cents == 1) {
		struct store_session *session = NULL;
		struct fault fault;
		assert_int_equal(hub_begin(fixture.hub, STORE_WRITE, &session, &fault), ASH_OK);
		assert_int_equal(
			STORE_EXEC(session, NULL, &fault,
				   "update ashlar_event.delivery set lease = 4711, fence = "
				   "fence + 1 where subscriber = 'billing' and event_id = "
				   "(select max(event_id) from ashlar_event.delivery) and "
				   "fence < $1",
				   ash_int(100)),
			ASH_OK);
		assert_int_equal(store_commit(session, &fault), ASH_OK);
		store_release(session);
	}
	return ASH_OK;
}

static void one_that_another_has_taken_is_left_to_it(void **state)
{
	(void)state;
	fixture.bare = true;
	fixture.billing = lose_the_second;
	for (int i = 1; i <= 3; i++)
		assert_int_equal(fixture_publish(&fixture, "a", i, false, true), ASH_OK);
	fixture_drain(&fixture);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.inbox"), 5);
	assert_int_equal(fixture_count(&fixture, EVENTS,
				       "ashlar_event.delivery where state = 1 and lease = 4711"),
			 1);
}

/* ---- a backlog ---- */

enum { BACKLOG = 3000 };

static ash_status publish_many(void *context, ash_call *call)
{
	Shop__Placed event = SHOP__PLACED__INIT;
	char id[16];
	(void)context;
	ASH_TX(tx, call);
	for (int i = 0; i < BACKLOG; i++) {
		snprintf(id, sizeof id, "o%d", i);
		event.order_id = id;
		event.cents = i;
		ASH_TRY(ash_publish(tx, i % 2 ? FIXTURE_KEYED : FIXTURE_PLACED, &event));
	}
	return ash_commit(tx);
}

static bool sees_what_waits(size_t *count)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct delivery *deliveries;
	struct workers_look look = {.next = UINT64_MAX};
	struct fault fault;
	assert_int_equal(delivery_take(fixture.hub, (int64_t)(random_u64() >> 1), false, 16, &arena,
				       &deliveries, count, &look, &fault),
			 ASH_OK);
	return look.behind;
}

/* On SQLite a worker looks again after each batch. */
static void who_takes_sees_what_waits_for_its_key(void **state)
{
	size_t count = 0;
	bool told = application_is_on_postgresql();
	(void)state;
	assert_false(sees_what_waits(&count));
	fixture_publish(&fixture, "a", 1, true, true);
	fixture_publish(&fixture, "b", 1, true, true);
	assert_false(sees_what_waits(&count));
	assert_int_equal(count, 2);
	fixture_publish(&fixture, "c", 1, true, true);
	fixture_publish(&fixture, "a", 2, true, true);
	assert_int_equal(sees_what_waits(&count), told);
	assert_int_equal(count, 1);
	assert_int_equal(sees_what_waits(&count), told);
	assert_int_equal(count, 0);
	fixture_publish(&fixture, "d", 1, true, true);
	fixture_publish(&fixture, "d", 2, true, true);
	assert_int_equal(sees_what_waits(&count), told);
	assert_int_equal(count, 1);
}

static ash_status fail_now(ash_call *call, const Shop__Placed *event)
{
	(void)event;
	return ash_fail(call, ASH_INTERNAL, "not now");
}

/* Nobody wakes the workers for it: they know when. */
static void what_failed_is_looked_for_when_it_is_due(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct delivery *deliveries;
	struct workers_look look = {.next = UINT64_MAX};
	struct fault fault;
	size_t count = 1;
	(void)state;
	fixture.billing = fail_now;
	uint64_t before = clock_monotonic(), longest = (uint64_t)300 * 1000000;
	atomic_store(&fixture.hub->again_due, UINT64_MAX);
	fixture_publish(&fixture, "a", 1, true, true);
	fixture_drain(&fixture);
	uint64_t after = clock_monotonic();
	uint64_t due = atomic_load(&fixture.hub->again_due);
	assert_in_range(due, before, after + longest);
	assert_int_equal(fixture.hub->workers.due, due);
	/* Another process sees it when it looks. */
	fixture.app.wall -= 100000;
	assert_int_equal(
		delivery_take(fixture.hub, 7, true, 16, &arena, &deliveries, &count, &look, &fault),
		ASH_OK);
	assert_int_equal(count, 0);
	assert_in_range(look.next, after, clock_monotonic() + longest + 100000000);
	fixture.app.wall += 400000;
	assert_int_equal(
		delivery_take(fixture.hub, 7, true, 16, &arena, &deliveries, &count, &look, &fault),
		ASH_OK);
	assert_int_equal(count, 1);
}

/* How many of what was tried are taken at once. */
static size_t take_again(void)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct delivery *deliveries;
	struct workers_look look = {.next = UINT64_MAX};
	struct fault fault;
	size_t count = 0;
	assert_int_equal(delivery_take(fixture.hub, 4711, true, fixture.hub->options.batch, &arena,
				       &deliveries, &count, &look, &fault),
			 ASH_OK);
	assert_int_equal(delivery_give_back(fixture.hub, 4711, &fault), ASH_OK);
	return count;
}

static void what_dead_processes_had_is_taken_in_batches(void **state)
{
	(void)state;
	struct request request;
	int64_t died = 0;
	size_t taken = 0;
	request_begin(&request, &fixture.app.environment, CALL_NO_DEADLINE, NULL);
	assert_int_equal(request_run(&request, registry_find(&fixture.app.registry, "shop"), "test",
				     SPAN_SERVER, "place", publish_many, NULL),
			 ASH_OK);
	request_end(&request);
	for (size_t count = 1; count > 0; taken += count)
		count = take_and_die(false);
	assert_int_equal(taken, BACKLOG / 2 * 3);
	fixture.app.wall += 15000001;
	rescue(&died);
	assert_int_equal(died, 0);
	assert_int_equal(take_again(), 64);
	assert_int_equal(fixture_drain(&fixture), BACKLOG / 2 * 3);
	assert_int_equal(fixture.handled, BACKLOG);
	assert_int_equal(waiting(), 0);
}

static void fewer_are_taken_the_more_often_they_were_tried(void **state)
{
	(void)state;
	const struct event_options options = {.attempts = 8, .batch = 256};
	size_t last = 256;
	for (int64_t attempts = 1; attempts < 20; attempts++) {
		size_t most = hub_retry_batch(&options, attempts);
		assert_true(most >= 1 && (most < last || most == 1));
		last = most;
	}
	assert_int_equal(hub_retry_batch(&options, 1), 64);
	assert_int_equal(hub_retry_batch(&options, 7), 1);
	const struct event_options two = {.attempts = 2, .batch = 256};
	assert_int_equal(hub_retry_batch(&two, 1), 1);
}

/* ---- workers ---- */

static void workers_deliver_what_is_published_while_they_run(void **state)
{
	(void)state;
	struct fault fault;
	char id[16];
	assert_int_equal(event_hub_start(fixture.hub, &fault), ASH_OK);
	for (int i = 0; i < 50; i++) {
		snprintf(id, sizeof id, "k%d", i % 5);
		assert_int_equal(fixture_publish(&fixture, id, i, true, true), ASH_OK);
	}
	for (int i = 0; i < 12000 && __atomic_load_n(&fixture.handled, __ATOMIC_RELAXED) < 50; i++)
		usleep(5000);
	event_hub_stop(fixture.hub);
	assert_int_equal(fixture.handled, 50);
	assert_int_equal(fixture_count(&fixture, BILLING, "billing.charge"), 50);
	assert_int_equal(waiting(), 0);
}

static void a_stop_gives_back_what_was_not_tried(void **state)
{
	(void)state;
	struct fault fault;
	for (int i = 0; i < 20; i++)
		fixture_publish(&fixture, "a", i, false, true);
	assert_int_equal(event_hub_start(fixture.hub, &fault), ASH_OK);
	event_hub_stop(fixture.hub);
	assert_int_equal(fixture_count(&fixture, EVENTS, "ashlar_event.delivery where state = 1"),
			 0);
	fixture_drain(&fixture);
	assert_int_equal(fixture_count(&fixture, BILLING, "billing.charge"), 20);
}

/* ---- bounds ---- */

static void a_key_or_payload_over_the_bound_is_refused(void **state)
{
	(void)state;
	static char large[EVENT_PAYLOAD_LIMIT + 10];
	memset(large, 'x', sizeof large - 1);
	assert_int_equal(fixture_publish(&fixture, large, 1, false, true), ASH_RESOURCE_EXHAUSTED);
	large[EVENT_KEY_LIMIT + 1] = '\0';
	assert_int_equal(fixture_publish(&fixture, large, 1, true, true), ASH_INVALID_ARGUMENT);
	large[EVENT_KEY_LIMIT] = '\0';
	assert_int_equal(fixture_publish(&fixture, large, 1, true, true), ASH_OK);
}

/* Or it would be tried again at once, in the same drain, where the clock stands. */
static void a_wait_is_never_none(void **state)
{
	const struct event_options options = {.retry_ms = 1, .retry_most_ms = 1};
	(void)state;
	for (int i = 0; i < 20000; i++)
		assert_in_range(hub_backoff(&options, 1), 1, 1000);
}

static void a_wait_is_below_twice_the_last(void **state)
{
	(void)state;
	const struct event_options options = {.retry_ms = 100, .retry_most_ms = 1000};
	int64_t bound = 100000, most = 0;
	for (int64_t attempt = 1; attempt <= 6; attempt++) {
		for (int i = 0; i < 1000; i++) {
			int64_t wait = hub_backoff(&options, attempt);
			assert_in_range(wait, 1, bound);
			most = wait > most ? wait : most;
		}
		bound = bound * 2 < 1000000 ? bound * 2 : 1000000;
	}
	assert_true(most > 900000);
}

/* What handles an event is, in the trace, below what published it. */
static void a_trace_goes_through_the_outbox(void **state)
{
	(void)state;
	struct recorder *recorder = recorder_new(64, 1.0, &clock_system);
	struct span spans[16];
	uint64_t from = 0, lost = 0;
	fixture.app.environment.recorder = recorder;
	assert_int_equal(fixture_publish(&fixture, "a", 1, false, true), ASH_OK);
	size_t published = recorder_read(recorder, &from, spans, 16, &lost);
	const struct span root = spans[published - 1];
	struct span producer = {0};
	for (size_t i = 0; i < published; i++)
		if (spans[i].kind == SPAN_PRODUCER)
			producer = spans[i];
	assert_string_equal(producer.name, "shop.Placed");
	assert_true(root.parent == 0 && producer.parent == root.id);
	assert_int_equal(fixture_drain(&fixture), 2);
	size_t handled = recorder_read(recorder, &from, spans, 16, &lost), consumers = 0;
	for (size_t i = 0; i < handled; i++) {
		assert_memory_equal(spans[i].trace, root.trace, sizeof root.trace);
		if (spans[i].kind != SPAN_CONSUMER)
			continue;
		consumers++;
		assert_true(spans[i].parent == producer.id);
	}
	assert_int_equal(consumers, 2);
	fixture.app.environment.recorder = NULL;
	recorder_free(recorder);
}

static const ash_event *wanted;

static ash_status publish_wanted(void *context, ash_call *call)
{
	const Shop__Placed placed = SHOP__PLACED__INIT;
	(void)context;
	ASH_TX(tx, call);
	ASH_TRY(ash_publish(tx, wanted, &placed));
	return ash_commit(tx);
}

/* Past what the generator writes: the event is the caller's, its contract's, or nobody's. */
static void what_the_contract_does_not_name_is_not_published(void **state)
{
	static const ash_event BILLED = {"billing.Billed", "shop", &shop__placed__descriptor, NULL};
	const struct {
		const char *module;
		const ash_event *event;
		ash_status status;
	} CASES[] = {
		{"shop", FIXTURE_PLACED, ASH_OK},
		{"shop", &BILLED, ASH_PERMISSION_DENIED},
		{"billing", FIXTURE_PLACED, ASH_PERMISSION_DENIED},
		{"audit", FIXTURE_KEYED, ASH_PERMISSION_DENIED},
	};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct request request;
		const struct member *member = registry_find(&fixture.app.registry, CASES[i].module);
		wanted = CASES[i].event;
		request_begin(&request, &fixture.app.environment, STORE_NO_DEADLINE, NULL);
		ash_status status = request_run(&request, member, "", SPAN_INTERNAL, "test",
						publish_wanted, NULL);
		if (status == ASH_OK)
			status = request_commit(&request, member);
		assert_int_equal(status, CASES[i].status);
		if (status != ASH_OK) {
			char told[200];
			snprintf(told, sizeof told, "%s may not publish %s: its contract (%s:%u)",
				 CASES[i].module, wanted->name, member->module->place.file,
				 member->module->place.line);
			assert_non_null(strstr(request.fault.message, told));
		}
		request_end(&request);
	}
	assert_int_equal(fixture_count(&fixture, fixture.hub->module, "ashlar_event.outbox"), 1);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(what_is_committed_reaches_every_subscriber_once),
		WITH(what_is_taken_back_was_never_published),
		WITH(who_takes_sees_what_waits_for_its_key),
		WITH(what_failed_is_looked_for_when_it_is_due),
		WITH(a_failed_handler_leaves_nothing_and_is_tried_again),
		WITH(a_key_keeps_its_order_over_failures_and_others_go_on),
		WITH(an_aborted_handler_is_an_attempt_like_any_other),
		WITH(what_a_dead_process_had_is_free_after_its_lease),
		WITH(an_event_that_ends_its_process_each_time_dies_and_no_other_with_it),
		WITH(a_late_process_cannot_undo_what_the_next_one_did),
		WITH(an_outage_of_the_store_is_no_attempt),
		WITH(what_is_postponed_twice_was_postponed_once),
		WITH(deliveries_without_a_transaction_are_completed_together),
		WITH(one_that_fails_among_them_takes_no_other_along),
		WITH(one_that_another_has_taken_is_left_to_it),
		WITH(what_dead_processes_had_is_taken_in_batches),
		cmocka_unit_test(fewer_are_taken_the_more_often_they_were_tried),
		WITH(workers_deliver_what_is_published_while_they_run),
		WITH(a_stop_gives_back_what_was_not_tried),
		WITH(a_key_or_payload_over_the_bound_is_refused),
		WITH(what_the_contract_does_not_name_is_not_published),
		WITH(a_trace_goes_through_the_outbox),
		cmocka_unit_test(a_wait_is_never_none),
		cmocka_unit_test(a_wait_is_below_twice_the_last),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
