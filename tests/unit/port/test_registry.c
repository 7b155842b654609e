/* SPDX-License-Identifier: Apache-2.0 */
/* What does not fit together is refused when an application starts, with the place in the
 * contract. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "port/fixture.h"

static bool has_none(const void *code)
{
	(void)code;
	return false;
}

static bool has_one(const void *code)
{
	(void)code;
	return true;
}

static bool has_not_all(const void *handlers, uint16_t method)
{
	(void)handlers;
	return method != TOTAL;
}

/* Builds a registry of the modules and compares all that is wrong. */
static void check(const ash_module *const *modules, size_t count, const char *expected)
{
	struct metrics *metrics = metrics_new();
	struct registry registry = {0};
	struct error_list errors = {0};
	struct error error;
	_cleanup_(text_release) struct text told = {0};
	text_add(&told, STR(""));
	assert_int_equal(registry_build(modules, count, metrics, &registry, &errors, &error), 0);
	for (size_t i = 0; i < errors.count; i++) {
		char line[2048];
		error_format(&errors.items[i], line, sizeof line);
		text_addf(&told, "%s\n", line);
	}
	assert_string_equal(told.at, expected);
	error_list_clear(&errors);
	registry_release(&registry);
	metrics_free(metrics);
}

static void modules_that_fit_are_taken(void **state)
{
	(void)state;
	const ash_module *modules[] = {&orders_module, &billing_module};
	check(modules, 2, "");
}

static void a_port_has_a_bound(void **state)
{
	(void)state;
	static uint32_t id;
	struct metrics *metrics = metrics_new();
	struct registry registry = {0};
	struct error_list errors = {0};
	struct error error;
	const ash_port port = {.name = "billing.v1.Billing",
			       .module = "billing",
			       .method_count = REGISTRY_METHOD_LIMIT + 1,
			       .id = &id};
	const ash_provides provides = {.port = &port};
	const ash_module module = {
		.name = "billing", .provides = &provides, .provides_count = 1, .code = ""};
	const ash_module *modules[] = {&module};
	assert_int_equal(registry_build(modules, 1, metrics, &registry, &errors, &error), -1);
	assert_int_equal(error.code, ERROR_LIMIT);
	assert_string_equal(error.message,
			    "the port billing.v1.Billing has 1001 methods; 1000 are the most");
	error_list_clear(&errors);
	metrics_free(metrics);
}

static void a_module_it_depends_on_must_be_there(void **state)
{
	(void)state;
	const ash_module *modules[] = {&orders_module};
	check(modules, 1,
	      "orders/module.yaml:3:14: orders depends on the module 'billing', which the "
	      "application "
	      "does not have; link it in and list it\n");
}

static void names_schemas_and_ports_have_one_owner(void **state)
{
	(void)state;
	ash_module other = billing_module;
	other.place = (ash_place){"other/module.yaml", 1, 9};
	const ash_module *twice[] = {&billing_module, &other};
	check(twice, 2,
	      "billing/module.yaml:4:9: the port billing.v1.Billing has two providers: billing, "
	      "and "
	      "billing\n"
	      "billing/module.yaml:5:16: the schema 'billing' has two owners: billing, and billing "
	      "(billing/module.yaml:1)\n"
	      "other/module.yaml:1:9: the module 'billing' is in the application already "
	      "(billing/module.yaml:1)\n");
}

/* Its calls would pass as those of a front. */
static void no_module_has_the_name_of_the_front(void **state)
{
	(void)state;
	ash_module front = billing_module;
	front.name = "http";
	front.place = (ash_place){"http/module.yaml", 1, 9};
	front.provides_count = front.owns_count = front.publishes_count = 0;
	front.subscribes_count = front.schedule_count = 0;
	check((const ash_module *[]){&front}, 1,
	      "http/module.yaml:1:9: no module is called 'http': so is called who answers a route, "
	      "where a module's name would stand; rename it\n");
	front.name = "http2";
	check((const ash_module *[]){&front}, 1, "");
}

