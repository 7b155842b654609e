/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_GITINDEX_H
#define BASE_GITINDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* The paths that a git repository tracks, in git's order (bytes). */
struct gitindex {
	struct str *paths; /* relative to the top of the work tree */
	size_t count;
	struct arena arena;
};

/* Part of the index: [first, end). */
struct gitindex_range {
	size_t first;
	size_t end;
};

/* Reads an index file (versions 2, 3 and 4, SHA-1 and SHA-256; gitformat-index(5)). Of a
 * path with several stages one is kept. `hash_size` is 20 or 32. Errors: ERROR_NOT_FOUND,
 * ERROR_IO, ERROR_SYNTAX (not an index, cut off, or split, which is told), ERROR_MEMORY. */
int gitindex_read(const char *path, size_t hash_size, struct gitindex *out,
		  struct error *error) must_check;

void gitindex_release(struct gitindex *index);

/* The tracked paths below `folder`, among those in `within`. `folder` is a whole path. */
struct gitindex_range gitindex_below(const struct gitindex *index, struct gitindex_range within,
				     struct str folder);

/* Whether the whole path is tracked, looked for in `within`. */
bool gitindex_has(const struct gitindex *index, struct gitindex_range within, struct str path);

#endif
