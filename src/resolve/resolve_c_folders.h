/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_C_FOLDERS_H
#define RESOLVE_C_FOLDERS_H

#include "resolve/resolve.h"
#include "resolve/resolve_c_names.h"

/* The include folders of each file, from the settings and from compile_commands.json. Private
 * to the C resolver. */

/* Folders of one command line, in the order in which the compiler looks: those for quotes
 * only, then those for all. All are entries of the tree; others are left out. */
struct c_folders {
	uint32_t *entries;
	size_t count;
	size_t quote_count;
	struct str *macros; /* -D that stand for a header, as `NAME "x.h"` */
	size_t macro_count;
};

struct c_database {
	struct c_folders *sets; /* set 0: all folders together, for files without a command */
	size_t count;
	size_t capacity;
	uint32_t *set_of; /* for each entry, or NULL when all have set 0 */
};

/* Reads the settings, and the compile_commands.json that they name, else that of the root or
 * of a folder build* in it. What cannot be understood goes to tree->problems. All memory is
 * the tree's but what c_database_release() frees. Errors: ERROR_MEMORY; `out` must be released
 * in any case. */
int c_database_init(struct c_database *out, struct tree *tree,
		    const struct resolve_settings *settings, struct error *error) must_check;

/* Frees everything; takes one that is half built. */
void c_database_release(struct c_database *database);

/* The include folders of a file: its own, or those of all. */
static inline const struct c_folders *c_database_folders(const struct c_database *database,
							 uint32_t file)
{
	return &database->sets[database->set_of ? database->set_of[file] : 0];
}

#endif
