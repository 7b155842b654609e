/* SPDX-License-Identifier: Apache-2.0 */
/* The stock: what is kept, what is put back, and the last one. */
#include <ashlar/test.h>

#include "app.h"

static void order(ash_test *test, int64_t id, int64_t quantity)
{
	ash_test_publish(test, &orders_order_placed_event,
			 &(OrdersOrderPlaced){.order_id = id,
					      .customer = "Ada",
					      .sku = "teapot",
					      .quantity = quantity,
					      .card = "1"});
	ash_test_settle(test);
}

static void expect_teapots(ash_test *test, const char *quantity)
{
	ash_expect_rows(test, "inventory",
			"select quantity from inventory.product where sku = 'teapot'", quantity);
}

ASH_TEST(the_last_one_is_kept_for_who_came_first)
{
	order(test, 1, 2);
	order(test, 2, 2);
	ash_expect_published(test, &inventory_reserved_event, {"order_id", ash_int(1)});
	ash_expect_published(test, &inventory_out_of_stock_event, {"order_id", ash_int(2)});
	expect_teapots(test, "1");
}

ASH_TEST(what_was_kept_goes_back_when_the_order_is_cancelled)
{
	order(test, 1, 3);
	expect_teapots(test, "0");
	ash_test_publish(test, &orders_order_cancelled_event,
			 &(OrdersOrderCancelled){.order_id = 1, .customer = "Ada"});
	ash_test_settle(test);
	expect_teapots(test, "3");
	ash_expect_rows(test, "inventory", "select order_id from inventory.reservation");
}

static bool reserve(ash_test *test, int64_t id, int64_t quantity)
{
	InventoryReserveReply reply;
	ash_expect_ok(test, inventory_reserve(ash_test_call_as(test, "orders"),
					      &(InventoryReserveRequest){.order_id = id,
									 .sku = "teapot",
									 .quantity = quantity},
					      &reply));
	return !reply.out_of_stock;
}

static void release(ash_test *test, int64_t id)
{
	InventoryReleaseReply reply;
	ash_expect_ok(test, inventory_release(ash_test_call_as(test, "orders"),
					      &(InventoryReleaseRequest){.order_id = id}, &reply));
}

ASH_TEST(what_comes_again_or_late_changes_nothing)
{
	ash_expect(test, reserve(test, 1, 2));
	ash_expect(test, reserve(test, 1, 2));
	ash_expect(test, !reserve(test, 2, 2));
	expect_teapots(test, "1");
	release(test, 1);
	release(test, 1);
	ash_expect(test, !reserve(test, 1, 2));
	ash_expect(test, !reserve(test, 2, 2));
	release(test, 3);
	ash_expect(test, !reserve(test, 3, 2));
	expect_teapots(test, "3");
	ash_expect_rows(test, "inventory", "select order_id from inventory.reservation");
}

ASH_TEST(a_restock_is_added)
{
	InventoryRestockReply reply;
	ash_expect_ok(test,
		      inventory_restock(ash_test_call(test),
					&(InventoryRestockRequest){.sku = "teapot", .quantity = 4},
					&reply));
	ash_expect_int(test, reply.quantity, 7);
}

ASH_TEST(a_price_is_asked_for_outside_of_a_transaction_only)
{
	InventoryPriceReply reply;
	ash_call *call = ash_test_call_as(test, "orders");
	ash_tx *tx;
	ash_expect_ok(test, ash_begin(call, &tx));
	ash_expect_status(test, ASH_INTERNAL,
			  inventory_price(call, &(InventoryPriceRequest){.sku = "teapot"}, &reply));
	ash_expect_message(test, "inside an open transaction");
	ash_rollback(tx);
}

ASH_TEST(a_module_that_does_not_depend_on_it_may_not_call_it)
{
	InventoryPriceReply reply;
	ash_expect_status(test, ASH_PERMISSION_DENIED,
			  inventory_price(ash_test_call_as(test, "notification"),
					  &(InventoryPriceRequest){.sku = "teapot"}, &reply));
	ash_expect_message(test, "does not depend on inventory");
}

ASH_TEST_MAIN(SHOP)
