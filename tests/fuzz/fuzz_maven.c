/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a pom.xml: modules with places, or an error with one. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/path.h"
#include "manifest/maven.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_release) struct arena arena = {0};
	_cleanup_(places_release) struct places modules = {0};
	struct error error = {0};
	struct str text = {(const char *)data, size};
	if (maven_read("pom.xml", text, &arena, &modules, &error) < 0) {
		if (error.code == ERROR_NONE || error.line == 0 || modules.count > 0)
			abort();
		return 0;
	}
	for (size_t i = 0; i < modules.count; i++) {
		const struct place *place = &modules.items[i];
		if (place->line == 0 || place->column == 0 || place->text.length == 0 ||
		    place->text.length > PATH_LIMIT)
			abort();
	}
	return 0;
}
