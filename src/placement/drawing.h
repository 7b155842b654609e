/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLACEMENT_DRAWING_H
#define PLACEMENT_DRAWING_H

#include "placement/plan.h"

/* A placement that is drawn: what crosses a border, and what splits do to it. Internal to
 * placement/. */

enum { DRAWN_FROM, DRAWN_TO, DRAWN_SIDES };

struct drawn_split {
	const struct placement_split *said;
	const ash_port *port;
	struct plan_side sides[DRAWN_SIDES];
	bool *calls; /* by module: its contract lets it call what is split, and it is placed */
};

struct drawing {
	struct plan plan;
	struct drawn_split *splits; /* those whose names are known */
	size_t split_count;
	bool *always_split; /* by module: none of its methods is called past a split */
	struct arena arena;
};

/* Whether a call from a module to the process of another one leaves its own. */
bool drawing_crosses(const struct drawing *drawing, uint32_t caller, uint32_t process);

/* Whether the split is of the method. */
bool drawing_has(const struct drawn_split *split, const ash_method *method);

/* Whether some of those who may call are in another process than the side. */
bool drawing_is_remote(const struct drawing *drawing, const struct drawn_split *split, int side);

/* Basis points of the calls that the side begins with. */
uint32_t drawing_share(const struct drawn_split *split, int side);

/* What calls stick to: a field of the request, or one a method, or the trace. */
const char *drawing_sticky(const struct drawn_split *split);

/* Writes basis points as the file would: "2.50%". */
void drawing_add_share(struct text *out, uint32_t share);

/* Writes the addresses of a process, with `between` them. */
void drawing_add_addresses(const struct drawing *drawing, uint32_t process, const char *between,
			   struct text *out);

/* draw_text.c, draw_graph.c: all of it. */
void draw_text(const struct drawing *drawing, struct text *out);
void draw_dot(const struct drawing *drawing, struct text *out);
void draw_mermaid(const struct drawing *drawing, struct text *out);

#endif
