/* SPDX-License-Identifier: Apache-2.0 */
/* The test kit itself, with cmocka: what it says when something does not hold, and its clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <ashlar/test.h>

#include "app.h"
#include "base/mem.h"

static jmp_buf back;
static char said[8192];

static void note(const char *file, int line, const char *message)
{
	assert_non_null(strstr(file, "test_kit.c"));
	assert_true(line > 0);
	snprintf(said, sizeof said, "%s", message);
	longjmp(back, 1);
}

static ash_test *open_noting(const ash_app *app)
{
	return ash_test_open_(__FILE__, __LINE__,
			      &(const ash_test_options){.app = app, .fail = note});
}

/* What the statement says when it does not hold; "" when it holds. */
#define SAYS(...)                                                                                  \
	do {                                                                                       \
		said[0] = '\0';                                                                    \
		if (setjmp(back) == 0) {                                                           \
			__VA_ARGS__;                                                               \
		}                                                                                  \
	} while (0)

static int open_shop(void **state)
{
	*state = open_noting(&SHOP);
	return 0;
}

static int close_shop(void **state)
{
	ash_test_close(*state);
	return 0;
}

static const OrdersPlaceRequest TEA = {.customer = "Ada", .sku = "tea", .quantity = 1};

static void values_say_what_they_are(void **state)
{
	ash_test *test = *state;
	int one = 1;
	SAYS(ash_expect(test, one == 2));
	assert_string_equal(said, "one == 2 does not hold");
	SAYS(ash_expect_int(test, one, 2));
	assert_string_equal(said, "one is 1, not 2");
	SAYS(ash_expect_text(test, "a", "b"));
	assert_string_equal(said, "\"a\" is \"a\", not \"b\"");
	SAYS(ash_expect_text(test, NULL, ""); ash_expect_int(test, one, 1); ash_expect(test, one));
	assert_string_equal(said, "");
}

static void calls_say_why_they_failed(void **state)
{
	ash_test *test = *state;
	OrdersOrder order;
	const OrdersGetRequest request = {.order_id = 5};
	SAYS(ash_expect_ok(test, orders_get(ash_test_call(test), &request, &order)));
	assert_string_equal(said, "orders_get() failed with not_found: there is no order 5");
	SAYS(ash_expect_status(test, ASH_ABORTED,
			       orders_get(ash_test_call(test), &request, &order)));
	assert_string_equal(
		said, "orders_get() failed with not_found, not with aborted: there is no order 5");
	OrdersPlaceReply reply;
	SAYS(ash_expect_status(test, ASH_NOT_FOUND,
			       orders_place(ash_test_call(test), &TEA, &reply)));
	assert_string_equal(said, "orders_place() succeeded; it should have failed with not_found");
	SAYS(ash_expect_message(test, "no invoice"));
	assert_string_equal(said,
			    "the failure says \"there is no order 5\", without \"no invoice\"");
}

static void answers_say_what_they_are(void **state)
{
	ash_test *test = *state;
	const ash_test_answer *answer = ash_test_send(test, "GET", "/orders/5");
	SAYS(ash_expect_answer(test, answer, 404, "there is no order 5"));
	assert_string_equal(said, "");
	SAYS(ash_expect_answer(test, answer, 200, ""));
	assert_ptr_equal(strstr(said, "the answer is 404, not 200:\n    {\""), said);
	SAYS(ash_expect_answer(test, answer, 404, "no invoice"));
	assert_ptr_equal(strstr(said, "the answer is without \"no invoice\":\n    {\""), said);
	assert_null(ash_test_field_of(test, answer, "Location"));
	answer = ash_test_send(test, "POST", "/orders", .body = "a=b",
			       .fields = {"content-type: application/x-www-form-urlencoded"});
	ash_expect_answer(test, answer, 415, "application/json");
	SAYS(ash_test_send(test, "GET", "/orders", .fields = {"a: b\r\nc: d"}));
	assert_string_equal(said, "\"a: b\r\nc: d\" is no field of a header");
	SAYS(ash_test_send(test, "GET", "/or ders"));
	assert_non_null(strstr(said, "GET /or ders had no answer, but invalid_argument: "));
	ash_expect_span(test, .name = "orders.v1.Orders/Get", .status = ASH_NOT_FOUND);
}

