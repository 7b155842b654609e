/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a go.mod or go.work: what is found must be views on the content. */
#include <stdint.h>
#include <stdlib.h>

#include "manifest/gomod.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_view(struct str content, struct str view)
{
	if (view.length > 0 &&
	    (view.at < content.at || view.at + view.length > content.at + content.length))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gomod mod = {0};
	struct error_list problems = {0};
	struct error error;
	struct str content = {(const char *)data, size};
	if (gomod_parse(content, "go.mod", &problems, &mod, &error) < 0)
		abort();
	require_view(content, mod.module);
	for (size_t i = 0; i < mod.require_count; i++)
		require_view(content, mod.requires[i].path);
	for (size_t i = 0; i < mod.replace_count; i++) {
		require_view(content, mod.replaces[i].path);
		require_view(content, mod.replaces[i].with);
	}
	for (size_t i = 0; i < mod.use_count; i++)
		require_view(content, mod.uses[i].folder);
	gomod_release(&mod);
	error_list_clear(&problems);
	return 0;
}
