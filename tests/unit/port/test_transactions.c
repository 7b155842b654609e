/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions of calls: own, joined, of a delivery; what lasts and what is taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "port/fixture.h"

static struct fixture fixture;

static int set_up(void **state)
{
	(void)state;
	fixture_set_up(&fixture, false);
	return 0;
}

static int set_up_sampled(void **state)
{
	(void)state;
	fixture_set_up(&fixture, true);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_tear_down(&fixture);
	return 0;
}

/* ---- handlers ---- */

static ash_status insert_charge(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)out;
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx, "insert into billing.charge (id, cents) values ($1, $2)",
			 ash_int(in->cents), ash_int(100)));
	return ash_commit(tx);
}

static ash_status insert_and_fail(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)out;
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx, "insert into billing.charge (id, cents) values ($1, $2)",
			 ash_int(in->cents), ash_int(100)));
	return ash_fail(call, ASH_FAILED_PRECONDITION, "declined");
}

static ash_status fail_at_once(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	ASH_TX(tx, call);
	return ash_fail(call, ASH_FAILED_PRECONDITION, "out of stock");
}

static ash_status charge(ash_call *call, uint16_t method, int64_t id)
{
	struct sum in = {id}, out;
	return ash_call_port(call, &billing_port, method, &in, &out);
}

static ash_status charge_once(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	return charge(call, CHARGE, 1);
}

/* ---- own transactions ---- */

static void what_is_committed_lasts(void **state)
{
	(void)state;
	fixture.orders = charge_once;
	fixture.methods[CHARGE] = insert_charge;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_int_equal(fixture_charges(&fixture), 1);
	assert_int_equal(fixture_place(&fixture), ASH_ALREADY_EXISTS);
	assert_int_equal(fixture_charges(&fixture), 1);
}

static void an_early_return_takes_all_back(void **state)
{
	(void)state;
	fixture.orders = charge_once;
	fixture.methods[CHARGE] = insert_and_fail;
	assert_int_equal(fixture_place(&fixture), ASH_FAILED_PRECONDITION);
	assert_string_equal(fixture.request.fault.message, "declined");
	assert_int_equal(fixture_charges(&fixture), 0);
}

static ash_status call_inside(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	ASH_TX(tx, call);
	ASH_TRY(charge(call, CHARGE, 1));
	return ash_commit(tx);
}

static void an_own_port_inside_a_transaction_is_refused(void **state)
{
	(void)state;
	fixture.orders = call_inside;
	fixture.methods[CHARGE] = insert_charge;
	assert_int_equal(fixture_place(&fixture), ASH_INTERNAL);
	assert_string_equal(
		fixture.request.fault.message,
		"orders calls billing.v1.Billing/Charge inside an open transaction; end "
		"it first, or declare the method as transaction = joins");
	assert_int_equal(fixture_charges(&fixture), 0);
}

static ash_status two_at_once(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	ASH_TX(first, call);
	ASH_TX(second, call);
	return ash_commit(second);
}

static void a_call_has_one_transaction_at_a_time(void **state)
{
	(void)state;
	fixture.orders = two_at_once;
	assert_int_equal(fixture_place(&fixture), ASH_FAILED_PRECONDITION);
}

static ash_status one_after_the_other(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	for (int64_t id = 1; id <= 3; id++) {
		ASH_TX(tx, call);
		ASH_TRY(ash_exec(tx, "insert into orders.placed (id) values ($1)", ash_int(id)));
		ASH_TRY(ash_commit(tx));
		ASH_TRY(charge(call, CHARGE, id));
	}
	return ASH_OK;
}

static void one_after_the_other_is_fine(void **state)
{
	(void)state;
	fixture.orders = one_after_the_other;
	fixture.methods[CHARGE] = insert_charge;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_int_equal(fixture_charges(&fixture), 3);
}

/* What can be asked of a transaction that has ended says so, and what of rows that are closed is
 * nothing. */
