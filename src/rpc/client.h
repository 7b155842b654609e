/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RPC_CLIENT_H
#define RPC_CLIENT_H

#include "base/arena.h"
#include "http/client_replicas.h"
#include "port/call.h"
#include "port/metadata.h"

/* Ports of other processes, called over the Connect protocol. */

/* Where and how a port is called; whoever binds the port owns it, longer than any call. */
struct rpc_remote {
	struct http_client *client;     /* of the one address, or, where replicas are, the first */
	struct http_replicas *replicas; /* that are called in its place; NULL: none */
	uint64_t patience; /* nanoseconds that a worker's call may take; 0: up to its deadline */
	bool json;         /* application/json; else application/proto */
	bool get;          /* methods without side effects by GET, where the URL is not too long */
	bool gzip;         /* bodies are compressed, */
	size_t gzip_from;  /* those of so many bytes or more */
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
	struct str trace_state;            /* goes with the trace; or empty */
	const struct metadata *metadata;   /* or NULL */
	bool worker;                       /* a worker waits: never for replicas that are down */
	const int *cancel;                 /* as that of struct http_request, or NULL */
};

/* What comes beside the reply; filled after failures, too, as far as it came. */
struct rpc_beside {
	struct metadata headers;
	struct metadata trailers;
	const char *from; /* the address that was asked last; lives as long as the remote */
	uint16_t bare;    /* the HTTP status of an answer without a failure of the protocol; 0 */
	bool oversized;   /* the failure is that the answer was over the limit */
};

/* Asks and reads the reply into `reply`, a struct of the method's; what it, `beside` (which may be
 * NULL) and a failure's details point to lives in `arena`. Errors: what the remote answers; those
 * of http_client_call(), `untried` as these are; ASH_UNKNOWN and ASH_INTERNAL for an answer that is
 * not the protocol's; ASH_RESOURCE_EXHAUSTED (over the limit); those of message_encode(). */
ash_status rpc_ask(const struct rpc_remote *remote, const struct rpc_question *question,
		   struct arena *arena, void *reply, struct rpc_beside *beside,
		   struct fault *fault) must_check;

/* A port_invoke: `binding->handlers` is the `struct rpc_remote`. Takes deadline, key, caller, trace
 * and metadata from the call, leaves there the metadata of the answer as a handler of this process
 * would, and records a span of kind SPAN_CLIENT. A worker's call (`request->worker`) takes
 * `patience` at most, and fails at once where all replicas are down. Errors: as rpc_ask(), but
 * ASH_INTERNAL for an answer over the limit, as it is the remote that failed, and ASH_UNIMPLEMENTED
 * for HTTP statuses 404, 405 and 501 of who does not know the method. */
ash_status rpc_invoke(const struct binding *binding, uint16_t method, ash_call *call,
		      const void *request, void *reply) must_check;

#endif
