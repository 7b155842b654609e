/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASHLAR_STATUS_H
#define ASHLAR_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a call ended: the codes of the Connect protocol (connectrpc.com/docs/protocol, the same
 * as gRPC's), so that a status means the same in process and over a wire. */
typedef enum ash_status {
	ASH_OK = 0,
	ASH_CANCELED = 1,
	ASH_UNKNOWN = 2,
	ASH_INVALID_ARGUMENT = 3,
	ASH_DEADLINE_EXCEEDED = 4,
	ASH_NOT_FOUND = 5,
	ASH_ALREADY_EXISTS = 6,
	ASH_PERMISSION_DENIED = 7,
	ASH_RESOURCE_EXHAUSTED = 8,
	ASH_FAILED_PRECONDITION = 9,
	ASH_ABORTED = 10,
	ASH_OUT_OF_RANGE = 11,
	ASH_UNIMPLEMENTED = 12,
	ASH_INTERNAL = 13,
	ASH_UNAVAILABLE = 14,
	ASH_DATA_LOSS = 15,
	ASH_UNAUTHENTICATED = 16,
} ash_status;

/* A result that must be looked at. */
#define ASH_MUST_CHECK __attribute__((warn_unused_result))

/* Part of the library that a program may link to. */
#define ASH_PUBLIC __attribute__((visibility("default")))

/* "not_found" for ASH_NOT_FOUND, as the Connect protocol spells it; "unknown" for a number
 * that is no status. */
ASH_PUBLIC const char *ash_status_name(ash_status status);

/* Returns from the function with the status of `expression` unless that is ASH_OK. */
#define ASH_TRY(expression)                                                                        \
	do {                                                                                       \
		ash_status ash_try_ = (expression);                                                \
		if (__builtin_expect(ash_try_ != ASH_OK, 0))                                       \
			return ash_try_;                                                           \
	} while (0)

#ifdef __cplusplus
}
#endif

#endif
