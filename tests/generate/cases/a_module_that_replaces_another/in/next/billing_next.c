#include "billing_next.module.h"

static ash_status charge(ash_call *call, const BillingChargeRequest *in, BillingChargeReply *out)
{
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx, "insert into billing_next.charge (order_id) values ($1)",
			 ash_text(in->order_id)));
	(void)out;
	return ash_commit(tx);
}

static ash_status reset(ash_call *call, const BillingResetRequest *in, BillingResetReply *out)
{
	(void)call, (void)in, (void)out;
	return ASH_OK;
}

ASH_MODULE(billing_next, .billing = {.charge = charge}, .admin = {.reset = reset});
