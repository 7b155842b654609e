/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROPOSE_SHAPE_H
#define PROPOSE_SHAPE_H

#include "base/arena.h"
#include "scan/tree.h"

/* What folders and files of a tree are for, told by their names. Private to this folder. */

enum aside {
	ASIDE_NOT,
	/* Tools and the like: nobody's dependency, unless a manifest lists it as a package. */
	ASIDE_TOOL,
	/* Tests, docs, examples, what is built or bought: never a module. */
	ASIDE_NEVER,
};

/* For each entry of the tree whether it is, or is below, such a folder. NULL without memory.
 * What is below src/main is never aside: there Maven and Gradle keep what ships. */
uint8_t *shape_asides(const struct tree *tree, struct arena *arena);

/* Whether it holds modules rather than being one: src, packages, internal. */
bool shape_is_container(struct str path);

/* Whether a name says too little to be a module's: src, main, internal. */
bool shape_is_generic(struct str name);

/* Whether a source file is one that every package has, or that configures a tool, and so is no
 * reason for a module: __init__.py, module-info.java, vite.config.ts. */
bool shape_is_formal(struct str path);

#endif
