/* SPDX-License-Identifier: Apache-2.0 */
/* The table of formats, and what they share. Must not know how any of them looks. */
#include "report/report.h"

#include <stdlib.h>

#include "base/mem.h"
#include "report/writer.h"

struct report_format {
	const char *name;
	void (*write)(const struct writer *writer);
};

static const struct report_format FORMATS[] = {
	{"text", write_text},     {"json", write_json},   {"sarif", write_sarif},
	{"github", write_github}, {"junit", write_junit}, {"codequality", write_codequality},
};

enum { FORMAT_COUNT = sizeof FORMATS / sizeof FORMATS[0] };

static int compare_places(const struct finding *a, const struct finding *b)
{
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	int order = str_compare(a->reference, b->reference);
	return order ? order : str_compare(a->message, b->message);
}

static int compare(const void *left, const void *right)
{
	const struct finding *a = *(const struct finding *const *)left;
	const struct finding *b = *(const struct finding *const *)right;
	if ((a->module.length == 0) != (b->module.length == 0))
		return a->module.length == 0 ? 1 : -1;
	int order = str_compare(a->module, b->module);
	if (order == 0)
		order = str_compare(a->file, b->file);
	if (order == 0)
		order = strcmp(a->rule, b->rule);
	if (order == 0)
		order = str_compare(a->to, b->to);
	if (order == 0)
		order = compare_places(a, b);
	return order ? order : (a > b) - (a < b);
}

static const struct finding **sort(const struct finding_list *list)
{
	const struct finding **sorted = mem_alloc((list->count + 1) * sizeof(void *));
	if (!sorted)
		return NULL;
	for (size_t i = 0; i < list->count; i++)
		sorted[i] = &list->items[i];
	qsort(sorted, list->count, sizeof(void *), compare);
	return sorted;
}

void add_json_path(const struct writer *writer, struct str file)
{
	_cleanup_(text_release) struct text path = {0};
	if (writer->options->prefix.length) {
		text_add(&path, writer->options->prefix);
		text_add_byte(&path, '/');
	}
	text_add(&path, file);
	text_add_json(writer->out, text_str(&path));
	if (path.failed)
		writer->out->failed = true;
}

void add_xml_path(const struct writer *writer, struct str file)
{
	if (writer->options->prefix.length) {
		text_add_xml(writer->out, writer->options->prefix);
		text_add_byte(writer->out, '/');
	}
	text_add_xml(writer->out, file);
}

uint32_t width_of(struct source *source, const struct finding *finding)
{
	struct str line;
	if (finding->reference.length == 0 ||
	    !source_line(source, finding->file, finding->line, &line))
		return finding->width;
	return source_match(line, finding->column, finding->reference);
}

void add_seen(struct text *out, const struct check_summary *summary)
{
	text_add_count(out, summary->files, "file");
	text_add(out, STR(", "));
	text_add_count(out, summary->lines, "line");
	text_add(out, STR(", "));
	text_add_count(out, summary->module_count, "module");
	text_add(out, STR("; "));
	text_add_count(out, summary->references, "reference");
	if (summary->references == 0)
		return;
	text_add(out, STR(": "));
	text_add_number(out, summary->internal);
	text_add(out, STR(" internal, "));
	text_add_number(out, summary->external);
	text_add(out, STR(" external, "));
	text_add_number(out, summary->unresolved);
	text_add(out, STR(" unresolved"));
}

/* Rules past this many are told as "other". */
enum { TALLY_LIMIT = 32 };

struct tally {
	const char *rule;
	size_t count;
};

static int compare_tallies(const void *left, const void *right)
{
	const struct tally *a = left, *b = right;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return strcmp(a->rule, b->rule);
}

static size_t tally(const struct finding_list *list, struct tally tallies[TALLY_LIMIT])
{
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++) {
		const char *rule = list->items[i].rule;
		size_t at = 0;
		if (list->items[i].baseline)
			continue;
		while (at < count && strcmp(tallies[at].rule, rule) != 0)
			at++;
		if (at == TALLY_LIMIT)
			tallies[--at].rule = "other";
		else if (at == count)
			tallies[count++] = (struct tally){rule, 0};
		tallies[at].count++;
	}
	qsort(tallies, count, sizeof tallies[0], compare_tallies);
	return count;
}

static void add_rules(struct text *out, const struct finding_list *list)
{
	struct tally tallies[TALLY_LIMIT];
	size_t count = tally(list, tallies);
	for (size_t i = 0; i < count; i++) {
		text_add(out, i ? STR(", ") : STR(": "));
		text_add_number(out, tallies[i].count);
		text_addf(out, " %s", tallies[i].rule);
	}
}

struct verdict verdict_of(const struct finding_list *list)
{
	struct verdict verdict = {0};
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].baseline)
			verdict.known++;
		else if (list->items[i].severity == FINDING_ERROR)
			verdict.errors++;
		else
			verdict.warnings++;
	}
	return verdict;
}

void add_verdict(struct text *out, const struct finding_list *list)
{
	struct verdict verdict = verdict_of(list);
	if (verdict.errors)
		text_add_count(out, verdict.errors, "error");
	if (verdict.errors && verdict.warnings)
		text_add(out, STR(" and "));
	if (verdict.warnings)
		text_add_count(out, verdict.warnings, "warning");
	if (verdict.errors + verdict.warnings == 0)
		text_add(out, verdict.known ? STR("No new findings") : STR("No findings"));
	add_rules(out, list);
	if (verdict.known) {
		text_add(out, STR("; "));
		text_add_number(out, verdict.known);
		text_add(out, STR(" known in the baseline"));
	}
}

const struct report_format *report_format_named(struct str name)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (str_equal(str_of(FORMATS[i].name), name))
			return &FORMATS[i];
	return NULL;
}

const char *report_format_name(size_t index)
{
	return index < FORMAT_COUNT ? FORMATS[index].name : NULL;
}

int report_write(const struct report_format *format, const struct finding_list *list,
		 const struct check_summary *summary, const struct report_options *options,
		 struct text *out, struct error *error)
{
	static const struct report_options NONE = {0};
	_cleanup_(mem_freep) const struct finding **sorted = sort(list);
	if (!sorted)
		return error_memory(error);
	struct writer writer = {list, summary, options ? options : &NONE, sorted, out};
	format->write(&writer);
	return out->failed || list->failed ? error_memory(error) : 0;
}
