/* SPDX-License-Identifier: Apache-2.0 */
/* The report for other programs: one object. Its fields are a promise
 * (docs/schema/check.schema.json): new ones may come, none goes or changes its meaning. A
 * finding is one line, so that two reports can be compared line by line. */
#include "report/writer.h"

static void add_member(struct text *out, const char *name, struct str value)
{
	text_addf(out, ", \"%s\": ", name);
	text_add_json(out, value);
}

static void add_steps(struct text *out, const struct finding *finding)
{
	text_add(out, STR(", \"steps\": ["));
	for (size_t i = 0; i < finding->step_count; i++) {
		const struct finding_step *step = &finding->steps[i];
		text_add(out, i ? STR(", {\"file\": ") : STR("{\"file\": "));
		text_add_json(out, step->file);
		text_addf(out, ", \"line\": %u, \"column\": %u", step->line, step->column);
		add_member(out, "text", step->text);
		text_add_byte(out, '}');
	}
	text_add_byte(out, ']');
}

static const char *severity_name(const struct finding *finding)
{
	return finding->severity == FINDING_ERROR ? "error" : "warning";
}

static void add_finding(struct text *out, const struct finding *finding)
{
	text_addf(out, "{\"rule\": \"%s\", \"severity\": \"%s\"", finding->rule,
		  severity_name(finding));
	add_member(out, "module", finding->module);
	add_member(out, "to", finding->to);
	add_member(out, "file", finding->file);
	text_addf(out, ", \"line\": %u, \"column\": %u", finding->line, finding->column);
	add_member(out, "reference", finding->reference);
	add_member(out, "message", finding->message);
	add_member(out, "why", finding->why);
	add_member(out, "help", finding->help);
	if (finding->step_count)
		add_steps(out, finding);
	text_addf(out, ", \"baseline\": %s}", finding->baseline ? "true" : "false");
}

static void add_numbers(struct text *out, const struct check_summary *summary)
{
	text_add(out, STR("{\n\t\"version\": "));
	text_add_json(out, str_of(summary->version));
	text_addf(out, ",\n\t\"files\": %llu,\n\t\"lines\": %llu,\n",
		  (unsigned long long)summary->files, (unsigned long long)summary->lines);
	text_addf(out,
		  "\t\"references\": {\"total\": %llu, \"internal\": %llu, \"external\": %llu, "
		  "\"unresolved\": %llu},\n",
		  (unsigned long long)summary->references, (unsigned long long)summary->internal,
		  (unsigned long long)summary->external, (unsigned long long)summary->unresolved);
	text_add(out, STR("\t\"modules\": ["));
	for (size_t i = 0; i < summary->module_count; i++) {
		if (i)
			text_add(out, STR(", "));
		text_add_json(out, summary->modules[i]);
	}
	text_addf(out, "],\n\t\"edges\": %llu,\n", (unsigned long long)summary->edges);
}

static void add_problems(struct text *out, const struct error_list *problems)
{
	size_t count = problems ? problems->count : 0;
	text_add(out, STR("\t\"problems\": ["));
	for (size_t i = 0; i < count; i++) {
		const struct error *problem = &problems->items[i];
		text_add(out, i ? STR(",\n\t\t{\"file\": ") : STR("\n\t\t{\"file\": "));
		text_add_json(out, str_of(problem->file));
		text_addf(out, ", \"line\": %u, \"column\": %u", problem->line, problem->column);
		add_member(out, "message", str_of(problem->message));
		text_add_byte(out, '}');
	}
	text_add(out, count ? STR("\n\t],\n") : STR("],\n"));
	text_addf(out, "\t\"problems_left_out\": %zu,\n", problems ? problems->dropped : 0);
}

void write_json(const struct writer *writer)
{
	struct text *out = writer->out;
	add_numbers(out, writer->summary);
	text_add(out, STR("\t\"findings\": ["));
	for (size_t i = 0; i < writer->list->count; i++) {
		text_add(out, i ? STR(",\n\t\t") : STR("\n\t\t"));
		add_finding(out, writer->sorted[i]);
	}
	text_add(out, writer->list->count ? STR("\n\t],\n") : STR("],\n"));
	add_problems(out, writer->summary->problems);
	text_addf(out, "\t\"duration_ms\": %.3f\n}\n", writer->summary->duration_ms);
}
