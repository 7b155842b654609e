/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROPOSE_SURVEY_H
#define PROPOSE_SURVEY_H

#include "base/text.h"
#include "finding/finding.h"
#include "graph/graph.h"

/* A first look at a tree without contracts, as text for people: its modules as proposed, the
 * cycles between them, and the pairs that use each other most. `colour` allows ANSI escapes.
 * Errors: ERROR_MEMORY. */
int survey_write(const struct graph *graph, const struct check_summary *summary, bool colour,
		 struct text *out, struct error *error) must_check;

#endif
