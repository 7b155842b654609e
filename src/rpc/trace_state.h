/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RPC_TRACE_STATE_H
#define RPC_TRACE_STATE_H

#include "http/exchange.h"
#include "port/call.h"

/* Keeps what the fields tracestate say for the remote calls of the request, which joins the
 * caller's trace. What is malformed, or finds no memory, is not passed on. */
void rpc_trace_state_take(const struct http_exchange *exchange, struct request *request);

#endif
