/* SPDX-License-Identifier: Apache-2.0 */
/* JUnit XML, as Jenkins and GitLab show it: a suite for each module, in it a failed test for
 * each finding (a skipped one for those of the baseline), or one passed test where there is
 * none. A test is known by its name from run to run, so names have no lines in them; both
 * programs want them to differ, so the fingerprint's first digits are part of them. */
#include "base/mem.h"

#include <assert.h>
#include "report/fingerprint.h"
#include "report/writer.h"

static void add_attribute(struct text *out, const char *name, struct str value)
{
	text_addf(out, " %s=\"", name);
	text_add_xml(out, value);
	text_add_byte(out, '"');
}

static void add_line(struct text *out, const char *label, struct str text)
{
	if (text.length == 0)
		return;
	text_addf(out, "%s", label);
	text_add_xml(out, text);
	text_add_byte(out, '\n');
}

static void add_place(struct text *out, struct str file, uint32_t line, uint32_t column)
{
	text_add_xml(out, file);
	if (line)
		text_addf(out, ":%u", line);
	if (line && column)
		text_addf(out, ":%u", column);
}

static void add_story(struct text *out, const struct finding *finding)
{
	add_place(out, finding->file, finding->line, finding->column);
	text_add_byte(out, '\n');
	add_line(out, "", finding->message);
	for (size_t i = 0; i < finding->step_count; i++) {
		const struct finding_step *step = &finding->steps[i];
		text_addf(out, "  %zu. ", i + 1);
		add_place(out, step->file, step->line, step->column);
		text_add_byte(out, ' ');
		add_line(out, "", step->text);
	}
	add_line(out, "Why: ", finding->why);
	add_line(out, "Help: ", finding->help);
}

static void add_name(struct text *out, const struct finding *finding,
		     const struct fingerprint *fingerprint)
{
	text_addf(out, " name=\"%s: ", finding->rule);
	text_add_xml(out, finding->file);
	if (finding->reference.length) {
		text_add_byte(out, ' ');
		text_add_xml(out, finding->reference);
	} else if (finding->to.length) {
		text_add_byte(out, ' ');
		text_add_xml(out, finding->to);
	}
	text_addf(out, " [%.8s]\"", fingerprint->hex);
}

static struct str suite_name(struct str module)
{
	return module.length ? module : STR("(no module)");
}

static void add_case(const struct writer *writer, const struct finding *finding,
		     const struct fingerprint *fingerprint)
{
	struct text *out = writer->out;
	text_add(out, STR("    <testcase"));
	add_attribute(out, "classname", suite_name(finding->module));
	add_name(out, finding, fingerprint);
	if (finding->file.length) {
		text_add(out, STR(" file=\""));
		add_xml_path(writer, finding->file);
		text_add_byte(out, '"');
	}
	if (finding->line)
		text_addf(out, " line=\"%u\"", finding->line);
	if (finding->baseline) {
		text_add(out, STR(" time=\"0\"><skipped message=\"known in the baseline\"/>"
				  "</testcase>\n"));
		return;
	}
	text_add(out, STR(" time=\"0\"><failure"));
	text_addf(out, " type=\"%s\"", finding->severity == FINDING_ERROR ? "error" : "warning");
	add_attribute(out, "message", finding->message);
	text_add_byte(out, '>');
	add_story(out, finding);
	text_add(out, STR("</failure></testcase>\n"));
}

/* Findings sorted[first] to before sorted[end] are of one module. */
struct range {
	size_t first;
	size_t end;
};

