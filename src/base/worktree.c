/* SPDX-License-Identifier: Apache-2.0 */
/* Finds a git work tree and reads what git keeps beside it. Runs no git. */
#include "base/worktree.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/path.h"

enum { IGNORE_LIMIT = 4 << 20 };

static bool has_git(struct arena *arena, struct str folder)
{
	const char *git = arena_format(arena, "%.*s/.git", STR_ARG(folder));
	struct stat status;
	return git && stat(git, &status) == 0;
}

static void find_top(struct worktree *worktree, struct str folder)
{
	struct str top = folder;
	while (top.length > 0 && !has_git(&worktree->arena, top))
		top = path_folder(top);
	if (top.length == 0)
		return;
	worktree->found = true;
	worktree->top = arena_str(&worktree->arena, top);
	struct str rest = str_from(folder, top.length + 1);
	if (rest.length > 0)
		worktree->prefix = str_of(arena_format(&worktree->arena, "%.*s/", STR_ARG(rest)));
}

int worktree_find(const char *folder, struct worktree *out, struct error_list *problems,
		  struct error *error)
{
	(void)problems;
	char real[PATH_LIMIT];
	*out = (struct worktree){.prefix = STR("")};
	if (!realpath(folder, real))
		return error_at(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, folder, 0, 0,
				"cannot be read: %s", strerror(errno));
	find_top(out, str_of(real));
	if (out->arena.failed) {
		worktree_release(out);
		return error_memory(error);
	}
	return 0;
}

void worktree_release(struct worktree *worktree)
{
	arena_release(&worktree->arena);
	*worktree = (struct worktree){0};
}
