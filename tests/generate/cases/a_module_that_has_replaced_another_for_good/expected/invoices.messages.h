/* Made by protoc-gen-ashlar from tests/generate/cases/a_module_that_has_replaced_another_for_good/in/module.yaml and its .proto. Do not edit. */
#ifndef INVOICES_MESSAGES_H
#define INVOICES_MESSAGES_H

#include <ashlar/port.h>

#include "invoices.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef Billing__V1__ChargeRequest BillingChargeRequest;
typedef Billing__V1__Inner BillingInner;
typedef Billing__V1__ChargeReply BillingChargeReply;

#ifdef __cplusplus
}
#endif

#if !defined INVOICES_PORT_H && !defined __cplusplus
#define billing_charge(...) \
	ASH_NO_CALL("billing.v1.Billing.Charge is a call of invoices: add invoices to depends_on in module.yaml, and include invoices.port.h")
#endif

#endif
