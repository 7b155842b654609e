/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GENERATE_EMIT_H
#define GENERATE_EMIT_H

#include "generate/input.h"

/* The five files of a module, each added to a text. What is emitted needs no other check: the
 * input had no errors. Memory that ran out is told by `out->failed` and `input->arena->failed`. */

/* NAME.messages.h: types and events, for those that hear them, and in NAME.port.h. A call is an
 * error of the compiler where this alone is included. */
void emit_messages_header(struct input *input, struct text *out);

/* NAME.port.h and NAME.port.c: for the module and all that depend on it. */
void emit_port_header(struct input *input, struct text *out);
void emit_port_source(struct input *input, struct text *out);

/* NAME.module.h and NAME.module.c: for the module alone. */
void emit_module_header(struct input *input, struct text *out);
void emit_module_source(struct input *input, struct text *out);

/* ---- between them ---- */

/* The first lines of a file. */
void emit_head(struct input *input, struct text *out);

/* Adds a string literal of C, a line of it for each line of the text. */
void emit_literal(struct text *out, struct str text, const char *indent);

/* The type in C: "BillingChargeRequest", or as protoc-gen-c calls it where it is another's. */
const char *emit_type(const struct type *type);

#endif
