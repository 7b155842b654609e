/* SPDX-License-Identifier: Apache-2.0 */
/* The page's data: arrays instead of objects, and texts by number, as there may be tens of
 * thousands of lines. A text that is named by a number is marked (text) below.
 *
 *   modules   [name, owner, layer or -1, files, lines, group or -1, shown, path,
 *              errors, warnings, known], in the order of the matrix
 *   links     [from, to, references, types only, in a cycle, closes it, errors, warnings, known,
 *              [file (text), line, column, target (text), ...]]
 *   findings  [rule (text), is error, module or -1, to (text), file (text), line, column, width,
 *              reference (text), message (text), why (text), help (text), known,
 *              [file (text), line, column, what (text), ...], source line or null]
 */
#include "picture/data.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/source.h"
#include "picture/pool.h"

struct writer {
	const struct model *model;
	struct text *out;
	struct pool pool;
	struct source source;
	size_t lines_left; /* of PICTURE_LINE_LIMIT */
};

static void writer_release(struct writer *writer)
{
	pool_release(&writer->pool);
	source_release(&writer->source);
}

static uint32_t number(struct writer *writer, struct str text)
{
	return pool_number(&writer->pool, text);
}

static void add_numbers(struct writer *writer)
{
	const struct check_summary *summary = writer->model->picture->summary;
	text_addf(writer->out,
		  "\"files\":%llu,\"lines\":%llu,\"references\":%llu,\"internal\":%llu,"
		  "\"external\":%llu,\"unresolved\":%llu,\"outside\":%u,\"duration\":%.0f,",
		  (unsigned long long)summary->files, (unsigned long long)summary->lines,
		  (unsigned long long)summary->references, (unsigned long long)summary->internal,
		  (unsigned long long)summary->external, (unsigned long long)summary->unresolved,
		  writer->model->outside_files, summary->duration_ms);
}

static void add_layers(struct writer *writer)
{
	const struct contracts *contracts = writer->model->picture->graph->contracts;
	text_add(writer->out, STR("\"layers\":["));
	for (size_t i = 0; i < contracts->layer_count; i++) {
		text_add(writer->out, i ? STR(",") : STR(""));
		text_add_json(writer->out, contracts->layers[i].name.text);
	}
	text_add(writer->out, STR("],"));
}

static void add_module(struct writer *writer, uint32_t module)
{
	const struct model *model = writer->model;
	const struct node *node = &model->nodes[module];
	bool in_cycle = model->group_size[node->group] > 1;
	text_add_byte(writer->out, '[');
	text_add_json(writer->out, node->module->name);
	text_add_byte(writer->out, ',');
	text_add_json(writer->out, node->module->owner);
	text_addf(writer->out, ",%d,%u,%llu,%d,%d,",
		  node->module->layer == MODULE_NONE ? -1 : (int)node->module->layer, node->files,
		  (unsigned long long)node->lines, in_cycle ? (int)node->group : -1, node->shown);
	text_add_json(writer->out, node->module->path);
	text_addf(writer->out, ",%u,%u,%u]", node->tally.errors, node->tally.warnings,
		  node->tally.known);
}

static void add_modules(struct writer *writer)
{
	text_add(writer->out, STR("\"modules\":["));
	for (uint32_t i = 0; i < writer->model->node_count; i++) {
		text_add(writer->out, i ? STR(",\n") : STR("\n"));
		add_module(writer, writer->model->order[i]);
	}
	text_add(writer->out, STR("],\n"));
}

static void add_uses(struct writer *writer, const struct edge *edge)
{
	const struct graph *graph = writer->model->picture->graph;
	uint32_t most = edge->use_count;
	if (most > PICTURE_EDGE_LINE_LIMIT)
		most = PICTURE_EDGE_LINE_LIMIT;
	if (most > writer->lines_left)
		most = (uint32_t)writer->lines_left;
	writer->lines_left -= most;
	for (uint32_t i = 0; i < most; i++) {
		const struct use *use = &graph->uses[edge->first_use + i];
		const struct reference *reference = graph_reference(graph, use);
		text_addf(writer->out, "%s%u,%u,%u,%u", i ? "," : "",
			  number(writer, graph->tree->entries[use->file].path), reference->line,
			  reference->column, number(writer, reference_target(reference)));
	}
}

static void add_links(struct writer *writer)
{
	const struct model *model = writer->model;
	text_add(writer->out, STR("\"links\":["));
	for (size_t i = 0; i < model->link_count; i++) {
		const struct link *link = &model->links[i];
		text_addf(writer->out, "%s[%u,%u,%u,%d,%d,%d,%u,%u,%u,[", i ? ",\n" : "\n",
			  model->nodes[link->edge->from].place, model->nodes[link->edge->to].place,
			  link->edge->use_count, link->edge->type_only, link->cycle, link->back,
			  link->tally.errors, link->tally.warnings, link->tally.known);
		add_uses(writer, link->edge);
		text_add(writer->out, STR("]]"));
	}
	text_add(writer->out, STR("],\n"));
}

/* Longer source lines are made by programs and are not shown. */
enum { CODE_LIMIT = 400 };

/* The line of a finding, and how much of it the finding is about. */
struct code {
	struct str line;
	bool there;
	uint32_t width;
};

