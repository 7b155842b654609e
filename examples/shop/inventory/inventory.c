/* SPDX-License-Identifier: Apache-2.0 */
/* What is in stock, and for whom it is kept. A reservation takes what it keeps out of the stock, and
 * puts it back when the order is cancelled. */
#include "inventory.module.h"

#define STOCK_MOST 100

static ash_status price(ash_call *call, const InventoryPriceRequest *in, InventoryPriceReply *out)
{
	ASH_TX(tx, call);
	ASH_QUERY(rows, tx, "select cents from inventory.product where sku = $1",
		  ash_text(in->sku));
	if (!ash_next(rows)) {
		ASH_TRY(ash_end(rows));
		return ash_fail(call, ASH_NOT_FOUND, "there is no product '%s'",
				in->sku ? in->sku : "");
	}
	out->cents = ash_get_int(rows, 0);
	ASH_TRY(ash_end(rows));
	return ash_commit(tx);
}

static ash_status stock(ash_call *call, const InventoryStockRequest *in, InventoryStockReply *out)
{
	InventoryProduct *products = ash_alloc(call, STOCK_MOST * sizeof *products);
	out->products = ash_alloc(call, STOCK_MOST * sizeof *out->products);
	(void)in;
	if (!products || !out->products)
		return ash_fail(call, ASH_RESOURCE_EXHAUSTED, "there is no memory left");
	ASH_TX(tx, call);
	ASH_QUERY(rows, tx,
		  "select sku, name, cents, quantity from inventory.product order by sku limit $1",
		  ash_int(STOCK_MOST));
	while (ash_next(rows)) {
		InventoryProduct *product = &products[out->n_products];
		product->sku = ash_format(call, "%s", ash_get_text(rows, 0));
		product->name = ash_format(call, "%s", ash_get_text(rows, 1));
		product->cents = ash_get_int(rows, 2);
		product->quantity = ash_get_int(rows, 3);
		if (!product->sku || !product->name)
			return ash_fail(call, ASH_RESOURCE_EXHAUSTED, "there is no memory left");
		out->products[out->n_products++] = product;
	}
	ASH_TRY(ash_end(rows));
	return ash_commit(tx);
}

static ash_status restock(ash_call *call, const InventoryRestockRequest *in,
			  InventoryRestockReply *out)
{
	if (in->quantity < 1 || in->quantity > 1000000)
		return ash_fail(call, ASH_INVALID_ARGUMENT, "the quantity is not in 1 to 1000000");
	ASH_TX(tx, call);
	ASH_QUERY(rows, tx,
		  "update inventory.product set quantity = quantity + $2, restocks = restocks + 1 "
		  "where sku = $1 returning quantity, restocks",
		  ash_text(in->sku), ash_int(in->quantity));
	if (!ash_next(rows)) {
		ASH_TRY(ash_end(rows));
		return ash_fail(call, ASH_NOT_FOUND, "there is no product '%s'", in->sku);
	}
	out->quantity = ash_get_int(rows, 0);
	out->number = ash_get_int(rows, 1);
	ASH_TRY(ash_end(rows));
	ASH_TRY(inventory_publish_restocked(tx, &(InventoryRestocked){.sku = in->sku,
								      .number = out->number,
								      .quantity = in->quantity}));
	return ash_commit(tx);
}

/* ---- keeping goods ---- */

/* Takes the goods out of stock; `*kept` says whether there were enough. */
static ash_status keep(ash_tx *tx, int64_t order_id, const char *sku, int64_t quantity, bool *kept)
{
	int64_t taken;
	ASH_TRY(ash_exec_count(tx, &taken,
			       "update inventory.product set quantity = quantity - $2 where sku = "
			       "$1 and quantity >= $2",
			       ash_text(sku), ash_int(quantity)));
	*kept = taken > 0;
	if (!*kept)
		return ASH_OK;
	return ash_exec(tx,
			"insert into inventory.reservation (order_id, sku, quantity) values ($1, "
			"$2, $3)",
			ash_int(order_id), ash_text(sku), ash_int(quantity));
}

