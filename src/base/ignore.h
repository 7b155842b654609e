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

/* Longer patterns are skipped; larger ignore files are not read. In bytes. */
enum { IGNORE_PATTERN_LIMIT = 4096, IGNORE_FILE_LIMIT = 4 << 20 };

/* Reads the lines of `content` into patterns that live in `arena` (which tells by `failed`
 * when memory ran out). Never fails: a line that is no pattern is skipped, as git does. */
struct ignore_file ignore_parse(struct str content, struct arena *arena);

/* What the last pattern that matches says of `path`, which is relative to the folder of the
 * ignore file. Parents of `path` are not looked at. */
enum ignore_verdict ignore_match(const struct ignore_file *file, struct str path, bool is_folder);

/* The ignore files that hold in a folder, the strongest (nearest) first. Several chains may
 * share their tail. NULL is the empty chain. */
struct ignore_chain {
	const struct ignore_chain *weaker;
	struct ignore_file file;
	size_t base; /* its patterns see paths from this byte on */
};

/* Puts the patterns of `content` before `weaker`. What is returned, NULL without memory, lives
 * in `arena`, which has `failed` then. */
const struct ignore_chain *ignore_chain_add(const struct ignore_chain *weaker, struct str content,
					    size_t base, struct arena *arena);

/* Whether the first file of the chain that is not silent about `path` ignores it. */
bool ignore_chain_match(const struct ignore_chain *chain, struct str path, bool is_folder);

#endif
