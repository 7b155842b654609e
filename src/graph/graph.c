/* SPDX-License-Identifier: Apache-2.0 */
/* The modules of a tree and what they use of each other. Must not know any rule: whether a
 * use is right is not asked here.
 *
 * Invariant: edges stand in the order of the rows of `modules`, so edges[i] is the edge to
 * modules.targets[i]; and its uses stand together, in the order of the tree. */
#include "graph/graph.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

/* A use, on its way to its edge. */
struct crossing {
	uint32_t from;
	uint32_t to;
	struct use use;
};

struct crossings {
	struct crossing *items;
	size_t count;
	size_t capacity;
};

static void crossings_release(struct crossings *crossings)
{
	mem_free(crossings->items);
}

/* ---- which module an entry is of ---- */

static void claim(struct graph *graph, struct str path, uint32_t module)
{
	uint32_t entry = tree_find(graph->tree, path);
	if (entry != ENTRY_NONE)
		graph->module_of[entry] = module;
}

/* Roots first: a module's own folder stays its own, whoever else names it. */
static void claim_all(struct graph *graph)
{
	const struct contracts *contracts = graph->contracts;
	for (uint32_t i = 0; i < contracts->module_count; i++)
		for (size_t j = 0; j < contracts->modules[i].roots.count; j++)
			claim(graph, contracts->modules[i].roots.items[j].text, i);
	for (uint32_t i = 0; i < contracts->module_count; i++)
		claim(graph, contracts->modules[i].path, i);
}

/* A folder stands before all that is in it, so one pass hands every claim down. */
static int assign_modules(struct graph *graph, struct error *error)
{
	uint32_t count = graph->tree->count;
	graph->module_of = mem_alloc(count * sizeof *graph->module_of);
	if (!graph->module_of)
		return error_memory(error);
	memset(graph->module_of, 0xFF, count * sizeof *graph->module_of);
	claim_all(graph);
	for (uint32_t i = 1; i < count; i++)
		if (graph->module_of[i] == MODULE_NONE)
			graph->module_of[i] = graph->module_of[graph->tree->entries[i].parent];
	return 0;
}

/* ---- what crosses ---- */

static int add_crossing(struct crossings *list, const struct crossing *crossing,
			struct error *error)
{
	if (!mem_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items))
		return error_memory(error);
	list->items[list->count++] = *crossing;
	return 0;
}

static int gather_file(struct graph *graph, uint32_t file, struct crossings *list,
		       struct error *error)
{
	const struct facts *facts = graph->tree->entries[file].facts;
	uint32_t from = graph->module_of[file];
	uint64_t states[REFERENCE_DROPPED + 1] = {0};
	for (uint32_t i = 0; i < facts->reference_count; i++) {
		const struct reference *reference = &facts->references[i];
		states[reference->state]++;
		if (reference->state != REFERENCE_INTERNAL || from == MODULE_NONE)
			continue;
		uint32_t to = graph->module_of[reference->resolved];
		if (to == from || to == MODULE_NONE)
			continue;
		if (add_crossing(list, &(struct crossing){from, to, {file, i}}, error) < 0)
			return -1;
	}
	graph->references += facts->reference_count - states[REFERENCE_DROPPED];
	graph->internal += states[REFERENCE_INTERNAL];
	graph->external += states[REFERENCE_EXTERNAL] + states[REFERENCE_STANDARD];
	graph->unresolved += states[REFERENCE_UNRESOLVED];
	return 0;
}

static int gather(struct graph *graph, struct crossings *list, struct error *error)
{
	for (uint32_t i = 0; i < graph->tree->count; i++)
		if (graph->tree->entries[i].facts && gather_file(graph, i, list, error) < 0)
			return -1;
	return 0;
}

/* ---- edges ---- */

/* The graph of modules, and for each crossing the number of its edge. */
static int number_edges(struct graph *graph, const struct crossings *list, uint32_t *edge_of,
			struct error *error)
{
	_cleanup_(mem_freep) struct digraph_edge *pairs = mem_alloc(list->count * sizeof *pairs);
	if (!pairs)
		return error_memory(error);
	for (size_t i = 0; i < list->count; i++)
		pairs[i] = (struct digraph_edge){list->items[i].from, list->items[i].to};
	uint32_t nodes = (uint32_t)graph->contracts->module_count;
	if (digraph_build(nodes, pairs, list->count, &graph->modules, error) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++)
		edge_of[i] = digraph_find(&graph->modules, pairs[i].from, pairs[i].to);
	return 0;
}

static void describe_edges(struct graph *graph, const struct crossings *list,
			   const uint32_t *edge_of)
{
	const struct digraph *modules = &graph->modules;
	for (uint32_t from = 0; from < modules->node_count; from++)
		for (uint32_t i = modules->first[from]; i < modules->first[from + 1]; i++)
			graph->edges[i] = (struct edge){
				.from = from, .to = modules->targets[i], .type_only = true};
	for (size_t i = 0; i < list->count; i++)
		graph->edges[edge_of[i]].use_count++;
	uint32_t first = 0;
	for (size_t i = 0; i < graph->edge_count; i++) {
		graph->edges[i].first_use = first;
		first += graph->edges[i].use_count;
		graph->edges[i].use_count = 0;
	}
}

/* Crossings come in the order of the tree and keep it in their edge. */
static void hand_out_uses(struct graph *graph, const struct crossings *list,
			  const uint32_t *edge_of)
{
	for (size_t i = 0; i < list->count; i++) {
		struct edge *edge = &graph->edges[edge_of[i]];
		const struct use *use = &list->items[i].use;
		graph->uses[edge->first_use + edge->use_count++] = *use;
		edge->type_only &= graph_reference(graph, use)->kind == REFERENCE_TYPE;
	}
}

static int make_edges(struct graph *graph, const struct crossings *list, struct error *error)
{
	_cleanup_(mem_freep) uint32_t *edge_of = mem_alloc(list->count * sizeof *edge_of);
	if (!edge_of)
		return error_memory(error);
	if (number_edges(graph, list, edge_of, error) < 0)
		return -1;
	assert(graph->modules.first);
	graph->edge_count = graph->modules.first[graph->modules.node_count];
	graph->use_count = list->count;
	graph->edges = mem_alloc(graph->edge_count * sizeof *graph->edges);
	graph->uses = mem_alloc(graph->use_count * sizeof *graph->uses);
	if (!graph->edges || !graph->uses)
		return error_memory(error);
	describe_edges(graph, list, edge_of);
	hand_out_uses(graph, list, edge_of);
	return 0;
}

int graph_build(const struct tree *tree, const struct contracts *contracts, struct graph *out,
		struct error *error)
{
	_cleanup_(graph_release) struct graph graph = {.tree = tree, .contracts = contracts};
	_cleanup_(crossings_release) struct crossings list = {0};
	if (assign_modules(&graph, error) < 0 || gather(&graph, &list, error) < 0 ||
	    make_edges(&graph, &list, error) < 0)
		return -1;
	*out = graph;
	graph = (struct graph){0};
	return 0;
}

void graph_release(struct graph *graph)
{
	mem_free(graph->module_of);
	mem_free(graph->edges);
	mem_free(graph->uses);
	digraph_release(&graph->modules);
	*graph = (struct graph){0};
}

const struct edge *graph_edge(const struct graph *graph, uint32_t from, uint32_t to)
{
	uint32_t at = digraph_find(&graph->modules, from, to);
	return at == NODE_NONE ? NULL : &graph->edges[at];
}

const struct reference *graph_reference(const struct graph *graph, const struct use *use)
{
	return &graph->tree->entries[use->file].facts->references[use->reference];
}
