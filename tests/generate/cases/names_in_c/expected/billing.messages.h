/* Made by protoc-gen-ashlar from tests/generate/cases/names_in_c/in/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_MESSAGES_H
#define BILLING_MESSAGES_H

#include <ashlar/port.h>

#include "billing.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif

#if !defined BILLING_PORT_H && !defined __cplusplus
#define billing_http_get(...) \
	ASH_NO_CALL("billing.v1.Billing.HTTPGet is a call of billing: add billing to depends_on in module.yaml, and include billing.port.h")
#define billing_rate_admin_reset2_zero(...) \
	ASH_NO_CALL("billing.v1.RateAdmin.Reset2Zero is a call of billing: add billing to depends_on in module.yaml, and include billing.port.h")
#endif

#endif
