/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_COMPILE_COMMANDS_H
#define MANIFEST_COMPILE_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

/* A compile_commands.json: how each file of a C or C++ project is compiled. */

/* A larger one is not read, in bytes. */
#define COMPILE_COMMANDS_LIMIT ((size_t)512 << 20)

/* Most arguments of one command; a longer one is cut. */
#define COMPILE_ARGUMENT_LIMIT 100000

/* One command. All texts live until the visitor returns. */
struct compile_command {
	struct str directory;        /* where the command runs */
	struct str file;             /* seen from there, or absolute */
	const struct str *arguments; /* with the compiler's name; quotes and escapes undone */
	size_t argument_count;
};

/* Called for each command, in order. Returns false to end the reading for want of memory. */
typedef bool compile_command_visit(void *context, const struct compile_command *command);

/* Reads the JSON text `content`. `file` is the name for errors. What is well formed before an
 * error has been visited. Errors: ERROR_SYNTAX with its place, ERROR_MEMORY. */
int compile_commands_read(struct str content, const char *file, compile_command_visit *visit,
			  void *context, struct error *error) must_check;

#endif
