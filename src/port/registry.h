/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_REGISTRY_H
#define PORT_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ashlar/module.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "telemetry/metrics.h"

/* The modules of an application and what they provide, made once when it starts and never
 * changed after. Whatever does not fit together is found here, before the first call. */

/* Modules of an application, ports of a process, and methods of a port. */
#define REGISTRY_MODULE_LIMIT 1000
#define REGISTRY_PORT_LIMIT   4096
#define REGISTRY_METHOD_LIMIT 1000

/* A call on its way to a method, in this process or elsewhere. `binding` is the port's. */
struct binding;
typedef ash_status (*port_invoke)(const struct binding *binding, uint16_t method, ash_call *call,
				  const void *request, void *reply);

/* A port as this application provides it. */
struct binding {
	const ash_port *port;
	const struct member *member; /* the module that provides it */
	port_invoke invoke;
	const ash_invoke *handlers_invoke; /* one a method */
	const void *handlers;
	struct series **calls;    /* one a method: those that ended with ASH_OK */
	struct series **failures; /* one a method: all others */
	char **names;             /* "billing.v1.Billing/Charge", one a method */
};

/* A module of the application. Its index is that of the store, too. */
struct member {
	const ash_module *module;
	unsigned index;
	bool elsewhere;     /* another process runs it: here it is known by its contract alone */
	uint64_t *may_call; /* a bit for each port id: its own ports and those it depends on */
};

struct registry {
	struct member *members; /* in the order in which they were given */
	size_t member_count;
	struct binding **bindings; /* by the id of the port; NULL: not of this application */
	struct binding **beside;   /* the same ports of modules that replace others; NULL: none */
	size_t binding_count;
	struct map by_name; /* from a module's name to its index */
	struct arena arena;
};

/* Puts the modules together. What does not fit goes to `errors`, with the place in the contract:
 * a module with the front's name, two modules of one name, two owners of a schema, two providers of
 * a port, a method or a subscribed event without a handler, a subscriber that owns no schema, a
 * module it depends on that is not there or that it replaces, an event that is subscribed to and
 * that nobody publishes; and, with the place in the code, a port that is called and not declared.
 * The modules live as long as the registry.
 * Errors: ERROR_MEMORY, ERROR_LIMIT. */
int registry_build(const ash_module *const *modules, size_t count, struct metrics *metrics,
		   struct registry *out, struct error_list *errors, struct error *error) must_check;

/* Whether a module runs in this process. */
typedef bool (*registry_here)(const void *context, const ash_module *module);

/* The same where `here` says which of the modules run in this process. Of the others no code is
 * asked for, and their ports answer ASH_UNAVAILABLE until the caller binds them to something. */
int registry_build_part(const ash_module *const *modules, size_t count, registry_here here,
			const void *context, struct metrics *metrics, struct registry *out,
			struct error_list *errors, struct error *error) must_check;

/* Frees all but the modules; the struct is empty then. */
void registry_release(struct registry *registry);

/* Whether the module provides the port as the one that replaces the port's own module: calls reach
 * it by a split alone. */
bool registry_is_beside(const ash_module *module, const ash_port *port);

/* The module with that name, or NULL. */
const struct member *registry_find(const struct registry *registry, const char *name);

/* Whether the module's contract depends on the module with that name. */
bool registry_depends_on(const ash_module *module, const char *name);

/* The port as the application provides it, or NULL. */
static inline const struct binding *registry_binding(const struct registry *registry,
						     const ash_port *port)
{
	uint32_t id = __atomic_load_n(port->id, __ATOMIC_RELAXED);
	return id < registry->binding_count ? registry->bindings[id] : NULL;
}

/* The port as the module provides it that replaces the port's own; NULL: none does. */
static inline const struct binding *registry_beside(const struct registry *registry,
						    const ash_port *port)
{
	uint32_t id = __atomic_load_n(port->id, __ATOMIC_RELAXED);
	return id < registry->binding_count ? registry->beside[id] : NULL;
}

#endif
