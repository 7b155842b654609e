/* SPDX-License-Identifier: Apache-2.0 */
/* How splits are drawn; tests/app/drawings has whole pictures of the shop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "placement/placement.h"

static const ProtobufCMessageDescriptor MESSAGE = {.name = "billing.v1.Message"};
static const char *const ROUTES[] = {"POST /charges", NULL};
static const ash_method METHODS[] = {
	{"Charge", &MESSAGE, &MESSAGE, ASH_OWN, ASH_IDEMPOTENCY_UNKNOWN, "order_id", NULL},
	{"Refund", &MESSAGE, &MESSAGE, ASH_OWN, ASH_IDEMPOTENCY_UNKNOWN, "charge_id", ROUTES},
	{"Join", &MESSAGE, &MESSAGE, ASH_JOINS, ASH_IDEMPOTENCY_UNKNOWN, NULL, NULL}};
static uint32_t id;
static const ash_port BILLING = {"billing.v1.Billing", "billing", METHODS, 3, &id};
static const ash_port PLAIN = {"billing.v1.Billing", "billing", METHODS, 2, &id};
static const ash_provides BILLS[] = {{.port = &BILLING}}, PLAIN_BILLS[] = {{.port = &PLAIN}};
static const ash_named ON_BILLING[] = {{"billing", {"m", 1, 1}}};
static const ash_module orders = {
	.name = "orders", .depends_on = ON_BILLING, .depends_on_count = 1};
static const ash_module billing = {.name = "billing", .provides = BILLS, .provides_count = 1};
static const ash_module next = {.name = "next",
				.replaces = {"billing", {"m", 1, 1}},
				.provides = BILLS,
				.provides_count = 1};
static const ash_module plain = {.name = "billing", .provides = PLAIN_BILLS, .provides_count = 1};
static const ash_module plain_next = {.name = "next",
				      .replaces = {"billing", {"m", 1, 1}},
				      .provides = PLAIN_BILLS,
				      .provides_count = 1};
/* One of billing's methods joins its caller's transaction, and none. */
static const ash_module *const JOINING[] = {&orders, &billing, &next};
static const ash_module *const ALL_APART[] = {&orders, &plain, &plain_next};

#define APART                                                                                      \
	"version: 1\nprocesses:\n"                                                                 \
	"  till: {modules: [orders, billing], front: true, address: http://h:1}\n"                 \
	"  money: {modules: [billing, next], address: http://h:2}\nsplits:\n"

static int draw(const char *source, const ash_module *const *modules, enum placement_format format,
		struct text *out)
{
	struct placement placement = {0};
	struct error_list errors = {0}, warnings = {0};
	struct error error;
	int result =
		placement_read("deploy.yaml", str_of(source), true, &placement, &errors, &error);
	if (result == 0)
		result = placement_judge(&placement, modules, 3, &errors, &warnings, &error);
	if (result == 0 && errors.count)
		fail_msg("%s", errors.items[0].message);
	if (result == 0)
		result = placement_draw(&placement, modules, 3, format, out, &error);
	placement_release(&placement);
	error_list_clear(&errors);
	error_list_clear(&warnings);
	return result;
}

static void expect_part(const char *source, const ash_module *const *modules,
			enum placement_format format, const char *part)
{
	_cleanup_(text_release) struct text drawn = {0};
	assert_int_equal(draw(source, modules, format, &drawn), 0);
	if (!drawn.at || !strstr(drawn.at, part))
		fail_msg("%s", drawn.at ? drawn.at : "nothing");
}

static void expect_none(const char *source, const ash_module *const *modules,
			enum placement_format format, const char *part)
{
	_cleanup_(text_release) struct text drawn = {0};
	assert_int_equal(draw(source, modules, format, &drawn), 0);
	if (!drawn.at || strstr(drawn.at, part))
		fail_msg("%s", drawn.at ? drawn.at : "nothing");
}