static ash_status go_on_after_the_end(ash_call *call, const struct sum *in, struct sum *out)
{
	size_t length = 1;
	(void)in, (void)out;
	ASH_TX(tx, call);
	ASH_QUERY(rows, tx, "select 7, 'seven'");
	assert_true(ash_next(rows));
	assert_int_equal(ash_get_int(rows, 0), 7);
	ASH_TRY(ash_commit(tx));
	assert_false(ash_next(rows));
	assert_true(ash_is_null(rows, 0));
	assert_false(ash_get_bool(rows, 0));
	assert_int_equal(ash_get_int(rows, 0), 0);
	assert_int_equal(ash_get_time(rows, 0), 0);
	assert_true(ash_get_real(rows, 0) == 0);
	assert_string_equal(ash_get_text(rows, 1), "");
	assert_string_equal(ash_get_bytes(rows, 1, &length), "");
	assert_int_equal(length, 0);
	assert_int_equal(ash_exec(tx, "delete from orders.placed"), ASH_FAILED_PRECONDITION);
	assert_int_equal(ash_query_values(tx, "select 7", &rows, NULL, 0), ASH_FAILED_PRECONDITION);
	ash_rollback(tx);
	return ash_commit(tx);
}

static void what_is_over_says_so(void **state)
{
	(void)state;
	fixture.orders = go_on_after_the_end;
	assert_int_equal(fixture_place(&fixture), ASH_FAILED_PRECONDITION);
	assert_string_equal(fixture.request.fault.message,
			    "the transaction is over: it was committed or taken back before");
}

static ash_status forget(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	ash_tx *tx = NULL;
	ASH_TRY(ash_begin(call, &tx));
	return ash_exec(tx, "insert into orders.placed (id) values (1)");
}

static void a_transaction_that_is_never_ended_is_an_error(void **state)
{
	(void)state;
	fixture.orders = forget;
	assert_int_equal(fixture_place(&fixture), ASH_INTERNAL);
	assert_string_equal(fixture.request.fault.message,
			    "a handler of orders returned without ending its transaction");
}

static ash_status read_only_charge(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	return charge(call, TOTAL, 1);
}

static void a_method_without_side_effects_cannot_write(void **state)
{
	(void)state;
	fixture.orders = read_only_charge;
	fixture.methods[TOTAL] = insert_charge;
	assert_int_equal(fixture_place(&fixture), ASH_FAILED_PRECONDITION);
	assert_int_equal(fixture_charges(&fixture), 0);
}

/* ---- joined ones ---- */

static ash_status place_joined(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx, "insert into orders.placed (id) values ($1)", ash_int(1)));
	ASH_TRY(charge(call, CHARGE_JOINED, 1));
	ASH_TRY(ash_exec(tx, "insert into orders.placed (id) values ($1)", ash_int(2)));
	return ash_commit(tx);
}

static ash_status place_joined_and_fail(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	ASH_TX(tx, call);
	ASH_TRY(charge(call, CHARGE_JOINED, 1));
	return ash_fail(call, ASH_ABORTED, "changed my mind");
}

static void a_port_that_joins_is_atomic_with_its_caller(void **state)
{
	(void)state;
	fixture.orders = place_joined_and_fail;
	fixture.methods[CHARGE_JOINED] = insert_charge;
	assert_int_equal(fixture_place(&fixture), ASH_ABORTED);
	assert_int_equal(fixture_charges(&fixture), 0);
	fixture.orders = place_joined;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_int_equal(fixture_charges(&fixture), 1);
}

static ash_status charge_joined_alone(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	return charge(call, CHARGE_JOINED, 1);
}

static void outside_of_a_transaction_it_has_its_own(void **state)
{
	(void)state;
	fixture.orders = charge_joined_alone;
	fixture.methods[CHARGE_JOINED] = insert_charge;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_int_equal(fixture_charges(&fixture), 1);
}

static ash_status go_on_anyway(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	ASH_TX(tx, call);
	assert_int_equal(charge(call, CHARGE_JOINED, 1), ASH_FAILED_PRECONDITION);
	ASH_TRY(ash_exec(tx, "insert into orders.placed (id) values (7)"));
	return ash_commit(tx);
}

static void a_joined_part_that_was_taken_back_spoils_the_whole(void **state)
{
	(void)state;
	fixture.orders = go_on_anyway;
	fixture.methods[CHARGE_JOINED] = insert_and_fail;
	assert_int_equal(fixture_place(&fixture), ASH_ABORTED);
	assert_int_equal(fixture_charges(&fixture), 0);
}

