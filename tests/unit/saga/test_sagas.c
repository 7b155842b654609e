/* SPDX-License-Identifier: Apache-2.0 */
/* Sagas from their start to their end, with all that may happen on the way. */
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
#include "base/random.h"
#include "saga/fixture.h"

static struct fixture fixture, other;
static char folder[64], location[128], status[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/ashlar-saga-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(location, sizeof location, "sqlite:%s/store.db", folder);
	fixture_set_up(&fixture, location);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const FILES[] = {"store.db", "store.db-wal", "store.db-shm"};
	char path[128];
	(void)state;
	fixture_tear_down(&fixture);
	for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, FILES[i]);
		unlink(path);
	}
	rmdir(folder);
	return 0;
}

static void assert_state(const char *id, enum saga_state state, bool parked)
{
	struct saga_line line = fixture_line(&fixture, id, status);
	assert_string_equal(saga_state_name(line.state), saga_state_name(state));
	assert_int_equal(line.parked, parked);
}

/* That the effects of a saga's two writing steps are worth what they say. */
static void assert_effects(const char *id, int reserved, int charged)
{
	int64_t rows;
	assert_int_equal(fixture_sum(&fixture, id, RESERVE, &rows), reserved);
	assert_int_equal(fixture_sum(&fixture, id, CHARGE, &rows), charged);
}

/* ---- one way through ---- */

static ash_status keep_and_read(ash_step *step, ash_call *call, int index, bool undoing)
{
	size_t length = 0;
	char key[32];
	assert_false(undoing);
	snprintf(key, sizeof key, "shop.checkout/a/%d", index);
	assert_string_equal(ash_idempotency_key(call), key);
	if (index == RESERVE) {
		assert_null(ash_step_kept(step, "reserve", NULL));
		return ash_step_keep(step, "shelf 7", 7);
	}
	const char *kept = ash_step_kept(step, "reserve", &length);
	assert_int_equal(length, 7);
	assert_memory_equal(kept, "shelf 7", 7);
	return ASH_OK;
}

static void runs_each_step_once_and_hands_on_what_was_kept(void **state)
{
	int64_t rows;
	(void)state;
	fixture.answer = keep_and_read;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	assert_int_equal(fixture_drain(&fixture), 1);
	assert_string_equal(fixture.order, "+0 +1 +2 ");
	assert_state("a", SAGA_DONE, false);
	assert_effects("a", 1, 1);
	fixture_sum(&fixture, "a", RESERVE, &rows);
	assert_int_equal(rows, 1);
	assert_int_equal(fixture_drain(&fixture), 0);
}

static void starts_once_by_its_id(void **state)
{
	(void)state;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	assert_int_equal(fixture_start(&fixture, "a", 6), ASH_ALREADY_EXISTS);
	assert_int_equal(fixture_start(&fixture, "", 6), ASH_INVALID_ARGUMENT);
	assert_int_equal(fixture_drain(&fixture), 1);
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	assert_int_equal(fixture_drain(&fixture), 0);
	assert_effects("a", 1, 1);
}

/* ---- failures ---- */

static ash_status refuse_charge(ash_step *step, ash_call *call, int index, bool undoing)
{
	(void)step;
	if (index == CHARGE && !undoing)
		return ash_fail(call, ASH_FAILED_PRECONDITION, "the card is refused");
	return ASH_OK;
}

static void undoes_in_reverse_after_a_final_failure(void **state)
{
	(void)state;
	fixture.answer = refuse_charge;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture_settle(&fixture);
	assert_string_equal(fixture.order, "+0 +1 -0 ");
	assert_state("a", SAGA_UNDONE, false);
	assert_string_equal(status, "failed_precondition");
	assert_effects("a", 0, 0);
}

static ash_status lose_notify(ash_step *step, ash_call *call, int index, bool undoing)
{
	(void)step, (void)undoing;
	return index == NOTIFY ? ash_fail(call, ASH_UNAVAILABLE, "no answer") : ASH_OK;
}

static void tries_again_and_undoes_when_attempts_are_used_up(void **state)
{
	(void)state;
	fixture.answer = lose_notify;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture_settle(&fixture);
	assert_string_equal(fixture.order, "+0 +1 +2 +2 +2 +2 -1 -0 ");
	assert_state("a", SAGA_UNDONE, false);
	assert_effects("a", 0, 0);
}

