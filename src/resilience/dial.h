/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESILIENCE_DIAL_H
#define RESILIENCE_DIAL_H

#include "base/arena.h"
#include "base/error.h"
#include "port/registry.h"
#include "resilience/split.h"

/* Methods of a port that two implementations answer: each call goes to one of them, by its key and
 * the share that the dial says at that moment, and ends where it began. */

/* A dial that is for all methods of its port, but those that join their caller's transaction. */
#define DIAL_ALL UINT16_MAX

enum dial_side { DIAL_FROM, DIAL_TO, DIAL_SIDES };

struct shadow;

/* One implementation. */
struct dial_part {
	struct binding inside; /* as it answers */
	struct binding shown;  /* the same with a name and numbers of its own, for calls */
	const char *name;      /* "billing@money" */
	bool remote;           /* `inside` leads to another process at once */
};

/* Whoever binds it owns it, longer than any call. */
struct dial {
	const ash_port *port;
	uint16_t method; /* the only one that it is for, or DIAL_ALL */
	struct split split;
	struct dial_part parts[DIAL_SIDES];
	const ProtobufCFieldDescriptor **sticky; /* one a method, of its request; NULL: no key */
	bool same_data;            /* both keep the same data, so that a key is known to both */
	struct shadow *shadow;     /* or NULL */
	struct series **fallbacks; /* one a method, as the next */
	struct series **share;
};

/* Why calls cannot be spread by the field: a text that lasts, or NULL. */
const char *dial_key_mistake(const ProtobufCFieldDescriptor *field);

/* Whether calls of the method go by the dial. */
bool dial_has(const struct dial *dial, uint16_t method);

/* Makes one side of what `binding` says, after dial_init(). Names and numbers live in `arena`
 * and `metrics`, `name` as long as the dial. Errors: ERROR_MEMORY, ERROR_LIMIT (metrics). */
int dial_set(struct dial *dial, enum dial_side side, const char *name,
	     const struct binding *binding, bool remote, struct metrics *metrics,
	     struct arena *arena, struct error *error) must_check;

/* A dial for one method of the port, or DIAL_ALL. Finds the key of each: the field of that name
 * in its request, the method's own sticky key where `sticky` is NULL, or none; one that cannot
 * be a key counts as none. Counts fallbacks and shows the share. Errors: as dial_set(). */
int dial_init(struct dial *dial, const ash_port *port, uint16_t method, const char *sticky,
	      uint32_t share, struct metrics *metrics, struct arena *arena,
	      struct error *error) must_check;

/* Turns it: calls that begin from now on go by the new share. Any thread. Answers what it was. */
uint32_t dial_turn(struct dial *dial, uint32_t share);

/* The side that a call of one of its methods takes right now. A request whose key is empty, as
 * one of a method without, goes by its trace's id: all calls of one trace go the same way.
 * Errors: ASH_RESOURCE_EXHAUSTED. */
ash_status dial_choose(const struct dial *dial, uint16_t method, const ash_call *call,
		       const void *in, enum dial_side *out) must_check;

/* Calls the side that the key says. Where `to` fails, as far as its failure speaks
 * against it (POLICY_FAILURES), `from` is called in its place if nothing was begun there, or if
 * the call may be made twice: a method without side effects, or, where both keep the same data,
 * one that is idempotent or has an idempotency key; never inside of an open transaction. Errors:
 * those of the call. */
ash_status dial_call(const struct dial *dial, uint16_t method, ash_call *call, const void *in,
		     void *out) must_check;

#endif
