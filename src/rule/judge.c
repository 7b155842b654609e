/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the rules, one after the other. Must not know what any of them looks for.
 *
 * Invariant: `unused` and `expired` come after all that can need an exception. */
#include "rule/judge.h"

#include "base/glob.h"
#include "base/mem.h"
#include "base/path.h"

/* So many modules and edges are looked at, all in all, to give better advice. */
#define ADVICE_LIMIT UINT64_C(20000000)

static const struct rule *const RULES[RULE_COUNT] = {
	[RULE_DEPENDENCY] = &RULE_TABLE_DEPENDENCY,
	[RULE_PRIVACY] = &RULE_TABLE_PRIVACY,
	[RULE_LAYER] = &RULE_TABLE_LAYER,
	[RULE_VISIBILITY] = &RULE_TABLE_VISIBILITY,
	[RULE_CYCLE] = &RULE_TABLE_CYCLE,
	[RULE_FORBIDDEN] = &RULE_TABLE_FORBIDDEN,
	[RULE_INDEPENDENCE] = &RULE_TABLE_INDEPENDENCE,
	[RULE_EXTERNAL] = &RULE_TABLE_EXTERNAL,
	[RULE_UNUSED] = &RULE_TABLE_UNUSED,
	[RULE_EXHAUSTIVE] = &RULE_TABLE_EXHAUSTIVE,
	[RULE_EXPIRED] = &RULE_TABLE_EXPIRED,
	[RULE_STALE] = &RULE_TABLE_STALE,
};

static void judge_release(struct judge *judge)
{
	mem_free(judge->severities);
	mem_free(judge->component);
	mem_free(judge->path);
	excuses_release(&judge->excuses);
	digraph_release(&judge->declared);
	digraph_release(&judge->visible);
	text_release(&judge->text);
	map_release(&judge->told.map);
	arena_release(&judge->told.arena);
}

/* ---- what is declared, as a graph ---- */

static size_t count_uses(const struct contracts *contracts, size_t offset)
{
	size_t count = 0;
	for (size_t i = 0; i < contracts->module_count; i++) {
		const char *module = (const char *)&contracts->modules[i];
		count += ((const struct module_uses *)(const void *)(module + offset))->count;
	}
	return count;
}

/* The graph of the list of modules that stands at `offset` of struct module. */
static int build_declared(const struct contracts *contracts, size_t offset, struct digraph *out,
			  struct error *error)
{
	_cleanup_(mem_freep) struct digraph_edge *edges =
		mem_alloc(count_uses(contracts, offset) * sizeof *edges);
	if (!edges)
		return error_memory(error);
	size_t count = 0;
	for (uint32_t i = 0; i < contracts->module_count; i++) {
		const void *list = (const char *)&contracts->modules[i] + offset;
		const struct module_uses *uses = list;
		for (size_t j = 0; j < uses->count; j++)
			edges[count++] = (struct digraph_edge){i, uses->items[j].module};
	}
	return digraph_build((uint32_t)contracts->module_count, edges, count, out, error);
}

static int find_components(struct judge *judge, struct error *error)
{
	uint32_t count, nodes = judge->graph->modules.node_count;
	judge->component = mem_alloc(nodes * sizeof *judge->component);
	judge->path = mem_alloc(((size_t)nodes + 1) * sizeof *judge->path);
	judge->severities = mem_alloc(nodes * sizeof *judge->severities);
	if (!judge->component || !judge->path || !judge->severities)
		return error_memory(error);
	return digraph_components(&judge->graph->modules, judge->component, &count, error);
}

static int prepare(struct judge *judge, struct error *error)
{
	const struct contracts *contracts = judge->contracts;
	if (excuses_build(contracts, judge->today, &judge->excuses, error) < 0 ||
	    build_declared(contracts, offsetof(struct module, depends_on), &judge->declared,
			   error) < 0 ||
	    build_declared(contracts, offsetof(struct module, visible_to), &judge->visible, error) <
		    0)
		return -1;
	return find_components(judge, error);
}

/* ---- one rule ---- */

/* Returns whether the rule is on anywhere. */
static bool take_up(struct judge *judge, enum rule_id rule)
{
	judge->rule = rule;
	map_release(&judge->told.map);
	bool on = contracts_severity(judge->contracts, rule, MODULE_NONE) != SEVERITY_OFF;
	for (uint32_t i = 0; i < judge->contracts->module_count; i++) {
		judge->severities[i] = contracts_severity(judge->contracts, rule, i);
		on |= judge->severities[i] != SEVERITY_OFF;
	}
	return on;
}

static bool has_failed(const struct judge *judge)
{
	return judge->out->failed || judge->out->arena.failed || judge->text.failed ||
	       judge->excuses.key.failed || judge->told.arena.failed;
}

static int run(struct judge *judge, struct error *error)
{
	for (int rule = 0; rule < RULE_COUNT; rule++) {
		if (!RULES[rule] || !RULES[rule]->judge || !take_up(judge, (enum rule_id)rule))
			continue;
		if (RULES[rule]->judge(judge, error) < 0)
			return -1;
	}
	return has_failed(judge) ? error_memory(error) : 0;
}

