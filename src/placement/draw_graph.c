/* SPDX-License-Identifier: Apache-2.0 */
/* A placement as a graph, in DOT and Mermaid: one walk, and a pen for each language. Modules and
 * splits are numbered, so that no name needs care but in a label. A label's lines end with '\n'
 * but for the last. */
#include <stdio.h>

#include "placement/drawing.h"

enum { ID_SIZE = 32 };

/* What stands before a name, between it and a label, and after that. */
struct form {
	const char *before, *between, *after;
};

/* How a language writes what is drawn. `label` may be empty for an edge. */
struct pen {
	const char *begin, *end;
	struct form process, module, split;
	const char *close; /* a process */
	void (*add_label)(struct text *out, struct str label);
	void (*edge)(const char *from, const char *to, struct str label, bool dashed,
		     struct text *out);
};

static void add_form(const struct pen *pen, const struct form *form, const char *id,
		     struct str label, struct text *out)
{
	text_addf(out, "%s%s%s", form->before, id, form->between);
	pen->add_label(out, label);
	text_add(out, str_of(form->after));
}

/* ---- DOT ---- */

static void add_dot_edge(const char *from, const char *to, struct str label, bool dashed,
			 struct text *out)
{
	text_addf(out, "  %s -> %s", from, to);
	if (label.length) {
		text_add(out, STR(" [label="));
		text_add_json(out, label);
		text_addf(out, "%s]", dashed ? " style=dashed" : "");
	}
	text_add(out, STR(";\n"));
}

static const struct pen DOT = {
	.begin = "digraph placement {\n  rankdir=LR;\n  node [shape=box];\n",
	.end = "}\n",
	.process = {"  subgraph cluster_", " {\n    label=", ";\n"},
	.module = {"    ", " [label=", "];\n"},
	.split = {"  ", " [shape=hexagon label=", "];\n"},
	.close = "  }\n",
	.add_label = text_add_json,
	.edge = add_dot_edge,
};

/* ---- Mermaid ---- */

static void add_mermaid_label(struct text *out, struct str label)
{
	struct str line;
	for (bool first = true; str_split(&label, '\n', &line); first = false) {
		text_add(out, first ? STR("\"") : STR("<br>"));
		text_add_xml(out, line);
	}
	text_add_byte(out, '"');
}

static void add_mermaid_edge(const char *from, const char *to, struct str label, bool dashed,
			     struct text *out)
{
	text_addf(out, "  %s %s", from, dashed ? "-.->" : "-->");
	if (label.length) {
		text_add_byte(out, '|');
		add_mermaid_label(out, label);
		text_add_byte(out, '|');
	}
	text_addf(out, " %s\n", to);
}

static const struct pen MERMAID = {
	.begin = "flowchart LR\n",
	.end = "",
	.process = {"  subgraph p", "[", "]\n"},
	.module = {"    ", "[", "]\n"},
	.split = {"  ", "{{", "}}\n"},
	.close = "  end\n",
	.add_label = add_mermaid_label,
	.edge = add_mermaid_edge,
};

/* ---- the walk ---- */

/* A module that splits have in several processes has a node in each. */
static void name_module(const struct plan *plan, struct plan_side place, char id[ID_SIZE])
{
	if (place.process == plan->home[place.module])
		snprintf(id, ID_SIZE, "m%u", place.module);
	else
		snprintf(id, ID_SIZE, "m%u_%u", place.module, place.process);
}

static void add_module(const struct plan *plan, const struct pen *pen, uint32_t module,
		       uint32_t process, struct text *out)
{
	char id[ID_SIZE];
	name_module(plan, (struct plan_side){module, process}, id);
	add_form(pen, &pen->module, id, str_of(plan->modules[module]->name), out);
}

static void add_processes(const struct plan *plan, const struct pen *pen, struct text *out)
{
	for (uint32_t i = 0; i < plan->placement->process_count; i++) {
		const struct placement_process *process = &plan->placement->processes[i];
		char id[ID_SIZE];
		snprintf(id, sizeof id, "%u", i);
		add_form(pen, &pen->process, id, str_of(process->name.text), out);
		for (uint32_t j = 0; j < plan->module_count; j++)
			if (placement_has(process, plan->modules[j]->name))
				add_module(plan, pen, j, i, out);
		text_add(out, str_of(pen->close));
	}
	for (uint32_t i = 0; !plan->placement->process_count && i < plan->module_count; i++)
		add_module(plan, pen, i, MAP_NONE, out);
}

