/* SPDX-License-Identifier: Apache-2.0 */
/* The rule `cycle`: modules do not reference each other in a circle. On what the code does,
 * not on what is declared.
 *
 * Modules in circles form knots (strongly connected components). One knot may have more
 * circles than anyone can read; so there is one finding a knot, with its shortest circle,
 * what to cut first, and what to cut so that none is left. */
#include "base/mem.h"
#include "graph/circle.h"
#include "graph/feedback.h"
#include "rule/judge.h"

static const char EXPLANATION[] =
	"Modules must not reference each other in a circle. It is judged on the references in\n"
	"the code, not on `depends_on`. There is one finding for all modules that are tied\n"
	"together: it shows the shortest circle with a line for each link, placed at the link\n"
	"to cut, and which links to cut so that no circle is left, with few references on\n"
	"them.\n"
	"\n"
	"Teams want it because modules in a circle are one module: they can only be\n"
	"understood, tested, built and moved together.\n"
	"\n"
	"    ignore_types: [cycle]\n"
	"\n"
	"    src/orders/cart.ts:4:22 error cycle\n"
	"    modules in a circle: orders → billing → orders\n"
	"    1. src/orders/cart.ts:4:22  orders references billing (import ../billing/price)\n"
	"    2. src/billing/charge.ts:9:24  billing references orders (import ../orders/order)\n"
	"\n"
	"Fix it by turning one link round with an event or a callback, or by moving what both\n"
	"need into a module below. An exception with `to: MODULE` takes that one link out of\n"
	"all circles until its date.\n";

/* So many nodes and edges are looked at to find the shortest circle of a knot. */
#define CIRCLE_LIMIT UINT64_C(20000000)

struct knots {
	struct judge *judge;
	struct digraph seen;
	uint32_t *weights;   /* of each edge of `seen`: uses */
	bool *cut;           /* of each edge of `seen`: those that end all circles */
	uint32_t *component; /* of each module, in `seen` */
	uint32_t *first;     /* of each component its first in `members`, and where the last ends */
	uint32_t *members;   /* modules by component, ascending */
	uint32_t count;
};

static void knots_release(struct knots *knots)
{
	digraph_release(&knots->seen);
	mem_free(knots->weights);
	mem_free(knots->cut);
	mem_free(knots->component);
	mem_free(knots->first);
	mem_free(knots->members);
}

/* ---- the graph, without what is excepted ---- */

/* Marks the edges that an exception covers; only those in a circle need one. */
static int mark_excused(struct judge *judge, bool *excused, struct error *error)
{
	const struct graph *graph = judge->graph;
	_cleanup_(digraph_release) struct digraph seen = {0};
	_cleanup_(mem_freep) uint32_t *component =
		mem_alloc(graph->modules.node_count * sizeof *component);
	uint32_t count;
	if (!component)
		return error_memory(error);
	if (judge_seen(judge, NULL, &seen, error) < 0 ||
	    digraph_components(&seen, component, &count, error) < 0)
		return -1;
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct edge *edge = &graph->edges[i];
		excused[i] = component[edge->from] == component[edge->to] &&
			     judge_first_use(judge, edge) &&
			     judge_excuses(judge, edge->from, judge_module(judge, edge->to)->name);
	}
	return 0;
}

static void sort_members(struct knots *knots)
{
	uint32_t nodes = knots->seen.node_count;
	for (uint32_t i = 0; i < nodes; i++)
		knots->first[knots->component[i] + 1]++;
	for (uint32_t i = 0; i < knots->count; i++)
		knots->first[i + 1] += knots->first[i];
	for (uint32_t i = 0; i < nodes; i++)
		knots->members[knots->first[knots->component[i]]++] = i;
	memmove(knots->first + 1, knots->first, knots->count * sizeof *knots->first);
	knots->first[0] = 0;
}

