/* SPDX-License-Identifier: Apache-2.0 */
/* Finds things of a placement by their names. Judges nothing. */
#include <string.h>

#include "placement/plan.h"

/* ---- for those who have no plan ---- */

const struct placement_process *placement_process(const struct placement *placement,
						  const char *name)
{
	for (size_t i = 0; i < placement->process_count; i++)
		if (strcmp(placement->processes[i].name.text, name) == 0)
			return &placement->processes[i];
	return NULL;
}

bool placement_has(const struct placement_process *process, const char *module)
{
	for (size_t i = 0; i < process->modules.count; i++)
		if (strcmp(process->modules.items[i].text, module) == 0)
			return true;
	return false;
}

/* The process that "MODULE@PROCESS" names, if it is of that module and has it. */
static const struct placement_process *process_of_side(const struct placement *placement,
						       const struct placed *side,
						       const char *module)
{
	size_t length = strlen(module);
	if (!side->text || strncmp(side->text, module, length) != 0 || side->text[length] != '@')
		return NULL;
	const struct placement_process *process =
		placement_process(placement, side->text + length + 1);
	return process && placement_has(process, module) ? process : NULL;
}

const struct placement_process *placement_of(const struct placement *placement, const char *module)
{
	const struct placement_process *process = NULL;
	for (size_t i = 0; i < placement->split_count && !process; i++)
		process = process_of_side(placement, &placement->splits[i].from, module);
	if (process)
		return process;
	for (size_t i = 0; i < placement->process_count; i++)
		if (placement_has(&placement->processes[i], module))
			return &placement->processes[i];
	return NULL;
}

bool placement_means(const struct placement_split *split, struct str name)
{
	return str_equal(str_of(split->name.text), name) ||
	       str_equal(str_of(split->port.text), name);
}

/* The policy that counts for a method of the port. */
static const char *policy_name(const struct placement_port *port, const char *method)
{
	for (size_t i = 0; i < port->method_count; i++)
		if (strcmp(port->methods[i].name.text, method) == 0 && port->methods[i].policy.text)
			return port->methods[i].policy.text;
	return port->policy.text;
}

const struct placement_policy *placement_policy_of(const struct placement *placement,
						   const char *port, const char *method)
{
	const char *name = NULL;
	for (size_t i = 0; i < placement->port_count && !name; i++)
		if (strcmp(placement->ports[i].name.text, port) == 0)
			name = policy_name(&placement->ports[i], method);
	for (size_t i = 0; name && i < placement->policy_count; i++)
		if (strcmp(placement->policies[i].name.text, name) == 0)
			return &placement->policies[i];
	return NULL;
}

/* ---- a plan ---- */

const struct placement_policy *plan_policy(const struct plan *plan, const ash_port *port,
					   const ash_method *method)
{
	uint32_t at = map_get(&plan->settings_by_port, str_of(port->name));
	const char *name =
		at == MAP_NONE ? NULL : policy_name(&plan->placement->ports[at], method->name);
	uint32_t policy = name ? map_get(&plan->policies_by_name, str_of(name)) : MAP_NONE;
	return policy == MAP_NONE ? NULL : &plan->placement->policies[policy];
}

uint64_t plan_timeout(const struct plan *plan, uint32_t module)
{
	const ash_module *callee = plan->modules[module];
	uint64_t longest = 0;
	for (size_t i = 0; i < callee->provides_count; i++) {
		const ash_port *port = callee->provides[i].port;
		for (uint16_t j = 0; j < port->method_count; j++) {
			const struct placement_policy *policy =
				plan_policy(plan, port, &port->methods[j]);
			if (!policy || policy->timeout == 0)
				return 0;
			longest = policy->timeout > longest ? policy->timeout : longest;
		}
	}
	return longest;
}

void plan_add_time(struct text *out, uint64_t time)
{
	static const struct {
		uint64_t length;
		const char *name;
	} UNITS[] = {{UINT64_C(3600000000000), "h"},
		     {UINT64_C(60000000000), "m"},
		     {1000000000, "s"},
		     {1000000, "ms"},
		     {1000, "us"}};
	size_t i = 0;
	while (i + 1 < sizeof UNITS / sizeof *UNITS && time % UNITS[i].length != 0)
		i++;
	text_addf(out, "%llu%s", (unsigned long long)(time / UNITS[i].length), UNITS[i].name);
}

/* The port is that of the module that this one replaces. */
static bool stands_beside(const ash_module *module, const ash_port *port)
{
	return module->replaces.name && strcmp(module->replaces.name, port->module) == 0;
}

