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

/* ---- an invoice and its payment ---- */

static ash_status insert_invoice(ash_call *call, int64_t order_id, int64_t cents, const char *card)
{
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(
		tx,
		"insert into billing.invoice (order_id, cents, card, state) values ($1, $2, "
		"$3, 'open') on conflict (order_id) do nothing",
		ash_int(order_id), ash_int(cents), ash_text(card)));
	return ash_commit(tx);
}

/* The bank of this shop declines what the test cards of real ones say. */
static bool is_declined(const char *card)
{
	size_t length = strlen(card);
	return length >= 4 && strcmp(card + length - 4, "0002") == 0;
}

enum invoice_state { OPEN, PAID, DECLINED, REFUNDED };

static enum invoice_state read_state(const char *name)
{
	static const char *const NAMES[] = {"open", "paid", "declined", "refunded"};
	enum invoice_state state = OPEN;
	while (state < REFUNDED && strcmp(NAMES[state], name) != 0)
		state++;
	return state;
}

/* `*state` is what it comes to when the card is asked. */
static ash_status read_invoice(ash_call *call, ash_tx *tx, int64_t order_id, int64_t *cents,
			       enum invoice_state *was, enum invoice_state *state)
{
	ASH_QUERY(rows, tx, "select cents, card, state from billing.invoice where order_id = $1",
		  ash_int(order_id));
	if (!ash_next(rows)) {
		ASH_TRY(ash_end(rows));
		return ash_fail(call, ASH_FAILED_PRECONDITION,
				"there is no open invoice for order %lld", (long long)order_id);
	}
	*cents = ash_get_int(rows, 0);
	*was = *state = read_state(ash_get_text(rows, 2));
	if (*was == OPEN)
		*state = is_declined(ash_get_text(rows, 1)) ? DECLINED : PAID;
	return ash_end(rows);
}

/* Has the card pay, once; what is paid or declined stays so. */
static ash_status charge(ash_call *call, ash_tx *tx, int64_t order_id, bool *declined)
{
	enum invoice_state was = OPEN, state = OPEN;
	int64_t cents = 0;
	ASH_TRY(read_invoice(call, tx, order_id, &cents, &was, &state));
	*declined = state == DECLINED;
	if (was == REFUNDED)
		return ash_fail(call, ASH_FAILED_PRECONDITION, "order %lld was refunded",
				(long long)order_id);
	if (was != OPEN)
		return ASH_OK;
	ASH_TRY(ash_exec(tx, "update billing.invoice set state = $2 where order_id = $1",
			 ash_int(order_id), ash_text(*declined ? "declined" : "paid")));
	if (*declined)
		return ASH_OK;
	return ash_exec(tx, "insert into billing.payment (order_id, cents) values ($1, $2)",
			ash_int(order_id), ash_int(cents));
}

/* ---- as it is told ---- */

static ash_status open_invoice(ash_call *call, const BillingOpenRequest *in, BillingOpenReply *out)
{
	(void)out;
	return insert_invoice(call, in->order_id, in->cents, in->card);
}

static ash_status pay(ash_call *call, const BillingPayRequest *in, BillingPayReply *out)
{
	bool declined = false;
	ASH_TX(tx, call);
	ASH_TRY(charge(call, tx, in->order_id, &declined));
	out->declined = declined;
	return ash_commit(tx);
}

static ash_status refund(ash_call *call, const BillingRefundRequest *in, BillingRefundReply *out)
{
	(void)out;
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx,
			 "update billing.invoice set state = 'refunded' where order_id = $1 and "
			 "state <> 'declined'",
			 ash_int(in->order_id)));
	ASH_TRY(ash_exec(tx, "delete from billing.payment where order_id = $1",
			 ash_int(in->order_id)));
	return ash_commit(tx);
}

/* ---- as it hears ---- */

static ash_status on_order_placed(ash_call *call, const OrdersOrderPlaced *event)
{
	if (event->orchestrated)
		return ASH_OK;
	return insert_invoice(call, event->order_id, event->cents, event->card);
}

/* The events of one order come in their order, so the invoice is there. */
static ash_status on_reserved(ash_call *call, const InventoryReserved *event)
{
	int64_t id = event->order_id;
	bool declined = false;
	ASH_TX(tx, call);
	ASH_TRY(charge(call, tx, id, &declined));
	if (declined)
		ASH_TRY(billing_publish_declined(tx, &(BillingDeclined){.order_id = id}));
	else
		ASH_TRY(billing_publish_paid(tx, &(BillingPaid){.order_id = id}));
	return ash_commit(tx);
}

ASH_MODULE(
	billing,
	.billing = {.get_invoice = get_invoice, .open = open_invoice, .pay = pay, .refund = refund},
	.on = {.orders_order_placed = on_order_placed, .inventory_reserved = on_reserved});
