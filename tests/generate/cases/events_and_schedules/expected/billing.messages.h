/* Made by protoc-gen-ashlar from modules/billing/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_MESSAGES_H
#define BILLING_MESSAGES_H

#include <ashlar/port.h>

#include "billing.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef Billing__V1__ChargeRequest BillingChargeRequest;
typedef Billing__V1__Inner BillingInner;
typedef Billing__V1__ChargeReply BillingChargeReply;
typedef Billing__V1__Charged BillingCharged;

/* billing.v1.Charged */
extern const ash_event billing_charged_event;

#ifdef __cplusplus
}
#endif

#if !defined BILLING_PORT_H && !defined __cplusplus
#define billing_charge(...) \
	ASH_NO_CALL("billing.v1.Billing.Charge is a call of billing: add billing to depends_on in module.yaml, and include billing.port.h")
#endif

#endif
