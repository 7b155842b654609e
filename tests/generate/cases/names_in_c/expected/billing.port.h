/* Made by protoc-gen-ashlar from tests/generate/cases/names_in_c/in/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_PORT_H
#define BILLING_PORT_H

#include <ashlar/port.h>

#include "billing.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The module itself, for the program that holds it. */
extern const struct ash_module billing_module;

typedef Billing__V1__HTTPRequest BillingHTTPRequest;
typedef Billing__V1__HTTPRequest__Line BillingHTTPRequestLine;
typedef Billing__V1__HTTPRequest__Line__Kind BillingHTTPRequestLineKind;
typedef Billing__V1__HTTPRequest__LinesEntry BillingHTTPRequestLinesEntry;
typedef Billing__V1__State BillingState;

/* billing.v1.HTTPRequest.Line.Kind */
#define BILLING_HTTP_REQUEST_LINE_PLAIN BILLING__V1__HTTPREQUEST__LINE__KIND__PLAIN
#define BILLING_HTTP_REQUEST_LINE_GIFT BILLING__V1__HTTPREQUEST__LINE__KIND__GIFT

/* billing.v1.State */
#define BILLING_STATE_NONE BILLING__V1__STATE__STATE_NONE
#define BILLING_STATE_PAID BILLING__V1__STATE__STATE_PAID

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
