/* SPDX-License-Identifier: Apache-2.0 */
/* What a team sees in its first minute. Judges nothing. */
#include "propose/survey.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* More than so many rows of a kind only tire; the rest is counted. */
enum { MODULES_SHOWN = 40, CYCLES_SHOWN = 5, PAIRS_SHOWN = 10, NAME_WIDTH_MOST = 48 };

struct row {
	uint32_t module;
	uint32_t files;
	uint64_t lines;
	uint32_t uses;
	uint32_t used_by;
};

struct pair {
	uint32_t a;
	uint32_t b;
	uint32_t there;
	uint32_t back;
};

struct survey {
	const struct graph *graph;
	bool colour;
	struct text *out;
	struct row *rows;
	uint64_t outside; /* files of no module */
};

static struct str name_of(const struct survey *survey, uint32_t module)
{
	return survey->graph->contracts->modules[module].name;
}

static const char *path_of(const struct survey *survey, uint32_t module)
{
	struct str path = survey->graph->contracts->modules[module].path;
	return path.length > 0 ? path.at : ".";
}

/* A number in a column of `width`. */
static void add_column(struct text *out, uint64_t number, int width)
{
	_cleanup_(text_release) struct text grouped = {0};
	text_add_number(&grouped, number);
	out->failed |= grouped.failed;
	text_addf(out, "%*s", width, grouped.failed ? "" : grouped.at);
}

static void add_heading(const struct survey *survey, const char *words, size_t count)
{
	text_addf(survey->out, "\n%s%s (%zu)%s\n", survey->colour ? "\033[1m" : "", words, count,
		  survey->colour ? "\033[0m" : "");
}

/* ---- what there is ---- */

static void count_rows(struct survey *survey)
{
	const struct graph *graph = survey->graph;
	for (uint32_t i = 0; i < graph->tree->count; i++) {
		const struct facts *facts = graph->tree->entries[i].facts;
		if (!facts)
			continue;
		if (graph->module_of[i] == MODULE_NONE) {
			survey->outside++;
			continue;
		}
		survey->rows[graph->module_of[i]].files++;
		survey->rows[graph->module_of[i]].lines += facts->lines;
	}
	for (size_t i = 0; i < graph->edge_count; i++) {
		survey->rows[graph->edges[i].from].uses++;
		survey->rows[graph->edges[i].to].used_by++;
	}
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	if (x->lines != y->lines)
		return x->lines > y->lines ? -1 : 1;
	return x->module < y->module ? -1 : x->module > y->module;
}

static int name_width(const struct survey *survey, size_t shown)
{
	size_t width = 6;
	for (size_t i = 0; i < shown; i++) {
		size_t length = name_of(survey, survey->rows[i].module).length;
		width = length > width ? length : width;
	}
	return width > NAME_WIDTH_MOST ? NAME_WIDTH_MOST : (int)width;
}

static void add_modules(struct survey *survey)
{
	size_t count = survey->graph->contracts->module_count;
	for (size_t i = 0; i < count; i++)
		survey->rows[i].module = (uint32_t)i;
	count_rows(survey);
	qsort(survey->rows, count, sizeof *survey->rows, compare_rows);
	size_t shown = count > MODULES_SHOWN ? MODULES_SHOWN : count;
	int width = name_width(survey, shown);
	add_heading(survey, "Modules as proposed", count);
	text_add(survey->out, STR("  Packages that manifests declare, and folders. `uses` and "
				  "`used by` count modules.\n"));
	text_addf(survey->out, "  %-*s %8s %10s %6s %8s  folder\n", width, "module", "files",
		  "lines", "uses", "used by");
	for (size_t i = 0; i < shown; i++) {
		const struct row *row = &survey->rows[i];
		text_addf(survey->out, "  %-*.*s", width, STR_ARG(name_of(survey, row->module)));
		add_column(survey->out, row->files, 9);
		add_column(survey->out, row->lines, 11);
		text_addf(survey->out, " %6u %8u  %s/\n", row->uses, row->used_by,
			  path_of(survey, row->module));
	}
	if (shown < count) {
		text_add(survey->out, STR("  and "));
		text_add_count(survey->out, count - shown, "smaller one");
		text_add_byte(survey->out, '\n');
	}
	if (survey->outside > 0) {
		text_add(survey->out, STR("  In no module: "));
		text_add_count(survey->out, survey->outside, "file");
		text_add(survey->out, STR(" (tests, docs, examples, tools, or too few to be "
					  "one)\n"));
	}
}