const struct rule *rule_of(enum rule_id rule)
{
	return RULES[rule];
}

int rules_judge(const struct graph *graph, struct date today, struct finding_list *out,
		struct error *error)
{
	_cleanup_(judge_release) struct judge judge = {
		.graph = graph,
		.tree = graph->tree,
		.contracts = graph->contracts,
		.today = today,
		.out = out,
	};
	if (prepare(&judge, error) < 0 || run(&judge, error) < 0)
		return -1;
	finding_list_sort(out);
	return 0;
}

/* ---- asking ---- */

const struct module *judge_module(const struct judge *judge, uint32_t module)
{
	return &judge->contracts->modules[module];
}

bool judge_minds(const struct judge *judge, uint32_t module)
{
	return judge->severities[module] != SEVERITY_OFF;
}

bool judge_sees(const struct judge *judge, const struct reference *reference)
{
	return reference->kind != REFERENCE_TYPE || !judge->contracts->ignore_types[judge->rule];
}

uint32_t judge_use_count(const struct judge *judge, const struct edge *edge)
{
	const struct use *uses = &judge->graph->uses[edge->first_use];
	uint32_t count = 0;
	for (uint32_t i = 0; i < edge->use_count; i++)
		count += judge_sees(judge, graph_reference(judge->graph, &uses[i]));
	return count;
}

const struct use *judge_first_use(const struct judge *judge, const struct edge *edge)
{
	const struct use *uses = &judge->graph->uses[edge->first_use];
	for (uint32_t i = 0; i < edge->use_count; i++)
		if (judge_sees(judge, graph_reference(judge->graph, &uses[i])))
			return &uses[i];
	return NULL;
}

bool judge_excuses(struct judge *judge, uint32_t module, struct str to)
{
	return excuses_cover(&judge->excuses, module, judge->rule, to);
}

bool judge_may_advise(struct judge *judge, uint64_t steps)
{
	judge->advised += steps;
	return judge->advised <= ADVICE_LIMIT;
}

int judge_way(struct judge *judge, uint32_t from, uint32_t to, struct error *error)
{
	const struct digraph *modules = &judge->graph->modules;
	uint32_t length = 0;
	if (judge->component[from] != judge->component[to] ||
	    !judge_may_advise(judge, modules->node_count + judge->graph->edge_count))
		return 0;
	return digraph_path(modules, from, to, NULL, judge->path, &length, error) < 0 ? -1
										      : (int)length;
}

int judge_spend(struct judge *judge, uint64_t steps, struct error *error)
{
	judge->searched += steps;
	if (judge->searched <= RULE_SEARCH_LIMIT)
		return 0;
	return error_at(
		error, ERROR_LIMIT, CONTRACT_ROOT_NAME, 0, 0,
		"the %s entries ask for more chains than can be searched; name fewer modules "
		"in them",
		rule_name(judge->rule));
}

bool judge_first_time(struct judge *judge, uint32_t from, uint32_t to)
{
	uint32_t pair[2] = {from, to};
	struct str key = {(const char *)pair, sizeof pair};
	if (map_get(&judge->told.map, key) != MAP_NONE)
		return false;
	key = arena_str(&judge->told.arena, key);
	if (key.at && map_put(&judge->told.map, key, 0))
		return true;
	judge->told.arena.failed = true;
	return false;
}

int judge_seen(struct judge *judge, const bool *cut, struct digraph *out, struct error *error)
{
	const struct graph *graph = judge->graph;
	_cleanup_(mem_freep) struct digraph_edge *edges =
		mem_alloc(graph->edge_count * sizeof *edges);
	if (!edges)
		return error_memory(error);
	bool types = !judge->contracts->ignore_types[judge->rule];
	size_t count = 0;
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct edge *edge = &graph->edges[i];
		if ((types || !edge->type_only) && !(cut && cut[i]))
			edges[count++] = (struct digraph_edge){edge->from, edge->to};
	}
	return digraph_build(graph->modules.node_count, edges, count, out, error);
}

uint32_t judge_cheapest(const struct judge *judge, const uint32_t *path, uint32_t length)
{
	uint32_t best = 0, fewest = UINT32_MAX;
	for (uint32_t i = 0; i + 1 < length; i++) {
		const struct edge *edge = graph_edge(judge->graph, path[i], path[i + 1]);
		uint32_t count = judge_use_count(judge, edge);
		if (count < fewest) {
			fewest = count;
			best = i;
		}
	}
	return best;
}

static bool word_covers(struct str word, struct str path)
{
	if (path_is_within(path, word))
		return true;
	if (!glob_is_pattern(word))
		return false;
	for (struct str part = path; part.length > 0; part = path_folder(part))
		if (glob_match(word, part))
			return true;
	return false;
}

bool words_cover(const struct words *words, struct str path)
{
	for (size_t i = 0; i < words->count; i++)
		if (word_covers(words->items[i].text, path))
			return true;
	return false;
}
