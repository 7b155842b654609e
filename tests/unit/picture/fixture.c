/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/mem.h"

static void add_module(struct fixture *fixture, uint32_t number)
{
	char(*texts)[24] = fixture->texts[number];
	struct module *module = &fixture->modules[number];
	snprintf(texts[0], sizeof texts[0], "m%u", number);
	snprintf(texts[1], sizeof texts[1], "m%u/file.py", number);
	module->name = module->path = str_of(texts[0]);
	module->owner = STR("team");
	module->layer = MODULE_NONE;
	assert_true(map_put(&fixture->contracts.by_name, module->name, number));
	fixture->entries[number + 1] =
		(struct entry){.path = str_of(texts[1]), .facts = &fixture->facts[number + 1]};
	fixture->facts[number + 1].lines = 10;
	fixture->module_of[number + 1] = number;
}

static void add_edge(struct fixture *fixture, const struct fixture_edge *edge)
{
	struct graph *graph = &fixture->graph;
	struct facts *facts = &fixture->facts[edge->from + 1];
	if (!facts->references)
		facts->references = &fixture->references[graph->use_count];
	graph->edges[graph->edge_count++] = (struct edge){
		edge->from, edge->to, (uint32_t)graph->use_count, edge->uses, edge->type_only};
	for (uint32_t i = 0; i < edge->uses; i++) {
		uint32_t number = (uint32_t)facts->reference_count++;
		facts->references[number] = (struct reference){
			.target = fixture->texts[edge->to][0],
			.target_length = (uint32_t)fixture->modules[edge->to].name.length,
			.line = number + 1,
			.column = 8};
		graph->uses[graph->use_count++] = (struct use){edge->from + 1, number};
	}
}

static void build_digraph(struct fixture *fixture)
{
	struct digraph_edge edges[FIXTURE_EDGES];
	struct graph *graph = &fixture->graph;
	struct error error;
	for (size_t i = 0; i < graph->edge_count; i++)
		edges[i] = (struct digraph_edge){graph->edges[i].from, graph->edges[i].to};
	assert_int_equal(0, digraph_build((uint32_t)fixture->contracts.module_count, edges,
					  graph->edge_count, &graph->modules, &error));
}

void fixture_init(struct fixture *fixture, uint32_t modules, const struct fixture_edge *edges)
{
	memset(fixture, 0, sizeof *fixture);
	fixture->tree = (struct tree){
		.root = "/nowhere", .entries = fixture->entries, .count = modules + 1};
	fixture->contracts.modules = fixture->modules;
	fixture->contracts.module_count = modules;
	fixture->contracts.layers = fixture->layers;
	fixture->module_of[0] = MODULE_NONE;
	for (uint32_t i = 0; i < modules; i++)
		add_module(fixture, i);
	fixture->graph = (struct graph){.tree = &fixture->tree,
					.contracts = &fixture->contracts,
					.module_of = fixture->module_of,
					.edges = fixture->edges,
					.uses = fixture->uses};
	for (; edges->uses; edges++)
		add_edge(fixture, edges);
	build_digraph(fixture);
	fixture->list.items = fixture->findings;
	fixture->summary = (struct check_summary){
		.version = "1.2.3", .root = "/nowhere", .files = modules, .references = 20};
	fixture->picture = (struct picture){.graph = &fixture->graph,
					    .findings = &fixture->list,
					    .summary = &fixture->summary,
					    .title = STR("a <title> & more")};
}

void fixture_release(struct fixture *fixture)
{
	map_release(&fixture->contracts.by_name);
	digraph_release(&fixture->graph.modules);
}

void fixture_layers(struct fixture *fixture, uint32_t layers, const uint32_t *layer_of)
{
	static const struct str NAMES[] = {STR("edge"), STR("domain"), STR("platform")};
	fixture->contracts.layer_count = layers;
	for (uint32_t i = 0; i < layers; i++)
		fixture->layers[i].name.text = NAMES[i];
	for (size_t i = 0; i < fixture->contracts.module_count; i++)
		fixture->modules[i].layer = layer_of[i];
}

struct finding *fixture_find(struct fixture *fixture, const char *rule, uint32_t from, uint32_t to)
{
	struct finding *finding = &fixture->findings[fixture->list.count++];
	finding->rule = rule;
	finding->severity = FINDING_ERROR;
	finding->module = fixture->modules[from].name;
	finding->to = fixture->modules[to].name;
	finding->file = fixture->entries[from + 1].path;
	finding->line = 1;
	finding->column = 8;
	finding->message = STR("a </script> in the message");
	return finding;
}

void fixture_draw(const struct fixture *fixture, const char *format, struct text *out)
{
	struct error error;
	const struct picture_format *named = picture_format_named(str_of(format));
	assert_non_null(named);
	assert_int_equal(0, picture_write(named, &fixture->picture, out, &error));
}
