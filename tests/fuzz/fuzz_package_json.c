/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a package.json: what comes out can be walked, or there is an error. */
#include <stdint.h>
#include <stdlib.h>

#include "manifest/package_json.h"
#include "manifest/workspaces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t length_of(const struct package_entries *entries)
{
	size_t length = 0;
	for (size_t i = 0; i < entries->count; i++)
		for (size_t j = 0; j < entries->items[i].targets.count; j++)
			length += entries->items[i].key.length +
				  strlen(entries->items[i].targets.items[j].at);
	return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct package_json package = {0};
	struct error error = {0};
	struct str text = {(const char *)data, size};
	if (package_json_read("package.json", text, &arena, &package, &error) < 0) {
		if (error.code == ERROR_NONE)
			abort();
	} else if (length_of(&package.exports) + length_of(&package.imports) == 1) {
		abort(); /* a key and a path have at least a byte each, or neither counts */
	}
	if (package.name.at)
		workspaces_match(&package.workspaces, package.name);
	arena_release(&arena);
	return 0;
}
