/* SPDX-License-Identifier: Apache-2.0 */
/* The ports that other processes may call: those that modules of other processes need, those that
 * the deployment file opens, and those that the setting serve-ports names. Who may call is what the
 * contracts say. */
#include "app/host.h"

#include <stdio.h>

#include "app/route.h"
#include "base/mem.h"
#include "http/exchange.h"
#include "resilience/around.h"
#include "resilience/dials.h"
#include "rpc/server.h"

/* Bytes of a request's message, as of a route's body. */
#define SERVE_LIMIT ((size_t)1 << 20)

/* Bytes from which on compressing a reply pays. */
#define SERVE_GZIP_LEAST ((size_t)4096)

/* ---- the gate ---- */

/* Whether the process may speak for the caller: it has the module, or answers routes of others. */
static bool speaks_for(const struct placement_process *process, const char *caller)
{
	return strcmp(caller, ROUTE_CALLER) == 0 ? process->front : placement_has(process, caller);
}

/* Where processes have identities, a name is believed of who showed the certificate of a process
 * that may speak for it. */
static ash_status believe(const struct host *host, const struct binding *binding,
			  const char *caller, const struct http_exchange *exchange,
			  struct fault *fault)
{
	const struct placement *placement = host->settings->placement;
	char shown[HTTP_TLS_NAMES_SIZE];
	bool proves = false;
	for (size_t i = 0; placement && i < placement->process_count; i++) {
		const struct placement_process *process = &placement->processes[i];
		const char *identity = process->identity.text;
		proves |= identity != NULL;
		if (identity && speaks_for(process, caller) && http_peer_is(exchange, identity))
			return ASH_OK;
	}
	if (!proves)
		return ASH_OK;
	http_peer_names(exchange, shown, sizeof shown);
	return fault_set(fault, ASH_PERMISSION_DENIED,
			 "'%.100s' calls %s with the certificate of %.300s, which is of no process "
			 "that has '%.100s'",
			 caller, binding->port->name, *shown ? shown : "nobody", caller);
}

/* A module whose contract depends on the port's, or a process that answers a route of the method:
 * whoever can ask that one could ask here. */
static ash_status admit(void *context, const struct binding *binding, uint16_t method,
			const char *caller, const struct http_exchange *exchange,
			struct fault *fault)
{
	const struct host *host = context;
	const ash_port *port = binding->port;
	uint32_t id = *port->id;
	const struct member *member = registry_find(&host->registry, caller);
	if (!*caller)
		return fault_set(fault, ASH_PERMISSION_DENIED,
				 "%s is called without a module's name in Ashlar-Caller",
				 port->name);
	if (strcmp(caller, ROUTE_CALLER) == 0 && port->methods[method].routes)
		return believe(host, binding, caller, exchange, fault);
	if (strcmp(caller, ROUTE_CALLER) == 0)
		return fault_set(fault, ASH_PERMISSION_DENIED,
				 "'%s' stands for a process that answers a route, and %s has none: "
				 "Ashlar-Caller says which module calls",
				 ROUTE_CALLER, binding->names[method]);
	if (!member)
		return fault_set(
			fault, ASH_PERMISSION_DENIED,
			"'%.100s' may not call %s of %s: the application has no such module",
			caller, port->name, binding->member->module->name);
	if (!(member->may_call[id / 64] & (uint64_t)1 << id % 64))
		return fault_set(fault, ASH_PERMISSION_DENIED,
				 "%s may not call %s: its contract (%s:%u) does not depend on %s",
				 caller, port->name, member->module->place.file,
				 member->module->place.line, binding->member->module->name);
	return believe(host, binding, caller, exchange, fault);
}

/* Of a port that is open: who says a name must be one that may call, and who says none is somebody
 * outside, who may not take for done what the application does itself. */
static ash_status admit_nameless(void *context, const struct binding *binding, uint16_t method,
				 const char *caller, const struct http_exchange *exchange,
				 struct fault *fault)
{
	if (*caller)
		return admit(context, binding, method, caller, exchange, fault);
	if (str_starts(http_field(exchange, STR("Idempotency-Key")), STR(CALL_OWN_KEY)))
		return fault_set(fault, ASH_INVALID_ARGUMENT,
				 "an Idempotency-Key that begins with " CALL_OWN_KEY
				 " is the application's own");
	return ASH_OK;
}

/* ---- which ports ---- */

struct serving {
	struct host *host;
	struct rpc_server *closed, *open;
	struct rpc_refusing *refusing;
	bool *named; /* by the id of the port: the setting serve-ports does */
};

static bool is_open(const struct host *host, const ash_port *port)
{
	const struct placement *placement = host->settings->placement;
	for (size_t i = 0; placement && i < placement->port_count; i++)
		if (strcmp(placement->ports[i].name.text, port->name) == 0)
			return placement->ports[i].open;
	return false;
}

