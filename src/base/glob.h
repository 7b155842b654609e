/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include <stdbool.h>

#include "base/str.h"

/* Matches a whole path: `*` and `?` stay inside one part, `**` as a whole part spans any
 * number of parts, `[a-z]` and `[!a-z]` are one byte, `\` takes the next byte as it is.
 * Time is at most pattern times path length times its number of parts. */
bool glob_match(struct str pattern, struct str path);

/* Whether `text` has a byte that glob_match() takes specially. */
bool glob_is_pattern(struct str text);

#endif
