/* Made by protoc-gen-ashlar from tests/generate/cases/one_port/in/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_MODULE_H
#define BILLING_MODULE_H

#include <ashlar/ashlar.h>

#include "billing.port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The handlers of billing.v1.Billing. */
struct billing_handlers {
	ash_status (*charge)(ash_call *call, const BillingChargeRequest *in, BillingChargeReply *out);
};

/* What ASH_MODULE(billing, ...) fills. */
struct billing_code {
	struct billing_handlers billing;
};

extern const char billing_contract_text_[];
extern const ash_provides billing_provides_[1];

/* The module's table, but for its handlers. */
#define billing_contract_ \
	.name = "billing", .owner = "", \
	.place = {"tests/generate/cases/one_port/in/module.yaml", 1, 9}, \
	.contract = billing_contract_text_, \
	.provides = billing_provides_, .provides_count = 1

#ifdef __cplusplus
}
#endif

#endif
