/* Made by protoc-gen-ashlar from tests/generate/cases/names_in_c/in/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_PORT_H
#define BILLING_PORT_H

#include "billing.messages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The module itself, for the program that holds it. */
extern const struct ash_module billing_module;

#undef billing_http_get
extern const ash_port billing_port;

/* billing.v1.Billing.HTTPGet */
ASH_MUST_CHECK static inline ash_status billing_http_get(ash_call *call, const BillingHTTPRequest *in, BillingHTTPRequest *out)
{
	static const BillingHTTPRequest none = BILLING__V1__HTTPREQUEST__INIT;
	*out = none;
	return ash_call_port(call, &billing_port, 0, in, out);
}

#ifndef __cplusplus
#define billing_http_get(...) (ASH_USE(billing_port, 0), billing_http_get(__VA_ARGS__))
#endif

#undef billing_rate_admin_reset2_zero
extern const ash_port billing_rate_admin_port;

/* billing.v1.RateAdmin.Reset2Zero */
ASH_MUST_CHECK static inline ash_status billing_rate_admin_reset2_zero(ash_call *call, const BillingHTTPRequest *in, BillingHTTPRequest *out)
{
	static const BillingHTTPRequest none = BILLING__V1__HTTPREQUEST__INIT;
	*out = none;
	return ash_call_port(call, &billing_rate_admin_port, 0, in, out);
}

#ifndef __cplusplus
#define billing_rate_admin_reset2_zero(...) (ASH_USE(billing_rate_admin_port, 0), billing_rate_admin_reset2_zero(__VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif

#endif
