/* SPDX-License-Identifier: Apache-2.0 */
/* SARIF 2.1.0 (OASIS). One run; paths relative to %SRCROOT%; columns are characters. A chain is
 * told twice, as a code flow and as related locations, because viewers show one or the other.
 * Findings of the baseline are "unchanged" and suppressed. */
#include "base/mem.h"
#include "report/fingerprint.h"
#include "report/writer.h"

static const struct str SCHEMA = STR("https://json.schemastore.org/sarif-2.1.0.json");

static void add_uri_part(struct text *out, struct str path)
{
	static const char FREE[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-._~/";
	for (size_t i = 0; i < path.length; i++) {
		char byte = path.at[i];
		if (byte && strchr(FREE, byte))
			text_add_byte(out, byte);
		else
			text_addf(out, "%%%02X", (unsigned char)byte);
	}
}

static void add_artifact(const struct writer *writer, struct str file)
{
	struct str prefix = writer->options->prefix;
	text_add(writer->out, STR("\"artifactLocation\": {\"uri\": \""));
	add_uri_part(writer->out, prefix);
	if (prefix.length)
		text_add_byte(writer->out, '/');
	add_uri_part(writer->out, file);
	text_add(writer->out, STR("\", \"uriBaseId\": \"%SRCROOT%\"}"));
}

struct place {
	struct str file;
	uint32_t line;
	uint32_t column;
	uint32_t width;
};

static void add_physical(const struct writer *writer, struct place place)
{
	text_add(writer->out, STR("\"physicalLocation\": {"));
	add_artifact(writer, place.file);
	if (place.line) {
		text_addf(writer->out, ", \"region\": {\"startLine\": %u", place.line);
		if (place.column)
			text_addf(writer->out, ", \"startColumn\": %u", place.column);
		if (place.column && place.width)
			text_addf(writer->out, ", \"endColumn\": %u", place.column + place.width);
		text_add_byte(writer->out, '}');
	}
	text_add_byte(writer->out, '}');
}

static void add_message(struct text *out, const char *member, struct str text)
{
	text_addf(out, "\"%s\": {\"text\": ", member);
	text_add_json(out, text.length ? text : STR("-"));
	text_add_byte(out, '}');
}

static void add_location(const struct writer *writer, const struct finding *finding,
			 struct source *source)
{
	struct text *out = writer->out;
	text_add(out, STR(", \"locations\": [{"));
	if (finding->file.length)
		add_physical(writer, (struct place){finding->file, finding->line, finding->column,
						    width_of(source, finding)});
	if (finding->module.length) {
		text_add(out, finding->file.length ? STR(", ") : STR(""));
		text_add(out, STR("\"logicalLocations\": [{\"kind\": \"module\", \"name\": "));
		text_add_json(out, finding->module);
		text_add(out, STR("}]"));
	}
	text_add(out, STR("}]"));
}

static void add_step(const struct writer *writer, const struct finding_step *step)
{
	add_physical(writer, (struct place){step->file, step->line, step->column, 0});
	text_add(writer->out, STR(", "));
	add_message(writer->out, "message", step->text);
}

static void add_chain(const struct writer *writer, const struct finding *finding)
{
	struct text *out = writer->out;
	text_add(out, STR(", \"codeFlows\": [{\"threadFlows\": [{\"locations\": ["));
	for (size_t i = 0; i < finding->step_count; i++) {
		text_add(out, i ? STR(", {\"location\": {") : STR("{\"location\": {"));
		add_step(writer, &finding->steps[i]);
		text_add(out, STR("}}"));
	}
	text_add(out, STR("]}]}], \"relatedLocations\": ["));
	for (size_t i = 0; i < finding->step_count; i++) {
		text_addf(out, "%s{\"id\": %zu, ", i ? ", " : "", i);
		add_step(writer, &finding->steps[i]);
		text_add_byte(out, '}');
	}
	text_add_byte(out, ']');
}

static void add_full_message(const struct writer *writer, const struct finding *finding)
{
	_cleanup_(text_release) struct text message = {0};
	text_add(&message, finding->message);
	if (finding->why.length) {
		text_add(&message, STR("\nWhy: "));
		text_add(&message, finding->why);
	}
	if (finding->help.length) {
		text_add(&message, STR("\nHelp: "));
		text_add(&message, finding->help);
	}
	add_message(writer->out, "message", text_str(&message));
	if (message.failed)
		writer->out->failed = true;
}

static void add_properties(struct text *out, const struct finding *finding)
{
	text_add(out, STR(", \"properties\": {\"module\": "));
	text_add_json(out, finding->module);
	text_add(out, STR(", \"to\": "));
	text_add_json(out, finding->to);
	text_add(out, STR(", \"reference\": "));
	text_add_json(out, finding->reference);
	text_add_byte(out, '}');
}

/* Index of the rule in the options; -1 where it is not among them. */
static long rule_index(const struct writer *writer, const char *rule)
{
	for (size_t i = 0; i < writer->options->rule_count; i++)
		if (strcmp(writer->options->rules[i].name, rule) == 0)
			return (long)i;
	return -1;
}

static void add_result(const struct writer *writer, const struct finding *finding,
		       const struct fingerprint *fingerprint, struct source *source)
{
	struct text *out = writer->out;
	long index = rule_index(writer, finding->rule);
	text_addf(out, "{\"ruleId\": \"%s\", ", finding->rule);
	if (index >= 0)
		text_addf(out, "\"ruleIndex\": %ld, ", index);
	text_addf(out, "\"level\": \"%s\", ",
		  finding->severity == FINDING_ERROR ? "error" : "warning");
	add_full_message(writer, finding);
	if (finding->file.length || finding->module.length)
		add_location(writer, finding, source);
	if (finding->step_count)
		add_chain(writer, finding);
	text_addf(out, ", \"partialFingerprints\": {\"ashlar/v1\": \"%s\"}", fingerprint->hex);
	text_addf(out, ", \"baselineState\": \"%s\"", finding->baseline ? "unchanged" : "new");
	if (finding->baseline)
		text_add(out, STR(", \"suppressions\": [{\"kind\": \"external\", \"status\": "
				  "\"accepted\", \"justification\": \"known in the baseline\"}]"));
	add_properties(out, finding);
	text_add_byte(out, '}');
}

static void add_rules(const struct writer *writer)
{
	struct text *out = writer->out;
	text_add(out, STR(",\n\t\t\t\"rules\": ["));
	for (size_t i = 0; i < writer->options->rule_count; i++) {
		const struct report_rule *rule = &writer->options->rules[i];
		text_addf(out, "%s\n\t\t\t\t{\"id\": \"%s\", ", i ? "," : "", rule->name);
		add_message(out, "shortDescription", str_of(rule->summary));
		if (rule->text) {
			text_add(out, STR(", "));
			add_message(out, "fullDescription", str_of(rule->text));
			text_add(out, STR(", "));
			add_message(out, "help", str_of(rule->text));
		}
		text_add_byte(out, '}');
	}
	text_add_byte(out, ']');
}

static void add_tool(const struct writer *writer)
{
	text_add(writer->out, STR("\t\t\"tool\": {\"driver\": {\n\t\t\t\"name\": \"Ashlar\",\n"
				  "\t\t\t\"version\": "));
	text_add_json(writer->out, str_of(writer->summary->version));
	if (writer->options->rule_count)
		add_rules(writer);
	text_add(writer->out, STR("\n\t\t}},\n"));
}

static void add_notification(const struct writer *writer, const struct error *problem)
{
	struct text *out = writer->out;
	text_add(out, STR("{\"level\": \"error\", "));
	add_message(out, "message", str_of(problem->message));
	if (problem->file[0] && problem->file[0] != '/') {
		text_add(out, STR(", \"locations\": [{"));
		add_physical(writer, (struct place){str_of(problem->file), problem->line,
						    problem->column, 0});
		text_add(out, STR("}]"));
	}
	text_add_byte(out, '}');
}

static void add_invocation(const struct writer *writer)
{
	struct text *out = writer->out;
	const struct error_list *problems = writer->summary->problems;
	size_t count = problems ? problems->count : 0;
	text_addf(out, "\t\t\"invocations\": [{\"executionSuccessful\": %s",
		  count ? "false" : "true");
	if (count)
		text_add(out, STR(", \"toolExecutionNotifications\": ["));
	for (size_t i = 0; i < count; i++) {
		text_add(out, i ? STR(",\n\t\t\t") : STR("\n\t\t\t"));
		add_notification(writer, &problems->items[i]);
	}
	text_add(out, count ? STR("\n\t\t]}],\n") : STR("}],\n"));
}

static void add_run_properties(struct text *out, const struct check_summary *summary)
{
	text_addf(out, "\t\t\"properties\": {\"files\": %llu, \"lines\": %llu, \"modules\": %zu, ",
		  (unsigned long long)summary->files, (unsigned long long)summary->lines,
		  summary->module_count);
	text_addf(out,
		  "\"references\": {\"total\": %llu, \"internal\": %llu, \"external\": %llu, "
		  "\"unresolved\": %llu}},\n",
		  (unsigned long long)summary->references, (unsigned long long)summary->internal,
		  (unsigned long long)summary->external, (unsigned long long)summary->unresolved);
}

void write_sarif(const struct writer *writer)
{
	struct text *out = writer->out;
	size_t count = writer->list->count;
	_cleanup_(mem_freep) struct fingerprint *prints = fingerprints(writer);
	_cleanup_(source_release) struct source source = {.root = writer->summary->root};
	text_add(out, STR("{\n\t\"$schema\": \""));
	text_add(out, SCHEMA);
	text_add(out, STR("\",\n\t\"version\": \"2.1.0\",\n\t\"runs\": [{\n"));
	add_tool(writer);
	add_invocation(writer);
	text_add(out, STR("\t\t\"columnKind\": \"unicodeCodePoints\",\n"));
	add_run_properties(out, writer->summary);
	text_add(out, STR("\t\t\"results\": ["));
	for (size_t i = 0; prints && i < count; i++) {
		text_add(out, i ? STR(",\n\t\t\t") : STR("\n\t\t\t"));
		add_result(writer, writer->sorted[i], &prints[i], &source);
	}
	text_add(out, count ? STR("\n\t\t]\n\t}]\n}\n") : STR("]\n\t}]\n}\n"));
	if (source.failed)
		out->failed = true;
}