static void events_say_what_there_was(void **state)
{
	ash_test *test = *state;
	OrdersPlaceReply reply;
	SAYS(ash_expect_published(test, &orders_order_placed_event, {"sku", ash_text("mug")}));
	assert_string_equal(
		said, "no orders.v1.OrderPlaced with sku = mug was published, nor anything else");
	ash_expect_nothing_else_published(test);
	ash_expect_ok(test, orders_place(ash_test_call(test), &TEA, &reply));
	SAYS(ash_expect_published(test, &orders_order_placed_event, {"sku", ash_text("mug")},
				  {"cents", ash_int(2)}));
	assert_string_equal(
		said,
		"no orders.v1.OrderPlaced with sku = mug, cents = 2 was published; there was\n"
		"    orders.v1.OrderPlaced {\"orderId\":\"1\",\"customer\":\"Ada\",\"sku\":"
		"\"tea\",\"quantity\":\"1\",\"cents\":\"790\"}");
	SAYS(ash_expect_nothing_else_published(test));
	assert_non_null(strstr(said, "there was published, too,\n    orders.v1.OrderPlaced {"));
	SAYS(ash_expect_published(test, &orders_order_placed_event, {"skew", ash_text("mug")}));
	assert_string_equal(said, "orders.v1.OrderPlaced has no field 'skew'");
	/* Each is found once. */
	ash_expect_published(test, &orders_order_placed_event, {"sku", ash_text("tea")});
	SAYS(ash_expect_published(test, &orders_order_placed_event));
	assert_non_null(strstr(said, "(found before)"));
	ash_expect_nothing_else_published(test);
}

static void rows_say_what_there_is(void **state)
{
	ash_test *test = *state;
	const char *sql = "select sku, cents > 1000, quantity from inventory.product where sku <> "
			  "'tea' order by sku";
	ash_expect_rows(test, "inventory", sql, "mug|1|1000", "teapot|1|3");
	SAYS(ash_expect_rows(test, "inventory", sql, "mug|1|1000"));
	assert_string_equal(said, "select sku, cents > 1000, quantity from inventory.product where "
				  "sku <> 'tea' order by sku\n"
				  "  gives\n    mug|1|1000\n    teapot|1|3\n"
				  "  and not\n    mug|1|1000");
	SAYS(ash_expect_rows(test, "orders", "select order_id from orders.placed", "1"));
	assert_string_equal(said, "select order_id from orders.placed\n"
				  "  gives\n    (none)\n  and not\n    1");
	SAYS(ash_expect_rows(test, "ordres", "select 1"));
	assert_string_equal(said, "shop has no module 'ordres'");
	SAYS(ash_expect_rows(test, "orders", "select cents from billing.invoice"));
	assert_non_null(strstr(said, "failed with permission_denied"));
	assert_non_null(strstr(said, "billing"));
}

static void spans_say_which_there_are(void **state)
{
	ash_test *test = *state;
	OrdersOrder order;
	SAYS(ash_expect_span(test, .name = "none"));
	assert_string_equal(said, "there is no span none that ended with ok; there is none at all");
	ash_expect_status(
		test, ASH_NOT_FOUND,
		orders_get(ash_test_call(test), &(OrdersGetRequest){.order_id = 5}, &order));
	ash_expect_span(test, .module = "orders", .status = ASH_NOT_FOUND,
			.name = "orders.v1.Orders/Get");
	SAYS(ash_expect_span(test, .name = "orders.v1.Orders/Get", .module = "billing",
			     .parent = "x"));
	assert_non_null(strstr(said, "there is no span orders.v1.Orders/Get of billing in x that "
				     "ended with ok; there is\n"));
	assert_non_null(strstr(said, "\n    orders.v1.Orders/Get of orders: not_found: there is no "
				     "order 5"));
}

static void dead_letters_come_with_time_and_say_why(void **state)
{
	ash_test *test = *state;
	ash_test_publish(test, &inventory_reserved_event, &(InventoryReserved){.order_id = 9});
	ash_test_settle(test);
	SAYS(ash_expect_dead_letter(test, "billing", &inventory_reserved_event,
				    ASH_FAILED_PRECONDITION));
	assert_non_null(strstr(said, "billing has no dead letter of inventory.v1.Reserved that "
				     "failed with failed_precondition; there is none at all"));
	assert_non_null(strstr(said, "the log warned:\n    billing: event 1 "));
	ash_test_advance(test, ASH_HOUR);
	ash_expect_dead_letter(test, "billing", &inventory_reserved_event, ASH_FAILED_PRECONDITION);
	SAYS(ash_expect_no_dead_letters(test));
	assert_non_null(strstr(said, "there are dead letters:\n    inventory.v1.Reserved of "
				     "billing, failed_precondition after 8 attempts: there is no "
				     "open invoice for order 9"));
}

