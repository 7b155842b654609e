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
#include "saga/hub.h"

static struct fixture fixture, other;
static struct application_folder folder;
static char status[64];

static int set_up(void **state)
{
	(void)state;
	application_folder_make(&folder);
	fixture_set_up(&fixture, folder.location);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_tear_down(&fixture);
	application_folder_remove(&folder);
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
	snprintf(key, sizeof key, "ashlar/saga/shop.checkout/a/%d", index);
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

/* Waits before its second step, so that it is taken anew, and fails for good in the third. */
static ash_status keep_across(ash_step *step, ash_call *call, int index, bool undoing)
{
	static int turns;
	size_t length = 0;
	if (index == RESERVE && !undoing)
		return ash_step_keep(step, "shelf 7", 7);
	const char *kept = ash_step_kept(step, "reserve", &length);
	assert_int_equal(length, 7);
	assert_memory_equal(kept, "shelf 7", 7);
	if (index == CHARGE && !undoing && turns++ == 0)
		return ash_fail(call, ASH_ABORTED, "it lost a race");
	return index == NOTIFY ? ash_fail(call, ASH_FAILED_PRECONDITION, "nobody hears") : ASH_OK;
}

static void whoever_takes_it_next_finds_what_was_kept(void **state)
{
	(void)state;
	fixture.answer = keep_across;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture_settle(&fixture);
	assert_string_equal(fixture.order, "+0 +1 +1 +2 -1 -0 ");
	assert_state("a", SAGA_COMPENSATED, false);
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
	assert_state("a", SAGA_COMPENSATED, false);
	assert_string_equal(status, "failed_precondition");
	assert_effects("a", 0, 0);
}

static ash_status lose_notify(ash_step *step, ash_call *call, int index, bool undoing)
{
	(void)step, (void)undoing;
	return index == NOTIFY ? ash_fail(call, ASH_ABORTED, "it lost a race") : ASH_OK;
}

static void tries_again_and_undoes_when_attempts_are_used_up(void **state)
{
	(void)state;
	fixture.answer = lose_notify;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture_settle(&fixture);
	assert_string_equal(fixture.order, "+0 +1 +2 +2 +2 +2 -1 -0 ");
	assert_state("a", SAGA_COMPENSATED, false);
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
	assert_state("a", SAGA_COMPENSATING, true);
	assert_effects("a", 1, 0);
	fixture.answer = refuse_charge;
	assert_int_equal(saga_resume(fixture.hub, "shop.checkout", "a", &fault), ASH_OK);
	assert_int_equal(saga_resume(fixture.hub, "shop.checkout", "a", &fault), ASH_NOT_FOUND);
	fixture_settle(&fixture);
	assert_state("a", SAGA_COMPENSATED, false);
	assert_effects("a", 0, 0);
}

static ash_status gone = ASH_UNAVAILABLE;
static int gone_asked; /* and failed in another way */

static ash_status notify_is_gone(ash_step *step, ash_call *call, int index, bool undoing)
{
	(void)step, (void)undoing;
	gone_asked += index == NOTIFY && gone == ASH_INTERNAL;
	return index == NOTIFY && gone ? ash_fail(call, gone, "no answer") : ASH_OK;
}

/* Far more often than it has attempts. Another failure then has those that are left. */
static void waits_for_what_is_not_there(void **state)
{
	(void)state;
	fixture.answer = notify_is_gone;
	gone_asked = 0;
	for (int round = 0; round < 2; round++) {
		const char *id = round ? "b" : "a";
		gone = ASH_UNAVAILABLE;
		assert_int_equal(fixture_start(&fixture, id, 5), ASH_OK);
		fixture_settle(&fixture);
		assert_state(id, SAGA_RUNNING, false);
		gone = round ? ASH_INTERNAL : ASH_OK;
		fixture_settle(&fixture);
		assert_state(id, round ? SAGA_COMPENSATED : SAGA_DONE, false);
		assert_effects(id, !round, !round);
	}
	assert_int_equal(gone_asked, 2); /* of four */
}

static ash_status release_is_gone(ash_step *step, ash_call *call, int index, bool undoing)
{
	if (index == RESERVE && undoing && gone)
		return ash_fail(call, gone, "no answer");
	return refuse_charge(step, call, index, undoing);
}

static void waits_for_what_is_not_there_to_undo(void **state)
{
	(void)state;
	gone = ASH_UNAVAILABLE;
	fixture.answer = release_is_gone;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture_settle(&fixture);
	fixture_settle(&fixture); /* past its deadline, too */
	assert_state("a", SAGA_COMPENSATING, false);
	gone = ASH_OK;
	fixture_settle(&fixture);
	assert_state("a", SAGA_COMPENSATED, false);
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
	assert_state("a", SAGA_COMPENSATED, false);
	assert_string_equal(status, "canceled");
	assert_effects("a", 0, 0);
	assert_int_equal(saga_cancel(fixture.hub, "shop.checkout", "a", &fault), ASH_NOT_FOUND);
}

/* As if the step had called a port, and then found no store to record that in. */
static ash_status meet_an_outage(ash_step *step, ash_call *call, int index, bool undoing)
{
	(void)step;
	if (index != CHARGE || undoing)
		return ASH_OK;
	return fault_outage(&call->request->fault,
			    ash_fail(call, ASH_UNAVAILABLE, "the store is gone"));
}

static void undoes_what_an_outage_left_unsure(void **state)
{
	struct fault fault;
	(void)state;
	fixture.answer = meet_an_outage;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	for (int i = 0; i < 20; i++) { /* more often than a step may be tried */
		fixture_drain(&fixture);
		fixture.app.wall += 61 * INT64_C(1000000);
	}
	assert_state("a", SAGA_RUNNING, false);
	assert_int_equal(saga_cancel(fixture.hub, "shop.checkout", "a", &fault), ASH_OK);
	fixture_settle(&fixture);
	assert_string_equal(strchr(fixture.order, '-'), "-1 -0 ");
	assert_state("a", SAGA_COMPENSATED, false);
}

static void is_undone_at_its_deadline(void **state)
{
	(void)state;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture.app.wall += 3601 * INT64_C(1000000);
	fixture_settle(&fixture);
	assert_string_equal(fixture.order, "");
	assert_state("a", SAGA_COMPENSATED, false);
	assert_string_equal(status, "deadline_exceeded");
}

static void is_not_run_by_another_version(void **state)
{
	ash_saga newer = FIXTURE_CHECKOUT;
	(void)state;
	newer.version = 2;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture_join(&other, folder.location, &newer, (struct saga_options){0});
	assert_int_equal(fixture_drain(&other), 1);
	assert_string_equal(other.order, "");
	fixture_tear_down(&other);
	fixture_use(&fixture);
	assert_state("a", SAGA_RUNNING, true);
}

/* ---- what people see ---- */

struct listed {
	char ids[64];
	size_t count;
};

static bool note_id(void *context, const struct saga_line *line)
{
	struct listed *listed = context;
	size_t length = strlen(listed->ids);
	snprintf(listed->ids + length, sizeof listed->ids - length, "%s:%s ", line->id,
		 saga_line_state(line));
	listed->count++;
	return true;
}

static const char *list(const struct saga_filter *filter)
{
	static struct listed listed;
	struct fault fault;
	listed = (struct listed){0};
	assert_int_equal(saga_list(fixture.hub, filter, note_id, &listed, &fault), ASH_OK);
	return listed.ids;
}

static void lists_by_what_is_asked_for(void **state)
{
	(void)state;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture_settle(&fixture);
	fixture.answer = cannot_release;
	fixture.app.wall += 1000000;
	assert_int_equal(fixture_start(&fixture, "b", 5), ASH_OK);
	fixture_settle(&fixture);
	fixture.app.wall += 1000000;
	assert_int_equal(fixture_start(&fixture, "c", 5), ASH_OK);
	assert_string_equal(list(&(struct saga_filter){0}), "a:done b:parked c:running ");
	assert_string_equal(list(&(struct saga_filter){.state = "parked"}), "b:parked ");
	assert_string_equal(list(&(struct saga_filter){.most = 2}), "a:done b:parked ");
	assert_string_equal(list(&(struct saga_filter){.state = "done"}), "a:done ");
	assert_string_equal(list(&(struct saga_filter){.state = "running"}), "c:running ");
	assert_string_equal(list(&(struct saga_filter){.state = "compensating"}), "");
	assert_string_equal(list(&(struct saga_filter){.state = "unfinished"}),
			    "b:parked c:running ");
	assert_string_equal(list(&(struct saga_filter){.module = "shop", .most = 1}), "a:done ");
	assert_string_equal(list(&(struct saga_filter){.module = "sho"}), "");
	assert_string_equal(list(&(struct saga_filter){.name = "shop.checkout", .id = "c"}),
			    "c:running ");
	assert_string_equal(list(&(struct saga_filter){.since = fixture.app.wall}), "c:running ");
	assert_string_equal(list(&(struct saga_filter){.before = fixture.app.wall - 1}),
			    "a:done b:parked ");
	fixture.app.wall -= 1000000; /* now "c" was started by a clock that is ahead */
	assert_string_equal(list(&(struct saga_filter){0}), "a:done b:parked c:running ");
}

static bool note_step(void *context, const struct saga_step_line *step)
{
	char *out = context;
	size_t length = strlen(out);
	assert_int_equal(step->attempts > 0, step->recorded_at > 0);
	assert_int_equal(step->undo_attempts > 0, step->undone_at > 0);
	snprintf(out + length, 256 - length, "%s +%lld %s%lld; ", step->name,
		 (long long)step->attempts, step->undoes ? "-" : "never ",
		 (long long)step->undo_attempts);
	return true;
}

static bool note_count(void *context, const struct saga_line *line)
{
	assert_string_equal(line->module, "shop");
	assert_true(line->fits);
	*(int64_t *)context = line->steps;
	return true;
}

static const char *steps_of(const char *id)
{
	static char steps[256];
	const struct saga_filter filter = {.id = id};
	const struct saga_line line = {.name = FIXTURE_CHECKOUT.name, .id = id, .fits = true};
	struct fault fault;
	int64_t count = 0;
	steps[0] = '\0';
	assert_int_equal(saga_list(fixture.hub, &filter, note_count, &count, &fault), ASH_OK);
	assert_int_equal(count, STEP_COUNT);
	assert_int_equal(saga_steps(fixture.hub, &line, note_step, steps, &fault), ASH_OK);
	return steps;
}

static bool note_cause(void *context, const struct saga_line *line)
{
	snprintf(context, 64, "%s", line->cause);
	return true;
}

static void shows_each_step_and_what_undid_it(void **state)
{
	char cause[64];
	struct fault fault;
	(void)state;
	fixture.answer = cannot_release;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	fixture_settle(&fixture);
	assert_string_equal(steps_of("a"), "reserve +1 -0; charge +0 -0; notify +0 never 0; ");
	fixture.answer = refuse_charge;
	assert_int_equal(saga_resume(fixture.hub, "shop.checkout", "a", &fault), ASH_OK);
	fixture_settle(&fixture);
	assert_string_equal(steps_of("a"), "reserve +1 -1; charge +0 -0; notify +0 never 0; ");
	assert_int_equal(
		saga_list(fixture.hub, &(struct saga_filter){0}, note_cause, cause, &fault),
		ASH_OK);
	assert_string_equal(cause, "the card is refused");
}

static void sweeps_what_ended_long_ago(void **state)
{
	const struct saga_options options = {.keep_days = 2, .sweep_batch = 2};
	struct fault fault;
	int64_t swept, rows;
	bool more;
	char id[8];
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		snprintf(id, sizeof id, "s%u", i);
		fixture.app.wall += 1000000;
		assert_int_equal(fixture_start(&fixture, id, 5), ASH_OK);
		assert_int_equal(fixture_drain(&fixture), 1);
	}
	fixture_join(&other, folder.location, &FIXTURE_CHECKOUT, options);
	other.app.wall = fixture.app.wall + 86400 * INT64_C(2000000) - 60 * INT64_C(1000000);
	assert_int_equal(saga_sweep(other.hub, UINT64_MAX, &swept, &more, &fault), ASH_OK);
	assert_int_equal(swept, 0);
	assert_false(more);
	assert_int_equal(fixture_start(&other, "lasts", 5), ASH_OK);
	other.app.wall += 120 * INT64_C(1000000);
	/* Whose time is over has done a part. */
	assert_int_equal(saga_sweep(other.hub, 0, &swept, &more, &fault), ASH_OK);
	assert_int_equal(swept, 2);
	assert_true(more);
	assert_int_equal(saga_sweep(other.hub, UINT64_MAX, &swept, &more, &fault), ASH_OK);
	assert_int_equal(swept, 3);
	assert_false(more);
	fixture_use(&fixture);
	fixture.app.wall = other.app.wall;
	assert_string_equal(list(&(struct saga_filter){0}), "lasts:running ");
	/* Nothing is left of it: the id is free. */
	assert_int_equal(fixture_start(&fixture, "s1", 6), ASH_OK);
	fixture_settle(&fixture);
	assert_state("s1", SAGA_DONE, false);
	fixture_sum(&fixture, "s1", RESERVE, &rows);
	assert_int_equal(rows, 2);
	fixture_tear_down(&other);
	fixture_use(&fixture);
}

