/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_RESOLVE_JAVASCRIPT_H
#define RESOLVE_RESOLVE_JAVASCRIPT_H

#include "manifest/package_json.h"
#include "manifest/tsconfig.h"
#include "resolve/resolver.h"

/* What the parts of the JavaScript resolver share. Private to resolve_javascript*.c. Nothing
 * here is written once javascript_prepare is done. */

#define INDEX_NONE UINT32_MAX

/* ---- packages ---- */

/* A folder with a package.json, pnpm-workspace.yaml or lerna.json. */
struct javascript_package {
	uint32_t folder; /* entry */
	uint32_t parent; /* the package around it, or INDEX_NONE */
	uint32_t next;   /* the next with the same name, or INDEX_NONE */
	uint32_t
		workspace; /* the package whose workspace it is in (may be itself), or INDEX_NONE */
	struct str_list patterns; /* of the workspace that it is the root of */
	struct package_json json;
	struct map dependencies; /* from name to index in json.dependencies */
};

/* ---- configurations ---- */

/* A pattern of `paths` with its targets as paths of the tree, with their star. */
struct javascript_mapping {
	struct str prefix;
	struct str suffix;
	bool star;
	const struct str *targets;
	size_t target_count;
};

/* Where a configuration's compiler takes its sources from and puts what it makes. */
struct javascript_output {
	struct str root;
	struct str out;
};

/* So many are asked for a folder at most. */
enum { JAVASCRIPT_OUTPUT_LIMIT = 16 };

/* A tsconfig.json or jsconfig.json with what it extends. */
struct javascript_config {
	struct str path;
	struct str folder;
	bool loaded; /* else its file was broken, or is being read */
	struct tsconfig own;
	/* Where what was inherited comes from: paths in it are relative to that folder. */
	struct str base_folder;
	struct str paths_folder;
	struct str root_dirs_folder;
	struct str files_folder;
	struct str include_folder;
	struct str exclude_folder;
	struct str out_folder;
	struct str root_folder;
	/* The same, worked out. */
	bool has_base;
	struct str base;                     /* of bare names; a path of the tree */
	struct javascript_mapping *mappings; /* with a star; longest prefix first */
	size_t mapping_count;
	struct map exact; /* from a whole name to index in exact_mappings */
	struct javascript_mapping *exact_mappings;
	struct str_list roots;   /* of rootDirs */
	struct str_list files;   /* paths of the tree */
	struct str_list include; /* patterns of whole paths */
	struct str_list exclude;
	struct javascript_output output; /* `out.at` is NULL where none is given */
	const uint32_t *references;      /* configurations */
	size_t reference_count;
};

/* ---- all ---- */

struct javascript_state {
	const struct tree *tree;
	const struct str *roots; /* the user's, where bare names start */
	size_t root_count;
	struct javascript_package *packages;
	size_t package_count;
	size_t package_capacity;
	struct map names; /* from a package's name to the first with it */
	struct javascript_config *configs;
	size_t config_count;
	size_t config_capacity;
	struct map config_files; /* from path to configuration */
	struct map builtins;     /* Node.js's own modules */
	uint32_t *package_of;    /* by folder entry: the package it is in, or INDEX_NONE */
	uint32_t *config_of;     /* by folder entry: the nearest configuration, or INDEX_NONE */
	struct arena arena;      /* everything that is not a map or one of the arrays */
};

/* Where a reference stands. */
struct javascript_place {
	uint32_t folder;                        /* entry */
	uint32_t package;                       /* or INDEX_NONE */
	const struct javascript_config *config; /* or NULL */
	bool typescript; /* TypeScript's order of extensions, not JavaScript's */
};

/* Reads all package.json, pnpm-workspace.yaml and lerna.json of the tree. What is wrong with
 * one is told in tree->problems. Errors: ERROR_MEMORY. */
int javascript_read_packages(struct javascript_state *state, struct tree *tree,
			     struct error *error) must_check;

/* The package of that name as seen from `from` (which may be INDEX_NONE): itself, one of the
 * same workspace, the folder its version says, or, if no version says that it comes from a
 * registry, the nearest in the tree. INDEX_NONE when it is none of the tree. */
uint32_t javascript_find_package(const struct javascript_state *state, uint32_t from,
				 struct str name);

/* Length of "name" or "@scope/name" at the start of a bare name. */
size_t javascript_package_length(struct str name);

/* The dependency of that name that `from` or a package around it declares, or NULL. */
const struct package_dependency *javascript_dependency(const struct javascript_state *state,
						       uint32_t from, struct str name);

/* Reads all tsconfig.json and jsconfig.json of the tree and what they extend and refer to.
 * What is wrong with one is told in tree->problems. Packages must have been read. Errors:
 * ERROR_MEMORY. */
int javascript_read_configs(struct javascript_state *state, struct tree *tree,
			    struct error *error) must_check;

/* Fills `out` (of JAVASCRIPT_OUTPUT_LIMIT) with the outputs of the configuration of `folder`
 * (an entry) and of those it refers to, and returns how many. */
size_t javascript_outputs(const struct javascript_state *state, uint32_t folder,
			  struct javascript_output *out);

/* The configuration that governs a file, or NULL. */
const struct javascript_config *javascript_config_for(const struct javascript_state *state,
						      uint32_t file);

/* Reads the file of a manifest into `arena`. */
int javascript_read_manifest(const struct tree *tree, struct str path, struct arena *arena,
			     struct str *out, struct error *error) must_check;

/* `relative` seen from `folder`, with room for an extension behind it. Returns its length, or
 * -1 when it leaves the tree or is too long. `buffer` takes PATH_LIMIT bytes. */
ptrdiff_t javascript_join(struct str folder, struct str relative, char *buffer);

/* The file that a path without, or with the wrong, extension means; or the main file of the
 * folder there; or ENTRY_NONE. */
uint32_t javascript_find_file(const struct javascript_state *state, struct str path,
			      bool typescript);

/* The file that an import of the package itself (`rest` is "") or of "/x" in it means; the
 * package's folder where that is not in the tree. */
uint32_t javascript_find_in_package(const struct javascript_state *state, uint32_t package,
				    struct str rest, bool typescript);

/* The main file of the folder at `path`, or ENTRY_NONE. */
uint32_t javascript_find_folder(const struct javascript_state *state, struct str path,
				bool typescript);

/* What `name` ("#a") leads to by `imports` of the package: a file, or ENTRY_NONE; then `*bare`
 * is the name of the other package that it stands for, in `buffer` of PATH_LIMIT bytes, or
 * empty. */
uint32_t javascript_find_import(const struct javascript_state *state, uint32_t package,
				struct str name, bool typescript, struct str *bare, char *buffer);

/* Copies `pattern` with its first star replaced to `buffer` of PATH_LIMIT bytes; the empty
 * str when it is too long. */
struct str javascript_fill_star(struct str pattern, struct str star, char *buffer);

/* Fills state->builtins. Returns false without memory. */
bool javascript_add_builtins(struct javascript_state *state) must_check;

#endif