static void one_that_had_done_nothing_spoils_nothing(void **state)
{
	(void)state;
	fixture.orders = go_on_anyway;
	fixture.methods[CHARGE_JOINED] = fail_at_once;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
}

static ash_status touch_orders(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in, (void)out;
	ASH_TX(tx, call);
	return ash_exec(tx, "insert into orders.placed (id) values (9)");
}

static void within_a_joined_part_its_own_module_speaks(void **state)
{
	(void)state;
	fixture.orders = place_joined;
	fixture.methods[CHARGE_JOINED] = touch_orders;
	assert_int_equal(fixture_place(&fixture), ASH_PERMISSION_DENIED);
	assert_non_null(strstr(fixture.request.fault.message, "billing"));
	assert_non_null(strstr(fixture.request.fault.message, "orders"));
}

/* ---- rows ---- */

static ash_status read_and_write(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in;
	ASH_TX(tx, call);
	for (int64_t id = 1; id <= 3; id++)
		ASH_TRY(ash_exec(tx, "insert into billing.charge (id, cents) values ($1, $2)",
				 ash_int(id), ash_int(id * 10)));
	ASH_QUERY(rows, tx, "select id, cents from billing.charge order by id");
	while (ash_next(rows)) {
		int64_t changed = 0;
		ASH_TRY(ash_exec_count(tx, &changed,
				       "update billing.charge set cents = cents + 1 where id = $1",
				       ash_int(ash_get_int(rows, 0))));
		out->cents += changed;
		assert_int_equal(ash_get_int(rows, 1), 10 * ash_get_int(rows, 0));
	}
	ASH_TRY(ash_end(rows));
	assert_int_equal(out->cents, 3);
	ASH_QUERY(left_open, tx, "select id from billing.charge");
	assert_true(ash_next(left_open));
	return ash_commit(tx);
}

static ash_status charge_and_count(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in;
	struct sum want = {1};
	return ash_call_port(call, &billing_port, CHARGE, &want, out);
}

static void rows_are_read_while_statements_run(void **state)
{
	(void)state;
	fixture.orders = charge_and_count;
	fixture.methods[CHARGE] = read_and_write;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_int_equal(fixture_charges(&fixture), 3);
}

/* ---- deliveries ---- */

static ash_status mark_inbox(struct request *request, void *context)
{
	(void)context;
	const ash_value id = ash_int(500);
	return store_exec(request->session, "insert into billing.charge (id, cents) values ($1, 0)",
			  &id, 1, NULL, &request->fault);
}

static ash_status deliver(void *context, ash_call *call)
{
	handler handle = *(handler *)context;
	struct sum in = {1}, out;
	return handle(call, &in, &out);
}

/* A handler in a part of a shared transaction, and the id of what it inserts. */
struct part {
	handler handle;
	int64_t id;
};

static ash_status deliver_part(void *context, ash_call *call)
{
	const struct part *part = context;
	struct sum in = {part->id}, out;
	return part->handle(call, &in, &out);
}

static ash_status mark_part(struct request *request, void *context)
{
	const struct part *part = context;
	const ash_value id = ash_int(500 + part->id);
	return store_exec(request->session, "insert into billing.charge (id, cents) values ($1, 0)",
			  &id, 1, NULL, &request->fault);
}

/* Delivers to billing as the relay does; returns what the delivery came to. */
static ash_status run_delivery(handler handle)
{
	struct request *request = &fixture.request;
	const struct member *billing = registry_find(&fixture.registry, "billing");
	request_begin(request, &fixture.environment, CALL_NO_DEADLINE, NULL);
	request->opened = mark_inbox;
	ash_status status =
		request_run(request, billing, "orders", SPAN_CONSUMER, "x", deliver, &handle);
	if (status == ASH_OK)
		status = request_commit(request, billing);
	request_end(request);
	return status;
}

static ash_status do_nothing(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)call, (void)in, (void)out;
	return ASH_OK;
}

