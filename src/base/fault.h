/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <ashlar/status.h>
#include <stdbool.h>

#include "base/str.h"

/* A message that says more of a failure, for programs. */
struct fault_detail {
	const struct fault_detail *next; /* in the order in which they were added */
	const char *type;                /* "billing.v1.Refusal" */
	struct str value;                /* in the wire format */
};

/* One failure of the runtime, told where it was met: `struct error` is for what people wrote in
 * files, this is for what a caller gets over a port. Passed explicitly. Holds no heap memory. */
struct fault {
	ash_status status;
	bool outage;  /* of the store, its disk or the way to it: not of what it was asked to do */
	bool untried; /* nothing of it was begun: another may do it in full */
	bool told;    /* the log has it, or will, counted together with others of its kind */
	char message[1024]; /* one sentence; cut, never overrun, at a whole UTF-8 character */
	/* Of the request's memory; NULL: none. Telling another failure forgets them. */
	const struct fault_detail *details;
};

/* Fills `fault` (which may be NULL) and returns `status`, so that a caller can
 * `return fault_set(fault, ASH_UNAVAILABLE, ...)`. `status` is not ASH_OK. */
ash_status fault_set(struct fault *fault, ash_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Says of a failure, as it was just set, that it is an outage; returns its status. */
ash_status fault_outage(struct fault *fault, ash_status status);

/* Says of a failure, as it was just set, that nothing was begun; returns its status. */
ash_status fault_untried(struct fault *fault, ash_status status);

/* Like fault_set() with ASH_RESOURCE_EXHAUSTED, for an allocation that failed. */
ash_status fault_memory(struct fault *fault);

#endif
