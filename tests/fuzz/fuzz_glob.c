/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern, a NUL, a path. A path whose special bytes are escaped matches itself, and what
 * is no pattern matches itself only. */
#include <stdlib.h>

#include "base/glob.h"
#include "base/mem.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_(text_release) struct text escaped = {0};
	struct str path = {(const char *)data, size}, pattern;
	if (size == 0 || !str_split(&path, '\0', &pattern))
		return 0;
	bool matches = glob_match(pattern, path);
	if (!glob_is_pattern(pattern))
		check(matches == str_equal(pattern, path));
	for (size_t i = 0; i < path.length; i++) {
		text_add_byte(&escaped, '\\');
		text_add_byte(&escaped, path.at[i]);
	}
	check(glob_match(text_str(&escaped), path));
	check(glob_match(STR("**"), path));
	return 0;
}
