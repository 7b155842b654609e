/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a configuration file; a value is never longer than the file. */
#include <stdlib.h>

#include "base/gitconfig.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_(text_release) struct text value = {0};
	struct str content = {(const char *)data, size};
	bool found = gitconfig_find(content, STR("core.excludesfile"), &value);
	if (value.failed || (!found && value.length > 0) || value.length > size)
		abort();
	return 0;
}
