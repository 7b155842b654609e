/* Made by protoc-gen-ashlar from tests/generate/cases/a_module_that_has_replaced_another_for_good/in/module.yaml and its .proto. Do not edit. */
#include "invoices.module.h"

#include <stddef.h>

const char invoices_contract_text_[] =
	"module: invoices\n"
	"replaces: billing\n"
	"ports: [billing.v1.Billing]\n";

static ash_status invoke_billing_charge_(const void *handlers, ash_call *call, const void *request, void *reply)
{
	const struct billing_handlers *table = (const struct billing_handlers *)handlers;
	return (table->charge)(call, (const BillingChargeRequest *)request, (BillingChargeReply *)reply);
}

static bool has_billing_(const void *handlers, uint16_t method)
{
	const struct billing_handlers *table = (const struct billing_handlers *)handlers;
	(void)table;
	switch (method) {
	case 0: return table->charge != NULL;
	default: return false;
	}
}

static const ash_invoke billing_invoke_[] = {
	invoke_billing_charge_,
};

const ash_provides invoices_provides_[] = {
	{&billing_port, billing_invoke_, has_billing_, offsetof(struct invoices_code, billing), {"tests/generate/cases/a_module_that_has_replaced_another_for_good/in/module.yaml", 3, 9}},
};
