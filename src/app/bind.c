/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of all methods, from their contracts to the router. Two that would take the same
 * requests, and a GET of what has effects, are mistakes of a contract. */
#include "app/host.h"

#include <stdio.h>

#include "app/route.h"
#include "base/mem.h"

static const struct metric SECONDS = {"ashlar_http_request_duration_seconds",
				      "How long requests took, by their route.",
				      METRIC_HISTOGRAM,
				      {"method", "route"}};

/* One route that is being added. */
struct adding {
	struct host *host;
	struct error_list *errors;
	struct error *error;
	struct map *taken; /* from "GET /orders/{}" to where it was given first, in `places` */
	const ash_place **places;
	const ash_place *place;
	const struct binding *binding;
	uint16_t method;
};

/* The route less the names of its parts, which make no difference; in the arena. */
static struct str bare(struct arena *arena, const char *route)
{
	char *out = arena_bytes(arena, strlen(route) + 1);
	size_t length = 0;
	bool inside = false;
	for (; out && *route; route++) {
		inside = inside && *route != '}';
		if (!inside || *route == '.')
			out[length++] = *route;
		inside = inside || *route == '{';
	}
	return (struct str){out, length};
}

/* Notes the route; false where another one takes the same requests, or without memory. */
static bool claim(struct adding *adding, const char *route)
{
	struct str key = bare(&adding->host->arena, route);
	uint32_t index = (uint32_t)adding->taken->count;
	uint32_t first = key.at ? map_get_or_put(adding->taken, key, index) : MAP_NONE;
	if (first == MAP_NONE)
		return false;
	if (first == index) {
		adding->places[index] = adding->place;
		return true;
	}
	const ash_place *other = adding->places[first];
	error_list_at(adding->errors, ERROR_INVALID, adding->place->file, adding->place->line,
		      adding->place->column, "%s: '%s' is a route already, of %s:%u",
		      adding->binding->names[adding->method], route, other->file, other->line);
	return false;
}

static int add(struct adding *adding, const char *verb, const char *pattern)
{
	struct host *host = adding->host;
	struct fault fault;
	struct route *route = arena_alloc(&host->arena, sizeof *route);
	if (!route)
		return error_memory(adding->error);
	*route = (struct route){
		.environment = &host->environment,
		.binding = adding->binding,
		.pattern = pattern,
		.patience = (uint64_t)host->settings->deadline * 1000000000,
		.method = adding->method,
	};
	const char *const labels[] = {verb, pattern};
	if (metrics_series(host->metrics, &SECONDS, labels, &route->seconds, &fault) != ASH_OK)
		return error_set(adding->error, ERROR_MEMORY, "%s", fault.message);
	struct error error;
	if (http_router_add(host->router, verb, pattern, route_answer, route, &error) == 0)
		return 0;
	error_list_at(adding->errors, error.code, adding->place->file, adding->place->line,
		      adding->place->column, "%s: %s", adding->binding->names[adding->method],
		      error.message);
	return 0;
}

/* Adds a mistake of the method that the route is of. */
static void mistake(struct adding *adding, const char *text, const char *what)
{
	error_list_at(adding->errors, ERROR_INVALID, adding->place->file, adding->place->line,
		      adding->place->column, "%s: '%s' is %s",
		      adding->binding->names[adding->method], text, what);
}

static int add_route(struct adding *adding, const char *text)
{
	const ash_method *method = &adding->binding->port->methods[adding->method];
	const char *blank = strchr(text, ' ');
	char verb[16];
	snprintf(verb, sizeof verb, "%.*s", blank ? (int)(blank - text) : 0, text);
	if (strcmp(verb, "GET") == 0 && method->idempotency != ASH_NO_SIDE_EFFECTS)
		mistake(adding, text, "a GET of a method that is not NO_SIDE_EFFECTS");
	if (host_is_built_in(adding->host, verb, blank ? blank + 1 : "")) {
		mistake(adding, text,
			"a route that is built into the runtime; give the method another path");
		return 0;
	}
	if (adding->taken->count == HTTP_ROUTE_LIMIT)
		return error_set(adding->error, ERROR_LIMIT, "there are more than %d routes",
				 HTTP_ROUTE_LIMIT);
	if (!claim(adding, text))
		return adding->host->arena.failed ? error_memory(adding->error) : 0;
	return add(adding, verb, blank ? blank + 1 : "");
}

/* A port has its routes once, whoever answers. */
static int add_port(struct adding *adding, const ash_module *module, const ash_provides *provides)
{
	const struct registry *registry = &adding->host->registry;
	if (registry_is_beside(module, provides->port))
		return 0;
	adding->binding = registry_binding(registry, provides->port);
	adding->place = &provides->place;
	for (uint16_t i = 0; adding->binding && i < provides->port->method_count; i++) {
		adding->method = i;
		const char *const *routes = provides->port->methods[i].routes;
		for (; routes && *routes; routes++)
			if (add_route(adding, *routes) < 0)
				return -1;
	}
	return 0;
}

int host_bind(struct host *host, struct error_list *errors, struct error *error)
{
	_cleanup_(map_release) struct map taken = {0};
	struct adding adding = {.host = host, .errors = errors, .error = error, .taken = &taken};
	adding.places = arena_array(&host->arena, HTTP_ROUTE_LIMIT, sizeof *adding.places);
	if (!adding.places)
		return error_memory(error);
	for (size_t i = 0; i < host->registry.member_count; i++) {
		const ash_module *module = host->registry.members[i].module;
		if (host->registry.members[i].elsewhere && !host->settings->process->front)
			continue;
		for (size_t j = 0; j < module->provides_count; j++)
			if (add_port(&adding, module, &module->provides[j]) < 0)
				return -1;
	}
	return 0;
}
