/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_GITINDEX_H
#define BASE_GITINDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* The paths that a git repository tracks, relative to the top of the work tree, in git's
 * order (bytes; so the paths below a folder are neighbours). */
struct gitindex {
	struct str *paths; /* files and symbolic links */
	size_t count;
	struct str *modules; /* folders that hold a submodule */
	size_t module_count;
	size_t module_capacity;
	char *content; /* the file, on which paths are views; NULL when it was parsed only */
	struct arena arena;
};

/* Part of the paths: [first, end). */
struct gitindex_range {
	size_t first;
	size_t end;
};

/* Larger index files are refused, in bytes: room for WALK_FILE_LIMIT files. */
#define GITINDEX_LIMIT ((size_t)1 << 30)

/* Reads an index file (versions 2, 3 and 4; gitformat-index(5)). Of a path with several
 * stages one is kept. `hash_size` is 20 (SHA-1) or 32 (SHA-256). The checksum is not looked
 * at. Errors: ERROR_NOT_FOUND, ERROR_IO, ERROR_LIMIT, ERROR_SYNTAX (not an index, cut off, out
 * of order), ERROR_INVALID (a split or sparse index, or another extension that must be
 * understood), ERROR_MEMORY; `out` is then empty. */
int gitindex_read(const char *path, size_t hash_size, struct gitindex *out,
		  struct error *error) must_check;

/* Like gitindex_read() for the bytes of an index file, which must live as long as `out`.
 * `name` is for the error. */
int gitindex_parse(struct str content, size_t hash_size, const char *name, struct gitindex *out,
		   struct error *error) must_check;

/* Frees what the index holds; it is then empty. */
void gitindex_release(struct gitindex *index);

/* The tracked paths below `folder`, among those in `within`. `folder` is a whole path; ""
 * is the top. Time: the logarithm of what is found and what is skipped, so that a caller who
 * goes through folders in git's order and narrows `within` pays next to nothing. */
struct gitindex_range gitindex_below(const struct gitindex *index, struct gitindex_range within,
				     struct str folder);

/* Whether the whole path is tracked, looked for in `within`. */
bool gitindex_has(const struct gitindex *index, struct gitindex_range within, struct str path);

/* Whether the whole path is a submodule. */
bool gitindex_has_module(const struct gitindex *index, struct str path);

#endif