static ash_status cannot_release(ash_step *step, ash_call *call, int index, bool undoing)
{
	if (index == RESERVE && undoing)
		return ash_give_up(call, ASH_INTERNAL, "the shelf is gone");
	return refuse_charge(step, call, index, undoing);
}

static void parks_what_cannot_be_undone_until_it_is_resumed(void **state)
{
	struct fault fault;
	(void)state;
	fixture.answer = cannot_release;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture_settle(&fixture);
	assert_state("a", SAGA_UNDOING, true);
	assert_effects("a", 1, 0);
	fixture.answer = refuse_charge;
	assert_int_equal(saga_resume(fixture.hub, "shop.checkout", "a", &fault), ASH_OK);
	assert_int_equal(saga_resume(fixture.hub, "shop.checkout", "a", &fault), ASH_NOT_FOUND);
	fixture_settle(&fixture);
	assert_state("a", SAGA_UNDONE, false);
	assert_effects("a", 0, 0);
}

static ash_status cancel_at_notify(ash_step *step, ash_call *call, int index, bool undoing)
{
	struct fault fault;
	(void)call;
	/* Not in a step that writes: SQLite has one writer, and its transaction is open. */
	if (index == NOTIFY && !undoing)
		assert_int_equal(
			saga_cancel(fixture.hub, "shop.checkout", ash_step_saga(step), &fault),
			ASH_OK);
	return index == NOTIFY ? ash_fail(call, ASH_UNAVAILABLE, "no answer") : ASH_OK;
}

static void is_undone_when_canceled(void **state)
{
	struct fault fault;
	(void)state;
	fixture.answer = cancel_at_notify;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture_settle(&fixture);
	assert_string_equal(fixture.order, "+0 +1 +2 -1 -0 ");
	assert_state("a", SAGA_UNDONE, false);
	assert_string_equal(status, "canceled");
	assert_effects("a", 0, 0);
	assert_int_equal(saga_cancel(fixture.hub, "shop.checkout", "a", &fault), ASH_NOT_FOUND);
}

static void is_undone_at_its_deadline(void **state)
{
	(void)state;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture.wall += 3601 * INT64_C(1000000);
	fixture_settle(&fixture);
	assert_string_equal(fixture.order, "");
	assert_state("a", SAGA_UNDONE, false);
	assert_string_equal(status, "deadline_exceeded");
}

static void is_not_run_by_another_version(void **state)
{
	ash_saga newer = FIXTURE_CHECKOUT;
	(void)state;
	newer.version = 2;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture_join(&other, location, &newer, (struct saga_options){0});
	assert_int_equal(fixture_drain(&other), 1);
	assert_string_equal(other.order, "");
	fixture_tear_down(&other);
	fixture_use(&fixture);
	assert_state("a", SAGA_RUNNING, true);
}

/* ---- two processes ---- */

static ash_status stand_still(ash_step *step, ash_call *call, int index, bool undoing)
{
	(void)step, (void)call, (void)undoing;
	if (index != NOTIFY || other.hub)
		return ASH_OK;
	/* This process stands still, its lease runs out, and another one goes on. */
	fixture_join(&other, location, &FIXTURE_CHECKOUT, (struct saga_options){0});
	other.wall = fixture.wall + 16 * INT64_C(1000000);
	assert_int_equal(fixture_drain(&other), 1);
	fixture_use(&fixture);
	return ASH_OK;
}

static void who_lost_its_lease_records_nothing(void **state)
{
	int64_t rows;
	(void)state;
	other = (struct fixture){0};
	fixture.answer = stand_still;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture_drain(&fixture);
	assert_string_equal(other.order, "+2 ");
	fixture_tear_down(&other);
	assert_state("a", SAGA_DONE, false);
	assert_effects("a", 1, 1);
	fixture_sum(&fixture, "a", CHARGE, &rows);
	assert_int_equal(rows, 1);
}

/* ---- chance ---- */

/* What came of the steps, kept beside the tables: the model. */
struct model {
	int effects[STEP_COUNT];
};
static struct model model;

