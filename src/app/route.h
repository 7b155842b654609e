/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_ROUTE_H
#define APP_ROUTE_H

#include "base/identifier.h"
#include "http/exchange.h"
#include "http/router.h"
#include "message/message.h"
#include "port/call.h"

/* A route of a method: the request's fields come from the path, the query and the JSON body, each
 * field from one of them. */

/* Who calls where a route is answered: what a handler is told, and other processes are. */
#define ROUTE_CALLER NAME_OF_FRONT

/* Pairs of a query string; more are refused. */
#define ROUTE_QUERY_LIMIT 100

struct route {
	const struct environment *environment;
	const struct binding *binding;
	struct series *seconds; /* from its arrival to its answer */
	const char *pattern;    /* "/orders/{id}" */
	uint64_t patience;      /* nanoseconds from a request's arrival that it may take */
	uint16_t method;
};

/* Adds the request's JSON to `out`: an object of the path's parts and the query's pairs, and of
 * the body's members where it has some. Errors: ASH_INVALID_ARGUMENT, ASH_RESOURCE_EXHAUSTED. */
ash_status route_write_json(const ProtobufCMessageDescriptor *type, const char *pattern,
			    const struct http_match *match, struct str query, struct str body,
			    struct arena *arena, struct text *out,
			    struct fault *fault) ASH_MUST_CHECK;

/* Answers a request by calling the method; an http_route_handler with a struct route. */
void route_answer(void *route, struct http_exchange *exchange, const struct http_match *match);

#endif
