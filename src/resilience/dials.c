/* SPDX-License-Identifier: Apache-2.0 */
/* Which methods of a port go by which dial. Chooses no side and knows no share.
 *
 * Invariant: a method has one way, set before the first call; what joins its caller's transaction
 * goes where the port was bound to before, which is where that transaction is. */
#include "resilience/dials.h"

static int make_map(struct dials *dials, struct dials_map *map, const struct binding *binding,
		    struct arena *arena, struct error *error)
{
	map->dials = dials;
	map->binding = *binding;
	map->binding.invoke = dials_invoke;
	map->binding.handlers = map;
	map->ways = arena_array(arena, binding->port->method_count, sizeof *map->ways);
	return map->ways ? 0 : error_memory(error);
}

int dials_init(struct dials *dials, const struct binding *binding, const struct binding *others,
	       struct arena *arena, struct error *error)
{
	*dials = (struct dials){.before = *binding, .others = *others};
	if (make_map(dials, &dials->calls, binding, arena, error) < 0 ||
	    make_map(dials, &dials->comers, binding, arena, error) < 0)
		return -1;
	for (uint16_t i = 0; i < binding->port->method_count; i++) {
		bool joins = binding->port->methods[i].transaction == ASH_JOINS;
		dials->calls.ways[i].straight = joins ? &dials->before : &dials->others;
		dials->comers.ways[i].straight = &dials->before;
	}
	dials->calls.binding.member = others->member;
	return 0;
}

static void add(struct dials_map *map, struct dial *dial)
{
	for (uint16_t i = 0; i < map->binding.port->method_count; i++)
		if (dial_has(dial, i))
			map->ways[i].dial = dial;
	map->turns = true;
}

void dials_add(struct dials *dials, struct dial *dial, bool turns_comers)
{
	add(&dials->calls, dial);
	if (turns_comers)
		add(&dials->comers, dial);
}

void dials_bind(const struct dials *dials, struct binding *binding)
{
	*binding = dials->calls.binding;
}

struct dial *dials_at(const struct binding *binding, uint16_t method)
{
	const struct dials_map *map = binding->handlers;
	return binding->invoke == dials_invoke ? map->ways[method].dial : NULL;
}

const struct binding *dials_inside(const struct binding *binding)
{
	const struct dials_map *map = binding->handlers;
	if (binding->invoke != dials_invoke)
		return binding;
	const struct dials *dials = map->dials;
	return dials->comers.turns ? &dials->comers.binding : &dials->before;
}

ash_status dials_invoke(const struct binding *binding, uint16_t method, ash_call *call,
			const void *in, void *out)
{
	const struct dials_map *map = binding->handlers;
	const struct dials_way *way = &map->ways[method];
	return way->dial ? dial_call(way->dial, method, call, in, out)
			 : way->straight->invoke(way->straight, method, call, in, out);
}
