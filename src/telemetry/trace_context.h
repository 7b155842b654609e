/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TELEMETRY_TRACE_CONTEXT_H
#define TELEMETRY_TRACE_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* What travels with a request so that its spans join: W3C Trace Context
 * (www.w3.org/TR/trace-context-2), the headers traceparent and tracestate. */

#define TRACE_ID_HEX     32
#define SPAN_ID_HEX      16
#define TRACEPARENT_SIZE 56 /* "00-<32>-<16>-<2>" and a NUL */

/* Bytes of a tracestate that are kept; a longer one loses whole members from its end. */
#define TRACE_STATE_LIMIT 512

enum {
	TRACE_SAMPLED = 1, /* the caller records it, and so do we */
	TRACE_RANDOM = 2,  /* the last 7 bytes of the trace id are random */
};

struct trace_context {
	uint64_t trace[2]; /* the id, high half first; both 0: there is no trace */
	uint64_t span;     /* the id of the span that is the parent of what comes next */
	uint8_t flags;
};

/* A new trace, with a random id and no span yet. */
struct trace_context trace_start(bool sampled);

/* A random id of a span; never 0. */
uint64_t trace_span_id(void);

/* Reads a traceparent; false, and `*out` untouched, when it must be ignored: a wrong length or
 * character, upper case, an id of zeros, version ff; higher versions may go on after a '-'. */
bool trace_parse(struct str traceparent, struct trace_context *out);

/* Writes "00-...-...-01" for what `context` calls, NUL-terminated. */
void trace_format(const struct trace_context *context, char out[TRACEPARENT_SIZE]);

/* Writes the trace's id as 32 hex digits, or the span's as 16, NUL-terminated. */
void trace_id_format(const struct trace_context *context, char out[TRACE_ID_HEX + 1]);
void span_id_format(uint64_t span, char out[SPAN_ID_HEX + 1]);

/* Reads 32 hex digits of either case; false when they are not that, or all are 0. */
bool trace_id_parse(struct str text, uint64_t out[2]);

/* Copies a tracestate, as it came (several headers are joined by ',' before), into `out`,
 * NUL-terminated: at most 32 members, of at most TRACE_STATE_LIMIT bytes. Returns its length; 0
 * when it is malformed, and then it must not be passed on. */
size_t trace_state_copy(struct str state, char out[TRACE_STATE_LIMIT + 1]);

#endif
