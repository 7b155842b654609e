/* Made by protoc-gen-ashlar from tests/generate/cases/names_in_c/in/module.yaml and its .proto. Do not edit. */
#include "billing.module.h"

#include <stddef.h>

const char billing_contract_text_[] =
	"module: billing\n"
	"ports: [billing.v1.Billing, billing.v1.RateAdmin]\n";

static ash_status invoke_billing_http_get_(const void *handlers, ash_call *call, const void *request, void *reply)
{
	const struct billing_handlers *table = (const struct billing_handlers *)handlers;
	return (table->http_get)(call, (const BillingHTTPRequest *)request, (BillingHTTPRequest *)reply);
}

static bool has_billing_(const void *handlers, uint16_t method)
{
	const struct billing_handlers *table = (const struct billing_handlers *)handlers;
	(void)table;
	switch (method) {
	case 0: return table->http_get != NULL;
	default: return false;
	}
}

static const ash_invoke billing_invoke_[] = {
	invoke_billing_http_get_,
};

static ash_status invoke_billing_rate_admin_reset2_zero_(const void *handlers, ash_call *call, const void *request, void *reply)
{
	const struct billing_rate_admin_handlers *table = (const struct billing_rate_admin_handlers *)handlers;
	return (table->reset2_zero)(call, (const BillingHTTPRequest *)request, (BillingHTTPRequest *)reply);
}

static bool has_billing_rate_admin_(const void *handlers, uint16_t method)
{
	const struct billing_rate_admin_handlers *table = (const struct billing_rate_admin_handlers *)handlers;
	(void)table;
	switch (method) {
	case 0: return table->reset2_zero != NULL;
	default: return false;
	}
}

static const ash_invoke billing_rate_admin_invoke_[] = {
	invoke_billing_rate_admin_reset2_zero_,
};

const ash_provides billing_provides_[] = {
	{&billing_port, billing_invoke_, has_billing_, offsetof(struct billing_code, billing), {"tests/generate/cases/names_in_c/in/module.yaml", 2, 9}},
	{&billing_rate_admin_port, billing_rate_admin_invoke_, has_billing_rate_admin_, offsetof(struct billing_code, rate_admin), {"tests/generate/cases/names_in_c/in/module.yaml", 2, 29}},
};
