/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_CHANGE_H
#define CHANGE_CHANGE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* Which files differ from a revision, as git sees it. */

struct change_list {
	struct str *paths; /* relative to the folder that was asked about, in byte order */
	size_t count;
	size_t capacity;
	struct arena arena;
};

/* Lists the files below `root` (a folder in a git work tree) that differ between `revision`
 * and the work tree: committed since, staged, not staged, new and not ignored, deleted (and,
 * of a renamed file, both paths). `revision` is what git-rev-parse(1) takes and names a commit
 * or a tree; with "A...B" the merge base is meant: write "main..." for what HEAD has on top of
 * main. Errors: ERROR_NOT_FOUND (no repository, no such revision), ERROR_IO, ERROR_MEMORY. */
int change_list_since(const char *root, const char *revision, struct change_list *out,
		      struct error *error) must_check;

/* Frees everything; takes an empty list. */
void change_list_release(struct change_list *list);

#endif
