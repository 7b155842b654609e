/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_WORKTREE_H
#define BASE_WORKTREE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/gitindex.h"
#include "base/ignore.h"
#include "base/str.h"

/* What git knows of a folder that is in one of its work trees: what it tracks, and what it
 * is told to ignore by files that are not below the folder. */
struct worktree {
	bool found;        /* the folder is in a work tree; else the rest is empty */
	struct str prefix; /* the folder below the top of the work tree; "" at the top */
	struct gitindex index;
	/* core.excludesFile, .git/info/exclude, and .gitignore of the folders above. */
	const struct ignore_chain *ignored;
	bool folder_ignored;        /* the folder, or one above it, is itself ignored */
	struct error_list problems; /* what could not be read and was done without */
	struct arena arena;
};

/* Looks for the work tree of `folder`, as git does: a ".git" that is a repository or names
 * one ("gitdir: PATH"), here or in a folder above. Not to be in a work tree is no error; an
 * index or ignore file that cannot be read is told in `problems`. Configuration is read from
 * git's usual files, but not what they include; environment variables other than HOME and
 * XDG_CONFIG_HOME are not looked at. Errors: ERROR_NOT_FOUND and ERROR_IO for `folder`
 * itself, ERROR_MEMORY. */
int worktree_find(const char *folder, struct worktree *out, struct error *error) must_check;

/* Frees what the work tree holds; it is then empty. */
void worktree_release(struct worktree *worktree);

/* Whether `name` (".git") in the open folder is a repository or names one. What is there but
 * cannot be read is taken for one, so that it is not passed over in silence. */
bool worktree_is_git(int folder_fd, const char *name);

#endif
