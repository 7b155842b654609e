/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RPC_MEASURE_H
#define RPC_MEASURE_H

#include "http/client_call.h"
#include "telemetry/metrics.h"

/* What a client to one address does, as metrics. A zeroed struct measures nothing. */
struct rpc_measure {
	struct http_client *client;
	struct http_client_counters seen; /* is counted already */
	struct series *open, *idle, *waiting;
	struct series *made, *unmade, *answered, *failed, *repeated, *refused;
};

/* Makes the series ashlar_remote_... with the labels `process` and `address`, which are copied. The
 * client outlives the refreshes. Errors: those of metrics_series(). */
ash_status rpc_measure_init(struct rpc_measure *measure, struct http_client *client,
			    const char *process, const char *address, struct metrics *metrics,
			    struct fault *fault) ASH_MUST_CHECK;

/* Brings the series up to date: before metrics are written (metrics_on_write()). Not by two threads
 * at once. */
void rpc_measure_refresh(struct rpc_measure *measure);

#endif
