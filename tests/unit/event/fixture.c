/* SPDX-License-Identifier: Apache-2.0 */
#include "event/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static struct fixture *current;
static pthread_mutex_t order_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- what the generator would write ---- */

static const ash_event PLACED = {"shop.Placed", "shop", &shop__placed__descriptor, NULL};
static const ash_event KEYED = {"shop.PlacedKeyed", "shop", &shop__placed__descriptor, "order_id"};
static const ash_event CHARGED = {"billing.Charged", "billing", &shop__placed__descriptor,
				  "order_id"};
const ash_event *const FIXTURE_PLACED = &PLACED, *const FIXTURE_KEYED = &KEYED,
		       *const FIXTURE_CHARGED = &CHARGED;
static const ash_event *const PUBLISHES[] = {&PLACED, &KEYED}, *const BILLING_PUBLISHES[] = {
								       &CHARGED};
static const ash_flow FLOW[] = {{"shop.PlacedKeyed", "billing.Charged", false, {0}, {0}}};
static const ash_choreography ORDER = {"shop.order", 600, FLOW, 1, {"shop/module.yaml", 9, 3}};

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
	if (current->before)
		ASH_TRY(current->before(call, event));
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

/* What audit's port does: it notes a call once, by the key that came with it. */
static ash_status note_call(const void *handlers, ash_call *call, const void *in, void *out)
{
	const Shop__Placed *event = in;
	const char *key = ash_idempotency_key(call);
	(void)handlers, (void)out;
	{
		ASH_TX(tx, call);
		ASH_TRY(ash_exec(tx,
				 "insert into audit.call (key, order_id) values ($1, $2) "
				 "on conflict (key) do nothing",
				 ash_text(key), ash_text(event->order_id)));
		ASH_TRY(ash_commit(tx));
	}
	return current->audit ? current->audit(call, event) : ASH_OK;
}

static bool has(const void *code)
{
	(void)code;
	return true;
}

static bool has_method(const void *handlers, uint16_t method)
{
	(void)handlers;
	return method <= FIXTURE_NOTE_JOINED;
}

static uint32_t audit_id;
static const ash_method AUDIT_METHODS[] = {
	[FIXTURE_NOTE] = {.name = "Note",
			  .request = &shop__placed__descriptor,
			  .reply = &shop__placed__descriptor},
	[FIXTURE_NOTE_JOINED] = {.name = "NoteJoined",
				 .request = &shop__placed__descriptor,
				 .reply = &shop__placed__descriptor,
				 .transaction = ASH_JOINS}};
const ash_port FIXTURE_AUDIT = {"audit.v1.Audit", "audit", AUDIT_METHODS, 2, &audit_id};
static const ash_invoke AUDIT_INVOKE[] = {note_call, note_call};
static const ash_provides AUDIT_PROVIDES[] = {
	{&FIXTURE_AUDIT, AUDIT_INVOKE, has_method, 0, {"audit/module.yaml", 5, 9}}};

static const ash_named SHOP_OWNS[] = {{"shop", {"shop/module.yaml", 3, 15}}};
static const ash_named BILLING_OWNS[] = {{"billing", {"billing/module.yaml", 3, 15}}};
static const ash_named AUDIT_OWNS[] = {{"audit", {"audit/module.yaml", 3, 15}}};
static const ash_named USES_SHOP[] = {{"shop", {"module.yaml", 2, 14}}};
static const ash_named USES_BOTH[] = {{"shop", {"module.yaml", 2, 14}},
				      {"audit", {"module.yaml", 2, 20}}};
static const ash_subscribes BILLING_SUBSCRIBES[] = {
	{&PLACED, deliver_billing, has, {"billing/module.yaml", 4, 23}},
	{&KEYED, deliver_billing, has, {"billing/module.yaml", 4, 36}},
};
static const ash_subscribes AUDIT_SUBSCRIBES[] = {
	{&PLACED, deliver_audit, has, {"audit/module.yaml", 4, 23}},
};

static const ash_module shop = {.name = "shop",
				.owner = "checkout",
				.place = {"shop/module.yaml", 1, 9},
				.owns = SHOP_OWNS,
				.owns_count = 1,
				.publishes = PUBLISHES,
				.publishes_count = 2,
				.choreographies = &ORDER,
				.choreography_count = 1,
				.code = ""};
