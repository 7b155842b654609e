/* SPDX-License-Identifier: Apache-2.0 */
/* Ticks of two processes over one store, by a clock that the test turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "app/schedule.h"
#include "base/mem.h"
#include "event/event.h"

#define MINUTE ((int64_t)60 * 1000000)

/* Of a handler of the one process, in nanoseconds; the other's has twice that. */
#define PATIENCE ((int64_t)1000 * 1000000000)

/* 2026-11-21T06:00:00Z */
#define START ((int64_t)1795240800 * 1000000)

static int64_t now_us = START;
static int runs; /* by the threads of both: atomic */
static ash_status outcome;
static int64_t time_left; /* of the handler that ran last */

static int64_t wall(const struct clock *clock)
{
	(void)clock;
	return __atomic_load_n(&now_us, __ATOMIC_RELAXED);
}

static uint64_t monotonic(const struct clock *clock)
{
	(void)clock;
	return clock_monotonic();
}

static const struct clock CLOCK = {monotonic, wall};

static ash_status tick(const void *code, ash_call *call)
{
	(void)code;
	__atomic_fetch_add(&runs, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&time_left, ash_time_left(call), __ATOMIC_RELAXED);
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx, "insert into job.run (key) values ($1)",
			 ash_text(ash_idempotency_key(call))));
	return outcome == ASH_OK ? ash_commit(tx) : ash_fail(call, outcome, "not now");
}

static bool has(const void *code)
{
	(void)code;
	return true;
}

static const ash_named OWNS[] = {{"job", {"job/module.yaml", 2, 15}}};
static const ash_schedule EACH_MINUTE[] = {
	{"each", "* * * * *", tick, has, {"job/module.yaml", 3, 20}}};
static const ash_schedule MISTAKEN[] = {
	{"wrong", "61 * * * *", tick, has, {"job/module.yaml", 3, 20}}};
static const ash_migration CREATE[] = {
	{"0001_run.sql", "create table job.run (key text primary key)"}};
static const ash_module JOB = {.name = "job",
			       .owner = "us",
			       .owns = OWNS,
			       .owns_count = 1,
			       .schedules = EACH_MINUTE,
			       .schedule_count = 1,
			       .migrations = CREATE,
			       .migration_count = 1,
			       .code = ""};
static const ash_module BAD = {.name = "job",
			       .owns = OWNS,
			       .owns_count = 1,
			       .schedules = MISTAKEN,
			       .schedule_count = 1,
			       .code = ""};
static const ash_module BARE = {
	.name = "job", .schedules = EACH_MINUTE, .schedule_count = 1, .code = ""};

struct world {
	struct metrics *metrics;
	struct registry registry;
	struct store *store;
	struct environment environment;
	struct schedules *one, *other; /* as two processes would have them */
};

static void build(struct world *world, const ash_module *module, struct error_list *errors)
{
	const ash_module *const modules[] = {module};
	struct error error;
	*world = (struct world){.metrics = metrics_new()};
	assert_int_equal(
		registry_build(modules, 1, world->metrics, &world->registry, errors, &error), 0);
	world->environment = (struct environment){.registry = &world->registry, .clock = &CLOCK};
	assert_int_equal(schedules_new(&world->environment, PATIENCE, &world->one, errors, &error),
			 0);
	assert_int_equal(
		schedules_new(&world->environment, 2 * PATIENCE, &world->other, errors, &error), 0);
}