/* A module that says whom it replaces, in the order given and in the other. */
static void a_module_may_replace_another(void **state)
{
	(void)state;
	static const ash_named on_billing[] = {{"billing", {"next/module.yaml", 9, 14}}};
	ash_module next = billing_module;
	next.name = "next";
	next.place = (ash_place){"next/module.yaml", 1, 9};
	next.replaces = (ash_named){"billing", {"next/module.yaml", 2, 11}};
	next.owns_count = next.publishes_count = next.subscribes_count = 0;
	next.schedule_count = 0;
	const ash_module *either[][3] = {{&orders_module, &billing_module, &next},
					 {&next, &billing_module, &orders_module}};
	for (size_t i = 0; i < 2; i++) {
		struct metrics *metrics = metrics_new();
		struct registry registry = {0};
		struct error_list errors = {0};
		struct error error;
		assert_int_equal(registry_build(either[i], 3, metrics, &registry, &errors, &error),
				 0);
		assert_int_equal(errors.count, 0);
		const struct binding *first = registry_binding(&registry, &billing_port);
		const struct binding *beside = registry_beside(&registry, &billing_port);
		assert_string_equal(first->member->module->name, "billing");
		assert_string_equal(beside->member->module->name, "next");
		assert_true(registry_is_beside(&next, &billing_port));
		assert_false(registry_is_beside(&billing_module, &billing_port));
		assert_null(registry_beside(&registry, &orders_port));
		registry_release(&registry);
		metrics_free(metrics);
	}
	ash_module third = next;
	third.name = "third";
	third.place = (ash_place){"third/module.yaml", 1, 9};
	const ash_module *three[] = {&orders_module, &billing_module, &next, &third};
	check(three, 4,
	      "billing/module.yaml:4:9: the port billing.v1.Billing has two providers: third, and "
	      "next\n");
	next.depends_on = on_billing;
	next.depends_on_count = 1;
	check(three, 3,
	      "next/module.yaml:9:14: next replaces the module 'billing' and depends on it, so "
	      "that its calls could be led back to itself; remove it from depends_on\n");
	next.depends_on_count = 0;
	check((const ash_module *[]){&next}, 1,
	      "billing/module.yaml:4:9: next provides billing.v1.Billing in place of the module "
	      "'billing', which the application does not have, or which does not provide it\n");
}

static void each_method_has_a_handler(void **state)
{
	(void)state;
	ash_module billing = billing_module;
	ash_provides provides = billing_module.provides[0];
	provides.has = has_not_all;
	billing.provides = &provides;
	const ash_module *modules[] = {&billing};
	check(modules, 1,
	      "billing/module.yaml:4:9: billing provides billing.v1.Billing but has no handler for "
	      "Total; add it to ASH_MODULE(billing)\n");
}

static void a_subscription_has_a_handler_a_publisher_and_a_dependency(void **state)
{
	(void)state;
	static const ash_event PLACED = {"orders.v1.Placed", "orders", NULL, NULL};
	const ash_subscribes subscribes = {
		.event = &PLACED, .has = has_none, .place = {"billing/module.yaml", 7, 26}};
	ash_module billing = billing_module;
	billing.subscribes = &subscribes;
	billing.subscribes_count = 1;
	const ash_module *modules[] = {&billing, &orders_module};
	check(modules, 2,
	      "billing/module.yaml:7:26: billing subscribes to orders.v1.Placed but has no handler "
	      "for "
	      "it; add it to ASH_MODULE(billing)\n"
	      "billing/module.yaml:7:26: billing subscribes to orders.v1.Placed, which no module "
	      "of the "
	      "application publishes\n");
}

/* Its publisher is written, but is no part of this application. */
static void a_publisher_is_in_the_application(void **state)
{
	(void)state;
	static const ash_event PLACED = {"orders.v1.Placed", "orders", NULL, NULL};
	const ash_subscribes subscribes = {
		.event = &PLACED, .has = has_one, .place = {"billing/module.yaml", 7, 26}};
	ash_module billing = billing_module;
	billing.subscribes = &subscribes;
	billing.subscribes_count = 1;
	const ash_module *modules[] = {&billing};
	check(modules, 1,
	      "billing/module.yaml:7:26: billing subscribes to orders.v1.Placed, which no module "
	      "of the application publishes\n");
}

/* Who would publish it is there, and its contract names another event. */
static void an_event_that_no_contract_declares_has_no_subscribers(void **state)
{
	(void)state;
	static const ash_event PLACED = {"orders.v1.Placed", "orders", NULL, NULL};
	static const ash_event RENAMED = {"orders.v1.OrderPlaced", "orders", NULL, NULL};
	static const ash_event *const PUBLISHES[] = {&RENAMED};
	const ash_subscribes subscribes[] = {
		{.event = &RENAMED, .has = has_one, .place = {"billing/module.yaml", 7, 26}},
		{.event = &PLACED, .has = has_one, .place = {"billing/module.yaml", 8, 26}}};
	ash_module billing = billing_module, orders = orders_module;
	billing.subscribes = subscribes;
	billing.subscribes_count = 2;
	orders.publishes = PUBLISHES;
	orders.publishes_count = 1;
	const ash_module *modules[] = {&billing, &orders};
	check(modules, 2,
	      "billing/module.yaml:8:26: billing subscribes to orders.v1.Placed, which no module "
	      "of the application publishes\n");
}

