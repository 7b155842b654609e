/* SPDX-License-Identifier: Apache-2.0 */
/* GitLab's Code Quality report: a list of findings with a fingerprint each. GitLab compares
 * the lists of two branches by fingerprint and shows what came and went; so findings of the
 * baseline are in it, as mere information. */
#include "base/mem.h"
#include "report/fingerprint.h"
#include "report/writer.h"

static const char *severity(const struct finding *finding)
{
	if (finding->baseline)
		return "info";
	return finding->severity == FINDING_ERROR ? "major" : "minor";
}

static void add_description(const struct writer *writer, const struct finding *finding)
{
	_cleanup_(text_release) struct text description = {0};
	text_add(&description, finding->message);
	if (finding->help.length) {
		text_add(&description, STR(" ("));
		text_add(&description, finding->help);
		text_add_byte(&description, ')');
	}
	text_add_json(writer->out, text_str(&description));
	if (description.failed)
		writer->out->failed = true;
}

static void add_finding(const struct writer *writer, const struct finding *finding,
			const struct fingerprint *fingerprint)
{
	struct text *out = writer->out;
	text_add(out, STR("{\"description\": "));
	add_description(writer, finding);
	text_addf(out,
		  ", \"check_name\": \"%s\", \"fingerprint\": \"%s\", \"severity\": \"%s\", "
		  "\"location\": {\"path\": ",
		  finding->rule, fingerprint->hex, severity(finding));
	add_json_path(writer, finding->file);
	text_addf(out, ", \"lines\": {\"begin\": %u}}}", finding->line ? finding->line : 1);
}

void write_codequality(const struct writer *writer)
{
	size_t count = writer->list->count;
	_cleanup_(mem_freep) struct fingerprint *prints = fingerprints(writer);
	text_add_byte(writer->out, '[');
	for (size_t i = 0; prints && i < count; i++) {
		text_add(writer->out, i ? STR(",\n\t") : STR("\n\t"));
		add_finding(writer, writer->sorted[i], &prints[i]);
	}
	text_add(writer->out, count ? STR("\n]\n") : STR("]\n"));
}
