/* Made by protoc-gen-ashlar from tests/generate/cases/a_module_that_has_replaced_another_for_good/in/module.yaml and its .proto. Do not edit. */
#include "invoices.port.h"

static const ash_method billing_methods_[] = {
	{
		.name = "Charge",
		.request = &billing__v1__charge_request__descriptor,
		.reply = &billing__v1__charge_reply__descriptor,
	},
};

static uint32_t billing_port_id_;

const ash_port billing_port = {
	.name = "billing.v1.Billing",
	.module = "invoices",
	.methods = billing_methods_,
	.method_count = 1,
	.id = &billing_port_id_,
};
