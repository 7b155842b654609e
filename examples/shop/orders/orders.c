/* SPDX-License-Identifier: Apache-2.0 */
/* What customers ordered, and what became of it: an order is placed, and then confirmed or
 * cancelled, once: by the first event that says so, or by the last step of its saga. Which of the
 * two, who places it says; docs/sagas.md compares them. */
#include "orders.module.h"

#include <stdio.h>
#include <string.h>

#include "billing.port.h"
#include "inventory.port.h"

#define LIST_MOST 50

#define QUANTITY_MOST 1000

/* ---- what became of it ---- */

/* Ends an order that is still only placed; `*customer` is NULL where it has ended before. */
static ash_status end(ash_call *call, ash_tx *tx, int64_t order_id, const char *state,
		      const char *reason, char **customer, int64_t *cents)
{
	*customer = NULL;
	ASH_QUERY(rows, tx,
		  "update orders.placed set state = $2, reason = $3 where order_id = $1 and state "
		  "= 'placed' returning customer, cents",
		  ash_int(order_id), ash_text(state), ash_text(reason));
	if (ash_next(rows)) {
		*cents = ash_get_int(rows, 1);
		*customer = ash_format(call, "%s", ash_get_text(rows, 0));
		if (!*customer)
			return ash_fail(call, ASH_RESOURCE_EXHAUSTED, "there is no memory left");
	}
	return ash_end(rows);
}

static ash_status confirm(ash_call *call, int64_t order_id)
{
	OrdersOrderConfirmed confirmed = {.order_id = order_id};
	ASH_TX(tx, call);
	ASH_TRY(end(call, tx, order_id, "confirmed", "", &confirmed.customer, &confirmed.cents));
	if (confirmed.customer)
		ASH_TRY(orders_publish_order_confirmed(tx, &confirmed));
	return ash_commit(tx);
}

static ash_status cancel(ash_call *call, int64_t order_id, const char *reason)
{
	OrdersOrderCancelled cancelled = {.order_id = order_id, .reason = (char *)reason};
	int64_t cents;
	ASH_TX(tx, call);
	ASH_TRY(end(call, tx, order_id, "cancelled", reason, &cancelled.customer, &cents));
	if (cancelled.customer)
		ASH_TRY(orders_publish_order_cancelled(tx, &cancelled));
	return ash_commit(tx);
}

/* ---- the flow as a saga: one place says what comes next, and what takes it back ---- */

static ash_status announce(ash_step *step, ash_call *call, const void *in)
{
	(void)step;
	ASH_TX(tx, call);
	ASH_TRY(orders_publish_order_placed(tx, in));
	return ash_commit(tx);
}

static ash_status give_up(ash_step *step, ash_call *call, const void *in)
{
	const OrdersOrderPlaced *order = in;
	return cancel(call, order->order_id, ash_step_why(step));
}

static ash_status open_invoice(ash_step *step, ash_call *call, const void *in)
{
	const OrdersOrderPlaced *order = in;
	BillingOpenReply reply;
	(void)step;
	return billing_open(call,
			    &(BillingOpenRequest){.order_id = order->order_id,
						  .cents = order->cents,
						  .card = order->card},
			    &reply);
}

static ash_status reserve(ash_step *step, ash_call *call, const void *in)
{
	const OrdersOrderPlaced *order = in;
	InventoryReserveReply reply;
	(void)step;
	ASH_TRY(inventory_reserve(call,
				  &(InventoryReserveRequest){.order_id = order->order_id,
							     .sku = order->sku,
							     .quantity = order->quantity},
				  &reply));
	return reply.out_of_stock ? ash_fail(call, ASH_FAILED_PRECONDITION, "out of stock")
				  : ASH_OK;
}

static ash_status release(ash_step *step, ash_call *call, const void *in)
{
	const OrdersOrderPlaced *order = in;
	InventoryReleaseReply reply;
	(void)step;
	return inventory_release(call, &(InventoryReleaseRequest){.order_id = order->order_id},
				 &reply);
}

