/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TELEMETRY_EXPORT_H
#define TELEMETRY_EXPORT_H

#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "telemetry/span.h"

/* Spans on their way to a collector: OTLP over HTTP in JSON (opentelemetry.io/docs/specs/otlp). */

/* Spans of one request. */
#define EXPORT_BATCH_LIMIT 512

struct export_options {
	const char *endpoint;    /* "http://127.0.0.1:4318"; "/v1/traces" is added */
	const char *service;     /* service.name of the resource */
	const char *version;     /* service.version, or NULL */
	const char *instance;    /* service.instance.id, or NULL */
	struct metrics *metrics; /* where the counts below are shown; outlives it; or NULL */
	/* Told once when sending begins to fail, when it works again, and at the end, where spans
	 * did not arrive; outlives it; or NULL. */
	const struct logger *logger;
	unsigned interval_ms; /* between two batches that are not full; 0: 1,000 */
	unsigned timeout_ms;  /* of one request; 0: 10,000 */
	unsigned retry_ms;    /* first wait after a failure, doubled to 30 s at most; 0: 1,000 */
};

/* What an exporter has done so far. */
struct export_counts {
	uint64_t sent;     /* spans that the collector took */
	uint64_t lost;     /* overwritten in the ring before they could be sent */
	uint64_t refused;  /* spans that the collector refused for good, all of a request or some */
	uint64_t failures; /* requests that failed and were, or are, tried again */
};

struct exporter;

/* Starts a thread that sends what is recorded from now on. The options' texts are copied.
 * Errors: ASH_RESOURCE_EXHAUSTED (memory, threads), ASH_INVALID_ARGUMENT (the endpoint is no http
 * or https URL). */
ash_status exporter_start(const struct export_options *options, const struct recorder *recorder,
			  struct exporter **out, struct fault *fault) ASH_MUST_CHECK;

/* Sends what is left, for at most `patience_ms`, and frees the exporter. Takes NULL. */
void exporter_stop(struct exporter *exporter, unsigned patience_ms);

/* What it has done so far. Any thread. */
struct export_counts exporter_counts(const struct exporter *exporter);

/* Writes the body of one request. Ids are hex, 64-bit numbers are strings, enums are numbers. */
void export_write(const struct export_options *options, const struct span *spans, size_t count,
		  struct text *out);

#endif