static void weigh(struct knots *knots)
{
	const struct digraph *seen = &knots->seen;
	const struct judge *judge = knots->judge;
	for (uint32_t from = 0; from < seen->node_count; from++)
		for (uint32_t i = seen->first[from]; i < seen->first[from + 1]; i++)
			knots->weights[i] = judge_use_count(
				judge, graph_edge(judge->graph, from, seen->targets[i]));
}

static int prepare(struct knots *knots, struct error *error)
{
	struct judge *judge = knots->judge;
	size_t edges = judge->graph->edge_count, nodes = judge->graph->modules.node_count;
	_cleanup_(mem_freep) bool *excused = mem_alloc(edges);
	knots->weights = mem_alloc(edges * sizeof *knots->weights);
	knots->cut = mem_alloc(edges);
	knots->component = mem_alloc(nodes * sizeof *knots->component);
	knots->first = mem_alloc((nodes + 1) * sizeof *knots->first);
	knots->members = mem_alloc(nodes * sizeof *knots->members);
	if (!excused || !knots->weights || !knots->cut || !knots->component || !knots->first ||
	    !knots->members)
		return error_memory(error);
	if (mark_excused(judge, excused, error) < 0 ||
	    judge_seen(judge, excused, &knots->seen, error) < 0 ||
	    digraph_components(&knots->seen, knots->component, &knots->count, error) < 0)
		return -1;
	sort_members(knots);
	weigh(knots);
	return feedback_edges(&knots->seen, knots->weights, knots->cut, error);
}

/* ---- one knot ---- */

struct knot {
	const uint32_t *members;
	uint32_t member_count;
	uint32_t link_count;
	uint32_t cut_count; /* of those, the ones to cut */
	uint32_t number;
	enum severity severity; /* the worst of its members */
};

static struct knot describe(const struct knots *knots, uint32_t number)
{
	const struct digraph *seen = &knots->seen;
	struct knot knot = {.members = &knots->members[knots->first[number]],
			    .member_count = knots->first[number + 1] - knots->first[number],
			    .number = number};
	for (uint32_t i = 0; i < knot.member_count; i++) {
		uint32_t member = knot.members[i];
		if (knots->judge->severities[member] > knot.severity)
			knot.severity = knots->judge->severities[member];
		for (uint32_t j = seen->first[member]; j < seen->first[member + 1]; j++) {
			knot.link_count += knots->component[seen->targets[j]] == number;
			knot.cut_count += knots->cut[j];
		}
	}
	return knot;
}

/* Turns the circle so that it starts with the link to cut: of those that end all circles the
 * one with the fewest uses. Every circle has such a link. */
static void turn(const struct knots *knots, const uint32_t *circle, uint32_t length, uint32_t *out)
{
	uint32_t start = 0, fewest = UINT32_MAX, links = length - 1;
	for (uint32_t i = 0; i < links; i++) {
		uint32_t edge = digraph_find(&knots->seen, circle[i], circle[i + 1]);
		if (knots->cut[edge] && knots->weights[edge] < fewest) {
			fewest = knots->weights[edge];
			start = i;
		}
	}
	for (uint32_t i = 0; i < links; i++)
		out[i] = circle[(start + i) % links];
	out[links] = out[0];
}

static void tell_link(struct judge *judge, uint32_t from, uint32_t to)
{
	tell(judge, "%.*s → %.*s (", STR_ARG(judge_module(judge, from)->name),
	     STR_ARG(judge_module(judge, to)->name));
	tell_count(judge, judge_use_count(judge, graph_edge(judge->graph, from, to)), "reference",
		   "references");
	tell(judge, ")");
}

