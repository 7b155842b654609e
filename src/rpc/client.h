/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RPC_CLIENT_H
#define RPC_CLIENT_H

#include "base/arena.h"
#include "http/client_call.h"
#include "port/call.h"
#include "port/metadata.h"

/* Ports of other processes, called over the Connect protocol. */

/* Where and how a port is called; whoever binds the port owns it, longer than any call. */
struct rpc_remote {
	struct http_client *client;
	bool json;        /* application/json; else application/proto */
	bool get;         /* methods without side effects by GET, where the URL is not too long */
	bool gzip;        /* bodies are compressed, */
	size_t gzip_from; /* those of so many bytes or more */
	size_t message_limit; /* of an answer, uncompressed; 0: 4 MiB */
};

/* One call as the wire has it. All is borrowed. */
struct rpc_question {
	const char *name; /* "billing.v1.Billing/Charge" */
	const ash_method *method;
	const void *message;
	uint64_t time_left;                /* nanoseconds; UINT64_MAX: no deadline */
	struct str caller;                 /* the calling module; empty: it is not told */
	struct str key;                    /* for idempotency, or empty */
	const struct trace_context *trace; /* or NULL */
	const struct metadata *metadata;   /* or NULL */
	const int *cancel;                 /* as that of struct http_request, or NULL */
};

/* What comes beside the reply; filled after failures, too, as far as it came. */
struct rpc_beside {
	struct metadata headers;
	struct metadata trailers;
};

/* Asks and reads the reply into `reply`, a struct of the method's; what it, `beside` (which may be
 * NULL) and a failure's details point to lives in `arena`. Errors: what the remote answers; those
 * of http_client_call(); ASH_UNKNOWN and ASH_INTERNAL for an answer that is not the protocol's;
 * ASH_RESOURCE_EXHAUSTED (over the limit); those of message_encode(). */
ash_status rpc_ask(const struct rpc_remote *remote, const struct rpc_question *question,
		   struct arena *arena, void *reply, struct rpc_beside *beside,
		   struct fault *fault) must_check;

/* A port_invoke: `binding->handlers` is the `struct rpc_remote`. Takes deadline, key, caller, trace
 * and metadata from the call, leaves there the metadata of the answer as a handler of this process
 * would, and records a span of kind SPAN_CLIENT. Errors: as rpc_ask(). */
ash_status rpc_invoke(const struct binding *binding, uint16_t method, ash_call *call,
		      const void *request, void *reply) must_check;

#endif
