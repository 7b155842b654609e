/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCAN_TREE_H
#define SCAN_TREE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/ignore.h"
#include "base/map.h"
#include "scan/facts.h"

/* All files and folders of a tree, and what the source files among them refer to. */

struct entry {
	struct str path;     /* NUL-terminated, relative to the root; "" is the root */
	uint32_t parent;     /* ENTRY_NONE for the root */
	uint32_t end;        /* entries from this one to before `end` are in the folder */
	struct facts *facts; /* NULL unless it is a source file that was scanned */
	bool is_folder;
	uint8_t language; /* enum language */
};

struct tree {
	const char *root;      /* where paths start: a path that can be opened */
	struct entry *entries; /* a folder, its files by name, its folders by name; root first */
	uint32_t count;
	struct map by_path; /* from path to entry */
	bool in_git;
	uint32_t file_count; /* source files that were scanned */
	uint64_t line_count; /* in them */
	/* Files and folders that could not be read or scanned. The rest was. */
	struct error_list problems;
	/* Source files that are not UTF-8; they were scanned as bytes. */
	struct error_list remarks;
	struct arena arena;
};

/* Walks and scans the tree below `root` with `workers` threads. `exclude` may be NULL.
 * Errors: ERROR_NOT_FOUND and ERROR_IO for the root itself, ERROR_MEMORY. */
int tree_scan(const char *root, const struct ignore_file *exclude, unsigned workers,
	      struct tree *out, struct error *error) must_check;

/* Frees everything; takes an empty tree. */
void tree_release(struct tree *tree);

/* The entry of a path (relative to the root), or ENTRY_NONE. */
uint32_t tree_find(const struct tree *tree, struct str path);

/* The entry of `relative` ("../a/b.c") seen from `folder`, or ENTRY_NONE. */
uint32_t tree_find_from(const struct tree *tree, struct str folder, struct str relative);

/* Whether `entry` is `folder` or below it. */
static inline bool tree_is_within(const struct tree *tree, uint32_t entry, uint32_t folder)
{
	return entry >= folder && entry < tree->entries[folder].end;
}

#endif
