/* SPDX-License-Identifier: Apache-2.0 */
/* The rule `dependency`: what a module references stands in its depends_on. */
#include "rule/judge.h"

static const char EXPLANATION[] =
	"A module may reference only the modules that its `depends_on` names. Without the key\n"
	"it may reference none.\n"
	"\n"
	"Teams want it because a dependency that nobody wrote down is one that nobody\n"
	"decided. With it, who needs whom is read in one line of the contract.\n"
	"\n"
	"    module: billing\n"
	"    depends_on: [identity]\n"
	"\n"
	"    src/billing/charge.py:3:8 error dependency\n"
	"    src/billing/charge.py imports legacy.prices, but billing does not depend on legacy\n"
	"\n"
	"Fix it by adding the module to `depends_on` where the dependency is meant; by taking\n"
	"the value as an argument or moving it where both may reach it where it is not; by an\n"
	"event or a callback where the other module needs this one already. An exception with\n"
	"`to: MODULE` allows it until its date.\n";

/* What stands in the way of simply declaring the dependency. */

static bool tell_layers(struct judge *judge, const struct edge *edge)
{
	uint32_t from = judge_module(judge, edge->from)->layer;
	uint32_t to = judge_module(judge, edge->to)->layer;
	if (from == MODULE_NONE || to == MODULE_NONE || to >= from)
		return false;
	tell(judge, "Declaring it does not help: %.*s is in layer %.*s, above %.*s. ",
	     STR_ARG(judge_module(judge, edge->to)->name),
	     STR_ARG(judge->contracts->layers[to].name.text),
	     STR_ARG(judge->contracts->layers[from].name.text));
	tell(judge, "Move what is used down, or turn the reference round.");
	return true;
}

static bool tell_visibility(struct judge *judge, const struct edge *edge)
{
	const struct module *to = judge_module(judge, edge->to);
	if (!to->visible_to.given || digraph_has(&judge->visible, edge->to, edge->from))
		return false;
	tell(judge, "Declaring it is not enough: ");
	tell_module(judge, edge->to);
	tell(judge, " has to make itself visible to %.*s too (",
	     STR_ARG(judge_module(judge, edge->from)->name));
	tell_place(judge, edge->to, to->visible_to_line);
	tell(judge, ").");
	return true;
}

static void tell_line_to_add(struct judge *judge, const struct edge *edge)
{
	const struct module *from = judge_module(judge, edge->from);
	struct str to = judge_module(judge, edge->to)->name;
	tell(judge, "If %.*s is to need %.*s, ", STR_ARG(from->name), STR_ARG(to));
	if (from->depends_on.given)
		tell(judge, "add %.*s to depends_on (", STR_ARG(to));
	else
		tell(judge, "add `depends_on: [%.*s]` (", STR_ARG(to));
	tell_place(judge, edge->from, from->depends_on_line);
	tell(judge, ").");
}

static int tell_help(struct judge *judge, const struct edge *edge, struct error *error)
{
	int length = judge_way(judge, edge->to, edge->from, error);
	if (length < 0)
		return -1;
	if (length > 0) {
		tell(judge, "Declaring it would close a circle, for %.*s needs %.*s already: ",
		     STR_ARG(judge_module(judge, edge->to)->name),
		     STR_ARG(judge_module(judge, edge->from)->name));
		tell_path(judge, judge->path, (uint32_t)length);
		tell(judge, ". Move what both need into a module below them, or let one tell the "
			    "other by an event or a callback.");
	} else if (!tell_layers(judge, edge) && !tell_visibility(judge, edge)) {
		tell_line_to_add(judge, edge);
	}
	tell_removal(judge, "\nOr", judge_use_count(judge, edge));
	tell_exception(judge, edge->from, judge_module(judge, edge->to)->name);
	return 0;
}

static void tell_why(struct judge *judge, uint32_t module)
{
	const struct module *from = judge_module(judge, module);
	tell_module(judge, module);
	if (from->depends_on.count > 0) {
		tell(judge, " may depend on ");
		tell_modules(judge, &from->depends_on);
		tell(judge, " only (");
	} else {
		tell(judge, " may depend on no other module (");
	}
	tell_place(judge, module, from->depends_on_line);
	tell(judge, ").");
}

static int judge_pair(struct judge *judge, const struct edge *edge, struct error *error)
{
	struct str from = judge_module(judge, edge->from)->name;
	struct str to = judge_module(judge, edge->to)->name;
	if (!judge_first_use(judge, edge) || judge_excuses(judge, edge->from, to))
		return 0;
	struct verdict verdict;
	tell(judge, "but %.*s does not depend on %.*s", STR_ARG(from), STR_ARG(to));
	verdict.wall = told(judge);
	tell_why(judge, edge->from);
	verdict.why = told(judge);
	if (tell_help(judge, edge, error) < 0)
		return -1;
	verdict.help = told(judge);
	judge_edge(judge, edge, &verdict);
	return 0;
}

static int judge_dependency(struct judge *judge, struct error *error)
{
	const struct graph *graph = judge->graph;
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct edge *edge = &graph->edges[i];
		if (!judge_minds(judge, edge->from) ||
		    digraph_has(&judge->declared, edge->from, edge->to))
			continue;
		if (judge_pair(judge, edge, error) < 0)
			return -1;
	}
	return 0;
}

const struct rule RULE_TABLE_DEPENDENCY = {
	.summary = "a reference to a module that depends_on does not name",
	.explanation = EXPLANATION,
	.judge = judge_dependency,
};
