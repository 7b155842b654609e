/* Made by protoc-gen-ashlar from tests/generate/cases/a_module_that_replaces_another/in/next/module.yaml and its .proto. Do not edit. */
#include "billing_next.module.h"
#include "billing.port.h"

#include <stddef.h>

const char billing_next_contract_text_[] =
	"module: billing_next\n"
	"replaces: billing\n"
	"data: {owns: [billing_next]}\n"
	"ports: [billing.v1.Billing, billing.v1.Admin]\n";

const ash_named billing_next_owns_[] = {
	{"billing_next", {"tests/generate/cases/a_module_that_replaces_another/in/next/module.yaml", 3, 15}},
};

static ash_status invoke_billing_charge_(const void *handlers, ash_call *call, const void *request, void *reply)
{
	const struct billing_next_billing_handlers *table = (const struct billing_next_billing_handlers *)handlers;
	return (table->charge)(call, (const Billing__V1__ChargeRequest *)request, (Billing__V1__ChargeReply *)reply);
}

static bool has_billing_(const void *handlers, uint16_t method)
{
	const struct billing_next_billing_handlers *table = (const struct billing_next_billing_handlers *)handlers;
	(void)table;
	switch (method) {
	case 0: return table->charge != NULL;
	default: return false;
	}
}

static const ash_invoke billing_invoke_[] = {
	invoke_billing_charge_,
};

static ash_status invoke_billing_admin_reset_(const void *handlers, ash_call *call, const void *request, void *reply)
{
	const struct billing_next_billing_admin_handlers *table = (const struct billing_next_billing_admin_handlers *)handlers;
	return (table->reset)(call, (const Billing__V1__ResetRequest *)request, (Billing__V1__ResetReply *)reply);
}

static bool has_billing_admin_(const void *handlers, uint16_t method)
{
	const struct billing_next_billing_admin_handlers *table = (const struct billing_next_billing_admin_handlers *)handlers;
	(void)table;
	switch (method) {
	case 0: return table->reset != NULL;
	default: return false;
	}
}

static const ash_invoke billing_admin_invoke_[] = {
	invoke_billing_admin_reset_,
};

const ash_provides billing_next_provides_[] = {
	{&billing_port, billing_invoke_, has_billing_, offsetof(struct billing_next_code, billing), {"tests/generate/cases/a_module_that_replaces_another/in/next/module.yaml", 4, 9}},
	{&billing_admin_port, billing_admin_invoke_, has_billing_admin_, offsetof(struct billing_next_code, admin), {"tests/generate/cases/a_module_that_replaces_another/in/next/module.yaml", 4, 29}},
};
