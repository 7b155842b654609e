/* Made by protoc-gen-ashlar from modules/billing/module.yaml and its .proto. Do not edit. */
#include "billing.module.h"

#include <stddef.h>

const char billing_contract_text_[] =
	"module: billing\n"
	"owner: \"the \\\"payments\\\" team\"\n"
	"layer: domain\n"
	"depends_on: [identity]\n"
	"data: {owns: [billing]}\n"
	"ports: [billing.v1.Billing]\n"
	"events: {publishes: [billing.v1.Charged], subscribes: [orders.v1.OrderPlaced, billing.v1.Charged]}\n"
	"schedules: {nightly: \"30 2 * * *\"}\n"
	"sagas: [refund]\n";

const ash_named billing_depends_on_[] = {
	{"identity", {"modules/billing/module.yaml", 4, 14}},
};

const ash_named billing_owns_[] = {
	{"billing", {"modules/billing/module.yaml", 5, 15}},
};

static ash_status invoke_billing_charge_(const void *handlers, ash_call *call, const void *request, void *reply)
{
	const struct billing_handlers *table = (const struct billing_handlers *)handlers;
	return (table->charge)(call, (const BillingChargeRequest *)request, (BillingChargeReply *)reply);
}

static bool has_billing_(const void *handlers, uint16_t method)
{
	const struct billing_handlers *table = (const struct billing_handlers *)handlers;
	(void)table;
	switch (method) {
	case 0: return table->charge != NULL;
	default: return false;
	}
}

static const ash_invoke billing_invoke_[] = {
	invoke_billing_charge_,
};

const ash_provides billing_provides_[] = {
	{&billing_port, billing_invoke_, has_billing_, offsetof(struct billing_code, billing), {"modules/billing/module.yaml", 6, 9}},
};

const ash_event *const billing_publishes_[] = {
	&billing_charged_event,
};

static ash_status deliver_orders_order_placed_(const void *code, ash_call *call, const void *message)
{
	return (((const struct billing_code *)code)->on.orders_order_placed)(call, (const OrdersOrderPlaced *)message);
}

static bool has_deliver_orders_order_placed_(const void *code)
{
	return ((const struct billing_code *)code)->on.orders_order_placed != NULL;
}

static ash_status deliver_billing_charged_(const void *code, ash_call *call, const void *message)
{
	return (((const struct billing_code *)code)->on.billing_charged)(call, (const BillingCharged *)message);
}

static bool has_deliver_billing_charged_(const void *code)
{
	return ((const struct billing_code *)code)->on.billing_charged != NULL;
}

const ash_subscribes billing_subscribes_[] = {
	{&orders_order_placed_event, deliver_orders_order_placed_, has_deliver_orders_order_placed_, {"modules/billing/module.yaml", 7, 56}},
	{&billing_charged_event, deliver_billing_charged_, has_deliver_billing_charged_, {"modules/billing/module.yaml", 7, 79}},
};

static ash_status run_nightly_(const void *code, ash_call *call)
{
	return (((const struct billing_code *)code)->schedules.nightly)(call);
}

static bool has_run_nightly_(const void *code)
{
	return ((const struct billing_code *)code)->schedules.nightly != NULL;
}

const ash_schedule billing_schedules_[] = {
	{"nightly", "30 2 * * *", run_nightly_, has_run_nightly_, {"modules/billing/module.yaml", 8, 13}},
};

static const ash_saga *saga_refund_(const void *code)
{
	return ((const struct billing_code *)code)->sagas.refund;
}

const ash_runs billing_sagas_[] = {
	{"billing.refund", saga_refund_, {"modules/billing/module.yaml", 9, 9}},
};

const ash_migration billing_migrations_[] = {
	{"0001_charge.sql",
	 "create table billing.charge (\n"
	 "\011order_id text primary key\n"
	 ");\n"},
	{"0002_index.sql",
	 ""},
	{"0010_cents.sql",
	 "alter table billing.charge add cents bigint; -- \"\\ \?\?/"},
};
