/* Made by protoc-gen-ashlar from tests/generate/cases/method_named_delete/in/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_PORT_H
#define BILLING_PORT_H

#include "billing.messages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The module itself, for the program that holds it. */
extern const struct ash_module billing_module;

#undef billing_delete
extern const ash_port billing_port;

/* billing.v1.Billing.Delete */
ASH_MUST_CHECK static inline ash_status billing_delete(ash_call *call, const BillingA *in, BillingA *out)
{
	static const BillingA none = BILLING__V1__A__INIT;
	*out = none;
	return ash_call_port(call, &billing_port, 0, in, out);
}

#ifndef __cplusplus
#define billing_delete(...) (ASH_USE(billing_port, 0), billing_delete(__VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif

#endif
