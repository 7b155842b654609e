/* Made by protoc-gen-ashlar from tests/generate/cases/two_versions/in/module.yaml and its .proto. Do not edit. */
#include "billing.port.h"

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
	.module = "billing",
	.methods = billing_methods_,
	.method_count = 1,
	.id = &billing_port_id_,
};

static const ash_method billing_v2_methods_[] = {
	{
		.name = "Charge",
		.request = &billing__v2__charge_request__descriptor,
		.reply = &billing__v2__charge_reply__descriptor,
	},
};

static uint32_t billing_v2_port_id_;

const ash_port billing_v2_port = {
	.name = "billing.v2.Billing",
	.module = "billing",
	.methods = billing_v2_methods_,
	.method_count = 1,
	.id = &billing_v2_port_id_,
};
