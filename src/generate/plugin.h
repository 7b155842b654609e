/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GENERATE_PLUGIN_H
#define GENERATE_PLUGIN_H

#include "base/error.h"
#include "base/text.h"

/* Answers a google.protobuf.compiler.CodeGeneratorRequest: adds the bytes of a
 * CodeGeneratorResponse to `response`, with the files, or with what is wrong as lines
 * "file:line:column: message". Errors: ERROR_MEMORY, ERROR_SYNTAX (the bytes are no request). */
int plugin_answer(struct str request, struct text *response, struct error *error) must_check;

#endif
