/* SPDX-License-Identifier: Apache-2.0 */
/* Walls between groups of modules. Must not know which rule wants them.
 *
 * A chain that meets another module of either group in its middle is left out: the part of it
 * that goes from group to group is told by itself. */
#include "rule/wall.h"

#include "base/mem.h"

struct search {
	struct judge *judge;
	struct digraph seen; /* what the rule sees of the graph */
	bool *allowed;       /* modules on neither side of the wall */
	uint32_t *before;    /* as digraph_paths() writes it */
};

static void search_release(struct search *search)
{
	digraph_release(&search->seen);
	mem_free(search->allowed);
	mem_free(search->before);
}

static int search_prepare(struct search *search, struct error *error)
{
	uint32_t count = search->judge->graph->modules.node_count;
	search->allowed = mem_alloc(count * sizeof *search->allowed);
	search->before = mem_alloc(count * sizeof *search->before);
	if (!search->allowed || !search->before)
		return error_memory(error);
	memset(search->allowed, true, count);
	return judge_seen(search->judge, NULL, &search->seen, error);
}

static void set_allowed(struct search *search, const struct module_uses *modules, bool allowed)
{
	for (size_t i = 0; i < modules->count; i++)
		search->allowed[modules->items[i].module] = allowed;
}

/* ---- straight through ---- */

static void judge_through(struct judge *judge, const struct wall *wall, const struct edge *edge)
{
	struct str to = judge_module(judge, edge->to)->name;
	struct verdict verdict;
	if (judge_excuses(judge, edge->from, to) || !judge_first_time(judge, edge->from, edge->to))
		return;
	tell(judge, "but ");
	wall->tell_wall(judge, edge->from, edge->to);
	verdict.wall = told(judge);
	wall->tell_why(judge, wall);
	verdict.why = told(judge);
	tell(judge, "Take what is needed of %.*s as an argument, an event or a callback (",
	     STR_ARG(to));
	tell_count(judge, judge_use_count(judge, edge), "reference", "references");
	tell(judge, "), or move it where both may reach it.");
	if (wall->help.at)
		tell(judge, "\n%.*s", STR_ARG(wall->help));
	tell_exception(judge, edge->from, to);
	verdict.help = told(judge);
	judge_edge(judge, edge, &verdict);
}

/* ---- round it ---- */

static void tell_chain_help(struct judge *judge, const struct wall *wall, const uint32_t *path,
			    uint32_t length)
{
	uint32_t cut = judge_cheapest(judge, path, length);
	tell(judge, "Cut the chain where it is thinnest: %.*s → %.*s is made by ",
	     STR_ARG(judge_module(judge, path[cut])->name),
	     STR_ARG(judge_module(judge, path[cut + 1])->name));
	tell_count(judge,
		   judge_use_count(judge, graph_edge(judge->graph, path[cut], path[cut + 1])),
		   "reference", "references");
	tell(judge, ".");
	if (wall->help.at)
		tell(judge, "\n%.*s", STR_ARG(wall->help));
	tell_exception(judge, path[0], judge_module(judge, path[length - 1])->name);
}

static void judge_round(struct judge *judge, const struct wall *wall, const uint32_t *path,
			uint32_t length)
{
	uint32_t from = path[0], to = path[length - 1];
	struct str to_name = judge_module(judge, to)->name;
	if (judge_excuses(judge, from, to_name) || !judge_first_time(judge, from, to))
		return;
	struct finding *finding = judge_add(judge, from, to_name);
	if (!finding)
		return;
	const struct edge *first = graph_edge(judge->graph, from, path[1]);
	finding_place(finding, judge, judge_first_use(judge, first));
	tell(judge, "%.*s reaches %.*s through %.*s, but ",
	     STR_ARG(judge_module(judge, from)->name), STR_ARG(to_name),
	     STR_ARG(judge_module(judge, path[1])->name));
	wall->tell_wall(judge, from, to);
	tell(judge, ": ");
	tell_path(judge, path, length);
	finding->message = told(judge);
	wall->tell_why(judge, wall);
	finding->why = told(judge);
	tell_chain_help(judge, wall, path, length);
	finding->help = told(judge);
	judge_chain(judge, finding, path, length);
}

/* ---- all of it ---- */

static int judge_from(struct search *search, const struct wall *wall, uint32_t from,
		      struct error *error)
{
	struct judge *judge = search->judge;
	const struct digraph *seen = &search->seen;
	uint64_t steps = wall->to->count;
	if (wall->indirect)
		steps += seen->node_count + seen->first[seen->node_count];
	if (judge_spend(judge, steps, error) < 0)
		return -1;
	if (wall->indirect && digraph_paths(seen, from, search->allowed, search->before, error) < 0)
		return -1;
	for (size_t i = 0; i < wall->to->count; i++) {
		uint32_t to = wall->to->items[i].module;
		if (to == from)
			continue;
		if (digraph_has(seen, from, to)) {
			judge_through(judge, wall, graph_edge(judge->graph, from, to));
		} else if (wall->indirect && search->before[to] != NODE_NONE) {
			uint32_t length = digraph_trace(search->before, from, to, judge->path);
			judge_round(judge, wall, judge->path, length);
		}
	}
	return 0;
}

static int judge_wall(struct search *search, const struct wall *wall, struct error *error)
{
	set_allowed(search, wall->from, false);
	set_allowed(search, wall->to, false);
	for (size_t i = 0; i < wall->from->count; i++) {
		uint32_t from = wall->from->items[i].module;
		if (judge_minds(search->judge, from) && judge_from(search, wall, from, error) < 0)
			return -1;
	}
	set_allowed(search, wall->from, true);
	set_allowed(search, wall->to, true);
	return 0;
}

int judge_walls(struct judge *judge, size_t count,
		void (*make)(const struct judge *judge, size_t index, struct wall *out),
		struct error *error)
{
	_cleanup_(search_release) struct search search = {.judge = judge};
	if (count == 0)
		return 0;
	if (search_prepare(&search, error) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct wall wall = {0};
		make(judge, i, &wall);
		if (judge_wall(&search, &wall, error) < 0)
			return -1;
	}
	return 0;
}
