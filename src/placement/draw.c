/* SPDX-License-Identifier: Apache-2.0 */
/* Draws a placement: processes as boxes, the calls that cross a border as lines. Judges nothing;
 * what it is given was judged good. */
#include <stdio.h>
#include <string.h>

#include "placement/plan.h"

static const char *const ROLES[] = {"all", "http", "worker"};

/* ---- what of a call crosses a border ---- */

static bool crosses(const struct plan *plan, uint32_t caller, uint32_t callee)
{
	return plan->home[caller] != plan->home[callee] && plan->home[caller] != MAP_NONE &&
	       plan->home[callee] != MAP_NONE;
}

static void add_policy(const struct plan *plan, const ash_port *port, const ash_method *method,
		       struct text *out)
{
	const struct placement_policy *policy = plan_policy(plan, port, method);
	if (policy)
		text_addf(out, "%s, ", policy->name.text);
	else
		text_add(out, STR("no policy, "));
	if (policy && policy->timeout)
		plan_add_time(out, policy->timeout);
	else
		text_add(out, STR("no time-out"));
}

/* Calls `add` for each pair of modules whose calls cross a border. */
static void each_crossing(const struct plan *plan, struct text *out,
			  void (*add)(const struct plan *plan, uint32_t caller, uint32_t callee,
				      struct text *out))
{
	for (uint32_t i = 0; i < plan->module_count; i++)
		for (size_t j = 0; j < plan->target_counts[i]; j++)
			if (crosses(plan, i, plan->targets[i][j]))
				add(plan, i, plan->targets[i][j], out);
}

/* ---- text ---- */

enum { BOX_LINE = 1024 };

/* Characters, not bytes: a name may be in any script. */
static size_t width(const char *line)
{
	size_t count = 0;
	for (; *line; line++)
		count += ((unsigned char)*line & 0xc0) != 0x80;
	return count;
}

static void add_times(struct text *out, const char *what, size_t count)
{
	while (count-- > 0)
		text_add(out, str_of(what));
}

static void add_line(struct text *out, const char *line, size_t wide)
{
	text_addf(out, "│ %s", line);
	add_times(out, " ", wide - width(line));
	text_add(out, STR(" │\n"));
}

/* Writes the box's line at `index`, or answers false past the last. */
static bool box_line(const struct placement_process *process, size_t index, char *line)
{
	size_t modules = process->modules.count;
	if (index < modules)
		snprintf(line, BOX_LINE, "%s", process->modules.items[index].text);
	else if (index == modules && process->listen.text)
		snprintf(line, BOX_LINE, "listens on %s", process->listen.text);
	else if (index == modules)
		snprintf(line, BOX_LINE, "listens where it is told to");
	else if (index - modules - 1 < process->addresses.count)
		snprintf(line, BOX_LINE, "reached at %s",
			 process->addresses.items[index - modules - 1].text);
	else
		return false;
	return true;
}

static void add_box(const struct placement_process *process, struct text *out)
{
	char line[BOX_LINE], title[BOX_LINE];
	snprintf(title, sizeof title, "%s (%s)", process->name.text, ROLES[process->role]);
	size_t wide = width(title);
	for (size_t i = 0; box_line(process, i, line); i++)
		wide = width(line) > wide ? width(line) : wide;
	text_addf(out, "┌ %s ", title);
	add_times(out, "─", wide - width(title));
	text_add(out, STR("┐\n"));
	for (size_t i = 0; box_line(process, i, line); i++)
		add_line(out, line, wide);
	text_add(out, STR("└"));
	add_times(out, "─", wide + 2);
	text_add(out, STR("┘\n"));
}

static void add_crossing(const struct plan *plan, uint32_t caller, uint32_t callee,
			 struct text *out)
{
	const struct placement_process *processes = plan->placement->processes;
	const ash_module *module = plan->modules[callee];
	text_addf(out, "  %s (%s) -> %s (%s)\n", plan->modules[caller]->name,
		  processes[plan->home[caller]].name.text, module->name,
		  processes[plan->home[callee]].name.text);
	for (size_t i = 0; i < module->provides_count; i++) {
		const ash_port *port = module->provides[i].port;
		for (uint16_t j = 0; j < port->method_count; j++) {
			text_addf(out, "    %s/%s: ", port->name, port->methods[j].name);
			add_policy(plan, port, &port->methods[j], out);
			text_add_byte(out, '\n');
		}
	}
}

