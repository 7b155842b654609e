/* SPDX-License-Identifier: Apache-2.0 */
/* An application under test: opened without its threads and its server, driven by the test's own
 * thread and clock. Expects nothing; the expectations are in expect_*.c. */
#include "kit/kit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "port/call.h"

/* 2026-01-01T00:00:00Z */
#define KIT_START ((int64_t)1767225600 * 1000000)

/* ---- what does not hold ---- */

_Noreturn void kit_fail_text(const struct kit_place *place, struct text *message)
{
	ash_test *test = place->test;
	void (*fail)(const char *file, int line, const char *message) = test->options.fail;
	if (test->log.length)
		text_addf(message, "\n  the log warned:\n%.*s", STR_ARG(text_str(&test->log)));
	while (message->length && message->at[message->length - 1] == '\n')
		message->at[--message->length] = '\0';
	const char *words =
		message->failed ? "it failed, and there is no memory to say how" : message->at;
	if (fail) {
		char kept[4096];
		snprintf(kept, sizeof kept, "%s", words);
		text_release(message);
		if (!test->open) /* nobody else has it yet */
			ash_test_close(test);
		fail(place->file, place->line, kept);
	}
	fprintf(stderr, "%s:%d: %s\n", place->file, place->line, words);
	text_release(message);
	ash_test_close(test);
	exit(EXIT_FAILURE);
}

_Noreturn void kit_fail(const struct kit_place *place, const char *format, ...)
{
	char line[2048];
	struct text message = {0};
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	text_add(&message, str_of(line));
	kit_fail_text(place, &message);
}

void kit_require(const struct kit_place *place, ash_status status, const char *doing,
		 const struct fault *fault)
{
	if (status != ASH_OK)
		kit_fail(place, "%s failed with %s: %s", doing, ash_status_name(status),
			 fault->message);
}

const struct member *kit_member(const struct kit_place *place, const char *module)
{
	const struct member *member = registry_find(&place->test->host.registry, module);
	if (!member)
		kit_fail(place, "%s has no module '%s'", place->test->options.app->name, module);
	return member;
}

/* ---- opening ---- */

static uint64_t clock_ahead(const struct clock *clock)
{
	return clock_monotonic() + ((const struct kit_clock *)clock)->ahead;
}

static int64_t clock_turned(const struct clock *clock)
{
	return ((const struct kit_clock *)clock)->wall;
}

/* The text of a member of the log's line, as it is written there, without its quotes. */
static struct str find_member(struct str line, struct str start, struct str end)
{
	const char *from = memmem(line.at, line.length, start.at, start.length);
	if (!from)
		return (struct str){"", 0};
	struct str rest = str_from(line, (size_t)(from - line.at) + start.length);
	const char *to = memmem(rest.at, rest.length, end.at, end.length);
	return to ? str_first(rest, (size_t)(to - rest.at)) : rest;
}

/* Keeps the newest of the log: who warned of what. */
static void keep_line(void *context, const char *line, size_t length)
{
	struct text *log = context;
	struct str whole = {line, length};
	struct str module = find_member(whole, STR("\"module\":\""), STR("\""));
	struct str message = find_member(whole, STR("\"message\":\""), STR("\"}"));
	if (log->length + length > KIT_LOG_LIMIT)
		text_clear(log);
	text_addf(log, "    %.*s: %.*s\n", STR_ARG(module), STR_ARG(message));
}

static void choose_store(const struct kit_place *place)
{
	ash_test *test = place->test;
	const char *location = test->options.store;
	struct fault fault;
	if (!location)
		location = getenv("ASHLAR_TEST_STORE");
	if (!location || !*location)
		location = "sqlite::memory:";
	test->settings.store = location;
	if (strncmp(location, "postgres", 8) != 0)
		return;
	kit_require(place, kit_database_make(&test->database, location, &fault),
		    "making a database for the test", &fault);
	test->settings.store = test->database.url;
}

static void make_host(const struct kit_place *place)
{
	ash_test *test = place->test;
	struct error_list errors = {0};
	struct error error;
	char line[2048];
	struct text message = {0};
	int result = host_init(&test->host, test->options.app, &test->settings, &errors, &error);
	test->host.logger.sink = keep_line;
	test->host.logger.context = &test->log;
	if (result == 0 && errors.count == 0)
		return;
	text_addf(&message, "%s cannot start:", test->options.app->name);
	if (result < 0)
		text_addf(&message, "\n  %s", error.message);
	error_list_sort(&errors);
	for (size_t i = 0; i < errors.count; i++) {
		error_format(&errors.items[i], line, sizeof line);
		text_addf(&message, "\n  %s", line);
	}
	error_list_clear(&errors);
	kit_fail_text(place, &message);
}

/* The caller that the world outside is: it may call all. */
static void make_outside(const struct kit_place *place)
{
	ash_test *test = place->test;
	size_t words = test->host.registry.binding_count / 64 + 1;
	uint64_t *all = arena_array(&test->arena, words, sizeof *all);
	if (!all)
		kit_fail(place, "there is no memory left");
	memset(all, 0xff, words * sizeof *all);
	test->outside_module = (ash_module){.name = "", .owner = "", .place = {"a test", 1, 1}};
	test->outside = (struct member){.module = &test->outside_module, .may_call = all};
}