static void a_delivery_lasts_with_its_handlers_effect_or_not_at_all(void **state)
{
	(void)state;
	assert_int_equal(run_delivery(insert_and_fail), ASH_FAILED_PRECONDITION);
	assert_int_equal(fixture_charges(&fixture), 0);
	assert_int_equal(run_delivery(insert_charge), ASH_OK);
	assert_int_equal(fixture_charges(&fixture), 2);
	assert_int_equal(run_delivery(insert_charge), ASH_ALREADY_EXISTS);
	assert_int_equal(fixture_charges(&fixture), 2);
}

static void a_handler_without_a_transaction_is_marked_too(void **state)
{
	(void)state;
	assert_int_equal(run_delivery(do_nothing), ASH_OK);
	assert_int_equal(fixture_charges(&fixture), 1);
	assert_int_equal(run_delivery(do_nothing), ASH_ALREADY_EXISTS);
}

static ash_status swallow_failure(ash_call *call, const struct sum *in, struct sum *out)
{
	assert_int_equal(insert_and_fail(call, in, out), ASH_FAILED_PRECONDITION);
	return ASH_OK;
}

static void a_handler_that_took_its_part_back_cannot_be_delivered(void **state)
{
	(void)state;
	assert_int_equal(run_delivery(swallow_failure), ASH_ABORTED);
	assert_int_equal(fixture_charges(&fixture), 0);
}

static ash_status join(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)out;
	return charge(call, CHARGE_JOINED, in->cents);
}

static ash_status call_and_fail(ash_call *call, const struct sum *in, struct sum *out)
{
	ASH_TRY(charge(call, CHARGE, in->cents));
	return fail_at_once(call, in, out);
}

static ash_status join_and_fail(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)out;
	ASH_TRY(charge(call, CHARGE_JOINED, in->cents));
	return ash_fail(call, ASH_FAILED_PRECONDITION, "out of stock");
}

static void what_joins_is_in_its_callers_transaction_not_in_the_deliverys(void **state)
{
	(void)state;
	fixture.methods[CHARGE] = join;
	fixture.methods[CHARGE_JOINED] = insert_charge;
	assert_int_equal(run_delivery(join_and_fail), ASH_FAILED_PRECONDITION);
	assert_int_equal(fixture_charges(&fixture), 0);
	assert_int_equal(run_delivery(call_and_fail), ASH_FAILED_PRECONDITION);
	assert_int_equal(fixture_charges(&fixture), 1);
}

/* ---- a transaction that several deliveries share ---- */

static struct shared_transaction shared;
static unsigned parted;

static void commit_shared(struct shared_transaction *of)
{
	struct fault fault;
	parted++;
	assert_ptr_equal(of, &shared);
	assert_int_equal(store_commit(of->session, &fault), ASH_OK);
	store_release(take(of->session));
}

static ash_status run_part(handler handle, int64_t id)
{
	struct request *request = &fixture.request;
	const struct member *billing = registry_find(&fixture.registry, "billing");
	struct part part = {handle, id};
	request_begin(request, &fixture.environment, CALL_NO_DEADLINE, NULL);
	request->closing = mark_part;
	request->context = &part;
	request->shared = &shared;
	ash_status status =
		request_run(request, billing, "orders", SPAN_CONSUMER, "x", deliver_part, &part);
	if (status == ASH_OK && request->session)
		status = request_commit(request, billing);
	request_end(request);
	return status;
}

static void a_part_that_fails_leaves_the_others(void **state)
{
	(void)state;
	shared = (struct shared_transaction){.part = commit_shared};
	assert_int_equal(run_part(insert_charge, 1), ASH_OK);
	assert_int_equal(run_part(insert_and_fail, 2), ASH_FAILED_PRECONDITION);
	assert_int_equal(run_part(insert_charge, 1), ASH_ALREADY_EXISTS);
	assert_int_equal(run_part(swallow_failure, 3), ASH_ABORTED);
	assert_int_equal(run_part(insert_charge, 4), ASH_OK);
	assert_non_null(shared.session);
	commit_shared(&shared);
	assert_int_equal(fixture_charges(&fixture), 4); /* 1 and 4, and the mark of each */
}

static void who_does_nothing_opens_nothing(void **state)
{
	(void)state;
	shared = (struct shared_transaction){.part = commit_shared};
	assert_int_equal(run_part(do_nothing, 1), ASH_OK);
	assert_null(shared.session);
}

