#include <ashlar/call.h>

#include "billing.messages.h"

ash_status refused(ash_call *call);
ash_status refused(ash_call *call)
{
	BillingChargeReply reply;
	return billing_charge(call, &(BillingChargeRequest){.order_id = 0}, &reply);
}