/* ---- two processes ---- */

static ash_status stand_still(ash_step *step, ash_call *call, int index, bool undoing)
{
	(void)step, (void)call, (void)undoing;
	if (index != NOTIFY || other.hub)
		return ASH_OK;
	/* This process stands still, its lease runs out, and another one goes on. */
	fixture_join(&other, folder.location, &FIXTURE_CHECKOUT, (struct saga_options){0});
	other.app.wall = fixture.app.wall + 16 * INT64_C(1000000);
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

/* Processes that end in the step that is next, one after the other, a lease apart. */
static void die(unsigned times)
{
	struct fault fault;
	for (unsigned i = 0; i < times; i++) {
		_cleanup_(arena_release) struct arena arena = {0};
		struct workers_look look = {0};
		struct taken taken;
		assert_int_equal(saga_take(fixture.hub, &arena, &taken, &look, &fault), ASH_OK);
		assert_true(look.found);
		fixture.app.wall += 16 * INT64_C(1000000);
	}
}

static void many_processes_may_end_in_a_step(void **state)
{
	(void)state;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	die(7);
	fixture_drain(&fixture);
	assert_state("a", SAGA_DONE, false);
}

static ash_status refuse_both(ash_step *step, ash_call *call, int index, bool undoing)
{
	(void)step;
	if (undoing)
		return ash_fail(call, ASH_UNAVAILABLE, "not now");
	return index == CHARGE ? ash_fail(call, ASH_NOT_FOUND, "no such card") : ASH_OK;
}

static void a_step_that_ends_them_all_is_given_up(void **state)
{
	(void)state;
	assert_int_equal(fixture_start(&fixture, "a", 5), ASH_OK);
	die(8);
	fixture_drain(&fixture);
	assert_state("a", SAGA_COMPENSATED, false);
	fixture.answer = refuse_both;
	assert_int_equal(fixture_start(&fixture, "b", 5), ASH_OK);
	fixture_drain(&fixture);
	fixture.app.wall += 61 * INT64_C(1000000);
	die(7);
	assert_state("b", SAGA_COMPENSATING, false);
	fixture_drain(&fixture);
	assert_state("b", SAGA_COMPENSATING, true);
}

/* ---- chance ---- */

/* What came of the steps, kept beside the tables: the model. */
struct model {
	int effects[STEP_COUNT];
};
static struct model model;

static ash_status by_chance(ash_step *step, ash_call *call, int index, bool undoing)
{
	static const ash_status ANSWERS[] = {ASH_UNAVAILABLE, ASH_INTERNAL, ASH_NOT_FOUND,
					     ASH_DEADLINE_EXCEEDED};
	(void)step;
	if (random_below(3) == 0)
		return ash_fail(call, ANSWERS[random_below(undoing ? 2 : 4)], "by chance");
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
			fixture.app.wall += 5 * INT64_C(1000000);
			line = fixture_line(&fixture, id, status);
			if (line.parked)
				assert_int_equal(
					saga_resume(fixture.hub, "shop.checkout", id, &fault), 0);
		}
		assert_in_range(line.state, SAGA_DONE, SAGA_COMPENSATED);
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
		assert_in_range(line.state, SAGA_DONE, SAGA_COMPENSATED);
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
		for (unsigned tries = 0; tries < 6000; tries++) {
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
		SAGA_TEST(whoever_takes_it_next_finds_what_was_kept),
		SAGA_TEST(starts_once_by_its_id),
		SAGA_TEST(undoes_in_reverse_after_a_final_failure),
		SAGA_TEST(tries_again_and_undoes_when_attempts_are_used_up),
		SAGA_TEST(waits_for_what_is_not_there),
		SAGA_TEST(waits_for_what_is_not_there_to_undo),
		SAGA_TEST(parks_what_cannot_be_undone_until_it_is_resumed),
		SAGA_TEST(is_undone_when_canceled),
		SAGA_TEST(undoes_what_an_outage_left_unsure),
		SAGA_TEST(is_undone_at_its_deadline),
		SAGA_TEST(is_not_run_by_another_version),
		SAGA_TEST(lists_by_what_is_asked_for),
		SAGA_TEST(shows_each_step_and_what_undid_it),
		SAGA_TEST(sweeps_what_ended_long_ago),
		SAGA_TEST(who_lost_its_lease_records_nothing),
		SAGA_TEST(many_processes_may_end_in_a_step),
		SAGA_TEST(a_step_that_ends_them_all_is_given_up),
		SAGA_TEST(ends_whole_or_not_at_all),
		SAGA_TEST(holds_when_any_allocation_fails),
		SAGA_TEST(workers_run_what_is_started),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
