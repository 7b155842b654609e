/* SPDX-License-Identifier: Apache-2.0 */
/* Modules that do not fit, and an application that starts, works and ends while memory runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "app/host.h"
#include "base/mem.h"
#include "things.pb-c.h"

/* ---- a module as the generator would write it ---- */

static ash_status invoke(const void *handlers, ash_call *call, const void *request, void *reply)
{
	(void)handlers, (void)call, (void)request;
	((Things__V1__Found *)reply)->count = 7;
	return ASH_OK;
}

static bool has(const void *handlers, uint16_t method)
{
	(void)handlers, (void)method;
	return true;
}

static const ash_invoke INVOKE[] = {invoke, invoke};
static const char *const GET_THINGS[] = {"GET /things/{name}", "GET /things", NULL};
static const char *const METRICS[] = {"GET /metrics", NULL};
static const char *const CLASHES[] = {"GET /things/{other}", "POST /things", "PUT things", NULL};
static const ash_method FINDS[] = {
	{"Find", &things__v1__find__descriptor, &things__v1__found__descriptor, ASH_OWN,
	 ASH_NO_SIDE_EFFECTS, NULL, GET_THINGS},
};
static const ash_method TAKES[] = {
	{"Take", &things__v1__find__descriptor, &things__v1__found__descriptor, ASH_OWN,
	 ASH_IDEMPOTENCY_UNKNOWN, NULL, CLASHES},
};
static uint32_t things_id, others_id;
static const ash_port THINGS_PORT = {"things.v1.Things", "things", FINDS, 1, &things_id};
static const ash_port OTHERS_PORT = {"others.v1.Others", "others", TAKES, 1, &others_id};
static const ash_provides THINGS_PROVIDES[] = {
	{&THINGS_PORT, INVOKE, has, 0, {"things/module.yaml", 2, 9}}};
static const ash_provides OTHERS_PROVIDES[] = {
	{&OTHERS_PORT, INVOKE, has, 0, {"others/module.yaml", 3, 9}}};
static ash_status act(ash_step *step, ash_call *call, const void *in)
{
	const Things__V1__Find *find = in;
	(void)step, (void)call;
	return find->most == 7 ? ASH_OK : ASH_INVALID_ARGUMENT;
}

static const ash_saga_step STEPS[] = {{"first", .run = act}, {"second", .run = act}};
static const ash_saga SAGA = ASH_SAGA("things.tidy", &things__v1__find__descriptor, STEPS);

static const ash_saga *tidy(const void *code)
{
	(void)code;
	return &SAGA;
}

static const ash_named OWNS[] = {{"things", {"things/module.yaml", 4, 15}}};
static const ash_runs SAGAS[] = {{"things.tidy", tidy, {"things/module.yaml", 5, 9}}};
static const ash_module KEEPER = {.name = "things",
				  .place = {"things/module.yaml", 1, 9},
				  .owns = OWNS,
				  .owns_count = 1,
				  .sagas = SAGAS,
				  .saga_count = 1,
				  .code = ""};
static const ash_module *const KEEPERS[] = {&KEEPER, NULL};

static const ash_module THINGS = {.name = "things",
				  .owner = "us",
				  .place = {"things/module.yaml", 1, 9},
				  .provides = THINGS_PROVIDES,
				  .provides_count = 1,
				  .code = ""};
static const ash_module OTHERS = {.name = "others",
				  .owner = "them",
				  .place = {"others/module.yaml", 1, 9},
				  .provides = OTHERS_PROVIDES,
				  .provides_count = 1,
				  .code = ""};
static const ash_module *const GOOD[] = {&THINGS, NULL};
static const ash_module *const BAD[] = {&THINGS, &OTHERS, NULL};

/* ---- tests ---- */

static void routes_that_clash_have_their_places(void **state)
{
	(void)state;
	static const char *const EXPECTED[] = {
		("others/module.yaml:3:9: others.v1.Others/Take: 'GET /things/{other}' is a GET of "
		 "a "
		 "method that is not NO_SIDE_EFFECTS"),
		("others/module.yaml:3:9: others.v1.Others/Take: 'GET /things/{other}' is a route "
		 "already, of things/module.yaml:2"),
		"others/module.yaml:3:9: others.v1.Others/Take: ",
	};
	const ash_app app = {.name = "test", .modules = BAD};
	struct error_list errors = {0};
	struct error error;
	struct settings settings;
	struct host host = {0};
	char line[2048];
	settings_init(&settings);
	assert_int_equal(host_init(&host, &app, &settings, &errors, &error), 0);
	assert_int_equal(errors.count, 3);
	for (size_t i = 0; i < 3; i++) {
		error_format(&errors.items[i], line, sizeof line);
		if (strncmp(line, EXPECTED[i], strlen(EXPECTED[i])) != 0)
			fail_msg("%s", line);
	}
	error_list_clear(&errors);
	host_release(&host);
	settings_release(&settings);
}