static ash_status call_and_insert(ash_call *call, const struct sum *in, struct sum *out)
{
	ASH_TRY(charge(call, TOTAL, 0));
	return insert_charge(call, in, out);
}

static void a_call_before_the_part_ends_what_others_did(void **state)
{
	(void)state;
	shared = (struct shared_transaction){.part = commit_shared};
	parted = 0;
	assert_int_equal(run_part(call_and_insert, 1), ASH_OK);
	assert_int_equal(parted, 0);
	assert_int_equal(run_part(insert_charge, 2), ASH_OK);
	assert_int_equal(parted, 0);
	assert_int_equal(run_part(call_and_insert, 3), ASH_OK);
	assert_int_equal(parted, 1);
	commit_shared(&shared);
	assert_int_equal(fixture_charges(&fixture), 6);
}

static ash_status insert_and_count(ash_call *call, const struct sum *in, struct sum *out)
{
	(void)in;
	ASH_TX(tx, call);
	ASH_TRY(ash_exec(tx, "insert into billing.charge (id, cents) values (1, 100)"));
	ASH_QUERY(rows, tx, "select count(*) from billing.charge");
	while (ash_next(rows))
		out->cents = ash_get_int(rows, 0);
	ASH_TRY(ash_end(rows));
	return ash_commit(tx);
}

/* Statements are spans within that of the call that ran them; one that fails says why. */
static void statements_are_spans_of_their_call(void **state)
{
	(void)state;
	struct span spans[16];
	uint64_t from = 0, lost = 0;
	fixture.orders = charge_once;
	fixture.methods[CHARGE] = insert_and_count;
	assert_int_equal(fixture_place(&fixture), ASH_OK);
	assert_int_equal(recorder_read(fixture.recorder, &from, spans, 16, &lost), 5);
	assert_string_equal(spans[0].name, "sql exec");
	assert_string_equal(spans[0].detail,
			    "insert into billing.charge (id, cents) values (1, 100)");
	assert_string_equal(spans[1].name, "sql query");
	assert_string_equal(spans[1].detail, "select count(*) from billing.charge");
	assert_string_equal(spans[2].name, "sql commit");
	assert_string_equal(spans[3].name, "billing.v1.Billing/Charge");
	for (int i = 0; i < 3; i++) {
		assert_true(spans[i].parent == spans[3].id && spans[i].id != 0);
		assert_string_equal(spans[i].module, "billing");
		assert_int_equal(spans[i].kind, SPAN_INTERNAL);
	}
	assert_int_equal(fixture_place(&fixture), ASH_ALREADY_EXISTS);
	assert_int_equal(recorder_read(fixture.recorder, &from, spans, 16, &lost), 3);
	assert_string_equal(spans[0].name, "sql exec");
	assert_int_equal(spans[0].status, ASH_ALREADY_EXISTS);
	assert_string_equal(spans[0].detail, spans[1].detail);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(what_is_committed_lasts),
		WITH(an_early_return_takes_all_back),
		WITH(an_own_port_inside_a_transaction_is_refused),
		WITH(a_call_has_one_transaction_at_a_time),
		WITH(one_after_the_other_is_fine),
		WITH(what_is_over_says_so),
		WITH(a_transaction_that_is_never_ended_is_an_error),
		WITH(a_method_without_side_effects_cannot_write),
		WITH(a_port_that_joins_is_atomic_with_its_caller),
		WITH(outside_of_a_transaction_it_has_its_own),
		WITH(a_joined_part_that_was_taken_back_spoils_the_whole),
		WITH(one_that_had_done_nothing_spoils_nothing),
		WITH(within_a_joined_part_its_own_module_speaks),
		WITH(rows_are_read_while_statements_run),
		WITH(a_delivery_lasts_with_its_handlers_effect_or_not_at_all),
		WITH(a_handler_without_a_transaction_is_marked_too),
		WITH(what_joins_is_in_its_callers_transaction_not_in_the_deliverys),
		WITH(a_part_that_fails_leaves_the_others),
		WITH(who_does_nothing_opens_nothing),
		WITH(a_call_before_the_part_ends_what_others_did),
		cmocka_unit_test_setup_teardown(statements_are_spans_of_their_call, set_up_sampled,
						tear_down),
		WITH(a_handler_that_took_its_part_back_cannot_be_delivered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
