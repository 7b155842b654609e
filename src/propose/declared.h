/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROPOSE_DECLARED_H
#define PROPOSE_DECLARED_H

#include "base/arena.h"
#include "scan/tree.h"

/* The packages of a tree that its manifests declare. Private to this folder. */

/* Marks in `packages`, one for each entry of the tree, the folders that are packages: members
 * of a workspace of npm, yarn, pnpm or lerna; modules of Maven; projects and included builds of
 * Gradle; packs; folders with a go.mod, pyproject.toml or setup.py. Where a workspace, a parent
 * pom or a settings script says what belongs to it, other manifests of its kind below it are
 * no packages; where nothing says so, each is. `asides` is that of shape_asides(): a package
 * that is listed is taken out of ASIDE_TOOL with all that is below it.
 * What is broken or leads nowhere goes to `warnings`, and the rest counts. Errors:
 * ERROR_MEMORY. */
int declared_find(const struct tree *tree, uint8_t *asides, bool *packages,
		  struct error_list *warnings, struct error *error) must_check;

#endif
