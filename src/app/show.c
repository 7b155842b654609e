/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that look at the modules and open nothing: routes, modules. */
#include "app/command.h"

#include <string.h>

/* Where the module runs, unless it is here. */
static const char *other_process(const struct host *host, const struct member *member)
{
	if (!member->elsewhere)
		return NULL;
	return placement_of(host->settings->placement, member->module->name)->name.text;
}

/* `process` has the port; NULL: this one. */
static void show_port(FILE *out, const ash_port *port, const char *process)
{
	for (uint16_t i = 0; i < port->method_count; i++) {
		const char *const *routes = port->methods[i].routes;
		for (; routes && *routes; routes++) {
			const char *blank = strchr(*routes, ' ');
			fprintf(out, "%-7.*s %-32s %s/%s%s%s\n", blank ? (int)(blank - *routes) : 0,
				*routes, blank ? blank + 1 : *routes, port->name,
				port->methods[i].name, process ? " in " : "",
				process ? process : "");
		}
	}
}

int command_routes(struct command *command)
{
	_cleanup_(host_release) struct host host = {0};
	int result = command_host(command, &host);
	if (result != EXIT_FINE)
		return result;
	for (size_t i = 0; i < host.registry.member_count; i++) {
		const struct member *member = &host.registry.members[i];
		const ash_module *module = member->module;
		if (member->elsewhere && !host.settings->process->front)
			continue;
		for (size_t j = 0; j < module->provides_count; j++)
			if (!registry_is_beside(module, module->provides[j].port))
				show_port(command->out, module->provides[j].port,
					  other_process(&host, member));
	}
	return result;
}

static void show_names(FILE *out, const char *what, const ash_named *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s", i ? ", " : what, names[i].name);
	if (count)
		fputc('\n', out);
}

/* Whether the deployment file splits the port. */
static bool is_split(const struct settings *settings, const ash_port *port)
{
	const struct placement *placement = settings->placement;
	for (size_t i = 0; placement && i < placement->split_count; i++)
		if (placement_means(&placement->splits[i], str_of(port->name)))
			return true;
	return false;
}

/* What of a port's calls a module gets that replaces the port's own. */
static void show_beside(FILE *out, const struct settings *settings, const ash_module *module,
			const ash_port *port)
{
	bool split = is_split(settings, port);
	fprintf(out, "beside %s: calls come %s\n", module->replaces.name,
		split ? "as the split of the deployment file says"
		      : "by a split alone, and there is none: all go to the first");
}

static void show_provided(FILE *out, const struct host *host, const ash_module *module)
{
	for (size_t i = 0; i < module->provides_count; i++) {
		const ash_port *port = module->provides[i].port;
		bool beside = registry_is_beside(module, port);
		fprintf(out, "  provides    %s%s", port->name, beside ? ", " : "\n");
		if (beside)
			show_beside(out, host->settings, module, port);
	}
}

static void show_module(FILE *out, const struct host *host, const ash_module *module,
			const char *process)
{
	fprintf(out, "%s%s%s\n", module->name, module->owner && *module->owner ? ", of " : "",
		module->owner ? module->owner : "");
	if (process)
		fprintf(out, "  runs in     %s\n", process);
	show_names(out, "  depends on  ", module->depends_on, module->depends_on_count);
	show_names(out, "  owns        ", module->owns, module->owns_count);
	show_provided(out, host, module);
	for (size_t i = 0; i < module->publishes_count; i++)
		fprintf(out, "  publishes   %s\n", module->publishes[i]->name);
	for (size_t i = 0; i < module->subscribes_count; i++)
		fprintf(out, "  subscribes  %s\n", module->subscribes[i].event->name);
	for (size_t i = 0; i < module->schedule_count; i++)
		fprintf(out, "  schedule    %s (%s)\n", module->schedules[i].name,
			module->schedules[i].cron);
}

int command_modules(struct command *command)
{
	_cleanup_(host_release) struct host host = {0};
	int result = command_host(command, &host);
	for (size_t i = 0; result == EXIT_FINE && i < host.registry.member_count; i++)
		show_module(command->out, &host, host.registry.members[i].module,
			    other_process(&host, &host.registry.members[i]));
	return result;
}

void command_tell_beside(struct command *command)
{
	for (const ash_module *const *module = command->app->modules; *module; module++)
		for (size_t i = 0; i < (*module)->provides_count; i++) {
			const ash_port *port = (*module)->provides[i].port;
			if (!registry_is_beside(*module, port))
				continue;
			fprintf(command->out, "%s provides %s ", (*module)->name, port->name);
			show_beside(command->out, &command->settings, *module, port);
		}
}
