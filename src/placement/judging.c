/* SPDX-License-Identifier: Apache-2.0 */
/* How mistakes of a placement are told, and names that are not there. Judges nothing itself. */
#include "placement/judging.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/yaml.h"

void judging_complain(struct judging *judging, const struct placed *at, const char *format, ...)
{
	char message[sizeof((struct error *)0)->message];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	error_list_at(judging->errors, ERROR_INVALID, judging->plan.placement->file, at->line,
		      at->column, "%s", message);
}

const char *judging_shown(const char *text, struct excerpt *buffer)
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
	judging_complain(judging, word, "there is no %s '%s'%s%s%s", choice->what,
			 judging_shown(text, &wrong), nearest.length ? "; did you mean '" : "",
			 near.text, nearest.length ? "'?" : "");
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

uint32_t judging_find_module(struct judging *judging, const struct placed *word, const char *text)
{
	const struct choice choice = {"module", judging->plan.module_count, module_name};
	return look_up(judging, word, text, &judging->plan.modules_by_name, choice);
}

uint32_t judging_find_port(struct judging *judging, const struct placed *word)
{
	const struct choice choice = {"port", judging->plan.port_count, port_name};
	return look_up(judging, word, word->text, &judging->plan.ports_by_name, choice);
}

void judging_check_policy(struct judging *judging, const struct placed *word)
{
	const struct choice choice = {"policy", judging->plan.placement->policy_count, policy_name};
	if (word->text)
		look_up(judging, word, word->text, &judging->plan.policies_by_name, choice);
}

uint32_t judging_find_process(struct judging *judging, const struct placed *word, const char *text)
{
	const struct choice choice = {"process", judging->plan.placement->process_count,
				      process_name};
	return look_up(judging, word, text, &judging->plan.processes_by_name, choice);
}

const ash_method *judging_find_method(const ash_port *port, const char *name)
{
	for (uint16_t i = 0; i < port->method_count; i++)
		if (strcmp(port->methods[i].name, name) == 0)
			return &port->methods[i];
	return NULL;
}

const ash_method *judging_method(struct judging *judging, const ash_port *port,
				 const struct placed *word)
{
	const ash_method *method = judging_find_method(port, word->text);
	struct excerpt text;
	if (method)
		return method;
	struct str *names = arena_array(&judging->arena, port->method_count, sizeof *names);
	for (uint16_t i = 0; names && i < port->method_count; i++)
		names[i] = str_of(port->methods[i].name);
	struct str near = names ? str_nearest(str_of(word->text), names, port->method_count)
				: (struct str){0};
	judging_complain(judging, word, "the port %s has no method '%s'%s%s%s", port->name,
			 judging_shown(word->text, &text), near.length ? "; did you mean '" : "",
			 near.length ? near.at : "", near.length ? "'?" : "");
	return NULL;
}
