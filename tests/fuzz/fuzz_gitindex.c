/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an index: what is taken is sorted, inside of the bytes, and found again. The
 * first byte chooses the kind of hash. */
#include <stdlib.h>

#include "base/gitindex.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct gitindex index;
	struct error error;
	if (size == 0)
		return 0;
	struct str content = {(const char *)data + 1, size - 1};
	if (gitindex_parse(content, data[0] & 1 ? 32 : 20, "index", &index, &error) < 0) {
		check(error.code != ERROR_NONE && index.count == 0);
		return 0;
	}
	struct gitindex_range all = {0, index.count};
	for (size_t i = 0; i < index.count; i++) {
		struct str path = index.paths[i];
		struct str folder = str_first(path, path.length / 2);
		struct gitindex_range below = gitindex_below(&index, all, folder);
		check(i == 0 || str_compare(index.paths[i - 1], path) < 0);
		check(gitindex_has(&index, all, path));
		check(below.first <= below.end && below.end <= index.count);
	}
	for (size_t i = 0; i < index.module_count; i++)
		check(gitindex_has_module(&index, index.modules[i]));
	gitindex_release(&index);
	return 0;
}
