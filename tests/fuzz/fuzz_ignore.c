/* SPDX-License-Identifier: Apache-2.0 */
/* A path, a NUL, an ignore file: a verdict must be there without a crash, and a file and a
 * folder of that name differ only by patterns for folders. */
#include <stdlib.h>

#include "base/ignore.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct str rest = {(const char *)data, size}, path;
	if (size == 0 || !str_split(&rest, '\0', &path))
		return 0;
	struct ignore_file file = ignore_parse(rest, &arena);
	enum ignore_verdict as_file = ignore_match(&file, path, false);
	enum ignore_verdict as_folder = ignore_match(&file, path, true);
	bool has_slash = false;
	for (size_t i = 0; i < rest.length; i++)
		has_slash |= rest.at[i] == '/';
	if (arena.failed || (!has_slash && as_file != as_folder))
		abort();
	return 0;
}
