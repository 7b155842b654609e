#include "invoices.module.h"

static ash_status charge(ash_call *call, const BillingChargeRequest *in, BillingChargeReply *out)
{
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx, "insert into billing.charge (order_id, cents) values ($1, $2)",
			 ash_text(in->order_id), ash_int(in->cents)));
	(void)out;
	return ash_commit(tx);
}

ASH_MODULE(invoices, .billing = {.charge = charge});
