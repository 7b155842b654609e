/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_IGNORE_H
#define BASE_IGNORE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* The patterns of one .gitignore (or of a list in the same syntax, gitignore(5)). */
struct ignore_file {
	struct ignore_pattern *patterns;
	size_t count;
};

enum ignore_verdict {
	IGNORE_SILENT, /* no pattern matches */
	IGNORE_YES,
	IGNORE_NO, /* a pattern with '!' brings it back */
};

/* Reads the lines of `content` into patterns that live in `arena` (which tells by `failed`
 * when memory ran out). Never fails: a line that is no pattern is skipped, as git does. */
struct ignore_file ignore_parse(struct str content, struct arena *arena);

/* What the last pattern that matches says of `path`, which is relative to the folder of the
 * ignore file. Parents of `path` are not looked at. */
enum ignore_verdict ignore_match(const struct ignore_file *file, struct str path, bool is_folder);

#endif
