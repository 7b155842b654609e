/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include "contract/contract.h"
#include "graph/graph.h"

/* A small tree with references and contracts, made in memory: what the scanners, the resolver
 * and the loader would have made of files. Fails the test without memory. */

enum { WORLD_ENTRIES = 4000, WORLD_REFERENCES = 16 };

struct world {
	struct tree tree;
	struct contracts contracts;
	struct graph graph;
};

/* Lays out the tree of these files (the list ends with NULL) and all folders above them. */
void world_files(struct world *world, const char *const *paths);

/* A reference in the line of a file to a path of the tree, which is its target as written. */
struct reference *world_refer(struct world *world, const char *file, uint32_t line,
			      const char *path);

/* One that goes nowhere in the tree. */
struct reference *world_refer_out(struct world *world, const char *file, uint32_t line,
				  const char *target, enum reference_state state);

/* A module; they must be added in the order of their paths. Its contract is PATH/module.yaml. */
struct module *world_module(struct world *world, const char *name, const char *path);

/* Adds to one of a module's lists; NULL adds nothing, but the list is then given. */
void world_use(struct world *world, struct module_uses *uses, const char *module, uint32_t line);
void world_word(struct world *world, struct words *words, const char *word, uint32_t line);
struct exception *world_exception(struct world *world, const char *module, enum rule_id rule,
				  const char *to, const char *until);

/* The layers, upper first; the list ends with NULL. */
void world_layers(struct world *world, const char *const *names);

/* Builds the graph, which the world owns. */
const struct graph *world_graph(struct world *world);

/* Frees the tree, the contracts and the graph. */
void world_release(struct world *world);

#endif
