/* Made by protoc-gen-ashlar from tests/generate/cases/method_named_delete/in/module.yaml and its .proto. Do not edit. */
#include "billing.module.h"

#include <stddef.h>

const char billing_contract_text_[] =
	"module: billing\n"
	"ports: [billing.v1.Billing]\n";

static ash_status invoke_billing_delete_(const void *handlers, ash_call *call, const void *request, void *reply)
{
	const struct billing_handlers *table = (const struct billing_handlers *)handlers;
	return (table->delete)(call, (const BillingA *)request, (BillingA *)reply);
}

static bool has_billing_(const void *handlers, uint16_t method)
{
	const struct billing_handlers *table = (const struct billing_handlers *)handlers;
	(void)table;
	switch (method) {
	case 0: return table->delete != NULL;
	default: return false;
	}
}

static const ash_invoke billing_invoke_[] = {
	invoke_billing_delete_,
};

const ash_provides billing_provides_[] = {
	{&billing_port, billing_invoke_, has_billing_, offsetof(struct billing_code, billing), {"tests/generate/cases/method_named_delete/in/module.yaml", 2, 9}},
};
