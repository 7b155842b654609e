/* SPDX-License-Identifier: Apache-2.0 */
/* What right contracts mean, and what each wrong one is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "fixture.h"

static struct fixture fixture;

static int tear_down(void **state)
{
	(void)state;
	fixture_release(&fixture);
	return 0;
}

static const char SHOP[] =
	"== ashlar.yaml\n"
	"version: 1\n"
	"modules: [\"src/*\", ./libs/**/, .]\n"
	"exclude: [\"vendor/\", \"**/*_pb2.py\"]\n"
	"outside: [scripts/, \"*.cfg\"]\n"
	"layers:\n"
	"  - edge\n"
	"  - {name: domain, closed: true}\n"
	"rules: {cycle: warn, unused: off}\n"
	"ignore_types: [cycle]\n"
	"languages:\n"
	"  python: {roots: [src]}\n"
	"  c: {includes: [src/billing]}\n"
	"forbidden:\n"
	"  - {from: [billing], to: [web, deep], indirect: false, reason: because}\n"
	"  - from: [deep]\n"
	"    to: [web]\n"
	"independent: [{modules: [web, deep]}]\n"
	"== module.yaml\n"
	"module: top\n"
	"== scripts/a.sh\n"
	"== setup.cfg\n"
	"== src/billing/module.yaml\n"
	"# a comment\n"
	"module: billing\n"
	"description: |\n"
	"  Takes money.\n"
	"  Gives change.\n"
	"owner: payments\n"
	"layer: domain\n"
	"depends_on: [\"identity\", web]\n"
	"public: [billing.proto, api/, \"*.h\", ./]\n"
	"visible_to: [web]\n"
	"external: [requests, \"boto*\"]\n"
	"roots: [tests/billing/]\n"
	"data: {owns: [billing, ledger.entries]}\n"
	"ports: [billing.v1.Billing]\n"
	"events: {publishes: [billing.v1.Charged], subscribes: [billing.v1.Charged]}\n"
	"rules: {privacy: warn, cycle: error}\n"
	"exceptions:\n"
	"  - {rule: dependency, to: deep, reason: \"moves in Q1\", owner: payments, until: "
	"2027-03-31}\n"
	"  - {rule: external, to: left-pad, reason: old, owner: payments, until: 2028-02-29}\n"
	"== src/billing/billing.proto\n"
	"== src/billing/api/a.py\n"
	"== src/billing/a.h\n"
	"== tests/billing/test_a.py\n"
	"== src/identity/module.yaml\n"
	"module: identity\n"
	"depends_on:\n"
	"strict: true\n"
	"rules: {unused: warn}\n"
	"== src/web/module.yaml\n"
	"module: web\n"
	"layer: edge\n"
	"== libs/x/y/module.yaml\n"
	"module: deep\n";

static void load(const char *tree)
{
	fixture_write(&fixture, tree);
	fixture_load(&fixture);
	assert_int_equal(fixture.result, 0);
}

static void load_well(const char *tree)
{
	_cleanup_(text_release) struct text errors = {0};
	load(tree);
	fixture_errors(&fixture, &errors);
	assert_string_equal(text_str(&errors).at, "");
}

static void everything_is_read(void **state)
{
	(void)state;
	load_well(SHOP);
	const struct contracts *contracts = &fixture.contracts;
	assert_true(contracts->found);
	assert_int_equal(contracts->module_patterns.count, 3);
	assert_string_equal(contracts->module_patterns.items[1].text.at, "libs/**");
	assert_string_equal(contracts->module_patterns.items[2].text.at, "");
	assert_string_equal(contracts->exclude.items[0].text.at, "vendor/");
	assert_int_equal(contracts->exclude.items[1].line, 3);
	assert_int_equal(contracts->exclude.items[1].column, 22);
	assert_string_equal(contracts->outside.items[0].text.at, "scripts");
	assert_int_equal(contracts->layer_count, 2);
	assert_false(contracts->layers[0].closed);
	assert_true(contracts->layers[1].closed);
	assert_true(contracts->ignore_types[RULE_CYCLE]);
	assert_false(contracts->ignore_types[RULE_DEPENDENCY]);
	assert_int_equal(contracts->language_count, 2);
	assert_string_equal(contracts->languages[0].roots.items[0].text.at, "src");
	assert_string_equal(contracts->languages[1].includes.items[0].text.at, "src/billing");
	assert_int_equal(contracts->forbidden_count, 2);
	assert_false(contracts->forbidden[0].indirect);
	assert_true(contracts->forbidden[1].indirect);
	assert_string_equal(contracts->forbidden[0].reason.at, "because");
	assert_int_equal(contracts->forbidden[1].line, 15);
	assert_int_equal(contracts->forbidden[0].to.items[1].module,
			 contracts_find(contracts, STR("deep")));
	assert_int_equal(contracts->independent_count, 1);
}

