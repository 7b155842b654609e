/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_DIALS_H
#define RESILIENCE_DIALS_H

#include "resilience/dial.h"

/* A port some of whose methods are split: each of these goes by its dial, the others straight to
 * one implementation. Who calls does not see it. */

/* Where calls of a method go. */
struct dials_way {
	struct dial *dial;              /* NULL: straight */
	const struct binding *straight; /* without a dial */
};

/* The ways of all methods, as a port is bound to them. */
struct dials_map {
	struct binding binding;
	struct dials_way *ways; /* one a method */
	bool turns;             /* one of them is a dial */
	const struct dials *dials;
};

/* Whoever makes it owns it, longer than any call. */
struct dials {
	struct binding before;   /* what the port was bound to */
	struct binding others;   /* where the methods go that no dial is for */
	struct dials_map calls;  /* for calls that begin in this process */
	struct dials_map comers; /* for those of other processes, which chose this one */
};

/* Makes it for the port that `binding` leads to, with no dial yet. Methods that join their caller's
 * transaction stay with `binding`, and all others go to `others`. The ways live in `arena`. Errors:
 * ERROR_MEMORY. */
int dials_init(struct dials *dials, const struct binding *binding, const struct binding *others,
	       struct arena *arena, struct error *error) must_check;

/* Has the methods of the dial go by it, which are of no other one; calls from other processes,
 * too, where it `turns_comers`: both of its sides are in this process. */
void dials_add(struct dials *dials, struct dial *dial, bool turns_comers);

/* Puts the dials in the place of what the port is bound to. Before the first call. */
void dials_bind(const struct dials *dials, struct binding *binding);

/* The dial of a method of the port, where it is bound to dials right away; else NULL. */
struct dial *dials_at(const struct binding *binding, uint16_t method);

/* What answers calls of other processes. */
const struct binding *dials_inside(const struct binding *binding);

/* A port_invoke: by the method's dial, as dial_call(), or straight. */
ash_status dials_invoke(const struct binding *binding, uint16_t method, ash_call *call,
			const void *in, void *out) must_check;

#endif
