/* SPDX-License-Identifier: Apache-2.0 */
/* Routes become an automaton over the parts of a path: a state is the list of routes that still
 * fit, best first, so a look-up is one step a part and never goes back. Dead ends of the
 * better route are no trouble: the worse one is in the same list.
 * Knows requests only to answer them. */
#include "http/router.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "http/exchange.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/token.h"

/* What a part of a pattern accepts, best first. */
enum kind { KIND_EQUAL, KIND_ANY, KIND_REST };

struct segment {
	enum kind kind;
	struct str text; /* what must be equal, or the name */
};

/* A route's habit of blocking, between 0 and HABIT_MOST: a request that blocks adds more than one
 * that does not takes away, so about one in nine is a habit. */
enum { HABIT_STEP = 8, HABIT_DEFERS = 16, HABIT_MOST = 64, SHORT_NS = 200000 };

struct route {
	struct str method;
	struct str pattern;
	struct segment *segments;
	size_t count;
	bool catches; /* any path: no part must be equal */
	http_route_handler handle;
	void *context;
	atomic_int habit;
};

/* Entries of all lists of routes. */
enum { ENTRY_LIMIT = 4000000 };

struct state {
	struct route **routes; /* that fit so far, best first */
	struct route **ends;   /* those of them that want no more parts */
	size_t count, end_count;
	size_t room; /* of `routes`, while it is made: for those that name the part before */
	size_t depth;
	struct map next; /* by a part that is equal */
	uint32_t other;  /* by any other part; MAP_NONE: nothing fits */
};

struct http_router {
	struct arena arena;
	struct route **routes;
	size_t count, capacity;
	struct state *states;
	size_t state_count, state_capacity;
	size_t entries; /* of all states' lists */
	bool (*otherwise)(void *context, struct http_exchange *exchange, bool caught);
	void *otherwise_context;
};

struct http_match {
	struct route *route;
	struct str parts[HTTP_SEGMENT_LIMIT];
	size_t count;
	struct str rest; /* of the path, unescaped, from the part on that KIND_REST took */
};

struct http_router *http_router_new(void)
{
	return mem_alloc(sizeof(struct http_router));
}

void http_router_free(struct http_router *router)
{
	if (!router)
		return;
	for (size_t i = 0; i < router->state_count; i++)
		map_release(&router->states[i].next);
	mem_free(router->states);
	mem_free(router->routes);
	arena_release(&router->arena);
	mem_free(router);
}

void http_router_freep(struct http_router **router)
{
	http_router_free(*router);
}

static int bad_pattern(struct error *error, const char *pattern, const char *why)
{
	return error_set(error, ERROR_SYNTAX, "the route \"%s\" %s", pattern, why);
}

static int read_segment(struct segment *segment, struct str text, const char *pattern,
			struct error *error)
{
	*segment = (struct segment){KIND_EQUAL, text};
	if (!str_starts(text, STR("{")) || !str_ends(text, STR("}"))) {
		if (str_find(text, '{') >= 0 || str_find(text, '}') >= 0)
			return bad_pattern(error, pattern, "has a brace in the middle of a part");
		return 0;
	}
	segment->kind = KIND_ANY;
	segment->text = (struct str){text.at + 1, text.length - 2};
	if (str_ends(segment->text, STR("..."))) {
		segment->kind = KIND_REST;
		segment->text.length -= 3;
	}
	if (!segment->text.length || !http_chars_all(segment->text, HTTP_CHAR_PLAIN))
		return bad_pattern(error, pattern,
				   "has a parameter whose name is not letters and digits");
	return 0;
}

static bool has_name_twice(const struct route *route)
{
	for (size_t i = 0; i < route->count; i++)
		for (size_t j = 0; j < i; j++)
			if (route->segments[i].kind != KIND_EQUAL &&
			    route->segments[j].kind != KIND_EQUAL &&
			    str_equal(route->segments[i].text, route->segments[j].text))
				return true;
	return false;
}