/* ---- what is tangled ---- */

static void add_link(struct survey *survey, uint32_t from, uint32_t to)
{
	const struct edge *edge = graph_edge(survey->graph, from, to);
	const struct use *use = &survey->graph->uses[edge->first_use];
	const struct reference *reference = graph_reference(survey->graph, use);
	text_addf(survey->out, "    %.*s uses %.*s ", STR_ARG(name_of(survey, from)),
		  STR_ARG(name_of(survey, to)));
	text_add_count(survey->out, edge->use_count, "time");
	text_addf(survey->out, "%s in %s:%u\n", edge->use_count == 1 ? "," : ", first",
		  survey->graph->tree->entries[use->file].path.at, reference->line);
}

static void add_cycle(struct survey *survey, const uint32_t *path, uint32_t length, uint32_t size)
{
	text_add(survey->out, STR("  "));
	for (uint32_t i = 0; i < length; i++)
		text_addf(survey->out, "%s%.*s", i ? " -> " : "",
			  STR_ARG(name_of(survey, path[i])));
	if (size > length - 1) {
		text_add(survey->out, STR("   (one circle of many: "));
		text_add_count(survey->out, size, "module");
		text_add(survey->out, STR(" reach each other)"));
	}
	text_add_byte(survey->out, '\n');
	for (uint32_t i = 0; i + 1 < length; i++)
		add_link(survey, path[i], path[i + 1]);
}

struct components {
	uint32_t *of;
	uint32_t *sizes;
	uint32_t *paths;
	bool *allowed;
	uint32_t count;
};

/* A shortest cycle through the first node of the component. */
static int add_component(struct survey *survey, const struct components *components,
			 uint32_t component, struct error *error)
{
	const struct digraph *modules = &survey->graph->modules;
	uint32_t first = NODE_NONE, length = 0;
	for (uint32_t i = 0; i < modules->node_count; i++) {
		components->allowed[i] = components->of[i] == component;
		if (components->allowed[i] && first == NODE_NONE)
			first = i;
	}
	if (digraph_path(modules, first, first, components->allowed, components->paths, &length,
			 error) < 0)
		return -1;
	add_cycle(survey, components->paths, length, components->sizes[component]);
	return 0;
}

static int add_cycles(struct survey *survey, struct components *components, struct error *error)
{
	const struct digraph *modules = &survey->graph->modules;
	if (digraph_components(modules, components->of, &components->count, error) < 0)
		return -1;
	size_t cycles = 0, shown = 0;
	for (uint32_t i = 0; i < modules->node_count; i++)
		cycles += ++components->sizes[components->of[i]] == 2;
	add_heading(survey, "Cycles", cycles);
	if (cycles == 0)
		text_addf(survey->out, "  none: the modules can be layered\n");
	for (uint32_t i = 0; i < components->count && shown < CYCLES_SHOWN; i++) {
		if (components->sizes[i] < 2)
			continue;
		shown++;
		if (add_component(survey, components, i, error) < 0)
			return -1;
	}
	if (shown < cycles)
		text_addf(survey->out, "  and %zu more\n", cycles - shown);
	return 0;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	uint32_t less_x = x->there < x->back ? x->there : x->back;
	uint32_t less_y = y->there < y->back ? y->there : y->back;
	if (less_x != less_y)
		return less_x > less_y ? -1 : 1;
	uint64_t sum_x = (uint64_t)x->there + x->back, sum_y = (uint64_t)y->there + y->back;
	if (sum_x != sum_y)
		return sum_x > sum_y ? -1 : 1;
	return x->a != y->a ? (x->a < y->a ? -1 : 1) : x->b < y->b ? -1 : x->b > y->b;
}

