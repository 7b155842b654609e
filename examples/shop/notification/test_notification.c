/* SPDX-License-Identifier: Apache-2.0 */
#include <ashlar/test.h>

#include "app.h"

ASH_TEST(a_customer_is_told_what_became_of_the_order)
{
	NotificationMessagesReply reply;
	ash_test_publish(test, &orders_order_cancelled_event,
			 &(OrdersOrderCancelled){
				 .order_id = 3, .customer = "Ada", .reason = "out of stock"});
	ash_test_settle(test);
	ash_expect_ok(test,
		      notification_messages(ash_test_call(test),
					    &(NotificationMessagesRequest){.order_id = 3}, &reply));
	ash_expect_int(test, (int64_t)reply.n_messages, 1);
	ash_expect_text(test, reply.messages[0],
			"We are sorry, Ada: your order 3 was cancelled: out of stock.");
}

ASH_TEST_MAIN(SHOP)
