/* SPDX-License-Identifier: Apache-2.0 */
/* A module as its author writes it. */
#include "billing.module.h"

static ash_status charge(ash_call *call, const BillingChargeRequest *in, BillingChargeReply *out)
{
	if (in->cents <= 0)
		return ash_fail(call, ASH_INVALID_ARGUMENT, "%s costs nothing", in->order_id);
	ASH_TX(tx, call);
	ASH_TRY(billing_publish_charged(tx, &(BillingCharged){.order_id = in->order_id}));
	(void)out;
	return ash_commit(tx);
}

/* Refund and Rates.Look are missing: what holds the module is to notice. */

static ash_status on_order_placed(ash_call *call, const OrdersOrderPlaced *event)
{
	BillingChargeReply reply;
	return billing_charge(call,
			      &(BillingChargeRequest){.order_id = event->id, .cents = event->cents},
			      &reply);
}

static ash_status nightly(ash_call *call)
{
	return ash_fail(call, ASH_UNAVAILABLE, "it is day");
}

ASH_MODULE(billing, .billing = {.charge = charge}, .on = {.orders_order_placed = on_order_placed},
	   .schedules = {.nightly = nightly});
