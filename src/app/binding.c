/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between a caller and each port of the application. registry_build() binds a port to
 * the handlers of its module; here each binding gets what the deployment says of it, before the
 * first call is made and never after.
 *
 * Invariant: whoever wraps a binding keeps what `invoke`, `handlers_invoke` and `handlers` were, in
 * storage that lives as long as the host, and leaves the other members as they are. */
#include "app/host.h"

#include "app/policies.h"
#include "app/splits.h"

/* Whether calls of the port begin in this process: those of its modules, and of routes. */
static bool is_called_here(const struct host *host, const struct binding *binding)
{
	const struct registry *registry = &host->registry;
	const char *module = binding->member->module->name;
	for (size_t i = 0; i < registry->member_count; i++)
		if (!registry->members[i].elsewhere &&
		    registry_depends_on(registry->members[i].module, module))
			return true;
	for (uint16_t i = 0; host->settings->process->front && i < binding->port->method_count; i++)
		if (binding->port->methods[i].routes)
			return true;
	return false;
}

/* Policies stand around both sides of a split. */
static int wrap(const struct host *host, struct binding *binding, struct error *error)
{
	return splits_bind(host->splits, host->remotes, binding, error) < 0
		       ? -1
		       : policies_bind(host->policies, binding, error);
}

/* Of a module that runs in another process: by a call to there. */
static int lead_away(const struct host *host, struct binding *binding, struct error *error)
{
	const char *module = binding->member->module->name;
	const struct rpc_remote *remote = remotes_of(host->remotes, module);
	/* Whom nobody here calls needs no address. */
	if (!remote)
		return 0;
	binding->invoke = rpc_invoke;
	binding->handlers = remote;
	if (!is_called_here(host, binding))
		return 0;
	return remotes_watch(host->remotes, module, host->metrics, error) < 0
		       ? -1
		       : wrap(host, binding, error);
}

/* The one place where a binding is finished, from the inside to the outside. */
static int finish(const struct host *host, struct binding *binding, struct error *error)
{
	return binding->member->elsewhere ? lead_away(host, binding, error)
					  : wrap(host, binding, error);
}

int host_finish_bindings(struct host *host, struct error *error)
{
	const struct settings *settings = host->settings;
	host->policies =
		policies_new(settings->placement, &host->registry, settings->clock, host->metrics);
	if (!host->policies)
		return error_memory(error);
	if (splits_new(settings->placement, settings->process, &host->environment, host->metrics,
		       &host->splits, error) < 0)
		return -1;
	if (settings->process && remotes_new(settings->placement, settings->process, &host->logger,
					     &host->remotes, error) < 0)
		return -1;
	for (size_t i = 0; i < host->registry.binding_count; i++)
		if (host->registry.bindings[i] &&
		    finish(host, host->registry.bindings[i], error) < 0)
			return -1;
	return 0;
}
