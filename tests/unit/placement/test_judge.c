/* SPDX-License-Identifier: Apache-2.0 */
/* What a deployment file may not say of an application, and how it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "placement/placement.h"

static const ProtobufCMessageDescriptor MESSAGE = {.name = "billing.v1.Message"};
static const ash_method CHARGE[] = {{"Charge", &MESSAGE, &MESSAGE, ASH_OWN}};
static const ash_method JOINING[] = {{"Reserve", &MESSAGE, &MESSAGE, ASH_JOINS}};
static uint32_t ids[3];
static const ash_port BILLING = {"billing.v1.Billing", "billing", CHARGE, 1, &ids[0]};
static const ash_port STOCK = {"stock.v1.Stock", "stock", JOINING, 1, &ids[1]};
static const ash_provides BILLS[] = {{.port = &BILLING}};
static const ash_provides STOCKS[] = {{.port = &STOCK}};
static const ash_named ON_BILLING[] = {{"billing", {"m", 1, 1}}};
static const ash_named ON_STOCK[] = {{"stock", {"m", 1, 1}}};
static const ash_module billing = {.name = "billing", .provides = BILLS, .provides_count = 1};
static const ash_module orders = {
	.name = "orders", .depends_on = ON_BILLING, .depends_on_count = 1};
static const ash_module stock = {.name = "stock", .provides = STOCKS, .provides_count = 1};
static const ash_module shelf = {.name = "shelf", .depends_on = ON_STOCK, .depends_on_count = 1};
/* Called by billing, and placed with orders. */
static const ash_module calling_billing = {.name = "billing",
					   .provides = BILLS,
					   .provides_count = 1,
					   .depends_on = ON_STOCK,
					   .depends_on_count = 1};
static const ash_module *const TWO[] = {&orders, &billing};
static const ash_module *const JOINED[] = {&shelf, &stock};
static const ash_module *const RETURNING[] = {&orders, &calling_billing, &stock};

#define TOP   "version: 1\nprocesses:\n"
#define FRONT "  front: {modules: [orders], address: http://h:1}\n"
#define MONEY "  money: {modules: [billing], address: http://h:2}\n"

static const struct {
	const char *source;
	const ash_module *const *modules;
	size_t count;
	const char *expected; /* in the first error; NULL: none */
} CASES[] = {
	{(TOP FRONT MONEY), TWO, 2, NULL},
	{"workers: 2\n", TWO, 2, NULL},
	{"policies: {}\n", TWO, 2, "1:1: a file with 'policies' says which form it has"},
	{"version: 2\n", TWO, 2, "1:10: 'version' wants 1"},
	{(TOP FRONT), TWO, 2,
	 "no process has the module 'billing', so that nobody places its port"},
	{(TOP FRONT "  b: {modules: [biling]}\n"), TWO, 2,
	 "4:17: there is no module 'biling'; did you mean 'billing'?"},
	{(TOP FRONT MONEY "  more: {modules: [billing]}\n"), TWO, 2,
	 "5:20: the module 'billing' is in the process 'money' already"},
	{(TOP "  a: {modules: [orders, billing, orders]}\n"), TWO, 2, "is in this process already"},
	{(TOP FRONT "  money: {modules: [billing]}\n"), TWO, 2,
	 "needs an 'address': 'orders' calls 'billing'"},
	{(TOP FRONT "  money: {modules: [billing], role: worker, address: http://h:2}\n"), TWO, 2,
	 "is a worker and serves no calls"},
	{(TOP FRONT "  money: {modules: [billing], address: http://h:1}\n"), TWO, 2,
	 "the address http://h:1 is given in line 3 already"},
	{(TOP FRONT "  money: {modules: [billing], adress: http://h:2}\n"), TWO, 2,
	 "no key 'adress'; did you mean 'address'?"},
	{(TOP "  a: {modules: [shelf], address: http://h:1}\n  b: {modules: [stock], address: "
	      "http://h:2}\n"),
	 JOINED, 2, "'shelf' depends on 'stock', whose stock.v1.Stock/Reserve joins"},
	{"version: 1\nports: {billing.v1.Biling: {open: true}}\n", TWO, 2,
	 "did you mean 'billing.v1.Billing'?"},
	{"version: 1\nports: {billing.v1.Billing: {policy: none}}\n", TWO, 2,
	 "there is no policy 'none'"},
	{"version: 1\npolicies: {a: {}}\nports: {billing.v1.Billing: {methods: {Chrge: {policy: "
	 "a}}}}\n",
	 TWO, 2, "has no method 'Chrge'; did you mean 'Charge'?"},
	{"version: 1\npolicies: {a: {timeout: 800}}\n", TWO, 2, "2:25: 'timeout' wants a time"},
	{"version: 1\npolicies: {a: {breaker: {failure_rate: 101%}}}\n", TWO, 2,
	 "'failure_rate' wants a percentage"},
	{"version: 1\npolicies: {a: {retry: {attempts: 0}}}\n", TWO, 2,
	 "a number from 1 to 100, not '0'"},
	{"version: 1\npolicies: {a: {fallback: x}}\n", TWO, 2, "there is no port 'x'"},
	{"version: 1\npolicies: {a: {fallback: billing.v1.Billing}}\nports: {billing.v1.Billing: "
	 "{policy: a}}\n",
	 TWO, 2, "cannot be its own fallback"},
	{"version: 1\nsplits: {billing.v1.Billing: {from: billing, to: billing}}\n", TWO, 2,
	 "both sides of the split"},
};