static int read_pattern(struct http_router *router, struct route *route, struct error *error)
{
	const char *pattern = route->pattern.at;
	struct str rest = str_from(route->pattern, 1), part;
	if (pattern[0] != '/' || !http_chars_all(route->pattern, HTTP_CHAR_TARGET) ||
	    str_find(route->pattern, '?') >= 0)
		return bad_pattern(error, pattern, "is no path: it starts with '/' and has no '?'");
	size_t parts = 0;
	for (const char *at = pattern; *at; at++)
		parts += *at == '/';
	route->catches = true;
	route->segments = arena_array(&router->arena, parts, sizeof *route->segments);
	if (!route->segments)
		return error_memory(error);
	while (str_split(&rest, '/', &part)) {
		if (route->count == HTTP_SEGMENT_LIMIT)
			return error_set(error, ERROR_LIMIT, "the route \"%s\" has over %d parts",
					 pattern, HTTP_SEGMENT_LIMIT);
		if (route->count && route->segments[route->count - 1].kind == KIND_REST)
			return bad_pattern(error, pattern, "goes on behind \"{...}\"");
		if (read_segment(&route->segments[route->count], part, pattern, error) < 0)
			return -1;
		route->catches &= route->segments[route->count].kind != KIND_EQUAL;
		route->count++;
	}
	return has_name_twice(route) ? bad_pattern(error, pattern, "has two parameters of one name")
				     : 0;
}

/* Orders by what is tried first; 0 for patterns that fit the same paths. */
static int compare_patterns(const struct route *a, const struct route *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		const struct segment *left = &a->segments[i], *right = &b->segments[i];
		if (left->kind != right->kind)
			return left->kind < right->kind ? -1 : 1;
		int order = left->kind == KIND_EQUAL ? str_compare(left->text, right->text) : 0;
		if (order)
			return order;
	}
	return (a->count > b->count) - (a->count < b->count);
}

static int compare_routes(const void *left, const void *right)
{
	const struct route *const *a = left, *const *b = right;
	int order = compare_patterns(*a, *b);
	return order ? order : str_compare((*a)->method, (*b)->method);
}

int http_router_add(struct http_router *router, const char *method, const char *pattern,
		    http_route_handler handle, void *context, struct error *error)
{
	struct route *route = arena_alloc(&router->arena, sizeof *route);
	if (!route)
		return error_memory(error);
	route->method = arena_str(&router->arena, str_of(method));
	route->pattern = arena_str(&router->arena, str_of(pattern));
	route->handle = handle;
	route->context = context;
	if (!route->method.at || !route->pattern.at)
		return error_memory(error);
	if (!route->method.length || !http_chars_all(route->method, HTTP_CHAR_TOKEN))
		return error_set(error, ERROR_SYNTAX, "\"%s\" is no method", method);
	if (router->count == HTTP_ROUTE_LIMIT)
		return error_set(error, ERROR_LIMIT, "there are over %d routes", HTTP_ROUTE_LIMIT);
	if (read_pattern(router, route, error) < 0)
		return -1;
	if (!mem_reserve(&router->routes, &router->capacity, router->count + 1,
			 sizeof *router->routes))
		return error_memory(error);
	router->routes[router->count++] = route;
	return 0;
}

/* Whether the part at `depth` belongs to what "{path...}" stands for. */
static bool is_rest_at(const struct route *route, size_t depth)
{
	return depth + 1 >= route->count && route->segments[route->count - 1].kind == KIND_REST;
}

static uint32_t add_state(struct http_router *router, size_t depth, struct error *error)
{
	if (router->state_count == HTTP_ROUTER_STATE_LIMIT) {
		error_set(error, ERROR_LIMIT, "the routes overlap in over %d ways",
			  HTTP_ROUTER_STATE_LIMIT);
		return MAP_NONE;
	}
	if (!mem_reserve(&router->states, &router->state_capacity, router->state_count + 1,
			 sizeof *router->states)) {
		error_memory(error);
		return MAP_NONE;
	}
	router->states[router->state_count] = (struct state){.depth = depth, .other = MAP_NONE};
	return (uint32_t)router->state_count++;
}