static void a_subscriber_owns_a_schema(void **state)
{
	(void)state;
	static const ash_event PLACED = {"orders.v1.Placed", "orders", NULL, NULL};
	static const ash_event *const PUBLISHES[] = {&PLACED};
	const ash_subscribes subscribes = {
		.event = &PLACED, .has = has_one, .place = {"billing/module.yaml", 7, 26}};
	ash_module billing = billing_module, orders = orders_module;
	billing.subscribes = &subscribes;
	billing.subscribes_count = 1;
	billing.owns_count = 0;
	orders.publishes = PUBLISHES;
	orders.publishes_count = 1;
	const ash_module *modules[] = {&billing, &orders};
	check(modules, 2,
	      "billing/module.yaml:7:26: billing subscribes to orders.v1.Placed but owns no "
	      "schema, "
	      "and what it has handled is noted in a transaction of its own: name one under "
	      "data.owns\n");
}

static void a_schedule_has_a_handler(void **state)
{
	(void)state;
	const ash_schedule nightly = {.name = "nightly",
				      .cron = "0 3 * * *",
				      .has = has_none,
				      .place = {"billing/module.yaml", 9, 5}};
	ash_module billing = billing_module;
	billing.schedules = &nightly;
	billing.schedule_count = 1;
	const ash_module *modules[] = {&billing};
	check(modules, 1,
	      "billing/module.yaml:9:5: the schedule 'nightly' has no handler; add it to "
	      "ASH_MODULE(billing)\n");
}

static const ash_saga *other_saga(const void *code)
{
	static const ash_saga SAGA = {.name = "billing.refunds"};
	(void)code;
	return &SAGA;
}

static const ash_saga *no_saga(const void *code)
{
	(void)code;
	return NULL;
}

static void a_saga_has_steps_and_its_name(void **state)
{
	(void)state;
	const ash_runs sagas[] = {{"billing.refund", no_saga, {"billing/module.yaml", 10, 9}},
				  {"billing.refund", other_saga, {"billing/module.yaml", 10, 17}}};
	ash_module billing = billing_module;
	billing.sagas = sagas;
	billing.saga_count = 2;
	const ash_module *modules[] = {&billing};
	check(modules, 1,
	      "billing/module.yaml:10:9: the saga 'billing.refund' has no steps; add it to the "
	      "sagas of ASH_MODULE(billing)\n"
	      "billing/module.yaml:10:17: the saga 'billing.refund' is named 'billing.refunds' in "
	      "the code of billing; give both one name\n");
}

/* ---- choreographies ---- */

static const ash_event PLACED = {"orders.v1.Placed", "orders", NULL, "order_id"};
static const ash_event DONE = {"orders.v1.Done", "orders", NULL, "order_id"};
static const ash_event CHARGED = {"billing.v1.Charged", "billing", NULL, "order_id"};
static const ash_event NOTED = {"billing.v1.Noted", "billing", NULL, NULL};

/* Orders publishes Placed and Done and hears of Charged; billing publishes Charged and Noted and
 * hears of Placed. */
static void check_flow(const ash_flow *flow, size_t count, const char *expected)
{
	static const ash_event *const ORDERS[] = {&PLACED, &DONE}, *const BILLING[] = {&CHARGED,
										       &NOTED};
	static const ash_subscribes HEARS_CHARGED = {.event = &CHARGED, .has = has_one},
				    HEARS_PLACED = {.event = &PLACED, .has = has_one};
	const ash_choreography order = {
		"orders.order", 600, flow, count, {"orders/module.yaml", 9, 3}};
	ash_module orders = orders_module, billing = billing_module;
	orders.publishes = ORDERS;
	billing.publishes = BILLING;
	orders.publishes_count = billing.publishes_count = 2;
	orders.subscribes = &HEARS_CHARGED;
	billing.subscribes = &HEARS_PLACED;
	orders.subscribes_count = billing.subscribes_count = 1;
	orders.choreographies = &order;
	orders.choreography_count = 1;
	const ash_module *modules[] = {&orders, &billing};
	check(modules, 2, expected);
}

#define AT(line, column)                                                                           \
	{                                                                                          \
		"orders/module.yaml", line, column                                                 \
	}
