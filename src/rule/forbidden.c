/* SPDX-License-Identifier: Apache-2.0 */
/* The rule `forbidden`: some modules stay away from some others, whatever depends_on says. */
#include "rule/wall.h"

static const char EXPLANATION[] =
	"No module of an entry's `from` may reference one of its `to`; nor reach it through\n"
	"other modules, unless the entry says `indirect: false`.\n"
	"\n"
	"Teams want it for the few walls that must hold whatever anybody declares: nothing\n"
	"new needs what is to be shut down.\n"
	"\n"
	"    forbidden:\n"
	"      - {from: [shop], to: [legacy], reason: \"legacy is shut down in May\"}\n"
	"\n"
	"    src/shop/cart.py:5:6 error forbidden\n"
	"    shop reaches legacy through prices, but shop is to keep away from legacy:\n"
	"    shop → prices → legacy\n"
	"    1. src/shop/cart.py:5:6  shop references prices (import prices.table)\n"
	"    2. src/prices/table.py:2:8  prices references legacy (import legacy.db)\n"
	"\n"
	"Fix it by cutting one link of the chain; the finding names the one with the fewest\n"
	"lines. Chains go from module to module, and are told where there is no direct\n"
	"reference. An exception with `to: MODULE` allows it until its date.\n";

static void tell_wall(struct judge *judge, uint32_t from, uint32_t to)
{
	tell(judge, "%.*s is to keep away from %.*s", STR_ARG(judge_module(judge, from)->name),
	     STR_ARG(judge_module(judge, to)->name));
}

static void tell_why(struct judge *judge, const struct wall *wall)
{
	tell(judge, CONTRACT_ROOT_NAME ":%u keeps ", wall->line);
	tell_modules(judge, wall->from);
	tell(judge, " from ");
	tell_modules(judge, wall->to);
	tell(judge, "%s", wall->indirect ? ", also through others" : "");
	if (wall->reason.length)
		tell(judge, ": %.*s", STR_ARG(wall->reason));
	else
		tell(judge, ".");
}

static void make(const struct judge *judge, size_t index, struct wall *out)
{
	const struct forbidden *forbidden = &judge->contracts->forbidden[index];
	*out = (struct wall){
		.from = &forbidden->from,
		.to = &forbidden->to,
		.indirect = forbidden->indirect,
		.tell_wall = tell_wall,
		.tell_why = tell_why,
		.reason = forbidden->reason,
		.line = forbidden->line,
	};
}

static int judge_forbidden(struct judge *judge, struct error *error)
{
	return judge_walls(judge, judge->contracts->forbidden_count, make, error);
}

const struct rule RULE_TABLE_FORBIDDEN = {
	.summary = "a reference that a forbidden entry rules out, also through others",
	.explanation = EXPLANATION,
	.judge = judge_forbidden,
};
