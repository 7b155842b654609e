/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_WORKTREE_H
#define BASE_WORKTREE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/gitindex.h"
#include "base/ignore.h"
#include "base/str.h"

/* What git knows of a folder that is in one of its work trees. */
struct worktree {
	bool found;        /* the folder is in a work tree */
	struct str top;    /* the work tree's top folder, absolute, NUL-terminated */
	struct str prefix; /* the folder relative to the top; "" or with a '/' at its end */
	struct gitindex index;
	struct ignore_file excludes; /* core.excludesFile */
	struct ignore_file info;     /* .git/info/exclude */
	struct arena arena;
};

/* Looks for the work tree that `folder` is in and reads its index and its ignore files that
 * are not in the tree. Not to be in one is no error. What cannot be read is told in
 * `problems` and done without. Errors: ERROR_NOT_FOUND and ERROR_IO for `folder` itself,
 * ERROR_MEMORY. */
int worktree_find(const char *folder, struct worktree *out, struct error_list *problems,
		  struct error *error) must_check;

void worktree_release(struct worktree *worktree);

#endif