static void a_module_is_read(void **state)
{
	(void)state;
	load_well(SHOP);
	const struct contracts *contracts = &fixture.contracts;
	uint32_t index = contracts_find(contracts, STR("billing"));
	assert_int_not_equal(index, MODULE_NONE);
	const struct module *billing = &contracts->modules[index];
	assert_string_equal(billing->path.at, "src/billing");
	assert_string_equal(billing->file.at, "src/billing/module.yaml");
	assert_int_equal(billing->line, 2);
	assert_int_equal(billing->column, 9);
	assert_string_equal(billing->description.at, "Takes money.\nGives change.\n");
	assert_string_equal(billing->owner.at, "payments");
	assert_int_equal(billing->layer, 1);
	assert_int_equal(billing->depends_on.count, 2);
	assert_int_equal(billing->depends_on.items[0].name.column, 14);
	assert_int_equal(billing->depends_on.items[1].module,
			 contracts_find(contracts, STR("web")));
	assert_int_equal(billing->depends_on_line, 8);
	assert_int_equal(billing->public.count, 4);
	assert_string_equal(billing->public.items[1].text.at, "api");
	assert_string_equal(billing->public.items[3].text.at, "");
	assert_int_equal(billing->visible_to_line, 10);
	assert_int_equal(billing->external.count, 2);
	assert_string_equal(billing->roots.items[0].text.at, "tests/billing");
	assert_int_equal(billing->owns.count, 2);
	assert_int_equal(billing->exception_count, 2);
	assert_int_equal(billing->exceptions[0].rule, RULE_DEPENDENCY);
	assert_int_equal(billing->exceptions[0].to.module, contracts_find(contracts, STR("deep")));
	assert_int_equal(billing->exceptions[1].to.module, MODULE_NONE);
	assert_int_equal(billing->exceptions[1].until.day, 29);
}

static void what_is_not_given_is_told_from_what_is_empty(void **state)
{
	(void)state;
	load_well(SHOP);
	const struct contracts *contracts = &fixture.contracts;
	const struct module *identity =
		&contracts->modules[contracts_find(contracts, STR("identity"))];
	assert_true(identity->depends_on.given);
	assert_int_equal(identity->depends_on.count, 0);
	assert_false(identity->public.given);
	assert_int_equal(identity->public_line, identity->line);
	assert_int_equal(identity->layer, MODULE_NONE);
}

static void modules_are_in_byte_order_of_their_paths(void **state)
{
	(void)state;
	load_well("== ashlar.yaml\nversion: 1\nmodules: [\"**\"]\n"
		  "== a-b/module.yaml\nmodule: ab\n"
		  "== a/module.yaml\nmodule: a\n"
		  "== a/c/module.yaml\nmodule: ac\n");
	const struct contracts *contracts = &fixture.contracts;
	assert_int_equal(contracts->module_count, 3);
	assert_string_equal(contracts->modules[0].path.at, "a");
	assert_string_equal(contracts->modules[1].path.at, "a-b");
	assert_string_equal(contracts->modules[2].path.at, "a/c");
}

static void severities(void **state)
{
	(void)state;
	load_well(SHOP);
	const struct contracts *contracts = &fixture.contracts;
	uint32_t billing = contracts_find(contracts, STR("billing"));
	uint32_t identity = contracts_find(contracts, STR("identity"));
	uint32_t web = contracts_find(contracts, STR("web"));
	assert_int_equal(contracts_severity(contracts, RULE_CYCLE, web), SEVERITY_WARN);
	assert_int_equal(contracts_severity(contracts, RULE_CYCLE, billing), SEVERITY_ERROR);
	assert_int_equal(contracts_severity(contracts, RULE_CYCLE, identity), SEVERITY_ERROR);
	assert_int_equal(contracts_severity(contracts, RULE_PRIVACY, billing), SEVERITY_WARN);
	assert_int_equal(contracts_severity(contracts, RULE_UNUSED, web), SEVERITY_OFF);
	assert_int_equal(contracts_severity(contracts, RULE_UNUSED, identity), SEVERITY_ERROR);
	assert_int_equal(contracts_severity(contracts, RULE_EXHAUSTIVE, MODULE_NONE), SEVERITY_OFF);
	assert_int_equal(contracts_severity(contracts, RULE_CYCLE, MODULE_NONE), SEVERITY_WARN);
	assert_true(contracts_strict(contracts, identity));
	assert_false(contracts_strict(contracts, billing));
	assert_false(contracts_strict(contracts, MODULE_NONE));
}

static void defaults(void **state)
{
	(void)state;
	load_well("== a.py\n");
	const struct contracts *contracts = &fixture.contracts;
	assert_false(contracts->found);
	for (enum rule_id rule = 0; rule < RULE_COUNT; rule++)
		assert_int_equal(contracts_severity(contracts, rule, MODULE_NONE),
				 rule == RULE_UNUSED       ? SEVERITY_WARN
				 : rule == RULE_EXHAUSTIVE ? SEVERITY_OFF
							   : SEVERITY_ERROR);
}

static void rules_have_names(void **state)
{
	(void)state;
	for (enum rule_id rule = 0; rule < RULE_COUNT; rule++)
		assert_int_equal(rule_named(str_of(rule_name(rule))), rule);
	assert_int_equal(rule_named(STR("no such")), RULE_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(everything_is_read, tear_down),
		cmocka_unit_test_teardown(a_module_is_read, tear_down),
		cmocka_unit_test_teardown(what_is_not_given_is_told_from_what_is_empty, tear_down),
		cmocka_unit_test_teardown(modules_are_in_byte_order_of_their_paths, tear_down),
		cmocka_unit_test_teardown(severities, tear_down),
		cmocka_unit_test_teardown(defaults, tear_down),
		cmocka_unit_test_teardown(rules_have_names, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
