#include "billing.module.h"

static ash_status delete(ash_call *call, const BillingA *in, BillingA *out)
{
	(void)in, (void)out;
	return ash_fail(call, ASH_UNIMPLEMENTED, "nothing is deleted");
}

ASH_MODULE(billing, .billing = {.delete = delete});
