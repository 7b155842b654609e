/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULE_PACKAGE_H
#define RULE_PACKAGE_H

#include "rule/judge.h"

/* A third party's package that a module uses. */
struct package {
	uint32_t module;
	struct str name;
	struct use first;
	uint32_t count; /* of uses */
};

/* The packages of all modules that say by `external` which they may use; in the order of the
 * tree. */
struct packages {
	struct package *items;
	size_t count;
	size_t capacity;
	struct map by_key;
	struct arena arena;
};

/* Gathers what the rule sees. Errors: ERROR_MEMORY. */
int packages_gather(struct judge *judge, struct packages *out, struct error *error) must_check;

/* Frees what it holds; names belong to the tree. */
void packages_release(struct packages *packages);

/* Whether an entry of `external` is the package or a pattern for it. */
bool package_matches(struct str pattern, struct str package);

#endif
