/* SPDX-License-Identifier: Apache-2.0 */
/* Two modules as the plug-in makes them, with a small runtime in the place of the real one: what
 * the tables say, and that calls and events reach the handlers through them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/ashlar.h>

#include "billing.port.h"
#include "orders.port.h"

extern const ash_module billing_module;

/* ---- a runtime of a few lines ---- */

struct ash_call {
	char message[256];
	char published[256];
	bool committed;
};

struct ash_tx {
	ash_call *call;
};

static struct ash_tx the_tx;

ash_status ash_fail(ash_call *call, ash_status status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(call->message, sizeof call->message, format, arguments);
	va_end(arguments);
	return status;
}

ash_status ash_begin(ash_call *call, ash_tx **out)
{
	the_tx.call = call;
	*out = &the_tx;
	return ASH_OK;
}

ash_status ash_commit(ash_tx *tx)
{
	tx->call->committed = true;
	return ASH_OK;
}

void ash_tx_leave_(ash_tx **tx)
{
	(void)tx;
}

ash_status ash_publish(ash_tx *tx, const ash_event *event, const void *message)
{
	const BillingCharged *charged = message;
	snprintf(tx->call->published, sizeof tx->call->published, "%s %s", event->name,
		 charged->order_id);
	return ASH_OK;
}

/* Every port is billing's. */
ash_status ash_call_port(ash_call *call, const ash_port *port, uint16_t method, const void *request,
			 void *reply)
{
	for (size_t i = 0; i < billing_module.provides_count; i++) {
		const ash_provides *provides = &billing_module.provides[i];
		const void *handlers = (const char *)billing_module.code + provides->handlers;
		if (provides->port == port && provides->has(handlers, method))
			return provides->invoke[method](handlers, call, request, reply);
	}
	return ASH_UNIMPLEMENTED;
}

/* ---- tests ---- */

static void calls_reach_their_handlers(void **state)
{
	(void)state;
	ash_call call = {.committed = false};
	BillingChargeReply reply;
	assert_int_equal(billing_charge(&call,
					&(BillingChargeRequest){.order_id = "o1", .cents = 5},
					&reply),
			 ASH_OK);
	assert_true(call.committed);
	assert_string_equal(call.published, "billing.v1.Charged o1");
	assert_int_equal(billing_charge(&call, &(BillingChargeRequest){.order_id = "o2"}, &reply),
			 ASH_INVALID_ARGUMENT);
	assert_string_equal(call.message, "o2 costs nothing");
	assert_int_equal(billing_refund(&call, &(BillingChargeRequest){.cents = 1}, &reply),
			 ASH_UNIMPLEMENTED);
	assert_int_equal(billing_rates_look(&call, &(BillingChargeRequest){.cents = 1}, &reply),
			 ASH_UNIMPLEMENTED);
}

static void events_and_ticks_reach_their_handlers(void **state)
{
	(void)state;
	ash_call call = {.committed = false};
	const ash_subscribes *on = &billing_module.subscribes[0];
	assert_int_equal(billing_module.subscribes_count, 1);
	assert_ptr_equal(on->event, &orders_order_placed_event);
	assert_true(on->has(billing_module.code));
	OrdersOrderPlaced placed = {.id = "o3", .cents = 7};
	assert_int_equal(on->deliver(billing_module.code, &call, &placed), ASH_OK);
	assert_string_equal(call.published, "billing.v1.Charged o3");
	const ash_schedule *schedule = &billing_module.schedules[0];
	assert_int_equal(billing_module.schedule_count, 1);
	assert_string_equal(schedule->name, "nightly");
	assert_string_equal(schedule->cron, "30 2 * * *");
	assert_true(schedule->has(billing_module.code));
	assert_int_equal(schedule->run(billing_module.code, &call), ASH_UNAVAILABLE);
}

static void descriptors_say_what_the_proto_says(void **state)
{
	(void)state;
	assert_string_equal(billing_port.name, "billing.v1.Billing");
	assert_string_equal(billing_port.module, "billing");
	assert_int_equal(billing_port.method_count, 2);
	assert_int_equal(*billing_port.id, 0);
	const ash_method *charge = &billing_port.methods[0], *refund = &billing_port.methods[1];
	assert_string_equal(charge->name, "Charge");
	assert_string_equal(charge->request->name, "billing.v1.ChargeRequest");
	assert_string_equal(charge->reply->name, "billing.v1.ChargeReply");
	assert_int_equal(charge->transaction, ASH_JOINS);
	assert_int_equal(charge->idempotency, ASH_IDEMPOTENCY_UNKNOWN);
	assert_string_equal(charge->sticky_key, "order_id");
	assert_string_equal(charge->routes[0], "POST /orders/{order_id}/charge");
	assert_null(charge->routes[1]);
	assert_int_equal(refund->transaction, ASH_OWN);
	assert_int_equal(refund->idempotency, ASH_IDEMPOTENT);
	assert_null(refund->sticky_key);
	assert_null(refund->routes);
	assert_int_equal(billing_rates_port.methods[0].idempotency, ASH_NO_SIDE_EFFECTS);
	assert_string_equal(billing_charged_event.key, "order_id");
	assert_null(orders_order_placed_event.key);
	assert_string_equal(orders_order_placed_event.module, "orders");
}

static void place_is(ash_place place, uint32_t line, uint32_t column)
{
	assert_string_equal(place.file, "billing/module.yaml");
	assert_int_equal(place.line, line);
	assert_int_equal(place.column, column);
}

static void the_contract_is_compiled_in(void **state)
{
	(void)state;
	const ash_module *module = &billing_module;
	assert_string_equal(module->name, "billing");
	assert_string_equal(module->owner, "payments");
	place_is(module->place, 1, 9);
	assert_non_null(strstr(module->contract, "depends_on: [orders]\ndata:"));
	assert_int_equal(module->depends_on_count, 1);
	assert_string_equal(module->depends_on[0].name, "orders");
	place_is(module->depends_on[0].place, 3, 14);
	assert_string_equal(module->owns[0].name, "billing");
	place_is(module->provides[1].place, 5, 29);
	assert_ptr_equal(module->publishes[0], &billing_charged_event);
	assert_int_equal(module->migration_count, 1);
	assert_string_equal(module->migrations[0].name, "0001_charge.sql");
	assert_string_equal(module->migrations[0].sql,
			    "create table billing.charge (order_id text primary key);\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_reach_their_handlers),
		cmocka_unit_test(events_and_ticks_reach_their_handlers),
		cmocka_unit_test(descriptors_say_what_the_proto_says),
		cmocka_unit_test(the_contract_is_compiled_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
