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
static uint32_t ids[5];
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

/* What may answer in place of billing, and who may call both. */
static const ash_method JOINING_CHARGE[] = {{"Charge", &MESSAGE, &MESSAGE, ASH_JOINS}};
static const ash_port SPARE = {"spare.v1.Spare", "spare", CHARGE, 1, &ids[3]};
static const ash_port JOINING_SPARE = {"spare.v1.Joining", "spare", JOINING_CHARGE, 1, &ids[4]};
static const ash_provides SPARES[] = {{.port = &SPARE}, {.port = &JOINING_SPARE}};
static const ash_named ON_BOTH[] = {{"billing", {"m", 1, 1}}, {"spare", {"m", 1, 1}}};
static const ash_module spare = {.name = "spare", .provides = SPARES, .provides_count = 2};
static const ash_module careful = {.name = "orders", .depends_on = ON_BOTH, .depends_on_count = 2};
static const ash_module *const SPARED[] = {&careful, &billing, &spare};
static const ash_module *const NOT_SPARED[] = {&orders, &billing, &spare};

/* Of billing a port with several methods, one of which joins; and a module that replaces it. */
static const ash_method MANY[] = {{"Charge", &MESSAGE, &MESSAGE, ASH_OWN},
				  {"Refund", &MESSAGE, &MESSAGE, ASH_OWN},
				  {"Join", &MESSAGE, &MESSAGE, ASH_JOINS}};
static uint32_t large_id;
static const ash_port LARGE_BILLING = {"billing.v1.Billing", "billing", MANY, 3, &large_id};
static const ash_provides LARGE_BILLS[] = {{.port = &LARGE_BILLING}};
static const ash_module large = {.name = "billing", .provides = LARGE_BILLS, .provides_count = 1};
static const ash_module next = {.name = "next",
				.replaces = {"billing", {"m", 1, 1}},
				.provides = LARGE_BILLS,
				.provides_count = 1};
static const ash_module *const LARGE[] = {&orders, &large};
static const ash_module *const REPLACED[] = {&orders, &large, &next};

/* Called by nobody but over HTTP. */
static const char *const ROUTES[] = {"POST /charges", NULL};
static const ash_method ROUTED[] = {
	{"Charge", &MESSAGE, &MESSAGE, ASH_OWN, ASH_IDEMPOTENCY_UNKNOWN, NULL, ROUTES}};
static const ash_port OVER_HTTP = {"billing.v1.Billing", "billing", ROUTED, 1, &ids[2]};
static const ash_provides ANSWERS[] = {{.port = &OVER_HTTP}};
static const ash_module alone = {.name = "orders"};
static const ash_module asked = {.name = "billing", .provides = ANSWERS, .provides_count = 1};
static const ash_module *const UNCALLED[] = {&alone, &asked};

#define ALL   "  front: {modules: [orders], front: true, address: http://h:1}\n"
#define TOP   "version: 1\nprocesses:\n"
#define FRONT "  front: {modules: [orders], address: http://h:1}\n"
#define BOTH                                                                                       \
	"  a: {modules: [orders, billing], address: http://h:1}\n"                                 \
	"  b: {modules: [billing], address: http://h:2}\n"