static void the_clock_is_the_tests(void **state)
{
	ash_test *test = *state;
	int64_t start = ash_test_now(test);
	ash_call *call = ash_test_call_as(test, "orders");
	assert_true(ash_now(call) == start);
	ash_test_advance(test, ASH_DAY);
	assert_true(ash_now(call) == start + ASH_DAY);
	assert_true(ash_test_now(test) == start + ASH_DAY);
	ash_expect_rows(test, "analytics", "select count(*) from analytics.snapshot", "1440");
	SAYS(ash_test_advance(test, -5));
	assert_string_equal(said, "the clock cannot be turned by -5 microseconds");
	SAYS(ash_test_advance(test, INT64_MAX));
	assert_non_null(strstr(said, "the clock cannot be turned by 9223372036854775807"));
	SAYS(ash_test_call_as(test, "odrers"));
	assert_string_equal(said, "shop has no module 'odrers'");
	/* A day later a handler has its time all the same. */
	ash_test_publish(test, &orders_order_placed_event,
			 &(OrdersOrderPlaced){.order_id = 1, .sku = "tea", .quantity = 1});
	ash_test_settle(test);
	ash_expect_published(test, &inventory_reserved_event);
	ash_expect_no_dead_letters(test);
}

static void a_transaction_that_the_test_holds_is_seen(void **state)
{
	ash_test *test = *state;
	ash_call *call = ash_test_call_as(test, "orders");
	ash_tx *tx;
	ash_expect_ok(test, ash_begin(call, &tx));
	ash_expect_ok(test, ash_exec(tx,
				     "insert into orders.placed (customer, sku, quantity, cents, "
				     "state, reason, trace_id, placed_at) values ('a', 'b', 1, "
				     "1, 'placed', '', '', $1)",
				     ash_time(0)));
	ash_expect_ok(test, ash_commit(tx));
	ash_expect_rows(test, "orders", "select customer from orders.placed", "a");
}

static void note_anywhere(const char *file, int line, const char *message)
{
	(void)file, (void)line;
	snprintf(said, sizeof said, "%s", message);
	longjmp(back, 1);
}

/* A whole test of an application, of which the last expectation does not hold. */
static void place_an_order(void)
{
	static const ash_test_options options = {.app = &SHOP, .fail = note_anywhere};
	static ash_test *test;
	OrdersPlaceReply reply;
	test = NULL;
	SAYS(test = ash_test_open_(__FILE__, __LINE__, &options);
	     ash_expect_ok(test, orders_place(ash_test_call(test), &TEA, &reply));
	     ash_test_settle(test); ash_test_publish(test, &inventory_restocked_event,
						     &(InventoryRestocked){.sku = "tea"});
	     ash_expect_published(test, &orders_order_placed_event, {"sku", ash_text("tea")});
	     ash_expect_rows(test, "orders", "select customer from orders.placed", "Ada");
	     ash_expect_span(test, .name = "orders.v1.Orders/Place");
	     ash_expect_published(test, &inventory_restocked_event, {"sku", ash_text("mug")}));
	ash_test_close(test);
}

/* It says so, leaves nothing behind, and what does not hold never seems to. */
static void memory_may_end_anywhere(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		said[0] = '\0';
		mem_fail_from(n);
		place_an_order();
		if (!mem_fail_never())
			break;
		if (!said[0])
			fail_msg("%ld: without memory all held", n);
	}
	assert_ptr_equal(strstr(said, "no inventory.v1.Restocked with sku = mug was published"),
			 said);
}

static void wrong_contracts_do_not_open(void **state)
{
	static const ash_module *const LONELY[] = {&billing_module, NULL};
	static const ash_app APP = {.name = "lonely", .modules = LONELY};
	int pipes[2], status = 0;
	(void)state;
	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(pipes[1], STDERR_FILENO);
		ash_test_open_("test_kit.c", 7, &(const ash_test_options){.app = &APP});
		_exit(EXIT_SUCCESS);
	}
	close(pipes[1]);
	size_t length = 0;
	for (ssize_t got; (got = read(pipes[0], said + length, sizeof said - 1 - length)) > 0;)
		length += (size_t)got;
	close(pipes[0]);
	assert_true(length > 0 && waitpid(child, &status, 0) == child);
	said[length] = '\0';
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
	assert_ptr_equal(strstr(said, "test_kit.c:7: lonely cannot start:\n"), said);
	assert_non_null(strstr(said, "billing/module.yaml:10:"));
	assert_non_null(strstr(said, "orders.v1.OrderPlaced"));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, open_shop, close_shop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(values_say_what_they_are),
		WITH(calls_say_why_they_failed),
		WITH(answers_say_what_they_are),
		WITH(events_say_what_there_was),
		WITH(rows_say_what_there_is),
		WITH(spans_say_which_there_are),
		WITH(dead_letters_come_with_time_and_say_why),
		WITH(the_clock_is_the_tests),
		WITH(a_transaction_that_the_test_holds_is_seen),
		cmocka_unit_test(memory_may_end_anywhere),
		cmocka_unit_test(wrong_contracts_do_not_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
