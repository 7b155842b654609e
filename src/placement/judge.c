/* SPDX-License-Identifier: Apache-2.0 */
/* Holds a placement against the modules of the application. Reads no file and starts nothing;
 * what passes here can be run as it is written. */
#include <stdarg.h>
#include <stdio.h>

#include "base/yaml.h"
#include "placement/plan.h"

struct judging {
	struct plan plan;
	struct error_list *errors;
	struct map placed;          /* from a module's name to where it was placed first */
	struct map processes_split; /* modules that a split names with a process */
	struct arena arena;
	bool failed;
};

struct spot {
	uint32_t process;
	const struct placed *word;
};

static void complain(struct judging *judging, const struct placed *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void complain(struct judging *judging, const struct placed *at, const char *format, ...)
{
	char message[sizeof((struct error *)0)->message];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	error_list_at(judging->errors, ERROR_INVALID, judging->plan.placement->file, at->line,
		      at->column, "%s", message);
}

static const char *shown(const char *text, struct excerpt *buffer)
{
	*buffer = excerpt_of(str_of(text));
	return buffer->text;
}

/* ---- names that are not there ---- */

/* What a name may be one of: `name` answers the one at an index. */
struct choice {
	const char *what;
	size_t count;
	const char *(*name)(const struct plan *plan, size_t index);
};

static const char *module_name(const struct plan *plan, size_t index)
{
	return plan->modules[index]->name;
}

static const char *port_name(const struct plan *plan, size_t index)
{
	return plan->ports[index].port->name;
}

static const char *policy_name(const struct plan *plan, size_t index)
{
	return plan->placement->policies[index].name.text;
}

static const char *process_name(const struct plan *plan, size_t index)
{
	return plan->placement->processes[index].name.text;
}

static void complain_of_name(struct judging *judging, const struct placed *word, const char *text,
			     const struct choice *choice)
{
	struct str *names = NULL;
	struct excerpt wrong, near;
	struct str nearest = {0};
	if (judging->errors->count < ERROR_LIST_LIMIT)
		names = arena_array(&judging->arena, choice->count, sizeof *names);
	for (size_t i = 0; names && i < choice->count; i++)
		names[i] = str_of(choice->name(&judging->plan, i));
	if (names)
		nearest = str_nearest(str_of(text), names, choice->count);
	near = excerpt_of(nearest);
	complain(judging, word, "there is no %s '%s'%s%s%s", choice->what, shown(text, &wrong),
		 nearest.length ? "; did you mean '" : "", near.text, nearest.length ? "'?" : "");
}

/* The index of a name, or MAP_NONE, and told. */
static uint32_t look_up(struct judging *judging, const struct placed *word, const char *text,
			const struct map *map, struct choice choice)
{
	uint32_t found = map_get(map, str_of(text));
	if (found == MAP_NONE)
		complain_of_name(judging, word, text, &choice);
	return found;
}

static uint32_t find_module(struct judging *judging, const struct placed *word, const char *text)
{
	const struct choice choice = {"module", judging->plan.module_count, module_name};
	return look_up(judging, word, text, &judging->plan.modules_by_name, choice);
}

static uint32_t find_port(struct judging *judging, const struct placed *word)
{
	const struct choice choice = {"port", judging->plan.port_count, port_name};
	return look_up(judging, word, word->text, &judging->plan.ports_by_name, choice);
}

static void check_policy(struct judging *judging, const struct placed *word)
{
	const struct choice choice = {"policy", judging->plan.placement->policy_count, policy_name};
	if (word->text)
		look_up(judging, word, word->text, &judging->plan.policies_by_name, choice);
}

static uint32_t find_process(struct judging *judging, const struct placed *word, const char *text)
{
	const struct choice choice = {"process", judging->plan.placement->process_count,
				      process_name};
	return look_up(judging, word, text, &judging->plan.processes_by_name, choice);
}

/* ---- splits ---- */

/* "billing@money" is put apart; the process is NULL where none is said. */
static const char *cut_side(struct judging *judging, const struct placed *side,
			    const char **process)
{
	struct str text = str_of(side->text);
	ptrdiff_t at = str_find(text, '@');
	*process = at < 0 ? NULL : text.at + at + 1;
	return at < 0 ? side->text : arena_str(&judging->arena, str_first(text, (size_t)at)).at;
}

static void check_side(struct judging *judging, const struct placement_split *split,
		       const struct placed *side)
{
	const char *process, *name = side->text ? cut_side(judging, side, &process) : NULL;
	struct excerpt shown_name;
	if (!name)
		return;
	uint32_t module = find_module(judging, side, name);
	uint32_t port = map_get(&judging->plan.ports_by_name, str_of(split->port.text));
	bool provides = false;
	for (size_t i = 0; module != MAP_NONE && i < judging->plan.modules[module]->provides_count;
	     i++)
		provides |= strcmp(judging->plan.modules[module]->provides[i].port->name,
				   split->port.text) == 0;
	if (module != MAP_NONE && port != MAP_NONE && !provides)
		complain(judging, side, "the module '%s' does not provide the port %s",
			 shown(name, &shown_name), split->port.text);
	if (!process)
		return;
	uint32_t found = find_process(judging, side, process);
	if (found == MAP_NONE || module == MAP_NONE)
		return;
	if (!placement_has(&judging->plan.placement->processes[found], name))
		complain(judging, side, "the process '%s' does not have the module '%s'",
			 excerpt_of(str_of(process)).text, shown(name, &shown_name));
	judging->failed |= !map_put(&judging->processes_split, str_of(name), 1);
}

static bool has_field(const ProtobufCMessageDescriptor *message, const char *name)
{
	for (unsigned i = 0; message && i < message->n_fields; i++)
		if (strcmp(message->fields[i].name, name) == 0)
			return true;
	return false;
}

static void check_sticky(struct judging *judging, const struct placement_split *split,
			 const ash_port *port)
{
	struct excerpt name;
	for (uint16_t i = 0; split->sticky.text && i < port->method_count; i++)
		if (!has_field(port->methods[i].request, split->sticky.text))
			complain(judging, &split->sticky,
				 "the request of %s/%s has no field '%s' to stick to", port->name,
				 port->methods[i].name, shown(split->sticky.text, &name));
}

static void check_split(struct judging *judging, const struct placement_split *split)
{
	uint32_t port = find_port(judging, &split->port);
	check_side(judging, split, &split->from);
	check_side(judging, split, &split->to);
	if (port != MAP_NONE)
		check_sticky(judging, split, judging->plan.ports[port].port);
	if (split->from.text && split->to.text && strcmp(split->from.text, split->to.text) == 0)
		complain(judging, &split->to,
			 "both sides of the split are '%s'; name two, such as MODULE@PROCESS",
			 excerpt_of(str_of(split->to.text)).text);
}

/* ---- where modules are ---- */

static void place_module(struct judging *judging, struct spot *spots, size_t *count,
			 uint32_t process, const struct placed *word)
{
	const struct placement_process *processes = judging->plan.placement->processes;
	if (find_module(judging, word, word->text) == MAP_NONE)
		return;
	uint32_t first = map_get_or_put(&judging->placed, str_of(word->text), (uint32_t)*count);
	if (first == MAP_NONE) {
		judging->failed = true;
	} else if (first == *count) {
		spots[(*count)++] = (struct spot){process, word};
	} else if (spots[first].process == process) {
		complain(judging, word, "the module '%s' is in this process already (line %u)",
			 word->text, spots[first].word->line);
	} else if (map_get(&judging->processes_split, str_of(word->text)) == MAP_NONE) {
		complain(
			judging, word,
			"the module '%s' is in the process '%s' already (line %u); scale a process "
			"with several addresses, or name both sides of a split (%s@PROCESS)",
			word->text,
			excerpt_of(str_of(processes[spots[first].process].name.text)).text,
			spots[first].word->line, word->text);
	}
}

static void place_modules(struct judging *judging)
{
	const struct plan *plan = &judging->plan;
	struct spot *spots = arena_array(&judging->arena, plan->module_count, sizeof *spots);
	size_t count = 0;
	for (uint32_t i = 0; spots && i < plan->placement->process_count; i++) {
		const struct placed_list *list = &plan->placement->processes[i].modules;
		for (size_t j = 0; j < list->count; j++)
			place_module(judging, spots, &count, i, &list->items[j]);
	}
}

static void find_unplaced(struct judging *judging)
{
	const struct plan *plan = &judging->plan;
	for (size_t i = 0; i < plan->module_count; i++) {
		const ash_module *module = plan->modules[i];
		if (plan->home[i] != MAP_NONE)
			continue;
		complain(judging, &plan->placement->processes[0].name,
			 "no process has the module '%s'%s%s; add it to the modules of one",
			 module->name,
			 module->provides_count ? ", so that nobody places its port " : "",
			 module->provides_count ? module->provides[0].port->name : "");
	}
}

/* ---- addresses ---- */

static void check_once(struct judging *judging, struct map *seen, const char *what,
		       const struct placed *word)
{
	struct excerpt text;
	if (!word->text || str_ends(str_of(word->text), STR(":0")))
		return;
	size_t before = seen->count;
	uint32_t first = map_get_or_put(seen, str_of(word->text), word->line);
	if (first == MAP_NONE)
		judging->failed = true;
	else if (seen->count == before)
		complain(judging, word, "the %s %s is given in line %u already", what,
			 shown(word->text, &text), first);
}

static void check_addresses(struct judging *judging)
{
	_cleanup_(map_release) struct map listens = {0};
	_cleanup_(map_release) struct map addresses = {0};
	const struct placement *placement = judging->plan.placement;
	for (size_t i = 0; i < placement->process_count; i++) {
		const struct placement_process *process = &placement->processes[i];
		/* Replicas listen alike, each on a machine of its own. */
		if (process->addresses.count <= 1)
			check_once(judging, &listens, "address to listen on", &process->listen);
		for (size_t j = 0; j < process->addresses.count; j++)
			check_once(judging, &addresses, "address", &process->addresses.items[j]);
	}
}

/* ---- calls over a border ---- */

static const struct placed *place_of(const struct judging *judging, uint32_t module)
{
	const struct plan *plan = &judging->plan;
	const struct placement_process *process = &plan->placement->processes[plan->home[module]];
	for (size_t i = 0; i < process->modules.count; i++)
		if (strcmp(process->modules.items[i].text, plan->modules[module]->name) == 0)
			return &process->modules.items[i];
	return &process->name;
}

static void check_joins(struct judging *judging, uint32_t caller, uint32_t callee)
{
	const struct plan *plan = &judging->plan;
	const ash_module *provider = plan->modules[callee];
	for (size_t i = 0; i < provider->provides_count; i++) {
		const ash_port *port = provider->provides[i].port;
		for (uint16_t j = 0; j < port->method_count; j++)
			if (port->methods[j].transaction == ASH_JOINS)
				complain(judging, place_of(judging, caller),
					 "'%s' depends on '%s', whose %s/%s joins its caller's "
					 "transaction; put both into one process",
					 plan->modules[caller]->name, provider->name, port->name,
					 port->methods[j].name);
	}
}

static void check_border(struct judging *judging, uint32_t caller, uint32_t callee, bool *told)
{
	const struct plan *plan = &judging->plan;
	uint32_t home = plan->home[callee];
	const struct placement_process *process = &plan->placement->processes[home];
	const char *caller_name = plan->modules[caller]->name;
	const char *callee_name = plan->modules[callee]->name;
	check_joins(judging, caller, callee);
	if (told[home])
		return;
	told[home] = true;
	if (process->addresses.count == 0)
		complain(judging, &process->name,
			 "the process '%s' needs an 'address': '%s' calls '%s' there",
			 excerpt_of(str_of(process->name.text)).text, caller_name, callee_name);
	else if (process->role == PLACEMENT_WORKER)
		complain(judging, &process->name,
			 "the process '%s' is a worker and serves no calls, but '%s' calls '%s' "
			 "there; its role must be http or all",
			 excerpt_of(str_of(process->name.text)).text, caller_name, callee_name);
}

static void check_borders(struct judging *judging)
{
	const struct plan *plan = &judging->plan;
	bool *told = arena_array(&judging->arena, plan->placement->process_count, sizeof *told);
	for (uint32_t i = 0; told && i < plan->module_count; i++)
		for (size_t j = 0; plan->home[i] != MAP_NONE && j < plan->target_counts[i]; j++) {
			uint32_t callee = plan->targets[i][j];
			if (plan->home[callee] != MAP_NONE && plan->home[callee] != plan->home[i])
				check_border(judging, i, callee, told);
		}
}

/* ---- ports and policies ---- */

static const ash_method *find_method(const ash_port *port, const char *name)
{
	for (uint16_t i = 0; i < port->method_count; i++)
		if (strcmp(port->methods[i].name, name) == 0)
			return &port->methods[i];
	return NULL;
}

static void check_method(struct judging *judging, const ash_port *port,
			 const struct placement_method *method)
{
	struct excerpt text;
	check_policy(judging, &method->policy);
	if (!port || find_method(port, method->name.text))
		return;
	struct str *names = arena_array(&judging->arena, port->method_count, sizeof *names);
	for (uint16_t i = 0; names && i < port->method_count; i++)
		names[i] = str_of(port->methods[i].name);
	struct str near = names ? str_nearest(str_of(method->name.text), names, port->method_count)
				: (struct str){0};
	complain(judging, &method->name, "the port %s has no method '%s'%s%s%s", port->name,
		 shown(method->name.text, &text), near.length ? "; did you mean '" : "",
		 near.length ? near.at : "", near.length ? "'?" : "");
}

/* A fallback answers in place of each method that has the policy, with the same messages. */
static void check_fallback(struct judging *judging, const ash_port *port, const ash_method *method)
{
	const struct placement_policy *policy = plan_policy(&judging->plan, port, method);
	uint32_t at = policy && policy->fallback.text
			      ? map_get(&judging->plan.ports_by_name, str_of(policy->fallback.text))
			      : MAP_NONE;
	if (at == MAP_NONE)
		return;
	const ash_port *other = judging->plan.ports[at].port;
	const ash_method *same = find_method(other, method->name);
	if (other == port)
		complain(judging, &policy->fallback, "the port %s cannot be its own fallback",
			 port->name);
	else if (!same || strcmp(same->request->name, method->request->name) != 0 ||
		 strcmp(same->reply->name, method->reply->name) != 0)
		complain(judging, &policy->fallback,
			 "%s cannot stand in for %s: it has no method %s with the same messages",
			 other->name, port->name, method->name);
}

static void check_port(struct judging *judging, const struct placement_port *settings)
{
	uint32_t at = find_port(judging, &settings->name);
	const ash_port *port = at == MAP_NONE ? NULL : judging->plan.ports[at].port;
	check_policy(judging, &settings->policy);
	for (size_t i = 0; i < settings->method_count; i++)
		check_method(judging, port, &settings->methods[i]);
	for (uint16_t i = 0; port && i < port->method_count; i++)
		check_fallback(judging, port, &port->methods[i]);
}

/* ---- all of it ---- */

static int judge(struct judging *judging, struct error_list *warnings, struct error *error)
{
	const struct placement *placement = judging->plan.placement;
	for (size_t i = 0; i < placement->split_count; i++)
		check_split(judging, &placement->splits[i]);
	for (size_t i = 0; i < placement->policy_count; i++)
		if (placement->policies[i].fallback.text)
			find_port(judging, &placement->policies[i].fallback);
	for (size_t i = 0; i < placement->port_count; i++)
		check_port(judging, &placement->ports[i]);
	if (placement->process_count > 0) {
		place_modules(judging);
		find_unplaced(judging);
		check_addresses(judging);
		check_borders(judging);
		if (plan_find_circles(&judging->plan, warnings, error) < 0)
			return -1;
	}
	return judging->failed || judging->arena.failed ? error_memory(error) : 0;
}

int placement_judge(const struct placement *placement, const ash_module *const *modules,
		    size_t count, struct error_list *errors, struct error_list *warnings,
		    struct error *error)
{
	struct judging judging = {.errors = errors};
	int result = plan_init(&judging.plan, placement, modules, count, error);
	if (result == 0)
		result = judge(&judging, warnings, error);
	map_release(&judging.placed);
	map_release(&judging.processes_split);
	arena_release(&judging.arena);
	plan_release(&judging.plan);
	return result;
}