static void add_pair(struct survey *survey, const struct pair *pair)
{
	struct str a = name_of(survey, pair->a), b = name_of(survey, pair->b);
	text_addf(survey->out, "  %.*s -> %.*s ", STR_ARG(a), STR_ARG(b));
	text_add_count(survey->out, pair->there, "time");
	text_addf(survey->out, ", %.*s -> %.*s ", STR_ARG(b), STR_ARG(a));
	text_add_count(survey->out, pair->back, "time");
	text_add_byte(survey->out, '\n');
}

/* Pairs that use each other both ways; most first by the weaker side, for that one is the
 * work to cut. */
static int add_pairs(struct survey *survey, struct error *error)
{
	const struct graph *graph = survey->graph;
	_cleanup_(mem_freep) struct pair *pairs =
		mem_alloc((graph->edge_count + 1) * sizeof *pairs);
	if (!pairs)
		return error_memory(error);
	size_t count = 0;
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct edge *there = &graph->edges[i];
		const struct edge *back =
			there->from < there->to ? graph_edge(graph, there->to, there->from) : NULL;
		if (back)
			pairs[count++] = (struct pair){there->from, there->to, there->use_count,
						       back->use_count};
	}
	qsort(pairs, count, sizeof *pairs, compare_pairs);
	add_heading(survey, "Most entangled pairs", count);
	if (count == 0)
		text_addf(survey->out, "  none: no two modules use each other\n");
	else
		text_addf(survey->out, "  The smaller number of a pair is the one to cut.\n");
	for (size_t i = 0; i < count && i < PAIRS_SHOWN; i++)
		add_pair(survey, &pairs[i]);
	if (count > PAIRS_SHOWN)
		text_addf(survey->out, "  and %zu more\n", count - PAIRS_SHOWN);
	return 0;
}

static void add_totals(struct survey *survey, const struct check_summary *summary)
{
	struct text *out = survey->out;
	text_addf(out,
		  "There is no ashlar.yaml in %s yet, so nothing is judged.\n"
		  "This is what `ashlar init` would propose.\n\n",
		  summary->root);
	text_add_count(out, summary->files, "file");
	text_add(out, STR(", "));
	text_add_count(out, summary->lines, "line");
	text_add(out, STR(", "));
	text_add_count(out, summary->references, "reference");
	if (summary->references > 0) {
		text_add(out, STR(": "));
		text_add_number(out, summary->internal);
		text_add(out, STR(" internal, "));
		text_add_number(out, summary->external);
		text_add(out, STR(" external, "));
		text_add_number(out, summary->unresolved);
		text_add(out, STR(" unresolved"));
	}
	text_addf(out, "; in %.0f ms\n", summary->duration_ms);
}

int survey_write(const struct graph *graph, const struct check_summary *summary, bool colour,
		 struct text *out, struct error *error)
{
	_cleanup_(arena_release) struct arena arena = {0};
	size_t count = graph->contracts->module_count;
	struct survey survey = {.graph = graph, .colour = colour, .out = out};
	survey.rows = arena_array(&arena, count, sizeof *survey.rows);
	struct components components = {
		.of = arena_array(&arena, count, sizeof(uint32_t)),
		.sizes = arena_array(&arena, count, sizeof(uint32_t)),
		.paths = arena_array(&arena, count + 2, sizeof(uint32_t)),
		.allowed = arena_array(&arena, count, sizeof(bool)),
	};
	if (arena.failed)
		return error_memory(error);
	add_totals(&survey, summary);
	if (summary->files == 0) {
		text_addf(out,
			  "\nNo source file was found: Ashlar reads C, C++, Python, JavaScript, "
			  "TypeScript, Go and Java.\n");
		return 0;
	}
	add_modules(&survey);
	if (add_cycles(&survey, &components, error) < 0 || add_pairs(&survey, error) < 0)
		return -1;
	text_addf(out, "\nNext: `ashlar init` writes these contracts, with a baseline, so that the "
		       "check is green;\n`ashlar graph --format html -o report.html` draws them; "
		       "`ashlar refs --unresolved` lists what did not resolve.\n");
	return 0;
}
