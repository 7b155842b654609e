/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASHLAR_PORT_H
#define ASHLAR_PORT_H

#include <protobuf-c/protobuf-c.h>

#include <ashlar/call.h>
#include <ashlar/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the generated code of a .proto is made of. A module's own code uses the typed functions
 * of its module.h instead. All of it is constant but the ids, which the library gives out. */

typedef enum ash_transaction { ASH_OWN, ASH_JOINS } ash_transaction;

/* As google.protobuf.MethodOptions.IdempotencyLevel. */
typedef enum ash_idempotency {
	ASH_IDEMPOTENCY_UNKNOWN,
	ASH_NO_SIDE_EFFECTS,
	ASH_IDEMPOTENT,
} ash_idempotency;

/* One method of a service. */
typedef struct ash_method {
	const char *name; /* "Charge" */
	const ProtobufCMessageDescriptor *request;
	const ProtobufCMessageDescriptor *reply;
	ash_transaction transaction;
	ash_idempotency idempotency;
	const char *sticky_key;    /* name of a field of the request, or NULL */
	const char *const *routes; /* "GET /orders/{id}", NULL at the end; or NULL */
} ash_method;

/* A protobuf service. `id` is given by the library, once a process, the first time that an
 * application holds the port; 0 before. */
typedef struct ash_port {
	const char *name;   /* "billing.v1.Billing" */
	const char *module; /* that provides it */
	const ash_method *methods;
	uint16_t method_count;
	uint32_t *id;
} ash_port;

/* A place in a module's code where it calls a method of a port. */
typedef struct ash_use {
	const ash_port *port;
	const char *file; /* as the compiler was given it */
	uint32_t line;
	uint16_t method;
} ash_use;

/* Notes the call that is written here, at no cost to it: a pointer in a section of its own, which
 * the start of the application reads (ash_module.uses). What the generated macros of a port's
 * methods use, in C; a call in C++, or through a pointer, is judged when it is made. */
#define ASH_USE(port_, method_)                                                                    \
	__extension__({                                                                            \
		static const ash_use ash_use_ = {&(port_), __FILE__, __LINE__, (method_)};         \
		static const ash_use *const ash_noted_                                             \
			__attribute__((used, section("ash_uses"))) = &ash_use_;                    \
	})

/* What a call is where a port's messages are included but not the port: an error of the compiler. */
#define ASH_NO_CALL(why_)                                                                          \
	((void)sizeof(struct {                                                                     \
		 _Static_assert(0, why_);                                                          \
		 int nothing_;                                                                     \
	 }),                                                                                       \
	 ASH_PERMISSION_DENIED)

/* An event that a module publishes. */
typedef struct ash_event {
	const char *name;   /* "billing.v1.Charged" */
	const char *module; /* that publishes it */
	const ProtobufCMessageDescriptor *message;
	const char *key; /* name of the field that keeps order, or NULL: none */
} ash_event;

/* Calls the method with this index, wherever the port is placed. What the typed functions call.
 * `reply` is a struct of the method's reply; what it points to lives as ash_alloc()'s memory.
 * The typed functions empty it first; on a failure it holds nothing of use. Errors: what the
 * handler returns, and
 * ASH_INTERNAL (an `own` method inside an open transaction, with the lines that call it),
 * ASH_PERMISSION_DENIED (the calling module's contract does not depend on the port's module),
 * ASH_UNIMPLEMENTED (no module of the application provides it, or its process is older),
 * ASH_FAILED_PRECONDITION (the 65th call within one another), ASH_DEADLINE_EXCEEDED; where the port
 * is in another process or has a policy also ASH_UNAVAILABLE (nobody is there, or the circuit is
 * open) and ASH_RESOURCE_EXHAUSTED (a rate limit, a bulkhead). */
ASH_PUBLIC ash_status ash_call_port(ash_call *call, const ash_port *port, uint16_t method,
				    const void *request, void *reply) ASH_MUST_CHECK;

/* Puts an event into the module's outbox, in the transaction: it is delivered if and only if that
 * commits. What the typed functions call. Errors: ASH_PERMISSION_DENIED (the module does not
 * publish it), ASH_RESOURCE_EXHAUSTED (larger than 1 MiB), and those of ash_exec(). */
ASH_PUBLIC ash_status ash_publish(ash_tx *tx, const ash_event *event,
				  const void *message) ASH_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
