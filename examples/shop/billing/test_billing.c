/* SPDX-License-Identifier: Apache-2.0 */
/* Invoices, alone: what other modules would publish comes from the test. */
#include <ashlar/test.h>

#include "app.h"

ASH_TEST(an_invoice_is_paid_once_the_goods_are_kept)
{
	BillingInvoice invoice;
	const BillingInvoiceRequest request = {.order_id = 7};
	ash_test_publish(
		test, &orders_order_placed_event,
		&(OrdersOrderPlaced){.order_id = 7, .sku = "none", .cents = 500, .card = "1"});
	ash_test_settle(test);
	ash_expect_ok(test, billing_get_invoice(ash_test_call(test), &request, &invoice));
	ash_expect_text(test, invoice.state, "open");
	ash_test_publish(test, &inventory_reserved_event, &(InventoryReserved){.order_id = 7});
	ash_test_settle(test);
	ash_expect_ok(test, billing_get_invoice(ash_test_call(test), &request, &invoice));
	ash_expect_text(test, invoice.state, "paid");
	ash_expect_rows(test, "billing", "select order_id, cents from billing.payment", "7|500");
	ash_expect_published(test, &billing_paid_event, {"order_id", ash_int(7)});
}

ASH_TEST(goods_without_an_invoice_are_tried_again_and_then_a_dead_letter)
{
	ash_test_publish(test, &inventory_reserved_event, &(InventoryReserved){.order_id = 9});
	ash_test_settle(test);
	ash_expect_no_dead_letters(test);
	ash_test_advance(test, ASH_HOUR);
	ash_expect_dead_letter(test, "billing", &inventory_reserved_event, ASH_FAILED_PRECONDITION);
	ash_expect_rows(test, "billing", "select order_id from billing.payment");
}

ASH_TEST(an_invoice_is_paid_once_and_never_after_it_was_refunded)
{
	BillingOpenReply opened;
	BillingPayReply paid;
	BillingRefundReply refunded;
	const BillingOpenRequest invoice = {.order_id = 7, .cents = 500, .card = "1"};
	for (int i = 0; i < 2; i++) {
		ash_expect_ok(test, billing_open(ash_test_call(test), &invoice, &opened));
		ash_expect_ok(test, billing_pay(ash_test_call(test),
						&(BillingPayRequest){.order_id = 7}, &paid));
		ash_expect_rows(test, "billing", "select order_id, cents from billing.payment",
				"7|500");
	}
	for (int i = 0; i < 2; i++) {
		ash_expect_ok(test,
			      billing_refund(ash_test_call(test),
					     &(BillingRefundRequest){.order_id = 7}, &refunded));
		ash_expect_status(test, ASH_FAILED_PRECONDITION,
				  billing_pay(ash_test_call(test),
					      &(BillingPayRequest){.order_id = 7}, &paid));
		ash_expect_rows(test, "billing", "select count(*) from billing.payment", "0");
	}
}

ASH_TEST(an_unknown_order_has_no_invoice)
{
	BillingInvoice invoice;
	ash_expect_status(test, ASH_NOT_FOUND,
			  billing_get_invoice(ash_test_call(test),
					      &(BillingInvoiceRequest){.order_id = 1}, &invoice));
	ash_expect_message(test, "there is no invoice for order 1");
}

ASH_TEST_MAIN(SHOP)