static void add_suite(const struct writer *writer, struct str module, struct range range,
		      const struct fingerprint *prints)
{
	struct text *out = writer->out;
	size_t skipped = 0, count = range.end - range.first;
	for (size_t i = range.first; i < range.end; i++)
		skipped += writer->sorted[i]->baseline;
	text_add(out, STR("  <testsuite"));
	add_attribute(out, "name", suite_name(module));
	text_addf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"0\">\n",
		  count ? count : 1, count - skipped, skipped);
	for (size_t i = range.first; i < range.end; i++)
		add_case(writer, writer->sorted[i], &prints[i]);
	if (count == 0) {
		text_add(out, STR("    <testcase"));
		add_attribute(out, "classname", module);
		text_add(out, STR(" name=\"no findings\" time=\"0\"/>\n"));
	}
	text_add(out, STR("  </testsuite>\n"));
}

static struct range next_range(const struct writer *writer, size_t first)
{
	struct range range = {first, first};
	assert(writer->sorted[first]);
	while (range.end < writer->list->count &&
	       str_equal(writer->sorted[range.end]->module, writer->sorted[first]->module))
		range.end++;
	return range;
}

/* Modules and findings are both in byte order, so they are merged. */
static void add_suites(const struct writer *writer, const struct fingerprint *prints)
{
	const struct check_summary *summary = writer->summary;
	size_t module = 0, at = 0;
	while (at < writer->list->count || module < summary->module_count) {
		const struct finding *finding =
			at < writer->list->count ? writer->sorted[at] : NULL;
		int order = !finding || finding->module.length == 0 ? -1 : 1;
		if (module == summary->module_count)
			order = 1;
		else if (finding && finding->module.length)
			order = str_compare(summary->modules[module], finding->module);
		struct range range = {at, at};
		if (order >= 0)
			range = next_range(writer, at);
		assert(order < 0 || finding);
		struct str name = order < 0 ? summary->modules[module] : finding->module;
		add_suite(writer, name, range, prints);
		module += order <= 0;
		at = range.end;
	}
}

static void add_problems(struct text *out, const struct error_list *problems)
{
	if (!problems || problems->count == 0)
		return;
	text_addf(out,
		  "  <testsuite name=\"(files)\" tests=\"%zu\" failures=\"0\" errors=\"%zu\" "
		  "skipped=\"0\" time=\"0\">\n",
		  problems->count, problems->count);
	for (size_t i = 0; i < problems->count; i++) {
		char line[sizeof(struct error) + 32];
		error_format(&problems->items[i], line, sizeof line);
		text_add(out, STR("    <testcase classname=\"(files)\""));
		add_attribute(out, "name", str_of(line));
		text_add(out, STR(" time=\"0\"><error"));
		add_attribute(out, "message", str_of(problems->items[i].message));
		text_add(out, STR("/></testcase>\n"));
	}
	text_add(out, STR("  </testsuite>\n"));
}

/* The number of tests that add_suites() writes: findings, and modules without one. */
static size_t count_cases(const struct writer *writer)
{
	size_t count = writer->list->count + writer->summary->module_count;
	size_t at = 0;
	for (size_t i = 0; i < writer->summary->module_count; i++) {
		struct str module = writer->summary->modules[i];
		while (at < writer->list->count && writer->sorted[at]->module.length &&
		       str_compare(writer->sorted[at]->module, module) < 0)
			at++;
		if (at < writer->list->count && str_equal(writer->sorted[at]->module, module))
			count--;
	}
	return count;
}

void write_junit(const struct writer *writer)
{
	_cleanup_(mem_freep) struct fingerprint *prints = fingerprints(writer);
	struct verdict verdict = verdict_of(writer->list);
	const struct error_list *problems = writer->summary->problems;
	size_t errors = problems ? problems->count : 0;
	if (!prints)
		return;
	text_addf(writer->out,
		  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		  "<testsuites name=\"Ashlar\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
		  "skipped=\"%zu\" time=\"%.3f\">\n",
		  count_cases(writer) + errors, verdict.errors + verdict.warnings, errors,
		  verdict.known, writer->summary->duration_ms / 1000);
	add_suites(writer, prints);
	add_problems(writer->out, problems);
	text_add(writer->out, STR("</testsuites>\n"));
}
