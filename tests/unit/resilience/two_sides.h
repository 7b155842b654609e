/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_RESILIENCE_TWO_SIDES_H
#define TEST_RESILIENCE_TWO_SIDES_H

#include "every.pb-c.h"
#include "port/call.h"
#include "resilience/dials.h"

/* An application of two modules, orders and prices, whose port prices.v1.Prices is split between
 * two sides that a test makes answer. Messages are every.v1.Inner, and their name is the key. */

typedef Every__V1__Inner Inner;

/* Reads; writes; writes and is idempotent; joins its caller's transaction. */
enum { GET, SET, REPLACE, JOIN, METHODS };

/* What a side does; on any thread. */
typedef ash_status (*side_answer)(enum dial_side side, uint16_t method, ash_call *call,
				  const Inner *in, Inner *out);

struct two_sides {
	struct metrics *metrics;
	struct recorder *recorder;
	struct registry registry;
	struct environment environment;
	struct arena arena;
	struct dials dials;
	struct dial dial; /* of all methods */
	side_answer answer;
};

extern const ash_port prices_port;

/* Splits the port by `share`; `to` is said to be in another process where `remote`. */
void two_sides_set_up(struct two_sides *sides, uint32_t share, bool remote);
void two_sides_tear_down(struct two_sides *sides);

/* A request of its own that calls the method. */
ash_status two_sides_call(struct two_sides *sides, uint16_t method, const char *name,
			  const char *key, Inner *out, struct fault *fault);

/* The call of `request`, which was begun. */
ash_status two_sides_call_in(struct two_sides *sides, struct request *request, uint16_t method,
			     Inner *in, Inner *out);

#endif
