/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_EVENT_FIXTURE_H
#define TEST_EVENT_FIXTURE_H

#include "event/event.h"
#include "port/application.h"
#include "shop.pb-c.h"

/* An application of three modules: shop publishes shop.Placed, with and without a key, to billing
 * and audit. Each notes in its own table what it handled. Billing may call audit's port, which
 * notes a call once, by its idempotency key, in audit.call. */

/* Whose tables there are, in the order of the store. */
enum { SHOP, BILLING, AUDIT, EVENTS };

/* The methods of audit's port. */
enum { FIXTURE_NOTE, FIXTURE_NOTE_JOINED };

struct fixture {
	/* What billing does with an event before it opens its transaction; NULL: nothing. */
	ash_status (*before)(ash_call *call, const Shop__Placed *event);
	/* The same after it has noted it. */
	ash_status (*billing)(ash_call *call, const Shop__Placed *event);
	/* What audit's port does after it has noted a call. */
	ash_status (*audit)(ash_call *call, const Shop__Placed *event);
	bool bare;            /* the handlers open no transaction */
	unsigned handled;     /* events that billing handled, in any order */
	char order[64 << 10]; /* "id:cents " in the order in which billing handled them */
	struct application app;
	struct event_hub *hub;
};

/* `location` as application_open() takes it; on PostgreSQL the data of the last test is removed
 * first. Options of the hub, zeroed: the defaults. */
void fixture_set_up(struct fixture *fixture, const char *location, struct event_options options);
void fixture_tear_down(struct fixture *fixture);

/* The same as another process on the data that is there. The handlers note in the last that was
 * made. */
void fixture_join(struct fixture *fixture, const char *location, struct event_options options);

/* The same as one that does not run the modules whose bits are set, from shop's, the lowest. */
void fixture_join_part(struct fixture *fixture, const char *location, struct event_options options,
		       unsigned elsewhere);

/* In which the handlers note: the last that was made, or this one. */
void fixture_use(struct fixture *fixture);

/* shop.Placed, the same with its order as a key, and billing.Charged, which is to follow that one
 * within ten minutes (the choreography shop.order), if a test has billing publish it. */
extern const ash_event *const FIXTURE_PLACED, *const FIXTURE_KEYED, *const FIXTURE_CHARGED;

/* Publishes, in a request and a transaction of its own, which is committed or taken back. */
ash_status fixture_publish(struct fixture *fixture, const char *order_id, int64_t cents, bool keyed,
			   bool commit);

/* Calls audit's port. */
extern const ash_port FIXTURE_AUDIT;
ash_status fixture_note(ash_call *call, uint16_t method, const Shop__Placed *event);

/* Handles all that is due; returns how many handlers ran. */
size_t fixture_drain(struct fixture *fixture);

/* The same while time goes by, so that what is tried again is handled too: until nothing waits. */
void fixture_settle(struct fixture *fixture);

/* Rows that match, in a table of a module. */
int64_t fixture_count(struct fixture *fixture, unsigned module, const char *table);

#endif
