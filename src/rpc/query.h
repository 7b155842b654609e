/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RPC_QUERY_H
#define RPC_QUERY_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"

/* A call by GET: its message and what is said of it in the query of the URL. */
struct rpc_query {
	struct str encoding;    /* the codec; empty without it */
	struct str compression; /* empty without it */
	struct str message;     /* its bytes */
};

/* Reads a query; what is not known is skipped, and of what is given twice the first counts. The
 * texts are of the query or in `arena`. Errors: ASH_INVALID_ARGUMENT (a broken escape, another
 * version, no message, broken base64), ASH_RESOURCE_EXHAUSTED (no memory). */
ash_status rpc_query_read(struct str query, struct arena *arena, struct rpc_query *out,
			  struct fault *fault) must_check;

/* Adds '?' and the query to a target; the message is written in base64. */
void rpc_query_write(const struct rpc_query *query, struct text *target);

#endif
