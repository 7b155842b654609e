/* SPDX-License-Identifier: Apache-2.0 */
/* A placement as text: boxes, then what crosses a border, then splits. */
#include <stdio.h>
#include <string.h>

#include "placement/drawing.h"

static const char *const ROLES[] = {"all", "http", "worker"};

/* ---- boxes ---- */

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
	snprintf(title, sizeof title, "%s (%s%s)", process->name.text, ROLES[process->role],
		 process->front ? ", front" : "");
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

/* ---- what crosses a border ---- */

static void add_method(const struct plan *plan, const ash_port *port, const ash_method *method,
		       struct text *out)
{
	const struct placement_policy *policy = plan_policy(plan, port, method);
	text_addf(out, "    %s/%s: %s, ", port->name, method->name,
		  policy ? policy->name.text : "no policy");
	if (policy && policy->timeout)
		plan_add_time(out, policy->timeout);
	else
		text_add(out, STR("no time-out"));
	text_add_byte(out, '\n');
}

static void add_ends(const struct plan *plan, uint32_t caller, uint32_t callee, uint32_t process,
		     struct text *out)
{
	const struct placement_process *processes = plan->placement->processes;
	text_addf(out, "  %s (%s) -> %s (%s)", plan->modules[caller]->name,
		  processes[plan->home[caller]].name.text, plan->modules[callee]->name,
		  processes[process].name.text);
}

static void add_crossing(const struct drawing *drawing, uint32_t caller, uint32_t callee,
			 struct text *out)
{
	const struct plan *plan = &drawing->plan;
	const ash_module *module = plan->modules[callee];
	add_ends(plan, caller, callee, plan->home[callee], out);
	text_add_byte(out, '\n');
	for (size_t i = 0; i < module->provides_count; i++) {
		const ash_port *port = module->provides[i].port;
		for (uint16_t j = 0; j < port->method_count; j++)
			add_method(plan, port, &port->methods[j], out);
	}
}

/* What only the split leads to: the module's other place. */
static void add_split_crossings(const struct drawing *drawing, const struct drawn_split *split,
				struct text *out)
{
	const struct plan *plan = &drawing->plan;
	struct plan_side to = split->sides[DRAWN_TO];
	if (to.process == split->sides[DRAWN_FROM].process)
		return;
	for (uint32_t i = 0; i < plan->module_count; i++) {
		if (!split->calls[i] || !drawing_crosses(drawing, i, to.process))
			continue;
		add_ends(plan, i, to.module, to.process, out);
		text_add(out, STR(", by a split\n"));
		for (uint16_t j = 0; j < split->port->method_count; j++)
			if (drawing_has(split, &split->port->methods[j]))
				add_method(plan, split->port, &split->port->methods[j], out);
	}
}

static void add_crossings(const struct drawing *drawing, struct text *out)
{
	const struct plan *plan = &drawing->plan;
	text_add(out, STR("calls that may cross a border:\n"));
	size_t before = out->length;
	for (uint32_t i = 0; i < plan->module_count; i++)
		for (size_t j = 0; j < plan->target_counts[i]; j++)
			if (drawing_crosses(drawing, i, plan->home[plan->targets[i][j]]))
				add_crossing(drawing, i, plan->targets[i][j], out);
	for (size_t i = 0; i < drawing->split_count; i++)
		add_split_crossings(drawing, &drawing->splits[i], out);
	if (out->length == before)
		text_add(out, STR("  none\n"));
}

/* ---- splits ---- */

static void add_side(const struct drawing *drawing, const struct drawn_split *split, int side,
		     struct text *out)
{
	const struct placement *placement = drawing->plan.placement;
	const struct placed *said = side == DRAWN_TO ? &split->said->to : &split->said->from;
	uint32_t process = split->sides[side].process, share = drawing_share(split, side);
	text_addf(out, "    %-4s %s: ", side == DRAWN_TO ? "to" : "from", said->text);
	drawing_add_share(out, share);
	text_addf(out, ", %u basis points", share);
	if (process != MAP_NONE)
		text_addf(out, ", in %s", placement->processes[process].name.text);
	if (drawing_is_remote(drawing, split, side)) {
		text_add(out, STR(" at "));
		drawing_add_addresses(drawing, process, ", ", out);
	}
	text_add_byte(out, '\n');
}

static void add_shadow(const struct placement_shadow *shadow, struct text *out)
{
	if (!shadow->given) {
		text_add(out, STR("    no shadow\n"));
		return;
	}
	text_add(out, STR("    shadow: "));
	drawing_add_share(out, shadow->share);
	text_addf(out, ", %u basis points, of %s go to both", shadow->share,
		  shadow->writes ? "all calls" : "calls without side effects");
	for (size_t i = 0; i < shadow->ignore.count; i++)
		text_addf(out, "%s%s", i ? ", " : "; not compared: ", shadow->ignore.items[i].text);
	text_add_byte(out, '\n');
}

static void add_splits(const struct drawing *drawing, struct text *out)
{
	text_add(out, STR("splits, with the shares that they begin with:\n"));
	for (size_t i = 0; i < drawing->split_count; i++) {
		const struct drawn_split *split = &drawing->splits[i];
		text_addf(out, "  %s, sticky by %s\n", split->said->name.text,
			  drawing_sticky(split));
		add_side(drawing, split, DRAWN_FROM, out);
		add_side(drawing, split, DRAWN_TO, out);
		add_shadow(&split->said->shadow, out);
	}
}

void draw_text(const struct drawing *drawing, struct text *out)
{
	const struct placement *placement = drawing->plan.placement;
	for (size_t i = 0; i < placement->process_count; i++)
		add_box(&placement->processes[i], out);
	if (placement->process_count)
		add_crossings(drawing, out);
	if (drawing->split_count)
		add_splits(drawing, out);
}
