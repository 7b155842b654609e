/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that look at the modules and open nothing: routes, modules, check-config. */
#include "app/command.h"

static void show_port(FILE *out, const ash_port *port)
{
	for (uint16_t i = 0; i < port->method_count; i++) {
		const char *const *routes = port->methods[i].routes;
		for (; routes && *routes; routes++) {
			const char *blank = strchr(*routes, ' ');
			fprintf(out, "%-7.*s %-32s %s/%s\n", blank ? (int)(blank - *routes) : 0,
				*routes, blank ? blank + 1 : *routes, port->name,
				port->methods[i].name);
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
		const ash_module *module = host.registry.members[i].module;
		for (size_t j = 0; j < module->provides_count; j++)
			show_port(command->out, module->provides[j].port);
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

static void show_module(FILE *out, const ash_module *module)
{
	fprintf(out, "%s%s%s\n", module->name, module->owner && *module->owner ? ", of " : "",
		module->owner ? module->owner : "");
	show_names(out, "  depends on  ", module->depends_on, module->depends_on_count);
	show_names(out, "  owns        ", module->owns, module->owns_count);
	for (size_t i = 0; i < module->provides_count; i++)
		fprintf(out, "  provides    %s\n", module->provides[i].port->name);
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
		show_module(command->out, host.registry.members[i].module);
	return result;
}

int command_check(struct command *command)
{
	_cleanup_(host_release) struct host host = {0};
	int result = command_host(command, &host);
	if (result == EXIT_FINE)
		result = command_placement(command, &host, command->out);
	if (result == EXIT_FINE)
		fprintf(command->out, "%zu modules fit together\n", host.registry.member_count);
	return result;
}
