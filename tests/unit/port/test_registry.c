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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modules_that_fit_are_taken),
		cmocka_unit_test(a_module_it_depends_on_must_be_there),
		cmocka_unit_test(names_schemas_and_ports_have_one_owner),
		cmocka_unit_test(each_method_has_a_handler),
		cmocka_unit_test(a_subscription_has_a_handler_a_publisher_and_a_dependency),
		cmocka_unit_test(a_publisher_is_in_the_application),
		cmocka_unit_test(a_subscriber_owns_a_schema),
		cmocka_unit_test(a_schedule_has_a_handler),
		cmocka_unit_test(a_saga_has_steps_and_its_name),
		cmocka_unit_test(a_call_is_declared_by_the_module_whose_folder_it_is_in),
		cmocka_unit_test(without_memory_there_is_no_registry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
