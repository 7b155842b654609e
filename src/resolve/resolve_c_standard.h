/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESOLVE_C_STANDARD_H
#define RESOLVE_C_STANDARD_H

#include <stdbool.h>

#include "base/map.h"

/* The headers of the compiler and the C library. Private to the C resolver. */
struct c_standard {
	struct map headers;
};

/* Returns false without memory; `out` must be released in any case. */
bool c_standard_init(struct c_standard *out) must_check;

/* Frees everything; takes one that is half built. */
void c_standard_release(struct c_standard *standard);

/* Whether a header belongs to the language, POSIX or the compiler. */
static inline bool c_standard_has(const struct c_standard *standard, struct str header)
{
	return map_get(&standard->headers, header) != MAP_NONE;
}

#endif
