/* Made by protoc-gen-ashlar from tests/generate/cases/two_versions/in/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_MESSAGES_H
#define BILLING_MESSAGES_H

#include <ashlar/port.h>

#include "one.pb-c.h"
#include "two.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef Billing__V1__ChargeRequest BillingChargeRequest;
typedef Billing__V1__Inner BillingInner;
typedef Billing__V1__ChargeReply BillingChargeReply;
typedef Billing__V2__ChargeRequest BillingV2ChargeRequest;
typedef Billing__V2__Inner BillingV2Inner;
typedef Billing__V2__ChargeReply BillingV2ChargeReply;

#ifdef __cplusplus
}
#endif

#if !defined BILLING_PORT_H && !defined __cplusplus
#define billing_charge(...) \
	ASH_NO_CALL("billing.v1.Billing.Charge is a call of billing: add billing to depends_on in module.yaml, and include billing.port.h")
#define billing_v2_charge(...) \
	ASH_NO_CALL("billing.v2.Billing.Charge is a call of billing: add billing to depends_on in module.yaml, and include billing.port.h")
#endif

#endif
