/* SPDX-License-Identifier: Apache-2.0 */
/* Workflow commands of GitHub Actions: "::error file=F,line=L,col=C,title=T::MESSAGE". GitHub
 * reads a command to the end of its line and knows %25, %0D and %0A in the message, and %3A
 * and %2C in the properties besides. Findings of the baseline are not told. */
#include "base/mem.h"
#include "report/writer.h"

static void add_escaped(struct text *out, struct str text, bool property)
{
	for (size_t i = 0; i < text.length; i++) {
		char byte = text.at[i];
		if (byte == '%' || byte == '\r' || byte == '\n' ||
		    (property && (byte == ':' || byte == ',')))
			text_addf(out, "%%%02X", (unsigned)byte);
		else
			text_add_byte(out, byte);
	}
}

static void add_place(const struct writer *writer, const struct finding *finding,
		      struct source *source)
{
	struct text *out = writer->out;
	uint32_t width = width_of(source, finding);
	if (finding->file.length == 0)
		return;
	text_add(out, STR("file="));
	if (writer->options->prefix.length) {
		add_escaped(out, writer->options->prefix, true);
		text_add_byte(out, '/');
	}
	add_escaped(out, finding->file, true);
	if (finding->line)
		text_addf(out, ",line=%u", finding->line);
	if (finding->line && finding->column)
		text_addf(out, ",col=%u", finding->column);
	if (finding->line && finding->column && width)
		text_addf(out, ",endColumn=%u", finding->column + width);
	text_add_byte(out, ',');
}

static void add_line(struct text *out, const char *label, struct str text)
{
	if (text.length == 0)
		return;
	text_addf(out, "%%0A%s", label);
	add_escaped(out, text, false);
}

static void add_finding(const struct writer *writer, const struct finding *finding,
			struct source *source)
{
	struct text *out = writer->out;
	text_add(out, finding->severity == FINDING_ERROR ? STR("::error ") : STR("::warning "));
	add_place(writer, finding, source);
	text_addf(out, "title=Ashlar%%3A %s", finding->rule);
	if (finding->module.length && finding->to.length) {
		text_add(out, STR(" ("));
		add_escaped(out, finding->module, true);
		text_add(out, STR(" → "));
		add_escaped(out, finding->to, true);
		text_add_byte(out, ')');
	}
	text_add(out, STR("::"));
	add_escaped(out, finding->message, false);
	add_line(out, "Why: ", finding->why);
	add_line(out, "Help: ", finding->help);
	text_add_byte(out, '\n');
}

static void add_problems(const struct writer *writer)
{
	const struct error_list *problems = writer->summary->problems;
	for (size_t i = 0; problems && i < problems->count; i++) {
		char line[sizeof(struct error) + 32];
		error_format(&problems->items[i], line, sizeof line);
		text_add(writer->out, STR("::warning title=Ashlar%3A not read::"));
		add_escaped(writer->out, str_of(line), false);
		text_add_byte(writer->out, '\n');
	}
}

void write_github(const struct writer *writer)
{
	_cleanup_(source_release) struct source source = {.root = writer->summary->root};
	for (size_t i = 0; i < writer->list->count; i++)
		if (!writer->sorted[i]->baseline)
			add_finding(writer, writer->sorted[i], &source);
	if (source.failed)
		writer->out->failed = true;
	add_problems(writer);
	text_add(writer->out, STR("::notice title=Ashlar::"));
	add_verdict(writer->out, writer->list);
	text_add(writer->out, STR(". "));
	add_seen(writer->out, writer->summary);
	text_add_byte(writer->out, '\n');
}
