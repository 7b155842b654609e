/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RPC_SERVER_H
#define RPC_SERVER_H

#include "base/error.h"
#include "http/router.h"
#include "port/call.h"

/* Ports of this process for callers over the Connect protocol, unary, on the HTTP server. */

/* Bytes of the name of a calling module, with its NUL. */
#define RPC_CALLER_SIZE 256

/* Says whether `caller` (what Ashlar-Caller says, "" without it: a module's name, or "http" for a
 * process that answers a route) may call the method. `exchange` says what the client showed
 * of itself. Whatever but ASH_OK it returns, told in `fault`, is the answer. */
typedef ash_status (*rpc_gate)(void *context, const struct binding *binding, uint16_t method,
			       const char *caller, const struct http_exchange *exchange,
			       struct fault *fault);

/* What all ports have in common; must outlive the router. */
struct rpc_server {
	const struct environment *environment;
	uint64_t patience; /* nanoseconds from a call's arrival that it may take, at most */
	size_t limit;      /* bytes of a request's message, uncompressed */
	size_t gzip_least; /* bytes from which on a reply is compressed, where it may be */
	rpc_gate gate;     /* NULL: anyone may call */
	void *gate_context;
};

/* Adds "/PORT/METHOD" for all methods of the port: POST, and GET of those without side effects.
 * What it needs lives in `arena`, as long as the router. Errors: as http_router_add(). */
int rpc_server_add(const struct rpc_server *server, const struct binding *binding,
		   struct arena *arena, struct http_router *router, struct error *error) must_check;

/* What rpc_server_refuse() asks; must outlive the router. */
struct rpc_refusing {
	const struct registry *registry;
	const struct http_router *router; /* that has what is served */
};

/* Answers a call of a method that is not served, as its caller expects it where its callee is
 * older: a POST or GET of "/PACKAGE.SERVICE/METHOD" with `unimplemented`, a GET of a method that is
 * served and has side effects, which a route `caught`, with 405. Of what a route caught it takes
 * the ports of the application, and what says that it is of the Connect protocol; so does it of all
 * GETs. False, and nothing done, for any other request. For http_router_otherwise(), where ports
 * are served; `context` is a struct rpc_refusing. */
bool rpc_server_refuse(void *context, struct http_exchange *exchange, bool caught);

#endif
