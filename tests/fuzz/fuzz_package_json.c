/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a package.json: what comes out can be walked, or there is an error. */
#include <stdint.h>
#include <stdlib.h>

#include "manifest/package_json.h"
#include "manifest/workspaces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether all keys are texts, and all targets are paths of at least a byte. */
static bool are_whole(const struct package_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++) {
		const struct package_entry *entry = &entries->items[i];
		if (!entry->key.at || strlen(entry->key.at) != entry->key.length)
			return false;
		for (size_t j = 0; j < entry->targets.count; j++)
			if (entry->targets.items[j].length == 0 ||
			    strlen(entry->targets.items[j].at) != entry->targets.items[j].length)
				return false;
	}
	return true;
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
	} else if (!are_whole(&package.exports) || !are_whole(&package.imports)) {
		abort();
	}
	if (package.name.at)
		workspaces_match(&package.workspaces, package.name);
	arena_release(&arena);
	return 0;
}
