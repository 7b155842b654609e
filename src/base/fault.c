/* SPDX-License-Identifier: Apache-2.0 */
/* Failures of the runtime, and the names of their statuses. Knows nothing else. */
#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

ash_status fault_set(struct fault *fault, ash_status status, const char *format, ...)
{
	if (!fault)
		return status;
	fault->status = status;
	fault->outage = false;
	fault->untried = false;
	fault->told = false;
	fault->details = NULL;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(fault->message, sizeof fault->message, format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof fault->message)
		fault->message[utf8_cut(fault->message, sizeof fault->message - 1)] = '\0';
	return status;
}

ash_status fault_outage(struct fault *fault, ash_status status)
{
	if (fault)
		fault->outage = true;
	return status;
}

ash_status fault_untried(struct fault *fault, ash_status status)
{
	if (fault)
		fault->untried = true;
	return status;
}

ash_status fault_memory(struct fault *fault)
{
	return fault_set(fault, ASH_RESOURCE_EXHAUSTED, "there is no memory left");
}

const char *ash_status_name(ash_status status)
{
	static const char *const NAMES[] = {
		[ASH_OK] = "ok",
		[ASH_CANCELED] = "canceled",
		[ASH_UNKNOWN] = "unknown",
		[ASH_INVALID_ARGUMENT] = "invalid_argument",
		[ASH_DEADLINE_EXCEEDED] = "deadline_exceeded",
		[ASH_NOT_FOUND] = "not_found",
		[ASH_ALREADY_EXISTS] = "already_exists",
		[ASH_PERMISSION_DENIED] = "permission_denied",
		[ASH_RESOURCE_EXHAUSTED] = "resource_exhausted",
		[ASH_FAILED_PRECONDITION] = "failed_precondition",
		[ASH_ABORTED] = "aborted",
		[ASH_OUT_OF_RANGE] = "out_of_range",
		[ASH_UNIMPLEMENTED] = "unimplemented",
		[ASH_INTERNAL] = "internal",
		[ASH_UNAVAILABLE] = "unavailable",
		[ASH_DATA_LOSS] = "data_loss",
		[ASH_UNAUTHENTICATED] = "unauthenticated",
	};
	return (unsigned)status < sizeof NAMES / sizeof *NAMES ? NAMES[status] : "unknown";
}
