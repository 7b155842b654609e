#include "billing.module.h"

static ash_status charge(ash_call *call, const BillingChargeRequest *in, BillingChargeReply *out)
{
	(void)out;
	ASH_TX(tx, call);
	ASH_TRY(billing_publish_charged(tx, &(BillingCharged){.order_id = in->order_id}));
	return ash_commit(tx);
}

static ash_status on_order_placed(ash_call *call, const OrdersOrderPlaced *event)
{
	BillingChargeReply reply;
	return billing_charge(call, &(BillingChargeRequest){.order_id = event->order_id}, &reply);
}

static ash_status on_charged(ash_call *call, const BillingCharged *event)
{
	(void)call, (void)event;
	return ASH_OK;
}

static ash_status nightly(ash_call *call)
{
	(void)call;
	return ASH_OK;
}

static ash_status pay_back(ash_step *step, ash_call *call, const void *in)
{
	const BillingChargeRequest *charge = in;
	(void)step, (void)call, (void)charge;
	return ASH_OK;
}

static const ash_saga_step refund_steps[] = {{"pay_back", .run = pay_back}};
static const ash_saga refund = ASH_SAGA("billing.refund", &billing__v1__charge_request__descriptor,
					refund_steps, .version = 1);

ASH_MODULE(billing, .billing = {.charge = charge},
	   .on = {.orders_order_placed = on_order_placed, .billing_charged = on_charged},
	   .schedules = {.nightly = nightly}, .sagas = {.refund = &refund});
