/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASHLAR_CALL_H
#define ASHLAR_CALL_H

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

/* Like ash_fail(), in the handler of an event: no attempt more is made, the event is a dead letter
 * at once. Anywhere else it is ash_fail(). */
ASH_PUBLIC ash_status ash_give_up(ash_call *call, ash_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The message of the failure that was told last in this call, or that the port called last
 * answered with; "" where nothing failed. Valid until the next failure. */
ASH_PUBLIC const char *ash_message(const ash_call *call);

/* The module whose handler runs, and the one that called it ("" for a request from outside). */
ASH_PUBLIC const char *ash_module_name(const ash_call *call);
ASH_PUBLIC const char *ash_caller(const ash_call *call);

/* Nanoseconds until the deadline; 0 when it has passed, INT64_MAX when there is none. */
ASH_PUBLIC int64_t ash_time_left(const ash_call *call);

/* Microseconds since 1970 in UTC, by the application's clock, which a test may turn. */
ASH_PUBLIC int64_t ash_now(const ash_call *call);

/* The idempotency key that came with the request, or "". */
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
