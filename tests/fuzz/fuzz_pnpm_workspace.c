/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a pnpm-workspace.yaml: patterns that can be matched, or an error. */
#include <stdint.h>
#include <stdlib.h>

#include "manifest/workspaces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct str_list patterns = {0};
	struct error error = {0};
	struct str text = {(const char *)data, size};
	if (workspaces_read("pnpm-workspace.yaml", text, &arena, &patterns, &error) < 0 &&
	    error.code == ERROR_NONE)
		abort();
	workspaces_match(&patterns, STR("packages/a/b"));
	arena_release(&arena);
	return 0;
}