static struct code code_of(struct writer *writer, const struct finding *finding)
{
	struct code code = {.width = finding->width};
	code.there = source_line(&writer->source, finding->file, finding->line, &code.line) &&
		     code.line.length <= CODE_LIMIT;
	if (code.there && finding->reference.length)
		code.width = source_match(code.line, finding->column, finding->reference);
	return code;
}

static void add_finding(struct writer *writer, const struct finding *finding)
{
	const struct model *model = writer->model;
	uint32_t module = contracts_find(model->picture->graph->contracts, finding->module);
	struct code code = code_of(writer, finding);
	text_addf(writer->out, "[%u,%d,%d,%u,%u,", number(writer, str_of(finding->rule)),
		  finding->severity == FINDING_ERROR,
		  module == MODULE_NONE ? -1 : (int)model->nodes[module].place,
		  number(writer, finding->to), number(writer, finding->file));
	text_addf(writer->out, "%u,%u,%u,%u,%u,%u,%u,%d,[", finding->line, finding->column,
		  code.width, number(writer, finding->reference), number(writer, finding->message),
		  number(writer, finding->why), number(writer, finding->help), finding->baseline);
	for (size_t i = 0; i < finding->step_count; i++) {
		const struct finding_step *step = &finding->steps[i];
		text_addf(writer->out, "%s%u,%u,%u,%u", i ? "," : "", number(writer, step->file),
			  step->line, step->column, number(writer, step->text));
	}
	text_add(writer->out, STR("],"));
	if (code.there)
		text_add_json(writer->out, code.line);
	else
		text_add(writer->out, STR("null"));
	text_add_byte(writer->out, ']');
}

/* New ones first, so that a bound takes the known ones; then by file, so that each is read
 * once. */
static int compare(const void *left, const void *right)
{
	const struct finding *a = *(const struct finding *const *)left;
	const struct finding *b = *(const struct finding *const *)right;
	if (a->baseline != b->baseline)
		return a->baseline ? 1 : -1;
	int order = str_compare(a->file, b->file);
	if (order == 0 && a->line != b->line)
		order = a->line < b->line ? -1 : 1;
	return order ? order : (a > b) - (a < b);
}

static int add_findings(struct writer *writer, struct error *error)
{
	const struct finding_list *list = writer->model->picture->findings;
	size_t most = list->count < PICTURE_FINDING_LIMIT ? list->count : PICTURE_FINDING_LIMIT;
	_cleanup_(mem_freep) const struct finding **sorted =
		mem_alloc((list->count + 1) * sizeof(void *));
	if (!sorted)
		return error_memory(error);
	for (size_t i = 0; i < list->count; i++)
		sorted[i] = &list->items[i];
	qsort(sorted, list->count, sizeof(void *), compare);
	text_add(writer->out, STR("\"findings\":["));
	for (size_t i = 0; i < most; i++) {
		text_add(writer->out, i ? STR(",\n") : STR("\n"));
		add_finding(writer, sorted[i]);
	}
	text_addf(writer->out, "],\"findingsLeftOut\":%zu,\n", list->count - most);
	return 0;
}

static void add_problems(struct writer *writer)
{
	const struct error_list *problems = writer->model->picture->summary->problems;
	text_add(writer->out, STR("\"problems\":["));
	for (size_t i = 0; problems && i < problems->count; i++) {
		char line[sizeof(struct error) + 32];
		error_format(&problems->items[i], line, sizeof line);
		text_add(writer->out, i ? STR(",") : STR(""));
		text_add_json(writer->out, str_of(line));
	}
	text_addf(writer->out, "],\"problemsLeftOut\":%zu,\n", problems ? problems->dropped : 0);
}

static int add_all(struct writer *writer, struct error *error)
{
	const struct picture *picture = writer->model->picture;
	text_add(writer->out, STR("{\"title\":"));
	text_add_json(writer->out, picture->title);
	text_add(writer->out, STR(",\"version\":"));
	text_add_json(writer->out, str_of(picture->summary->version));
	text_addf(writer->out, ",\"proposed\":%s,", picture->proposed ? "true" : "false");
	add_numbers(writer);
	add_layers(writer);
	add_modules(writer);
	add_links(writer);
	if (add_findings(writer, error) < 0)
		return -1;
	add_problems(writer);
	text_add(writer->out, STR("\"texts\":"));
	pool_write(&writer->pool, writer->out);
	text_add_byte(writer->out, '}');
	bool failed = writer->out->failed || writer->pool.failed || writer->pool.list.failed ||
		      writer->source.failed;
	return failed ? error_memory(error) : 0;
}

/* '<' stands in strings only, where "\u003c" says the same. */
static void add_without_tags(struct text *out, struct str json)
{
	struct str part;
	bool first = true;
	while (str_split(&json, '<', &part)) {
		if (!first)
			text_add(out, STR("\\u003c"));
		text_add(out, part);
		first = false;
	}
}

int data_write(const struct model *model, struct text *out, struct error *error)
{
	_cleanup_(text_release) struct text json = {0};
	_cleanup_(writer_release) struct writer writer = {
		.model = model, .out = &json, .lines_left = PICTURE_LINE_LIMIT};
	writer.source.root = model->picture->summary->root;
	if (add_all(&writer, error) < 0)
		return -1;
	add_without_tags(out, text_str(&json));
	return out->failed ? error_memory(error) : 0;
}
