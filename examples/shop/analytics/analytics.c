/* SPDX-License-Identifier: Apache-2.0 */
/* How many of what. A counter is one that each event moves by one, so it shows whether an event was
 * handled twice or never. */
#include "analytics.module.h"

static ash_status counts(ash_call *call, const AnalyticsCountsRequest *in,
			 AnalyticsCountsReply *out)
{
	(void)in;
	ASH_TX(tx, call);
	ASH_QUERY(rows, tx, "select placed, confirmed, cancelled, cents from analytics.total");
	if (ash_next(rows)) {
		out->placed = ash_get_int(rows, 0);
		out->confirmed = ash_get_int(rows, 1);
		out->cancelled = ash_get_int(rows, 2);
		out->cents = ash_get_int(rows, 3);
	}
	ASH_TRY(ash_end(rows));
	return ash_commit(tx);
}

static ash_status count(ash_call *call, int64_t placed, int64_t confirmed, int64_t cancelled,
			int64_t cents)
{
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx,
			 "update analytics.total set placed = placed + $1, confirmed = confirmed + "
			 "$2, cancelled = cancelled + $3, cents = cents + $4",
			 ash_int(placed), ash_int(confirmed), ash_int(cancelled), ash_int(cents)));
	return ash_commit(tx);
}

static ash_status on_order_placed(ash_call *call, const OrdersOrderPlaced *event)
{
	(void)event;
	return count(call, 1, 0, 0, 0);
}

static ash_status on_order_confirmed(ash_call *call, const OrdersOrderConfirmed *event)
{
	return count(call, 0, 1, 0, event->cents);
}

static ash_status on_order_cancelled(ash_call *call, const OrdersOrderCancelled *event)
{
	(void)event;
	return count(call, 0, 0, 1, 0);
}

/* The rows of one product are in the order in which the goods came. */
static ash_status on_restocked(ash_call *call, const InventoryRestocked *event)
{
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx,
			 "insert into analytics.supply (sku, number, quantity) values ($1, $2, $3)",
			 ash_text(event->sku), ash_int(event->number), ash_int(event->quantity)));
	return ash_commit(tx);
}

/* Once a minute, whatever number of processes there are. */
static ash_status snapshot(ash_call *call)
{
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx,
			 "insert into analytics.snapshot (at, placed, cents) select $1, placed, "
			 "cents from analytics.total",
			 ash_time(ash_now(call))));
	return ash_commit(tx);
}

ASH_MODULE(analytics, .analytics = {.counts = counts},
	   .on = {.orders_order_placed = on_order_placed,
		  .orders_order_confirmed = on_order_confirmed,
		  .orders_order_cancelled = on_order_cancelled,
		  .inventory_restocked = on_restocked},
	   .schedules = {.snapshot = snapshot});
