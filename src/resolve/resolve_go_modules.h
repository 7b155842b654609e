/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_GO_MODULES_H
#define RESOLVE_GO_MODULES_H

#include "manifest/gomod.h"
#include "scan/tree.h"

/* The Go modules and workspaces of a tree, and which module path means which folder for whom.
 * Private to the Go resolver. */

#define MODULE_NONE UINT32_MAX

struct go_module {
	struct str path;    /* as its go.mod says; empty when that does not */
	uint32_t folder;    /* entry */
	uint32_t realm;     /* the testdata, _x or .x folder it is below, or the root */
	uint32_t workspace; /* index of the go.work that uses it, or MODULE_NONE */
	struct gomod mod;
};

struct go_workspace {
	uint32_t folder; /* entry */
	struct gomod mod;
};

struct go_modules {
	const struct tree *tree;
	struct go_module *items;
	size_t count;
	size_t capacity;
	struct go_workspace *workspaces;
	size_t workspace_count;
	size_t workspace_capacity;
	uint32_t *module_of; /* for each folder its module (nearest above), or MODULE_NONE */
	/* Every module path that anything names: to a run of `claims`. */
	struct map names;
	struct go_claim *claims; /* by name, rank, owner, folder */
	size_t claim_count;
	size_t claim_capacity;
	uint32_t *first_claim;  /* of each name, and one past the last */
	uint32_t most_elements; /* of a module path in `names` */
	uint32_t standard;      /* folder of the module "std", or ENTRY_NONE */
};

/* What a module path means to one module. */
struct go_meaning {
	uint32_t folder; /* the module's folder, or ENTRY_NONE */
	bool required;   /* a module of this path is required, or replaced by one elsewhere */
};

/* Reads all go.mod and go.work files of the tree. Those that cannot be understood go to
 * tree->problems. Errors: ERROR_MEMORY; `out` must be released in any case. */
int go_modules_init(struct go_modules *out, struct tree *tree, struct error *error) must_check;

/* Frees everything; takes one that is half built. */
void go_modules_release(struct go_modules *modules);

/* What `path` means for a file in the folder `folder` of module `module` (or MODULE_NONE):
 * that module's own replacements first, then itself, its workspace's replacements and modules,
 * then the nearest module of the tree with that path. */
struct go_meaning go_modules_meaning(const struct go_modules *modules, uint32_t module,
				     uint32_t folder, struct str path);

#endif