static bool index_modules(struct plan *plan)
{
	size_t ports = 0;
	for (size_t i = 0; i < plan->module_count; i++)
		ports += plan->modules[i]->provides_count;
	plan->ports = arena_array(&plan->arena, ports, sizeof *plan->ports);
	for (size_t i = 0; plan->ports && i < plan->module_count; i++) {
		const ash_module *module = plan->modules[i];
		if (!map_put(&plan->modules_by_name, str_of(module->name), (uint32_t)i))
			return false;
		for (size_t j = 0; j < module->provides_count; j++) {
			const ash_port *port = module->provides[j].port;
			if (stands_beside(module, port))
				continue;
			plan->ports[plan->port_count] = (struct plan_port){port, (uint32_t)i};
			if (!map_put(&plan->ports_by_name, str_of(port->name),
				     (uint32_t)plan->port_count++))
				return false;
		}
	}
	return plan->ports;
}

static bool index_targets(struct plan *plan)
{
	plan->targets = arena_array(&plan->arena, plan->module_count, sizeof *plan->targets);
	plan->target_counts =
		arena_array(&plan->arena, plan->module_count, sizeof *plan->target_counts);
	for (size_t i = 0; !plan->arena.failed && i < plan->module_count; i++) {
		const ash_module *module = plan->modules[i];
		plan->targets[i] =
			arena_array(&plan->arena, module->depends_on_count, sizeof **plan->targets);
		for (size_t j = 0; plan->targets[i] && j < module->depends_on_count; j++) {
			uint32_t at =
				map_get(&plan->modules_by_name, str_of(module->depends_on[j].name));
			if (at != MAP_NONE && plan->modules[at]->provides_count)
				plan->targets[i][plan->target_counts[i]++] = at;
		}
	}
	return !plan->arena.failed;
}

static bool index_placement(struct plan *plan)
{
	const struct placement *placement = plan->placement;
	for (size_t i = 0; i < placement->process_count; i++)
		if (!map_put(&plan->processes_by_name, str_of(placement->processes[i].name.text),
			     (uint32_t)i))
			return false;
	for (size_t i = 0; i < placement->policy_count; i++)
		if (!map_put(&plan->policies_by_name, str_of(placement->policies[i].name.text),
			     (uint32_t)i))
			return false;
	for (size_t i = 0; i < placement->port_count; i++)
		if (!map_put(&plan->settings_by_port, str_of(placement->ports[i].name.text),
			     (uint32_t)i))
			return false;
	return true;
}

struct plan_side plan_side(const struct plan *plan, const struct placed *said)
{
	struct str text = str_of(said->text ? said->text : "");
	ptrdiff_t at = str_find(text, '@');
	struct str name = at < 0 ? text : str_first(text, (size_t)at);
	struct plan_side side = {map_get(&plan->modules_by_name, name), MAP_NONE};
	if (at >= 0)
		side.process = map_get(&plan->processes_by_name, str_from(text, (size_t)at + 1));
	else if (side.module != MAP_NONE)
		side.process = plan->home[side.module];
	return side;
}

/* "MODULE@PROCESS", the `from` of a split, is the module's own place. */
static void take_home(struct plan *plan, const struct placed *from)
{
	struct plan_side side = plan_side(plan, from);
	if (side.module != MAP_NONE && side.process != MAP_NONE &&
	    placement_has(&plan->placement->processes[side.process],
			  plan->modules[side.module]->name))
		plan->home[side.module] = side.process;
}

static bool index_homes(struct plan *plan)
{
	const struct placement *placement = plan->placement;
	plan->home = arena_array(&plan->arena, plan->module_count, sizeof *plan->home);
	for (size_t i = 0; plan->home && i < plan->module_count; i++)
		plan->home[i] = MAP_NONE;
	for (size_t i = 0; plan->home && i < placement->process_count; i++)
		for (size_t j = 0; j < placement->processes[i].modules.count; j++) {
			const char *name = placement->processes[i].modules.items[j].text;
			uint32_t module = map_get(&plan->modules_by_name, str_of(name));
			if (module != MAP_NONE && plan->home[module] == MAP_NONE)
				plan->home[module] = (uint32_t)i;
		}
	for (size_t i = placement->split_count; plan->home && i-- > 0;)
		take_home(plan, &placement->splits[i].from);
	return plan->home;
}

int plan_init(struct plan *plan, const struct placement *placement,
	      const ash_module *const *modules, size_t count, struct error *error)
{
	plan->placement = placement;
	plan->modules = modules;
	plan->module_count = count;
	if (!index_modules(plan) || !index_targets(plan) || !index_placement(plan) ||
	    !index_homes(plan))
		return error_memory(error);
	return 0;
}

void plan_release(struct plan *plan)
{
	map_release(&plan->modules_by_name);
	map_release(&plan->ports_by_name);
	map_release(&plan->processes_by_name);
	map_release(&plan->policies_by_name);
	map_release(&plan->settings_by_port);
	arena_release(&plan->arena);
	*plan = (struct plan){0};
}
