/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROPOSE_PROPOSE_H
#define PROPOSE_PROPOSE_H

#include "base/text.h"
#include "contract/contract.h"
#include "graph/graph.h"
#include "scan/tree.h"

/* Guesses the modules of a tree that has no contracts, and writes contracts for them. */

enum {
	/* So many modules are proposed at most; what would make more stays in one piece. */
	PROPOSE_MODULE_LIMIT = 300,
	/* So many packages become modules at most, the largest; the others fall to the folders
	 * that hold them. */
	PROPOSE_PACKAGE_LIMIT = 200,
};

/* Fills the modules (name, path, file) of `contracts`, which must be empty but for what
 * contracts_load_root() set: the packages that manifests declare, and the folders below the
 * root; and where one of these holds most of the code, or there are few, the folders below it.
 * Tests, docs, examples and tools are no modules. Manifests that are broken, and what they list
 * that is not there, go to `warnings`, and the rest counts. Errors: ERROR_MEMORY. */
int propose_modules(const struct tree *tree, struct contracts *contracts,
		    struct error_list *warnings, struct error *error) must_check;

/* The text of an ashlar.yaml that finds the modules of `contracts` and excludes the files that
 * `left_out` names, each with its message as a comment. */
void propose_root_contract(const struct contracts *contracts, const struct error_list *left_out,
			   struct text *out);

/* The text of the module.yaml of one module, with the dependencies that are really there. */
void propose_module_contract(const struct graph *graph, uint32_t module, struct text *out);

#endif