static void a_side_is_remote_where_others_may_call_it(void **state)
{
	static const char SOURCE[] = APART
		"  billing.v1.Billing: {from: billing@till, to: billing@money, share: 0.5%}\n";
	(void)state;
	expect_part(SOURCE, JOINING, PLACEMENT_TEXT,
		    "  orders (till) -> billing (money), by a split\n"
		    "    billing.v1.Billing/Charge: no policy, no time-out\n"
		    "    billing.v1.Billing/Refund: no policy, no time-out\n"
		    "splits, with the shares that they begin with:\n"
		    "  billing.v1.Billing, sticky by a key of each method\n"
		    "    from billing@till: 99.50%, 9950 basis points, in till\n"
		    "    to   billing@money: 0.50%, 50 basis points, in money at http://h:2\n"
		    "    no shadow\n");
	expect_part(SOURCE, JOINING, PLACEMENT_DOT,
		    "  m0 -> s0 [label=\"no time-out\"];\n"
		    "  s0 -> m1 [label=\"99.50%, 9950 bp\"];\n"
		    "  s0 -> m1_1 [label=\"0.50%, 50 bp\\nhttp://h:2\"];\n");
}

static void two_modules_of_a_process_are_two_sides(void **state)
{
	static const char SOURCE[] =
		"version: 1\nprocesses:\n"
		"  till: {modules: [orders], front: true, address: http://h:1}\n"
		"  money: {modules: [billing, next], address: http://h:2}\n"
		"splits:\n"
		"  billing.v1.Billing/Refund: {from: billing, to: next, "
		"shadow: {share: 1%, writes: true}}\n";
	(void)state;
	/* Its routes are answered by the front, which is another process. */
	expect_part(SOURCE, ALL_APART, PLACEMENT_TEXT,
		    "  billing.v1.Billing/Refund, sticky by charge_id\n"
		    "    from billing: 100.00%, 10000 basis points, in money at http://h:2\n"
		    "    to   next: 0.00%, 0 basis points, in money at http://h:2\n"
		    "    shadow: 1.00%, 100 basis points, of all calls go to both\n");
	expect_none(SOURCE, ALL_APART, PLACEMENT_TEXT, "by a split");
	/* Charge is called past the split. */
	expect_part(SOURCE, ALL_APART, PLACEMENT_MERMAID,
		    "  m0 -->|\"no time-out\"| m1\n"
		    "  s0{{\"billing.v1.Billing/Refund<br>sticky by charge_id<br>"
		    "shadow of 1.00%, 100 bp, writes too\"}}\n"
		    "  m0 -->|\"no time-out\"| s0\n"
		    "  s0 -->|\"100.00%, 10000 bp<br>http://h:2\"| m1\n"
		    "  s0 -.->|\"0.00%, 0 bp<br>http://h:2\"| m2\n");
}

static void one_process_may_have_no_name(void **state)
{
	static const char SOURCE[] = "version: 1\nsplits:\n  billing.v1.Billing/Charge: "
				     "{from: billing, to: next, share: 50%}\n";
	(void)state;
	expect_part(SOURCE, JOINING, PLACEMENT_TEXT,
		    "splits, with the shares that they begin with:\n"
		    "  billing.v1.Billing/Charge, sticky by order_id\n"
		    "    from billing: 50.00%, 5000 basis points\n"
		    "    to   next: 50.00%, 5000 basis points\n"
		    "    no shadow\n");
	expect_none(SOURCE, JOINING, PLACEMENT_TEXT, "border");
	expect_part(SOURCE, JOINING, PLACEMENT_DOT,
		    "    m0 [label=\"orders\"];\n"
		    "    m1 [label=\"billing\"];\n"
		    "    m2 [label=\"next\"];\n"
		    "  s0 [shape=hexagon label=\"billing.v1.Billing/Charge\\nsticky by order_id\\n"
		    "no shadow\"];\n"
		    "  m0 -> s0;\n"
		    "  s0 -> m1 [label=\"50.00%, 5000 bp\"];\n"
		    "  s0 -> m2 [label=\"50.00%, 5000 bp\"];\n");
}

static void memory_may_run_out_anywhere(void **state)
{
	static const char SOURCE[] =
		APART "  billing.v1.Billing/Charge: {from: billing@till, to: billing@money}\n"
		      "  billing.v1.Billing/Refund: {from: billing@till, to: billing@money}\n";
	(void)state;
	for (int format = PLACEMENT_TEXT; format <= PLACEMENT_MERMAID; format++) {
		int result = -1;
		for (size_t n = 1;; n++) {
			_cleanup_(text_release) struct text drawn = {0};
			mem_fail_from(n);
			result = draw(SOURCE, JOINING, (enum placement_format)format, &drawn);
			if (!mem_fail_never())
				break;
		}
		assert_int_equal(result, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_side_is_remote_where_others_may_call_it),
		cmocka_unit_test(two_modules_of_a_process_are_two_sides),
		cmocka_unit_test(one_process_may_have_no_name),
		cmocka_unit_test(memory_may_run_out_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
