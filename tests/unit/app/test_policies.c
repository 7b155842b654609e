/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of a deployment file in an application: around its ports, in its metrics, by hand, and
 * made while memory runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "app/host.h"
#include "app/policies.h"
#include "base/clock.h"
#include "base/mem.h"
#include "things.pb-c.h"

/* ---- two modules as the generator would write them ---- */

static ash_status find(const void *handlers, ash_call *call, const void *request, void *reply)
{
	(void)handlers, (void)call, (void)request;
	((Things__V1__Found *)reply)->count = 7;
	/* The time-out is of ticks. */
	uint64_t most = 60000000000 + clock_coarse_tick();
	return (uint64_t)ash_time_left(call) <= most ? ASH_OK : ASH_INTERNAL;
}

static ash_status stand_in(const void *handlers, ash_call *call, const void *request, void *reply)
{
	(void)handlers, (void)call, (void)request;
	((Things__V1__Found *)reply)->count = 8;
	return ASH_OK;
}

static bool has(const void *handlers, uint16_t method)
{
	(void)handlers, (void)method;
	return true;
}

static const ash_invoke FINDS[] = {find, find}, STANDS_IN[] = {stand_in};
static const ash_method METHODS[] = {
	{"Find", &things__v1__find__descriptor, &things__v1__found__descriptor, ASH_OWN,
	 ASH_NO_SIDE_EFFECTS, NULL, NULL},
	{"Take", &things__v1__find__descriptor, &things__v1__found__descriptor, ASH_OWN,
	 ASH_IDEMPOTENCY_UNKNOWN, NULL, NULL},
};
static uint32_t things_id, spare_id;
static const ash_port THINGS_PORT = {"things.v1.Things", "things", METHODS, 2, &things_id};
static const ash_port SPARE_PORT = {"spare.v1.Spare", "spare", &METHODS[1], 1, &spare_id};
static const ash_provides THINGS_PROVIDES[] = {
	{&THINGS_PORT, FINDS, has, 0, {"things/module.yaml", 2, 9}}};
static const ash_provides SPARE_PROVIDES[] = {
	{&SPARE_PORT, STANDS_IN, has, 0, {"spare/module.yaml", 2, 9}}};
static const ash_module THINGS = {
	.name = "things", .provides = THINGS_PROVIDES, .provides_count = 1, .code = ""};
static const ash_module SPARE = {
	.name = "spare", .provides = SPARE_PROVIDES, .provides_count = 1, .code = ""};
static const ash_module *const MODULES[] = {&SPARE, &THINGS, NULL};

static const char DEPLOY[] =
	"version: 1\n"
	"policies:\n"
	"  whole:\n"
	"    timeout: 60s\n"
	"    retry: {attempts: 3, base: 1ms, cap: 5ms, budget: 10%, budget_least: 1}\n"
	"    breaker: {window: consecutive, size: 4, state: metrics_only}\n"
	"    bulkhead: {calls: 2, queue: 1, wait: 5ms}\n"
	"    rate_limit: {calls: 1000, period: 1s, burst: 100}\n"
	"  spared: {timeout: 60s, fallback: spare.v1.Spare}\n"
	"ports:\n"
	"  things.v1.Things: {policy: whole, methods: {Take: {policy: spared}}}\n";

/* ---- an application ---- */

struct application {
	struct placement placement;
	struct settings settings;
	struct host host;
};

static void application_release(struct application *application)
{
	host_release(&application->host);
	settings_release(&application->settings);
	placement_release(&application->placement);
}

/* False without memory. */
static bool start(struct application *application, const char *deploy, struct error_list *errors,
		  struct error *error)
{
	static const ash_app APP = {.name = "test", .modules = MODULES};
	struct error_list warnings = {0};
	*application = (struct application){.host = {0}};
	settings_init(&application->settings);
	application->settings.admin_shared = true;
	application->settings.placement = &application->placement;
	int failed = placement_read("d.yaml", str_of(deploy), true, &application->placement, errors,
				    error);
	if (failed == 0)
		failed = placement_judge(&application->placement, MODULES, 2, errors, &warnings,
					 error);
	error_list_clear(&warnings);
	return failed == 0 && errors->count == 0 &&
	       host_init(&application->host, &APP, &application->settings, errors, error) == 0 &&
	       errors->count == 0;
}

static void start_well(struct application *application)
{
	struct error_list errors = {0};
	struct error error = {0};
	if (!start(application, DEPLOY, &errors, &error))
		fail_msg("%s", errors.count ? errors.items[0].message : error.message);
}

/* Calls a method from outside; the count that it answers, or minus its status. */
static int64_t call(struct application *application, uint16_t method)
{
	const struct binding *binding = registry_binding(&application->host.registry, &THINGS_PORT);
	Things__V1__Find in = THINGS__V1__FIND__INIT;
	Things__V1__Found out = THINGS__V1__FOUND__INIT;
	struct request request;
	request_begin(&request, &application->host.environment, CALL_NO_DEADLINE, NULL);
	ash_status status = request_call(&request, "test", binding, method, &in, &out);
	request_end(&request);
	return status == ASH_OK ? (int64_t)out.count : -(int64_t)status;
}

