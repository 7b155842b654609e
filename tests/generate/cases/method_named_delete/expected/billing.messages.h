/* Made by protoc-gen-ashlar from tests/generate/cases/method_named_delete/in/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_MESSAGES_H
#define BILLING_MESSAGES_H

#include <ashlar/port.h>

#include "billing.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef Billing__V1__A BillingA;

#ifdef __cplusplus
}
#endif

#if !defined BILLING_PORT_H && !defined __cplusplus
#define billing_delete(...) \
	ASH_NO_CALL("billing.v1.Billing.Delete is a call of billing: add billing to depends_on in module.yaml, and include billing.port.h")
#endif

#endif
