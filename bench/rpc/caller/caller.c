/* SPDX-License-Identifier: Apache-2.0 */
/* Places an order as any module would; that it goes to another process is not seen here. */
#include "caller.module.h"

#include "orders.port.h"

#include <time.h>

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static ash_status measure(ash_call *call, const CallerPlan *in, CallerTime *out)
{
	static char stone[] = "stone-squared-30", mortar[] = "mortar-none-00", euro[] = "EUR";
	static char id[] = "0f8fad5b-d9cb-469f-a165-70867728950e", customer[] = "customer-4711";
	OrdersLine first = ORDERS__V1__LINE__INIT, second = ORDERS__V1__LINE__INIT;
	OrdersLine *lines[] = {&first, &second};
	OrdersOrder order = ORDERS__V1__ORDER__INIT;
	OrdersReceipt receipt = ORDERS__V1__RECEIPT__INIT;
	first.sku = stone;
	first.quantity = 12;
	first.cents = 1999;
	second.sku = mortar;
	second.quantity = 1 + in->number % 7;
	second.cents = 450;
	order.id = id;
	order.customer = customer;
	order.currency = euro;
	order.lines = lines;
	order.n_lines = 2;
	int64_t start = now();
	ASH_TRY(orders_place(call, &order, &receipt));
	out->ns = now() - start;
	if (receipt.cents != 12 * 1999 + (int64_t)second.quantity * 450)
		return ash_fail(call, ASH_DATA_LOSS, "the receipt is of another order");
	return ASH_OK;
}

ASH_MODULE(caller, .caller = {.measure = measure});
