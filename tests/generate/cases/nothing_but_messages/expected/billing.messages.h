/* Made by protoc-gen-ashlar from tests/generate/cases/nothing_but_messages/in/module.yaml and its .proto. Do not edit. */
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

#endif