static ash_status pay(ash_step *step, ash_call *call, const void *in)
{
	const OrdersOrderPlaced *order = in;
	BillingPayReply reply;
	(void)step;
	ASH_TRY(billing_pay(call, &(BillingPayRequest){.order_id = order->order_id}, &reply));
	return reply.declined ? ash_fail(call, ASH_FAILED_PRECONDITION, "the card was declined")
			      : ASH_OK;
}

static ash_status refund(ash_step *step, ash_call *call, const void *in)
{
	const OrdersOrderPlaced *order = in;
	BillingRefundReply reply;
	(void)step;
	return billing_refund(call, &(BillingRefundRequest){.order_id = order->order_id}, &reply);
}

static ash_status finish(ash_step *step, ash_call *call, const void *in)
{
	const OrdersOrderPlaced *order = in;
	(void)step;
	return confirm(call, order->order_id);
}

/* Customers are told, and orders counted, by whoever hears of it: nothing waits for that. */
static const ash_saga_step STEPS[] = {
	{"announce", .run = announce, .undo = give_up},
	{"invoice", .run = open_invoice},
	{"reserve", .run = reserve, .undo = release},
	{"pay", .run = pay, .undo = refund},
	{"confirm", .run = finish},
};

static const ash_saga fulfil = ASH_SAGA("orders.fulfil", &orders__v1__order_placed__descriptor,
					STEPS, .version = 1, .deadline_s = 3600);

static ash_status begin(ash_tx *tx, const OrdersOrderPlaced *order)
{
	char id[24];
	if (!order->orchestrated)
		return orders_publish_order_placed(tx, order);
	snprintf(id, sizeof id, "%lld", (long long)order->order_id);
	return ash_saga_start(tx, &fulfil, id, order);
}

/* ---- placing ---- */

static ash_status check(ash_call *call, const OrdersPlaceRequest *in)
{
	if (!in->customer || !*in->customer)
		return ash_fail(call, ASH_INVALID_ARGUMENT, "who orders? The customer is empty");
	if (in->quantity < 1 || in->quantity > QUANTITY_MOST)
		return ash_fail(call, ASH_INVALID_ARGUMENT, "the quantity is not in 1 to %d",
				QUANTITY_MOST);
	if (in->flow && *in->flow && strcmp(in->flow, "choreography") != 0 &&
	    strcmp(in->flow, "saga") != 0)
		return ash_fail(call, ASH_INVALID_ARGUMENT,
				"the flow is neither choreography nor saga");
	return ASH_OK;
}

/* The order that came with this key before; 0: none did. */
static ash_status find_repeated(ash_tx *tx, const char *key, int64_t *order_id)
{
	*order_id = 0;
	if (!*key)
		return ASH_OK;
	ASH_QUERY(rows, tx, "select order_id from orders.placed where idempotency_key = $1",
		  ash_text(key));
	if (ash_next(rows))
		*order_id = ash_get_int(rows, 0);
	return ash_end(rows);
}

static ash_status insert(ash_call *call, ash_tx *tx, const OrdersPlaceRequest *in, int64_t cents,
			 int64_t *order_id)
{
	const char *key = ash_idempotency_key(call);
	ASH_QUERY(
		rows, tx,
		"insert into orders.placed (idempotency_key, customer, sku, quantity, cents, "
		"state, reason, trace_id, placed_at) values ($1, $2, $3, $4, $5, 'placed', '', $6, "
		"$7) returning order_id",
		*key ? ash_text(key) : ash_null(), ash_text(in->customer), ash_text(in->sku),
		ash_int(in->quantity), ash_int(cents), ash_text(ash_trace_id(call)),
		ash_time(ash_now(call)));
	if (ash_next(rows))
		*order_id = ash_get_int(rows, 0);
	return ash_end(rows);
}

