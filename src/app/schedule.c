/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules: what is due is run on one thread, one after the other. Knows no other process; the row
 * of a tick in the store is what all of them agree on.
 *
 * Invariant: `at` of a schedule is the tick that is due next, or the one that failed and is tried
 * again before the one after it. */
#include "app/schedule.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "base/cron.h"
#include "base/mem.h"

/* Between two looks at the wall clock, which may be set; in milliseconds. */
#define SCHEDULE_LOOK_MS 500

/* The wall clock was set when it goes back by more than this; in microseconds. */
#define SCHEDULE_SET_BACK ((int64_t)60 * 1000000)

/* Before a tick that failed is tried again, doubled each time; in microseconds. */
#define SCHEDULE_RETRY      ((int64_t)1000000)
#define SCHEDULE_RETRY_MOST ((int64_t)60 * 1000000)

struct schedule {
	struct schedules *all;
	const struct member *member;
	const ash_schedule *schedule;
	const char *name; /* "billing.nightly" */
	struct cron cron;
	int64_t at;     /* the tick that is due next; microseconds since 1970, as the next two */
	int64_t try_at; /* when it is tried: `at`, or later after it failed */
	int64_t wait;   /* that is added after the next failure */
};

struct schedules {
	const struct environment *environment;
	unsigned module;   /* the store's index of the table's module */
	uint64_t patience; /* with a handler */
	struct schedule *items;
	size_t count;
	int64_t looked_at; /* what the clock showed last, in microseconds since 1970 */
	struct arena arena;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool running;
	bool stopping; /* under the lock */
};

struct store_module schedules_store_module(void)
{
	static const char *const SCHEMAS[] = {"ashlar_schedule", NULL};
	static const struct store_migration MIGRATIONS[] = {
		{"0001_tick.sql",
		 "create table ashlar_schedule.tick (schedule text primary key, at "
		 "timestamptz not null)"}};
	return (struct store_module){"ashlar_schedule", SCHEMAS, MIGRATIONS, 1};
}

/* ---- one tick ---- */

/* In the handler's transaction, right after it was opened: notes the tick. */
static ash_status claim(struct request *request, void *context)
{
	const struct schedule *schedule = context;
	const ash_value values[] = {ash_text(schedule->name), ash_time(schedule->at)};
	int64_t claimed = 0;
	unsigned before = store_speak(request->session, schedule->all->module);
	ash_status status = store_exec(
		request->session,
		"insert into ashlar_schedule.tick (schedule, at) values ($1, $2) on conflict "
		"(schedule) do update set at = excluded.at where tick.at < excluded.at",
		values, 2, &claimed, &request->fault);
	store_speak(request->session, before);
	if (status != ASH_OK || claimed > 0)
		return status;
	request->lost = true;
	return fault_set(&request->fault, ASH_ABORTED, "another process has run this tick");
}

static ash_status handle(void *context, ash_call *call)
{
	const struct schedule *schedule = context;
	return schedule->schedule->run(schedule->member->module->code, call);
}

static void log_failure(const struct schedule *schedule, const struct request *request)
{
	const ash_module *module = schedule->member->module;
	const struct log_origin origin = {module->name, module->owner, &request->trace};
	if (request->environment->logger)
		log_write(request->environment->logger, LOG_ERROR_LEVEL, &origin, "%s: %s: %s",
			  schedule->name, ash_status_name(request->fault.status),
			  request->fault.message);
}

/* Runs the tick that is due. True: it was run, here or by another process. */
static bool run(struct schedule *schedule, bool *here)
{
	const struct environment *environment = schedule->all->environment;
	struct request request;
	request_begin(&request, environment,
		      environment->clock->monotonic(environment->clock) + schedule->all->patience,
		      NULL);
	/* Of the calls that the handler makes: the same wherever, and however often, it is run. */
	snprintf(request.idempotency_key, sizeof request.idempotency_key,
		 CALL_OWN_KEY "schedule/%s/%" PRId64, schedule->name, schedule->at);
	request.worker = true;
	request.opened = claim;
	request.context = schedule;
	ash_status status = request_run(&request, schedule->member, "schedule", SPAN_INTERNAL,
					schedule->name, handle, schedule);
	if (status == ASH_OK)
		status = request_commit(&request, schedule->member);
	bool lost = status == ASH_ABORTED && request.lost;
	if (status != ASH_OK && !lost)
		log_failure(schedule, &request);
	*here = status == ASH_OK;
	request_end(&request);
	return *here || lost;
}

static void plan(struct schedule *schedule, int64_t after)
{
	schedule->at = schedule->try_at = cron_next(&schedule->cron, after);
	schedule->wait = SCHEDULE_RETRY;
}

/* Whether it is time for it. A tick that has not come through before the one after it is let go. */
static bool is_due(struct schedule *schedule, int64_t now)
{
	bool failed = schedule->try_at > schedule->at;
	if (failed && cron_next(&schedule->cron, schedule->at) <= now)
		plan(schedule, schedule->at);
	return schedule->try_at <= now;
}

/* A clock that was wrong by days has planned ticks that are as far away once it is set right. One
 * that it has run already is in the store, so that nothing is run twice. */