/* What a route wants of the part behind a state. */
static enum { WANTS_NOTHING, WANTS_TEXT, WANTS_ANY } wants(const struct route *route, size_t depth)
{
	if (is_rest_at(route, depth))
		return WANTS_ANY;
	if (depth >= route->count)
		return WANTS_NOTHING;
	return route->segments[depth].kind == KIND_EQUAL ? WANTS_TEXT : WANTS_ANY;
}

/* Adds the states behind one, still empty, and counts: in their `room` the routes that name
 * the part, in `*any` those that go to each state. */
static int add_branches(struct http_router *router, size_t at, size_t *any, struct error *error)
{
	const struct state from = router->states[at];
	for (size_t i = 0; i < from.count; i++) {
		const struct route *route = from.routes[i];
		*any += wants(route, from.depth) == WANTS_ANY;
		if (wants(route, from.depth) != WANTS_TEXT)
			continue;
		struct str text = route->segments[from.depth].text;
		uint32_t next = map_get(&router->states[at].next, text);
		if (next == MAP_NONE) {
			next = add_state(router, from.depth + 1, error);
			if (next == MAP_NONE)
				return -1;
			if (!map_put(&router->states[at].next, text, next))
				return error_memory(error);
		}
		router->states[next].room++;
	}
	if (!*any)
		return 0;
	uint32_t other = add_state(router, from.depth + 1, error);
	if (other == MAP_NONE)
		return -1;
	router->states[at].other = other;
	return 0;
}

static int make_room(struct http_router *router, size_t first, size_t any, struct error *error)
{
	for (size_t i = first; i < router->state_count; i++) {
		struct state *state = &router->states[i];
		router->entries += state->room + any;
		if (router->entries > ENTRY_LIMIT)
			return error_set(error, ERROR_LIMIT, "the routes overlap in too many ways");
		state->routes =
			arena_array(&router->arena, state->room + any, sizeof *state->routes);
		if (!state->routes)
			return error_memory(error);
	}
	return 0;
}

/* Gives each new state its routes, in the order they have. */
static void fill_branches(struct http_router *router, const struct state *from, size_t first)
{
	for (size_t i = 0; i < from->count; i++) {
		struct route *route = from->routes[i];
		if (wants(route, from->depth) == WANTS_TEXT) {
			uint32_t next = map_get(&from->next, route->segments[from->depth].text);
			struct state *state = &router->states[next];
			state->routes[state->count++] = route;
		}
		if (wants(route, from->depth) != WANTS_ANY)
			continue;
		for (size_t j = first; j < router->state_count; j++) {
			struct state *state = &router->states[j];
			state->routes[state->count++] = route;
		}
	}
}

/* Whether all routes of the state are in their rest: then no part makes a difference any more. */
static bool is_settled(const struct state *state)
{
	for (size_t i = 0; i < state->count; i++)
		if (state->depth == 0 || !is_rest_at(state->routes[i], state->depth - 1))
			return false;
	return true;
}

/* Keeps the routes that may end in the state apart from those that want more. */
static int find_ends(struct http_router *router, struct state *state, struct error *error)
{
	size_t count = 0;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < state->count; i++) {
			struct route *route = state->routes[i];
			if (state->depth == 0 ||
			    (route->count != state->depth && !is_rest_at(route, state->depth - 1)))
				continue;
			if (pass)
				state->ends[state->end_count++] = route;
			else
				count++;
		}
		if (!pass &&
		    !(state->ends = arena_array(&router->arena, count, sizeof *state->ends)))
			return error_memory(error);
	}
	return 0;
}

/* Makes the states behind one. */
static int expand(struct http_router *router, size_t at, struct error *error)
{
	size_t first = router->state_count, any = 0;
	if (find_ends(router, &router->states[at], error) < 0)
		return -1;
	if (is_settled(&router->states[at])) {
		router->states[at].other = (uint32_t)at;
		return 0;
	}
	if (add_branches(router, at, &any, error) < 0 || make_room(router, first, any, error) < 0)
		return -1;
	fill_branches(router, &router->states[at], first);
	return 0;
}

