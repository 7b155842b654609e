/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_C_FILES_H
#define RESOLVE_C_FILES_H

#include "scan/tree.h"

/* Which files of a tree a header's name may mean. Private to the C resolver. */

/* Of files with the same name at most so many, the nearest ones, are ever looked at. */
enum { C_CANDIDATE_LIMIT = 256 };

struct c_files {
	const struct tree *tree;
	struct map names;  /* last elements of paths, to a run of `entries` */
	uint32_t *first;   /* of each name, and one past the last */
	uint32_t *entries; /* files, by name, in the order of the tree */
	uint32_t *marks;   /* of each of `entries` the mark of its folder's name */
};

struct c_candidate {
	uint32_t entry;
	uint32_t base; /* the folder from which the header's name leads to the file */
};

struct c_candidates {
	struct c_candidate items[C_CANDIDATE_LIMIT];
	size_t count;
};

/* Indexes the files of the tree that may be included. Errors: ERROR_MEMORY; `out` must be
 * released in any case. */
int c_files_init(struct c_files *out, const struct tree *tree, struct error *error) must_check;

/* Frees everything; takes one that is half built. */
void c_files_release(struct c_files *files);

/* The files whose paths end with `name` (without "." and ".." parts), those near to the file
 * `from` where there are too many, in the order of the tree. */
void c_files_find(const struct c_files *files, uint32_t from, struct str name,
		  struct c_candidates *out);

enum c_guess {
	C_GUESS_QUOTE,
	C_GUESS_ANGLE,    /* the including file's own folder is not searched */
	C_GUESS_STANDARD, /* only folders named `include` above the file are searched */
};

/* The best guess where no include folder is known, for the file `from`; ENTRY_NONE when there
 * is none, or several are equally good. First the folders above `from` and their `include`,
 * `src` and `inc`, the nearest first; then any folder named `include`; then any folder: of
 * several the one nearest to `from`. Never `from` itself. */
uint32_t c_files_guess(const struct c_files *files, uint32_t from,
		       const struct c_candidates *candidates, enum c_guess how);

#endif
