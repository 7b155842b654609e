/* Made by protoc-gen-ashlar from tests/generate/cases/one_port/in/module.yaml and its .proto. Do not edit. */
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

#ifdef __cplusplus
}
#endif

#if !defined BILLING_PORT_H && !defined __cplusplus
#define billing_charge(...) \
	ASH_NO_CALL("billing.v1.Billing.Charge is a call of billing: add billing to depends_on in module.yaml, and include billing.port.h")
#endif

#endif
