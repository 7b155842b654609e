/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_PORT_FIXTURE_H
#define TEST_PORT_FIXTURE_H

#include "port/call.h"

/* An application of two modules, orders and billing, as the generator would write their tables:
 * orders depends on billing; both keep data; billing's port has methods of all kinds. */

/* The methods of billing.v1.Billing. */
enum { CHARGE, CHARGE_JOINED, TOTAL, METHODS };

/* A request's and a reply's struct. */
struct sum {
	int64_t cents;
};

/* What a test lets the handlers of billing, and the first call of orders, do. */
typedef ash_status (*handler)(ash_call *call, const struct sum *in, struct sum *out);

struct fixture {
	handler methods[METHODS];
	handler orders; /* of orders.v1.Orders/Place */
	struct metrics *metrics;
	struct recorder *recorder;
	struct registry registry;
	struct store *store;
	struct environment environment;
	struct request request;
};

extern const ash_port billing_port, orders_port;
extern const ash_module billing_module, orders_module;

/* Makes the application over an SQLite store in memory; traces are sampled if `sampled`. */
void fixture_set_up(struct fixture *fixture, bool sampled);
void fixture_tear_down(struct fixture *fixture);

/* Sends a request to orders.v1.Orders/Place, which runs fixture->orders. */
ash_status fixture_place(struct fixture *fixture);

/* The number of rows in billing.charge, read in a request of its own. */
int64_t fixture_charges(struct fixture *fixture);

#endif
