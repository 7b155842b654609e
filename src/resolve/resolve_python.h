/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_RESOLVE_PYTHON_H
#define RESOLVE_RESOLVE_PYTHON_H

#include "resolve/resolver.h"

/* What Python's resolver knows of a tree: its modules by path, the folders where absolute
 * names start (roots), and the names that start there. */

/* Names of the standard library, at the top level; with '!' before what is built in. */
extern const char *const python_standard[];
extern const size_t python_standard_count;

/* What an entry of the tree is to Python. */
enum python_role {
	PYTHON_HOLDS = 1,       /* a folder with modules in it, at any depth */
	PYTHON_PACKAGE = 2,     /* a folder with an __init__ */
	PYTHON_INSIDE = 4,      /* a folder in a package, at any depth */
	PYTHON_LOOSE = 8,       /* a folder with modules directly in it */
	PYTHON_PROJECT = 16,    /* a folder with a pyproject.toml, setup.py or the like */
	PYTHON_ROOT = 32,       /* a root for all files */
	PYTHON_GUESSED = 64,    /* a root only because a package is in it */
	PYTHON_LONGER = 128,    /* a module that is imported under a longer name than from the
				* guessed root it is in */
	PYTHON_SCRIPTS = 256,   /* a root for the files below it: scripts are directly in it */
	PYTHON_NAMESPACE = 512, /* a folder that is imported from as a namespace package */
	PYTHON_ASIDE = 1024,    /* a folder of tests, examples, documents: roots in it are for
				 * files in it */
	PYTHON_IN_ASIDE = 2048, /* such a folder, or one in it */
};

enum {
	/* Roots in each other that names are looked for in, from the innermost outwards. */
	PYTHON_ROOT_LIMIT = 16,
	/* Modules of the same name, equally near, that are compared by depth. */
	PYTHON_RIVAL_LIMIT = 64,
	/* A path made of a root and a dotted name; longer ones name nothing. */
	PYTHON_PATH_LIMIT = 8192,
};

/* One name that starts at roots. */
struct python_top {
	uint32_t place_count; /* modules of that name in roots of any sort */
	uint32_t root_count;  /* of them those in roots for all files */
	uint32_t root_place;  /* the entry of the last of them */
	bool standard;
	bool built_in;      /* standard, and in the interpreter itself: nothing goes before it */
	bool has_namespace; /* one of the places is a namespace package */
};

/* The modules that have one name, each seen from its root: entries in ascending order,
 * members[first] to before members[first + count]. */
struct python_group {
	uint32_t first;
	uint32_t count;
	bool noted; /* a reference names it */
};

struct python_index {
	struct arena arena;
	uint16_t *roles;    /* of each entry, enum python_role */
	struct map modules; /* path without extension or __init__ -> entry */
	struct map names;   /* first part of a name -> number of its top */
	struct python_top *tops;
	size_t top_count;
	size_t top_capacity;
	struct map spread; /* path from the root on, where a first part has several roots ->
			    * number of its group */
	struct python_group *groups;
	uint32_t *members;
};

/* Builds the index of a tree. Errors: ERROR_MEMORY; the index must be released then too. */
int python_index_build(const struct tree *tree, const struct resolve_settings *settings,
		       struct python_index *out, struct error *error) must_check;

/* Frees what the index holds; also of one that was built in part. */
void python_index_release(struct python_index *index);

/* The entry that importing the module at `path` (slashes, no extension) yields: a file, a
 * package's __init__, the folder of a namespace package; ENTRY_NONE when there is none. */
uint32_t python_module(const struct python_index *index, struct str path);

/* The top-level name, or NULL when neither the tree nor the standard library has it. */
static inline const struct python_top *python_top(const struct python_index *index, struct str name)
{
	uint32_t number = map_get(&index->names, name);
	return number == MAP_NONE ? NULL : &index->tops[number];
}

/* The folder that stands for a module: of an __init__ the package's; else the entry. */
uint32_t python_owner(const struct tree *tree, uint32_t entry);

/* Joins the path of a root and a dotted name into `buffer` of PYTHON_PATH_LIMIT bytes, with
 * slashes; an empty str when it gets too long. */
struct str python_path(struct str root, struct str name, char *buffer);

#endif