void http_router_otherwise(struct http_router *router,
			   bool (*handle)(void *context, struct http_exchange *exchange,
					  bool caught),
			   void *context)
{
	router->otherwise = handle;
	router->otherwise_context = context;
}

static int refuse_twins(const struct http_router *router, struct error *error)
{
	for (size_t i = 1; i < router->count; i++) {
		const struct route *a = router->routes[i - 1], *b = router->routes[i];
		if (compare_routes(&a, &b) == 0)
			return error_set(
				error, ERROR_INVALID,
				"the routes \"%s %s\" and \"%s %s\" are for the same paths",
				a->method.at, a->pattern.at, b->method.at, b->pattern.at);
	}
	return 0;
}

int http_router_build(struct http_router *router, struct error *error)
{
	if (router->count)
		qsort(router->routes, router->count, sizeof *router->routes, compare_routes);
	if (refuse_twins(router, error) < 0 || add_state(router, 0, error) == MAP_NONE)
		return -1;
	router->states[0].routes = router->routes;
	router->states[0].count = router->count;
	for (size_t i = 0; i < router->state_count; i++)
		if (expand(router, i, error) < 0)
			return -1;
	return 0;
}

static bool is_dots(struct str part)
{
	return str_equal(part, STR(".")) || str_equal(part, STR(".."));
}

/* Takes the path apart and unescapes it; false when it is no good. */
static bool split_path(struct arena *arena, struct str path, struct http_match *match)
{
	struct str rest = str_from(path, 1), part;
	while (str_split(&rest, '/', &part)) {
		struct str *text = &match->parts[match->count];
		if (match->count == HTTP_SEGMENT_LIMIT)
			return true;
		if (!http_unescape(arena, part, false, text) || is_dots(*text) ||
		    str_find(*text, '\0') >= 0)
			return false;
		match->count++;
	}
	return true;
}

static const struct state *follow(const struct http_router *router, const struct http_match *match)
{
	const struct state *state = &router->states[0];
	for (size_t i = 0; i < match->count; i++) {
		uint32_t next = map_get(&state->next, match->parts[i]);
		if (next == MAP_NONE)
			next = state->other;
		if (next == MAP_NONE)
			return NULL;
		state = &router->states[next];
	}
	return state;
}

/* An empty part is not what "{id}" stands for. */
static bool ends(const struct route *route, const struct http_match *match)
{
	for (size_t i = 0; i < route->count; i++)
		if (route->segments[i].kind == KIND_ANY && !match->parts[i].length)
			return false;
	return true;
}

static bool serves(const struct route *route, struct str method)
{
	return str_equal(route->method, method) ||
	       (str_equal(method, STR("HEAD")) && str_equal(route->method, STR("GET")));
}

/* The route of the best pattern that serves the method; for HEAD its own before that of GET. */
static struct route *choose(const struct state *state, const struct http_match *match,
			    struct str method)
{
	struct route *best = NULL;
	for (size_t i = 0; state && i < state->end_count; i++) {
		struct route *route = state->ends[i];
		if (best && compare_patterns(best, route) != 0)
			break;
		if (serves(route, method) && ends(route, match) &&
		    (!best || str_equal(route->method, method)))
			best = route;
	}
	return best;
}

/* The methods that the path has, as Allow wants them; empty when it has none. */
static void add_allowed(const struct state *state, const struct http_match *match, struct text *out)
{
	for (size_t i = 0; state && i < state->end_count; i++) {
		const struct route *route = state->ends[i];
		if (!ends(route, match) || http_list_has(text_str(out), route->method))
			continue;
		if (out->length)
			text_add(out, STR(", "));
		text_add(out, route->method);
		if (str_equal(route->method, STR("GET")) &&
		    !http_list_has(text_str(out), STR("HEAD")))
			text_add(out, STR(", HEAD"));
	}
}