#define ONE   "  a: {modules: [orders, billing, next]}\n"
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
	{(TOP FRONT "  money: {modules: [billing], address: https://h:2, identity: m}\n"), TWO, 2,
	 "3:3: the process 'front' needs an 'identity': others have one, in line 4"},
	{(TOP "  front: {modules: [orders], identity: m}\n"
	      "  money: {modules: [billing], address: https://h:2, identity: m}\n"),
	 TWO, 2, "the identity m is given in line 3 already"},
	{(TOP "  front: {modules: [orders, billing], identity: '*.m'}\n"), TWO, 2,
	 "3:49: 'identity' wants the name in a certificate"},
	{(TOP "  front: {modules: [orders, billing], address: ftp://h:2}\n"), TWO, 2,
	 "'address' wants http:// or https://HOST:PORT, without a path, not 'ftp://h:2'"},
	{(TOP ALL "  money: {modules: [billing], address: http://h:2}\n"), UNCALLED, 2, NULL},
	{(TOP ALL "  money: {modules: [billing]}\n"), UNCALLED, 2,
	 "needs an 'address': 'front' calls 'billing'"},
	{(TOP ALL "  money: {modules: [billing], role: worker, address: http://h:2}\n"), UNCALLED,
	 2, "is a worker and serves no calls, but 'front' calls 'billing'"},
	{(TOP MONEY "  front: {modules: [orders], front: true, role: worker}\n"), UNCALLED, 2,
	 "'front' is a worker and answers no requests"},
	{(TOP "  a: {modules: [orders, billing], settings: {any: thing}}\n"), TWO, 2, NULL},
	{(TOP "  a: {modules: [orders, billing], settings: [any]}\n"), TWO, 2,
	 "3:45: 'settings' wants a mapping (name: value), not a list"},
	{(TOP "  a: {modules: [orders, billing], settings: {any: [thing]}}\n"), TWO, 2,
	 "3:51: 'any' wants a text, not a list"},
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
	{"version: 1\npolicies: {a: {fallback: spare.v1.Spare}}\nports: {billing.v1.Billing: "
	 "{policy: a}}\n",
	 SPARED, 3, NULL},
	{"version: 1\npolicies: {a: {fallback: spare.v1.Spare}}\nports: {billing.v1.Billing: "
	 "{policy: a}}\n",
	 NOT_SPARED, 3,
	 "2:26: spare.v1.Spare cannot stand in for billing.v1.Billing: 'orders' may call that"},
	{"version: 1\npolicies: {a: {fallback: spare.v1.Joining}}\nports: {billing.v1.Billing: "
	 "{policy: a}}\n",
	 SPARED, 3, "2:26: spare.v1.Joining cannot stand in for billing.v1.Billing: it has no"},
	{"version: 1\npolicies: {a: {fallback: spare.v1.Spare}, b: {fallback: "
	 "billing.v1.Billing}}\nports: {billing.v1.Billing: {policy: a}, spare.v1.Spare: "
	 "{policy: b}}\n",
	 SPARED, 3,
	 "spare.v1.Spare cannot stand in for billing.v1.Billing: Charge would come back"},
	{"version: 1\nsplits: {billing.v1.Billing: {from: billing, to: billing}}\n", TWO, 2,
	 "both sides of the split"},
	{(TOP BOTH "splits: {billing.v1.Billing/Charge: {from: billing@a, to: billing@b}}\n"), TWO,
	 2, NULL},
	{(TOP BOTH "splits: {billing.v1.Billing/Chrge: {from: billing@a, to: billing@b}}\n"), TWO,
	 2, "5:10: the port billing.v1.Billing has no method 'Chrge'; did you mean 'Charge'?"},
	{(TOP BOTH "splits: {billing.v1.Billing/: {from: billing@a, to: billing@b}}\n"), TWO, 2,
	 "5:10: the port billing.v1.Billing has no method ''"},
	{(TOP BOTH "splits: {billing.v1.Biling/Charge: {from: billing@a, to: billing@b}}\n"), TWO,
	 2, "5:10: there is no port 'billing.v1.Biling'; did you mean 'billing.v1.Billing'?"},
	{(TOP BOTH "splits:\n"
		   "  billing.v1.Billing/Charge: {from: billing@a, to: billing@b}\n"
		   "  billing.v1.Billing: {from: billing@a, to: billing@b}\n"),
	 TWO, 2, "7:3: billing.v1.Billing has a split in line 6, and two for some methods"},
	{(TOP BOTH "splits:\n"
		   "  billing.v1.Billing: {from: billing@a, to: billing@b}\n"
		   "  billing.v1.Billing/Charge: {from: billing@a, to: billing@b}\n"),
	 TWO, 2, "7:3: billing.v1.Billing has a split in line 6, and two for some methods"},
	{(TOP BOTH "splits:\n"
		   "  billing.v1.Billing/Charge: {from: billing@a, to: billing@b}\n"
		   "  billing.v1.Billing/Refund: {from: billing@b, to: billing@a}\n"),
	 LARGE, 2,
	 "7:37: 'billing' is at 'billing@a' by line 6, where calls go that are not split"},
	{(TOP BOTH "splits:\n"
		   "  billing.v1.Billing/Charge: {from: billing@b, to: billing@a}\n"
		   "  billing.v1.Billing/Refund: {from: billing@b, to: billing@a}\n"),
	 LARGE, 2, NULL},
	{(TOP BOTH "splits: {billing.v1.Billing/Join: {from: billing@a, to: billing@b}}\n"), LARGE,
	 2, "5:10: billing.v1.Billing/Join joins its caller's transaction, which two sides cannot"},
	/* What joins is called where its caller is, and orders is where billing is. */
	{(TOP BOTH "splits: {billing.v1.Billing: {from: billing@b, to: billing@a}}\n"), LARGE, 2,
	 NULL},
	/* Here it is not. */
	{(TOP BOTH "  c: {modules: [orders], address: http://h:3}\n"
		   "splits: {billing.v1.Billing: {from: billing@b, to: billing@a}}\n"),
	 LARGE, 2, "the module 'orders' is in the process 'a' already"},
	{(TOP "  a: {modules: [orders], address: http://h:1}\n"
	      "  b: {modules: [billing], address: http://h:2}\n"
	      "  c: {modules: [billing], address: http://h:3}\n"
	      "splits: {billing.v1.Billing: {from: billing@b, to: billing@c}}\n"),
	 LARGE, 2, "3:17: 'orders' depends on 'billing', whose billing.v1.Billing/Join joins"},
	{(TOP ONE "splits: {billing.v1.Billing: {from: billing, to: next}}\n"), REPLACED, 3,
	 "4:10: billing.v1.Billing/Join joins its caller's transaction and would stay with "
	 "'billing' alone; name the methods that are split"},
	{(TOP ONE "splits: {billing.v1.Billing/Charge: {from: billing, to: next}}\n"), REPLACED, 3,
	 NULL},
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

