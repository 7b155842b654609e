/* SPDX-License-Identifier: Apache-2.0 */
#include "event/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct fixture *current;
static pthread_mutex_t order_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- what the generator would write ---- */

static const ash_event PLACED = {"shop.Placed", "shop", &shop__placed__descriptor, NULL};
static const ash_event KEYED = {"shop.PlacedKeyed", "shop", &shop__placed__descriptor, "order_id"};
const ash_event *const FIXTURE_PLACED = &PLACED, *const FIXTURE_KEYED = &KEYED;
static const ash_event *const PUBLISHES[] = {&PLACED, &KEYED};

static ash_status note(ash_call *call, const char *sql, const Shop__Placed *event)
{
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx, sql, ash_text(event->order_id), ash_int(event->cents)));
	return ash_commit(tx);
}

static ash_status deliver_billing(const void *code, ash_call *call, const void *message)
{
	const Shop__Placed *event = message;
	(void)code;
	if (!current->bare)
		ASH_TRY(note(call, "insert into billing.charge (order_id, cents) values ($1, $2)",
			     event));
	if (current->billing)
		ASH_TRY(current->billing(call, event));
	pthread_mutex_lock(&order_lock);
	size_t length = strlen(current->order);
	__atomic_fetch_add(&current->handled, 1, __ATOMIC_RELAXED);
	snprintf(current->order + length, sizeof current->order - length, "%s:%d ", event->order_id,
		 (int)event->cents);
	pthread_mutex_unlock(&order_lock);
	return ASH_OK;
}

static ash_status deliver_audit(const void *code, ash_call *call, const void *message)
{
	(void)code;
	if (current->bare)
		return ASH_OK;
	return note(call, "insert into audit.line (order_id, cents) values ($1, $2)", message);
}

static bool has(const void *code)
{
	(void)code;
	return true;
}

static const ash_named SHOP_OWNS[] = {{"shop", {"shop/module.yaml", 3, 15}}};
static const ash_named BILLING_OWNS[] = {{"billing", {"billing/module.yaml", 3, 15}}};
static const ash_named AUDIT_OWNS[] = {{"audit", {"audit/module.yaml", 3, 15}}};
static const ash_named USES_SHOP[] = {{"shop", {"module.yaml", 2, 14}}};
static const ash_subscribes BILLING_SUBSCRIBES[] = {
	{&PLACED, deliver_billing, has, {"billing/module.yaml", 4, 23}},
	{&KEYED, deliver_billing, has, {"billing/module.yaml", 4, 36}},
};
static const ash_subscribes AUDIT_SUBSCRIBES[] = {
	{&PLACED, deliver_audit, has, {"audit/module.yaml", 4, 23}},
};

static const ash_module SHOP = {.name = "shop",
				.owner = "checkout",
				.place = {"shop/module.yaml", 1, 9},
				.owns = SHOP_OWNS,
				.owns_count = 1,
				.publishes = PUBLISHES,
				.publishes_count = 2,
				.code = ""};
static const ash_module BILLING = {.name = "billing",
				   .owner = "payments",
				   .place = {"billing/module.yaml", 1, 9},
				   .depends_on = USES_SHOP,
				   .depends_on_count = 1,
				   .owns = BILLING_OWNS,
				   .owns_count = 1,
				   .subscribes = BILLING_SUBSCRIBES,
				   .subscribes_count = 2,
				   .code = ""};
static const ash_module AUDIT = {.name = "audit",
				 .owner = "finance",
				 .place = {"audit/module.yaml", 1, 9},
				 .depends_on = USES_SHOP,
				 .depends_on_count = 1,
				 .owns = AUDIT_OWNS,
				 .owns_count = 1,
				 .subscribes = AUDIT_SUBSCRIBES,
				 .subscribes_count = 1,
				 .code = ""};

/* ---- the application ---- */

static int64_t fixture_wall(const struct clock *clock)
{
	(void)clock;
	return __atomic_load_n(&current->wall, __ATOMIC_RELAXED);
}

static uint64_t fixture_monotonic(const struct clock *clock)
{
	(void)clock;
	return clock_monotonic();
}

static const struct clock fixture_clock = {fixture_monotonic, fixture_wall};

