/* SPDX-License-Identifier: Apache-2.0 */
/* What customers are told. A message is a row; who sends mail reads them. */
#include "notification.module.h"

#define MESSAGES_MOST 20

static ash_status messages(ash_call *call, const NotificationMessagesRequest *in,
			   NotificationMessagesReply *out)
{
	out->messages = ash_alloc(call, MESSAGES_MOST * sizeof *out->messages);
	if (!out->messages)
		return ash_fail(call, ASH_RESOURCE_EXHAUSTED, "there is no memory left");
	ASH_TX(tx, call);
	ASH_QUERY(rows, tx,
		  "select body from notification.message where order_id = $1 order by id limit $2",
		  ash_int(in->order_id), ash_int(MESSAGES_MOST));
	while (ash_next(rows)) {
		char *body = ash_format(call, "%s", ash_get_text(rows, 0));
		if (!body)
			return ash_fail(call, ASH_RESOURCE_EXHAUSTED, "there is no memory left");
		out->messages[out->n_messages++] = body;
	}
	ASH_TRY(ash_end(rows));
	return ash_commit(tx);
}

static ash_status tell(ash_call *call, int64_t order_id, const char *customer, const char *body)
{
	if (!body)
		return ash_fail(call, ASH_RESOURCE_EXHAUSTED, "there is no memory left");
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx,
			 "insert into notification.message (order_id, customer, body) values ($1, "
			 "$2, $3)",
			 ash_int(order_id), ash_text(customer), ash_text(body)));
	return ash_commit(tx);
}

static ash_status on_order_confirmed(ash_call *call, const OrdersOrderConfirmed *event)
{
	return tell(call, event->order_id, event->customer,
		    ash_format(call, "Thank you, %s: your order %lld is on its way.",
			       event->customer, (long long)event->order_id));
}

static ash_status on_order_cancelled(ash_call *call, const OrdersOrderCancelled *event)
{
	return tell(call, event->order_id, event->customer,
		    ash_format(call, "We are sorry, %s: your order %lld was cancelled: %s.",
			       event->customer, (long long)event->order_id, event->reason));
}

ASH_MODULE(notification, .notification = {.messages = messages},
	   .on = {.orders_order_confirmed = on_order_confirmed,
		  .orders_order_cancelled = on_order_cancelled});
