/* SPDX-License-Identifier: Apache-2.0 */
/* The rule `independence`: modules side by side that know nothing of each other. */
#include "rule/wall.h"

static const char EXPLANATION[] =
	"No module of an `independent` entry may reference another of the same entry, nor\n"
	"reach it through modules outside of the entry.\n"
	"\n"
	"Teams want it for plug-ins, for regions, for products on one platform: each can be\n"
	"changed, tested and removed without looking at the others.\n"
	"\n"
	"    independent:\n"
	"      - {modules: [card, invoice, wallet], reason: \"each payment method can go\"}\n"
	"\n"
	"    src/card/pay.go:7:2 error independence\n"
	"    src/card/pay.go imports example.com/app/wallet, but card and wallet are to be\n"
	"    independent of each other\n"
	"\n"
	"Fix it by moving what both need into a module of its own, which uses neither, or by\n"
	"letting a module above them put the two together. An exception with `to: MODULE`\n"
	"allows it until its date, in that direction.\n";

static void tell_wall(struct judge *judge, uint32_t from, uint32_t to)
{
	tell(judge, "%.*s and %.*s are to be independent of each other",
	     STR_ARG(judge_module(judge, from)->name), STR_ARG(judge_module(judge, to)->name));
}

static void tell_why(struct judge *judge, const struct wall *wall)
{
	tell(judge, CONTRACT_ROOT_NAME ":%u keeps ", wall->line);
	tell_modules(judge, wall->from);
	tell(judge, " independent of each other");
	if (wall->reason.length)
		tell(judge, ": %.*s", STR_ARG(wall->reason));
	else
		tell(judge, ".");
}

static void make(const struct judge *judge, size_t index, struct wall *out)
{
	const struct independent *independent = &judge->contracts->independent[index];
	*out = (struct wall){
		.from = &independent->modules,
		.to = &independent->modules,
		.indirect = true,
		.tell_wall = tell_wall,
		.tell_why = tell_why,
		.reason = independent->reason,
		.line = independent->line,
		.help = STR("Or let a module above both put them together."),
	};
}

static int judge_independence(struct judge *judge, struct error *error)
{
	return judge_walls(judge, judge->contracts->independent_count, make, error);
}

const struct rule RULE_TABLE_INDEPENDENCE = {
	.summary = "a reference between modules that an independent entry parts",
	.explanation = EXPLANATION,
	.judge = judge_independence,
};
