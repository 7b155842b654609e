/* Made by protoc-gen-ashlar from modules/billing/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_PORT_H
#define BILLING_PORT_H

#include "billing.messages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The module itself, for the program that holds it. */
extern const struct ash_module billing_module;

#undef billing_charge
extern const ash_port billing_port;

/* billing.v1.Billing.Charge */
ASH_MUST_CHECK static inline ash_status billing_charge(ash_call *call, const BillingChargeRequest *in, BillingChargeReply *out)
{
	static const BillingChargeReply none = BILLING__V1__CHARGE_REPLY__INIT;
	*out = none;
	return ash_call_port(call, &billing_port, 0, in, out);
}

#ifndef __cplusplus
#define billing_charge(...) (ASH_USE(billing_port, 0), billing_charge(__VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif

#endif
