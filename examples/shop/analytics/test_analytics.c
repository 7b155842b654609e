/* SPDX-License-Identifier: Apache-2.0 */
#include <ashlar/test.h>

#include "app.h"

ASH_TEST(a_snapshot_is_taken_once_a_minute)
{
	ash_test_advance(test, 3 * ASH_MINUTE);
	ash_expect_rows(test, "analytics", "select at, placed from analytics.snapshot order by at",
			"1767225660000000|0", "1767225720000000|0", "1767225780000000|0");
}

ASH_TEST(each_event_counts_once)
{
	AnalyticsCountsReply counts;
	for (int64_t id = 1; id <= 3; id++)
		ash_test_publish(test, &orders_order_confirmed_event,
				 &(OrdersOrderConfirmed){.order_id = id, .cents = 100});
	ash_expect_int(test, (int64_t)ash_test_settle(test), 6);
	ash_expect_ok(test,
		      analytics_counts(ash_test_call(test), &(AnalyticsCountsRequest){0}, &counts));
	ash_expect_int(test, counts.confirmed, 3);
	ash_expect_int(test, counts.cents, 300);
}

ASH_TEST_MAIN(SHOP)
