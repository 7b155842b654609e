/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the splits of a placement against the modules: names, sides and keys. What needs a module's
 * code or another process is judged by whoever runs them. */
#include "placement/judging.h"

/* ---- sides ---- */

/* "billing@money" is put apart; the process is NULL where none is said. */
static const char *cut_side(struct judging *judging, const struct placed *side,
			    const char **process)
{
	struct str text = str_of(side->text);
	ptrdiff_t at = str_find(text, '@');
	*process = at < 0 ? NULL : text.at + at + 1;
	return at < 0 ? side->text : arena_str(&judging->arena, str_first(text, (size_t)at)).at;
}

static void check_side(struct judging *judging, const struct placement_split *split,
		       const struct placed *side)
{
	const char *process, *name = side->text ? cut_side(judging, side, &process) : NULL;
	struct excerpt shown_name;
	if (!name)
		return;
	uint32_t module = judging_find_module(judging, side, name);
	uint32_t port = map_get(&judging->plan.ports_by_name, str_of(split->port.text));
	bool provides = false;
	for (size_t i = 0; module != MAP_NONE && i < judging->plan.modules[module]->provides_count;
	     i++)
		provides |= strcmp(judging->plan.modules[module]->provides[i].port->name,
				   split->port.text) == 0;
	if (module != MAP_NONE && port != MAP_NONE && !provides)
		judging_complain(judging, side, "the module '%s' does not provide the port %s",
				 judging_shown(name, &shown_name), split->port.text);
	if (!process)
		return;
	uint32_t found = judging_find_process(judging, side, process);
	if (found == MAP_NONE || module == MAP_NONE)
		return;
	if (!placement_has(&judging->plan.placement->processes[found], name))
		judging_complain(judging, side, "the process '%s' does not have the module '%s'",
				 excerpt_of(str_of(process)).text,
				 judging_shown(name, &shown_name));
	judging->failed |= !map_put(&judging->processes_split, str_of(name), 1);
}

/* ---- keys and transactions ---- */

static bool has_field(const ProtobufCMessageDescriptor *message, const char *name)
{
	for (unsigned i = 0; message && i < message->n_fields; i++)
		if (strcmp(message->fields[i].name, name) == 0)
			return true;
	return false;
}

/* Whether calls of the method may go either way: those that join a transaction stay where it is. */
static bool is_split(const struct placement_split *split, const ash_method *method)
{
	return method->transaction != ASH_JOINS &&
	       (!split->method.text || strcmp(split->method.text, method->name) == 0);
}

static void check_sticky(struct judging *judging, const struct placement_split *split,
			 const ash_port *port)
{
	struct excerpt name;
	for (uint16_t i = 0; split->sticky.text && i < port->method_count; i++)
		if (is_split(split, &port->methods[i]) &&
		    !has_field(port->methods[i].request, split->sticky.text))
			judging_complain(judging, &split->sticky,
					 "the request of %s/%s has no field '%s' to stick to",
					 port->name, port->methods[i].name,
					 judging_shown(split->sticky.text, &name));
}

static const ash_method *first_that_joins(const ash_port *port)
{
	for (uint16_t i = 0; i < port->method_count; i++)
		if (port->methods[i].transaction == ASH_JOINS)
			return &port->methods[i];
	return NULL;
}

static bool splits_none(const struct placement_split *split, const ash_port *port)
{
	for (uint16_t i = 0; i < port->method_count; i++)
		if (is_split(split, &port->methods[i]))
			return false;
	return true;
}

/* "billing" of "billing@money". */
static struct str module_of(const struct placed *side)
{
	struct str text = str_of(side->text ? side->text : ""), module = {0};
	(void)str_split(&text, '@', &module);
	return module;
}

/* Two modules keep data of their own: what always goes to the first one, and what goes to both, is
 * for whoever writes the file to tell apart. */
static void check_transactions(struct judging *judging, const struct placement_split *split,
			       const ash_port *port)
{
	const ash_method *joining = first_that_joins(port);
	struct excerpt from;
	if (!joining)
		return;
	if (splits_none(split, port))
		judging_complain(judging, split->method.text ? &split->method : &split->port,
				 "%s/%s joins its caller's transaction, which two sides cannot "
				 "share: it cannot be split",
				 port->name,
				 split->method.text ? split->method.text : joining->name);
	else if (!split->method.text && !str_equal(module_of(&split->from), module_of(&split->to)))
		judging_complain(judging, &split->port,
				 "%s/%s joins its caller's transaction and would stay with '%s' "
				 "alone; name the methods that are split: %s/METHOD each",
				 port->name, joining->name,
				 judging_shown(split->from.text ? split->from.text : "", &from),
				 port->name);
}

/* ---- one beside the other ---- */

/* Whether all is said of a method once. */
static void check_overlap(struct judging *judging, struct map *ports,
			  const struct placement_split *split)
{
	struct excerpt port;
	const struct placement_split *splits = judging->plan.placement->splits;
	uint32_t first =
		map_get_or_put(ports, str_of(split->port.text), (uint32_t)(split - splits));
	if (first == MAP_NONE)
		judging->failed = true;
	else if (&splits[first] != split && !(split->method.text && splits[first].method.text))
		judging_complain(judging, &split->name,
				 "%s has a split in line %u, and two for some methods with this "
				 "one; give the port one split, or its methods one each",
				 judging_shown(split->port.text, &port), splits[first].name.line);
}

/* What no split sends elsewhere goes to the module's own place, of which there is one. */
static void check_place(struct judging *judging, struct map *places,
			const struct placement_split *split)
{
	const struct placement_split *splits = judging->plan.placement->splits;
	struct excerpt module, here;
	struct str name = module_of(&split->from);
	if (!split->from.text || str_find(str_of(split->from.text), '@') < 0)
		return;
	uint32_t first = map_get_or_put(places, name, (uint32_t)(split - splits));
	if (first == MAP_NONE) {
		judging->failed = true;
	} else if (strcmp(splits[first].from.text, split->from.text) != 0) {
		module = excerpt_of(name);
		judging_complain(judging, &split->from,
				 "'%s' is at '%s' by line %u, where calls go that are not split; "
				 "all splits of its ports have the same 'from'",
				 module.text, judging_shown(splits[first].from.text, &here),
				 splits[first].from.line);
	}
}

/* ---- all of it ---- */

static void check_split(struct judging *judging, const struct placement_split *split)
{
	uint32_t at = judging_find_port(judging, &split->port);
	const ash_port *port = at == MAP_NONE ? NULL : judging->plan.ports[at].port;
	check_side(judging, split, &split->from);
	check_side(judging, split, &split->to);
	if (port && (!split->method.text || judging_method(judging, port, &split->method))) {
		check_sticky(judging, split, port);
		check_transactions(judging, split, port);
	}
	if (split->from.text && split->to.text && strcmp(split->from.text, split->to.text) == 0)
		judging_complain(judging, &split->to,
				 "both sides of the split are '%s'; name two, such as "
				 "MODULE@PROCESS",
				 excerpt_of(str_of(split->to.text)).text);
}

void judging_splits(struct judging *judging)
{
	_cleanup_(map_release) struct map ports = {0};
	_cleanup_(map_release) struct map places = {0};
	const struct placement *placement = judging->plan.placement;
	for (size_t i = 0; i < placement->split_count; i++) {
		check_split(judging, &placement->splits[i]);
		check_overlap(judging, &ports, &placement->splits[i]);
		check_place(judging, &places, &placement->splits[i]);
	}
}
