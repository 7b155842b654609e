/* SPDX-License-Identifier: Apache-2.0 */
/* The report for people: findings by module and file, each with the line it is about, why the
 * wall is there and what to do; then what was seen. Whatever comes from the tree goes through
 * add_plain(), so that no file name or source line can move the cursor. */
#include "base/mem.h"
#include "base/source.h"
#include "report/frame.h"
#include "report/plain.h"
#include "report/writer.h"

enum { WIDTH_MOST = 100, WIDTH_LEAST = 40, FRAME_ROOM = 120, INDENT = 2 };

enum style { STYLE_TITLE, STYLE_ERROR, STYLE_WARNING, STYLE_GOOD, STYLE_DIM, STYLE_LABEL };

static const char *const ESCAPES[] = {
	[STYLE_TITLE] = "\x1b[1m",   [STYLE_ERROR] = "\x1b[1;31m", [STYLE_WARNING] = "\x1b[1;33m",
	[STYLE_GOOD] = "\x1b[1;32m", [STYLE_DIM] = "\x1b[2m",      [STYLE_LABEL] = "\x1b[36m",
};

static void style(const struct writer *writer, enum style style)
{
	if (writer->options->colour)
		text_add(writer->out, str_of(ESCAPES[style]));
}

static void unstyle(const struct writer *writer)
{
	if (writer->options->colour)
		text_add(writer->out, STR("\x1b[0m"));
}

static void add_blanks(struct text *out, unsigned count)
{
	text_addf(out, "%*s", (int)count, "");
}

/* Columns that text may take; no bound when the width is not known. */
static unsigned columns(const struct writer *writer)
{
	unsigned width = writer->options->width;
	if (width == 0)
		return UINT32_MAX;
	if (width < WIDTH_LEAST)
		return WIDTH_LEAST;
	return width > WIDTH_MOST ? WIDTH_MOST : width;
}

/* Adds the words of `text` from column `at` on, further lines with `indent`, and a newline. */
static void add_wrapped(const struct writer *writer, struct str text, unsigned indent, unsigned at)
{
	struct str word;
	unsigned limit = columns(writer);
	bool first = true;
	while (str_split(&text, ' ', &word)) {
		unsigned width = plain_width(word);
		if (!first && at + 1 + width > limit) {
			text_add_byte(writer->out, '\n');
			add_blanks(writer->out, indent);
			at = indent;
		} else if (!first) {
			text_add_byte(writer->out, ' ');
			at++;
		}
		add_plain(writer->out, word);
		at += width;
		first = false;
	}
	text_add_byte(writer->out, '\n');
}

/* A text may hold several lines; each is wrapped by itself. */
static void add_paragraphs(const struct writer *writer, struct str text, unsigned indent,
			   unsigned at)
{
	struct str line;
	bool first = true;
	while (str_split(&text, '\n', &line)) {
		if (!first)
			add_blanks(writer->out, indent);
		add_wrapped(writer, line, indent, first ? at : indent);
		first = false;
	}
}

static void add_place(struct text *out, struct str file, uint32_t line, uint32_t column)
{
	add_plain(out, file);
	if (line)
		text_addf(out, ":%u", line);
	if (line && column)
		text_addf(out, ":%u", column);
}

static void add_labelled(const struct writer *writer, const char *label, struct str text)
{
	enum { LABEL_WIDTH = 6 };
	if (text.length == 0)
		return;
	add_blanks(writer->out, 2 * INDENT);
	style(writer, STYLE_LABEL);
	text_addf(writer->out, "%-*s", LABEL_WIDTH, label);
	unstyle(writer);
	add_paragraphs(writer, text, 2 * INDENT + LABEL_WIDTH, 2 * INDENT + LABEL_WIDTH);
}

static void add_gutter(const struct writer *writer, uint32_t line)
{
	enum { NUMBER_WIDTH = 7 };
	style(writer, STYLE_DIM);
	if (line)
		text_addf(writer->out, "%*u │ ", NUMBER_WIDTH, line);
	else
		text_addf(writer->out, "%*s │ ", NUMBER_WIDTH, "");
	unstyle(writer);
}

static void add_frame(const struct writer *writer, const struct finding *finding,
		      struct source *source)
{
	enum { GUTTER_WIDTH = 10 };
	unsigned width = writer->options->width;
	struct frame frame = {.column = finding->column, .length = width_of(source, finding)};
	frame.room = width > WIDTH_LEAST + GUTTER_WIDTH ? width - GUTTER_WIDTH : FRAME_ROOM;
	if (finding->column > SOURCE_COLUMN_LIMIT ||
	    !source_line(source, finding->file, finding->line, &frame.line))
		return;
	text_add_byte(writer->out, '\n');
	add_gutter(writer, finding->line);
	add_frame_line(writer->out, &frame);
	text_add_byte(writer->out, '\n');
	if (finding->column == 0)
		return;
	add_gutter(writer, 0);
	style(writer, finding->severity == FINDING_ERROR ? STYLE_ERROR : STYLE_WARNING);
	add_frame_marks(writer->out, &frame);
	unstyle(writer);
	text_add_byte(writer->out, '\n');
}

static void add_steps(const struct writer *writer, const struct finding *finding)
{
	for (size_t i = 0; i < finding->step_count; i++) {
		const struct finding_step *step = &finding->steps[i];
		add_blanks(writer->out, 2 * INDENT);
		style(writer, STYLE_DIM);
		text_addf(writer->out, "%zu. ", i + 1);
		unstyle(writer);
		add_place(writer->out, step->file, step->line, step->column);
		text_add(writer->out, STR("  "));
		add_plain(writer->out, step->text);
		text_add_byte(writer->out, '\n');
	}
}

