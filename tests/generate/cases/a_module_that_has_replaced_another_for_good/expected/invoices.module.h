/* Made by protoc-gen-ashlar from tests/generate/cases/a_module_that_has_replaced_another_for_good/in/module.yaml and its .proto. Do not edit. */
#ifndef INVOICES_MODULE_H
#define INVOICES_MODULE_H

#include <ashlar/ashlar.h>

#include "invoices.port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The handlers of billing.v1.Billing. */
struct billing_handlers {
	ash_status (*charge)(ash_call *call, const BillingChargeRequest *in, BillingChargeReply *out);
};

/* What ASH_MODULE(invoices, ...) fills. */
struct invoices_code {
	struct billing_handlers billing;
};

extern const char invoices_contract_text_[];
extern const ash_provides invoices_provides_[1];

/* The module's table, but for its handlers. */
#define invoices_contract_ \
	.name = "invoices", .owner = "", \
	.place = {"tests/generate/cases/a_module_that_has_replaced_another_for_good/in/module.yaml", 1, 9}, \
	.contract = invoices_contract_text_, \
	.replaces = {"billing", {"tests/generate/cases/a_module_that_has_replaced_another_for_good/in/module.yaml", 2, 11}}, \
	.provides = invoices_provides_, .provides_count = 1

#ifdef __cplusplus
}
#endif

#endif
