/* SPDX-License-Identifier: Apache-2.0 */
/* What customers owe, and what they paid. An invoice is opened when the order is placed, and paid once
 * the goods are kept for it. */
#include "billing.module.h"

#include <string.h>

static ash_status get_invoice(ash_call *call, const BillingInvoiceRequest *in, BillingInvoice *out)
{
	ASH_TX(tx, call);
	ASH_QUERY(rows, tx, "select cents, state from billing.invoice where order_id = $1",
		  ash_int(in->order_id));
	if (!ash_next(rows)) {
		ASH_TRY(ash_end(rows));
		return ash_fail(call, ASH_NOT_FOUND, "there is no invoice for order %lld",
				(long long)in->order_id);
	}
	out->order_id = in->order_id;
	out->cents = ash_get_int(rows, 0);
	out->state = ash_format(call, "%s", ash_get_text(rows, 1));
	if (!out->state)
		return ash_fail(call, ASH_RESOURCE_EXHAUSTED, "there is no memory left");
	ASH_TRY(ash_end(rows));
	return ash_commit(tx);
}

static ash_status on_order_placed(ash_call *call, const OrdersOrderPlaced *event)
{
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(
		tx,
		"insert into billing.invoice (order_id, cents, card, state) values ($1, $2, "
		"$3, 'open')",
		ash_int(event->order_id), ash_int(event->cents), ash_text(event->card)));
	return ash_commit(tx);
}

/* The bank of this shop declines what the test cards of real ones say. */
static bool is_declined(const char *card)
{
	size_t length = strlen(card);
	return length >= 4 && strcmp(card + length - 4, "0002") == 0;
}

static ash_status read_invoice(ash_call *call, ash_tx *tx, int64_t order_id, int64_t *cents,
			       bool *declined)
{
	ASH_QUERY(rows, tx,
		  "select cents, card from billing.invoice where order_id = $1 and state = 'open'",
		  ash_int(order_id));
	if (!ash_next(rows)) {
		ASH_TRY(ash_end(rows));
		return ash_fail(call, ASH_FAILED_PRECONDITION,
				"there is no open invoice for order %lld", (long long)order_id);
	}
	*cents = ash_get_int(rows, 0);
	*declined = is_declined(ash_get_text(rows, 1));
	return ash_end(rows);
}

/* The events of one order come in their order, so the invoice is there. */
static ash_status on_reserved(ash_call *call, const InventoryReserved *event)
{
	int64_t id = event->order_id, cents = 0;
	bool declined = false;
	ASH_TX(tx, call);
	ASH_TRY(read_invoice(call, tx, id, &cents, &declined));
	ASH_TRY(ash_exec(tx, "update billing.invoice set state = $2 where order_id = $1",
			 ash_int(id), ash_text(declined ? "declined" : "paid")));
	if (declined) {
		ASH_TRY(billing_publish_declined(tx, &(BillingDeclined){.order_id = id}));
		return ash_commit(tx);
	}
	ASH_TRY(ash_exec(tx, "insert into billing.payment (order_id, cents) values ($1, $2)",
			 ash_int(id), ash_int(cents)));
	ASH_TRY(billing_publish_paid(tx, &(BillingPaid){.order_id = id}));
	return ash_commit(tx);
}

ASH_MODULE(billing, .billing = {.get_invoice = get_invoice},
	   .on = {.orders_order_placed = on_order_placed, .inventory_reserved = on_reserved});