static void open_world(struct world *world)
{
	static const char *const SCHEMAS[] = {"job", NULL};
	static const struct store_migration STEPS[] = {
		{"0001_run.sql", "create table job.run (key text primary key)"}};
	const struct store_module modules[] = {
		{"job", SCHEMAS, STEPS, 1}, event_store_module(), schedules_store_module()};
	const struct store_options options = {
		.location = "sqlite::memory:", .modules = modules, .module_count = 3};
	struct fault fault;
	if (store_open(&world->store, &options, &fault) != ASH_OK ||
	    store_migrate(world->store, &(struct store_migration_options){0}, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
	world->environment.store = world->store;
}

static void close_world(struct world *world)
{
	schedules_free(world->one);
	schedules_free(world->other);
	store_free(world->store);
	registry_release(&world->registry);
	metrics_free(world->metrics);
}

/* All rows, or those of one tick. */
static size_t rows(struct world *world, int64_t at)
{
	char key[64] = "%";
	if (at)
		snprintf(key, sizeof key, "ashlar/schedule/job.each/%lld", (long long)at);
	const ash_value like = ash_text(key);
	struct store_session *session = NULL;
	struct store_rows *result = NULL;
	struct fault fault;
	if (store_acquire(world->store, STORE_NO_DEADLINE, &session, &fault) ||
	    store_begin(session, 0, STORE_READ, &fault) ||
	    store_query(session, "select count(*) from job.run where key like $1", &like, 1,
			&result, &fault) ||
	    !store_next(result))
		fail_msg("%s", fault.message);
	size_t count = (size_t)store_get_int(result, 0);
	assert_int_equal(store_end(result, &fault), ASH_OK);
	store_release(session);
	return count;
}

static void set_up(struct world *world)
{
	struct error_list errors = {0};
	now_us = START;
	runs = 0;
	outcome = ASH_OK;
	build(world, &JOB, &errors);
	assert_int_equal(errors.count, 0);
	open_world(world);
}

static void a_tick_runs_once(void **state)
{
	(void)state;
	struct world world;
	set_up(&world);
	assert_int_equal(schedules_run_due(world.one, START + MINUTE - 1), 0);
	for (int i = 1; i <= 5; i++) {
		now_us = START + i * MINUTE;
		assert_int_equal(schedules_run_due(i % 2 ? world.one : world.other, now_us), 1);
		assert_int_equal(schedules_run_due(i % 2 ? world.other : world.one, now_us), 0);
		assert_int_equal(schedules_run_due(world.one, now_us + 1), 0);
		assert_int_equal(rows(&world, 0), i);
	}
	close_world(&world);
}

static void a_handler_has_as_long_as_is_set(void **state)
{
	(void)state;
	struct world world;
	set_up(&world);
	assert_int_equal(schedules_run_due(world.one, START + MINUTE), 1);
	assert_in_range(time_left, 1, PATIENCE);
	/* It begins, and the tick is another's. */
	assert_int_equal(schedules_run_due(world.other, START + MINUTE), 0);
	assert_in_range(time_left, PATIENCE + 1, 2 * PATIENCE);
	close_world(&world);
}

static void a_tick_that_fails_is_tried_again(void **state)
{
	(void)state;
	struct world world;
	set_up(&world);
	outcome = ASH_UNAVAILABLE;
	int64_t at = START + MINUTE;
	assert_int_equal(schedules_run_due(world.one, at), 0);
	assert_int_equal(schedules_run_due(world.one, at + 999999), 0);
	assert_int_equal(__atomic_load_n(&runs, __ATOMIC_RELAXED), 1);
	assert_int_equal(schedules_run_due(world.one, at + 1000000), 0);
	assert_int_equal(schedules_run_due(world.one, at + 2999999), 0);
	assert_int_equal(__atomic_load_n(&runs, __ATOMIC_RELAXED), 2);
	assert_int_equal(rows(&world, 0), 0);
	outcome = ASH_OK;
	assert_int_equal(schedules_run_due(world.one, at + 3000000), 1);
	assert_int_equal(rows(&world, at), 1);
	assert_int_equal(schedules_run_due(world.one, at + 5000000), 0);
	close_world(&world);
}

static void a_tick_that_never_worked_is_let_go(void **state)
{
	(void)state;
	struct world world;
	set_up(&world);
	outcome = ASH_UNAVAILABLE;
	for (int64_t at = START + MINUTE; at < START + 2 * MINUTE; at += 500000)
		assert_int_equal(schedules_run_due(world.one, at), 0);
	outcome = ASH_OK;
	assert_int_equal(schedules_run_due(world.one, START + 2 * MINUTE), 1);
	assert_int_equal(schedules_run_due(world.one, START + 3 * MINUTE - 1), 0);
	assert_int_equal(rows(&world, 0), 1);
	close_world(&world);
}

/* The clock shows a month later for a moment: of what it let run nothing is run again, and what
 * comes next waits no month. */
static void a_clock_that_is_set_right_is_followed(void **state)
{
	(void)state;
	struct world world;
	set_up(&world);
	assert_int_equal(schedules_run_due(world.one, START + 30 * 24 * 60 * MINUTE), 1);
	assert_int_equal(schedules_run_due(world.one, START + MINUTE), 0);
	assert_int_equal(schedules_run_due(world.one, START + 2 * MINUTE), 1);
	assert_int_equal(schedules_run_due(world.one, START + 3 * MINUTE), 1);
	assert_int_equal(rows(&world, START + 2 * MINUTE), 1);
	close_world(&world);
}

static void the_thread_runs_what_is_due(void **state)
{
	(void)state;
	struct world world;
	struct fault fault;
	set_up(&world);
	assert_int_equal(schedules_start(world.one, &fault), ASH_OK);
	assert_int_equal(schedules_start(world.other, &fault), ASH_OK);
	__atomic_store_n(&now_us, START + MINUTE, __ATOMIC_RELAXED);
	for (int i = 0; i < 1200 && rows(&world, 0) == 0; i++)
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	schedules_stop(world.one);
	schedules_stop(world.other);
	assert_int_equal(rows(&world, 0), 1);
	close_world(&world);
}

static void mistakes_have_their_place(void **state)
{
	(void)state;
	static const struct {
		const ash_module *module;
		const char *expected;
	} CASES[] = {
		{&BAD, "job/module.yaml:3:20: the schedule 'wrong': the minute '61' is not in 0 to "
		       "59"},
		{&BARE, "job/module.yaml:3:20: the schedule 'each': its module owns no data, where "
			"the tick could be noted with what it does"},
	};
	for (size_t i = 0; i < 2; i++) {
		struct error_list errors = {0};
		struct world world;
		char line[2048];
		build(&world, CASES[i].module, &errors);
		assert_int_equal(errors.count, 2); /* one of each */
		error_format(&errors.items[0], line, sizeof line);
		assert_string_equal(line, CASES[i].expected);
		error_list_clear(&errors);
		close_world(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tick_runs_once),
		cmocka_unit_test(a_handler_has_as_long_as_is_set),
		cmocka_unit_test(a_tick_that_fails_is_tried_again),
		cmocka_unit_test(a_tick_that_never_worked_is_let_go),
		cmocka_unit_test(a_clock_that_is_set_right_is_followed),
		cmocka_unit_test(the_thread_runs_what_is_due),
		cmocka_unit_test(mistakes_have_their_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
