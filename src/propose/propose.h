/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROPOSE_PROPOSE_H
#define PROPOSE_PROPOSE_H

#include "base/text.h"
#include "contract/contract.h"
#include "graph/graph.h"
#include "scan/tree.h"

/* Guesses the modules of a tree that has no contracts, and writes contracts for them. */

/* So many modules are proposed at most; what would make more stays in one piece. */
enum { PROPOSE_MODULE_LIMIT = 400 };

/* Fills the modules (name, path, file) of `contracts`, which must be empty but for what
 * contracts_load_root() set: folders with a manifest of their own (package.json, go.mod,
 * pom.xml, build.gradle, pyproject.toml, setup.py, package.yml); else the top folders, where
 * a folder that only holds others, or most of the code, is opened into those below it. Tests,
 * docs, examples and tools are no modules. Errors: ERROR_MEMORY. */
int propose_modules(const struct tree *tree, struct contracts *contracts,
		    struct error *error) must_check;

/* The text of an ashlar.yaml that finds the modules of `contracts`. */
void propose_root_contract(const struct contracts *contracts, struct text *out);

/* The text of the module.yaml of one module, with the dependencies that are really there. */
void propose_module_contract(const struct graph *graph, uint32_t module, struct text *out);

#endif
