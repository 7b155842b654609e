/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_GO_STANDARD_H
#define RESOLVE_GO_STANDARD_H

#include <stdbool.h>

#include "base/map.h"

/* What is in Go's standard library. Private to the Go resolver. */
struct go_standard {
	struct map packages;       /* whole import paths */
	struct map first_elements; /* of their paths */
};

/* Returns false without memory; `out` must be released in any case. */
bool go_standard_init(struct go_standard *out) must_check;

/* Frees everything; takes one that is half built. */
void go_standard_release(struct go_standard *standard);

/* Whether a package, by its whole path, is of the standard library. */
static inline bool go_standard_has(const struct go_standard *standard, struct str package)
{
	return map_get(&standard->packages, package) != MAP_NONE;
}

/* Whether some package of the standard library begins with this path element. */
static inline bool go_standard_has_first(const struct go_standard *standard, struct str element)
{
	return map_get(&standard->first_elements, element) != MAP_NONE;
}

#endif
