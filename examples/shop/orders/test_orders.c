/* SPDX-License-Identifier: Apache-2.0 */
/* An order from its placing to its end, over all modules. */
#include <ashlar/test.h>

#include "app.h"

static int64_t place(ash_test *test, const char *sku, const char *card)
{
	OrdersPlaceReply reply = {0};
	const OrdersPlaceRequest request = {
		.customer = "Ada", .sku = (char *)sku, .quantity = 2, .card = (char *)card};
	ash_expect_ok(test, orders_place(ash_test_call(test), &request, &reply));
	return reply.order_id;
}

static void expect_state(ash_test *test, int64_t order_id, const char *state, const char *reason)
{
	OrdersOrder order;
	ash_expect_ok(test, orders_get(ash_test_call(test),
				       &(OrdersGetRequest){.order_id = order_id}, &order));
	ash_expect_text(test, order.state, state);
	ash_expect_text(test, order.reason, reason);
}

ASH_TEST(an_order_is_paid_and_confirmed)
{
	int64_t id = place(test, "tea", "4000 0000 0000 0001");
	ash_expect_published(test, &orders_order_placed_event, {"order_id", ash_int(id)},
			     {"sku", ash_text("tea")}, {"cents", ash_int(1580)});
	ash_expect_nothing_else_published(test);
	expect_state(test, id, "placed", "");
	ash_test_settle(test);
	expect_state(test, id, "confirmed", "");
	ash_expect_published(test, &inventory_reserved_event, {"order_id", ash_int(id)});
	ash_expect_published(test, &billing_paid_event, {"order_id", ash_int(id)});
	ash_expect_published(test, &orders_order_confirmed_event, {"customer", ash_text("Ada")});
	ash_expect_nothing_else_published(test);
	ash_expect_no_dead_letters(test);
}

ASH_TEST(all_that_an_order_causes_is_one_trace)
{
	place(test, "tea", "1");
	ash_test_settle(test);
	ash_expect_span(test, .name = "inventory.v1.Inventory/Price", .module = "inventory",
			.parent = "orders.v1.Orders/Place");
	/* Published by one, handled by the other below it. */
	ash_expect_span(test, .name = "orders.v1.OrderPlaced", .module = "orders",
			.parent = "orders.v1.Orders/Place");
	ash_expect_span(test, .name = "orders.v1.OrderPlaced", .module = "billing",
			.parent = "orders.v1.OrderPlaced");
	ash_expect_span(test, .name = "billing.v1.Paid", .module = "orders",
			.parent = "billing.v1.Paid");
}

ASH_TEST(a_declined_card_cancels_the_order)
{
	int64_t id = place(test, "tea", "4000 0000 0000 0002");
	ash_test_settle(test);
	expect_state(test, id, "cancelled", "the card was declined");
	ash_expect_published(test, &orders_order_cancelled_event, {"order_id", ash_int(id)});
}

/* ---- the same, as a saga ---- */

static int64_t place_saga(ash_test *test, const char *sku, int64_t quantity, const char *card)
{
	OrdersPlaceReply reply = {0};
	const OrdersPlaceRequest request = {.customer = "Ada",
					    .sku = (char *)sku,
					    .quantity = quantity,
					    .card = (char *)card,
					    .flow = "saga"};
	ash_expect_ok(test, orders_place(ash_test_call(test), &request, &reply));
	return reply.order_id;
}

ASH_TEST(a_saga_pays_and_confirms_the_order)
{
	int64_t id = place_saga(test, "tea", 2, "1");
	ash_expect_nothing_else_published(test);
	ash_test_settle(test);
	expect_state(test, id, "confirmed", "");
	ash_expect_published(test, &orders_order_placed_event, {"order_id", ash_int(id)});
	ash_expect_published(test, &orders_order_confirmed_event, {"cents", ash_int(1580)});
	ash_expect_nothing_else_published(test);
	ash_expect_rows(test, "billing", "select state from billing.invoice", "paid");
	ash_expect_rows(test, "billing", "select cents from billing.payment", "1580");
	ash_expect_rows(test, "inventory", "select quantity from inventory.reservation", "2");
	ash_expect_span(test, .name = "orders.fulfil/pay", .module = "orders",
			.parent = "orders.v1.Orders/Place");
	ash_expect_span(test, .name = "billing.v1.Billing/Pay", .module = "billing",
			.parent = "orders.fulfil/pay");
}