static void a_route_that_is_built_in_has_its_place(void **state)
{
	static const ash_method FINDS_METRICS = {
		"Find",  &things__v1__find__descriptor, &things__v1__found__descriptor,
		ASH_OWN, ASH_NO_SIDE_EFFECTS,           NULL,
		METRICS,
	};
	ash_port port = THINGS_PORT;
	port.methods = &FINDS_METRICS;
	port.method_count = 1;
	ash_provides provides = THINGS_PROVIDES[0];
	provides.port = &port;
	ash_module module = THINGS;
	module.provides = &provides;
	const ash_module *const modules[] = {&module, NULL};
	const ash_app app = {.name = "test", .modules = modules};
	struct error_list errors = {0};
	struct error error;
	struct settings settings;
	struct host host = {0};
	char line[2048];
	(void)state;
	settings_init(&settings);
	assert_int_equal(host_init(&host, &app, &settings, &errors, &error), 0);
	assert_int_equal(errors.count, 1);
	error_format(&errors.items[0], line, sizeof line);
	assert_non_null(strstr(line, "things/module.yaml:2:"));
	assert_non_null(
		strstr(line, "things.v1.Things/Find: 'GET /metrics' is a route that is built"));
	error_list_clear(&errors);
	host_release(&host);
	settings_release(&settings);
}

/* All of a life but the server, whose own tests let its memory run out. */
static bool live(const ash_module *const *modules, struct settings *settings)
{
	static const ash_asset ASSETS[] = {{"index.html", "hello", 5, "e"}};
	const ash_app app = {
		.name = "test", .modules = modules, .assets = ASSETS, .asset_count = 1};
	const struct store_migration_options all = {0};
	struct error_list errors = {0};
	struct error error;
	struct fault fault;
	struct host host = {0};
	bool lives = host_init(&host, &app, settings, &errors, &error) == 0 && !errors.count &&
		     host_open(&host, &fault) == ASH_OK &&
		     host_migrate(&host, &all, &fault) == ASH_OK &&
		     host_start(&host, &fault) == ASH_OK;
	error_list_clear(&errors);
	host_release(&host);
	return lives;
}

/* Each allocation of a life fails in turn, until none does; what comes after is as before. */
static void live_without_memory(const ash_module *const *modules, struct settings *settings)
{
	assert_true(live(modules, settings));
	for (long nth = 1;; nth++) {
		mem_fail_from(nth);
		(void)live(modules, settings);
		if (!mem_fail_never())
			break;
		assert_true(nth < 100000);
	}
	assert_true(live(modules, settings));
}

static void memory_may_run_out(void **state)
{
	(void)state;
	struct settings settings;
	char wrong[200];
	bool known;
	settings_init(&settings);
	settings.role = ROLE_WORKER;
	settings.serve_ports = "things.v1.Nothings";
	assert_false(live(GOOD, &settings));
	settings.serve_ports = "all";
	assert_null(settings_set(&settings, STR("store"), STR("sqlite::memory:"), &known, wrong,
				 sizeof wrong));
	live_without_memory(GOOD, &settings);
	settings_release(&settings);
}

/* ---- one process of several ---- */

static const ash_named ON_OTHERS[] = {{"others", {"callers/module.yaml", 4, 14}}};
static const ash_module CALLERS = {.name = "callers",
				   .owner = "us",
				   .place = {"callers/module.yaml", 1, 9},
				   .depends_on = ON_OTHERS,
				   .depends_on_count = 1,
				   .code = ""};
/* Known by its contract alone. */
static const ash_provides OTHERS_PROVIDE[] = {
	{&OTHERS_PORT, NULL, NULL, 0, {"others/module.yaml", 3, 9}}};
static const ash_module FAR = {.name = "others",
			       .owner = "them",
			       .place = {"others/module.yaml", 1, 9},
			       .provides = OTHERS_PROVIDE,
			       .provides_count = 1};
static const ash_module *const PARTED[] = {&CALLERS, &THINGS, &FAR, NULL};

/* Nobody listens at port 1. */
static const char PLACES[] = "version: 1\nprocesses:\n"
			     "  here: {modules: [callers, things], role: worker}\n"
			     "  there: {modules: [others], address: [http://127.0.0.1:1, "
			     "\"http://[::1]:1\"]}\n";

static void place(struct placement *placement, struct settings *settings)
{
	struct error_list errors = {0}, warnings = {0};
	struct error error;
	char wrong[200];
	bool known;
	settings_init(settings);
	settings->role = ROLE_WORKER;
	settings->log = LOG_ERROR_LEVEL;
	assert_null(settings_set(settings, STR("store"), STR("sqlite::memory:"), &known, wrong,
				 sizeof wrong));
	assert_int_equal(placement_read("d.yaml", str_of(PLACES), true, placement, &errors, &error),
			 0);
	assert_int_equal(placement_judge(placement, PARTED, 3, &errors, &warnings, &error), 0);
	assert_int_equal(errors.count, 0);
	settings->placement = placement;
	settings->process = placement_process(placement, "here");
}