static void add_head(const struct writer *writer, const struct finding *finding)
{
	bool is_error = finding->severity == FINDING_ERROR;
	add_blanks(writer->out, INDENT);
	style(writer, STYLE_TITLE);
	add_place(writer->out, finding->file, finding->line, finding->column);
	unstyle(writer);
	if (finding->file.length)
		text_add(writer->out, STR("  "));
	style(writer, is_error ? STYLE_ERROR : STYLE_WARNING);
	text_add(writer->out, is_error ? STR("error") : STR("warning"));
	unstyle(writer);
	text_addf(writer->out, "  %s%s\n", finding->rule,
		  finding->baseline ? "  (known in the baseline)" : "");
	add_blanks(writer->out, INDENT);
	add_paragraphs(writer, finding->message, INDENT, INDENT);
}

/* Whether what is told after the frame is the same for both. */
static bool same_advice(const struct finding *a, const struct finding *b)
{
	return str_equal(a->module, b->module) && str_equal(a->file, b->file) &&
	       str_equal(a->why, b->why) && str_equal(a->help, b->help) && b->step_count == 0;
}

static void add_module(const struct writer *writer, struct str module)
{
	style(writer, STYLE_TITLE);
	if (module.length)
		add_plain(writer->out, module);
	else
		text_add(writer->out, STR("outside of all modules"));
	unstyle(writer);
	text_add(writer->out, STR("\n\n"));
}

static void add_finding(const struct writer *writer, const struct finding *finding,
			const struct finding *next, struct source *source)
{
	add_head(writer, finding);
	add_frame(writer, finding, source);
	bool advise = !next || !same_advice(finding, next);
	if (finding->step_count || (advise && finding->why.length + finding->help.length))
		text_add_byte(writer->out, '\n');
	add_steps(writer, finding);
	if (advise) {
		add_labelled(writer, "why", finding->why);
		add_labelled(writer, "help", finding->help);
	}
	text_add_byte(writer->out, '\n');
}

/* The next one from `at` on that is to be shown, or NULL; `*at` is moved behind it. */
static const struct finding *next_shown(const struct writer *writer, size_t *at)
{
	while (*at < writer->list->count) {
		const struct finding *finding = writer->sorted[(*at)++];
		if (!finding->baseline || writer->options->known)
			return finding;
	}
	return NULL;
}

static void add_findings(const struct writer *writer)
{
	_cleanup_(source_release) struct source source = {.root = writer->summary->root};
	const struct finding *last = NULL;
	size_t at = 0;
	const struct finding *finding = next_shown(writer, &at);
	while (finding) {
		const struct finding *next = next_shown(writer, &at);
		if (!last || !str_equal(last->module, finding->module))
			add_module(writer, finding->module);
		add_finding(writer, finding, next, &source);
		last = finding;
		finding = next;
	}
	if (source.failed)
		writer->out->failed = true;
}

static void add_problems(const struct writer *writer)
{
	const struct error_list *problems = writer->summary->problems;
	if (!problems || problems->count == 0)
		return;
	style(writer, STYLE_WARNING);
	text_add(writer->out, STR("Not read, or not to the end:\n"));
	unstyle(writer);
	for (size_t i = 0; i < problems->count; i++) {
		char line[sizeof(struct error) + 32];
		error_format(&problems->items[i], line, sizeof line);
		add_blanks(writer->out, INDENT);
		add_plain(writer->out, str_of(line));
		text_add_byte(writer->out, '\n');
	}
	if (problems->dropped)
		text_addf(writer->out, "  and %zu more\n", problems->dropped);
	text_add_byte(writer->out, '\n');
}

static void add_duration(struct text *out, double milliseconds)
{
	if (milliseconds < 1000)
		text_addf(out, "%.*f ms", milliseconds < 10 ? 1 : 0, milliseconds);
	else
		text_addf(out, "%.2f s", milliseconds / 1000);
}

/* More than this part of the references, in percent, is worth a word when unresolved. */
enum { UNRESOLVED_SHARE = 5 };

static void add_summary(const struct writer *writer)
{
	const struct check_summary *summary = writer->summary;
	struct verdict verdict = verdict_of(writer->list);
	style(writer, verdict.errors ? STYLE_ERROR : verdict.warnings ? STYLE_WARNING : STYLE_GOOD);
	add_verdict(writer->out, writer->list);
	unstyle(writer);
	if (writer->options->scope)
		add_plain(writer->out, str_of(writer->options->scope));
	text_add(writer->out, STR(".\n"));
	style(writer, STYLE_DIM);
	add_seen(writer->out, summary);
	text_add(writer->out, STR(". "));
	add_duration(writer->out, summary->duration_ms);
	unstyle(writer);
	text_add_byte(writer->out, '\n');
	if (summary->unresolved * 100 > summary->references * UNRESOLVED_SHARE)
		text_addf(writer->out,
			  "%.0f %% of the references lead nowhere that Ashlar knows: "
			  "`ashlar refs --unresolved` lists them.\n",
			  100.0 * (double)summary->unresolved / (double)summary->references);
}

void write_text(const struct writer *writer)
{
	add_findings(writer);
	add_problems(writer);
	add_summary(writer);
}
