/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_RESOLVE_H
#define RESOLVE_RESOLVE_H

#include "scan/tree.h"

/* Says of every reference of a tree where it goes, by each language's own rules. */

/* What the user says where the defaults do not find it. */
struct resolve_settings {
	const struct str *roots[LANGUAGE_COUNT]; /* folders where names of the language start */
	size_t root_count[LANGUAGE_COUNT];
	const struct str *includes; /* C: include folders, in order, before the defaults */
	size_t include_count;
	struct str compile_commands; /* C: path of compile_commands.json; or empty */
};

/* Fills `resolved`, `state` and `package_length` of every reference in the tree, with
 * `workers` threads. A manifest that cannot be understood is told in tree->problems and
 * passed over. `settings` may be NULL. Errors: ERROR_MEMORY. */
int resolve_tree(struct tree *tree, const struct resolve_settings *settings, unsigned workers,
		 struct error *error) must_check;

#endif
