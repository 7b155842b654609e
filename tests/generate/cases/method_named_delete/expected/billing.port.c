/* Made by protoc-gen-ashlar from tests/generate/cases/method_named_delete/in/module.yaml and its .proto. Do not edit. */
#include "billing.port.h"

static const ash_method billing_methods_[] = {
	{
		.name = "Delete",
		.request = &billing__v1__a__descriptor,
		.reply = &billing__v1__a__descriptor,
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
