/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include <stdbool.h>

#include "base/str.h"

/* Matches a whole path, as git's wildmatch does: `*` and `?` stay inside one part, `**` as a
 * whole part spans any number of parts, `[a-z]`, `[!a-z]` (or `[^a-z]`) and `[[:alpha:]]` are
 * one byte other than '/', `\` takes the next byte as it is. A set that is not closed matches
 * nothing. Time is at most pattern times path length, a few million steps at their limits. */
bool glob_match(struct str pattern, struct str path);

/* Whether `text` has a byte that glob_match() takes specially. */
bool glob_is_pattern(struct str text);

#endif