static const ash_module billing = {.name = "billing",
				   .owner = "payments",
				   .place = {"billing/module.yaml", 1, 9},
				   .depends_on = USES_BOTH,
				   .depends_on_count = 2,
				   .owns = BILLING_OWNS,
				   .owns_count = 1,
				   .publishes = BILLING_PUBLISHES,
				   .publishes_count = 1,
				   .subscribes = BILLING_SUBSCRIBES,
				   .subscribes_count = 2,
				   .code = ""};
static const ash_module audit = {.name = "audit",
				 .owner = "finance",
				 .place = {"audit/module.yaml", 1, 9},
				 .depends_on = USES_SHOP,
				 .depends_on_count = 1,
				 .owns = AUDIT_OWNS,
				 .owns_count = 1,
				 .provides = AUDIT_PROVIDES,
				 .provides_count = 1,
				 .subscribes = AUDIT_SUBSCRIBES,
				 .subscribes_count = 1,
				 .code = ""};

/* ---- the application ---- */

static void open_application(struct application *app, const char *location)
{
	static const ash_module *const MODULES[] = {&shop, &billing, &audit};
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
		 "create table audit.line (order_id text not null, cents bigint not null);\n"
		 "create table audit.call (key text primary key, order_id text not null)"}};
	const struct store_module tables[] = {{"shop", SHOP_SCHEMA, S, 1},
					      {"billing", BILLING_SCHEMA, B, 1},
					      {"audit", AUDIT_SCHEMA, A, 1},
					      event_store_module()};
	application_open(app, location, MODULES, 3, tables, 4);
}

void fixture_join_part(struct fixture *fixture, const char *location, struct event_options options,
		       unsigned elsewhere)
{
	struct fault fault;
	*fixture = (struct fixture){0};
	current = fixture;
	open_application(&fixture->app, location);
	for (size_t i = 0; i < fixture->app.registry.member_count; i++)
		fixture->app.registry.members[i].elsewhere = elsewhere >> i & 1;
	if (event_hub_new(&fixture->app.environment, &options, fixture->app.metrics, &fixture->hub,
			  &fault))
		fail_msg("%s", fault.message);
}

void fixture_join(struct fixture *fixture, const char *location, struct event_options options)
{
	fixture_join_part(fixture, location, options, 0);
}

void fixture_use(struct fixture *fixture)
{
	current = fixture;
}

void fixture_set_up(struct fixture *fixture, const char *location, struct event_options options)
{
	application_clear("shop, billing, audit, ashlar_event");
	fixture_join(fixture, location, options);
}

void fixture_tear_down(struct fixture *fixture)
{
	event_hub_free(fixture->hub);
	application_close(&fixture->app);
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
	if (!publishing->commit)
		return ASH_OK;
	ASH_TRY(ash_commit(tx));
	assert_int_equal(ash_publish(tx, &PLACED, &event), ASH_FAILED_PRECONDITION);
	return ASH_OK;
}

ash_status fixture_publish(struct fixture *fixture, const char *order_id, int64_t cents, bool keyed,
			   bool commit)
{
	struct publishing publishing = {order_id, cents, keyed, commit};
	return application_run(&fixture->app, "shop", "place", publish, &publishing);
}

ash_status fixture_note(ash_call *call, uint16_t method, const Shop__Placed *event)
{
	Shop__Placed reply = SHOP__PLACED__INIT;
	return ash_call_port(call, &FIXTURE_AUDIT, method, event, &reply);
}

size_t fixture_drain(struct fixture *fixture)
{
	size_t handled = 0;
	struct fault fault;
	if (event_hub_drain(fixture->hub, &handled, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
	return handled;
}

void fixture_settle(struct fixture *fixture)
{
	for (int i = 0; i < 20; i++) {
		fixture_drain(fixture);
		fixture->app.wall += 2000;
	}
}

int64_t fixture_count(struct fixture *fixture, unsigned module, const char *table)
{
	struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	struct fault fault;
	char sql[200];
	snprintf(sql, sizeof sql, "select count(*) from %s", table);
	if (store_acquire(fixture->app.store, STORE_NO_DEADLINE, &session, &fault) ||
	    store_begin(session, module, STORE_READ, &fault) ||
	    store_query(session, sql, NULL, 0, &rows, &fault))
		fail_msg("%s", fault.message);
	assert_true(store_next(rows));
	int64_t count = store_get_int(rows, 0);
	assert_int_equal(store_end(rows, &fault), ASH_OK);
	store_release(session);
	return count;
}
