/* SPDX-License-Identifier: Apache-2.0 */
/* Draws a placement: processes as boxes, the calls that cross a border as lines, splits as what
 * such calls come to first. Judges nothing; what it is given was judged good. Here is what all
 * formats ask; the formats are in draw_text.c and draw_graph.c. */
#include "placement/drawing.h"

#include <string.h>

/* ---- splits ---- */

bool drawing_has(const struct drawn_split *split, const ash_method *method)
{
	return method->transaction != ASH_JOINS &&
	       (!split->said->method.text || strcmp(split->said->method.text, method->name) == 0);
}

uint32_t drawing_share(const struct drawn_split *split, int side)
{
	return side == DRAWN_TO ? split->said->share : 10000 - split->said->share;
}

const char *drawing_sticky(const struct drawn_split *split)
{
	const char *key = split->said->sticky.text;
	bool several = false;
	for (uint16_t i = 0; !split->said->sticky.text && i < split->port->method_count; i++) {
		const ash_method *method = &split->port->methods[i];
		if (!drawing_has(split, method) || !method->sticky_key)
			continue;
		several |= key && strcmp(key, method->sticky_key) != 0;
		key = method->sticky_key;
	}
	return several ? "a key of each method" : key ? key : "the trace";
}

bool drawing_crosses(const struct drawing *drawing, uint32_t caller, uint32_t process)
{
	uint32_t home = drawing->plan.home[caller];
	return home != process && home != MAP_NONE && process != MAP_NONE;
}

static bool has_routes(const struct drawn_split *split)
{
	for (uint16_t i = 0; i < split->port->method_count; i++)
		if (drawing_has(split, &split->port->methods[i]) && split->port->methods[i].routes)
			return true;
	return false;
}

bool drawing_is_remote(const struct drawing *drawing, const struct drawn_split *split, int side)
{
	const struct plan *plan = &drawing->plan;
	uint32_t process = split->sides[side].process;
	for (uint32_t i = 0; i < plan->module_count; i++)
		if (split->calls[i] && drawing_crosses(drawing, i, process))
			return true;
	bool asked = process != MAP_NONE && has_routes(split);
	for (uint32_t i = 0; asked && i < plan->placement->process_count; i++)
		if (i != process && plan->placement->processes[i].front)
			return true;
	return false;
}

/* ---- words ---- */

void drawing_add_share(struct text *out, uint32_t share)
{
	text_addf(out, "%u.%02u%%", share / 100, share % 100);
}

void drawing_add_addresses(const struct drawing *drawing, uint32_t process, const char *between,
			   struct text *out)
{
	const struct placed_list *addresses =
		&drawing->plan.placement->processes[process].addresses;
	for (size_t i = 0; i < addresses->count; i++)
		text_addf(out, "%s%s", i ? between : "", addresses->items[i].text);
}

/* ---- a drawing ---- */

static bool may_call(const struct plan *plan, uint32_t caller, uint32_t callee)
{
	for (size_t i = 0; i < plan->target_counts[caller]; i++)
		if (plan->targets[caller][i] == callee)
			return true;
	return false;
}

static bool is_split(const struct drawing *drawing, const ash_port *port, const ash_method *method)
{
	for (size_t i = 0; i < drawing->split_count; i++)
		if (drawing->splits[i].port == port && drawing_has(&drawing->splits[i], method))
			return true;
	return false;
}

static bool is_always_split(const struct drawing *drawing, const ash_module *module)
{
	for (size_t i = 0; i < module->provides_count; i++) {
		const ash_port *port = module->provides[i].port;
		for (uint16_t j = 0; j < port->method_count; j++)
			if (!is_split(drawing, port, &port->methods[j]))
				return false;
	}
	return true;
}

/* False without memory. */
static bool take_split(struct drawing *drawing, const struct placement_split *said)
{
	const struct plan *plan = &drawing->plan;
	struct drawn_split *split = &drawing->splits[drawing->split_count];
	uint32_t port = map_get(&plan->ports_by_name, str_of(said->port.text));
	struct plan_side from = plan_side(plan, &said->from), to = plan_side(plan, &said->to);
	if (port == MAP_NONE || from.module == MAP_NONE || to.module == MAP_NONE)
		return true;
	*split = (struct drawn_split){
		.said = said,
		.port = plan->ports[port].port,
		.sides = {from, to},
		.calls = arena_array(&drawing->arena, plan->module_count, sizeof *split->calls),
	};
	for (uint32_t i = 0; split->calls && i < plan->module_count; i++)
		split->calls[i] = may_call(plan, i, plan->ports[port].module);
	drawing->split_count++;
	return split->calls;
}

static int drawing_init(struct drawing *drawing, const struct placement *placement,
			const ash_module *const *modules, size_t count, struct error *error)
{
	if (plan_init(&drawing->plan, placement, modules, count, error) < 0)
		return -1;
	drawing->splits =
		arena_array(&drawing->arena, placement->split_count + 1, sizeof *drawing->splits);
	drawing->always_split =
		arena_array(&drawing->arena, count + 1, sizeof *drawing->always_split);
	if (!drawing->splits || !drawing->always_split)
		return error_memory(error);
	for (size_t i = 0; i < placement->split_count; i++)
		if (!take_split(drawing, &placement->splits[i]))
			return error_memory(error);
	for (size_t i = 0; i < count; i++)
		drawing->always_split[i] = is_always_split(drawing, modules[i]);
	return 0;
}

static void drawing_release(struct drawing *drawing)
{
	plan_release(&drawing->plan);
	arena_release(&drawing->arena);
}

/* ---- all of it ---- */

static const struct {
	const char *name;
	void (*draw)(const struct drawing *drawing, struct text *out);
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
	struct drawing drawing = {0};
	int result = drawing_init(&drawing, placement, modules, count, error);
	if (result == 0)
		FORMATS[format].draw(&drawing, out);
	drawing_release(&drawing);
	return result == 0 && out->failed ? error_memory(error) : result;
}