static struct policy_view look(const struct application *application, const char *name)
{
	struct policies *policies = application->host.policies;
	struct policy_view view = {0};
	for (const struct policies_item *item = policies_first(policies); item; item = item->next)
		if (strcmp(policies_name(item), name) == 0)
			policies_look(policies, item, &view);
	return view;
}

/* ---- tests ---- */

static void each_method_has_its_policy(void **state)
{
	(void)state;
	_cleanup_(application_release) struct application application;
	start_well(&application);
	assert_int_equal(call(&application, 0), 7);
	assert_int_equal(call(&application, 1), 7);
	struct policy_view whole = look(&application, "things.v1.Things/Find");
	assert_int_equal(whole.breaker.state, BREAKER_METRICS_ONLY);
	assert_int_equal(whole.calls, 1);
	assert_int_equal(whole.retry_most, 1);
	struct policy_view spared = look(&application, "things.v1.Things/Take");
	assert_int_equal(spared.breaker.state, BREAKER_DISABLED);
	assert_int_equal(spared.calls, 1);
	assert_null(policies_first(application.host.policies)->next->next);
}

static void names_are_of_methods_or_ports(void **state)
{
	(void)state;
	_cleanup_(application_release) struct application application;
	_cleanup_(arena_release) struct arena arena = {0};
	start_well(&application);
	struct policies *policies = application.host.policies;
	assert_int_equal(policies_act(policies, POLICIES_FORCE_OPEN, STR("things.v1.Thing")), 0);
	assert_true(str_equal(policies_nearest(policies, &arena, STR("things.v1.Thing")),
			      STR("things.v1.Things")));
	assert_int_equal(policies_act(policies, POLICIES_FORCE_OPEN, STR("")), 0);
	assert_int_equal(policies_act(policies, POLICIES_FORCE_OPEN, STR("things.v1.Things/Take")),
			 1);
	assert_int_equal(call(&application, 0), 7);
	/* Another port answers. */
	assert_int_equal(call(&application, 1), 8);
	assert_int_equal(look(&application, "things.v1.Things/Take").fallbacks, 1);
	assert_int_equal(policies_act(policies, POLICIES_FORCE_OPEN, STR("things.v1.Things")), 2);
	assert_int_equal(call(&application, 0), -ASH_UNAVAILABLE);
	assert_int_equal(policies_act(policies, POLICIES_RESET, STR("things.v1.Things")), 2);
	assert_int_equal(call(&application, 0), 7);
	assert_int_equal(call(&application, 1), 7);
	assert_int_equal(look(&application, "things.v1.Things/Find").breaker.state, BREAKER_CLOSED);
}

static void has_line(const struct text *text, const char *line)
{
	if (!strstr(text->at, line))
		fail_msg("there is no %s in %s", line, text->at);
}

static void metrics_count_once_however_often_they_are_read(void **state)
{
	(void)state;
	_cleanup_(application_release) struct application application;
	start_well(&application);
	for (int i = 0; i < 3; i++) {
		_cleanup_(text_release) struct text text = {0};
		char calls[120];
		assert_int_equal(call(&application, 0), 7);
		metrics_write(application.host.metrics, &text);
		snprintf(
			calls, sizeof calls,
			"ashlar_policy_calls_total{port=\"things.v1.Things\",method=\"Find\"} %d\n",
			i + 1);
		has_line(&text, calls);
		has_line(&text, "ashlar_breaker_state{port=\"things.v1.Things\",method=\"Find\","
				"state=\"metrics_only\"} 1\n");
		has_line(&text, "ashlar_breaker_state{port=\"things.v1.Things\",method=\"Find\","
				"state=\"closed\"} 0\n");
		has_line(&text, "ashlar_bulkhead_calls{port=\"things.v1.Things\",method=\"Find\","
				"state=\"inside\"} 0\n");
		/* Of what is not set nothing is shown. */
		assert_null(strstr(text.at, "ashlar_bulkhead_calls{port=\"things.v1.Things\","
					    "method=\"Take\""));
	}
}

static void memory_may_run_out(void **state)
{
	(void)state;
	for (long nth = 1;; nth++) {
		struct application application;
		struct error_list errors = {0};
		struct error error;
		mem_fail_from(nth);
		bool started = start(&application, DEPLOY, &errors, &error);
		bool failed = mem_fail_never();
		assert_true(started || failed);
		error_list_clear(&errors);
		application_release(&application);
		if (!failed)
			break;
		assert_true(nth < 100000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_method_has_its_policy),
		cmocka_unit_test(names_are_of_methods_or_ports),
		cmocka_unit_test(metrics_count_once_however_often_they_are_read),
		cmocka_unit_test(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
