/* SPDX-License-Identifier: Apache-2.0 */
#include "saga/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static struct fixture *current;

/* ---- the module ---- */

/* Undoing does no harm where nothing was done. */
static const char DO[] = "insert into shop.effect (id, step, amount) values ($1, $2, 1)",
		  UNDO[] = "insert into shop.effect (id, step, amount) select e.id, e.step, -1 "
			   "from shop.effect e where e.id = $1 and e.step = $2 group by e.id, "
			   "e.step having sum(e.amount) > 0";

static ash_status act(ash_step *step, ash_call *call, int index, bool undoing)
{
	size_t length = strlen(current->order);
	snprintf(current->order + length, sizeof current->order - length, "%c%d ",
		 undoing ? '-' : '+', index);
	if (index != NOTIFY) {
		ASH_TX(tx, call);
		ASH_TRY(ash_exec(tx, undoing ? UNDO : DO, ash_text(ash_step_saga(step)),
				 ash_int(index)));
		ASH_TRY(ash_commit(tx));
	}
	return current->answer ? current->answer(step, call, index, undoing) : ASH_OK;
}

#define DEFINE(name, index, undoing)                                                               \
	static ash_status name(ash_step *step, ash_call *call, const void *in)                     \
	{                                                                                          \
		(void)in;                                                                          \
		return act(step, call, index, undoing);                                            \
	}

DEFINE(reserve, RESERVE, false)
DEFINE(release, RESERVE, true)
DEFINE(charge, CHARGE, false)
DEFINE(refund, CHARGE, true)
DEFINE(notify, NOTIFY, false)

static const ash_saga_step STEPS[] = {
	{"reserve", .run = reserve, .undo = release, .retry = {.attempts = 4}},
	{"charge", .run = charge, .undo = refund, .retry = {.attempts = 4}},
	{"notify", .run = notify, .retry = {.attempts = 4}},
};
const ash_saga FIXTURE_CHECKOUT = ASH_SAGA("shop.checkout", &shop__placed__descriptor, STEPS,
					   .version = 1, .deadline_s = 3600);

static const ash_named OWNS[] = {{"shop", {"shop/module.yaml", 3, 15}}};
static const ash_module SHOP = {.name = "shop",
				.owner = "checkout",
				.place = {"shop/module.yaml", 1, 9},
				.owns = OWNS,
				.owns_count = 1,
				.code = ""};

/* ---- the application ---- */

static void open_application(struct application *app, const char *location)
{
	static const ash_module *const MODULES[] = {&SHOP};
	static const char *const SCHEMA[] = {"shop", NULL};
	static const struct store_migration STEPS_OF[] = {
		{"0001_effect.sql", "create table shop.effect (id text not null, step bigint not "
				    "null, amount bigint not null)"}};
	const struct store_module tables[] = {{"shop", SCHEMA, STEPS_OF, 1}, saga_store_module()};
	application_open(app, location, MODULES, 1, tables, 2);
}

void fixture_use(struct fixture *fixture)
{
	current = fixture;
}

void fixture_join(struct fixture *fixture, const char *location, const ash_saga *saga,
		  struct saga_options options)
{
	const struct saga_of of = {"shop", saga};
	struct fault fault;
	*fixture = (struct fixture){0};
	current = fixture;
	open_application(&fixture->app, location);
	if (saga_hub_new(&fixture->app.environment, 1, &of, 1, &options, fixture->app.metrics,
			 &fixture->hub, &fault))
		fail_msg("%s", fault.message);
}

void fixture_set_up(struct fixture *fixture, const char *location)
{
	application_clear("shop, ashlar_saga");
	fixture_join(fixture, location, &FIXTURE_CHECKOUT, (struct saga_options){0});
}

void fixture_tear_down(struct fixture *fixture)
{
	saga_hub_free(fixture->hub);
	application_close(&fixture->app);
}

/* ---- what tests do ---- */

struct starting {
	const char *id;
	int64_t cents;
};

static ash_status start(void *context, ash_call *call)
{
	const struct starting *starting = context;
	Shop__Placed input = SHOP__PLACED__INIT;
	input.order_id = (char *)starting->id;
	input.cents = starting->cents;
	ASH_TX(tx, call);
	ASH_TRY(ash_saga_start(tx, &FIXTURE_CHECKOUT, starting->id, &input));
	ASH_TRY(ash_commit(tx));
	assert_int_equal(ash_saga_start(tx, &FIXTURE_CHECKOUT, starting->id, &input),
			 ASH_FAILED_PRECONDITION);
	return ASH_OK;
}

ash_status fixture_start(struct fixture *fixture, const char *id, int64_t cents)
{
	struct starting starting = {id, cents};
	return application_run(&fixture->app, "shop", "start", start, &starting);
}

size_t fixture_drain(struct fixture *fixture)
{
	size_t taken = 0;
	struct fault fault;
	if (saga_hub_drain(fixture->hub, &taken, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
	return taken;
}

void fixture_settle(struct fixture *fixture)
{
	for (int i = 0; i < 40; i++) {
		fixture_drain(fixture);
		fixture->app.wall += 61 * INT64_C(1000000);
	}
}

int64_t fixture_sum(struct fixture *fixture, const char *id, int index, int64_t *rows)
{
	struct store_session *session = NULL;
	struct store_rows *found = NULL;
	struct fault fault;
	int64_t sum = 0;
	const ash_value values[] = {ash_text(id), ash_int(index)};
	if (store_acquire(fixture->app.store, STORE_NO_DEADLINE, &session, &fault) ||
	    store_begin(session, 0, STORE_READ, &fault) ||
	    store_query(session, "select amount from shop.effect where id = $1 and step = $2",
			values, 2, &found, &fault))
		fail_msg("%s", fault.message);
	for (*rows = 0; store_next(found); ++*rows)
		sum += store_get_int(found, 0);
	assert_int_equal(store_end(found, &fault), ASH_OK);
	store_release(session);
	return sum;
}

struct looking {
	struct saga_line line;
	char *status;
	unsigned count;
};

static bool keep_line(void *context, const struct saga_line *line)
{
	struct looking *looking = context;
	looking->line = *line;
	looking->count++;
	snprintf(looking->status, 64, "%s", line->status);
	return true;
}

struct saga_line fixture_line(struct fixture *fixture, const char *id, char status[64])
{
	struct looking looking = {.status = status};
	const struct saga_filter filter = {.id = id, .name = "shop.checkout"};
	struct fault fault;
	if (saga_list(fixture->hub, &filter, keep_line, &looking, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
	assert_int_equal(looking.count, 1);
	looking.line.name = looking.line.id = looking.line.status = looking.line.message = "";
	return looking.line;
}
