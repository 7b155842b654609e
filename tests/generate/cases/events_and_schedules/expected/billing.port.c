/* Made by protoc-gen-ashlar from modules/billing/module.yaml and its .proto. Do not edit. */
#include "billing.port.h"

static const char *const billing_charge_routes_[] = {
	"POST /orders/{order_id}/charge",
	"PUT /charges/{order_id}",
	NULL,
};

static const ash_method billing_methods_[] = {
	{
		.name = "Charge",
		.request = &billing__v1__charge_request__descriptor,
		.reply = &billing__v1__charge_reply__descriptor,
		.transaction = ASH_JOINS,
		.idempotency = ASH_IDEMPOTENT,
		.sticky_key = "order_id",
		.routes = billing_charge_routes_,
	},
};

static uint32_t billing_port_id_;

const ash_port billing_port = {
	.name = "billing.v1.Billing",
	.module = "billing",
	.methods = billing_methods_,
	.method_count = 1,
	.id = &billing_port_id_,
};

const ash_event billing_charged_event = {
	.name = "billing.v1.Charged",
	.module = "billing",
	.message = &billing__v1__charged__descriptor,
	.key = "order_id",
};
