/* SPDX-License-Identifier: Apache-2.0 */
/* The ports that other processes may call, as the setting serve-ports names them. Who may call is
 * what the contracts say. */
#include "app/host.h"

#include <stdio.h>

#include "base/mem.h"
#include "rpc/server.h"

/* Bytes of a request's message, as of a route's body. */
#define SERVE_LIMIT ((size_t)1 << 20)

/* Bytes from which on compressing a reply pays. */
#define SERVE_GZIP_LEAST ((size_t)4096)

static ash_status admit(void *context, const struct binding *binding, const char *caller,
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
	return ASH_OK;
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

static int serve_named(struct host *host, const struct rpc_server *server, struct error *error)
{
	struct str rest = str_of(host->settings->serve_ports), name;
	while (str_split(&rest, ',', &name)) {
		name = str_trim(name);
		const struct binding *binding = find(host, name);
		if (!binding)
			return error_set(error, ERROR_INVALID,
					 "serve-ports: no module of the application provides the "
					 "port '%.*s'",
					 STR_ARG(str_first(name, 100)));
		if (rpc_server_add(server, binding, &host->arena, host->router, error) < 0)
			return -1;
	}
	return 0;
}

int host_serve_ports(struct host *host, struct error *error)
{
	const char *ports = host->settings->serve_ports;
	if (!ports)
		return 0;
	struct rpc_server *server = arena_alloc(&host->arena, sizeof *server);
	if (!server)
		return error_memory(error);
	*server = (struct rpc_server){
		.environment = &host->environment,
		.patience = (uint64_t)host->settings->deadline * 1000000000,
		.limit = SERVE_LIMIT,
		.gzip_least = SERVE_GZIP_LEAST,
		.gate = admit,
		.gate_context = host,
	};
	if (strcmp(ports, "all") != 0)
		return serve_named(host, server, error);
	for (size_t i = 0; i < host->registry.binding_count; i++)
		if (host->registry.bindings[i] &&
		    rpc_server_add(server, host->registry.bindings[i], &host->arena, host->router,
				   error) < 0)
			return -1;
	return 0;
}