static void draw_text(const struct plan *plan, struct text *out)
{
	for (size_t i = 0; i < plan->placement->process_count; i++)
		add_box(&plan->placement->processes[i], out);
	size_t before = out->length;
	text_add(out, STR("calls that may cross a border:\n"));
	size_t after = out->length;
	each_crossing(plan, out, add_crossing);
	if (out->length == after && after > before)
		text_add(out, STR("  none\n"));
}

/* ---- graphs: modules are numbered, so that no name needs care but as a label ---- */

static void add_dot_edge(const struct plan *plan, uint32_t caller, uint32_t callee,
			 struct text *out)
{
	uint64_t timeout = plan_timeout(plan, callee);
	text_addf(out, "  m%u -> m%u [label=\"", caller, callee);
	if (timeout)
		plan_add_time(out, timeout);
	else
		text_add(out, STR("no time-out"));
	text_add(out, STR("\"];\n"));
}

static void draw_dot(const struct plan *plan, struct text *out)
{
	text_add(out, STR("digraph placement {\n  rankdir=LR;\n  node [shape=box];\n"));
	for (uint32_t i = 0; i < plan->placement->process_count; i++) {
		text_addf(out, "  subgraph cluster_%u {\n    label=", i);
		text_add_json(out, str_of(plan->placement->processes[i].name.text));
		text_add(out, STR(";\n"));
		for (uint32_t j = 0; j < plan->module_count; j++) {
			if (plan->home[j] != i)
				continue;
			text_addf(out, "    m%u [label=", j);
			text_add_json(out, str_of(plan->modules[j]->name));
			text_add(out, STR("];\n"));
		}
		text_add(out, STR("  }\n"));
	}
	each_crossing(plan, out, add_dot_edge);
	text_add(out, STR("}\n"));
}

static void add_mermaid_edge(const struct plan *plan, uint32_t caller, uint32_t callee,
			     struct text *out)
{
	uint64_t timeout = plan_timeout(plan, callee);
	text_addf(out, "  m%u -->|", caller);
	if (timeout)
		plan_add_time(out, timeout);
	else
		text_add(out, STR("no time-out"));
	text_addf(out, "| m%u\n", callee);
}

static void draw_mermaid(const struct plan *plan, struct text *out)
{
	text_add(out, STR("flowchart LR\n"));
	for (uint32_t i = 0; i < plan->placement->process_count; i++) {
		text_addf(out, "  subgraph p%u[\"", i);
		text_add_xml(out, str_of(plan->placement->processes[i].name.text));
		text_add(out, STR("\"]\n"));
		for (uint32_t j = 0; j < plan->module_count; j++)
			if (plan->home[j] == i)
				text_addf(out, "    m%u[\"%s\"]\n", j, plan->modules[j]->name);
		text_add(out, STR("  end\n"));
	}
	each_crossing(plan, out, add_mermaid_edge);
}

/* ---- all of it ---- */

static const struct {
	const char *name;
	void (*draw)(const struct plan *plan, struct text *out);
} FORMATS[] = {
	[PLACEMENT_TEXT] = {"text", draw_text},
	[PLACEMENT_DOT] = {"dot", draw_dot},
	[PLACEMENT_MERMAID] = {"mermaid", draw_mermaid},
};

int placement_format_named(const char *name)
{
	for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++)
		if (strcmp(FORMATS[i].name, name) == 0)
			return (int)i;
	return -1;
}

int placement_draw(const struct placement *placement, const ash_module *const *modules,
		   size_t count, enum placement_format format, struct text *out,
		   struct error *error)
{
	struct plan plan = {0};
	int result = plan_init(&plan, placement, modules, count, error);
	if (result == 0)
		FORMATS[format].draw(&plan, out);
	plan_release(&plan);
	return result == 0 && out->failed ? error_memory(error) : result;
}
