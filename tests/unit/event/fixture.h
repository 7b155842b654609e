/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_EVENT_FIXTURE_H
#define TEST_EVENT_FIXTURE_H

#include "event/event.h"
#include "shop.pb-c.h"

/* An application of three modules: shop publishes shop.Placed, with and without a key, to billing
 * and audit. Each notes in its own table what it handled. */

struct fixture {
	/* What billing does with an event after it has noted it; NULL: nothing. */
	ash_status (*billing)(ash_call *call, const Shop__Placed *event);
	bool bare;            /* the handlers open no transaction */
	int64_t wall;         /* the application's clock, in microseconds */
	unsigned handled;     /* events that billing handled, in any order */
	char order[64 << 10]; /* "id:cents " in the order in which billing handled them */
	struct metrics *metrics;
	struct registry registry;
	struct store *store;
	struct environment environment;
	struct event_hub *hub;
};

/* `location` as store_open() takes it, unless ASHLAR_STORE names a PostgreSQL, whose data of the
 * last test is removed first; options of the hub, zeroed: the defaults. */
void fixture_set_up(struct fixture *fixture, const char *location, struct event_options options);
void fixture_tear_down(struct fixture *fixture);

/* The same as another process on the data that is there. The handlers note in the last that was
 * made. */
void fixture_join(struct fixture *fixture, const char *location, struct event_options options);

/* The store of the tests: `location`, or the PostgreSQL. */
const char *fixture_store(const char *location);

/* Runs SQL on the PostgreSQL as its superuser. */
void fixture_admin(const char *sql);

/* shop.Placed, and the same with its order as a key. */
extern const ash_event *const FIXTURE_PLACED, *const FIXTURE_KEYED;

/* Publishes, in a request and a transaction of its own, which is committed or taken back. */
ash_status fixture_publish(struct fixture *fixture, const char *order_id, int64_t cents, bool keyed,
			   bool commit);

/* Handles all that is due; returns how many handlers ran. */
size_t fixture_drain(struct fixture *fixture);

/* Rows that match, in a table of a module. */
int64_t fixture_count(struct fixture *fixture, unsigned module, const char *table);

#endif
