/* SPDX-License-Identifier: Apache-2.0 */
/* Holds a placement against the modules of the application. Reads no file and starts nothing;
 * what passes here can be run as it is written. */
#include "base/yaml.h"
#include "placement/judging.h"

struct spot {
	uint32_t process;
	const struct placed *word;
};

/* ---- where modules are ---- */

static void place_module(struct judging *judging, struct spot *spots, size_t *count,
			 uint32_t process, const struct placed *word)
{
	const struct placement_process *processes = judging->plan.placement->processes;
	if (judging_find_module(judging, word, word->text) == MAP_NONE)
		return;
	uint32_t first = map_get_or_put(&judging->placed, str_of(word->text), (uint32_t)*count);
	if (first == MAP_NONE) {
		judging->failed = true;
	} else if (first == *count) {
		spots[(*count)++] = (struct spot){process, word};
	} else if (spots[first].process == process) {
		judging_complain(judging, word,
				 "the module '%s' is in this process already (line %u)", word->text,
				 spots[first].word->line);
	} else if (map_get(&judging->processes_split, str_of(word->text)) == MAP_NONE) {
		judging_complain(
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
		judging_complain(judging, &plan->placement->processes[0].name,
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
		judging_complain(judging, word, "the %s %s is given in line %u already", what,
				 judging_shown(word->text, &text), first);
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

/* Where some process proves who it is, one that does not could say to be any. */
static void check_identities(struct judging *judging)
{
	_cleanup_(map_release) struct map seen = {0};
	const struct placement *placement = judging->plan.placement;
	const struct placed *some = NULL;
	for (size_t i = 0; i < placement->process_count; i++) {
		const struct placed *identity = &placement->processes[i].identity;
		check_once(judging, &seen, "identity", identity);
		if (identity->text && !some)
			some = identity;
	}
	for (size_t i = 0; some && i < placement->process_count; i++)
		if (!placement->processes[i].identity.text)
			judging_complain(
				judging, &placement->processes[i].name,
				"the process '%s' needs an 'identity': others have one, in line %u",
				placement->processes[i].name.text, some->line);
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

/* The callee is not in each process that has the caller. */
static bool is_torn(const struct judging *judging, uint32_t caller, uint32_t callee)
{
	const struct plan *plan = &judging->plan;
	const char *one = plan->modules[caller]->name, *other = plan->modules[callee]->name;
	bool several = map_get(&judging->processes_split, str_of(one)) != MAP_NONE ||
		       map_get(&judging->processes_split, str_of(other)) != MAP_NONE;
	if (!several)
		return plan->home[caller] != plan->home[callee];
	for (size_t i = 0; i < plan->placement->process_count; i++)
		if (placement_has(&plan->placement->processes[i], one) &&
		    !placement_has(&plan->placement->processes[i], other))
			return true;
	return false;
}

static void check_joins(struct judging *judging, uint32_t caller, uint32_t callee)
{
	const struct plan *plan = &judging->plan;
	const ash_module *provider = plan->modules[callee];
	if (!is_torn(judging, caller, callee))
		return;
	for (size_t i = 0; i < provider->provides_count; i++) {
		const ash_port *port = provider->provides[i].port;
		for (uint16_t j = 0; j < port->method_count; j++)
			if (port->methods[j].transaction == ASH_JOINS)
				judging_complain(
					judging, place_of(judging, caller),
					"'%s' depends on '%s', whose %s/%s joins its caller's "
					"transaction; put both into one process",
					plan->modules[caller]->name, provider->name, port->name,
					port->methods[j].name);
	}
}

/* Whether the process at `home` can be called by `who`; told once. */
static void check_reach(struct judging *judging, uint32_t home, const char *who, const char *callee,
			bool *told)
{
	const struct placement_process *process = &judging->plan.placement->processes[home];
	struct excerpt name = excerpt_of(str_of(process->name.text));
	if (told[home])
		return;
	told[home] = true;
	if (process->addresses.count == 0)
		judging_complain(judging, &process->name,
				 "the process '%s' needs an 'address': '%s' calls '%s' there",
				 name.text, who, callee);
	else if (process->role == PLACEMENT_WORKER)
		judging_complain(
			judging, &process->name,
			"the process '%s' is a worker and serves no calls, but '%s' calls '%s' "
			"there; its role must be http or all",
			name.text, who, callee);
}

static void check_borders(struct judging *judging, bool *told)
{
	const struct plan *plan = &judging->plan;
	for (uint32_t i = 0; i < plan->module_count; i++)
		for (size_t j = 0; plan->home[i] != MAP_NONE && j < plan->target_counts[i]; j++) {
			uint32_t callee = plan->targets[i][j];
			if (plan->home[callee] == MAP_NONE)
				continue;
			check_joins(judging, i, callee);
			if (plan->home[callee] == plan->home[i])
				continue;
			check_reach(judging, plan->home[callee], plan->modules[i]->name,
				    plan->modules[callee]->name, told);
		}
}

static bool has_routes(const ash_module *module)
{
	for (size_t i = 0; i < module->provides_count; i++)
		for (uint16_t j = 0; j < module->provides[i].port->method_count; j++)
			if (module->provides[i].port->methods[j].routes)
				return true;
	return false;
}

/* A front answers the routes of all modules, by calls to where they are. */
static void check_fronts(struct judging *judging, bool *told)
{
	const struct plan *plan = &judging->plan;
	const struct placement_process *processes = plan->placement->processes;
	for (uint32_t i = 0; i < plan->placement->process_count; i++) {
		if (!processes[i].front)
			continue;
		if (processes[i].role == PLACEMENT_WORKER)
			judging_complain(
				judging, &processes[i].name,
				"the process '%s' is a worker and answers no requests, so it "
				"cannot be a front",
				excerpt_of(str_of(processes[i].name.text)).text);
		for (uint32_t j = 0; j < plan->module_count; j++)
			if (plan->home[j] != MAP_NONE && plan->home[j] != i &&
			    has_routes(plan->modules[j]))
				check_reach(judging, plan->home[j], processes[i].name.text,
					    plan->modules[j]->name, told);
	}
}

static void check_calls(struct judging *judging)
{
	bool *told =
		arena_array(&judging->arena, judging->plan.placement->process_count, sizeof *told);
	if (!told)
		return;
	check_borders(judging, told);
	check_fronts(judging, told);
}

/* ---- work that nobody does ---- */

/* Notes the modules for which some process works. */
static void find_worked(const struct plan *plan, bool *worked)
{
	const struct placement *placement = plan->placement;
	for (size_t i = 0; i < placement->process_count; i++) {
		const struct placement_process *process = &placement->processes[i];
		for (size_t j = 0; process->role != PLACEMENT_HTTP && j < process->modules.count;
		     j++) {
			uint32_t module = map_get(&plan->modules_by_name,
						  str_of(process->modules.items[j].text));
			if (module != MAP_NONE)
				worked[module] = true;
		}
	}
}

/* What of a module is work, which no request waits for; NULL: nothing. */
static const char *work_of(const ash_module *module)
{
	return module->subscribes_count ? "subscribes to events"
	       : module->saga_count     ? "has sagas"
	       : module->schedule_count ? "has schedules"
					: NULL;
}

/* It is no mistake: more of the same process may be started with another role. */
static void warn_of_work(struct judging *judging, struct error_list *warnings)
{
	const struct plan *plan = &judging->plan;
	bool *worked = arena_array(&judging->arena, plan->module_count, sizeof *worked);
	if (!worked)
		return;
	find_worked(plan, worked);
	for (size_t i = 0; i < plan->module_count; i++) {
		const char *work = work_of(plan->modules[i]);
		if (!work || worked[i] || plan->home[i] == MAP_NONE)
			continue;
		const struct placed *home = &plan->placement->processes[plan->home[i]].name;
		error_list_at(warnings, ERROR_INVALID, plan->placement->file, home->line,
			      home->column,
			      "'%s' %s, and '%s' has the role http, as has each process with it: "
			      "nobody does that work; say role: all, or start one more with "
			      "--role worker and a --listen of its own",
			      plan->modules[i]->name, work, excerpt_of(str_of(home->text)).text);
	}
}

/* ---- ports and policies ---- */

static void check_method(struct judging *judging, const ash_port *port,
			 const struct placement_method *method)
{
	judging_check_policy(judging, &method->policy);
	if (port)
		judging_method(judging, port, &method->name);
}

/* The port that the method's policy falls back to, or MAP_NONE. */
static uint32_t fallback_of(const struct judging *judging, const ash_port *port,
			    const ash_method *method)
{
	const struct placement_policy *policy = plan_policy(&judging->plan, port, method);
	return policy && policy->fallback.text
		       ? map_get(&judging->plan.ports_by_name, str_of(policy->fallback.text))
		       : MAP_NONE;
}

/* Whether who falls back from port to port comes back to the one that it left. */
static bool comes_back(const struct judging *judging, const ash_port *port, const char *method)
{
	const ash_port *next = port;
	for (size_t i = 0; i < judging->plan.port_count; i++) {
		const ash_method *same = judging_find_method(next, method);
		uint32_t at = same ? fallback_of(judging, next, same) : MAP_NONE;
		if (at == MAP_NONE)
			return false;
		next = judging->plan.ports[at].port;
		if (next == port)
			return true;
	}
	return false;
}

static bool is_in_place_of(const ash_method *other, const ash_method *method)
{
	return other && strcmp(other->request->name, method->request->name) == 0 &&
	       strcmp(other->reply->name, method->reply->name) == 0 &&
	       other->transaction == method->transaction;
}

static bool depends_on(const ash_module *module, const char *name)
{
	for (size_t i = 0; i < module->depends_on_count; i++)
		if (strcmp(module->depends_on[i].name, name) == 0)
			return true;
	return false;
}

/* Whoever may call the port calls its fallback, too: contracts hold for that as well. */
static void check_callers(struct judging *judging, const struct placed *fallback,
			  const ash_port *port, const ash_port *other)
{
	for (size_t i = 0; i < judging->plan.module_count; i++) {
		const ash_module *module = judging->plan.modules[i];
		if (depends_on(module, port->module) && !depends_on(module, other->module) &&
		    strcmp(module->name, other->module) != 0)
			judging_complain(
				judging, fallback,
				"%s cannot stand in for %s: '%s' may call that, but its contract "
				"(%s:%u) does not depend on '%s'",
				other->name, port->name, module->name, module->place.file,
				module->place.line, other->module);
	}
}

/* A fallback answers in place of each method that has the policy, with the same messages. */
static void check_fallback(struct judging *judging, const ash_port *port, const ash_method *method)
{
	const struct placed *place = &plan_policy(&judging->plan, port, method)->fallback;
	const ash_port *other = judging->plan.ports[fallback_of(judging, port, method)].port;
	if (!is_in_place_of(judging_find_method(other, method->name), method))
		judging_complain(
			judging, place,
			"%s cannot stand in for %s: it has no method %s with the same messages, "
			"in a transaction of the same kind",
			other->name, port->name, method->name);
	else if (comes_back(judging, port, method->name))
		judging_complain(judging, place,
				 "%s cannot stand in for %s: %s would come back to that one",
				 other->name, port->name, method->name);
}

/* The methods that fall back; what holds for all of them is told once of each port that they go
 * to. */
static void check_fallbacks(struct judging *judging, const ash_port *port)
{
	uint32_t told = MAP_NONE;
	for (uint16_t i = 0; i < port->method_count; i++) {
		const ash_method *method = &port->methods[i];
		uint32_t at = fallback_of(judging, port, method);
		if (at == MAP_NONE)
			continue;
		const struct placed *place = &plan_policy(&judging->plan, port, method)->fallback;
		const ash_port *other = judging->plan.ports[at].port;
		if (other != port)
			check_fallback(judging, port, method);
		else if (at != told)
			judging_complain(judging, place, "the port %s cannot be its own fallback",
					 port->name);
		if (at != told)
			check_callers(judging, place, port, other);
		told = at;
	}
}

static void check_port(struct judging *judging, const struct placement_port *settings)
{
	uint32_t at = judging_find_port(judging, &settings->name);
	const ash_port *port = at == MAP_NONE ? NULL : judging->plan.ports[at].port;
	judging_check_policy(judging, &settings->policy);
	for (size_t i = 0; i < settings->method_count; i++)
		check_method(judging, port, &settings->methods[i]);
	if (port)
		check_fallbacks(judging, port);
}

/* ---- all of it ---- */

static int judge(struct judging *judging, struct error_list *warnings, struct error *error)
{
	const struct placement *placement = judging->plan.placement;
	judging_splits(judging);
	for (size_t i = 0; i < placement->policy_count; i++)
		if (placement->policies[i].fallback.text)
			judging_find_port(judging, &placement->policies[i].fallback);
	for (size_t i = 0; i < placement->port_count; i++)
		check_port(judging, &placement->ports[i]);
	if (placement->process_count > 0) {
		place_modules(judging);
		find_unplaced(judging);
		check_addresses(judging);
		check_identities(judging);
		check_calls(judging);
		warn_of_work(judging, warnings);
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