ash_test *ash_test_open_(const char *file, int line, const ash_test_options *options)
{
	ash_test *test = mem_alloc(sizeof *test);
	struct fault fault;
	if (!test && options->fail)
		options->fail(file, line, "there is no memory left");
	if (!test) {
		fprintf(stderr, "%s:%d: there is no memory left\n", file, line);
		exit(EXIT_FAILURE);
	}
	const struct kit_place place = {test, file, line};
	test->options = *options;
	test->clock = (struct kit_clock){.clock = {clock_ahead, clock_turned},
					 .wall = options->now ? options->now : KIT_START};
	settings_init(&test->settings);
	test->settings.clock = &test->clock.clock;
	test->settings.log = LOG_WARN_LEVEL;
	test->settings.otlp = NULL;
	choose_store(&place);
	make_host(&place);
	make_outside(&place);
	kit_require(&place, host_open(&test->host, &fault), "opening the store", &fault);
	kit_require(&place, host_migrate(&test->host, &(struct store_migration_options){0}, &fault),
		    "migrating the store", &fault);
	test->open = true;
	return test;
}

void ash_test_close(ash_test *test)
{
	if (!test)
		return;
	kit_stop_server(test);
	while (test->calls) {
		struct kit_call *call = test->calls;
		test->calls = call->next;
		request_end(&call->request);
		mem_free(call);
	}
	host_release(&test->host);
	kit_database_drop(&test->database);
	settings_release(&test->settings);
	mem_free(test->events);
	arena_release(&test->arena);
	text_release(&test->log);
	mem_free(test);
}

/* ---- calls ---- */

static ash_call *new_call(const struct kit_place *place, const struct member *member)
{
	ash_test *test = place->test;
	struct kit_call *call = mem_alloc(sizeof *call);
	if (!call)
		kit_fail(place, "there is no memory left");
	request_begin(&call->request, &test->host.environment, CALL_NO_DEADLINE, NULL);
	call->call = (ash_call){.request = &call->request, .member = member, .origin = "test"};
	call->next = test->calls;
	test->calls = call;
	return &call->call;
}

ash_call *ash_test_call(ash_test *test)
{
	const struct kit_place place = {test, "ash_test_call", 0};
	return new_call(&place, &test->outside);
}

ash_call *ash_test_call_as_(ash_test *test, const char *file, int line, const char *module)
{
	const struct kit_place place = {test, file, line};
	return new_call(&place, kit_member(&place, module));
}

void ash_test_set_key(ash_call *call, const char *key)
{
	struct request *request = call->request;
	snprintf(request->idempotency_key, sizeof request->idempotency_key, "%s", key);
}

static ash_status publish(ash_call *call, const ash_event *event, const void *message)
{
	ASH_TX(tx, call);
	ASH_TRY(ash_publish(tx, event, message));
	return ash_commit(tx);
}

void ash_test_publish_(ash_test *test, const char *file, int line, const ash_event *event,
		       const void *message)
{
	const struct kit_place place = {test, file, line};
	ash_call *call = new_call(&place, kit_member(&place, event->module));
	kit_require(&place, publish(call, event, message), event->name, &call->request->fault);
}

/* ---- time ---- */

size_t ash_test_settle_(ash_test *test, const char *file, int line)
{
	const struct kit_place place = {test, file, line};
	struct host *host = &test->host;
	size_t all = 0, handled, taken;
	struct fault fault;
	/* An event may start a saga, and a step publish an event. */
	do {
		handled = taken = 0;
		kit_require(&place, event_hub_drain(host->hub, &handled, &fault), "handling events",
			    &fault);
		if (host->sagas)
			kit_require(&place, saga_hub_drain(host->sagas, &taken, &fault),
				    "running sagas", &fault);
		all += handled + taken;
	} while (taken > 0);
	return all;
}

/* The next moment after now at which something is due. */
static int64_t find_next(const struct kit_place *place)
{
	struct host *host = &place->test->host;
	int64_t event = INT64_MAX, schedule = INT64_MAX, saga = INT64_MAX;
	struct fault fault;
	kit_require(place, event_next_due(host->hub, place->test->clock.wall, &event, &fault),
		    "asking for the next event", &fault);
	if (host->schedules)
		schedule = schedules_next(host->schedules);
	if (host->sagas)
		kit_require(place,
			    saga_next_due(host->sagas, place->test->clock.wall, &saga, &fault),
			    "asking for the next saga", &fault);
	int64_t sooner = event < schedule ? event : schedule;
	return sooner < saga ? sooner : saga;
}

static void turn_to(ash_test *test, int64_t wall)
{
	if (wall <= test->clock.wall)
		return;
	test->clock.ahead += (uint64_t)(wall - test->clock.wall) * 1000;
	test->clock.wall = wall;
}

void ash_test_advance_(ash_test *test, const char *file, int line, int64_t microseconds)
{
	const struct kit_place place = {test, file, line};
	int64_t end;
	if (microseconds < 0 || __builtin_add_overflow(test->clock.wall, microseconds, &end))
		kit_fail(&place, "the clock cannot be turned by %" PRId64 " microseconds",
			 microseconds);
	for (;;) {
		ash_test_settle_(test, file, line);
		int64_t next = find_next(&place);
		if (next > end)
			break;
		turn_to(test, next);
		if (test->host.schedules)
			schedules_run_due(test->host.schedules, test->clock.wall);
	}
	turn_to(test, end);
}

int64_t ash_test_now(const ash_test *test)
{
	return test->clock.wall;
}