#define FLOW(...)                                                                                  \
	(const ash_flow[]){__VA_ARGS__}, sizeof((const ash_flow[]){__VA_ARGS__}) / sizeof(ash_flow)

static void a_choreography_fits_who_publishes_and_subscribes(void **state)
{
	(void)state;
	check_flow(FLOW({"orders.v1.Placed", "billing.v1.Charged", false, AT(11, 5), AT(11, 24)},
			{"billing.v1.Charged", "orders.v1.Done", false, AT(12, 5), AT(12, 24)}),
		   "");
	check_flow(FLOW({"orders.v1.Placed", "billing.v1.Charge", false, AT(11, 5), AT(11, 24)},
			{"billing.v1.Charge", "orders.v1.Done", false, AT(12, 5), AT(12, 24)}),
		   "orders/module.yaml:11:24: no module of the application publishes "
		   "'billing.v1.Charge'; did you mean 'billing.v1.Charged'?\n"
		   "orders/module.yaml:12:5: no module of the application publishes "
		   "'billing.v1.Charge'; did you mean 'billing.v1.Charged'?\n");
	check_flow(FLOW({"orders.v1.Placed", "orders.v1.Done", false, AT(11, 5), AT(11, 24)}),
		   "orders/module.yaml:11:24: orders.v1.Done is to follow orders.v1.Placed, but "
		   "orders, which publishes it, does not subscribe to that\n");
	check_flow(
		FLOW({"orders.v1.Placed", "billing.v1.Noted", false, AT(11, 5), AT(11, 24)}),
		"orders/module.yaml:11:24: billing.v1.Noted has no key by which the choreography "
		"orders.order could be followed; give its message option (ashlar.key)\n");
	check_flow(
		FLOW({"orders.v1.Placed", "billing.v1.Charged", false, AT(11, 5), AT(11, 24)},
		     {"billing.v1.Charged", "orders.v1.Done", true, AT(13, 5), AT(13, 24)}),
		"orders/module.yaml:13:24: billing.v1.Charged is to be undone by orders.v1.Done, "
		"but billing, which publishes it, does not subscribe to that\n");
}

static void a_choreography_has_one_beginning_and_an_end(void **state)
{
	(void)state;
	check_flow(NULL, 0,
		   "orders/module.yaml:9:3: the choreography orders.order has not one first event, "
		   "which follows no other\n");
	check_flow(FLOW({"orders.v1.Placed", "billing.v1.Charged", false, AT(11, 5), AT(11, 24)},
			{"billing.v1.Charged", "orders.v1.Placed", false, AT(12, 5), AT(12, 24)}),
		   "orders/module.yaml:9:3: the choreography orders.order has not one first event, "
		   "which follows no other\n");
	check_flow(FLOW({"billing.v1.Charged", "orders.v1.Done", false, AT(11, 5), AT(11, 24)}),
		   "orders/module.yaml:9:3: the choreography orders.order begins with "
		   "billing.v1.Charged, which billing publishes; declare it there\n");
}

/* Billing's contract depends on nobody, that of orders on billing. */
static void a_call_is_declared_by_the_module_whose_folder_it_is_in(void **state)
{
	(void)state;
	static const ash_use uses[] = {
		{&orders_port, "../shop/billing/billing.c", 7, 0},
		{&orders_port, "../shop/billing/part/deep.c", 8, 0},
		{&orders_port, "../shop/billing2/other.c", 9, 0},
		{&orders_port, "../shop/main.c", 10, 0},
		{&orders_port, "main.c", 11, 0},
		{&orders_port, "/billing.c", 12, 0},
		{&billing_port, "../shop/billing/billing.c", 13, 0},
		{&billing_port, "../shop/orders/orders.c", 14, 0},
	};
	const ash_use *noted[sizeof uses / sizeof *uses];
	size_t count = sizeof uses / sizeof *uses;
	for (size_t i = 0; i < count; i++)
		noted[i] = &uses[i];
	ash_module billing = billing_module, orders = orders_module;
	billing.source = "../shop/billing/code/billing.c";
	orders.source = "../shop/orders/orders.c";
	billing.uses = orders.uses = noted;
	billing.uses_end = orders.uses_end = noted + count;
	const ash_module *modules[] = {&orders, &billing};
#define NOT_DECLARED                                                                               \
	"billing calls orders.v1.Orders/Place, but its contract (billing/module.yaml:1) does not " \
	"depend on orders; add orders to its depends_on, or leave the call out\n"
	check(modules, 2,
	      "billing/billing.c:7: " NOT_DECLARED "billing/part/deep.c:8: " NOT_DECLARED);
	/* A contract that is not beside the code: then the folder of the code counts. */
	billing.place.file = "contracts/billing.yaml";
	billing.source = "../shop/billing/billing.c";
	struct metrics *metrics = metrics_new();
	struct registry registry = {0};
	struct error_list errors = {0};
	struct error error;
	assert_int_equal(registry_build(modules, 2, metrics, &registry, &errors, &error), 0);
	assert_int_equal(errors.count, 2);
	assert_string_equal(errors.items[0].file, "../shop/billing/billing.c");
	registry_release(&registry);
	error_list_clear(&errors);
	metrics_free(metrics);
	/* A folder of two modules tells nothing. */
	orders.source = billing.source;
	orders.place.file = billing.place.file;
	check(modules, 2, "");
}

