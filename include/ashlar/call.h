/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASHLAR_CALL_H
#define ASHLAR_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ashlar/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One call of a port, one delivery of an event or one tick of a schedule, as its handler sees
 * it: who calls, until when, under which trace, and what memory lasts until it ends. It
 * belongs to the runtime and to one thread; a handler does not keep it. */
typedef struct ash_call ash_call;

/* Zeroed memory that lives until the outermost call of the request ends; aligned for any type.
 * NULL without memory: `return ash_fail(call, ASH_RESOURCE_EXHAUSTED, ...)`. */
ASH_PUBLIC void *ash_alloc(ash_call *call, size_t size);

/* A formatted text that lives as ash_alloc()'s memory does; NULL without memory. */
ASH_PUBLIC char *ash_format(ash_call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Tells why the call fails and returns `status`, so that a handler can
 * `return ash_fail(call, ASH_NOT_FOUND, "there is no order %s", id)`. The message goes to
 * the caller: one sentence, at most 1,023 bytes, the rest is cut. `status` must not be ASH_OK. */
ASH_PUBLIC ash_status ash_fail(ash_call *call, ash_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Like ash_fail(), where no further attempt is to be made: in the handler of an event, which is a dead
 * letter at once, and in a saga's step, after which the saga is undone, or, where it was being
 * undone, parked. Anywhere else, also in a port that such a handler calls, it is ash_fail(). */
ASH_PUBLIC ash_status ash_give_up(ash_call *call, ash_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds a detail to the failure that was told last, for programs that call, and returns its status:
 *     ash_fail(call, ASH_NOT_FOUND, "there is no order %s", id);
 *     return ash_fail_detail(call, &orders__v1__missing__descriptor, &missing);
 * It reaches the caller in process as over a wire. A detail that cannot be encoded, is the 101st, or
 * would make them more than 64 KiB is left out. Telling another failure forgets all. */
struct ProtobufCMessageDescriptor;
ASH_PUBLIC ash_status ash_fail_detail(ash_call *call, const struct ProtobufCMessageDescriptor *type,
				      const void *message);

/* Like ash_fail_detail(), of a message that is encoded already; `type` is its full name. */
ASH_PUBLIC ash_status ash_fail_detail_bytes(ash_call *call, const char *type, const void *bytes,
					    size_t length);

/* The detail at `index` from 0 of the failure that was told last, or that the port called last
 * answered with; false past the last one. Valid as ash_alloc()'s memory. */
ASH_PUBLIC bool ash_detail_at(const ash_call *call, size_t index, const char **type,
			      const void **bytes, size_t *length);

/* Pairs that travel beside messages, in process as over a wire. */
typedef enum ash_metadata {
	ASH_METADATA_CAME,     /* with this call; read */
	ASH_METADATA_ANSWER,   /* of this call's answer or failure; written */
	ASH_METADATA_TRAILER,  /* the same, behind the message; written */
	ASH_METADATA_NEXT,     /* of the next port that this call calls; written */
	ASH_METADATA_ANSWERED, /* with the answer of the port called last; read */
	ASH_METADATA_TRAILED,  /* behind it; read */
} ash_metadata;

/* Adds a pair; both are copied. Keys are of [0-9a-z_.-] and do not begin with "connect-"; values
 * are printable ASCII, of keys that end with "-bin" any bytes. Errors, told as ash_fail() does:
 * ASH_INVALID_ARGUMENT (no such key or value, a list that is only read), ASH_RESOURCE_EXHAUSTED
 * (over 64 pairs or 8 KiB, no memory). */
ASH_PUBLIC ash_status ash_metadata_add(ash_call *call, ash_metadata where, const char *key,
				       const void *value, size_t length) ASH_MUST_CHECK;

/* The pair at `index` from 0, the value NUL-terminated; false past the last one. Valid as
 * ash_alloc()'s memory. */
ASH_PUBLIC bool ash_metadata_at(const ash_call *call, ash_metadata where, size_t index,
				const char **key, const void **value, size_t *length);

/* The message of the failure that was told last in this call, or that the port called last
 * answered with; "" where nothing failed. Valid until the next failure. */
ASH_PUBLIC const char *ash_message(const ash_call *call);

/* The module whose handler runs, and the one that called it: "http" for a request by a route, "" for
 * a call from outside without a name. */
ASH_PUBLIC const char *ash_module_name(const ash_call *call);
ASH_PUBLIC const char *ash_caller(const ash_call *call);

/* Nanoseconds until the deadline; 0 when it has passed, INT64_MAX when there is none. */
ASH_PUBLIC int64_t ash_time_left(const ash_call *call);

/* Microseconds since 1970 in UTC, by the application's clock, which a test may turn. */
ASH_PUBLIC int64_t ash_now(const ash_call *call);

/* The idempotency key that came with the request, or "". The handlers of events, ticks and sagas'
 * steps have one of their own, the same in each attempt; what they call has it, too. */
ASH_PUBLIC const char *ash_idempotency_key(const ash_call *call);

/* The trace id, 32 lower-case hex digits: what joins all lines of one request. */
ASH_PUBLIC const char *ash_trace_id(const ash_call *call);

/* Writes a line to the log with module, owner and trace. */
ASH_PUBLIC void ash_log_info(ash_call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
ASH_PUBLIC void ash_log_warn(ash_call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
ASH_PUBLIC void ash_log_error(ash_call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif

#endif
