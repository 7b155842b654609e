/* SPDX-License-Identifier: Apache-2.0 */
#include "port/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"

static struct fixture *current;

/* ---- what the generator would write ---- */

static uint32_t billing_id, orders_id;

static void empty_sum(ProtobufCMessage *sum)
{
	((struct sum *)(void *)sum)->cents = 0;
}

static const ProtobufCMessageDescriptor SUM = {
	.name = "Sum", .sizeof_message = sizeof(struct sum), .message_init = empty_sum};
static const ash_method BILLING_METHODS[] = {
	[CHARGE] = {.name = "Charge", .request = &SUM, .reply = &SUM},
	[CHARGE_JOINED] = {.name = "ChargeJoined",
			   .request = &SUM,
			   .reply = &SUM,
			   .transaction = ASH_JOINS},
	[TOTAL] = {.name = "Total",
		   .request = &SUM,
		   .reply = &SUM,
		   .idempotency = ASH_NO_SIDE_EFFECTS},
};
const ash_port billing_port = {"billing.v1.Billing", "billing", BILLING_METHODS, METHODS,
			       &billing_id};

static const ash_method ORDERS_METHODS[] = {{.name = "Place"}};
const ash_port orders_port = {"orders.v1.Orders", "orders", ORDERS_METHODS, 1, &orders_id};

#define INVOKE(method)                                                                             \
	static ash_status invoke_##method(const void *handlers, ash_call *call, const void *in,    \
					  void *out)                                               \
	{                                                                                          \
		(void)handlers;                                                                    \
		return current->methods[method](call, in, out);                                    \
	}
INVOKE(CHARGE)
INVOKE(CHARGE_JOINED)
INVOKE(TOTAL)

static ash_status invoke_place(const void *handlers, ash_call *call, const void *in, void *out)
{
	(void)handlers;
	return current->orders(call, in, out);
}

static const ash_invoke BILLING_INVOKE[] = {invoke_CHARGE, invoke_CHARGE_JOINED, invoke_TOTAL};
static const ash_invoke ORDERS_INVOKE[] = {invoke_place};

static bool has_all(const void *handlers, uint16_t method)
{
	(void)handlers;
	return method < METHODS;
}

static const ash_named BILLING_OWNS[] = {{"billing", {"billing/module.yaml", 5, 16}}};
static const ash_named ORDERS_OWNS[] = {{"orders", {"orders/module.yaml", 5, 16}}};
static const ash_named ORDERS_USES[] = {{"billing", {"orders/module.yaml", 3, 14}}};
static const ash_migration BILLING_MIGRATIONS[] = {
	{"0001_charge.sql",
	 "create table billing.charge (id bigint primary key, cents bigint not null)"}};
static const ash_migration ORDERS_MIGRATIONS[] = {
	{"0001_order.sql", "create table orders.placed (id bigint primary key)"}};
static const ash_provides BILLING_PROVIDES[] = {
	{&billing_port, BILLING_INVOKE, has_all, 0, {"billing/module.yaml", 4, 9}}};
static const ash_provides ORDERS_PROVIDES[] = {
	{&orders_port, ORDERS_INVOKE, has_all, 0, {"orders/module.yaml", 4, 9}}};

const ash_module billing_module = {
	.name = "billing",
	.owner = "payments",
	.place = {"billing/module.yaml", 1, 9},
	.owns = BILLING_OWNS,
	.owns_count = 1,
	.provides = BILLING_PROVIDES,
	.provides_count = 1,
	.migrations = BILLING_MIGRATIONS,
	.migration_count = 1,
	.code = "",
};
const ash_module orders_module = {
	.name = "orders",
	.owner = "checkout",
	.place = {"orders/module.yaml", 1, 9},
	.depends_on = ORDERS_USES,
	.depends_on_count = 1,
	.owns = ORDERS_OWNS,
	.owns_count = 1,
	.provides = ORDERS_PROVIDES,
	.provides_count = 1,
	.migrations = ORDERS_MIGRATIONS,
	.migration_count = 1,
	.code = "",
};

/* ---- the application ---- */

static ash_status nothing(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)call, (void)in, (void)out;
	return ASH_OK;
}

static void open_store(struct fixture *fixture)
{
	static const char *const BILLING[] = {"billing", NULL}, *const ORDERS[] = {"orders", NULL};
	static const struct store_migration B[] = {
		{"0001_charge.sql",
		 "create table billing.charge (id bigint primary key, cents bigint not null)"}};
	static const struct store_migration O[] = {
		{"0001_order.sql", "create table orders.placed (id bigint primary key)"}};
	static const struct store_module MODULES[] = {{"billing", BILLING, B, 1},
						      {"orders", ORDERS, O, 1}};
	const struct store_options options = {
		.location = "sqlite::memory:", .modules = MODULES, .module_count = 2};
	struct fault fault;
	if (store_open(&fixture->store, &options, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
	if (store_migrate(fixture->store, &(struct store_migration_options){0}, &fault) != ASH_OK)
		fail_msg("%s", fault.message);
}

void fixture_set_up(struct fixture *fixture, bool sampled)
{
	static const ash_module *const MODULES[] = {&billing_module, &orders_module};
	struct error_list errors = {0};
	struct error error;
	*fixture = (struct fixture){.methods = {nothing, nothing, nothing}, .orders = nothing};
	fixture->metrics = metrics_new();
	fixture->recorder = recorder_new(256, sampled ? 1.0 : 0.0, &clock_system);
	assert_int_equal(
		registry_build(MODULES, 2, fixture->metrics, &fixture->registry, &errors, &error),
		0);
	assert_int_equal(errors.count, 0);
	open_store(fixture);
	fixture->environment = (struct environment){.registry = &fixture->registry,
						    .store = fixture->store,
						    .recorder = fixture->recorder,
						    .clock = &clock_system};
	current = fixture;
}

void fixture_tear_down(struct fixture *fixture)
{
	store_free(fixture->store);
	registry_release(&fixture->registry);
	recorder_free(fixture->recorder);
	metrics_free(fixture->metrics);
}

ash_status fixture_place(struct fixture *fixture)
{
	struct sum in = {0}, out = {0};
	request_begin(&fixture->request, &fixture->environment, CALL_NO_DEADLINE, NULL);
	ash_status status =
		request_call(&fixture->request, "test",
			     registry_binding(&fixture->registry, &orders_port), 0, &in, &out);
	request_end(&fixture->request);
	return status;
}

int64_t fixture_charges(struct fixture *fixture)
{
	struct store_session *session = NULL;
	struct store_rows *rows = NULL;
	struct fault fault;
	assert_int_equal(store_acquire(fixture->store, STORE_NO_DEADLINE, &session, &fault),
			 ASH_OK);
	assert_int_equal(store_begin(session, 0, STORE_READ, &fault), ASH_OK);
	assert_int_equal(
		store_query(session, "select count(*) from billing.charge", NULL, 0, &rows, &fault),
		ASH_OK);
	assert_true(store_next(rows));
	int64_t count = store_get_int(rows, 0);
	assert_int_equal(store_end(rows, &fault), ASH_OK);
	store_release(session);
	return count;
}
