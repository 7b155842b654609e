/* SPDX-License-Identifier: Apache-2.0 */
/* The rule `visibility`: who references a module stands in its visible_to. */
#include "rule/judge.h"

static const char EXPLANATION[] =
	"A module with `visible_to` may be referenced only by the modules named there.\n"
	"\n"
	"Teams want it to keep a module for a few users while it is young, or for good, when\n"
	"it is an inner part of something larger: its owner decides, not those who use it.\n"
	"\n"
	"    module: ledger\n"
	"    visible_to: [billing]\n"
	"\n"
	"    src/shop/cart.go:9:2 error visibility\n"
	"    src/shop/cart.go imports example.com/app/ledger, but ledger is not visible to shop\n"
	"\n"
	"Fix it by going through one of the modules that may see it, or ask its owner to add\n"
	"yours to `visible_to`. An exception with `to: MODULE` in the module that references\n"
	"it allows it until its date.\n";

/* A module that `from` depends on and that may see `to`; or MODULE_NONE. */
static uint32_t find_way(const struct judge *judge, uint32_t from, uint32_t to)
{
	const struct module_uses *seen_by = &judge_module(judge, to)->visible_to;
	for (size_t i = 0; i < seen_by->count; i++)
		if (digraph_has(&judge->declared, from, seen_by->items[i].module))
			return seen_by->items[i].module;
	return MODULE_NONE;
}

static void tell_help(struct judge *judge, const struct edge *edge)
{
	const struct module *from = judge_module(judge, edge->from);
	const struct module *to = judge_module(judge, edge->to);
	uint32_t way = find_way(judge, edge->from, edge->to);
	if (way != MODULE_NONE)
		tell(judge,
		     "Ask %.*s for it, which %.*s depends on and which may see %.*s; or let ",
		     STR_ARG(judge_module(judge, way)->name), STR_ARG(from->name),
		     STR_ARG(to->name));
	else
		tell(judge, "Let ");
	tell(judge, "%.*s add %.*s to visible_to (",
	     STR_ARG(to->owner.length ? to->owner : STR("its owner")), STR_ARG(from->name));
	tell_place(judge, edge->to, to->visible_to_line);
	tell(judge, ").");
	tell_exception(judge, edge->from, to->name);
}

static void tell_why(struct judge *judge, uint32_t module)
{
	const struct module *about = judge_module(judge, module);
	tell_module(judge, module);
	if (about->visible_to.count > 0) {
		tell(judge, " is visible to ");
		tell_modules(judge, &about->visible_to);
		tell(judge, " only (");
	} else {
		tell(judge, " is visible to no other module (");
	}
	tell_place(judge, module, about->visible_to_line);
	tell(judge, ").");
}

static void judge_pair(struct judge *judge, const struct edge *edge)
{
	struct str from = judge_module(judge, edge->from)->name;
	struct str to = judge_module(judge, edge->to)->name;
	if (!judge_first_use(judge, edge) || judge_excuses(judge, edge->from, to))
		return;
	struct verdict verdict;
	tell(judge, "but %.*s is not visible to %.*s", STR_ARG(to), STR_ARG(from));
	verdict.wall = told(judge);
	tell_why(judge, edge->to);
	verdict.why = told(judge);
	tell_help(judge, edge);
	verdict.help = told(judge);
	judge_edge(judge, edge, &verdict);
}

static int judge_visibility(struct judge *judge, struct error *error)
{
	(void)error;
	const struct graph *graph = judge->graph;
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct edge *edge = &graph->edges[i];
		if (judge_minds(judge, edge->from) &&
		    judge_module(judge, edge->to)->visible_to.given &&
		    !digraph_has(&judge->visible, edge->to, edge->from))
			judge_pair(judge, edge);
	}
	return 0;
}

const struct rule RULE_TABLE_VISIBILITY = {
	.summary = "a reference to a module that is not visible to this one",
	.explanation = EXPLANATION,
	.judge = judge_visibility,
};
