/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_RESOLVE_JAVA_H
#define RESOLVE_RESOLVE_JAVA_H

#include "resolve/resolver.h"

/* What Java's resolver knows of a tree: packages, and the types in them. Private to it. */

#define JAVA_NO_PACKAGE UINT32_MAX

enum {
	JAVA_ROOT_LIMIT = 256, /* source roots that a user may name */
	/* Packages of the tree that a file imports with a star; more are not looked in. */
	JAVA_STAR_LIMIT = 64,
	JAVA_NESTED_BITS = 16,
};

/* Entries that share a name, in ascending order: index->members[first] and on. */
struct java_group {
	struct str name;
	uint32_t package;
	uint32_t first;
	uint32_t count;
};

/* A package of the tree; its members are the folders that its files are in. */
struct java_package {
	struct java_group folders;
	uint32_t last_folder; /* while counting */
};

/* Most names that are looked for are of no type: a slot tells without a look at the group. */
struct java_slot {
	uint32_t hash;
	uint32_t group; /* its number + 1; 0: the slot is empty */
};

struct java_index {
	struct arena arena;
	struct map packages; /* name -> number */
	struct java_package *package_table;
	size_t package_count;
	size_t package_capacity;
	struct map modules;      /* name of a module -> entry of its module-info.java */
	struct java_slot *slots; /* by hash of package and name */
	size_t mask;
	struct java_group *groups;
	size_t group_count;
	size_t group_capacity;
	uint32_t *members;
	uint32_t *package_of;  /* entry of a source file -> number of its package */
	uint32_t *root_of;     /* entry of a source file -> folder where its package starts */
	uint32_t *named_roots; /* folders that the user names as source roots, in their order */
	size_t named_root_count;
	uint32_t *module_of; /* folder -> nearest one, itself or above, with a build file */
	uint32_t lang;       /* java.lang, when the tree is a JDK; else JAVA_NO_PACKAGE */
	/* One bit for each hash of a name, set where a type in a type has a name like that. */
	uint64_t nested[(1 << JAVA_NESTED_BITS) / 64];
	bool odd_names; /* a type starts with no capital, or a package's part with one */
};

/* One file while it is resolved. */
struct java_file {
	const struct java_index *index;
	const struct tree *tree;
	uint32_t entry;
	bool is_module_info;
	/* The package asked for last: what is imported stands sorted, mostly. */
	struct str asked;
	uint32_t asked_number; /* JAVA_NO_PACKAGE: not of the tree */
	size_t looked;         /* declarations and imports looked at for what is inherited */
	uint32_t stars[JAVA_STAR_LIMIT];
	size_t star_count;
};

/* Indexes the Java files of the tree. `roots` are paths of source roots that the user names, at
 * most JAVA_ROOT_LIMIT of which count. Errors: ERROR_MEMORY; `out` must be released in any
 * case. */
int java_index_init(struct java_index *out, const struct tree *tree, const struct str *roots,
		    size_t root_count, struct error *error) must_check;

/* Frees everything; takes one that is half built. */
void java_index_release(struct java_index *index);

/* The number of a package of the tree, or JAVA_NO_PACKAGE. */
uint32_t java_index_package(const struct java_index *index, struct str name);

/* The files that declare a type in the package at their top level, or NULL. */
const struct java_group *java_index_type(const struct java_index *index, uint32_t package,
					 struct str name);

/* Whether a type in a type may have the name, anywhere in the tree. */
bool java_index_is_nested(const struct java_index *index, struct str name);

/* Length of the package in front of a dotted name: up to the first part with a capital, or
 * without the last part when there is none. A star counts as a capital. */
size_t java_package_length(struct str name);

/* The type of the tree that a dotted name starts with, the shortest as in the language; or
 * NULL. `package_end` is the name's java_package_length(). */
const struct java_group *java_find_type(struct java_file *file, struct str name,
					size_t package_end);

/* Whether the type of the file with the number `within`, or one around it, inherits a type
 * with the name from a supertype in the tree. Past a bound of what is looked at: false. */
bool java_inherits(struct java_file *file, uint16_t within, struct str name);

/* The member of the group that `from` means: the one in its own source root, else in its own
 * build module, else the nearest; where roots that the user names come first, in their order,
 * and main code comes before tests. */
uint32_t java_index_choose(const struct java_index *index, const struct tree *tree,
			   const struct java_group *group, uint32_t from);

/* Whether a name is of the JDK, by its package. */
bool java_is_standard(struct str name);

/* Whether a module is of the JDK. */
bool java_is_standard_module(struct str name);

#endif