static const ash_module at_work = {.name = "billing",
				   .provides = BILLS,
				   .provides_count = 1,
				   .schedules = (const ash_schedule[]){{.name = "nightly"}},
				   .schedule_count = 1};
static const ash_module *const WORKING[] = {&orders, &at_work};

static void work_that_nobody_does_is_warned_of(void **state)
{
	static const struct {
		const char *source;
		size_t warnings;
	} ROLES[] = {
		{(TOP FRONT "  money: {modules: [billing], role: http, address: http://h:2}\n"), 1},
		{(TOP FRONT MONEY), 0},
		{(TOP "  front: {modules: [orders], role: http}\n" MONEY), 0},
		{(TOP "  a: {modules: [orders, billing], role: http, address: http://h:1}\n"
		      "  b: {modules: [billing], role: worker, address: http://h:2}\n"
		      "splits: {billing.v1.Billing: {from: billing@a, to: billing@b}}\n"),
		 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ROLES / sizeof *ROLES; i++) {
		struct error_list errors = {0}, warnings = {0};
		_cleanup_(text_release) struct text drawn = {0};
		assert_int_equal(run(ROLES[i].source, WORKING, 2, &errors, &warnings, &drawn), 0);
		assert_int_equal(warnings.count, ROLES[i].warnings);
		if (warnings.count) {
			assert_int_equal(warnings.items[0].line, 4);
			assert_non_null(strstr(warnings.items[0].message,
					       "'billing' has schedules, and 'money' has the role "
					       "http"));
			assert_non_null(strstr(warnings.items[0].message,
					       "--role worker and a --listen of its own"));
		}
		error_list_clear(&errors);
		error_list_clear(&warnings);
	}
}

static void a_mistake_of_all_methods_is_told_once(void **state)
{
	static const char SOURCE[] =
		"version: 1\npolicies: {a: {fallback: billing.v1.Billing}}\nports: "
		"{billing.v1.Billing: {policy: a}}\n";
	struct error_list errors = {0}, warnings = {0};
	_cleanup_(text_release) struct text drawn = {0};
	(void)state;
	assert_int_equal(run(SOURCE, LARGE, 2, &errors, &warnings, &drawn), 0);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.items[0].message, "cannot be its own fallback"));
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
		cmocka_unit_test(work_that_nobody_does_is_warned_of),
		cmocka_unit_test(a_mistake_of_all_methods_is_told_once),
		cmocka_unit_test(memory_may_run_out_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