static void follow_clock(struct schedules *schedules, int64_t now)
{
	bool set_back = schedules->looked_at - now > SCHEDULE_SET_BACK;
	schedules->looked_at = now;
	for (size_t i = 0; set_back && i < schedules->count; i++)
		if (cron_next(&schedules->items[i].cron, now) < schedules->items[i].at)
			plan(&schedules->items[i], now);
}

size_t schedules_run_due(struct schedules *schedules, int64_t now)
{
	size_t ran = 0;
	follow_clock(schedules, now);
	for (size_t i = 0; i < schedules->count; i++) {
		struct schedule *schedule = &schedules->items[i];
		bool here = false;
		if (!is_due(schedule, now))
			continue;
		if (run(schedule, &here)) {
			plan(schedule, now);
		} else {
			schedule->try_at = now + schedule->wait;
			if (schedule->wait < SCHEDULE_RETRY_MOST)
				schedule->wait *= 2;
		}
		ran += here;
	}
	return ran;
}

int64_t schedules_next(const struct schedules *schedules)
{
	int64_t next = INT64_MAX;
	for (size_t i = 0; i < schedules->count; i++)
		if (schedules->items[i].try_at < next)
			next = schedules->items[i].try_at;
	return next;
}

/* ---- the thread ---- */

/* False: it is to stop. */
static bool wait_a_little(struct schedules *schedules)
{
	struct timespec until = clock_after((uint64_t)SCHEDULE_LOOK_MS * 1000000);
	pthread_mutex_lock(&schedules->lock);
	if (!schedules->stopping)
		pthread_cond_timedwait(&schedules->wake, &schedules->lock, &until);
	bool on = !schedules->stopping;
	pthread_mutex_unlock(&schedules->lock);
	return on;
}

static void *work(void *context)
{
	struct schedules *schedules = context;
	const struct clock *clock = schedules->environment->clock;
	while (wait_a_little(schedules))
		schedules_run_due(schedules, clock->wall(clock));
	return NULL;
}

ash_status schedules_start(struct schedules *schedules, struct fault *fault)
{
	if (pthread_create(&schedules->thread, NULL, work, schedules) != 0)
		return fault_set(fault, ASH_RESOURCE_EXHAUSTED,
				 "no thread can be made for the schedules");
	schedules->running = true;
	return ASH_OK;
}

void schedules_stop(struct schedules *schedules)
{
	if (!schedules || !schedules->running)
		return;
	pthread_mutex_lock(&schedules->lock);
	schedules->stopping = true;
	pthread_cond_signal(&schedules->wake);
	pthread_mutex_unlock(&schedules->lock);
	pthread_join(schedules->thread, NULL);
	schedules->running = false;
}

/* ---- all of it ---- */

static size_t count_all(const struct registry *registry)
{
	size_t count = 0;
	for (size_t i = 0; i < registry->member_count; i++)
		count += registry->members[i].module->schedule_count;
	return count;
}

static bool add(struct schedules *schedules, const struct member *member,
		const ash_schedule *schedule, struct error_list *errors)
{
	const struct clock *clock = schedules->environment->clock;
	struct schedule *item = &schedules->items[schedules->count];
	char wrong[200];
	const ash_place *place = &schedule->place;
	*item = (struct schedule){
		.all = schedules,
		.member = member,
		.schedule = schedule,
		.name = arena_format(&schedules->arena, "%s.%s", member->module->name,
				     schedule->name),
	};
	const char *why = cron_parse(str_of(schedule->cron), &item->cron, wrong, sizeof wrong);
	if (!why && member->module->owns_count == 0)
		why = "its module owns no data, where the tick could be noted with what it does";
	if (why) {
		error_list_at(errors, ERROR_INVALID, place->file, place->line, place->column,
			      "the schedule '%s': %s", schedule->name, why);
		return true;
	}
	plan(item, clock->wall(clock));
	schedules->count++;
	return item->name != NULL;
}

static bool add_all(struct schedules *schedules, struct error_list *errors)
{
	const struct registry *registry = schedules->environment->registry;
	for (size_t i = 0; i < registry->member_count; i++) {
		const struct member *member = &registry->members[i];
		for (size_t j = 0; !member->elsewhere && j < member->module->schedule_count; j++)
			if (!add(schedules, member, &member->module->schedules[j], errors))
				return false;
	}
	return true;
}

static void init_locks(struct schedules *schedules)
{
	pthread_condattr_t attributes;
	pthread_mutex_init(&schedules->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&schedules->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

int schedules_new(const struct environment *environment, uint64_t patience, struct schedules **out,
		  struct error_list *errors, struct error *error)
{
	size_t count = count_all(environment->registry);
	*out = NULL;
	if (count == 0)
		return 0;
	struct schedules *schedules = mem_alloc(sizeof *schedules);
	if (!schedules)
		return error_memory(error);
	init_locks(schedules);
	schedules->environment = environment;
	schedules->patience = patience;
	schedules->module = (unsigned)environment->registry->member_count + 1;
	schedules->items = arena_array(&schedules->arena, count, sizeof *schedules->items);
	if (!schedules->items || !add_all(schedules, errors)) {
		schedules_free(schedules);
		return error_memory(error);
	}
	*out = schedules;
	return 0;
}

void schedules_free(struct schedules *schedules)
{
	if (!schedules)
		return;
	schedules_stop(schedules);
	pthread_cond_destroy(&schedules->wake);
	pthread_mutex_destroy(&schedules->lock);
	arena_release(&schedules->arena);
	mem_free(schedules);
}
