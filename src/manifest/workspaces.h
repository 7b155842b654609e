/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_WORKSPACES_H
#define MANIFEST_WORKSPACES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "manifest/json.h"

/* Which folders belong to a workspace of npm, yarn, pnpm or lerna: the files that say so, and
 * how their patterns match. A file speaks of the folders below its own. */

/* Whether a file of that name (without its folder) may say what a workspace holds:
 * "package.json", "pnpm-workspace.yaml", "lerna.json". */
bool workspaces_is_manifest(struct str name);

/* Reads the patterns of such a file, told apart by its name; none when it says nothing of
 * workspaces. They live in `arena`. Errors: ERROR_SYNTAX with a place, ERROR_LIMIT,
 * ERROR_MEMORY. */
int workspaces_read(const char *path, struct str text, struct arena *arena, struct str_list *out,
		    struct error *error) must_check;

/* Whether `folder`, relative to the folder of the file, belongs to the workspace. A pattern
 * with "!" before it takes away what it matches, wherever it stands. */
bool workspaces_match(const struct str_list *patterns, struct str folder);

#endif
