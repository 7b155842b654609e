/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASHLAR_SAGA_H
#define ASHLAR_SAGA_H

#include <ashlar/store.h>
#include <protobuf-c/protobuf-c.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A saga: steps over several modules, each with what undoes it, that goes on after a crash where it
 * stood (docs/sagas.md):
 *
 *     static const ash_saga_step steps[] = {
 *             {"reserve", .run = reserve, .undo = release, .retry = {.attempts = 5}},
 *             {"charge", .run = charge, .undo = refund},
 *     };
 *     const ash_saga checkout = ASH_SAGA("orders.checkout", &orders__checkout__descriptor, steps,
 *                                        .version = 1, .deadline_s = 600);
 *
 * Time, random numbers and I/O belong into steps, nowhere else. */

/* Steps of one saga, bytes that a step keeps, and bytes of a saga's name, id and input. */
#define ASH_SAGA_STEP_LIMIT  64
#define ASH_SAGA_NAME_LIMIT  48
#define ASH_SAGA_KEEP_LIMIT  (64 << 10)
#define ASH_SAGA_ID_LIMIT    200
#define ASH_SAGA_INPUT_LIMIT (1 << 20)

/* The step that runs, or is undone. It belongs to the runtime and lasts as long as the call. */
typedef struct ash_step ash_step;

/* Does a step, or undoes one; `in` is the saga's input, of its message's type. Its first ASH_TX is
 * the transaction in which the step is recorded, so what it writes there happens exactly once; a
 * port is called before it. ash_idempotency_key() is the same in each attempt of the step. */
typedef ash_status (*ash_step_run)(ash_step *step, ash_call *call, const void *in);

/* How often a step is tried; 0 is the default. An attempt in which its process ended counts, too,
 * but twice as many may be begun before that alone is a failure. Waits double from `base_ms` up to `cap_ms`, with full
 * jitter. What no repeat can mend is not tried again: ash_give_up(), invalid_argument, not_found,
 * already_exists, permission_denied, failed_precondition, out_of_range, unimplemented,
 * unauthenticated, and the statuses in `final`, as bits: 1u << ASH_DATA_LOSS. */
typedef struct ash_saga_retry {
	unsigned attempts; /* 0: 8 */
	unsigned base_ms;  /* 0: 200 */
	unsigned cap_ms;   /* 0: 60,000 */
	uint32_t final;
} ash_saga_retry;

typedef struct ash_saga_step {
	const char *name;
	ash_step_run run;
	/* What takes it back; NULL: nothing to do. It also runs for a step whose outcome is not known
	 * (a time-out, a process that ended in it), so it must do no harm where nothing was done. */
	ash_step_run undo;
	ash_saga_retry retry; /* of either */
} ash_saga_step;

typedef struct ash_saga {
	const char *name; /* "orders.checkout" */
	const ProtobufCMessageDescriptor *input;
	const ash_saga_step *steps;
	size_t step_count;
	unsigned version;    /* raised by the author when a step means something else than before */
	unsigned deadline_s; /* after which it is undone; 0: none */
} ash_saga;

#define ASH_SAGA(name_, input_, steps_, ...)                                                       \
	{                                                                                          \
		.name = (name_), .input = (input_), .steps = (steps_),                             \
		.step_count = sizeof(steps_) / sizeof *(steps_), __VA_ARGS__                       \
	}

/* Starts the saga `id` in the open transaction: it runs once that is committed. Where there is one
 * with this id and the same input nothing is done. Errors, told by ash_message():
 * ASH_ALREADY_EXISTS (the id with another input), ASH_INVALID_ARGUMENT (an id that is empty or
 * longer than ASH_SAGA_ID_LIMIT), ASH_RESOURCE_EXHAUSTED (an input above ASH_SAGA_INPUT_LIMIT),
 * ASH_PERMISSION_DENIED (no saga of the module), ASH_FAILED_PRECONDITION (the application runs no
 * sagas), and those of ash_exec(). */
ASH_PUBLIC ash_status ash_saga_start(ash_tx *tx, const ash_saga *saga, const char *id,
				     const void *input) ASH_MUST_CHECK;

/* Keeps bytes as the step's output, recorded with it; the last ones win. They are copied. Errors:
 * ASH_RESOURCE_EXHAUSTED (above ASH_SAGA_KEEP_LIMIT, no memory). */
ASH_PUBLIC ash_status ash_step_keep(ash_step *step, const void *bytes,
				    size_t length) ASH_MUST_CHECK;

/* What the step `name` of this saga kept, valid as long as the call. NULL: it is not recorded, or
 * kept nothing. `length` may be NULL. */
ASH_PUBLIC const void *ash_step_kept(const ash_step *step, const char *name, size_t *length);

/* Why the saga is undone: the message of what turned it back, valid as long as the call. "" on its
 * way forward. */
ASH_PUBLIC const char *ash_step_why(const ash_step *step);

/* The id under which the saga was started. */
ASH_PUBLIC const char *ash_step_saga(const ash_step *step);

#ifdef __cplusplus
}
#endif

#endif
