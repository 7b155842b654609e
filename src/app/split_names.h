/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_SPLIT_NAMES_H
#define APP_SPLIT_NAMES_H

#include "base/text.h"
#include "placement/placement.h"

/* How splits are named by those who turn them: "PORT/METHOD" means the one of that method,
 * "PORT" all of the port (placement_means()). */

/* Whether the name means any split of the file. */
bool split_names_any(const struct placement *placement, struct str name);

/* Writes a sentence of a name that means none, with the one that may be meant. */
void split_names_none(const struct placement *placement, struct str name, struct text *out);

#endif
