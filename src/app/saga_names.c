/* SPDX-License-Identifier: Apache-2.0 */
/* Names of modules, sagas and choreographies that match nothing, so that a word that is wrong does
 * not pass for "none". What the program does not know may still be in the store. */
#include "app/command.h"

#include <string.h>

#include "base/mem.h"

struct names {
	struct str *items;
	size_t count;
};

static void add(struct names *names, const char *name)
{
	names->items[names->count++] = str_of(name);
}

static bool has(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (str_equal(names->items[i], str_of(name)))
			return true;
	return false;
}

static size_t count_flows(const ash_module *module, bool stuck)
{
	return stuck ? module->choreography_count : module->saga_count;
}

/* False without memory. */
static bool gather(struct host *host, bool stuck, struct names *modules, struct names *flows)
{
	const struct registry *registry = &host->registry;
	size_t total = 0;
	for (size_t i = 0; i < registry->member_count; i++)
		total += count_flows(registry->members[i].module, stuck);
	modules->items =
		arena_array(&host->arena, registry->member_count + 1, sizeof *modules->items);
	flows->items = arena_array(&host->arena, total + 1, sizeof *flows->items);
	if (!modules->items || !flows->items)
		return false;
	for (size_t i = 0; i < registry->member_count; i++) {
		const ash_module *module = registry->members[i].module;
		add(modules, module->name);
		for (size_t j = 0; j < count_flows(module, stuck); j++)
			add(flows, stuck ? module->choreographies[j].name : module->sagas[j].name);
	}
	return true;
}

static bool note_one(void *context, const struct saga_line *line)
{
	bool *found = context;
	(void)line;
	*found = true;
	return false;
}

/* The store may have sagas of `only` what is asked for; of choreographies it has events alone. */
static int check(struct command *command, struct host *host, const char *what, const char *name,
		 const struct names *known, struct saga_filter only)
{
	struct fault fault;
	bool kept = false;
	if (!name || has(known, name))
		return EXIT_FINE;
	only.most = 1;
	if (!command->stuck && host->sagas &&
	    saga_list(host->sagas, &only, note_one, &kept, &fault) != ASH_OK)
		return command_fail(command, &fault);
	return kept ? EXIT_FINE
		    : command_mistake(command, what, str_of(name), known->items, known->count);
}

int command_check_sagas(struct command *command, struct host *host)
{
	const char *module = command->sagas.module, *name = command->sagas.name;
	struct names modules = {0}, flows = {0};
	struct fault fault;
	if (!gather(host, command->stuck, &modules, &flows)) {
		fault_memory(&fault);
		return command_fail(command, &fault);
	}
	int result = check(command, host, "there is no module", module, &modules,
			   (struct saga_filter){.module = module});
	if (result != EXIT_FINE)
		return result;
	return check(command, host,
		     command->stuck ? "there is no choreography" : "there is no saga", name, &flows,
		     (struct saga_filter){.name = name});
}
