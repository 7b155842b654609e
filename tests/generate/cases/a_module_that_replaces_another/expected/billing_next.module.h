/* Made by protoc-gen-ashlar from tests/generate/cases/a_module_that_replaces_another/in/next/module.yaml and its .proto. Do not edit. */
#ifndef BILLING_NEXT_MODULE_H
#define BILLING_NEXT_MODULE_H

#include <ashlar/ashlar.h>

#include "billing_next.port.h"
#include "billing.messages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The handlers of billing.v1.Billing. */
struct billing_next_billing_handlers {
	ash_status (*charge)(ash_call *call, const Billing__V1__ChargeRequest *in, Billing__V1__ChargeReply *out);
};

/* The handlers of billing.v1.Admin. */
struct billing_next_billing_admin_handlers {
	ash_status (*reset)(ash_call *call, const Billing__V1__ResetRequest *in, Billing__V1__ResetReply *out);
};

/* What ASH_MODULE(billing_next, ...) fills. */
struct billing_next_code {
	struct billing_next_billing_handlers billing;
	struct billing_next_billing_admin_handlers admin;
};

extern const char billing_next_contract_text_[];
extern const ash_named billing_next_owns_[1];
extern const ash_provides billing_next_provides_[2];

/* The module's table, but for its handlers. */
#define billing_next_contract_ \
	.name = "billing_next", .owner = "", \
	.place = {"tests/generate/cases/a_module_that_replaces_another/in/next/module.yaml", 1, 9}, \
	.contract = billing_next_contract_text_, \
	.replaces = {"billing", {"tests/generate/cases/a_module_that_replaces_another/in/next/module.yaml", 2, 11}}, \
	.owns = billing_next_owns_, .owns_count = 1, \
	.provides = billing_next_provides_, .provides_count = 2

#ifdef __cplusplus
}
#endif

#endif
