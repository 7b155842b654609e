/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct http_exchange;
struct http_router;
struct http_match;

/* Paths to handlers. A pattern is "/orders/{id}/items": parts are equal as they stand, or any text
 * that is not empty ("{id}"); "{path...}" at the end is all the rest, also an empty one. A part
 * that is equal goes before "{id}", and that before "{path...}", from the left; so each path has
 * one best pattern, whatever the order of adding. The time of a look-up grows with the path's
 * length only. */

enum {
	HTTP_ROUTE_LIMIT = 10000, /* routes of one router */
	HTTP_SEGMENT_LIMIT = 64,  /* parts of a pattern, and of a path (a longer one is 404) */
	HTTP_ROUTER_STATE_LIMIT = 65536, /* of the automaton made of the patterns */
};

/* Answers a request whose path fits. */
typedef void (*http_route_handler)(void *context, struct http_exchange *exchange,
				   const struct http_match *match);

/* An empty router on the heap, or NULL. */
struct http_router *http_router_new(void);
/* Takes NULL. */
void http_router_free(struct http_router *router);
/* http_router_free() for _cleanup_. */
void http_router_freep(struct http_router **router);

/* Adds a route; the texts are copied. A GET route answers HEAD too. Errors: ERROR_SYNTAX (a
 * pattern or method that is none), ERROR_LIMIT, ERROR_MEMORY. Not after http_router_build(). */
int http_router_add(struct http_router *router, const char *method, const char *pattern,
		    http_route_handler handle, void *context, struct error *error) must_check;

/* Has `handle` look at each request without a route, before it is answered 404 or 405, and, with
 * `caught`, at each whose route takes any path: its pattern has no part that is equal, as
 * "/{path...}". True: it has answered. Not after http_router_build(). */
void http_router_otherwise(struct http_router *router,
			   bool (*handle)(void *context, struct http_exchange *exchange,
					  bool caught),
			   void *context);

/* Makes the router ready to be used, by any number of threads. Errors: ERROR_INVALID (two routes
 * for the same paths and method: the message names both), ERROR_MEMORY, ERROR_LIMIT (patterns that
 * overlap in too many ways). After an error the router can only be freed. */
int http_router_build(struct http_router *router, struct error *error) must_check;

/* Answers a request by its route; http_server_options.handle with the router as context. Without
 * one: 404; 405 with Allow, where another method would do; 204 with Allow for OPTIONS; 400 for a
 * path with a broken escape, a NUL, or a part that is "." or "..".
 * A route whose handler often blocks is given a thread of its own at once (http_defer()). */
void http_router_handle(void *router, struct http_exchange *exchange);

/* The pattern that a path would be answered by; its `at` is NULL without one. */
struct str http_router_find(const struct http_router *router, struct arena *arena,
			    struct str method, struct str path);

/* What stood in the place of "{name}", unescaped; its `at` is NULL if the pattern has no such. */
struct str http_param(const struct http_match *match, struct str name);

/* The pattern that fitted: a good name for the request in metrics, as there are few. */
struct str http_match_pattern(const struct http_match *match);

#endif
