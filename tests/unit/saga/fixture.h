/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_SAGA_FIXTURE_H
#define TEST_SAGA_FIXTURE_H

#include "port/application.h"
#include "saga/saga.h"
#include "shop.pb-c.h"

/* An application of one module, shop, with the saga shop.checkout of three steps: reserve and
 * charge write +1 into shop.effect, and what undoes them -1 where that is there, each in the
 * step's transaction; notify opens none and cannot be undone. What a step answers, a test says. */

enum { RESERVE, CHARGE, NOTIFY, STEP_COUNT };

struct fixture {
	/* What a step answers after its effect; NULL: ASH_OK. */
	ash_status (*answer)(ash_step *step, ash_call *call, int index, bool undoing);
	char order[512]; /* "+0 +1 -0 ": what ran, in its order, of the last saga */
	struct application app;
	struct saga_hub *hub;
};

extern const ash_saga FIXTURE_CHECKOUT;

/* `location` as application_open() takes it; on PostgreSQL the data of the last test is removed
 * first. fixture_join() is another process on the data that is there. */
void fixture_set_up(struct fixture *fixture, const char *location);
void fixture_join(struct fixture *fixture, const char *location, const ash_saga *saga,
		  struct saga_options options);
void fixture_tear_down(struct fixture *fixture);

/* Whose answers and order the steps use: the last that was made, or this one. */
void fixture_use(struct fixture *fixture);

/* Starts the saga `id` in a request of its own. */
ash_status fixture_start(struct fixture *fixture, const char *id, int64_t cents);

/* Runs what is due; returns how many sagas were taken. */
size_t fixture_drain(struct fixture *fixture);

/* Goes on with the clock and drains until no saga is due any more. */
void fixture_settle(struct fixture *fixture);

/* The sum of the effects of a step of a saga, and how many rows there are. */
int64_t fixture_sum(struct fixture *fixture, const char *id, int index, int64_t *rows);

/* The saga's line; its texts are empty but status. */
struct saga_line fixture_line(struct fixture *fixture, const char *id, char status[64]);

#endif
