/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_WALK_H
#define BASE_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ignore.h"

/* Lists the files of a tree. In a git work tree they are those that git tracks or does not
 * ignore, as `git ls-files --cached --others --exclude-standard` tells; folders that are
 * repositories of their own (submodules, nested clones) are not entered. Elsewhere they are
 * all, but in a clone that is met on the way git's rules hold. ".git" is never listed, a link
 * to a folder is not followed, a link to a file is listed, and what is no regular file is left
 * out. A root that git ignores as a whole, with nothing tracked in it, was asked for by name:
 * it is walked as if it were in no work tree. Several workers list folders, and visit what
 * they find, at the same time. */

struct walk_file {
	const char *name;
	uint32_t length;
	bool is_link; /* a symbolic link to a file */
	void *data;   /* the visitor's */
};

struct walk_folder {
	struct walk_folder *parent; /* NULL for the root */
	const char *name;           /* "" for the root */
	uint32_t length;
	uint32_t file_count;
	uint32_t folder_count;
	struct walk_file *files;      /* by name, in byte order */
	struct walk_folder **folders; /* by name, in byte order; an empty one is left out */
};

/* Called once for a file, from any worker; `folder_fd` is open on the file's folder. All files
 * of the folder, but not yet its folders' contents, are there to be read. */
typedef void walk_visit(void *context, unsigned worker, int folder_fd,
			const struct walk_folder *folder, struct walk_file *file);

struct walk_options {
	const char *root;                  /* a folder */
	const struct ignore_file *exclude; /* left out though tracked; or NULL */
	unsigned workers;                  /* at least 1, at most CREW_LIMIT */
	walk_visit *visit;                 /* or NULL: only list */
	void *context;
	uint32_t file_limit; /* 0 for WALK_FILE_LIMIT */
};

/* Most folders on the way from the root to a file, and most files and folders, that are
 * listed; a path also must stay below PATH_LIMIT. Beyond, the walk goes on without the rest
 * and says so in `problems`. */
enum { WALK_DEPTH_LIMIT = 200, WALK_FILE_LIMIT = 4000000 };

struct walk {
	struct walk_folder *root;
	bool in_git; /* the root is in a git work tree, whose rules were followed */
	/* Folders, ignore files and git indexes that could not be read, and bounds that were
	 * met; the walk went on without them. In the order of the tree. */
	struct error_list problems;
	struct arena arena;
};

/* Walks the tree. The order of everything in `out` does not depend on the workers' speed.
 * Errors: ERROR_NOT_FOUND and ERROR_IO for the root itself, ERROR_MEMORY; `out` is then
 * empty, though files were visited. */
int walk_run(const struct walk_options *options, struct walk *out, struct error *error) must_check;

/* Frees what the walk holds; it is then empty. */
void walk_release(struct walk *walk);

#endif