/* Puts back what was kept; an order that was out of stock has nothing. */
static ash_status put_back(ash_call *call, ash_tx *tx, int64_t order_id)
{
	const char *sku = NULL;
	int64_t quantity = 0;
	ASH_QUERY(rows, tx,
		  "delete from inventory.reservation where order_id = $1 returning sku, quantity",
		  ash_int(order_id));
	if (ash_next(rows)) {
		sku = ash_format(call, "%s", ash_get_text(rows, 0));
		quantity = ash_get_int(rows, 1);
	}
	ASH_TRY(ash_end(rows));
	if (quantity == 0)
		return ASH_OK;
	return ash_exec(tx, "update inventory.product set quantity = quantity + $2 where sku = $1",
			ash_text(sku), ash_int(quantity));
}

/* ---- as it is told ---- */

/* What is said first of an order's goods holds, whatever comes again or late: but what was kept can
 * be released. `*kept` is what holds; `*first` says that nothing was said before. */
static ash_status decide(ash_tx *tx, int64_t order_id, bool *first, bool *kept)
{
	int64_t made;
	ASH_TRY(ash_exec_count(tx, &made,
			       "insert into inventory.decision (order_id, kept) values ($1, $2) on "
			       "conflict (order_id) do nothing",
			       ash_int(order_id), ash_bool(true)));
	*first = made > 0;
	ASH_QUERY(rows, tx, "select kept from inventory.decision where order_id = $1",
		  ash_int(order_id));
	*kept = ash_next(rows) && ash_get_bool(rows, 0);
	return ash_end(rows);
}

static ash_status decide_against(ash_tx *tx, int64_t order_id)
{
	return ash_exec(tx,
			"insert into inventory.decision (order_id, kept) values ($1, $2) on "
			"conflict (order_id) do update set kept = excluded.kept",
			ash_int(order_id), ash_bool(false));
}

static ash_status reserve(ash_call *call, const InventoryReserveRequest *in,
			  InventoryReserveReply *out)
{
	bool first, kept;
	ASH_TX(tx, call);
	ASH_TRY(decide(tx, in->order_id, &first, &kept));
	if (first)
		ASH_TRY(keep(tx, in->order_id, in->sku, in->quantity, &kept));
	if (!kept)
		ASH_TRY(decide_against(tx, in->order_id));
	out->out_of_stock = !kept;
	return ash_commit(tx);
}

static ash_status release(ash_call *call, const InventoryReleaseRequest *in,
			  InventoryReleaseReply *out)
{
	(void)out;
	ASH_TX(tx, call);
	ASH_TRY(decide_against(tx, in->order_id));
	ASH_TRY(put_back(call, tx, in->order_id));
	return ash_commit(tx);
}

/* ---- as it hears ---- */

static ash_status on_order_placed(ash_call *call, const OrdersOrderPlaced *event)
{
	bool kept = false;
	if (event->orchestrated)
		return ASH_OK;
	ASH_TX(tx, call);
	ASH_TRY(keep(tx, event->order_id, event->sku, event->quantity, &kept));
	if (kept)
		ASH_TRY(inventory_publish_reserved(
			tx, &(InventoryReserved){.order_id = event->order_id}));
	else
		ASH_TRY(inventory_publish_out_of_stock(
			tx, &(InventoryOutOfStock){.order_id = event->order_id}));
	return ash_commit(tx);
}

/* Of an orchestrated order nothing is kept any more. */
static ash_status on_order_cancelled(ash_call *call, const OrdersOrderCancelled *event)
{
	ASH_TX(tx, call);
	ASH_TRY(put_back(call, tx, event->order_id));
	return ash_commit(tx);
}

ASH_MODULE(inventory,
	   .inventory = {.price = price,
			 .stock = stock,
			 .restock = restock,
			 .reserve = reserve,
			 .release = release},
	   .on = {.orders_order_placed = on_order_placed,
		  .orders_order_cancelled = on_order_cancelled});