static void without_memory_there_is_no_registry(void **state)
{
	(void)state;
	static const ash_use use = {&billing_port, "shop/orders/orders.c", 1, 0};
	static const ash_use *const uses[] = {&use};
	ash_module orders = orders_module;
	orders.source = use.file;
	orders.uses = uses;
	orders.uses_end = uses + 1;
	const ash_module *modules[] = {&orders, &billing_module};
	for (long n = 1;; n++) {
		struct metrics *metrics = metrics_new();
		struct registry registry = {0};
		struct error_list errors = {0};
		struct error error;
		mem_fail_from(n);
		int result = registry_build(modules, 2, metrics, &registry, &errors, &error);
		bool failed = mem_fail_never();
		registry_release(&registry);
		error_list_clear(&errors);
		metrics_free(metrics);
		assert_int_equal(result, failed ? -1 : 0);
		if (!failed)
			return;
		assert_int_equal(error.code, ERROR_MEMORY);
	}
}

static bool is_orders(const void *context, const ash_module *module)
{
	(void)context;
	return strcmp(module->name, "orders") == 0;
}

/* Of a module that runs elsewhere nothing is needed but its contract. */
static void code_of_another_process_is_not_asked_for(void **state)
{
	ash_module billing = billing_module;
	ash_provides provides = billing_module.provides[0];
	const ash_module *modules[] = {&orders_module, &billing};
	struct metrics *metrics = metrics_new();
	struct registry registry = {0};
	struct error_list errors = {0};
	struct error error;
	(void)state;
	provides.has = has_not_all;
	billing.provides = &provides;
	billing.code = NULL;
	assert_int_equal(registry_build_part(modules, 2, is_orders, NULL, metrics, &registry,
					     &errors, &error),
			 0);
	assert_int_equal(errors.count, 0);
	assert_false(registry.members[0].elsewhere);
	assert_true(registry.members[1].elsewhere);
	const struct binding *binding = registry_binding(&registry, provides.port);
	struct environment environment = {.registry = &registry, .clock = &clock_system};
	struct request request;
	struct sum in = {0}, out;
	request_begin(&request, &environment, CALL_NO_DEADLINE, NULL);
	assert_int_equal(request_call(&request, "test", binding, TOTAL, &in, &out),
			 ASH_UNAVAILABLE);
	assert_non_null(strstr(request.fault.message, "runs in another process"));
	request_end(&request);
	registry_release(&registry);
	metrics_free(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modules_that_fit_are_taken),
		cmocka_unit_test(a_port_has_a_bound),
		cmocka_unit_test(a_module_it_depends_on_must_be_there),
		cmocka_unit_test(names_schemas_and_ports_have_one_owner),
		cmocka_unit_test(no_module_has_the_name_of_the_front),
		cmocka_unit_test(a_module_may_replace_another),
		cmocka_unit_test(each_method_has_a_handler),
		cmocka_unit_test(a_subscription_has_a_handler_a_publisher_and_a_dependency),
		cmocka_unit_test(a_publisher_is_in_the_application),
		cmocka_unit_test(an_event_that_no_contract_declares_has_no_subscribers),
		cmocka_unit_test(a_subscriber_owns_a_schema),
		cmocka_unit_test(a_schedule_has_a_handler),
		cmocka_unit_test(a_saga_has_steps_and_its_name),
		cmocka_unit_test(a_choreography_fits_who_publishes_and_subscribes),
		cmocka_unit_test(a_choreography_has_one_beginning_and_an_end),
		cmocka_unit_test(a_call_is_declared_by_the_module_whose_folder_it_is_in),
		cmocka_unit_test(code_of_another_process_is_not_asked_for),
		cmocka_unit_test(without_memory_there_is_no_registry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
