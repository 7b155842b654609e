/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RPC_SERVER_H
#define RPC_SERVER_H

#include "base/error.h"
#include "http/router.h"
#include "port/call.h"

/* Ports of this process for callers over the Connect protocol, unary, on the HTTP server. */

/* Bytes of the name of a calling module, with its NUL. */
#define RPC_CALLER_SIZE 256

/* Says whether `caller` (a module's name from Ashlar-Caller, "" without one) may call the port.
 * Whatever but ASH_OK it returns, told in `fault`, is the answer. */
typedef ash_status (*rpc_gate)(void *context, const struct binding *binding, const char *caller,
			       struct fault *fault);

/* What all ports have in common; must outlive the router. */
struct rpc_server {
	const struct environment *environment;
	uint64_t patience; /* nanoseconds that a call may take, at most */
	size_t limit;      /* bytes of a request's message, uncompressed */
	size_t gzip_least; /* bytes from which on a reply is compressed, where it may be */
	rpc_gate gate;     /* NULL: anyone may call */
	void *gate_context;
};

/* Adds "/PORT/METHOD" for all methods of the port: POST, and GET of those without side effects.
 * What it needs lives in `arena`, as long as the router. Errors: as http_router_add(). */
int rpc_server_add(const struct rpc_server *server, const struct binding *binding,
		   struct arena *arena, struct http_router *router, struct error *error) must_check;

#endif
