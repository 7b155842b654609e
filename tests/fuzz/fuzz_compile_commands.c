/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a compile_commands.json: every text that is handed out can be read to its end,
 * and an error has a place. */
#include <stdint.h>
#include <stdlib.h>

#include "manifest/compile_commands.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sum;

static void read_all(struct str text)
{
	for (size_t i = 0; i < text.length; i++)
		sum += (unsigned char)text.at[i];
}

static bool visit(void *context, const struct compile_command *command)
{
	(void)context;
	read_all(command->directory);
	read_all(command->file);
	for (size_t i = 0; i < command->argument_count; i++)
		read_all(command->arguments[i]);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error = {0};
	struct str content = {(const char *)data, size};
	if (compile_commands_read(content, "c.json", visit, NULL, &error) < 0 &&
	    (error.code != ERROR_SYNTAX || error.line == 0 || error.column == 0))
		abort();
	return 0;
}