static ash_status by_chance(ash_step *step, ash_call *call, int index, bool undoing)
{
	static const ash_status ANSWERS[] = {ASH_UNAVAILABLE, ASH_NOT_FOUND, ASH_INTERNAL,
					     ASH_DEADLINE_EXCEEDED};
	(void)step;
	if (random_below(3) == 0)
		return ash_fail(call, ANSWERS[random_below(undoing ? 1 : 4)], "by chance");
	model.effects[index] = !undoing;
	return ASH_OK;
}

/* Done: each effect is there once. Undone: none is worth anything. Never both, never in between,
 * whatever the steps answered; one that is parked is resumed. */
static void ends_whole_or_not_at_all(void **state)
{
	struct fault fault;
	char id[32];
	unsigned done = 0, undone = 0;
	(void)state;
	fixture.answer = by_chance;
	for (unsigned round = 0; round < 150; round++) {
		random_seed(round);
		model = (struct model){{0}};
		snprintf(id, sizeof id, "s%u", round);
		assert_int_equal(fixture_start(&fixture, id, round), ASH_OK);
		struct saga_line line = fixture_line(&fixture, id, status);
		for (unsigned i = 0; i < 400 && line.state < SAGA_DONE; i++) {
			fixture_drain(&fixture);
			fixture.wall += 5 * INT64_C(1000000);
			line = fixture_line(&fixture, id, status);
			if (line.parked)
				assert_int_equal(
					saga_resume(fixture.hub, "shop.checkout", id, &fault), 0);
		}
		assert_in_range(line.state, SAGA_DONE, SAGA_UNDONE);
		int whole = line.state == SAGA_DONE;
		done += (unsigned)whole;
		undone += (unsigned)!whole;
		int64_t rows;
		for (int step = RESERVE; step <= CHARGE; step++) {
			int64_t sum = fixture_sum(&fixture, id, step, &rows);
			assert_int_equal(sum, model.effects[step]);
			assert_int_equal(sum, whole);
		}
	}
	assert_true(done > 20);
	assert_true(undone > 20);
}

/* ---- without memory ---- */

static void holds_when_any_allocation_fails(void **state)
{
	char id[32];
	(void)state;
	for (size_t n = 1;; n++) {
		struct fault fault;
		size_t taken = 0;
		snprintf(id, sizeof id, "m%zu", n);
		assert_int_equal(fixture_start(&fixture, id, 5), ASH_OK);
		mem_fail_from(n);
		(void)!saga_hub_drain(fixture.hub, &taken, &fault);
		bool failed = mem_fail_never();
		fixture_settle(&fixture);
		struct saga_line line = fixture_line(&fixture, id, status);
		assert_in_range(line.state, SAGA_DONE, SAGA_UNDONE);
		int whole = line.state == SAGA_DONE;
		assert_effects(id, whole, whole);
		if (!failed)
			break;
	}
}

/* ---- workers ---- */

static void workers_run_what_is_started(void **state)
{
	struct fault fault;
	char id[32];
	(void)state;
	assert_int_equal(saga_hub_start(fixture.hub, &fault), ASH_OK);
	for (unsigned i = 0; i < 5; i++) {
		snprintf(id, sizeof id, "w%u", i);
		assert_int_equal(fixture_start(&fixture, id, i), ASH_OK);
		for (unsigned tries = 0; tries < 2000; tries++) {
			if (fixture_line(&fixture, id, status).state == SAGA_DONE)
				break;
			usleep(10000);
		}
		assert_state(id, SAGA_DONE, false);
		assert_effects(id, 1, 1);
	}
	saga_hub_stop(fixture.hub);
}

#define SAGA_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAGA_TEST(runs_each_step_once_and_hands_on_what_was_kept),
		SAGA_TEST(starts_once_by_its_id),
		SAGA_TEST(undoes_in_reverse_after_a_final_failure),
		SAGA_TEST(tries_again_and_undoes_when_attempts_are_used_up),
		SAGA_TEST(parks_what_cannot_be_undone_until_it_is_resumed),
		SAGA_TEST(is_undone_when_canceled),
		SAGA_TEST(is_undone_at_its_deadline),
		SAGA_TEST(is_not_run_by_another_version),
		SAGA_TEST(who_lost_its_lease_records_nothing),
		SAGA_TEST(ends_whole_or_not_at_all),
		SAGA_TEST(holds_when_any_allocation_fails),
		SAGA_TEST(workers_run_what_is_started),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