static bool has_routes(const ash_port *port)
{
	for (uint16_t i = 0; i < port->method_count; i++)
		if (port->methods[i].routes)
			return true;
	return false;
}

/* Whether some process answers the routes of all modules. */
static bool has_front(const struct host *host)
{
	const struct placement *placement = host->settings->placement;
	for (size_t i = 0; i < placement->process_count; i++)
		if (&placement->processes[i] != host->settings->process &&
		    placement->processes[i].front)
			return true;
	return false;
}

static bool is_needed_elsewhere(const struct host *host, const struct binding *binding)
{
	const struct registry *registry = &host->registry;
	if (!host->settings->process)
		return false;
	for (size_t i = 0; i < registry->member_count; i++)
		if (registry->members[i].elsewhere &&
		    registry_depends_on(registry->members[i].module, binding->member->module->name))
			return true;
	return has_routes(binding->port) && has_front(host);
}

/* The port of that name; NULL if the application has none. */
static const struct binding *find(const struct host *host, struct str name)
{
	for (size_t i = 0; i < host->registry.binding_count; i++) {
		const struct binding *binding = host->registry.bindings[i];
		if (binding && str_equal(str_of(binding->port->name), name))
			return binding;
	}
	return NULL;
}

/* Tells that there is no such port, and which may be meant. */
static int no_port(struct host *host, struct str name, struct error_list *errors,
		   struct error *error)
{
	const struct registry *registry = &host->registry;
	struct str *names = arena_array(&host->arena, registry->binding_count + 1, sizeof *names);
	size_t count = 0;
	if (!names)
		return error_memory(error);
	for (size_t i = 0; i < registry->binding_count; i++)
		if (registry->bindings[i])
			names[count++] = str_of(registry->bindings[i]->port->name);
	struct str nearest = str_nearest(name, names, count);
	settings_mistake(host->settings, "serve-ports", errors,
			 "no module of the application provides the port '%.*s'%s%.*s%s",
			 STR_ARG(str_first(name, 100)), nearest.length ? "; did you mean '" : "",
			 STR_ARG(str_first(nearest, 100)), nearest.length ? "'?" : "");
	return 0;
}

static int read_names(struct serving *serving, struct error_list *errors, struct error *error)
{
	struct host *host = serving->host;
	const char *ports = host->settings->serve_ports;
	struct str rest = str_of(ports ? ports : ""), name;
	if (str_equal(rest, STR("all"))) {
		memset(serving->named, true, host->registry.binding_count);
		return 0;
	}
	while (ports && str_split(&rest, ',', &name)) {
		name = str_trim(name);
		const struct binding *binding = find(host, name);
		if (binding && !binding->member->elsewhere)
			serving->named[*binding->port->id] = true;
		else if (binding)
			settings_mistake(host->settings, "serve-ports", errors,
					 "the port %s is of %s, which runs in another process",
					 binding->port->name, binding->member->module->name);
		else if (no_port(host, name, errors, error) < 0)
			return -1;
	}
	return 0;
}

/* ---- all of it ---- */

static struct rpc_server *make_server(struct host *host, rpc_gate gate)
{
	struct rpc_server *server = arena_alloc(&host->arena, sizeof *server);
	if (server)
		*server = (struct rpc_server){
			.environment = &host->environment,
			.patience = (uint64_t)host->settings->deadline * 1000000000,
			.limit = SERVE_LIMIT,
			.gzip_least = SERVE_GZIP_LEAST,
			.gate = gate,
			.gate_context = host,
		};
	return server;
}

/* The policies and splits of a port count for those who call: they have them in their own
 * process. */
static int serve(const struct serving *serving, const struct binding *binding, struct error *error)
{
	struct host *host = serving->host;
	bool open = is_open(host, binding->port);
	if (binding->member->elsewhere ||
	    !(open || serving->named[*binding->port->id] || is_needed_elsewhere(host, binding)))
		return 0;
	http_router_otherwise(host->router, rpc_server_refuse, serving->refusing);
	return rpc_server_add(open ? serving->open : serving->closed,
			      dials_inside(around_inside(binding)), &host->arena, host->router,
			      error);
}

int host_serve_ports(struct host *host, struct error_list *errors, struct error *error)
{
	const struct registry *registry = &host->registry;
	struct serving serving = {
		.host = host,
		.closed = make_server(host, admit),
		.open = make_server(host, admit_nameless),
		.refusing = arena_alloc(&host->arena, sizeof *serving.refusing),
		.named = arena_array(&host->arena, registry->binding_count + 1, sizeof(bool)),
	};
	if (!serving.closed || !serving.open || !serving.refusing || !serving.named)
		return error_memory(error);
	*serving.refusing = (struct rpc_refusing){registry, host->router};
	if (read_names(&serving, errors, error) < 0)
		return -1;
	for (size_t i = 0; i < registry->binding_count; i++)
		if (registry->bindings[i] && serve(&serving, registry->bindings[i], error) < 0)
			return -1;
	return 0;
}