/* The links to cut so that no circle of the knot is left. */
static void tell_cuts(const struct knots *knots, const struct knot *knot)
{
	enum { MOST = 8 };
	struct judge *judge = knots->judge;
	const struct digraph *seen = &knots->seen;
	uint32_t count = 0;
	if (knot->cut_count < 2) {
		tell(judge, "%s",
		     knot->link_count > knot->member_count ? " No circle is left then." : "");
		return;
	}
	tell(judge, "\nNo circle is left without ");
	for (uint32_t i = 0; i < knot->member_count; i++) {
		uint32_t from = knot->members[i];
		for (uint32_t j = seen->first[from]; j < seen->first[from + 1]; j++) {
			if (!knots->cut[j] || count++ >= MOST)
				continue;
			tell(judge, "%s", count > 1 ? ", " : "");
			tell_link(judge, from, seen->targets[j]);
		}
	}
	if (count > MOST)
		tell(judge, " and %u more", count - MOST);
	tell(judge, ".");
}

static void tell_help(const struct knots *knots, const struct knot *knot, const uint32_t *circle)
{
	struct judge *judge = knots->judge;
	tell(judge, "Cut ");
	tell_link(judge, circle[0], circle[1]);
	tell(judge,
	     ": turn it round with an event or a callback, or move what both need into a module "
	     "below them.");
	tell_cuts(knots, knot);
	tell_exception(judge, circle[0], judge_module(judge, circle[1])->name);
}

static void tell_message(struct judge *judge, const struct knot *knot, const uint32_t *circle,
			 uint32_t length)
{
	tell(judge, "modules in a circle: ");
	tell_path(judge, circle, length);
	if (knot->link_count > length - 1)
		tell(judge, "; it is the shortest among %u modules that are tied by %u links",
		     knot->member_count, knot->link_count);
}

static void tell_why(struct judge *judge, const struct knot *knot)
{
	struct module_uses uses = {.count = knot->member_count};
	_cleanup_(mem_freep) struct module_use *items =
		mem_alloc(knot->member_count * sizeof *items);
	uses.items = items;
	if (!items) {
		judge->out->failed = true;
		return;
	}
	for (uint32_t i = 0; i < knot->member_count; i++)
		items[i].name.text = judge_module(judge, knot->members[i])->name;
	tell_modules(judge, &uses);
	tell(judge, " can only be understood, tested and moved together.");
}

static void report(const struct knots *knots, const struct knot *knot, const uint32_t *circle,
		   uint32_t length)
{
	struct judge *judge = knots->judge;
	struct finding *finding = judge_add(judge, circle[0], judge_module(judge, circle[1])->name);
	if (!finding)
		return;
	finding->severity = knot->severity == SEVERITY_ERROR ? FINDING_ERROR : FINDING_WARNING;
	const struct edge *first = graph_edge(judge->graph, circle[0], circle[1]);
	finding_place(finding, judge, judge_first_use(judge, first));
	tell_message(judge, knot, circle, length);
	finding->message = told(judge);
	tell_why(judge, knot);
	finding->why = told(judge);
	tell_help(knots, knot, circle);
	finding->help = told(judge);
	judge_chain(judge, finding, circle, length);
}

static int judge_knot(const struct knots *knots, uint32_t number, struct error *error)
{
	struct judge *judge = knots->judge;
	struct knot knot = describe(knots, number);
	if (knot.member_count < 2 || knot.severity == SEVERITY_OFF)
		return 0;
	_cleanup_(mem_freep) uint32_t *circle =
		mem_alloc(((size_t)knot.member_count + 1) * sizeof *circle);
	uint32_t length;
	if (!circle)
		return error_memory(error);
	if (circle_shortest(&knots->seen, knot.members, knot.member_count, CIRCLE_LIMIT, circle,
			    &length, error) < 0)
		return -1;
	turn(knots, circle, length, judge->path);
	report(knots, &knot, judge->path, length);
	return 0;
}

static int judge_cycle(struct judge *judge, struct error *error)
{
	_cleanup_(knots_release) struct knots knots = {.judge = judge};
	if (prepare(&knots, error) < 0)
		return -1;
	for (uint32_t i = 0; i < knots.count; i++)
		if (judge_knot(&knots, i, error) < 0)
			return -1;
	return 0;
}

const struct rule RULE_TABLE_CYCLE = {
	.summary = "modules that reference each other in a circle",
	.explanation = EXPLANATION,
	.judge = judge_cycle,
};