static ash_status place(ash_call *call, const OrdersPlaceRequest *in, OrdersPlaceReply *out)
{
	InventoryPriceReply price;
	ASH_TRY(check(call, in));
	ASH_TRY(inventory_price(call, &(InventoryPriceRequest){.sku = in->sku}, &price));
	ASH_TX(tx, call);
	ASH_TRY(find_repeated(tx, ash_idempotency_key(call), &out->order_id));
	if (out->order_id)
		return ash_commit(tx);
	int64_t cents = price.cents * in->quantity;
	ASH_TRY(insert(call, tx, in, cents, &out->order_id));
	ASH_TRY(begin(tx, &(OrdersOrderPlaced){.order_id = out->order_id,
					       .customer = in->customer,
					       .sku = in->sku,
					       .quantity = in->quantity,
					       .cents = cents,
					       .card = in->card,
					       .orchestrated =
						       in->flow && strcmp(in->flow, "saga") == 0}));
	return ash_commit(tx);
}

/* ---- looking ---- */

#define ORDER_COLUMNS "order_id, customer, sku, quantity, cents, state, reason, trace_id"

static ash_status read_order(ash_call *call, ash_rows *rows, OrdersOrder *out)
{
	out->order_id = ash_get_int(rows, 0);
	out->customer = ash_format(call, "%s", ash_get_text(rows, 1));
	out->sku = ash_format(call, "%s", ash_get_text(rows, 2));
	out->quantity = ash_get_int(rows, 3);
	out->cents = ash_get_int(rows, 4);
	out->state = ash_format(call, "%s", ash_get_text(rows, 5));
	out->reason = ash_format(call, "%s", ash_get_text(rows, 6));
	out->trace_id = ash_format(call, "%s", ash_get_text(rows, 7));
	if (!out->customer || !out->sku || !out->state || !out->reason || !out->trace_id)
		return ash_fail(call, ASH_RESOURCE_EXHAUSTED, "there is no memory left");
	return ASH_OK;
}

static ash_status get(ash_call *call, const OrdersGetRequest *in, OrdersOrder *out)
{
	ASH_TX(tx, call);
	ASH_QUERY(rows, tx, "select " ORDER_COLUMNS " from orders.placed where order_id = $1",
		  ash_int(in->order_id));
	if (!ash_next(rows)) {
		ASH_TRY(ash_end(rows));
		return ash_fail(call, ASH_NOT_FOUND, "there is no order %lld",
				(long long)in->order_id);
	}
	ASH_TRY(read_order(call, rows, out));
	ASH_TRY(ash_end(rows));
	return ash_commit(tx);
}

static ash_status list(ash_call *call, const OrdersListRequest *in, OrdersListReply *out)
{
	OrdersOrder *orders = ash_alloc(call, LIST_MOST * sizeof *orders);
	out->orders = ash_alloc(call, LIST_MOST * sizeof *out->orders);
	(void)in;
	if (!orders || !out->orders)
		return ash_fail(call, ASH_RESOURCE_EXHAUSTED, "there is no memory left");
	ASH_TX(tx, call);
	ASH_QUERY(rows, tx,
		  "select " ORDER_COLUMNS " from orders.placed order by order_id desc limit $1",
		  ash_int(LIST_MOST));
	while (ash_next(rows)) {
		ASH_TRY(read_order(call, rows, &orders[out->n_orders]));
		out->orders[out->n_orders] = &orders[out->n_orders];
		out->n_orders++;
	}
	ASH_TRY(ash_end(rows));
	return ash_commit(tx);
}

/* ---- the flow as choreography: what others say moves the order ---- */

static ash_status on_paid(ash_call *call, const BillingPaid *event)
{
	return confirm(call, event->order_id);
}

static ash_status on_declined(ash_call *call, const BillingDeclined *event)
{
	return cancel(call, event->order_id, "the card was declined");
}

static ash_status on_out_of_stock(ash_call *call, const InventoryOutOfStock *event)
{
	return cancel(call, event->order_id, "out of stock");
}

ASH_MODULE(orders, .sagas = {.fulfil = &fulfil},
	   .orders = {.place = place, .get = get, .list = list},
	   .on = {.inventory_out_of_stock = on_out_of_stock,
		  .billing_paid = on_paid,
		  .billing_declined = on_declined});