static int run(const char *source, const ash_module *const *modules, size_t count,
	       struct error_list *errors, struct error_list *warnings, struct text *drawn)
{
	_cleanup_(placement_release) struct placement placement = {0};
	struct error error;
	if (placement_read("d.yaml", str_of(source), true, &placement, errors, &error) < 0 ||
	    placement_judge(&placement, modules, count, errors, warnings, &error) < 0)
		return -1;
	return placement_draw(&placement, modules, count, PLACEMENT_TEXT, drawn, &error);
}

static void mistakes_are_told_with_their_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct error_list errors = {0}, warnings = {0};
		_cleanup_(text_release) struct text drawn = {0};
		char line[2048] = "";
		assert_int_equal(run(CASES[i].source, CASES[i].modules, CASES[i].count, &errors,
				     &warnings, &drawn),
				 0);
		if (errors.count)
			error_format(&errors.items[0], line, sizeof line);
		if (CASES[i].expected ? !strstr(line, CASES[i].expected) : errors.count > 0)
			fail_msg("%s\ngave: %s", CASES[i].source, line);
		error_list_clear(&errors);
		error_list_clear(&warnings);
	}
}

static const char CIRCLE[] = "version: 1\nprocesses:\n"
			     "  front: {modules: [orders, stock], address: http://h:1}\n"
			     "  money: {modules: [billing], address: http://h:2}\n"
			     "policies: {p: {timeout: 800ms}}\nports:\n"
			     "  billing.v1.Billing: {policy: p}\n  stock.v1.Stock: {policy: p}\n";

static void calls_that_come_back_are_warned_of(void **state)
{
	(void)state;
	struct error_list errors = {0}, warnings = {0};
	_cleanup_(text_release) struct text drawn = {0};
	assert_int_equal(run(CIRCLE, RETURNING, 3, &errors, &warnings, &drawn), 0);
	assert_int_equal(warnings.count, 1);
	assert_non_null(strstr(warnings.items[0].message,
			       "orders (front) -> billing (money) -> stock (front); their "
			       "time-outs add up to 1600ms"));
	assert_non_null(strstr(drawn.at, "billing.v1.Billing/Charge: p, 800ms"));
	error_list_clear(&errors);
	error_list_clear(&warnings);
}

static void memory_may_run_out_anywhere(void **state)
{
	(void)state;
	int result = -1;
	for (size_t n = 1;; n++) {
		struct error_list errors = {0}, warnings = {0};
		_cleanup_(text_release) struct text drawn = {0};
		mem_fail_from(n);
		result = run(CIRCLE, RETURNING, 3, &errors, &warnings, &drawn);
		bool failed = mem_fail_never();
		error_list_clear(&errors);
		error_list_clear(&warnings);
		if (!failed)
			break;
	}
	assert_int_equal(result, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_are_told_with_their_places),
		cmocka_unit_test(calls_that_come_back_are_warned_of),
		cmocka_unit_test(memory_may_run_out_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