static void add_timeout(const struct plan *plan, uint32_t callee, struct text *out)
{
	uint64_t timeout = plan_timeout(plan, callee);
	if (timeout)
		plan_add_time(out, timeout);
	else
		text_add(out, STR("no time-out"));
}

static void add_call(const struct drawing *drawing, const struct pen *pen, uint32_t caller,
		     uint32_t callee, struct text *out)
{
	_cleanup_(text_release) struct text label = {0};
	char from[ID_SIZE], to[ID_SIZE];
	snprintf(from, sizeof from, "m%u", caller);
	snprintf(to, sizeof to, "m%u", callee);
	add_timeout(&drawing->plan, callee, &label);
	pen->edge(from, to, text_str(&label), false, out);
	out->failed |= label.failed;
}

static void add_calls(const struct drawing *drawing, const struct pen *pen, struct text *out)
{
	const struct plan *plan = &drawing->plan;
	for (uint32_t i = 0; i < plan->module_count; i++)
		for (size_t j = 0; j < plan->target_counts[i]; j++) {
			uint32_t callee = plan->targets[i][j];
			if (drawing_crosses(drawing, i, plan->home[callee]) &&
			    !drawing->always_split[callee])
				add_call(drawing, pen, i, callee, out);
		}
}

static void add_side(const struct drawing *drawing, const struct pen *pen,
		     const struct drawn_split *split, const char *id, int side, struct text *out)
{
	_cleanup_(text_release) struct text label = {0};
	struct plan_side place = split->sides[side];
	uint32_t share = drawing_share(split, side);
	char to[ID_SIZE];
	name_module(&drawing->plan, place, to);
	drawing_add_share(&label, share);
	text_addf(&label, ", %u bp", share);
	if (drawing_is_remote(drawing, split, side)) {
		text_add_byte(&label, '\n');
		drawing_add_addresses(drawing, place.process, "\n", &label);
	}
	pen->edge(id, to, text_str(&label), share == 0, out);
	out->failed |= label.failed;
}

static void add_hexagon(const struct pen *pen, const struct drawn_split *split, const char *id,
			struct text *out)
{
	_cleanup_(text_release) struct text label = {0};
	const struct placement_shadow *shadow = &split->said->shadow;
	text_addf(&label, "%s\nsticky by %s", split->said->name.text, drawing_sticky(split));
	text_add(&label, shadow->given ? STR("\nshadow of ") : STR("\nno shadow"));
	if (shadow->given) {
		drawing_add_share(&label, shadow->share);
		text_addf(&label, ", %u bp%s", shadow->share, shadow->writes ? ", writes too" : "");
	}
	add_form(pen, &pen->split, id, text_str(&label), out);
	out->failed |= label.failed;
}

/* Who may call comes to the split first; a call that may leave its process has a time-out, or
 * none. */
static void add_callers(const struct drawing *drawing, const struct pen *pen,
			const struct drawn_split *split, const char *id, struct text *out)
{
	const struct plan *plan = &drawing->plan;
	for (uint32_t i = 0; i < plan->module_count; i++) {
		_cleanup_(text_release) struct text label = {0};
		char from[ID_SIZE];
		if (!split->calls[i])
			continue;
		snprintf(from, sizeof from, "m%u", i);
		if (drawing_crosses(drawing, i, split->sides[DRAWN_FROM].process) ||
		    drawing_crosses(drawing, i, split->sides[DRAWN_TO].process))
			add_timeout(plan, split->sides[DRAWN_FROM].module, &label);
		pen->edge(from, id, text_str(&label), false, out);
		out->failed |= label.failed;
	}
}

static void draw(const struct drawing *drawing, const struct pen *pen, struct text *out)
{
	text_add(out, str_of(pen->begin));
	add_processes(&drawing->plan, pen, out);
	add_calls(drawing, pen, out);
	for (size_t i = 0; i < drawing->split_count; i++) {
		const struct drawn_split *split = &drawing->splits[i];
		char id[ID_SIZE];
		snprintf(id, sizeof id, "s%zu", i);
		add_hexagon(pen, split, id, out);
		add_callers(drawing, pen, split, id, out);
		add_side(drawing, pen, split, id, DRAWN_FROM, out);
		add_side(drawing, pen, split, id, DRAWN_TO, out);
	}
	text_add(out, str_of(pen->end));
}

void draw_dot(const struct drawing *drawing, struct text *out)
{
	draw(drawing, &DOT, out);
}

void draw_mermaid(const struct drawing *drawing, struct text *out)
{
	draw(drawing, &MERMAID, out);
}
