/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the modules of an application together, and says of each thing that does not fit where it
 * is written. Knows nothing of calls but the function that makes one in this process. */
#include "port/registry.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/identifier.h"
#include "base/mem.h"
#include "port/flows.h"
#include "port/uses.h"

static const struct metric CALLS = {"ashlar_port_calls_total",
				    "Calls of a port that were answered.",
				    METRIC_COUNTER,
				    {"port", "method"}};
static const struct metric FAILURES = {"ashlar_port_failures_total",
				       "Calls of a port that failed.",
				       METRIC_COUNTER,
				       {"port", "method"}};

struct building {
	struct registry *registry;
	struct metrics *metrics;
	struct error_list *errors;
	struct error *error;
	registry_here here; /* NULL: all of them */
	const void *context;
};

/* ---- errors ---- */

static void complain(struct building *building, const ash_place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void complain(struct building *building, const ash_place *place, const char *format, ...)
{
	char message[sizeof building->error->message];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	error_list_at(building->errors, ERROR_INVALID, place->file, place->line, place->column,
		      "%s", message);
}

static int fail(struct building *building, const struct fault *fault)
{
	return error_set(building->error,
			 fault->status == ASH_RESOURCE_EXHAUSTED ? ERROR_MEMORY : ERROR_INVALID,
			 "%s", fault->message);
}

/* ---- ids ---- */

/* Gives a port its id, the same for all applications of the process; 0 is none. */
static bool give_id(const ash_port *port, uint32_t *out)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static uint32_t last;
	pthread_mutex_lock(&lock);
	uint32_t id = __atomic_load_n(port->id, __ATOMIC_RELAXED);
	if (id == 0 && last < REGISTRY_PORT_LIMIT) {
		id = ++last;
		__atomic_store_n(port->id, id, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&lock);
	*out = id;
	return id != 0;
}

/* ---- modules ---- */

static int add_members(struct building *building, const ash_module *const *modules, size_t count)
{
	struct registry *registry = building->registry;
	if (count > REGISTRY_MODULE_LIMIT)
		return error_set(building->error, ERROR_LIMIT,
				 "the application has %zu modules; %d are the most", count,
				 REGISTRY_MODULE_LIMIT);
	registry->members = arena_array(&registry->arena, count, sizeof *registry->members);
	if (!registry->members)
		return error_memory(building->error);
	for (size_t i = 0; i < count; i++) {
		struct member *member = &registry->members[i];
		*member = (struct member){
			.module = modules[i],
			.index = (unsigned)i,
			.elsewhere =
				building->here && !building->here(building->context, modules[i]),
		};
		if (strcmp(modules[i]->name, NAME_OF_FRONT) == 0)
			complain(building, &modules[i]->place,
				 "no module is called '" NAME_OF_FRONT
				 "': so is called who answers a route, where a module's name would "
				 "stand; rename it");
		uint32_t first =
			map_get_or_put(&registry->by_name, str_of(modules[i]->name), (uint32_t)i);
		if (first == MAP_NONE)
			return error_memory(building->error);
		if (first != i) {
			const ash_place *other = &modules[first]->place;
			complain(building, &modules[i]->place,
				 "the module '%s' is in the application already (%s:%u)",
				 modules[i]->name, other->file, other->line);
		}
		registry->member_count++;
	}
	return 0;
}

const struct member *registry_find(const struct registry *registry, const char *name)
{
	uint32_t index = map_get(&registry->by_name, str_of(name));
	return index == MAP_NONE ? NULL : &registry->members[index];
}

static int check_owners(struct building *building)
{
	struct registry *registry = building->registry;
	_cleanup_(map_release) struct map owners = {0};
	for (size_t i = 0; i < registry->member_count; i++) {
		const ash_module *module = registry->members[i].module;
		for (size_t j = 0; j < module->owns_count; j++) {
			const ash_named *schema = &module->owns[j];
			uint32_t first = map_get_or_put(&owners, str_of(schema->name), (uint32_t)i);
			if (first == MAP_NONE)
				return error_memory(building->error);
			if (first != i)
				complain(building, &schema->place,
					 "the schema '%s' has two owners: %s, and %s (%s:%u)",
					 schema->name, module->name,
					 registry->members[first].module->name,
					 registry->members[first].module->place.file,
					 registry->members[first].module->place.line);
		}
	}
	return 0;
}

static void check_dependencies(struct building *building, const ash_module *module)
{
	for (size_t i = 0; i < module->depends_on_count; i++)
		if (!registry_find(building->registry, module->depends_on[i].name))
			complain(building, &module->depends_on[i].place,
				 "%s depends on the module '%s', which the application does not "
				 "have; link it in and list it",
				 module->name, module->depends_on[i].name);
		else if (module->replaces.name &&
			 strcmp(module->replaces.name, module->depends_on[i].name) == 0)
			complain(building, &module->depends_on[i].place,
				 "%s replaces the module '%s' and depends on it, so that its calls "
				 "could be led back to itself; remove it from depends_on",
				 module->name, module->depends_on[i].name);
}

/* ---- ports ---- */

static ash_status invoke_here(const struct binding *binding, uint16_t method, ash_call *call,
			      const void *request, void *reply)
{
	return binding->handlers_invoke[method](binding->handlers, call, request, reply);
}

static ash_status invoke_nowhere(const struct binding *binding, uint16_t method, ash_call *call,
				 const void *request, void *reply)
{
	(void)request, (void)reply;
	return ash_fail(call, ASH_UNAVAILABLE, "%s runs in another process, and nothing says where",
			binding->names[method]);
}

static int make_series(struct building *building, struct binding *binding)
{
	struct arena *arena = &building->registry->arena;
	size_t count = binding->port->method_count;
	binding->calls = arena_array(arena, count, sizeof *binding->calls);
	binding->failures = arena_array(arena, count, sizeof *binding->failures);
	binding->names = arena_array(arena, count, sizeof *binding->names);
	for (size_t i = 0; !arena->failed && i < count; i++) {
		const char *labels[] = {binding->port->name, binding->port->methods[i].name};
		struct fault fault;
		binding->names[i] = (char *)arena_format(arena, "%s/%s", labels[0], labels[1]);
		if (metrics_series(building->metrics, &CALLS, labels, &binding->calls[i], &fault) ||
		    metrics_series(building->metrics, &FAILURES, labels, &binding->failures[i],
				   &fault))
			return fail(building, &fault);
	}
	return arena->failed ? error_memory(building->error) : 0;
}

static void check_handlers(struct building *building, const ash_module *module,
			   const ash_provides *provides, const void *handlers)
{
	for (uint16_t i = 0; i < provides->port->method_count; i++)
		if (!provides->has(handlers, i))
			complain(building, &provides->place,
				 "%s provides %s but has no handler for %s; add it to "
				 "ASH_MODULE(%s)",
				 module->name, provides->port->name,
				 provides->port->methods[i].name, module->name);
}

bool registry_is_beside(const ash_module *module, const ash_port *port)
{
	return module->replaces.name && strcmp(module->replaces.name, port->module) == 0 &&
	       strcmp(module->name, port->module) != 0;
}

/* Whether the port may be provided, with what stands there for it already. */
static bool may_provide(struct building *building, const struct member *member,
			const ash_provides *provides, uint32_t id, bool beside)
{
	const struct registry *registry = building->registry;
	const struct binding *first = beside ? registry->beside[id] : registry->bindings[id];
	if (beside && !registry->bindings[id])
		complain(building, &provides->place,
			 "%s provides %s in place of the module '%s', which the application does "
			 "not have, or which does not provide it",
			 member->module->name, provides->port->name, member->module->replaces.name);
	else if (first)
		complain(building, &provides->place, "the port %s has two providers: %s, and %s",
			 provides->port->name, member->module->name, first->member->module->name);
	else
		return true;
	return false;
}

static int add_binding(struct building *building, const struct member *member,
		       const ash_provides *provides, bool beside)
{
	struct registry *registry = building->registry;
	struct binding **bindings = beside ? registry->beside : registry->bindings;
	const void *handlers = NULL;
	uint32_t id;
	if (!member->elsewhere)
		handlers = (const char *)member->module->code + provides->handlers;
	if (provides->port->method_count > REGISTRY_METHOD_LIMIT)
		return error_set(
			building->error, ERROR_LIMIT, "the port %s has %u methods; %d are the most",
			provides->port->name, provides->port->method_count, REGISTRY_METHOD_LIMIT);
	if (!give_id(provides->port, &id))
		return error_set(building->error, ERROR_LIMIT,
				 "there are more than %d ports in the process",
				 REGISTRY_PORT_LIMIT);
	if (!may_provide(building, member, provides, id, beside))
		return 0;
	if (!member->elsewhere)
		check_handlers(building, member->module, provides, handlers);
	struct binding *binding = arena_alloc(&registry->arena, sizeof *binding);
	if (!binding)
		return error_memory(building->error);
	*binding = (struct binding){.port = provides->port,
				    .member = member,
				    .invoke = member->elsewhere ? invoke_nowhere : invoke_here,
				    .handlers_invoke = provides->invoke,
				    .handlers = handlers};
	bindings[id] = binding;
	if (id >= registry->binding_count)
		registry->binding_count = id + 1;
	return make_series(building, binding);
}

/* Those that stand beside others, or those that do not. */
static int add_some(struct building *building, bool beside)
{
	struct registry *registry = building->registry;
	for (size_t i = 0; i < registry->member_count; i++) {
		const struct member *member = &registry->members[i];
		for (size_t j = 0; j < member->module->provides_count; j++) {
			const ash_provides *provides = &member->module->provides[j];
			if (registry_is_beside(member->module, provides->port) == beside &&
			    add_binding(building, member, provides, beside) < 0)
				return -1;
		}
	}
	return 0;
}

static int add_bindings(struct building *building)
{
	struct registry *registry = building->registry;
	const size_t count = REGISTRY_PORT_LIMIT + 1;
	registry->bindings = arena_array(&registry->arena, count, sizeof(*registry->bindings));
	registry->beside = arena_array(&registry->arena, count, sizeof(*registry->beside));
	if (!registry->bindings || !registry->beside)
		return error_memory(building->error);
	return add_some(building, false) < 0 ? -1 : add_some(building, true);
}

bool registry_depends_on(const ash_module *module, const char *name)
{
	for (size_t i = 0; i < module->depends_on_count; i++)
		if (strcmp(module->depends_on[i].name, name) == 0)
			return true;
	return false;
}

static int allow_calls(struct building *building)
{
	struct registry *registry = building->registry;
	size_t words = registry->binding_count / 64 + 1;
	for (size_t i = 0; i < registry->member_count; i++) {
		struct member *member = &registry->members[i];
		member->may_call = arena_array(&registry->arena, words, sizeof *member->may_call);
		for (size_t id = 0; member->may_call && id < registry->binding_count; id++) {
			const struct binding *binding = registry->bindings[id];
			if (binding &&
			    (binding->member == member ||
			     registry_depends_on(member->module, binding->member->module->name)))
				member->may_call[id / 64] |= (uint64_t)1 << id % 64;
		}
	}
	return registry->arena.failed ? error_memory(building->error) : 0;
}

/* ---- events and schedules ---- */

static bool publishes(const ash_module *module, const ash_event *event)
{
	for (size_t i = 0; i < module->publishes_count; i++)
		if (strcmp(module->publishes[i]->name, event->name) == 0)
			return true;
	return false;
}

static void check_subscription(struct building *building, const struct member *member,
			       const ash_subscribes *subscribes)
{
	const ash_module *module = member->module;
	const ash_event *event = subscribes->event;
	const struct member *publisher = registry_find(building->registry, event->module);
	if (!member->elsewhere && !subscribes->has(module->code))
		complain(building, &subscribes->place,
			 "%s subscribes to %s but has no handler for it; add it to ASH_MODULE(%s)",
			 module->name, event->name, module->name);
	if (module->owns_count == 0)
		complain(building, &subscribes->place,
			 "%s subscribes to %s but owns no schema, and what it has handled is noted "
			 "in a transaction of its own: name one under data.owns",
			 module->name, event->name);
	if (!publisher || !publishes(publisher->module, event))
		complain(building, &subscribes->place,
			 "%s subscribes to %s, which no module of the application publishes",
			 module->name, event->name);
}

static void check_saga(struct building *building, const ash_module *module, const ash_runs *runs)
{
	const ash_saga *saga = runs->saga(module->code);
	if (!saga)
		complain(building, &runs->place,
			 "the saga '%s' has no steps; add it to the sagas of ASH_MODULE(%s)",
			 runs->name, module->name);
	else if (strcmp(saga->name, runs->name) != 0)
		complain(building, &runs->place,
			 "the saga '%s' is named '%s' in the code of %s; give both one name",
			 runs->name, saga->name, module->name);
}

static void check_module(struct building *building, const struct member *member)
{
	const ash_module *module = member->module;
	check_dependencies(building, module);
	for (size_t i = 0; i < module->subscribes_count; i++)
		check_subscription(building, member, &module->subscribes[i]);
	if (member->elsewhere)
		return;
	for (size_t i = 0; i < module->schedule_count; i++)
		if (!module->schedules[i].has(module->code))
			complain(building, &module->schedules[i].place,
				 "the schedule '%s' has no handler; add it to ASH_MODULE(%s)",
				 module->schedules[i].name, module->name);
	for (size_t i = 0; i < module->saga_count; i++)
		check_saga(building, module, &module->sagas[i]);
}

/* ---- all of it ---- */

static int build(struct building *building, const ash_module *const *modules, size_t count)
{
	struct registry *registry = building->registry;
	if (add_members(building, modules, count) < 0 || check_owners(building) < 0 ||
	    add_bindings(building) < 0 || allow_calls(building) < 0)
		return -1;
	for (size_t i = 0; i < registry->member_count; i++)
		check_module(building, &registry->members[i]);
	if (flows_judge(registry, building->errors, building->error) < 0)
		return -1;
	if (uses_judge(registry, building->errors, building->error) < 0)
		return -1;
	error_list_sort(building->errors);
	return 0;
}

int registry_build(const ash_module *const *modules, size_t count, struct metrics *metrics,
		   struct registry *out, struct error_list *errors, struct error *error)
{
	return registry_build_part(modules, count, NULL, NULL, metrics, out, errors, error);
}

int registry_build_part(const ash_module *const *modules, size_t count, registry_here here,
			const void *context, struct metrics *metrics, struct registry *out,
			struct error_list *errors, struct error *error)
{
	struct registry registry = {0};
	struct building building = {&registry, metrics, errors, error, here, context};
	if (build(&building, modules, count) < 0) {
		registry_release(&registry);
		return -1;
	}
	*out = registry;
	return 0;
}

void registry_release(struct registry *registry)
{
	map_release(&registry->by_name);
	arena_release(&registry->arena);
	*registry = (struct registry){0};
}
