/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a tsconfig.json: what comes out can be walked, or there is an error with a place
 * inside the file. */
#include <stdint.h>
#include <stdlib.h>

#include "manifest/tsconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t count_lines(const uint8_t *data, size_t size)
{
	uint32_t lines = 1;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct tsconfig config = {0};
	struct error error = {0};
	struct str text = {(const char *)data, size};
	if (tsconfig_read("tsconfig.json", text, &arena, &config, &error) < 0) {
		if (error.code == ERROR_NONE || error.line > count_lines(data, size))
			abort();
	}
	for (size_t i = 0; i < config.path_count; i++)
		if (config.paths[i].prefix.at[config.paths[i].prefix.length] != '*' &&
		    config.paths[i].star)
			abort();
	arena_release(&arena);
	return 0;
}
