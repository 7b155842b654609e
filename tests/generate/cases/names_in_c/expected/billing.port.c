/* Made by protoc-gen-ashlar from tests/generate/cases/names_in_c/in/module.yaml and its .proto. Do not edit. */
#include "billing.port.h"

static const ash_method billing_methods_[] = {
	{
		.name = "HTTPGet",
		.request = &billing__v1__httprequest__descriptor,
		.reply = &billing__v1__httprequest__descriptor,
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

static const ash_method billing_rate_admin_methods_[] = {
	{
		.name = "Reset2Zero",
		.request = &billing__v1__httprequest__descriptor,
		.reply = &billing__v1__httprequest__descriptor,
	},
};

static uint32_t billing_rate_admin_port_id_;

const ash_port billing_rate_admin_port = {
	.name = "billing.v1.RateAdmin",
	.module = "billing",
	.methods = billing_rate_admin_methods_,
	.method_count = 1,
	.id = &billing_rate_admin_port_id_,
};
