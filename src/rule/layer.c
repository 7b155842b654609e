/* SPDX-License-Identifier: Apache-2.0 */
/* The rule `layer`: an upper layer may use a lower one, and none is jumped over that is closed.
 * Layers count from the top. */
#include "base/mem.h"
#include "rule/judge.h"

static const char EXPLANATION[] =
	"A module may reference modules of its own layer and of those below it. A layer that\n"
	"is `closed` may not be jumped over: those above it reach those below it only through\n"
	"it. A module without a layer is not judged.\n"
	"\n"
	"Teams want it because the order holds for modules that are yet to be written, where\n"
	"a list of dependencies has to be thought of anew.\n"
	"\n"
	"    layers: [edge, {name: domain, closed: true}, platform]\n"
	"\n"
	"    src/db/pool.c:4:10 error layer\n"
	"    src/db/pool.c includes billing/billing.h, but db (layer platform) is below billing\n"
	"    (layer domain)\n"
	"\n"
	"Fix an upward reference by moving what is used down, or by turning it round: the\n"
	"lower module offers a callback, an interface or an event that the upper one uses.\n"
	"Fix a jump by asking a module of the closed layer. An exception with `to: MODULE`\n"
	"allows it until its date.\n";

static struct str layer_name(const struct judge *judge, uint32_t layer)
{
	return judge->contracts->layers[layer].name.text;
}

/* For each layer the first closed one below it, or MODULE_NONE. */
static uint32_t *find_closed(const struct contracts *contracts)
{
	uint32_t *closed = mem_alloc(contracts->layer_count * sizeof *closed);
	uint32_t next = MODULE_NONE;
	for (size_t i = contracts->layer_count; closed && i-- > 0;) {
		closed[i] = next;
		if (contracts->layers[i].closed)
			next = (uint32_t)i;
	}
	return closed;
}

static void tell_order(struct judge *judge)
{
	const struct contracts *contracts = judge->contracts;
	tell(judge, "The layers, upper first: ");
	for (size_t i = 0; i < contracts->layer_count; i++)
		tell(judge, "%s%.*s%s", i > 0 ? ", " : "", STR_ARG(layer_name(judge, (uint32_t)i)),
		     contracts->layers[i].closed ? " (closed)" : "");
	tell(judge, " (" CONTRACT_ROOT_NAME ":%u). ", contracts->layers[0].name.line);
}

static void judge_upward(struct judge *judge, const struct edge *edge)
{
	const struct module *from = judge_module(judge, edge->from);
	const struct module *to = judge_module(judge, edge->to);
	struct verdict verdict;
	tell(judge, "but %.*s (layer %.*s) is below %.*s (layer %.*s)", STR_ARG(from->name),
	     STR_ARG(layer_name(judge, from->layer)), STR_ARG(to->name),
	     STR_ARG(layer_name(judge, to->layer)));
	verdict.wall = told(judge);
	tell_order(judge);
	tell(judge, "None may use one above it.");
	verdict.why = told(judge);
	tell(judge,
	     "Turn it round: let %.*s offer a callback, an interface or an event that %.*s uses; ",
	     STR_ARG(from->name), STR_ARG(to->name));
	tell(judge, "or move what is used down to layer %.*s (",
	     STR_ARG(layer_name(judge, from->layer)));
	tell_count(judge, judge_use_count(judge, edge), "reference", "references");
	tell(judge, ").");
	tell_exception(judge, edge->from, to->name);
	verdict.help = told(judge);
	judge_edge(judge, edge, &verdict);
}

/* Names modules of the closed layer that `edge->from` uses already and that use `edge->to`. */
static void tell_ways(struct judge *judge, const struct edge *edge, uint32_t layer)
{
	enum { MOST = 3 };
	const struct digraph *modules = &judge->graph->modules;
	uint32_t begin = modules->first[edge->from], end = modules->first[edge->from + 1];
	if (!judge_may_advise(judge, end - begin))
		return;
	uint32_t met = 0;
	for (uint32_t i = begin; i < end && met < MOST; i++) {
		uint32_t way = modules->targets[i];
		if (judge_module(judge, way)->layer == layer && digraph_has(modules, way, edge->to))
			tell(judge, "%s%.*s", met++ ? ", " : " Already between the two: ",
			     STR_ARG(judge_module(judge, way)->name));
	}
	tell(judge, "%s", met ? "." : "");
}

static void judge_jump(struct judge *judge, const struct edge *edge, uint32_t closed)
{
	const struct module *from = judge_module(judge, edge->from);
	const struct module *to = judge_module(judge, edge->to);
	struct verdict verdict;
	tell(judge, "past the closed layer %.*s, from layer %.*s to layer %.*s",
	     STR_ARG(layer_name(judge, closed)), STR_ARG(layer_name(judge, from->layer)),
	     STR_ARG(layer_name(judge, to->layer)));
	verdict.wall = told(judge);
	tell_order(judge);
	tell(judge, "What is above a closed layer reaches what is below only through it.");
	verdict.why = told(judge);
	tell(judge, "Ask a module of layer %.*s for it.", STR_ARG(layer_name(judge, closed)));
	tell_ways(judge, edge, closed);
	tell_exception(judge, edge->from, to->name);
	verdict.help = told(judge);
	judge_edge(judge, edge, &verdict);
}

static void judge_pair(struct judge *judge, const struct edge *edge, const uint32_t *closed)
{
	uint32_t from = judge_module(judge, edge->from)->layer;
	uint32_t to = judge_module(judge, edge->to)->layer;
	bool upward = to < from;
	if (from == MODULE_NONE || to == MODULE_NONE || (!upward && closed[from] >= to) ||
	    !judge_first_use(judge, edge) ||
	    judge_excuses(judge, edge->from, judge_module(judge, edge->to)->name))
		return;
	if (upward)
		judge_upward(judge, edge);
	else
		judge_jump(judge, edge, closed[from]);
}

static int judge_layer(struct judge *judge, struct error *error)
{
	_cleanup_(mem_freep) uint32_t *closed = find_closed(judge->contracts);
	if (!closed)
		return error_memory(error);
	for (size_t i = 0; i < judge->graph->edge_count; i++)
		if (judge_minds(judge, judge->graph->edges[i].from))
			judge_pair(judge, &judge->graph->edges[i], closed);
	return 0;
}

const struct rule RULE_TABLE_LAYER = {
	.summary = "a reference to a higher layer, or past a closed one",
	.explanation = EXPLANATION,
	.judge = judge_layer,
};
