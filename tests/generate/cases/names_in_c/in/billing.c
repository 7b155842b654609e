#include "billing.module.h"

static ash_status get(ash_call *call, const BillingHTTPRequest *in, BillingHTTPRequest *out)
{
	BillingHTTPRequestLine line = {.kind = BILLING_HTTP_REQUEST_LINE_GIFT};
	(void)call, (void)line;
	out->which_case = in->which_case;
	out->state = BILLING_STATE_PAID;
	return ASH_OK;
}

ASH_MODULE(billing, .billing = {.http_get = get}, .rate_admin = {.reset2_zero = get});