static void open_store(struct fixture *fixture, const char *location)
{
	static const char *const SHOP_SCHEMA[] = {"shop", NULL},
				 *const BILLING_SCHEMA[] = {"billing", NULL},
				 *const AUDIT_SCHEMA[] = {"audit", NULL};
	static const struct store_migration S[] = {
		{"0001_order.sql",
		 "create table shop.placed (order_id text not null, cents bigint not null)"}};
	static const struct store_migration B[] = {
		{"0001_charge.sql",
		 "create table billing.charge (order_id text not null, cents bigint not null)"}};
	static const struct store_migration A[] = {
		{"0001_line.sql",
		 "create table audit.line (order_id text not null, cents bigint not null)"}};
	const struct store_module modules[] = {{"shop", SHOP_SCHEMA, S, 1},
					       {"billing", BILLING_SCHEMA, B, 1},
					       {"audit", AUDIT_SCHEMA, A, 1},
					       event_store_module()};
	const struct store_options options = {
		.location = location, .modules = modules, .module_count = 4};
	struct fault fault;
	if (store_open(&fixture->store, &options, &fault) != ASH_OK ||
	    store_migrate(fixture->store, &(struct store_migration_options){0}, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
}

void fixture_join(struct fixture *fixture, const char *location, struct event_options options)
{
	static const ash_module *const MODULES[] = {&SHOP, &BILLING, &AUDIT};
	struct error_list errors = {0};
	struct error error;
	struct fault fault;
	*fixture = (struct fixture){.wall = 1795241041000000};
	current = fixture;
	fixture->metrics = metrics_new();
	assert_int_equal(
		registry_build(MODULES, 3, fixture->metrics, &fixture->registry, &errors, &error),
		0);
	assert_int_equal(errors.count, 0);
	open_store(fixture, fixture_store(location));
	fixture->environment = (struct environment){
		.registry = &fixture->registry, .store = fixture->store, .clock = &fixture_clock};
	if (event_hub_new(&fixture->environment, &options, fixture->metrics, &fixture->hub, &fault))
		fail_msg("%s", fault.message);
}

const char *fixture_store(const char *location)
{
	const char *wanted = getenv("ASHLAR_STORE");
	return wanted && strncmp(wanted, "postgres", 8) == 0 ? wanted : location;
}

void fixture_admin(const char *sql)
{
	PGconn *connection = PQconnectdb(getenv("ASHLAR_STORE_ADMIN"));
	PGresult *result = PQexec(connection, sql);
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(connection));
	PQclear(result);
	PQfinish(connection);
}

void fixture_set_up(struct fixture *fixture, const char *location, struct event_options options)
{
	if (fixture_store(location) != location)
		fixture_admin(
			"set client_min_messages = error; drop schema if exists ashlar, shop, "
			"billing, audit, ashlar_event cascade");
	fixture_join(fixture, location, options);
}

void fixture_tear_down(struct fixture *fixture)
{
	event_hub_free(fixture->hub);
	metrics_free(fixture->metrics);
	store_free(fixture->store);
	registry_release(&fixture->registry);
}

struct publishing {
	const char *order_id;
	int64_t cents;
	bool keyed;
	bool commit;
};

static ash_status publish(void *context, ash_call *call)
{
	const struct publishing *publishing = context;
	Shop__Placed event = {.order_id = (char *)publishing->order_id, .cents = publishing->cents};
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx, "insert into shop.placed (order_id, cents) values ($1, $2)",
			 ash_text(event.order_id), ash_int(event.cents)));
	ASH_TRY(ash_publish(tx, publishing->keyed ? &KEYED : &PLACED, &event));
	return publishing->commit ? ash_commit(tx) : ASH_OK;
}

ash_status fixture_publish(struct fixture *fixture, const char *order_id, int64_t cents, bool keyed,
			   bool commit)
{
	struct publishing publishing = {order_id, cents, keyed, commit};
	struct request request;
	request_begin(&request, &fixture->environment, CALL_NO_DEADLINE, NULL);
	ash_status status = request_run(&request, registry_find(&fixture->registry, "shop"), "test",
					SPAN_SERVER, "place", publish, &publishing);
	if (status != ASH_OK)
		print_message("publish: %s\n", request.fault.message);
	request_end(&request);
	return status;
}

size_t fixture_drain(struct fixture *fixture)
{
	size_t handled = 0;
	struct fault fault;
	if (event_hub_drain(fixture->hub, &handled, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
	return handled;
}

int64_t fixture_count(struct fixture *fixture, unsigned module, const char *table)
{
	struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	struct fault fault;
	char sql[200];
	snprintf(sql, sizeof sql, "select count(*) from %s", table);
	if (store_acquire(fixture->store, STORE_NO_DEADLINE, &session, &fault) ||
	    store_begin(session, module, STORE_READ, &fault) ||
	    store_query(session, sql, NULL, 0, &rows, &fault))
		fail_msg("%s", fault.message);
	assert_true(store_next(rows));
	int64_t count = store_get_int(rows, 0);
	assert_int_equal(store_end(rows, &fault), ASH_OK);
	store_release(session);
	return count;
}