static void answer_without_route(struct http_exchange *exchange, const struct state *state,
				 const struct http_match *match)
{
	_cleanup_(text_release) struct text allowed = {0};
	add_allowed(state, match, &allowed);
	if (!allowed.length) {
		http_problem(exchange, allowed.failed ? 500 : 404,
			     STR("there is nothing at this path"));
		return;
	}
	if (str_equal(http_method(exchange), STR("OPTIONS")))
		http_set_status(exchange, 204);
	else
		http_problem(exchange, 405, STR("this path does not know the method"));
	http_add_field(exchange, STR("Allow"), text_str(&allowed));
}

static void learn(struct route *route, bool blocked)
{
	int habit = atomic_load_explicit(&route->habit, memory_order_relaxed);
	int next = blocked ? habit + HABIT_STEP : habit - 1;
	next = next < 0 ? 0 : next > HABIT_MOST ? HABIT_MOST : next;
	if (next != habit)
		atomic_store_explicit(&route->habit, next, memory_order_relaxed);
}

/* Runs the handler; on a loop unless it has the habit of blocking. What ran elsewhere blocked if it
 * took long. */
static void run(struct route *route, struct http_exchange *exchange, const struct http_match *match)
{
	bool habitual = atomic_load_explicit(&route->habit, memory_order_relaxed) >= HABIT_DEFERS;
	if (habitual && http_defer(exchange))
		return;
	bool elsewhere = http_has_blocked(exchange);
	uint64_t since = elsewhere ? clock_monotonic() : 0;
	route->handle(route->context, exchange, match);
	learn(route, elsewhere ? clock_monotonic() - since > SHORT_NS : http_has_blocked(exchange));
}

/* Unescapes what "{path...}" stands for. */
static bool read_rest(struct arena *arena, struct str path, struct http_match *match)
{
	const struct route *route = match->route;
	struct str rest = str_from(path, 1), part;
	if (route->segments[route->count - 1].kind != KIND_REST)
		return true;
	for (size_t i = 0; i + 1 < route->count; i++)
		str_split(&rest, '/', &part);
	return http_unescape(arena, rest, false, &match->rest);
}

/* Finds the state and the route of a path; false when the path is no good. */
static bool find(const struct http_router *router, struct arena *arena, struct str method,
		 struct str path, struct http_match *match, const struct state **state)
{
	match->count = 0;
	match->route = NULL;
	*state = NULL;
	if (!str_starts(path, STR("/")) || !split_path(arena, path, match))
		return false;
	if (match->count < HTTP_SEGMENT_LIMIT)
		*state = follow(router, match);
	match->route = choose(*state, match, method);
	return !match->route || read_rest(arena, path, match);
}

static bool is_answered_otherwise(const struct http_router *router, struct http_exchange *exchange,
				  const struct route *route)
{
	return router->otherwise && (!route || route->catches) &&
	       router->otherwise(router->otherwise_context, exchange, route != NULL);
}

void http_router_handle(void *pointer, struct http_exchange *exchange)
{
	const struct http_router *router = pointer;
	const struct state *state;
	struct http_match match;
	if (!find(router, http_arena(exchange), http_method(exchange), http_path(exchange), &match,
		  &state))
		http_problem(exchange, 400, STR("the path holds a part that is not allowed"));
	else if (is_answered_otherwise(router, exchange, match.route))
		return;
	else if (match.route)
		run(match.route, exchange, &match);
	else
		answer_without_route(exchange, state, &match);
}

struct str http_router_find(const struct http_router *router, struct arena *arena,
			    struct str method, struct str path)
{
	const struct state *state;
	struct http_match match;
	bool found = find(router, arena, method, path, &match, &state) && match.route;
	return found ? match.route->pattern : (struct str){0};
}

struct str http_param(const struct http_match *match, struct str name)
{
	const struct route *route = match->route;
	for (size_t i = 0; i < route->count; i++) {
		const struct segment *segment = &route->segments[i];
		if (segment->kind == KIND_EQUAL || !str_equal(segment->text, name))
			continue;
		return segment->kind == KIND_REST ? match->rest : match->parts[i];
	}
	return (struct str){0};
}

struct str http_match_pattern(const struct http_match *match)
{
	return match->route->pattern;
}