ASH_TEST(a_saga_puts_back_what_a_declined_card_cannot_pay)
{
	int64_t id = place_saga(test, "mug", 2, "0002");
	ash_test_settle(test);
	expect_state(test, id, "cancelled", "the card was declined");
	ash_expect_published(test, &orders_order_placed_event, {"order_id", ash_int(id)});
	ash_expect_published(test, &orders_order_cancelled_event, {"order_id", ash_int(id)});
	ash_expect_nothing_else_published(test);
	ash_expect_rows(test, "inventory",
			"select quantity from inventory.product where sku = 'mug'", "1000");
	ash_expect_rows(test, "billing", "select count(*) from billing.payment", "0");
	/* What billing committed stays, though the step that asked for it failed. */
	ash_expect_rows(test, "billing", "select state from billing.invoice", "declined");
}

ASH_TEST(a_saga_cancels_what_is_out_of_stock)
{
	int64_t id = place_saga(test, "teapot", 4, "1");
	ash_test_settle(test);
	expect_state(test, id, "cancelled", "out of stock");
	ash_expect_rows(test, "billing", "select state from billing.invoice", "open");
}

ASH_TEST(the_same_key_places_one_order)
{
	const OrdersPlaceRequest request = {.customer = "Ada", .sku = "tea", .quantity = 1};
	OrdersPlaceReply first = {0}, second = {0};
	ash_call *call = ash_test_call(test), *again = ash_test_call(test);
	ash_test_set_key(call, "once");
	ash_test_set_key(again, "once");
	ash_expect_ok(test, orders_place(call, &request, &first));
	ash_expect_ok(test, orders_place(again, &request, &second));
	ash_expect_int(test, second.order_id, first.order_id);
	ash_expect_rows(test, "orders", "select count(*) from orders.placed", "1");
}

ASH_TEST(what_cannot_be_ordered_is_refused)
{
	OrdersPlaceReply reply;
	ash_expect_status(test, ASH_INVALID_ARGUMENT,
			  orders_place(ash_test_call(test),
				       &(OrdersPlaceRequest){.customer = "Ada", .sku = "tea"},
				       &reply));
	ash_expect_message(test, "the quantity is not in 1 to 1000");
	ash_expect_status(
		test, ASH_NOT_FOUND,
		orders_place(ash_test_call(test),
			     &(OrdersPlaceRequest){.customer = "Ada", .sku = "gold", .quantity = 1},
			     &reply));
	ash_expect_rows(test, "orders", "select order_id from orders.placed");
	ash_expect_nothing_else_published(test);
}

ASH_TEST(orders_are_placed_over_http)
{
	const char *const body = "{\"customer\":\"Ada\",\"sku\":\"tea\",\"quantity\":\"2\"}";
	const ash_test_answer *answer = ash_test_send(test, "POST", "/orders", .body = body,
						      .fields = {"Idempotency-Key: once"});
	ash_expect_answer(test, answer, 200, "\"orderId\":\"1\"");
	ash_expect_text(test, ash_test_field_of(test, answer, "Content-Type"), "application/json");
	answer = ash_test_send(test, "POST", "/orders", .body = body,
			       .fields = {"Idempotency-Key: once"});
	ash_expect_answer(test, answer, 200, "\"orderId\":\"1\"");
	ash_expect_published(test, &orders_order_placed_event, {"order_id", ash_int(1)},
			     {"quantity", ash_int(2)});
	ash_expect_nothing_else_published(test);
	ash_expect_answer(test, ash_test_send(test, "GET", "/orders/1"), 200,
			  "\"state\":\"placed\"");
}

ASH_TEST(a_wrong_body_is_answered_by_a_problem_document)
{
	const ash_test_answer *answer =
		ash_test_send(test, "POST", "/orders", .body = "{\"sku\":7}");
	ash_expect_answer(test, answer, 400, "sku");
	ash_expect_text(test, ash_test_field_of(test, answer, "content-type"),
			"application/problem+json");
	answer = ash_test_send(test, "POST", "/orders",
			       .body = "{\"customer\":\"Ada\",\"sku\":\"tea\"}");
	ash_expect_answer(test, answer, 400, "the quantity is not in 1 to 1000");
	ash_expect_answer(test, ash_test_send(test, "DELETE", "/orders"), 405, "");
	ash_expect_answer(test, ash_test_send(test, "GET", "/orders/5"), 404,
			  "there is no order 5");
	ash_expect_nothing_else_published(test);
}

ASH_TEST_MAIN(SHOP)