static void a_port_of_another_process_is_called_there(void **state)
{
	const struct store_migration_options all = {0};
	const ash_app app = {.name = "test", .modules = PARTED};
	_cleanup_(placement_release) struct placement placement = {0};
	_cleanup_(text_release) struct text text = {0};
	struct error_list errors = {0};
	struct settings settings;
	struct host host = {0};
	struct request request;
	struct error error;
	struct fault fault;
	Things__V1__Find in = THINGS__V1__FIND__INIT;
	Things__V1__Found out = THINGS__V1__FOUND__INIT;
	(void)state;
	place(&placement, &settings);
	assert_int_equal(host_init(&host, &app, &settings, &errors, &error), 0);
	assert_int_equal(errors.count, 0);
	assert_int_equal(host_open(&host, &fault), ASH_OK);
	assert_int_equal(host_migrate(&host, &all, &fault), ASH_OK);
	assert_int_equal(host_start(&host, &fault), ASH_OK);
	request_begin(&request, &host.environment, CALL_NO_DEADLINE, NULL);
	assert_int_equal(request_call(&request, "test",
				      registry_binding(&host.registry, &OTHERS_PORT), 0, &in, &out),
			 ASH_UNAVAILABLE);
	assert_non_null(strstr(request.fault.message, "others.v1.Others/Take: http://"));
	request_end(&request);
	for (int tries = 0; tries < 6000 && (!text.at || strstr(text.at, "null")); tries++) {
		usleep(10000);
		text_clear(&text);
		remotes_write(host.remotes, &text);
		text_add_byte(&text, '\0');
	}
	assert_string_equal(text.at, ",\"remotes\":[{\"process\":\"there\",\"address\":"
				     "\"http://127.0.0.1:1\",\"up\":false},{\"process\":\"there\","
				     "\"address\":\"http://[::1]:1\",\"up\":false}]");
	host_release(&host);
	settings_release(&settings);
}

static void memory_may_run_out_in_one_of_several(void **state)
{
	_cleanup_(placement_release) struct placement placement = {0};
	struct settings settings;
	(void)state;
	place(&placement, &settings);
	live_without_memory(PARTED, &settings);
	settings_release(&settings);
}

/* ---- a saga ---- */

static ash_status start_tidy(void *context, ash_call *call)
{
	Things__V1__Find find = THINGS__V1__FIND__INIT;
	(void)context;
	find.most = 7;
	ASH_TX(tx, call);
	ASH_TRY(ash_saga_start(tx, &SAGA, "a", &find));
	return ash_commit(tx);
}

static bool is_done(void *context, const struct saga_line *line)
{
	*(bool *)context = line->state == SAGA_DONE;
	return true;
}

static void a_declared_saga_is_run(void **state)
{
	const struct store_migration_options all = {0};
	const ash_app app = {.name = "test", .modules = KEEPERS};
	struct error_list errors = {0};
	struct settings settings;
	struct host host = {0};
	struct error error;
	struct fault fault;
	struct request request;
	char wrong[200];
	bool known, done = false;
	(void)state;
	settings_init(&settings);
	settings.role = ROLE_WORKER;
	assert_null(settings_set(&settings, STR("store"), STR("sqlite::memory:"), &known, wrong,
				 sizeof wrong));
	assert_int_equal(host_init(&host, &app, &settings, &errors, &error), 0);
	assert_int_equal(errors.count, 0);
	assert_int_equal(host_open(&host, &fault), ASH_OK);
	assert_int_equal(host_migrate(&host, &all, &fault), ASH_OK);
	assert_int_equal(host_start(&host, &fault), ASH_OK);
	request_begin(&request, &host.environment, CALL_NO_DEADLINE, NULL);
	assert_int_equal(request_run(&request, registry_find(&host.registry, "things"), "test",
				     SPAN_SERVER, "start", start_tidy, NULL),
			 ASH_OK);
	request_end(&request);
	for (int tries = 0; tries < 6000 && !done; tries++) {
		usleep(10000);
		assert_int_equal(
			saga_list(host.sagas, &(struct saga_filter){0}, is_done, &done, &fault),
			ASH_OK);
	}
	assert_true(done);
	host_release(&host);
	settings_release(&settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_that_clash_have_their_places),
		cmocka_unit_test(a_route_that_is_built_in_has_its_place),
		cmocka_unit_test(memory_may_run_out),
		cmocka_unit_test(a_port_of_another_process_is_called_there),
		cmocka_unit_test(memory_may_run_out_in_one_of_several),
		cmocka_unit_test(a_declared_saga_is_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
