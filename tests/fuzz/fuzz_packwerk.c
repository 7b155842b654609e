/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a packwerk.yml: patterns that can be matched, or an error. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "manifest/packwerk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(places_release) struct places patterns = {0};
	struct error error = {0};
	struct str text = {(const char *)data, size};
	if (packwerk_read("packwerk.yml", text, &arena, &patterns, &error) < 0 &&
	    (error.code == ERROR_NONE || patterns.count > 0))
		abort();
	for (size_t i = 0; i < patterns.count; i++) {
		if (patterns.items[i].line == 0 || patterns.items[i].column == 0)
			abort();
		packwerk_match(patterns.items[i].text, STR("packs/a/b"));
	}
	return 0;
}
